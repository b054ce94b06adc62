//! Tests of the commands for deployments, schedules and flow runs against a real server.

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Output, Sandbox, assert_output};

pub(crate) const PROJECT: &str = "
pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: pool-UNIQUE}
- name: b
  entrypoint: flow.py:hello
  work_pool: {name: pool-UNIQUE}
- name: c
  entrypoint: flow.py:goodbye
  work_pool: {name: pool-UNIQUE}
";

pub(crate) fn deployed(api: &Api) -> Result<Sandbox> {
    let sandbox = api.sandbox(PROJECT)?;
    sandbox.run("deploy --all").and_then(Output::success)?;
    Ok(sandbox)
}

pub(crate) fn succeed(sandbox: &Sandbox, line: &str) -> Result<Output> {
    sandbox.run(line)?.success()
}

pub(crate) fn document(sandbox: &Sandbox, line: &str) -> Result<Value> {
    succeed(sandbox, &format!("{line} --output json"))?.json()
}

#[test]
#[ignore = "needs services: run tests/run"]
fn lists_inspects_and_deletes_deployments() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = deployed(&api)?;
    let listed = document(&sandbox, "deployment ls hello-UNIQUE goodbye-UNIQUE")?;
    let listed = listed.as_array().context("a list")?;
    let names: Vec<_> = listed.iter().map(|item| (&item["flow_name"], &item["name"])).collect();
    let (hello, goodbye) = (json!(sandbox.unique("hello-UNIQUE")), json!(sandbox.unique("goodbye-UNIQUE")));
    assert_eq!(names, [(&goodbye, &json!("c")), (&hello, &json!("a")), (&hello, &json!("b"))]);
    let table = succeed(&sandbox, "deployment ls hello-UNIQUE")?.stdout;
    assert!(table.contains(&sandbox.unique("hello-UNIQUE/b")) && !table.contains("goodbye"), "{table}");

    let shown = document(&sandbox, "deployment inspect hello-UNIQUE/a")?;
    assert_eq!((listed[0].get("version_id"), shown.get("branch")), (Some(&Value::Null), Some(&Value::Null)));
    assert_eq!((&shown["entrypoint"], &shown["automations"]), (&json!("flow.py:hello"), &json!([])));
    assert!(
        succeed(&sandbox, "deployment inspect hello-UNIQUE/a")?
            .stdout
            .contains("entrypoint: flow.py:hello\n")
    );

    let output = sandbox.run("deployment delete hello-UNIQUE/a")?;
    assert_output!(output, @r"
    exit 4
    --- stderr
    error: Are you sure you want to delete deployment with name 'hello-UNIQUE/a'? Confirmation is required and there is no terminal.
    help: add --yes to confirm
    ");
    assert!(api.deployment(&sandbox, "hello-UNIQUE/a")?.is_some());
    let output = sandbox.run("deployment delete hello-UNIQUE/a --yes")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted deployment 'hello-UNIQUE/a'.
    ");
    let output = sandbox.run("deployment delete hello-UNIQUE/a --yes")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Deployment 'hello-UNIQUE/a' not found!
    ");
    let deleted = document(&sandbox, "deployment delete *-UNIQUE/* --yes")?;
    assert_eq!(
        (&deleted["action"], deleted["deployments"].as_array().map(Vec::len)),
        (&json!("deleted"), Some(2))
    );
    assert!(api.deployment(&sandbox, "goodbye-UNIQUE/c")?.is_none());
    for (line, message) in [
        ("deployment delete --yes", "Must provide a deployment name or id"),
        (
            "deployment delete a/b --all --yes",
            "Cannot provide a deployment name or id when deleting all deployments.",
        ),
        (
            "deployment inspect hello",
            "Invalid deployment name. Expected '<flow-name>/<deployment-name>', got 'hello'",
        ),
    ] {
        let output = sandbox.run(line)?;
        assert!(output.code == 2 && output.stderr.contains(message), "{line}: {}", output.stderr);
    }
    Ok(())
}

/// Arguments of `deployment schedule` that are rejected, with a part of the message.
const INVALID_SCHEDULES: [(&str, &str); 9] = [
    ("create hello-UNIQUE/a", "Exactly one of `--interval`, `--rrule`, or `--cron` must be provided."),
    ("create hello-UNIQUE/a --cron x --interval 5", "Exactly one of"),
    ("create hello-UNIQUE/a --cron x", "cron"),
    ("create hello-UNIQUE/a --interval -5", "interval"),
    ("create hello-UNIQUE/a --interval 5 --timezone Mars/Base", "Invalid timezone"),
    ("create hello-UNIQUE/a --interval 5 --anchor-date soon", "The anchor date must be a valid date string."),
    ("create hello-UNIQUE/a --rrule DTSTART;TZID=x", "TZID"),
    ("pause", "Must provide deployment name and schedule ID, or use --all"),
    ("pause hello-UNIQUE/a --all", "Cannot specify deployment name or schedule ID with --all"),
];

