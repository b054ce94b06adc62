//! Tests of deploys of declared resources that are killed.

use std::{
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};
use serde_json::json;

use super::rollback::Scene;
use crate::support::{Api, Moment, Output, Proxy, Verdict};

/// Returns a project whose declared resources differ between versions. The second version creates a queue, so the
/// server changes the priorities of the other queues.
fn project(version: usize) -> String {
    let queues = match version {
        1 => "{name: q, priority: 1}, {name: low, priority: 4}",
        2 => "{name: r, priority: 1}, {name: low, priority: 2}, {name: q, priority: 3}",
        _ => "{name: q, priority: 9}",
    };
    format!(
        "prefectl:
  work_pools: [{{name: killed-UNIQUE, type: process, concurrency_limit: {version}, queues: [{queues}]}}]
  variables: {{killed-UNIQUE: v{version}}}
  concurrency_limits: [{{name: killed-UNIQUE, limit: {version}}}]
  blocks: [{{type: secret, name: killed-UNIQUE, value_from: env:TOKEN}}]
  automations:
  - name: killed-UNIQUE
    trigger: {{expect: [event-{version}]}}
    actions: [{{type: run-deployment, deployment: hello-UNIQUE/a}}]
pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  version: v{version}
  work_pool: {{name: killed-UNIQUE, work_queue_name: q}}
"
    )
}

fn scene() -> Result<Scene> {
    let mut scene = Scene::new(&project(1))?;
    scene.sandbox = scene.sandbox.variable("TOKEN", "token-of-a-killed-deploy");
    Ok(scene)
}

/// Returns the number of each kind of resource on the server.
fn counts(Scene { api, sandbox, .. }: &Scene) -> Result<Vec<usize>> {
    let name = sandbox.unique("killed-UNIQUE");
    let count = |path: &str, filter: serde_json::Value| -> Result<usize> {
        Ok(api.post(path, &filter)?.as_array().context("a list")?.len())
    };
    Ok(vec![
        count("/work_pools/filter", json!({"work_pools": {"name": {"any_": [name]}}}))?,
        count("/variables/filter", json!({"variables": {"name": {"any_": [name]}}}))?,
        count("/automations/filter", json!({"automations": {"name": {"any_": [name]}}}))?,
        usize::from(api.get(&format!("/v2/concurrency_limits/{name}"))?.is_some()),
        usize::from(api.get(&format!("/block_types/slug/secret/block_documents/name/{name}"))?.is_some()),
    ])
}

