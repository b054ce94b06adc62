//! Tests of the questions that select one of multiple deployments.

use anyhow::{Result, ensure};

use crate::support::{FaultServer, Sandbox, Terminal};

const TWO: &str = "pull: []\ndeployments:\n\
    - {name: load-1, entrypoint: 'flow.py:hello', work_pool: {name: pool}, schedules: null}\n\
    - {name: load-2, entrypoint: 'flow.py:goodbye', work_pool: {name: pool}, schedules: null}\n";

#[test]
fn a_misspelled_name_is_reported_before_any_question() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), TWO)?;
    for (typed, similar) in
        [("laod-2", "goodbye-UNIQUE/load-2"), ("goodbye-UNIQUE/laod-2", "goodbye-UNIQUE/load-2")]
    {
        let mut terminal = Terminal::start(&sandbox, &format!("deploy -n {typed}"))?;
        let typed = sandbox.unique(typed);
        let before = terminal.sees(&format!(
            "No deployment is named '{typed}'; did you mean `{}`?",
            sandbox.unique(similar)
        ))?;
        ensure!(!before.contains("? "), "{before}");
        terminal
            .answers(&format!("Would you like to create a new deployment named '{typed}'? (y/N): "), "")?;
        let (code, seen) = terminal.ends()?;
        ensure!(code != 0 && seen.contains("no deployment was selected"), "{code}: {seen}");
    }
    assert_eq!(server.look(|api| api.writes), 0);

    // The only deployment of a file is not renamed without a question.
    sandbox.file("prefect.yaml", TWO.split_inclusive('\n').take(3).collect::<String>())?;
    let mut terminal = Terminal::start(&sandbox, "deploy -n laod-1")?;
    terminal.answers("Would you like to create a new deployment named 'laod-1'? (y/N): ", "y")?;
    terminal.sees("Select a flow to deploy")?;
    terminal.presses_control_c()?;
    assert_eq!(terminal.ends()?.0, 130);
    Ok(())
}

#[test]
fn a_new_name_with_an_entrypoint_needs_no_confirmation() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), TWO)?;
    let mut terminal = Terminal::start(&sandbox, "deploy flow.py:goodbye -n third -p pool")?;
    let before = terminal.sees("configure schedules for this deployment? (Y/n): ")?;
    ensure!(
        before.contains("No deployment is named 'third'") && !before.contains("create a new"),
        "{before}"
    );
    terminal.types("n\r")?;
    terminal.answers("deployments in the future? (y/N): ", "y")?;
    ensure!(terminal.ends()?.0 == 0);
    ensure!(sandbox.read("prefect.yaml")?.contains("name: third"));
    Ok(())
}

#[test]
fn the_list_of_deployments_offers_all_of_them() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), TWO)?;
    let mut terminal = Terminal::start(&sandbox, "deploy")?;
    terminal.sees("Would you like to use an existing deployment configuration?")?;
    terminal.sees("[Use arrows to move; enter to select; n to select none]")?;
    terminal.sees("No, configure a new deployment")?;
    terminal.types("\u{1b}[B\u{1b}[B\r")?;
    terminal.sees("All of them")?;
    let (code, seen) = terminal.ends()?;
    ensure!(code == 0 && seen.contains("2 created"), "{seen}");
    assert_eq!(server.look(|api| api.deployments().len()), 2);
    Ok(())
}
