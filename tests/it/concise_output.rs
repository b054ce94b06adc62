//! Tests of short output without repetitions, and of suggestions for misspelled names.

use std::{fmt::Write as _, fs};

use anyhow::{Result, ensure};
use serde_json::json;

use crate::support::{Api, FaultServer, Sandbox, Terminal, assert_output, wait_until};

/// Returns a project file with `count` deployments.
fn project(count: usize) -> String {
    let mut text = "pull: []\ndeployments:\n".to_owned();
    for number in 0..count {
        let _ = writeln!(
            text,
            "- {{name: d{number:02}, entrypoint: 'flow.py:hello', work_pool: {{name: pool}}}}"
        );
    }
    text
}

#[test]
fn names_each_of_many_deployments_once() -> Result<()> {
    const COUNT: usize = 60;
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), &project(COUNT))?;
    let piped = sandbox.run("deploy --all")?.success()?;
    let terminal = sandbox.run_at_terminal((24, 100), "deploy --all", |_| {})?;
    let last = terminal.last()?;
    ensure!(terminal.code == 0, "{last}");
    for number in 0..COUNT {
        let name = sandbox.unique(&format!("hello-UNIQUE/d{number:02}"));
        // The example after the results names the first deployment.
        let hint = usize::from(number == 0);
        for text in [&piped.to_string().replace("hello-UNIQUE", &sandbox.unique("hello-UNIQUE")), &last] {
            ensure!(text.matches(&name).count() == 1 + hint, "{name} in\n{text}");
        }
    }
    ensure!(last.lines().count() < COUNT + 15, "{} lines:\n{last}", last.lines().count());
    ensure!(last.contains("60 unchanged in "), "{last}");
    Ok(())
}

#[test]
fn a_progress_bar_counts_many_deployments() -> Result<()> {
    // Writing this many deployments takes longer than the refresh interval of the view.
    const COUNT: usize = 1200;
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), &project(COUNT))?;
    let terminal = sandbox.run_at_terminal((12, 80), "deploy --all", |_| {})?;
    ensure!(terminal.code == 0, "{}", terminal.last()?);
    let texts = terminal.texts()?;
    let bar = texts.iter().find(|text| text.contains("/1200 deployments"));
    ensure!(bar.is_some_and(|text| text.contains("░ ")), "{}", texts.join("\n---\n"));
    ensure!(!terminal.wrapped()?);
    Ok(())
}

#[test]
fn results_are_short_for_people_and_sentences_for_programs() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), &project(1))?;
    let simple = |command: &mut std::process::Command| {
        command.env("TERM", "dumb");
    };
    let name = sandbox.unique("hello-UNIQUE/d00");
    for word in ["created", "unchanged"] {
        let shown = sandbox.run_at_terminal((24, 120), "deploy --all", simple)?.last()?;
        ensure!(shown.lines().any(|line| line == format!("{word} {name}")), "{shown}");
        ensure!(!shown.contains("successfully created"), "{shown}");
    }
    let piped = sandbox.run("deploy --all")?.success()?;
    ensure!(piped.stdout.contains(&format!("Deployment '{name}' successfully created with id ")), "{piped}");
    let link = sandbox.run_as_prefect("deploy --all")?.success()?;
    ensure!(link.stdout.contains(&format!("Deployment '{name}' successfully created with id ")), "{link}");
    Ok(())
}

#[test]
fn colors_do_not_change_the_number_of_lines() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), &project(3))?;
    sandbox.run("deploy --all")?.success()?;
    for line in ["deploy --all", "plan --all", "check", "work-pool ls"] {
        let shown = |colors: bool| -> Result<Vec<String>> {
            let terminal = sandbox.run_at_terminal((40, 100), line, |command| {
                if colors {
                    command.env_remove("NO_COLOR");
                }
            })?;
            Ok(terminal
                .last()?
                .lines()
                .map(|line| line.split(" in ").next().unwrap_or(line).to_owned())
                .collect())
        };
        assert_eq!(shown(true)?.len(), shown(false)?.len(), "{line}");
    }
    Ok(())
}

