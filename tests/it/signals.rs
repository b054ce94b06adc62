//! Tests of Ctrl-C, SIGTERM and closed pipes.

use std::{
    process::{Child, ExitStatus},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};

use crate::support::{Fault, FaultPlan, FaultServer, Sandbox, signal, wait_until};

/// Maximum time for a command to end if it has no child process to stop.
const SOON: Duration = Duration::from_secs(2);

fn wait(child: &mut Child, limit: Duration) -> Result<ExitStatus> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        thread::sleep(Duration::from_millis(20));
    }
    child.kill()?;
    anyhow::bail!("it did not end within {limit:?}")
}

#[test]
fn signal_ends_a_command_that_waits_for_the_server() -> Result<()> {
    for (name, code) in [("INT", 130), ("TERM", 143)] {
        let server = FaultServer::start()?;
        server.fail(Some(FaultPlan { fault: Fault::Hang, at: 0, lasting: true }));
        let sandbox = Sandbox::new()?.variable("PREFECT_API_URL", server.url());
        let mut child = sandbox.spawn("work-pool ls")?;
        wait_until("the server gets a request", || !server.requests().is_empty())?;
        signal(&child, name)?;
        let status = wait(&mut child, SOON)?;
        ensure!(status.code() == Some(code), "{name}: {status}");
    }
    Ok(())
}

const STEP: &str = r"
deployments:
- name: one
  entrypoint: flow.py:hello
  work_pool: {name: pool}
  build:
  - prefect.deployments.steps.run_shell_script: {script: sh step.sh}
";

#[test]
fn signal_ends_the_running_step() -> Result<()> {
    for (name, code) in [("INT", 130), ("TERM", 143), ("HUP", 143), ("QUIT", 143)] {
        let server = FaultServer::start()?;
        let sandbox = Sandbox::for_project(&server.url(), STEP)?;
        sandbox.file(
            "step.sh",
            "trap 'echo ending >&2; echo ended > ended; exit' TERM\necho > started\nwhile :; do sleep 0.05; done\n",
        )?;
        let mut child = sandbox.spawn("deploy --all")?;
        wait_until("the step has started", || sandbox.directory().join("started").exists())?;
        signal(&child, name)?;
        let status = wait(&mut child, Duration::from_secs(8))?;
        ensure!(status.code() == Some(code), "{name}: {status}");
        wait_until("the step has ended", || sandbox.directory().join("ended").exists())?;
        ensure!(server.look(|server| server.writes) == 0, "{name}: something was registered");
    }
    Ok(())
}

#[cfg(target_os = "linux")]
#[test]
fn ignored_signals_stay_ignored() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), STEP)?;
    sandbox.file("step.sh", "echo > started\nwhile [ ! -e end ]; do sleep 0.05; done\n")?;
    let script = "trap '' HUP QUIT; exec prefectl steps run --build -n one";
    let mut child = sandbox.bash(script, &[])?.spawn()?;
    wait_until("the step has started", || sandbox.directory().join("started").exists())?;
    for name in ["HUP", "QUIT"] {
        signal(&child, name)?;
        thread::sleep(Duration::from_millis(300));
        ensure!(child.try_wait()?.is_none(), "the command has ended after SIG{name}");
    }
    sandbox.file("end", "")?;
    let status = wait(&mut child, Duration::from_secs(8))?;
    ensure!(status.success(), "{status}");
    Ok(())
}

#[test]
fn second_interrupt_ends_immediately() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), STEP)?;
    sandbox.file(
        "step.sh",
        "trap 'echo > asked' TERM\necho > started\nfor i in $(seq 600); do sleep 0.1; done\n",
    )?;
    let mut child = sandbox.spawn("deploy --all")?;
    wait_until("the step has started", || sandbox.directory().join("started").exists())?;
    signal(&child, "INT")?;
    wait_until("the step is asked to end", || sandbox.directory().join("asked").exists())?;
    ensure!(child.try_wait()?.is_none(), "the command did not wait for its step");
    signal(&child, "INT")?;
    let status = wait(&mut child, SOON)?;
    ensure!(status.code() == Some(130), "{status}");
    Ok(())
}

