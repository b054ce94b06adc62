//! Tests of prefectl called through a symbolic link named `prefect`, as a replacement for Prefect.

use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::support::{Api, FaultServer, MockApi, Sandbox, required_env};

const TWO: &str = "
deployments:
- {name: one, entrypoint: 'flow.py:hello', work_pool: {name: pool}}
- {name: two, entrypoint: 'flow.py:goodbye', work_pool: {name: pool}}
";

#[test]
fn versions_match_prefect() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let version = sandbox.run_as_prefect("--version")?.success()?;
    ensure!(version.stdout == "3.9.1\n", "{version}");
    let details = sandbox.run_as_prefect("version")?.success()?;
    for line in
        ["Version:              3.9.1\n", "API version:          0.8.4\n", "OS/Arch:              linux/"]
    {
        ensure!(!cfg!(target_os = "linux") || details.stdout.contains(line), "{line:?} is not in {details}");
    }
    ensure!(details.stdout.contains("\nServer type:          ephemeral\n"), "{details}");
    let own = sandbox.run("version")?.success()?;
    ensure!(
        own.stdout.starts_with(&format!("Version:              {}\n", env!("CARGO_PKG_VERSION"))),
        "{own}"
    );
    Ok(())
}

#[test]
fn usage_errors_exit_with_1() -> Result<()> {
    let sandbox = Sandbox::new()?;
    for line in ["deploy --no-such", "no-such", "deploy --interval x", "flow-run ls --limit x"] {
        ensure!(sandbox.run_as_prefect(line)?.code == 1, "{line}");
        ensure!(sandbox.run(line)?.code == 2, "{line}");
        ensure!(sandbox.run(&format!("{line} --compat-exit-codes"))?.code == 1, "{line}");
    }
    Ok(())
}

#[test]
fn command_names_may_have_capitals_and_underscores() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let output = sandbox.run_as_prefect("Profile LS")?.success()?;
    ensure!(output.stdout.contains("Available Profiles:"), "{output}");
    ensure!(sandbox.run_as_prefect("work_pool --help")?.success()?.stdout.contains("work-pool"));
    ensure!(sandbox.run("Profile ls")?.code == 2);
    Ok(())
}

#[test]
fn messages_go_to_stdout_with_the_wording_of_the_reference() -> Result<()> {
    let api = MockApi::keeping()?;
    let sandbox = Sandbox::for_project(&api.url(), TWO)?;
    sandbox.file("list.yaml", "- a\n")?;
    sandbox.file("broken.yaml", "a: [\n")?;
    for (line, code, message) in [
        (
            "deploy",
            1,
            "Discovered one or more deployment configurations, but no name was given. Please specify the name of at \
             least one deployment to create or update.",
        ),
        ("deploy --all -n one", 1, "Cannot use both `--all` and `--name` at the same time. Use only one."),
        (
            "deploy --all --prefect-file nope.yaml",
            1,
            "Unable to read the specified config file. Reason: [Errno 2] No such file or directory: 'nope.yaml'. \
             Skipping.",
        ),
        ("deploy --all --prefect-file broken.yaml", 1, "Unable to read the specified config file. Reason: "),
        ("deploy --all --prefect-file list.yaml", 1, "Unable to parse the specified config file. Skipping."),
        (
            "deploy -n one -n three",
            0,
            "The following deployment(s) could not be found and will not be deployed: three",
        ),
        ("deploy --all", 0, "Deployment 'hello-UNIQUE/one' successfully created with id '"),
        ("deploy --all", 0, "Deploying all flows with an existing deployment configuration..."),
        ("deploy -n one -n two", 0, "Deploying flows with selected deployment configurations..."),
        ("deploy --all", 0, "\n\t$ prefect deployment run 'hello-UNIQUE/one'\n"),
        ("deployment run nope/nope", 1, "Deployment 'nope/nope' not found!"),
    ] {
        let output = sandbox.run_as_prefect(line)?;
        let message = sandbox.unique(message);
        ensure!(output.code == code && output.stdout.contains(&message), "{line}: {message}\n{output}");
    }
    Ok(())
}

