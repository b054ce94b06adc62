//! Tests of servers that prefectl starts with the real Prefect: foreground servers, and temporary servers for commands
//! without an API URL.

use std::{
    io::{BufRead as _, BufReader, Read as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Child,
};

use anyhow::{Context as _, Result, ensure};

use crate::support::{Output, Sandbox, required_env, signal, wait_until};

/// Creates a sandbox that uses the reference's Python.
fn sandbox() -> Result<Sandbox> {
    let reference = required_env("PREFECTL_TEST_REFERENCE")?;
    let python = Path::new(&reference).with_file_name("python");
    let sandbox = Sandbox::new()?
        .variable("PREFECTL_PYTHON", python)
        .variable("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
        .variable("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
        .variable("DO_NOT_TRACK", "1");
    Ok(sandbox)
}

/// Parses the port from a line such as `... on http://127.0.0.1:8123/api ...`.
fn port(line: &str) -> Option<u16> {
    let rest = line.split_once("http://127.0.0.1:")?.1;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn is_open(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Reads the command's stderr up to a line that contains `text`. Returns the line.
fn wait_for(child: &mut Child, text: &str) -> Result<String> {
    let stderr = child.stderr.as_mut().context("it is piped")?;
    let mut lines = BufReader::new(stderr).lines();
    loop {
        let line = lines.next().context("it ended before it said so")??;
        if line.contains(text) {
            return Ok(line);
        }
    }
}

#[test]
#[ignore = "needs services: run tests/run"]
fn temporary_server_ends_with_its_command() -> Result<()> {
    let sandbox = sandbox()?;
    let refused = sandbox.run("work-pool ls")?;
    ensure!(refused.code == 2 && refused.stderr.contains("set PREFECT_API_URL"), "{refused}");

    let sandbox = sandbox.variable("PREFECT_SERVER_EPHEMERAL_ENABLED", "true");
    let output = sandbox.run("work-pool create pool --type process").and_then(Output::success)?;
    ensure!(output.stderr.contains("Stopping the temporary server on "), "{output}");
    ensure!(!is_open(port(&output.stderr).context("a port")?), "the server is still there");

    // The temporary database is kept between commands. An interrupted command stops its server.
    sandbox.file(
        "prefect.yaml",
        "deployments:\n- name: one\n  entrypoint: flow.py:hello\n  work_pool: {name: pool}\n  build:\n  - prefect.deployments.steps.run_shell_script: {script: sh step.sh}\n",
    )?;
    sandbox.file("step.sh", "touch started\nsleep 60\n")?;
    let mut child = sandbox.spawn("deploy --all")?;
    let port = port(&wait_for(&mut child, "Starting a temporary Prefect server on ")?).context("a port")?;
    let started = sandbox.directory().join("started");
    wait_until("the build step has started", || started.exists())?;
    signal(&child, "INT")?;
    let status = child.wait()?;
    ensure!(status.code() == Some(130), "{status}");
    ensure!(!is_open(port), "the server is still there");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn foreground_server_supports_passwords_and_csrf_protection() -> Result<()> {
    let sandbox = sandbox()?;
    let sandbox = sandbox
        .variable("PREFECT_SERVER_API_AUTH_STRING", "admin:p4ss-word")
        .variable("PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED", "true");
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut server = sandbox.spawn(&format!("server start --host 127.0.0.1 --port {port} --no-ui"))?;
    wait_until("the server listens", || is_open(port))?;
    let result = use_guarded_server(port);
    signal(&server, "TERM")?;
    let status = server.wait()?;
    result?;
    ensure!(status.code() == Some(143), "{status}");
    ensure!(!is_open(port), "the server is still there");
    let mut printed = String::new();
    server.stdout.context("it is piped")?.read_to_string(&mut printed)?;
    ensure!(printed.contains("/api"), "the server's own words are shown: {printed}");
    Ok(())
}

fn use_guarded_server(port: u16) -> Result<()> {
    let project =
        "pull: []\ndeployments:\n- {name: one, entrypoint: flow.py:hello, work_pool: {name: pool}}\n";
    let sandbox = Sandbox::for_project(&format!("http://127.0.0.1:{port}/api"), project)?;
    let refused = sandbox.run("work-pool create pool --type process")?;
    ensure!(refused.code == 5, "{refused}");
    let sandbox = sandbox.variable("PREFECT_API_AUTH_STRING", "admin:p4ss-word");
    sandbox.run("work-pool create pool --type process").and_then(Output::success)?;
    let deployed = sandbox.run("deploy --all").and_then(Output::success)?;
    ensure!(deployed.stdout.contains("(created)"), "{deployed}");
    let wrong = sandbox.variable("PREFECT_API_AUTH_STRING", "admin:wrong").run("deploy --all")?;
    ensure!(wrong.code == 5 && !wrong.stderr.contains("wrong"), "{wrong}");
    Ok(())
}