/// Returns the names and priorities of all queues of the declared pool.
fn queues(Scene { api, sandbox, .. }: &Scene) -> Result<Vec<serde_json::Value>> {
    let path = sandbox.unique("/work_pools/killed-UNIQUE/queues/filter");
    let found = api.post(&path, &json!({}))?;
    Ok(found
        .as_array()
        .context("a list")?
        .iter()
        .map(|queue| json!([queue["name"], queue["priority"]]))
        .collect())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn killed_deploys_of_resources_can_be_completed() -> Result<()> {
    for write in 1.. {
        let scene = scene()?;
        let is_killed = scene.kill_after(write)?;
        let option = if is_killed && write % 2 == 0 { "--resume" } else { "--all" };
        scene.run(&format!("deploy {option} --quiet")).and_then(Output::success)?;
        assert_eq!(counts(&scene)?, [1; 5], "killed after write {write}");
        let output = scene.run("plan --all --detailed-exitcode --quiet")?;
        assert_eq!(output.code, 0, "killed after write {write}: {output}");
        if !is_killed {
            assert!(write > 8, "only {write} writes");
            break;
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn killed_deploys_of_new_resources_can_be_rolled_back() -> Result<()> {
    let scene = scene()?;
    for write in 1.. {
        if !scene.kill_after(write)? {
            assert!(write > 8, "only {write} writes");
            break;
        }
        let output = scene.run("rollback --yes")?;
        assert_eq!(output.code, 0, "killed after write {write}: {output}");
        assert_eq!(counts(&scene)?, [0; 5], "killed after write {write}: {output}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn killed_updates_of_resources_can_be_rolled_back() -> Result<()> {
    let scene = scene()?;
    scene.run("deploy --all --quiet").and_then(Output::success)?;
    let before = queues(&scene)?;
    for write in 1.. {
        scene.sandbox.file("prefect.yaml", project(2))?;
        if !scene.kill_after(write)? {
            assert!(write > 8, "only {write} writes");
            break;
        }
        // Also kill the rollback.
        scene.kill_command_after("rollback --yes", write)?;
        let output = scene.run("rollback --yes")?;
        assert!(
            output.code == 0 || output.stderr.contains("nothing to roll back"),
            "after {write}: {output}"
        );
        assert_eq!(queues(&scene)?, before, "killed after write {write}: {output}");
        scene.sandbox.file("prefect.yaml", project(1))?;
        let output = scene.run("plan --all --detailed-exitcode --quiet")?;
        assert_eq!(output.code, 0, "killed after write {write}: {output}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn killed_prunes_of_resources_can_be_completed() -> Result<()> {
    let mut scene = scene()?;
    let id = scene.sandbox.unique("killed-UNIQUE");
    scene.sandbox = scene.sandbox.variable("PREFECTL_PROJECT", id);
    let other = "pull: []\ndeployments:\n- {name: other, entrypoint: flow.py:hello, work_pool: {name: pool-UNIQUE}}\n";
    for write in 1.. {
        scene.sandbox.file("prefect.yaml", project(1))?;
        scene.run("deploy --all --quiet").and_then(Output::success)?;
        scene.sandbox.file("prefect.yaml", other)?;
        let is_killed = scene.kill_command_after("deploy --all --prune --quiet", write)?;
        scene.run("deploy --all --prune --quiet").and_then(Output::success)?;
        assert_eq!(counts(&scene)?, [0; 5], "killed after write {write}");
        assert_eq!(scene.api.deployment(&scene.sandbox, "hello-UNIQUE/a")?, None);
        if !is_killed {
            assert!(write > 5, "only {write} writes");
            break;
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_failed_deploy_restores_declared_resources() -> Result<()> {
    let scene = scene()?;
    scene.run("deploy --all --quiet").and_then(Output::success)?;
    scene.sandbox.file("prefect.yaml", project(9))?;
    scene.refuses.store(true, SeqCst);
    let output = scene.run("deploy --all --on-error rollback --output json --quiet")?;
    scene.refuses.store(false, SeqCst);
    assert_eq!(output.code, 1, "{output}");
    let document: serde_json::Value = serde_json::from_str(&output.stdout)?;
    let resources = document["resources"].as_array().context("no resources")?;
    let statuses: Vec<_> = resources.iter().filter_map(|resource| resource["status"].as_str()).collect();
    assert_eq!(
        statuses,
        ["restored", "restored", "restored", "restored", "unchanged", "not tried"],
        "{document:#}"
    );
    scene.sandbox.file("prefect.yaml", project(1))?;
    let output = scene.run("plan --all --detailed-exitcode --quiet")?;
    assert_eq!(output.code, 0, "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn only_a_written_secret_cannot_be_restored() -> Result<()> {
    let mut scene = scene()?;
    scene.run("deploy --all --quiet").and_then(Output::success)?;
    let mut was_written = Vec::new();
    for write in 1.. {
        let (old, new) = (format!("old-token-{write}"), format!("new-token-{write}"));
        scene.sandbox = scene.sandbox.variable("TOKEN", &old);
        scene.sandbox.file("prefect.yaml", project(1))?;
        scene.run("deploy --all --quiet").and_then(Output::success)?;
        scene.sandbox = scene.sandbox.variable("TOKEN", &new);
        scene.sandbox.file("prefect.yaml", project(2))?;
        if !scene.kill_after(write)? {
            break;
        }
        let name = scene.sandbox.unique("killed-UNIQUE");
        let path = format!("/block_types/slug/secret/block_documents/name/{name}?include_secrets=true");
        let is_written = scene.api.get(&path)?.context("no block")?["data"]["value"] == json!(new);
        let output = scene.run("rollback --yes")?;
        let (code, line) = if is_written { (3, "not restored") } else { (0, "unchanged") };
        assert_eq!(output.code, code, "killed after write {write}: {output}");
        assert!(output.stdout.contains(&format!("block 'secret/{name}' {line}")), "{output}");
        was_written.push(is_written);
    }
    assert!(was_written.contains(&true) && was_written.contains(&false), "{was_written:?}");
    Ok(())
}

/// The resumed deploy does not rewrite the resources that the killed deploy has written.
#[test]
#[ignore = "needs services: run tests/run"]
fn a_resumed_deploy_restores_the_resources_of_the_killed_deploy() -> Result<()> {
    let deployment_fails = project(2).replace("version: v2", "version: v9");
    let resource_fails = project(2).replace("killed-UNIQUE: v2", "killed-UNIQUE: refused");
    for (name, file) in [("deployment", deployment_fails), ("resource", resource_fails)] {
        let scene = scene()?;
        scene.run("deploy --all --quiet").and_then(Output::success)?;
        for write in 1.. {
            scene.sandbox.file("prefect.yaml", project(2))?;
            if !scene.kill_after(write)? {
                assert!(write > 5, "only {write} writes");
                break;
            }
            scene.sandbox.file("prefect.yaml", &file)?;
            scene.refuses.store(true, SeqCst);
            let output = scene.run("deploy --resume --on-error rollback --quiet")?;
            scene.refuses.store(false, SeqCst);
            assert_eq!(output.code, 1, "{name}, killed after write {write}: {output}");
            assert!(output.stderr.contains("all changes were rolled back"), "{name}, {write}: {output}");
            scene.sandbox.file("prefect.yaml", project(1))?;
            let plan = scene.run("plan --all --detailed-exitcode --quiet")?;
            assert_eq!(plan.code, 0, "{name}, killed after write {write}: {output}\n{plan}");
            let again = scene.run("rollback")?;
            assert!(again.stderr.contains("nothing to roll back"), "{name}, {write}: {again}");
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn an_interrupt_after_the_deployments_reports_them() -> Result<()> {
    let api = Api::from_env()?;
    let pid = Arc::new(AtomicU32::new(0));
    let victim = Arc::clone(&pid);
    let proxy = Proxy::start(api.url(), move |seen, now| {
        if now == Moment::Before && seen.line == "POST /api/automations/" {
            // If the signal is not sent, the deploy succeeds and the test fails.
            let _ = Command::new("kill").args(["-INT", &victim.load(SeqCst).to_string()]).status();
            thread::sleep(Duration::from_secs(2));
        }
        Verdict::Pass
    })?;
    let sandbox = api.sandbox(&project(1))?.variable("TOKEN", "token-of-an-interrupted-deploy");
    let sandbox = sandbox.variable("PREFECT_API_URL", proxy.url());
    let child = sandbox.spawn("deploy --all --output json")?;
    pid.store(child.id(), SeqCst);
    let output = child.wait_with_output()?;
    let document: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(document["deployments"][0]["status"], "created", "{document:#}");
    assert_eq!(document["error"]["message"], "interrupted after 1 of 1 deployments", "{document:#}");
    let help = document["error"]["help"].as_str().context("no help")?;
    assert!(help.starts_with("completed deployments were kept"), "{help}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_rollback_keeps_a_new_work_pool_that_is_in_use() -> Result<()> {
    let scene = scene()?;
    assert!(scene.kill_after(1)?);
    let workers = scene.sandbox.unique("/work_pools/killed-UNIQUE/workers");
    scene.api.post(&format!("{workers}/heartbeat"), &json!({"name": "busy"}))?;
    let output = scene.run("rollback --yes")?;
    let expected = "could not be restored: it cannot be deleted: it has workers online: busy";
    assert!(output.code == 1 && output.stderr.contains(expected), "{output}");
    scene.api.delete(&format!("{workers}/busy"))?;
    scene.run("rollback --yes").and_then(Output::success)?;
    assert_eq!(counts(&scene)?, [0; 5]);
    Ok(())
}