#[test]
fn each_deployment_has_its_own_panel() -> Result<()> {
    let api = MockApi::keeping()?;
    let sandbox = Sandbox::for_project(&api.url(), TWO)?;
    let all = sandbox.run_as_prefect("deploy --all")?.success()?;
    for name in ["one", "two"] {
        let panel = format!("│ Deploying {name}{} │\n", " ".repeat(76 - "Deploying ".len() - name.len()));
        ensure!(all.stdout.contains(&panel), "{all}");
    }
    let single = sandbox.run_as_prefect("deploy -n one")?.success()?;
    ensure!(!single.stdout.contains("Deploying"), "{single}");
    Ok(())
}

#[test]
fn tables_have_the_titles_and_notes_of_the_reference() -> Result<()> {
    let api = MockApi::keeping()?;
    let sandbox = Sandbox::for_project(&api.url(), TWO)?;
    let table = sandbox.run_as_prefect("work-pool ls")?.success()?;
    let lines: Vec<&str> = table.stdout.lines().map(str::trim).collect();
    ensure!(lines.first() == Some(&"Work Pools"), "{table}");
    ensure!(lines.last() == Some(&"(**) denotes a paused pool"), "{table}");
    let own = sandbox.run("work-pool ls")?.success()?;
    ensure!(!own.stdout.contains("Work Pools") && !own.stdout.contains("(**)"), "{own}");
    Ok(())
}

/// Returns the cells of each row of a table, without the header.
fn rows(table: &str) -> Vec<Vec<&str>> {
    let rows = table.lines().filter(|line| line.starts_with('│'));
    rows.map(|row| row.trim_matches('│').split('│').map(str::trim).collect()).collect()
}

const OLD: &str = "0b7a5a3e-0000-4000-8000-000000000001";
const NEW: &str = "0b7a5a3e-0000-4000-8000-000000000002";

/// Returns a server with a paused work pool, a paused work queue, two flow runs and an automation.
fn server_with_objects() -> Result<FaultServer> {
    let server = FaultServer::start()?;
    let paused = json!({
        "id": OLD, "name": "idle", "type": "process", "is_paused": true, "concurrency_limit": 3, "status": "PAUSED",
        "base_job_template": {}, "created": "2026-01-01T00:00:00Z",
    });
    let queue = json!({
        "id": OLD, "name": "slow", "work_pool_name": "idle", "is_paused": true, "priority": 2,
        "concurrency_limit": null, "status": "PAUSED",
    });
    let run = |id: &str, name: &str, kind: &str, state: &str, created: &str| {
        json!({
            "id": id, "name": name, "flow_id": OLD, "deployment_id": OLD, "created": created,
            "expected_start_time": "2026-01-01T00:00:00Z", "parameters": {},
            "state": {"id": id, "type": kind, "name": state, "timestamp": "2026-01-01T00:00:00Z"},
        })
    };
    let runs = [
        run(OLD, "old", "SCHEDULED", "Late", "2026-01-01T00:00:00Z"),
        run(NEW, "new", "COMPLETED", "Cached", "2026-01-02T00:00:00Z"),
    ];
    let automation = json!({
        "id": OLD, "name": "nightly", "enabled": true, "trigger": {"type": "event", "expect": ["x"]},
        "actions": [{"type": "do-nothing"}],
    });
    server.change(|api| {
        for (path, answer) in [
            ("work_pools/filter", json!([paused])),
            ("work_pools/idle", paused.clone()),
            ("work_queues/filter", json!([queue])),
            ("work_pools/idle/queues/filter", json!([queue])),
            ("flow_runs/filter", json!(runs)),
            ("flows/filter", json!([{"id": OLD, "name": "hello"}])),
            ("automations/filter", json!([automation])),
        ] {
            api.answers.insert(path.to_owned(), answer);
        }
    });
    Ok(server)
}

