//! Tests of two projects that declare the same objects of every kind.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{Api, Output, Proxy, Sandbox, Verdict};

/// The declared kinds with the names of the objects, and the fields that differ between two versions of the file.
const KINDS: [(&str, &str, &str); 6] = [
    ("work pool", "shared-UNIQUE", "`concurrency_limit`"),
    ("work queue", "shared-UNIQUE/high", "`concurrency_limit`"),
    ("concurrency limit", "limit-UNIQUE", "`limit`"),
    ("variable", "region_UNIQUE", "`value`"),
    ("block", "local-file-system/files-UNIQUE", "`data`"),
    ("automation", "nightly-UNIQUE", "`description`"),
];

const PATHS: [&str; 5] = [
    "/work_pools/shared-UNIQUE",
    "/work_pools/shared-UNIQUE/queues/high",
    "/v2/concurrency_limits/limit-UNIQUE",
    "/variables/name/region_UNIQUE",
    "/block_types/slug/local-file-system/block_documents/name/files-UNIQUE",
];

const DEPLOYMENTS: &str = "pull: []\ndeployments:\n- {name: a, entrypoint: flow.py:hello, version: '1', work_pool: {name: pool-UNIQUE}}\n";

/// Returns a project that declares an object of each kind.
fn declared(version: usize) -> String {
    format!(
        "{DEPLOYMENTS}prefectl:
  work_pools:
  - name: shared-UNIQUE
    type: process
    concurrency_limit: {version}
    queues: [{{name: high, priority: 3, concurrency_limit: {version}}}]
  concurrency_limits: [{{name: limit-UNIQUE, limit: {version}}}]
  variables: {{region_UNIQUE: v{version}}}
  blocks: [{{type: local-file-system, name: files-UNIQUE, values: {{basepath: /v{version}}}}}]
  automations:
  - {{name: nightly-UNIQUE, description: v{version}, trigger: {{type: event, expect: [x]}}, actions: [{{type: do-nothing}}]}}
"
    )
}

/// Returns the number of existing objects, including the deployment `a`.
fn existing(api: &Api, sandbox: &Sandbox) -> Result<usize> {
    let mut count = usize::from(api.deployment(sandbox, "hello-UNIQUE/a")?.is_some());
    for path in PATHS {
        count += usize::from(api.get(&sandbox.unique(path))?.is_some());
    }
    let name = json!({"automations": {"name": {"any_": [sandbox.unique("nightly-UNIQUE")]}}});
    Ok(count + api.post("/automations/filter", &name)?.as_array().context("a list")?.len())
}

const ALL: usize = KINDS.len() + 1;

/// Two projects whose files are in the same directory.
struct Projects {
    api: Api,
    sandbox: Sandbox,
}

impl Projects {
    /// Creates a project `one` with the file `prefect.yaml`, and a project `two` with the file `other.yaml`.
    fn new(one: &str, two: &str) -> Result<Self> {
        let api = Api::from_env()?;
        let sandbox = api.sandbox(one)?;
        sandbox.file("other.yaml", two)?;
        let id = sandbox.unique("one-UNIQUE");
        let sandbox = sandbox.variable("PREFECTL_PROJECT", id);
        Ok(Self { api, sandbox })
    }

    fn one(&self, line: &str) -> Result<Output> {
        self.sandbox.run(line)
    }

    fn two(&self, line: &str) -> Result<Output> {
        let id = [("PREFECTL_PROJECT", self.sandbox.unique("two-UNIQUE"))];
        self.sandbox.run_with(&id, &format!("{line} -f other.yaml"))
    }

    /// Checks that the output contains the result of `text` for each kind.
    fn assert_names_all(&self, output: &str, text: impl Fn(&str, &str, &str) -> String) -> Result<()> {
        for (kind, name, fields) in KINDS {
            let expected = self.sandbox.unique(&text(kind, name, fields));
            ensure!(output.contains(&expected), "no {expected:?} in: {output}");
        }
        Ok(())
    }
}