#[test]
fn a_plan_counts_a_duplicate_once() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox =
        Sandbox::for_project(&server.url(), &project(1).replace("\n- {", "\n- {description: first, "))?;
    let text = sandbox.read("prefect.yaml")?;
    let second = text.lines().last().unwrap_or_default().replace("first", "second");
    sandbox.file("prefect.yaml", format!("{text}{second}\n"))?;
    let plan = sandbox.run("plan --all")?.success()?;
    ensure!(plan.stdout.contains("Plan: 1 to create."), "{plan}");
    ensure!(plan.stdout.contains("second") && !plan.stdout.contains("first"), "{plan}");
    Ok(())
}

#[test]
fn profile_lists_mark_the_active_profile() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let output = sandbox.run("profile ls")?.success()?;
    ensure!(output.stdout.ends_with("\n\n(* marks the active profile)\n"), "{output}");
    let link = sandbox.run_as_prefect("profile ls")?.success()?;
    ensure!(link.stdout.trim_end().ends_with("* active profile"), "{link}");
    ensure!(link.stdout.contains("┃ Available Profiles: ┃"), "{link}");
    let output = sandbox.run("--profile loacl config view")?;
    assert_output!(output, @"
    exit 2
    --- stderr
    error: Unknown profile 'loacl'.
    help: did you mean 'local'?
    ");
    let output = sandbox.run("profile use loacl")?;
    assert_output!(output, @"
    exit 2
    --- stderr
    error: Profile 'loacl' not found.
    help: did you mean 'local'?
    ");
    Ok(())
}

#[test]
fn a_misspelled_state_gets_a_note() -> Result<()> {
    let server = FaultServer::start()?;
    server.change(|api| {
        api.answers.insert("flow_runs/filter".to_owned(), json!([]));
    });
    let sandbox = Sandbox::new()?.variable("PREFECT_API_URL", server.url());
    let output = sandbox.run("flow-run ls --state Runnig")?;
    assert_output!(output, @"
    exit 0
    --- stdout
    No flow runs found.
    --- stderr
    no flow run is in the state 'Runnig'; did you mean 'Running'? the states that Prefect defines are Scheduled, Pending, Running, Completed, Failed, Cancelled, Crashed, Paused, Cancelling, Suspended, AwaitingRetry, Retrying, Late
    ");
    // Flows can define custom states.
    let output = sandbox.run("flow-run ls --state Deduplicated")?.success()?;
    ensure!(output.stderr.contains("the states that Prefect defines are Scheduled, "), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn suggests_similar_names_on_the_server() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(
        "pull: []\ndeployments:\n- {name: nightly, entrypoint: 'flow.py:hello', work_pool: {name: pool-UNIQUE}}\n",
    )?;
    for line in
        ["deploy --all", "variable set var_UNIQUE 1", "work-queue create queue-UNIQUE --pool pool-UNIQUE"]
    {
        sandbox.run(line)?.success()?;
    }
    for (line, similar) in [
        ("deployment inspect hello-UNIQUE/nighlty", "hello-UNIQUE/nightly"),
        ("deployment run hello-UNIQUE/nighlty", "hello-UNIQUE/nightly"),
        ("deployment schedule ls hello-UNIQUE/nighlty", "hello-UNIQUE/nightly"),
        ("work-pool inspect poool-UNIQUE", "pool-UNIQUE"),
        ("work-pool delete poool-UNIQUE --yes", "pool-UNIQUE"),
        ("work-queue inspect quue-UNIQUE --pool pool-UNIQUE", "queue-UNIQUE"),
        ("work-queue ls --pool poool-UNIQUE", "pool-UNIQUE"),
        ("variable get vra_UNIQUE", "var_UNIQUE"),
    ] {
        let output = sandbox.run(line)?;
        ensure!(output.code != 0, "{line}: {output}");
        let help = format!("help: did you mean '{}'?", sandbox.unique(similar));
        ensure!(output.stderr.contains(&help), "{line}: {output}");
    }
    let note = sandbox.unique("flow 'helo-UNIQUE' does not exist; did you mean 'hello-UNIQUE'?");
    for line in ["deployment ls helo-UNIQUE", "flow-run ls --flow-name helo-UNIQUE"] {
        let output = sandbox.run(line)?.success()?;
        ensure!(output.stderr.contains(&note), "{line}: {output}");
    }
    Ok(())
}

#[test]
fn opens_a_deployment_in_the_browser() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), &project(1))?;
    sandbox.run("deploy --all")?.success()?;
    sandbox.file("browser", "#!/bin/sh\necho \"$1\" > opened.new && mv opened.new opened\n")?;
    let browser = sandbox.directory().join("browser");
    fs::set_permissions(&browser, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let line = "open deployment hello-UNIQUE/d00";
    let shown = sandbox.run_at_terminal((24, 120), line, |command| {
        command.env("BROWSER", &browser);
    })?;
    let opened = sandbox.directory().join("opened");
    wait_until("the browser has opened", || opened.exists())?;
    let url = fs::read_to_string(&opened)?;
    ensure!(url.contains("/deployments/deployment/"), "{url}");
    ensure!(shown.code == 0 && shown.last()?.trim() == url.trim(), "{}", shown.last()?);

    // Without a browser and without a terminal, the URL is printed.
    let shown = sandbox.run_at_terminal((24, 120), line, |_| {})?;
    ensure!(shown.code == 0 && shown.last()?.starts_with(url.trim()), "{}", shown.last()?);
    ensure!(shown.last()?.contains("no browser was found"), "{}", shown.last()?);
    let output = sandbox.run(line)?.success()?;
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), (url.as_str(), ""));
    Ok(())
}