#[test]
fn tables_have_the_columns_and_marks_of_the_reference() -> Result<()> {
    let server = server_with_objects()?;
    let sandbox = Sandbox::new()?.variable("PREFECT_API_URL", server.url());
    let expected: [(&str, &[&[&str]]); 6] = [
        ("work-pool ls", &[&["idle (**)", "process", OLD, "3"]]),
        ("work-queue ls", &[&["slow (**)", "idle", OLD, "None"]]),
        ("work-queue ls -p idle", &[&["slow (**)", "2", "None"]]),
        (
            "work-pool preview idle",
            &[
                &["2026-01-01 00:00:00+00:00 (**)", OLD, "old", OLD],
                &["2026-01-01 00:00:00+00:00 (**)", NEW, "new", OLD],
            ],
        ),
        ("automation ls", &[&["nightly", "True", "event: x", "do-nothing"], &[OLD, "", "", ""]]),
        ("flow-run ls", &[&[NEW, "hello", "new", "COMPLETED"], &[OLD, "hello", "old", "SCHEDULED"]]),
    ];
    for (line, expected) in expected {
        let table = sandbox.run_as_prefect(line)?.success()?;
        let mut found = rows(&table.stdout);
        if line == "flow-run ls" {
            found.iter_mut().for_each(|row| row.truncate(4)); // the last column depends on the time
        }
        ensure!(found == expected, "{line}: {table}");
    }
    Ok(())
}

#[test]
fn lists_have_the_order_of_the_reference() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), TWO)?;
    sandbox.run("deploy --all")?.success()?;
    let queue = |id: &str, name: &str, created: &str| json!({"id": id, "name": name, "work_pool_name": "pool", "is_paused": false, "created": created});
    let queues = [queue(OLD, "old", "2026-01-01T00:00:00Z"), queue(NEW, "new", "2026-01-02T00:00:00Z")];
    server.change(|api| {
        api.answers.insert("work_queues/filter".to_owned(), json!(queues));
    });
    for (line, own, as_prefect) in [
        ("deployment ls --output json", ["two", "one"], ["one", "two"]),
        ("work-queue ls --output json", ["old", "new"], ["new", "old"]),
    ] {
        ensure!(names(&sandbox.run(line)?.success()?.json()?) == own, "{line}");
        ensure!(names(&sandbox.run_as_prefect(line)?.success()?.json()?) == as_prefect, "{line}");
    }
    Ok(())
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(|item| item["name"].as_str()).collect()
}

#[test]
fn warnings_are_not_part_of_values() -> Result<()> {
    let server = FaultServer::start()?;
    let variable = json!({
        "id": "0b7a5a3e-0000-4000-8000-000000000001", "name": "limits", "value": {"small": 2, "é": "abcd1234"},
    });
    server.change(|api| {
        api.answers.insert("variables/name/limits".to_owned(), variable);
    });
    let sandbox = Sandbox::new()?.variable("PREFECT_TYPO", "1").variable("API_TOKEN", "abcd1234");
    let template = sandbox.run_as_prefect("work-pool get-default-base-job-template -t process")?.success()?;
    ensure!(template.json()?["job_configuration"].is_object(), "{template}");
    ensure!(template.stderr.contains("PREFECT_TYPO"), "{template}");

    let sandbox = sandbox.variable("PREFECT_API_URL", server.url());
    let value = sandbox.run_as_prefect("variable get limits")?.success()?;
    ensure!(value.stdout == "{\"small\": 2, \"\\u00e9\": \"abcd1234\"}\n", "{value}");
    ensure!(value.stderr.contains("PREFECT_TYPO"), "{value}");
    let own = sandbox.run("variable get limits")?.success()?;
    ensure!(own.stdout == "{\"small\":2,\"é\":\"abcd1234\"}\n", "{own}");
    let refused = sandbox.run("variable set id 123456789012345678901 --overwrite")?;
    ensure!(refused.code == 2 && refused.stderr.contains("does not fit in 64 bits"), "{refused}");
    let refused = sandbox.run("variable set id [1,NaN]")?;
    ensure!(refused.code == 2 && refused.stderr.contains("the number NaN is not finite"), "{refused}");
    Ok(())
}