#[test]
fn closed_pipe_is_not_an_error() -> Result<()> {
    let sandbox = Sandbox::new()?;
    for line in ["config view --show-defaults", "explain", "--help", "schema"] {
        let mut child = sandbox.spawn(line)?;
        drop(child.stdout.take());
        let output = child.wait_with_output()?;
        ensure!(output.status.code() == Some(0), "{line}: {}", output.status);
        let stderr = String::from_utf8(output.stderr)?;
        ensure!(stderr.is_empty(), "{line}: {stderr}");
    }
    Ok(())
}

#[test]
fn an_interrupted_deploy_reports_what_was_done() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), STEP)?;
    sandbox.file("step.sh", "echo > started\nfor i in $(seq 600); do sleep 0.1; done\n")?;
    for (line, code) in [("deploy --all", "INT"), ("deploy --all --output json", "TERM")] {
        let child = sandbox.spawn(line)?;
        wait_until("the step has started", || sandbox.directory().join("started").exists())?;
        signal(&child, code)?;
        let output = child.wait_with_output()?;
        let (stdout, stderr) = (String::from_utf8(output.stdout)?, String::from_utf8(output.stderr)?);
        if code == "INT" {
            ensure!(stderr.contains("error: interrupted before any deployment was written"), "{stderr}");
            ensure!(stderr.contains("help: nothing was written"), "{stderr}");
        } else {
            let document: serde_json::Value = serde_json::from_str(&stdout)?;
            ensure!(document["error"]["exit"] == 143, "{document}");
        }
        std::fs::remove_file(sandbox.directory().join("started"))?;
    }
    Ok(())
}

/// A pipe without a writer blocks its reader.
#[cfg(unix)]
#[test]
fn signal_ends_a_command_that_is_blocked_reading_a_file() -> Result<()> {
    for (file, line) in [
        ("pipe.yaml", "check pipe.yaml"),
        ("pipe.yaml", "deploy --all -f pipe.yaml"),
        ("pipe.yaml", "plan --all -f prefect.yaml -f pipe.yaml"),
        ("triggers.yaml", "render flow.py:hello -n a --pool p --trigger triggers.yaml"),
    ] {
        for (name, number) in [("INT", 2), ("TERM", 15)] {
            let sandbox = Sandbox::new()?.variable("PREFECT_API_URL", "http://127.0.0.1:9/api");
            sandbox.file("prefect.yaml", "deployments: []\n")?;
            let path = sandbox.directory().join(file);
            ensure!(std::process::Command::new("mkfifo").arg(&path).status()?.success());
            let mut child = sandbox.spawn(line)?;
            wait_until("the command is blocked", || is_blocked(child.id()))?;
            signal(&child, name)?;
            let status = wait(&mut child, SOON)?;
            ensure!(status.code() == Some(128 + number), "{file} {name}: {status}");
        }
    }
    Ok(())
}

/// A flow must be a regular file, so it is not opened.
#[cfg(unix)]
#[test]
fn rejects_a_pipe_as_a_flow_file() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let project = "deployments: [{name: a, entrypoint: 'pipe.py:f', work_pool: {name: p}}]\n";
    sandbox.file("prefect.yaml", project)?;
    let path = sandbox.directory().join("pipe.py");
    ensure!(std::process::Command::new("mkfifo").arg(&path).status()?.success());
    let output = sandbox.run("check")?;
    ensure!(output.code == 2 && output.to_string().contains("is not a regular file"), "{output}");
    Ok(())
}

/// Returns whether the thread that runs the command, or the only thread of the process, sleeps.
#[cfg(unix)]
fn is_blocked(process: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let threads: Vec<String> = threads.map(|thread| read(thread.path().join("stat"))).collect();
    match threads.as_slice() {
        [only] => only.contains(") S "),
        several => several.iter().any(|stat| stat.contains("(command) S ")),
    }
}
