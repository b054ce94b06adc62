//! Snapshots of terminal screens in three sizes.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::support::{FaultServer, RecordedTerminal, Sandbox, Terminal};

/// Rows and columns of a small, a large and a tiny terminal.
const SIZES: [(u16, u16); 3] = [(24, 80), (40, 120), (15, 40)];

const PROJECT: &str = "
build:
- prefect.deployments.steps.run_shell_script: {id: hash, script: sh hash.sh}
pull: []
deployments:
- {name: nightly, entrypoint: 'flow.py:hello', work_pool: {name: pool}, schedules: [{cron: 30 4 * * *, timezone: Asia/Kolkata, slug: a}]}
- {name: hourly, entrypoint: 'flow.py:goodbye', work_pool: {name: pool}, parameters: {}, description: 'Loads the orders of the last hour from the shop'}
";
/// The file `flow.py` with names that are the same in every run.
const FLOWS: &str = "from prefect import flow\n\n\n@flow\ndef hello(): ...\n\n\n@flow\ndef goodbye(): ...\n";

fn project() -> Result<(FaultServer, Sandbox)> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), PROJECT)?;
    sandbox.file("flow.py", FLOWS)?;
    sandbox.file("hash.sh", "echo the hash is\necho 0123456789abcdef\nsleep 0.5\n")?;
    Ok((server, sandbox))
}

/// Compares a screen with a snapshot, ignoring text that differs between runs.
fn assert_screen(name: &str, (rows, columns): (u16, u16), screen: &str) {
    insta::with_settings!({
        omit_expression => true,
        filters => vec![
            (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "[ID]"),
            // The end of an ID that wraps in a narrow column.
            (r"\b0{11}[0-9a-f]\b", "00000000000N"),
            (r"127\.0\.0\.1:\d+", "127.0.0.1:[PORT]"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d \w+", "[TIME]"),
            (r"\d{4}-\d\d-\d\d", "[DATE]    "),
            (r" +\d+\.\ds", " [TIME]"),
            (r"(?m)^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]", "⠋"),
            (r"(?m) +$", ""),
        ],
    }, {
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), screen);
    });
}

fn screen_with<'a>(texts: &'a [String], part: &str) -> Result<&'a String> {
    let found = texts.iter().find(|text| text.contains(part));
    found.with_context(|| format!("{part:?} is on no screen:\n{}", texts.join("\n---\n")))
}

fn last(output: &RecordedTerminal) -> Result<String> {
    ensure!(output.code < 2, "exit {}: {}", output.code, output.last()?);
    output.last()
}

#[test]
fn deploy_shows_steps_and_deployments() -> Result<()> {
    for size in SIZES {
        let (_server, sandbox) = project()?;
        let output = sandbox.run_at_terminal(size, "deploy --all", |_| {})?;
        let texts = output.texts()?;
        assert_screen("deploy_running", size, screen_with(&texts, "0123456789abcdef")?);
        assert_screen("deploy", size, &last(&output)?);
    }
    Ok(())
}

#[test]
fn plan_and_check_fit_the_terminal() -> Result<()> {
    let (_server, sandbox) = project()?;
    let wrong = PROJECT.replace("flow.py:goodbye", "flow.py:godbye").replace("30 4 * *", "30 25 * *");
    sandbox.file("wrong.yaml", wrong)?;
    for size in SIZES {
        assert_screen("plan", size, &last(&sandbox.run_at_terminal(size, "plan --all", |_| {})?)?);
        let check = sandbox.run_at_terminal(size, "check wrong.yaml", |_| {})?;
        ensure!(check.code == 2, "{}", check.last()?);
        assert_screen("check", size, &check.last()?);
    }
    Ok(())
}

fn pool(name: &str) -> Value {
    json!({
        "id": uuid::Uuid::new_v4(), "name": name, "type": "kubernetes", "is_paused": false, "status": "NOT_READY",
        "concurrency_limit": null, "base_job_template": {},
    })
}

#[test]
fn tables_fit_the_terminal() -> Result<()> {
    let (server, sandbox) = project()?;
    sandbox.run("deploy --all")?.success()?;
    server.change(|api| {
        api.answers.insert(
            "work_pools/filter".to_owned(),
            json!([pool("production"), pool("staging-of-the-data-team")]),
        );
    });
    for size in SIZES {
        for (name, line) in [
            ("work_pools", "work-pool ls"),
            ("deployments", "deployment ls"),
            ("schedules", "deployment schedule ls hello/nightly"),
        ] {
            let output = sandbox.run_at_terminal(size, line, |_| {})?;
            let screen = last(&output)?;
            let frames = screen.lines().filter(|line| !line.is_empty());
            for line in frames {
                let last = line.trim_end().chars().last();
                ensure!(
                    last.is_some_and(|last| "╮┐┤│╡┘╯┆".contains(last)),
                    "{size:?}: {line:?} in\n{screen}"
                );
            }
            assert_screen(name, size, &screen);
        }
    }
    Ok(())
}

#[test]
fn wizard_fits_the_terminal() -> Result<()> {
    for size in SIZES {
        let (_server, sandbox) = project()?;
        let mut terminal = Terminal::start_sized(&sandbox, "deploy", size)?;
        terminal.sees("No, configure a new deployment")?;
        terminal.types("n")?;
        terminal.sees("Enter a flow entrypoint manually")?;
        terminal.types("\r")?;
        terminal.sees("Deployment name (default): ")?;
        terminal.types("\r")?;
        terminal.sees("Create a new work pool")?;
        terminal.types("\r")?;
        terminal.sees("(Y/n): ")?;
        assert_screen("wizard", size, &terminal.screen()?);
        terminal.presses_control_c()?;
        ensure!(terminal.ends()?.0 == 130);
    }
    Ok(())
}