#[test]
fn shows_finished_runs_and_logs_like_the_reference() -> Result<()> {
    const ID: &str = "0b7a5a3e-0000-4000-8000-000000000001";
    let server = FaultServer::start()?;
    let run = json!({
        "id": ID, "name": "wise-owl", "flow_id": ID,
        "state": {"id": ID, "type": "FAILED", "name": "Failed", "timestamp": "2026-01-01T00:00:00Z"},
    });
    let line = json!({
        "id": ID, "name": "prefect", "level": 20, "message": "hello", "timestamp": "2026-01-01T00:00:00.5Z",
        "flow_run_id": ID, "task_run_id": null, "created": "2026-01-01T00:00:01Z", "updated": null,
    });
    server.change(|api| {
        api.answers.insert(format!("flow_runs/{ID}"), run);
        api.answers.insert("logs/filter".to_owned(), json!([line]));
    });
    let sandbox = Sandbox::new()?.variable("PREFECT_API_URL", server.url()).variable("TZ", "Europe/Rome");
    let watched = sandbox.run_as_prefect(&format!("flow-run watch {ID}"))?;
    ensure!(watched.code == 1, "{watched}");
    ensure!(watched.stdout == "Flow run already finished in state 'Failed'.\n", "{watched}");
    let logs = sandbox.run_as_prefect(&format!("flow-run logs {ID} -h"))?.success()?;
    ensure!(logs.stdout == "2026-01-01 00:00:00.500 | INFO    | Flow run 'wise-owl' - hello\n", "{logs}");
    let own = sandbox.run(&format!("flow-run logs {ID}"))?.success()?;
    ensure!(own.stdout.starts_with("2026-01-01 01:00:00.500 | "), "{own}");
    let entry = sandbox.run(&format!("flow-run logs {ID} --output json"))?.success()?.json()?;
    ensure!(entry[0]["flow_run_id"] == ID && entry[0]["created"] == "2026-01-01T00:00:01Z", "{entry}");
    Ok(())
}

#[test]
fn rules_with_a_time_zone_get_the_hint_of_the_reference() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let line = "deployment schedule create a/b --rrule DTSTART;TZID=Europe/Berlin:20260101T000000";
    let output = sandbox.run_as_prefect(line)?;
    let hint = "You can provide a timezone by providing a dict with a `timezone` key to the --rrule option. E.g. \
                {'rrule': 'FREQ=MINUTELY;INTERVAL=5', 'timezone': 'America/New_York'}.\nAlternatively, you can provide \
                a timezone by passing in a --timezone argument.\n";
    ensure!(output.code == 1 && output.stdout.contains(hint), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn lists_schedules_like_the_reference() -> Result<()> {
    let reference = required_env("PREFECTL_TEST_REFERENCE")?;
    let api = Api::from_env()?;
    let sandbox = api.sandbox(
        "deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: pool-UNIQUE}
  schedules: [{cron: '0 5 * * *', active: false, slug: c}, {interval: 3600.5, slug: i}]
",
    )?;
    sandbox.run("deploy --all")?.success()?;
    let name = sandbox.unique("hello-UNIQUE/a");
    for output in ["", " --output json"] {
        let line = format!("deployment schedule ls {name}{output}");
        let ours = sandbox.run_as_prefect(&line)?.success()?.stdout;
        let theirs = Command::new(&reference)
            .args(line.split_whitespace())
            .env("PREFECT_API_URL", required_env("PREFECTL_TEST_API_URL")?)
            .env("PREFECT_HOME", sandbox.directory())
            .env("COLUMNS", "200")
            .output()?;
        let theirs = String::from_utf8(theirs.stdout)?;
        if output.is_empty() {
            let mut lines = [&ours, &theirs].map(|text| text.lines().map(str::trim_end).collect::<Vec<_>>());
            // The order of schedules that were created together is not defined.
            lines.iter_mut().for_each(|lines| lines.sort_unstable());
            ensure!(lines[0] == lines[1], "{ours}\n{theirs}");
        } else {
            let [ours, theirs] = [&ours, &theirs].map(|text| summaries(text));
            ensure!(ours? == theirs?, "the schedules differ");
        }
    }
    Ok(())
}

/// Returns the IDs, states and summaries of schedules in JSON, sorted.
fn summaries(json: &str) -> Result<Vec<String>> {
    let schedules: Vec<Value> = serde_json::from_str(json)?;
    let fields = ["id", "active", "schedule", "slug"];
    let mut summaries: Vec<String> =
        schedules.iter().map(|schedule| fields.map(|field| schedule[field].to_string()).join(" ")).collect();
    summaries.sort_unstable();
    Ok(summaries)
}
