//! Tests of concurrent deploys that all change the records of the same project.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{Api, Moment, Output, Proxy, Sandbox, Verdict};

/// Returns a project file with the given deployments and a variable.
fn file(variable: &str, names: &[&str]) -> String {
    let deployment = |name: &&str| {
        format!("- {{name: {name}, entrypoint: 'flow.py:hello', work_pool: {{name: pool-UNIQUE}}}}\n")
    };
    let deployments: String = names.iter().map(deployment).collect();
    format!("prefectl: {{variables: {{{variable}_UNIQUE: 1}}}}\npull: []\ndeployments:\n{deployments}")
}

/// Starts a proxy that holds the first record of each deploy until all of `count` deploys create one.
fn proxy(api: &Api, count: usize) -> Result<Proxy> {
    let arrived = AtomicUsize::new(0);
    Proxy::start(api.url(), move |seen, moment| {
        let creates_record = seen.line == "POST /api/variables/" && seen.body.contains("prefectl-project-");
        if creates_record && moment == Moment::Before {
            let deadline = Instant::now() + Duration::from_secs(30);
            arrived.fetch_add(1, SeqCst);
            while arrived.load(SeqCst) < count && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(1));
            }
        }
        Verdict::Pass
    })
}

/// Returns the names of the variables that contain records of the sandbox's project.
fn records(api: &Api, sandbox: &Sandbox) -> Result<Vec<Value>> {
    let filter = json!({"variables": {"name": {"like_": sandbox.unique("same-UNIQUE")}}});
    let found = api.post("/variables/filter", &filter)?;
    Ok(found.as_array().context("a list")?.iter().map(|variable| variable["name"].clone()).collect())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn first_deploys_of_a_project_at_the_same_time_are_all_recorded() -> Result<()> {
    let api = Api::from_env()?;
    for (case, deploys) in [
        ("files", ["--all -f prefect.yaml", "--all -f b.yaml", "--all -f c.yaml"]),
        ("deployments of a file", ["-n a1", "-n a2", "-n a3"]),
        ("files again", ["--all -f b.yaml", "--all -f c.yaml", "--all -f prefect.yaml"]),
    ] {
        let files = [("prefect.yaml", "a", ["a1", "a2", "a3"]), ("b.yaml", "b", ["b1", "b2", "b3"])];
        let files = files.into_iter().chain([("c.yaml", "c", ["c1", "c2", "c3"])]);
        let sandbox = api.sandbox("")?;
        for (path, variable, names) in files {
            sandbox.file(path, file(variable, &names))?;
        }
        let (id, proxy) = (sandbox.unique("same-UNIQUE"), proxy(&api, deploys.len())?);
        let sandbox = sandbox.variable("PREFECTL_PROJECT", id).variable("PREFECT_API_URL", proxy.url());
        let started = deploys.map(|options| sandbox.start(&format!("deploy {options} --quiet")));
        for deploy in started {
            ensure!(deploy?.wait()?.success(), "{case}");
        }
        // Only recorded objects are deleted.
        for file in ["prefect.yaml", "b.yaml", "c.yaml"] {
            sandbox.run(&format!("destroy --all --yes --quiet -f {file}")).and_then(Output::success)?;
        }
        let mut left = api.registered(&sandbox)?;
        left.retain(|name| !name.ends_with("-UNIQUE"));
        assert_eq!(left, [""; 0], "{case}");
        for variable in ["a", "b", "c"] {
            let path = sandbox.unique(&format!("/variables/name/{variable}_UNIQUE"));
            ensure!(api.get(&path)?.is_none(), "{case}: {path}");
        }
        assert_eq!(records(&api, &sandbox)?, [Value::Null; 0], "{case}");
    }
    Ok(())
}
