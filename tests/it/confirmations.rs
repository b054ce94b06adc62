//! Tests of confirmations without a terminal.

use anyhow::{Result, ensure};

use crate::support::{Api, FaultServer, Sandbox, assert_output};

#[test]
#[ignore = "needs services: run tests/run"]
fn reads_a_confirmation_from_a_pipe_with_the_prompt_option() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    let output = sandbox.run("work-pool delete pool-UNIQUE --prompt")?;
    assert_output!(output, @"
    exit 1
    --- stderr
    Are you sure you want to delete work pool with name 'pool-UNIQUE'? [y/n]: error: Deletion aborted.
    ");
    Ok(())
}

#[test]
fn reads_a_confirmation_from_a_pipe_without_a_terminal() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(
        &server.url(),
        "pull: []\ndeployments:\n\
         - {name: a, entrypoint: 'flow.py:hello', work_pool: {name: pool}, schedules: [{interval: 60}]}\n",
    )?;
    sandbox.run("deploy --all")?.success()?;
    let question = "Are you sure you want to clear all schedules for this deployment?";
    for (stdin, code, message) in [
        ("/dev/null", 4, "Confirmation is required and there is no terminal."),
        ("<(sleep 5)", 4, "Confirmation is required and there is no terminal."),
        ("<(echo perhaps)", 4, "Confirmation is required and there is no terminal."),
        ("<(echo n)", 1, "[y/n]: n\nerror: Clearing schedules cancelled."),
        ("<(echo Y)", 0, "[y/n]: y\n"),
    ] {
        let script = format!("prefectl deployment schedule clear hello-UNIQUE/a < {stdin}");
        let output = sandbox.bash(&script, &[])?.output()?;
        let stderr = String::from_utf8(output.stderr)?;
        ensure!(output.status.code() == Some(code), "{stdin}: {stderr}");
        ensure!(stderr.contains(question) && stderr.contains(message), "{stdin}: {stderr}");
    }
    Ok(())
}
