//! Tests of stopped and long-running steps: child processes end with the command, and output does not fill
//! the memory.

use std::{
    fs,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::support::{Sandbox, wait_until};

/// A step with a child, a grandchild, and a process in another process group.
const TREE: &str = r"
build:
- prefect.deployments.steps.run_shell_script:
    shell: true
    script: |
      (sleep 600 & sleep 600) & setsid sleep 600 & touch ready; sleep 600
pull: []
deployments:
- {name: one, entrypoint: 'flow.py:hello', work_pool: {name: pool}}
";

/// Default number of attempts. `PREFECTL_TEST_STOPS` overrides the number.
const STOPS: u32 = 8;

fn start(sandbox: &Sandbox) -> Result<Child> {
    let mut command = sandbox.command(&["steps", "run", "--build", "-n", "one"]);
    Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

/// Returns the command lines of all processes that have the sandbox's mark in their environment.
fn marked(mark: &str) -> Vec<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_marked = |folder: &std::path::Path| {
        fs::read(folder.join("environ")).is_ok_and(|text| String::from_utf8_lossy(&text).contains(mark))
    };
    let line = |folder: std::path::PathBuf| {
        let text = fs::read(folder.join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&text).replace('\0', " ")
    };
    processes.map(|entry| entry.path()).filter(|folder| is_marked(folder)).map(line).collect()
}

#[test]
fn stopping_at_any_time_leaves_no_process() -> Result<()> {
    let stops = std::env::var("PREFECTL_TEST_STOPS").map_or(Ok(STOPS), |text| text.parse())?;
    let mark = format!("PREFECTL_MARK={}", uuid::Uuid::new_v4());
    let (name, value) = mark.split_once('=').context("a name and a value")?;
    for turn in 0..stops {
        let sandbox = Sandbox::new()?.variable(name, value);
        sandbox.file("prefect.yaml", TREE)?;
        let mut child = start(&sandbox)?;
        let (signal, code) = if turn % 2 == 0 { ("-TERM", 143) } else { ("-INT", 130) };
        let started = Instant::now();
        // Some attempts send the signal during the start, and others when all processes are running.
        let early = Duration::from_millis(u64::from(turn) * 7 % 120);
        while !sandbox.directory().join("ready").exists() && (turn % 4 < 2 || started.elapsed() < early) {
            ensure!(started.elapsed() < Duration::from_mins(1), "the script has not started");
            std::thread::sleep(Duration::from_millis(2));
        }
        let is_ready = sandbox.directory().join("ready").exists();
        Command::new("kill").args([signal, &child.id().to_string()]).status()?;
        let status = child.wait()?;
        ensure!(!is_ready || status.code() == Some(code), "{signal}: {status}");
        let left = marked(&mark);
        ensure!(left.is_empty(), "after {signal} in turn {turn}: {left:#?}");
    }
    Ok(())
}

#[test]
fn a_second_signal_kills_processes_that_do_not_exit() -> Result<()> {
    let mark = format!("PREFECTL_MARK={}", uuid::Uuid::new_v4());
    let (name, value) = mark.split_once('=').context("a name and a value")?;
    let script = "trap '' TERM INT; (setsid sleep 600) & touch ready; while :; do sleep 0.1; done";
    let project: Vec<&str> = TREE.lines().filter(|line| !line.contains("sleep 600 &")).collect();
    let project = project.join("\n").replace("script: |", &format!("script: \"{script}\""));
    let directory = tempfile::tempdir()?;
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let sandbox = Sandbox::new()?.variable(name, value).variable("TMPDIR", directory.path());
        sandbox.file("prefect.yaml", &project)?;
        let mut child = start(&sandbox)?;
        wait_until("the script has started", || sandbox.directory().join("ready").exists())?;
        for _ in 0..2 {
            Command::new("kill").args([signal, &child.id().to_string()]).status()?;
            std::thread::sleep(Duration::from_millis(300));
        }
        let started = Instant::now();
        ensure!(child.wait()?.code() == Some(code), "{signal}");
        ensure!(started.elapsed() < Duration::from_secs(5), "{signal}: {:?}", started.elapsed());
        let left = marked(&mark);
        ensure!(left.is_empty(), "after {signal}: {left:#?}");
        ensure!(fs::read_dir(directory.path())?.next().is_none(), "temporary files remain");
    }
    Ok(())
}

