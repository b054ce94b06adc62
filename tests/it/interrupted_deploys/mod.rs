//! Tests of deploys that are killed or that fail midway.
//!
//! `PREFECTL_TEST_KILLS` sets how often a deploy of 20 deployments is killed at a random time, and
//! `PREFECTL_TEST_FAILURES` how many failures are rolled back. Without them, the tests try a few of each.

mod concurrent;
mod resources;
mod rollback;

use std::{
    fmt::Write as _,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use rand::Rng as _;
use serde_json::{Value, json};

use crate::support::{Api, Moment, Output, Proxy, Sandbox, Verdict, assert_output};

/// Returns a project of `count` deployments with schedules and a trigger each. Every field differs between
/// versions. Every second deployment has schedules with slugs. These schedules are written together with the
/// deployment's fields.
fn project(count: usize, version: usize) -> String {
    let mut text = "pull: []\ndeployments:\n".to_owned();
    for number in 0..count {
        let hour = version % 24;
        let (first, second) = if number % 2 == 0 { ("", "") } else { (", slug: a", ", slug: b") };
        let _ = write!(
            text,
            "- name: d{number}\n  entrypoint: flow.py:hello\n  version: 'v{version}'\n  tags: [t{version}]\n  \
             work_pool: {{name: pool-UNIQUE, job_variables: {{env: {{V: 'v{version}'}}}}}}\n  \
             schedules: [{{cron: '0 {hour} * * *'{first}}}, {{cron: '30 5 * * *'{second}}}]\n  \
             triggers: [{{name: 'auto-d{number}-UNIQUE', expect: [event-{version}]}}]\n"
        );
    }
    text
}

/// Checks that every deployment exists once and is complete, and that deploying again changes nothing.
fn assert_complete(api: &Api, sandbox: &Sandbox, count: usize, version: usize) -> Result<()> {
    let unique = sandbox.unique("UNIQUE");
    let flows = json!({"flows": {"name": {"like_": unique}}});
    let deployments = api.post("/deployments/filter", &flows)?;
    let deployments = deployments.as_array().context("a list")?;
    assert_eq!(deployments.len(), count);
    for deployment in deployments {
        assert_eq!(deployment["version"], json!(format!("v{version}")));
        assert_eq!(deployment["schedules"].as_array().map(Vec::len), Some(2), "{deployment}");
        assert_eq!(api.automations(deployment)?.len(), 1, "{deployment}");
    }
    let output = sandbox.run("deploy --all --output json --quiet").and_then(Output::success)?.json()?;
    let lines = output["deployments"].as_array().context("a list")?;
    assert!(lines.iter().all(|line| line["status"] == "unchanged"), "{output}");
    Ok(())
}

/// Starts a deploy and kills it with SIGKILL when `wait` returns.
fn kill(sandbox: &Sandbox, proxy: &Proxy, pid: &AtomicU32, wait: impl FnOnce()) -> Result<()> {
    kill_command(sandbox, "deploy --all --quiet", proxy, pid, wait)
}

/// Starts a command and kills it with SIGKILL when `wait` returns.
fn kill_command(
    sandbox: &Sandbox,
    line: &str,
    proxy: &Proxy,
    pid: &AtomicU32,
    wait: impl FnOnce(),
) -> Result<()> {
    let mut command = sandbox.command(&line.split(' ').collect::<Vec<_>>());
    command.env("PREFECT_API_URL", proxy.url()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn()?;
    pid.store(child.id(), SeqCst);
    wait();
    child.kill()?;
    child.wait()?;
    proxy.settle();
    Ok(())
}

fn kill_process(pid: &AtomicU32) {
    while pid.load(SeqCst) == 0 {
        thread::sleep(Duration::from_millis(1));
    }
    let _ = Command::new("kill").args(["-KILL", &pid.load(SeqCst).to_string()]).status();
}

/// Kills a deploy after the server has completed the write with the given number, before the client receives the
/// response. Returns whether the deploy sent the write.
fn kill_after_write(sandbox: &Sandbox, url: &str, write: usize) -> Result<bool> {
    let pid = Arc::new(AtomicU32::new(0));
    let victim = Arc::clone(&pid);
    let reached = Arc::new(AtomicBool::new(false));
    let reached_by_proxy = Arc::clone(&reached);
    let proxy = Proxy::start(url, move |seen, now| {
        if seen.write == Some(write) && now == Moment::After {
            kill_process(&victim);
            reached_by_proxy.store(true, SeqCst);
        }
        Verdict::Pass
    })?;
    kill(sandbox, &proxy, &pid, || {
        let deadline = Instant::now() + Duration::from_mins(2);
        while !reached.load(SeqCst) && Instant::now() < deadline && is_alive(&pid) {
            thread::sleep(Duration::from_millis(2));
        }
    })?;
    Ok(reached.load(SeqCst))
}

fn is_alive(pid: &AtomicU32) -> bool {
    // A process that has ended remains a zombie until its parent waits for it.
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.load(SeqCst))).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

fn number(variable: &str) -> Option<usize> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Number of deployments in the tests that kill a deploy after each write.
fn killed_after_writes() -> usize {
    if number("PREFECTL_TEST_KILLS").is_some() { 20 } else { 2 }
}

/// Kills a deploy after the write with the given number, and checks that the next deploy completes the deployments.
/// Returns whether the deploy sent the write.
fn is_made_good_after(write: usize, api: &Api, sandbox: &Sandbox, version: usize) -> Result<bool> {
    let reached = kill_after_write(sandbox, api.url(), write)?;
    let mut output = sandbox.run("deploy --all --quiet")?;
    if output.code == 8 {
        // The server has processed another request of the killed deploy after this deploy compared the deployments.
        output = sandbox.run("deploy --all --quiet")?;
    }
    output.success()?;
    assert_complete(api, sandbox, killed_after_writes(), version)
        .with_context(|| format!("after write {write}"))?;
    Ok(reached)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn next_deploy_completes_a_deploy_killed_after_any_creation() -> Result<()> {
    let api = Api::from_env()?;
    for write in 0.. {
        let sandbox = api.sandbox(&project(killed_after_writes(), 1))?;
        let reached = is_made_good_after(write, &api, &sandbox, 1)?;
        sandbox.run("destroy --all --yes --quiet").and_then(Output::success)?;
        if !reached {
            // One flow, and a deployment and an automation each. Retries after a busy server add writes.
            assert!(write > 2 * killed_after_writes(), "only {write} writes");
            break;
        }
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn next_deploy_completes_a_deploy_killed_after_any_change() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(&project(killed_after_writes(), 0))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    for write in 0.. {
        sandbox.file("prefect.yaml", project(killed_after_writes(), write + 1))?;
        if !is_made_good_after(write, &api, &sandbox, write + 1)? {
            // For each deployment, its fields and a replaced automation. For every second deployment, a
            // schedule.
            assert!(write >= 4 * killed_after_writes(), "only {write} writes");
            break;
        }
    }
    Ok(())
}

/// Kills concurrent deploys with SIGKILL, one deploy at each of the given times after its start.
fn kill_together(sandbox: &Sandbox, proxy: &Proxy, moments: &[Duration]) -> Result<()> {
    thread::scope(|scope| {
        let kills: Vec<_> = moments
            .iter()
            .map(|moment| scope.spawn(|| kill(sandbox, proxy, &AtomicU32::new(0), || thread::sleep(*moment))))
            .collect();
        kills.into_iter().try_for_each(|kill| kill.join().unwrap_or_else(|_| Ok(())))
    })
}

#[test]
#[ignore = "needs services: run tests/run"]
fn next_deploy_completes_a_deploy_killed_at_a_random_time() -> Result<()> {
    let api = Api::from_env()?;
    let (count, times) = number("PREFECTL_TEST_KILLS").map_or((3, 4), |times| (20, times));
    let proxy = Proxy::start(api.url(), |_, _| Verdict::Pass)?;
    let sandbox = api.sandbox(&project(count, 0))?.variable("PREFECT_API_URL", proxy.url());
    let started = Instant::now();
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let usual = started.elapsed();
    for version in 1..=times {
        sandbox.file("prefect.yaml", project(count, version))?;
        // Half of the attempts run two deploys concurrently.
        let deploys = if version % 4 < 2 { 1 } else { 2 };
        let random = |_| usual.mul_f64(rand::rng().random_range(0.0..1.2));
        let moments: Vec<Duration> = (0..deploys).map(random).collect();
        kill_together(&sandbox, &proxy, &moments)?;
        // Some attempts are rolled back. There is nothing to do if no write happened, or if the deploy ended.
        if version % 4 == 0 {
            let output = sandbox.run("rollback --quiet")?;
            let is_complete = output.stderr.contains("nothing to roll back");
            ensure!(output.code == 0 || is_complete, "after {moments:?}: {output}");
            if !is_complete {
                sandbox.file("prefect.yaml", project(count, version - 1))?;
                assert_complete(&api, &sandbox, count, version - 1)
                    .with_context(|| format!("rolled back after {moments:?}"))?;
                sandbox.file("prefect.yaml", project(count, version))?;
            }
        }
        // Every second attempt continues with --resume. There is nothing to resume if no write happened.
        if version % 2 == 0 {
            let output = sandbox.run("deploy --resume --quiet")?;
            ensure!(output.code == 0 || output.stderr.contains("nothing to resume"), "{output}");
        }
        sandbox.run("deploy --all --quiet").and_then(Output::success)?;
        assert_complete(&api, &sandbox, count, version).with_context(|| format!("after {moments:?}"))?;
    }
    Ok(())
}

/// Returns the deployments of a sandbox and their automations, without the fields that only the server sets.
fn state(api: &Api, sandbox: &Sandbox) -> Result<Vec<Value>> {
    let unique = sandbox.unique("UNIQUE");
    let found = api.post("/deployments/filter", &json!({"flows": {"name": {"like_": unique}}}))?;
    let mut states = Vec::new();
    for mut deployment in found.as_array().context("a list")?.clone() {
        let mut automations = api.automations(&deployment)?;
        // An automation that was deleted and restored has a different ID. The command reports this difference.
        automations.iter_mut().for_each(|item| forget(item, &["id", "created", "updated"]));
        automations.iter_mut().for_each(|item| forget(&mut item["trigger"], &["id"]));
        forget(&mut deployment, &["updated", "last_polled", "status", "updated_by"]);
        forget(&mut deployment["global_concurrency_limit"], &["updated", "active_slots"]);
        let schedules = deployment["schedules"].as_array_mut().context("a list")?;
        schedules.iter_mut().for_each(|item| forget(item, &["id", "created", "updated"]));
        schedules.sort_by_key(Value::to_string);
        states.push(json!({"deployment": deployment, "automations": automations}));
    }
    states.sort_by_key(|item| item["deployment"]["name"].to_string());
    Ok(states)
}

fn forget(value: &mut Value, keys: &[&str]) {
    if let Some(object) = value.as_object_mut() {
        keys.iter().for_each(|key| drop(object.remove(*key)));
    }
}

#[test]
#[ignore = "needs services: run tests/run"]
fn rolls_back_after_a_failure_of_any_write() -> Result<()> {
    let api = Api::from_env()?;
    let (count, times) = number("PREFECTL_TEST_FAILURES").map_or((2, 4), |times| (10, times));
    let sandbox = api.sandbox(&project(count, 0))?;
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    let before = state(&api, &sandbox)?;
    // Two new deployments, and 5 or 3 writes for each of the others.
    sandbox.file("prefect.yaml", project(count + 2, 1))?;
    let writes = 4 * count + 4;
    for time in 0..times {
        let write = rand::rng().random_range(0..writes);
        let verdict = if time % 2 == 0 { Verdict::Refuse } else { Verdict::PassAndRefuse };
        let proxy = Proxy::start(
            api.url(),
            move |seen, _| {
                if seen.write == Some(write) { verdict } else { Verdict::Pass }
            },
        )?;
        let output = sandbox
            .run_with(&[("PREFECT_API_URL", proxy.url())], "deploy --all --on-error rollback --quiet")?;
        ensure!(output.code == 1, "write {write}, {verdict:?}: {output}");
        let after = state(&api, &sandbox)?;
        assert_eq!(after, before, "write {write}, {verdict:?}: {output}");
    }
    sandbox.run("deploy --all --quiet").and_then(Output::success)?;
    assert_complete(&api, &sandbox, count + 2, 1)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn resumes_the_remaining_deployments_after_a_failure() -> Result<()> {
    let api = Api::from_env()?;
    let refuses = Arc::new(AtomicBool::new(true));
    let refuses_second = Arc::clone(&refuses);
    let proxy = Proxy::start(api.url(), move |seen, _| {
        let second = seen.line == "POST /api/deployments/" && seen.body.contains("\"name\":\"d1\"");
        if second && refuses_second.load(SeqCst) { Verdict::Refuse } else { Verdict::Pass }
    })?;
    // Some deployments after the failing deployment may already be in flight, but the last deployment is not.
    let sandbox = api.sandbox(&project(40, 0))?.variable("PREFECT_API_URL", proxy.url());
    let output = sandbox.run("deploy --all --quiet")?;
    assert_eq!(output.code, 3, "{output}");
    for line in ["/d0' successfully created", "/d1' failed.", "/d39' not tried."] {
        assert!(output.stdout.contains(line), "{line}: {output}");
    }
    let output = sandbox.run("deploy --resume --quiet --on-error continue")?;
    assert_eq!(output.code, 3, "{output}");
    for line in ["/d1' failed.", "/d39' successfully created"] {
        assert!(output.stdout.contains(line), "{line}: {output}");
    }
    assert!(!output.stdout.contains("/d0'"), "{output}");
    let output = sandbox.run("deploy --resume --quiet")?;
    assert_output!(output, @r"
    exit 1
    --- stdout
    Deployment 'hello-UNIQUE/d1' failed.
    --- stderr
    error: deployment 'hello-UNIQUE/d1': the Prefect API failed to process POST /deployments/ (500 Internal Server Error): Internal Server Error
    help: nothing was written
    ");
    refuses.store(false, SeqCst);
    sandbox.run("deploy --resume --quiet").and_then(Output::success)?;
    assert_complete(&api, &sandbox, 40, 0)?;
    let output = sandbox.run("deploy --resume")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: nothing to resume: the last deploy from this directory to this server is complete
    help: pass --all, or select a deployment with -n
    ");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn resume_requires_the_original_options() -> Result<()> {
    let api = Api::from_env()?;
    let proxy = Proxy::start(api.url(), |seen, _| {
        let is_automation = seen.line == "POST /api/automations/";
        if is_automation { Verdict::Refuse } else { Verdict::Pass }
    })?;
    let sandbox = api.sandbox(&project(2, 0))?.variable("PREFECT_API_URL", proxy.url());
    let output = sandbox.run("deploy -n d1 --version mine --quiet")?;
    assert!(output.stderr.contains("run the same command again"), "{output}");
    let output = sandbox.run("deploy --resume --quiet")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: cannot resume: the last deploy used options that its journal does not contain
    help: run the same command again to continue where the previous run stopped
    ");
    assert_eq!(api.existing(&sandbox, "hello-UNIQUE/d1")?["version"], json!("mine"));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn requests_per_deployment_stay_within_the_budget() -> Result<()> {
    let api = Api::from_env()?;
    let without_triggers = |version| {
        let text = project(20, version);
        let lines = text.lines().filter(|line| !line.contains("triggers:"));
        lines.flat_map(|line| [line, "\n"]).collect::<String>()
    };
    let sandbox = api.sandbox(&without_triggers(0))?;
    let proxy = Proxy::start(api.url(), |_, _| Verdict::Pass)?;
    let through = [("PREFECT_API_URL", proxy.url())];
    let mut last = 0;
    let mut requests = || {
        let all = proxy.requests();
        std::mem::replace(&mut last, all).abs_diff(all)
    };
    sandbox.run_with(&through, "deploy --all --quiet").and_then(Output::success)?;
    let created = requests();
    sandbox.run_with(&through, "deploy --all --quiet").and_then(Output::success)?;
    let unchanged = requests();
    sandbox.file("prefect.yaml", without_triggers(0).replace("v0", "v1"))?;
    sandbox.run_with(&through, "deploy --all --quiet").and_then(Output::success)?;
    let changed = requests();
    for _ in 0..2 {
        requests();
        sandbox
            .run_with(&through, "deploy --all --project budget-UNIQUE --quiet")
            .and_then(Output::success)?;
    }
    let recorded = requests();
    assert!(unchanged <= 8, "unchanged: {unchanged}");
    assert!(recorded <= 9, "unchanged, in a project, whose records are read once: {recorded}");
    assert!(created <= 2 * 20 + 10, "created: {created}");
    assert!(changed <= 2 * 20 + 10, "changed: {changed}");
    Ok(())
}