#[test]
fn many_runs_need_consent() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), &project(21))?;
    sandbox.run("deploy --all")?.success()?;
    let runs = || server.look(|api| api.runs.len());
    let refused = sandbox.run("deployment run hello-UNIQUE/*")?;
    ensure!(refused.code == 4 && refused.stderr.contains("add --yes to confirm"), "{refused}");
    assert_eq!(runs(), 0);
    sandbox.run("deployment run hello-UNIQUE/d0*")?.success()?;
    assert_eq!(runs(), 10, "up to 20 runs need no consent without a terminal");
    sandbox.run("deployment run hello-UNIQUE/* --yes")?.success()?;
    assert_eq!(runs(), 31);

    // On a terminal, the command prompts if multiple objects match.
    let mut terminal = Terminal::start(&sandbox, "deployment run hello-UNIQUE/d0*")?;
    terminal.answers("(y/N): ", "")?;
    let (code, seen) = terminal.ends()?;
    ensure!(code == 1 && seen.contains("Run aborted."), "{code}: {seen}");
    assert_eq!(runs(), 31);
    Ok(())
}

#[test]
fn one_cause_in_many_deployments_is_one_finding() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), &project(60).replace("flow.py:hello", "flow.py:helo"))?;
    for line in ["deploy --all", "plan --all"] {
        let output = sandbox.run(line)?;
        let text = output.to_string();
        ensure!(text.matches("Flow function with name 'helo' not found").count() == 1, "{line}: {output}");
        ensure!(text.contains("also at prefect.yaml:") && text.lines().count() < 20, "{line}: {output}");
    }

    // An empty directory results in a single error, whose help suggests the next step.
    fs::remove_file(sandbox.directory().join("prefect.yaml"))?;
    let output = sandbox.run("deploy --all")?;
    ensure!(output.stderr.matches("error").count() == 1, "{output}");
    ensure!(output.stderr.contains("prefectl init"), "{output}");
    let unmatched = Sandbox::for_project(&server.url(), &project(2))?.run("deploy -n zzz*")?;
    ensure!(unmatched.stderr.contains("no deployment matches zzz*"), "{unmatched}");
    Ok(())
}
