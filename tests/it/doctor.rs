//! `doctor`: what it finds, and whether its exit code says that a deploy would work.

use anyhow::Result;
use serde_json::Value;

use crate::support::{Fault, FaultPlan, FaultServer, MockApi, Output, Sandbox};

const PROJECT: &str = "deployments:\n- {name: one, entrypoint: flow.py:hello, work_pool: {name: pool}}\n";

/// The status of each check by name.
fn statuses(output: &Output) -> Result<Vec<String>> {
    let document = output.json()?;
    let shown = |check: &Value| {
        let [name, status] = ["name", "status"].map(|key| check[key].as_str().unwrap_or_default());
        format!("{name} {status}")
    };
    // What the machine has differs.
    let of_machine = ["docker", "builder", "registry", "python", "git"];
    let checks = document["checks"].as_array().into_iter().flatten().map(shown);
    Ok(checks.filter(|check| !of_machine.iter().any(|name| check.starts_with(name))).collect())
}

#[test]
fn all_is_well_on_a_server_that_is() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::with(&server.url(), PROJECT)?;
    let output = sandbox.run("doctor -o json")?.success()?;
    assert_eq!(
        statuses(&output)?,
        [
            "settings ok",
            "api ok",
            "clock skipped",
            "version ok",
            "authorisation ok",
            "plan ok",
            "project ok",
            "work-pool warning"
        ]
    );
    let text = sandbox.run("doctor")?.success()?;
    assert!(text.stdout.contains("'pool' (process) has no worker: runs wait"), "{text}");
    assert!(text.stdout.contains("fix: prefect worker start --pool 'pool'"), "{text}");
    Ok(())
}

#[test]
fn what_would_stop_a_deploy_is_in_the_exit_code() -> Result<()> {
    let none = Sandbox::new()?.run("doctor")?;
    assert_eq!(none.code, 2, "{none}");
    assert!(none.stdout.contains("PREFECT_API_URL is not set"), "{none}");

    let sandbox =
        Sandbox::with("http://127.0.0.1:1/api", PROJECT)?.variable("PREFECT_CLIENT_MAX_RETRIES", "0");
    let gone = sandbox.run("doctor -o json")?;
    assert_eq!(gone.code, 6, "{gone}");
    assert_eq!(gone.json()?["deploy_would_work"], false);

    let refusing = MockApi::answering(401, "Unauthorized")?;
    let server = FaultServer::start()?;
    let other_pool = PROJECT.replace("pool}", "nope}");
    let missing = Sandbox::with(&refusing.url(), &other_pool)?.run("doctor -o json")?;
    assert_eq!(missing.json()?["deploy_would_work"], false);

    server.fail(Some(FaultPlan { fault: Fault::Status(403), at: 2, lasting: true }));
    let refused = Sandbox::with(&server.url(), PROJECT)?.run("doctor -o json")?;
    assert_eq!(refused.code, 5, "{refused}");

    let broken = Sandbox::with(&server.url(), "deployments: 3\n")?;
    server.heal()?;
    let broken = broken.run("doctor -o json")?;
    assert_eq!(broken.code, 2, "{broken}");
    Ok(())
}
