//! Tests of missing, unreachable and failing servers. Each failure has one clear message.

use std::net::TcpListener;

use anyhow::Result;
use serde_json::json;

use crate::{
    error_messages::PROJECT,
    support::{MockApi, Sandbox, assert_output},
};

#[test]
fn reports_a_missing_api_url() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", PROJECT)?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: No Prefect API URL provided. Please set PREFECT_API_URL to the address of a running Prefect server.
    help: set the environment variable to a URL such as http://127.0.0.1:[PORT]/api, or add it to profile 'ephemeral' with `prefectl config set PREFECT_API_URL=URL`; to use a temporary server, set PREFECT_SERVER_EPHEMERAL_ENABLED=true
    ");
    Ok(())
}

#[test]
fn rejects_an_api_url_without_a_scheme() -> Result<()> {
    let sandbox = Sandbox::for_project("127.0.0.1:4200/api", PROJECT)?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: `127.0.0.1:[PORT]/api` is not a valid API URL: PREFECT_API_URL must look like http://127.0.0.1:[PORT]/api
    ");
    Ok(())
}

#[test]
fn reports_an_unreachable_server() -> Result<()> {
    let output = Sandbox::for_project(&closed_port()?, PROJECT)?.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 6
    --- stderr
    error: cannot reach the Prefect API at http://127.0.0.1:[PORT]/api: Connection refused (os error 111)
    help: check that the server is running and that PREFECT_API_URL is correct
    ");
    Ok(())
}

#[test]
fn reports_file_errors_before_connecting() -> Result<()> {
    let project = format!("{PROJECT}  parameters: {{times: many}}\n");
    let output = Sandbox::for_project(&closed_port()?, &project)?.run("deploy --all --quiet")?;
    assert_output!(output, @r#"
    exit 2
    --- stderr
    error[parameter-type]: Validation failed for field 'times': "many" is not of type "integer"
     --> prefect.yaml:7:23
      |
    7 |   parameters: {times: many}
      |                       ^^^^
    error: nothing was registered
    "#);
    Ok(())
}

/// Returns the URL of a loopback port that nothing listens on.
fn closed_port() -> Result<String> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    Ok(format!("http://127.0.0.1:{port}/api"))
}

#[test]
fn reports_rejected_credentials() -> Result<()> {
    let api = MockApi::answering(401, "Unauthorized")?;
    let sandbox = Sandbox::for_project(&api.url(), PROJECT)?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 5
    --- stderr
    error: the Prefect API at http://127.0.0.1:[PORT]/api rejected the credentials (401 Unauthorized); check PREFECT_API_KEY or PREFECT_API_AUTH_STRING
    ");
    let sandbox = sandbox.variable("PREFECT_API_KEY", "pnu_not_a_key");
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 5
    --- stderr
    error: the Prefect API at http://127.0.0.1:[PORT]/api rejected the credentials (401 Unauthorized); check PREFECT_API_KEY or PREFECT_API_AUTH_STRING
    ");
    let api = MockApi::answering(403, "Forbidden")?;
    let output = Sandbox::for_project(&api.url(), PROJECT)?.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 5
    --- stderr
    error: the Prefect API does not allow POST /work_pools/filter (403 Forbidden): Forbidden
    ");
    Ok(())
}

#[test]
fn reports_a_url_that_is_not_a_prefect_api() -> Result<()> {
    let api = MockApi::answering(404, "Not Found")?;
    let output = Sandbox::for_project(&api.url(), PROJECT)?.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: the server at http://127.0.0.1:[PORT]/api does not support POST /work_pools/filter; check PREFECT_API_URL, which usually ends in /api
    ");
    Ok(())
}

#[test]
fn reports_a_write_that_fails_after_others_succeeded() -> Result<()> {
    let api = MockApi::with_pool()?;
    let id = "00000000-0000-0000-0000-00000000000a";
    for (endpoint, body) in [
        ("flows/filter", json!([])),
        ("deployments/filter", json!([])),
        ("flows/", json!({"id": id, "name": "hello"})),
    ] {
        api.answer(endpoint, json!({}), 200, &body);
    }
    let created = json!({"id": id, "flow_id": id, "name": "a"});
    api.answer("deployments/", json!({"name": "a"}), 201, &created);
    api.answer("deployments/", json!({"name": "b"}), 409, &json!({"detail": "The queue is being moved."}));
    let second = "- name: b\n  entrypoint: flow.py:hello\n  work_pool: {name: pool}\n";
    let sandbox = Sandbox::for_project(&api.url(), &format!("{PROJECT}{second}"))?;
    let output = sandbox.run("deploy --all --quiet")?;
    assert_output!(output, @r"
    exit 3
    --- stdout
    Deployment 'hello-UNIQUE/a' successfully created with id '[ID]'. (created)
      View Deployment in UI: http://127.0.0.1:[PORT]/deployments/deployment/[ID]
    Deployment 'hello-UNIQUE/b' failed.
    --- stderr
    error: deployment 'hello-UNIQUE/b': The queue is being moved.
    help: completed deployments were kept; run `prefectl deploy --resume` to continue
    ");
    Ok(())
}
