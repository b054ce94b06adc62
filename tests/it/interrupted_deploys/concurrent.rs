//! Tests of two concurrent deploys of the same file.

use std::{
    sync::atomic::{AtomicUsize, Ordering::SeqCst},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::{assert_complete, project};
use crate::support::{Api, Moment, Output, Proxy, Sandbox, Verdict};

/// A request that both deploys send, and the point in time when the first deploy waits for the other deploy.
#[derive(Clone, Copy)]
struct Meeting {
    method: &'static str,
    path: &'static str,
    moment: Moment,
}

/// Holds the first request until a second request arrives.
#[derive(Default)]
struct Gate(AtomicUsize);

impl Gate {
    fn pass(&self) {
        let mine = self.0.fetch_add(1, SeqCst);
        if mine == 0 {
            let deadline = Instant::now() + Duration::from_secs(30);
            while self.0.load(SeqCst) < 2 && Instant::now() < deadline {
                thread::sleep(Duration::from_millis(1));
            }
        }
    }
}

/// Runs two deploys that send the requests in `meetings` concurrently. Returns the exit codes in ascending
/// order, and the last deploy's output.
fn race(sandbox: &Sandbox, url: &str, meetings: &[Meeting]) -> Result<(Vec<i32>, Output)> {
    let gates: Vec<(Meeting, Gate)> = meetings.iter().map(|meeting| (*meeting, Gate::default())).collect();
    let proxy = Proxy::start(url, move |seen, moment| {
        for (meeting, gate) in &gates {
            let matches = seen.line.split_once(' ').is_some_and(|(method, path)| {
                method == meeting.method && path.trim_end_matches('/').ends_with(meeting.path)
            });
            if matches && moment == meeting.moment {
                gate.pass();
            }
        }
        Verdict::Pass
    })?;
    let through = [("PREFECT_API_URL", proxy.url())];
    let mut outputs = thread::scope(|scope| {
        let deploys = [(); 2].map(|()| scope.spawn(|| sandbox.run_with(&through, "deploy --all --quiet")));
        deploys.map(|deploy| deploy.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a deploy panicked"))))
    })
    .into_iter()
    .collect::<Result<Vec<_>>>()?;
    outputs.sort_by_key(|output| output.code);
    let codes = outputs.iter().map(|output| output.code).collect();
    Ok((codes, outputs.pop().context("two deploys")?))
}

#[test]
#[ignore = "needs services: run tests/run"]
fn two_deploys_that_create_leave_no_duplicates() -> Result<()> {
    let api = Api::from_env()?;
    // Both have read that the deployment is missing.
    let both_create = Meeting { method: "POST", path: "/deployments", moment: Moment::Before };
    // Both have created the automation before either reads it again.
    let both_created = Meeting { method: "POST", path: "/automations", moment: Moment::After };
    for meetings in [&[both_create][..], &[both_create, both_created]] {
        let sandbox = api.sandbox(&project(1, 1))?;
        let (codes, loser) = race(&sandbox, api.url(), meetings)?;
        assert_eq!(codes, [0, 8], "{loser}");
        assert!(loser.stderr.contains("was changed on the server since it was compared"), "{loser}");
        assert!(loser.stderr.contains("\n  triggers: "), "{loser}");
        assert_complete(&api, &sandbox, 1, 1)?;
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn two_deploys_that_update_leave_no_duplicates() -> Result<()> {
    let api = Api::from_env()?;
    let both_update = Meeting { method: "PATCH", path: "", moment: Moment::Before };
    for path in ["/automations", "/schedules"] {
        let both_created = Meeting { method: "POST", path, moment: Moment::After };
        // The first schedule is unchanged, so the second schedule has a separate request.
        let with_interval = |version: usize| {
            project(1, version).replace("0 1 * * *", "0 0 * * *").replace(
                "{cron: '30 5 * * *'}",
                &format!("{{interval: {}, anchor_date: 2030-01-01T00:00:00Z}}", 600 + version),
            )
        };
        let sandbox = api.sandbox(&with_interval(0))?;
        sandbox.run("deploy --all --quiet").and_then(Output::success)?;
        sandbox.file("prefect.yaml", with_interval(1))?;
        let (codes, loser) = race(&sandbox, api.url(), &[both_update, both_created])?;
        assert_eq!(codes, [0, 8], "{path}: {loser}");
        assert_complete(&api, &sandbox, 1, 1).with_context(|| path.to_owned())?;
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn equal_triggers_of_the_file_and_of_others_stay() -> Result<()> {
    let api = Api::from_env()?;
    let twice = "  triggers: [{name: 'auto-UNIQUE', expect: [a]}, {name: 'auto-UNIQUE', expect: [a]}]\n";
    let file = format!(
        "deployments:\n- name: d0\n  entrypoint: flow.py:hello\n  work_pool: {{name: pool-UNIQUE}}\n{twice}"
    );
    let sandbox = api.sandbox(&file)?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let deployment = api.existing(&sandbox, "hello-UNIQUE/d0")?;
    assert_eq!(api.automations(&deployment)?.len(), 2);
    // An automation with the same name but a different trigger.
    let mut other = api.automations(&deployment)?[0].clone();
    other["trigger"]["expect"] = json!(["b"]);
    for key in ["id", "created", "updated"] {
        other.as_object_mut().context("an object")?.remove(key);
    }
    api.post("/automations/", &other)?;
    sandbox.file("prefect.yaml", file.replace("expect: [a]", "expect: [c]"))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let expected = |name: &str| json!([name]);
    let found: Vec<_> =
        api.automations(&deployment)?.iter().map(|item| item["trigger"]["expect"].clone()).collect();
    assert_eq!(found.iter().filter(|item| **item == expected("c")).count(), 2, "{found:?}");
    Ok(())
}