#[test]
fn timeout_ends_a_step() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", TREE.replace("    shell: true", "    shell: true\n    timeout: 0.5"))?;
    let output = sandbox.run("steps run --build -n one --quiet")?;
    assert_eq!(output.code, 7);
    assert!(output.stderr.contains("timed out after 0.5 s"), "{output}");
    assert!(output.stderr.contains("prefect.yaml:4:5"), "{output}");
    Ok(())
}

#[test]
fn background_processes_end_with_a_step_whose_shell_has_exited() -> Result<()> {
    let mark = format!("PREFECTL_MARK={}", uuid::Uuid::new_v4());
    let (name, value) = mark.split_once('=').context("a name and a value")?;
    let project = TREE.replace("touch ready; sleep 600", "touch ready");
    // The background processes keep the output open, so the step continues.
    for (timeout, signal, code) in [("0.5", None, 7), ("600", Some("-TERM"), 143), ("600", Some("-INT"), 130)]
    {
        let sandbox = Sandbox::new()?.variable(name, value);
        let shell = format!("    shell: true\n    timeout: {timeout}");
        sandbox.file("prefect.yaml", project.replace("    shell: true", &shell))?;
        let mut child = start(&sandbox)?;
        wait_until("the shell has exited", || {
            sandbox.directory().join("ready").exists()
                && !marked(&mark).iter().any(|line| line.contains("ready"))
        })?;
        if let Some(signal) = signal {
            Command::new("kill").args([signal, &child.id().to_string()]).status()?;
        }
        ensure!(child.wait()?.code() == Some(code), "{signal:?}");
        let left = marked(&mark);
        ensure!(left.is_empty(), "timeout {timeout}, signal {signal:?}: {left:#?}");
    }
    Ok(())
}

/// Returns the peak resident memory of a running process in KiB.
fn peak(id: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{id}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

/// `PREFECTL_TEST_OUTPUT_MIB` sets the size of the output.
#[test]
fn long_output_does_not_fill_the_memory() -> Result<()> {
    let size: u64 = std::env::var("PREFECTL_TEST_OUTPUT_MIB").map_or(Ok(24), |text| text.parse())?;
    let sandbox = Sandbox::new()?;
    let script = format!("yes \"$(printf '%400s' line)\" | head -c {size}M; printf 'caf\\351 end'");
    let project: Vec<&str> =
        TREE.lines().map(|line| if line.contains("sleep") { "      SCRIPT" } else { line }).collect();
    sandbox.file("prefect.yaml", project.join("\n").replace("SCRIPT", &script))?;
    let mut child = start(&sandbox)?;
    let mut most = 0;
    while child.try_wait()?.is_none() {
        most = most.max(peak(child.id()).unwrap_or_default());
        std::thread::sleep(Duration::from_millis(20));
    }
    ensure!(child.wait()?.success(), "the step failed");
    // The command keeps 8 MiB of the output, in a few copies.
    ensure!(most > 0 && most < 128 * 1024, "{most} KiB for an output of {size} MiB");
    let output = sandbox.run("steps run --build -n one --output json --quiet")?.success()?;
    let stdout = output.json()?["deployments"][0]["outputs"]["stdout"].as_str().context("text")?.to_owned();
    ensure!(stdout.ends_with("caf\u{FFFD} end") && stdout.contains(" bytes omitted]"), "{}", stdout.len());
    ensure!(stdout.len() < 9 * 1024 * 1024, "{}", stdout.len());
    Ok(())
}