#[test]
#[ignore = "needs services: run tests/run"]
fn equal_declarations_are_shared_until_the_last_project_deletes_them() -> Result<()> {
    let projects = Projects::new(&declared(1), &declared(1))?;
    projects.one("deploy --all --quiet")?.success()?;
    for line in ["plan --all --detailed-exitcode", "drift --all", "deploy --all"] {
        let output = projects.two(line)?;
        ensure!(output.code == 0 && !output.stderr.contains("also registered"), "{output}");
    }
    // The first project no longer declares the objects.
    projects.sandbox.file("prefect.yaml", DEPLOYMENTS)?;
    let plan = projects.one("plan --all --prune")?.success()?;
    projects.assert_names_all(&plan.stdout, |kind, name, _| {
        format!("= {kind} {name} (kept: it is also registered by project 'two-UNIQUE')")
    })?;
    let output = projects.one("deploy --all --prune --output json")?.success()?.json()?;
    let kept = output["resources"].as_array().context("a list")?;
    ensure!(kept.iter().all(|entry| entry["status"] == "kept"), "{output}");
    let reason = projects.sandbox.unique("it is also registered by project 'two-UNIQUE'");
    ensure!(kept.iter().all(|entry| entry["reason"] == json!(reason)), "{output}");
    let plan = projects.one("plan --all --prune --output json")?.success()?.json()?;
    assert_eq!(plan.get("kept"), None, "{plan}");
    // The first project declares and registers them again, and destroys nothing that the second has registered.
    projects.sandbox.file("prefect.yaml", declared(1))?;
    projects.one("deploy --all --quiet")?.success()?;
    let output = projects.one("destroy --all --yes")?.success()?;
    projects.assert_names_all(&output.stderr, |kind, name, _| {
        format!("{kind} '{name}' is kept: it is also registered by project 'two-UNIQUE'")
    })?;
    let deployment = "deployment 'hello-UNIQUE/a' is kept: it is also registered by project 'two-UNIQUE'";
    ensure!(output.stderr.contains(&projects.sandbox.unique(deployment)), "{output}");
    assert_eq!(existing(&projects.api, &projects.sandbox)?, ALL);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn differing_declarations_are_reported_by_plan_drift_and_deploy() -> Result<()> {
    let projects = Projects::new(&declared(1), &declared(2))?;
    projects.one("deploy --all --quiet")?.success()?;
    let warning = |owner: &'static str| {
        move |kind: &str, name: &str, fields: &str| {
            format!(
                "{kind} '{name}' is also registered by project '{owner}-UNIQUE', but {fields} differs from this file"
            )
        }
    };
    for line in ["plan --all", "drift --all", "deploy --all"] {
        let output = projects.two(line)?;
        projects.assert_names_all(&output.stderr, warning("one"))?;
    }
    // The first project now gets the warning, including in JSON documents.
    let output = projects.one("drift --all --output json")?;
    projects.assert_names_all(&output.stderr, warning("two"))?;
    let findings = output.json()?["findings"].clone();
    assert_eq!(findings.as_array().map(Vec::len), Some(KINDS.len()), "{findings}");
    let strict = projects.one("drift --all --strict")?;
    assert_eq!(strict.code, 2, "{strict}");
    let only_file = [("PREFECTL_PROJECT", String::new())];
    let output = projects.sandbox.run_with(&only_file, "drift --all")?;
    ensure!(output.code == 10 && !output.stderr.contains("also registered"), "{output}");
    let output = projects.one("drift --all --project two-UNIQUE")?;
    projects.assert_names_all(&output.stderr, warning("one"))?;
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_rollback_keeps_created_objects_that_another_project_has_registered() -> Result<()> {
    for (second, lost) in [(1, ALL), (2, 0)] {
        let refused = "- {name: refused, entrypoint: flow.py:hello, version: refuse-me, work_pool: {name: pool-UNIQUE}}\n";
        let first = declared(1).replacen("prefectl:", &format!("{refused}prefectl:"), 1);
        let mut projects = Projects::new(&first, &declared(second))?;
        let proxy = Proxy::start(projects.api.url(), |seen, _| {
            let is_refused = seen.write.is_some() && seen.body.contains("refuse-me");
            if is_refused { Verdict::Refuse } else { Verdict::Pass }
        })?;
        let direct = projects.api.url().to_owned();
        projects.sandbox = projects.sandbox.variable("PREFECT_API_URL", proxy.url());
        let output = projects.one("deploy --all --on-error continue --quiet")?;
        assert_eq!(output.code, 3, "{output}");
        let id = projects.sandbox.unique("two-UNIQUE");
        let two = [("PREFECTL_PROJECT", id), ("PREFECT_API_URL", direct)];
        projects.sandbox.run_with(&two, "deploy --all --quiet -f other.yaml")?.success()?;
        let output = projects.one("rollback --yes")?;
        assert_eq!(existing(&projects.api, &projects.sandbox)?, ALL, "{output}");
        let reason =
            projects.sandbox.unique("not deleted, because it is also registered by project 'two-UNIQUE'");
        if lost > 0 {
            assert_eq!((output.code, output.stderr.matches(&reason).count()), (3, lost), "{output}");
        } else {
            // The second project has changed the resources.
            assert_eq!(output.code, 8, "{output}");
            let output = projects.one("rollback --yes --force")?;
            assert_eq!(existing(&projects.api, &projects.sandbox)?, ALL, "{output}");
            ensure!(output.stderr.contains(&reason), "{output}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_failed_deploy_rolls_back_its_own_objects_only() -> Result<()> {
    let refused =
        "- {name: refused, entrypoint: flow.py:hello, version: refuse-me, work_pool: {name: pool-UNIQUE}}\n";
    let first = declared(1).replacen("prefectl:", &format!("{refused}prefectl:"), 1);
    let mut projects = Projects::new(&first, &declared(1))?;
    let proxy = Proxy::start(projects.api.url(), |seen, _| {
        let is_refused = seen.write.is_some() && seen.body.contains("refuse-me");
        if is_refused { Verdict::Refuse } else { Verdict::Pass }
    })?;
    projects.sandbox = projects.sandbox.variable("PREFECT_API_URL", proxy.url());
    // An earlier deploy of the project itself has registered the objects.
    let output = projects.one("deploy --all --on-error continue --quiet")?;
    assert_eq!(output.code, 3, "{output}");
    projects.one("rollback --yes")?.success()?;
    assert_eq!(existing(&projects.api, &projects.sandbox)?, 0);
    let output = projects.one("deploy --all --on-error rollback --quiet")?;
    assert_eq!(output.code, 1, "{output}");
    assert_eq!(existing(&projects.api, &projects.sandbox)?, 0, "{output}");
    Ok(())
}

/// Returns the names and priorities of the queues of the declared pool.
fn priorities(api: &Api, sandbox: &Sandbox) -> Result<Vec<(String, u64)>> {
    let queues = api.post(&sandbox.unique("/work_pools/shared-UNIQUE/queues/filter"), &json!({}))?;
    let queues = queues.as_array().context("a list")?.iter();
    let queue = |queue: &Value| Some((queue["name"].as_str()?.to_owned(), queue["priority"].as_u64()?));
    Ok(queues.filter_map(queue).collect())
}

fn with_queues(queues: &str) -> String {
    format!(
        "{DEPLOYMENTS}prefectl:\n  work_pools:\n  - {{name: shared-UNIQUE, type: process, queues: [{queues}]}}\n"
    )
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_plan_shows_the_queues_whose_priorities_the_server_changes() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&with_queues("{name: a, priority: 2}, {name: b}"))?;
    sandbox.run("deploy --all --quiet")?.success()?;
    let path = sandbox.unique("/work_pools/shared-UNIQUE/queues");
    api.post(&path, &json!({"name": "manual", "priority": 4}))?;
    let before = priorities(&api, &sandbox)?;
    for (queues, notes, moved) in [
        ("{name: a, priority: 1}, {name: b}", &["default' from 1 to 2"][..], "a 1, default 2, b 3, manual 4"),
        (
            "{name: new, priority: 1}, {name: a, priority: 4}, {name: b, concurrency_limit: 9}",
            &["default' from 1 to 2", "b' from 3 to 5", "manual' from 4 to 6"],
            "new 1, default 2, a 4, b 5, manual 6",
        ),
        ("{name: a, priority: 5}, {name: b}", &[], "default 1, b 3, manual 4, a 5"),
    ] {
        sandbox.file("prefect.yaml", with_queues(queues))?;
        let plan = sandbox.run("plan --all")?.success()?;
        assert_eq!(
            plan.stdout.matches("note: the server changes the priority").count(),
            notes.len(),
            "{plan}"
        );
        for note in notes {
            ensure!(plan.stdout.contains(&sandbox.unique(&format!("'shared-UNIQUE/{note}"))), "{plan}");
        }
        sandbox.run("deploy --all --quiet")?.success()?;
        let found: Vec<String> =
            priorities(&api, &sandbox)?.iter().map(|(name, priority)| format!("{name} {priority}")).collect();
        assert_eq!(found.join(", "), moved, "{queues}");
        assert_eq!(sandbox.run("plan --all --detailed-exitcode --quiet")?.code, 0, "{queues}");
        // Restores the state before the deploy.
        let _ = api.delete(&format!("{path}/new"));
        for (name, priority) in &before {
            api.patch(&format!("{path}/{name}"), &json!({"priority": priority}))?;
        }
        assert_eq!(priorities(&api, &sandbox)?, before);
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_rollback_restores_the_priorities_of_all_queues_of_a_pool() -> Result<()> {
    let api = Api::from_env()?;
    let refused =
        "- {name: refused, entrypoint: flow.py:hello, version: refuse-me, work_pool: {name: pool-UNIQUE}}\n";
    let proxy = Proxy::start(api.url(), |seen, _| {
        let is_refused = seen.write.is_some() && seen.body.contains("refuse-me");
        if is_refused { Verdict::Refuse } else { Verdict::Pass }
    })?;
    let sandbox = api.sandbox(&with_queues("{name: a, priority: 2}, {name: b, priority: 3}, {name: c}"))?;
    let sandbox = sandbox.variable("PREFECT_API_URL", proxy.url());
    sandbox.run("deploy --all --quiet")?.success()?;
    let path = sandbox.unique("/work_pools/shared-UNIQUE/queues");
    api.patch(&format!("{path}/default"), &json!({"concurrency_limit": 3, "description": "before"}))?;
    let default = api.get(&format!("{path}/default"))?.context("no queue")?;
    let before = priorities(&api, &sandbox)?;
    for queues in [
        "{name: new, priority: 1}, {name: a, priority: 3}, {name: b, priority: 2}, {name: c}",
        "{name: default, priority: 9, concurrency_limit: 7, description: after}, {name: a, priority: 1}, {name: b, priority: 2}",
        "{name: b, priority: 1}, {name: a, priority: 2}, {name: default, priority: 3, concurrency_limit: 1}, {name: new}",
    ] {
        let file = with_queues(queues).replacen("prefectl:", &format!("{refused}prefectl:"), 1);
        for line in ["deploy --all --on-error rollback --quiet", "deploy --all --quiet"] {
            sandbox.file("prefect.yaml", file.clone())?;
            let output = sandbox.run(line)?;
            if !line.contains("rollback") {
                ensure!(priorities(&api, &sandbox)? != before, "{output}");
                sandbox.run("rollback --yes")?.success()?;
            }
            assert_eq!(priorities(&api, &sandbox)?, before, "{queues}: {output}");
            let now = api.get(&format!("{path}/default"))?.context("no queue")?;
            for field in ["concurrency_limit", "description", "priority"] {
                assert_eq!(now[field], default[field], "{queues}: {output}");
            }
        }
    }
    Ok(())
}