#[test]
#[ignore = "needs services: run tests/run"]
fn creates_pauses_resumes_and_deletes_schedules() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = deployed(&api)?;
    let schedules =
        || -> Result<Value> { Ok(api.existing(&sandbox, "hello-UNIQUE/a")?["schedules"].clone()) };
    let create = ["deployment", "schedule", "create", "hello-UNIQUE/a"];
    let made =
        sandbox.run_words(&[&create[..], &["--cron", "0 9 * * *", "--timezone", "Europe/Rome"]].concat())?;
    assert_output!(made, @r"
    exit 0
    --- stdout
    Created deployment schedule!
    ");
    let cron = json!({"cron": "0 9 * * *", "timezone": "Europe/Rome", "day_or": true});
    assert_eq!((&schedules()?[0]["schedule"], &schedules()?[0]["active"]), (&cron, &json!(true)));
    let id = schedules()?[0]["id"].as_str().context("an id")?.to_owned();

    let listed = document(&sandbox, "deployment schedule ls hello-UNIQUE/a")?;
    assert_eq!(listed[0]["schedule"], cron);
    assert!(succeed(&sandbox, "deployment schedule ls hello-UNIQUE/a")?.stdout.contains("cron: 0 9 * * *"));

    let pause = format!("deployment schedule pause hello-UNIQUE/a {id}");
    let output = sandbox.run(&pause)?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Paused schedule cron='0 9 * * *' timezone='Europe/Rome' day_or=True for deployment hello-UNIQUE/a
    ");
    assert_eq!(schedules()?[0]["active"], false);
    assert_eq!(document(&sandbox, &pause)?["changed"], false);
    succeed(&sandbox, &format!("deployment schedule resume hello-UNIQUE/a {id}"))?;
    assert_eq!(schedules()?[0]["active"], true);

    let output = sandbox
        .run("deployment schedule create hello-UNIQUE/a --interval 3600 --no-active --replace --yes")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Replaced existing deployment schedule with new schedule!
    ");
    let now = schedules()?;
    assert_eq!(now.as_array().map(Vec::len), Some(1));
    assert_eq!((&now[0]["schedule"]["interval"], &now[0]["active"]), (&json!(3600.0), &json!(false)));

    for (line, message) in INVALID_SCHEDULES {
        let output = sandbox.run(&format!("deployment schedule {line}"))?;
        assert!(
            output.code == 2 && output.stderr.contains(message),
            "{line}: {} {}",
            output.code,
            output.stderr
        );
    }
    assert_eq!(schedules()?, now);
    let missing =
        sandbox.run("deployment schedule delete hello-UNIQUE/a 00000000-0000-0000-0000-000000000009 -y")?;
    assert!(missing.code == 1 && missing.stderr.contains("Deployment schedule not found!"));
    succeed(&sandbox, "deployment schedule clear hello-UNIQUE/a -y")?;
    assert_eq!(schedules()?, json!([]));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn starts_lists_and_cancels_runs_of_a_name_pattern() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = deployed(&api)?;
    let wrong = sandbox.run("deployment run hello-UNIQUE/* --param times=many")?;
    assert!(
        wrong.code == 2 && wrong.stderr.contains("Validation failed for field 'times'"),
        "{}",
        wrong.stderr
    );
    assert_eq!(document(&sandbox, "flow-run ls --deployment hello-UNIQUE/a")?, json!([]));

    let made =
        document(&sandbox, "deployment run hello-UNIQUE/* --param times=2 --flow-run-name r-UNIQUE-{times}")?;
    let runs = made["runs"].as_array().context("runs")?;
    let names: Vec<_> = runs.iter().map(|run| run["deployment"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, [sandbox.unique("hello-UNIQUE/a"), sandbox.unique("hello-UNIQUE/b")]);
    assert_eq!(runs[0]["parameters"], json!({"times": 2}));

    let listed = document(&sandbox, "flow-run ls --flow-name hello-UNIQUE --state-type scheduled")?;
    assert_eq!(listed.as_array().map(Vec::len), Some(2));
    let table = succeed(&sandbox, "flow-run ls --flow-name hello-UNIQUE --limit 1")?.stdout;
    assert_eq!(table.matches(&sandbox.unique("r-UNIQUE-2")).count(), 1);
    let ambiguous = sandbox.run("flow-run inspect r-UNIQUE-2")?;
    assert!(ambiguous.code == 1 && ambiguous.stderr.contains("Multiple flow runs found with name"));

    let id = runs[0]["id"].as_str().context("an id")?;
    let waiting = document(&sandbox, "work-pool preview pool-UNIQUE")?;
    assert_eq!(waiting.as_array().map(Vec::len), Some(2));
    let timed_out = sandbox.run(&format!("flow-run watch {id} --watch-timeout 0.3 --watch-interval 0.1"))?;
    assert_eq!(timed_out.code, 23);
    let cancelled = document(&sandbox, &format!("flow-run cancel {id}"))?;
    assert_eq!((&cancelled["action"], &cancelled["id"]), (&json!("cancelled"), &json!(id)));
    let shown = document(&sandbox, &format!("flow-run inspect {id}"))?;
    assert_eq!(shown["state_type"], "CANCELLED");
    let watched = sandbox.run(&format!("flow-run watch {id}"))?;
    assert!(watched.code == 22 && watched.stdout.contains("Flow run finished in state 'Cancelled'."));

    let again = document(&sandbox, "work-pool clear pool-UNIQUE --yes")?;
    assert_eq!(again["flow_runs"], json!([runs[1]["id"]]));
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn prints_the_first_or_last_lines_of_a_log() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = deployed(&api)?;
    let run = document(&sandbox, "deployment run hello-UNIQUE/a")?;
    let id = run["id"].as_str().context("an id")?;
    let line = |n: usize| {
        json!({
            "name": "prefect.flow_runs", "level": 20, "message": format!("line [{n}] :rocket:"), "flow_run_id": id,
            "timestamp": format!("2026-01-01T00:{:02}:{:02}Z", n / 60, n % 60),
        })
    };
    for start in [0, 150] {
        api.post("/logs/", &(start..start + 150).map(line).collect())?;
    }
    let logs = |options: &str| -> Result<Vec<String>> {
        let logs = document(&sandbox, &format!("flow-run logs {id} {options}"))?;
        let lines = logs.as_array().context("a list")?.iter();
        Ok(lines.map(|line| line["message"].as_str().unwrap_or_default().replace(" :rocket:", "")).collect())
    };
    assert_eq!(logs("")?.len(), 300);
    assert_eq!(logs("--head -n 2")?, ["line [0]", "line [1]"]);
    assert_eq!(logs("--tail -n 2")?, ["line [298]", "line [299]"]);
    assert_eq!(logs("--tail -n 2 --reverse")?, ["line [299]", "line [298]"]);
    assert_eq!(logs("--tail")?.len(), 20);
    let text = succeed(&sandbox, &format!("flow-run logs {id} -n 1"))?.stdout;
    assert!(text.starts_with("2026-01-01 00:00:00.000 | INFO    | Flow run '"), "{text}");
    assert!(text.ends_with("' - line [0] :rocket:\n"), "{text}");
    Ok(())
}

#[cfg(unix)]
#[test]
#[ignore = "needs services: run tests/run"]
fn interrupt_cancels_the_watched_run_only_with_the_option() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = deployed(&api)?;
    let arguments = ["deployment", "run", "hello-UNIQUE/a", "--watch", "--watch-interval", "0.1"];
    for (options, expected) in [(&[][..], "SCHEDULED"), (&["--cancel-on-interrupt"][..], "CANCELLED")] {
        let mut command = sandbox.command(&[&arguments[..], options].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let lines = BufReader::new(child.stdout.take().context("its output")?).lines();
        let mut id = None;
        for line in lines {
            let line = line?;
            id = line.strip_prefix("└── UUID: ").map(str::to_owned).or(id);
            if line.contains("prefect.flow-run.") {
                break;
            }
        }
        let id = id.context("an id")?;
        Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
        let ended = child.wait_with_output()?;
        let stderr = String::from_utf8(ended.stderr)?;
        assert_eq!(ended.status.code(), Some(130), "{stderr}");
        let note = format!("stopped watching flow run '{id}', but the run continues");
        assert_eq!(stderr.contains(&note), options.is_empty(), "{stderr}");
        let run = document(&sandbox, &format!("flow-run inspect {id}"))?;
        assert_eq!(run["state_type"], expected, "{options:?}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn watching_reports_work_pools_without_workers() -> Result<()> {
    let sandbox = deployed(&Api::from_env()?)?;
    let output =
        sandbox.run("deployment run hello-UNIQUE/a --watch --watch-interval 0.1 --watch-timeout 0.3")?;
    let note = sandbox.unique("work pool 'pool-UNIQUE' has no online worker; runs start after");
    assert!(output.code == 23 && output.stderr.contains(&note), "{output}");
    Ok(())
}
