//! prefectl through a link named `prefect`, in place of the reference.

use std::process::Command;

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::support::{Api, MockApi, Sandbox, required_env};

const TWO: &str = "
deployments:
- {name: one, entrypoint: 'flow.py:hello', work_pool: {name: pool}}
- {name: two, entrypoint: 'flow.py:goodbye', work_pool: {name: pool}}
";

#[test]
fn versions_are_those_of_prefect() -> Result<()> {
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
fn messages_go_to_stdout_in_the_words_of_the_reference() -> Result<()> {
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
fn several_deployments_have_a_panel_each() -> Result<()> {
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
fn schedules_are_listed_as_by_the_reference() -> Result<()> {
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

/// Returns the ids, states and summaries of schedules in JSON, sorted.
fn summaries(json: &str) -> Result<Vec<String>> {
    let schedules: Vec<Value> = serde_json::from_str(json)?;
    let fields = ["id", "active", "schedule", "slug"];
    let mut summaries: Vec<String> =
        schedules.iter().map(|schedule| fields.map(|field| schedule[field].to_string()).join(" ")).collect();
    summaries.sort_unstable();
    Ok(summaries)
}
