//! Tests of the interactive wizard, and of cases without questions.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::support::{Api, FaultServer, Sandbox, Terminal};

/// Returns prefect.yaml without values that differ between runs.
fn file(sandbox: &Sandbox) -> Result<String> {
    let project = sandbox.directory().canonicalize()?;
    let text = sandbox.read("prefect.yaml")?.replace(&*project.to_string_lossy(), "[PROJECT]");
    Ok(text.replace(&sandbox.unique("UNIQUE"), "UNIQUE"))
}

/// Compares prefect.yaml with a snapshot, and checks that deploying it again changes nothing.
fn is_settled(sandbox: &Sandbox) -> Result<()> {
    let check = sandbox.run("check --strict")?.success()?;
    ensure!(check.stderr.contains("No problems found"), "{check}");
    let again = sandbox.run("deploy --all")?.success()?;
    let lines: Vec<&str> = again.stdout.lines().filter(|line| line.starts_with("Deployment ")).collect();
    ensure!(!lines.is_empty() && lines.iter().all(|line| line.ends_with("(unchanged)")), "{again}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_deployment_of_several_files_is_chosen() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    std::fs::remove_file(sandbox.directory().join("prefect.yaml"))?;
    for service in ["billing", "orders"] {
        sandbox.file(&format!("{service}/flow.py"), sandbox.read("flow.py")?)?;
        sandbox.file(
            &format!("{service}/prefect.yaml"),
            format!(
                "pull: []\ndeployments:\n- {{name: {service}, entrypoint: 'flow.py:hello', work_pool: {{name: \
                 pool-UNIQUE}}}}\n- {{name: {service}-2, entrypoint: 'flow.py:hello', work_pool: {{name: \
                 pool-UNIQUE}}}}\n"
            ),
        )?;
    }
    sandbox.file("prefect.toml", "[prefectl]\nfiles = [\"*/prefect.yaml\"]\n")?;
    let mut terminal = Terminal::start(&sandbox, "deploy")?;
    terminal.answers("Which deployment would you like to deploy?", "orders/prefect.yaml")?;
    terminal.sees(&sandbox.unique("hello-UNIQUE/orders"))?;
    assert_eq!(terminal.ends()?.0, 0);
    api.existing(&sandbox, "hello-UNIQUE/orders")?;
    assert!(api.deployment(&sandbox, "hello-UNIQUE/orders-2")?.is_none());
    let mut terminal = Terminal::start(&sandbox, "deploy")?;
    terminal.answers("Which deployment would you like to deploy?", "All of them")?;
    assert_eq!(terminal.ends()?.0, 0);
    api.existing(&sandbox, "hello-UNIQUE/billing-2")?;
    Ok(())
}

/// A deployment chosen from multiple files is completed like a deployment of a single file. Its paths are
/// relative to its own root.
#[test]
#[ignore = "needs services: run tests/run"]
fn missing_values_of_a_deployment_of_several_files_are_asked() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    std::fs::remove_file(sandbox.directory().join("prefect.yaml"))?;
    let flows = sandbox.read("flow.py")?;
    std::fs::remove_file(sandbox.directory().join("flow.py"))?;
    for service in ["billing", "orders"] {
        sandbox.file(&format!("{service}/flow.py"), &flows)?;
        let deployment = format!("{{name: {service}, entrypoint: 'flow.py:hello', tags: [t]}}");
        sandbox
            .file(&format!("{service}/prefect.yaml"), format!("pull: []\ndeployments:\n- {deployment}\n"))?;
    }
    for (line, question, name) in [
        ("deploy -f */prefect.yaml", Some("Which deployment would you like to deploy?"), "orders"),
        ("deploy -n billing -f billing/prefect.yaml -f orders/prefect.yaml", None, "billing"),
    ] {
        let mut terminal = Terminal::start(&sandbox, line)?;
        if let Some(question) = question {
            terminal.answers(question, "orders/prefect.yaml")?;
        }
        terminal.answers(
            "Which work pool would you like to deploy this flow to?",
            &sandbox.unique("pool-UNIQUE"),
        )?;
        terminal.answers("Would you like to configure schedules for this deployment?", "n")?;
        terminal.sees("created")?;
        terminal.answers("Would you like to save configuration", "y")?;
        terminal.sees(&format!("Deployment configuration saved to {name}/prefect.yaml!"))?;
        assert_eq!(terminal.ends()?.0, 0);
        let deployment = api.existing(&sandbox, &format!("hello-UNIQUE/{name}"))?;
        assert_eq!(deployment["work_pool_name"], json!(sandbox.unique("pool-UNIQUE")));
    }
    let output = sandbox.run("deploy --all -f */prefect.yaml --quiet")?.success()?;
    ensure!(output.stdout.matches("(unchanged)").count() == 2, "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn answers_create_a_deployment_and_a_file() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    std::fs::remove_file(sandbox.directory().join("prefect.yaml"))?;
    let mut terminal = Terminal::start(&sandbox, "deploy")?;
    terminal.sees("Scanning for flows...")?;
    terminal.answers("Select a flow to deploy", &sandbox.unique("hello-UNIQUE"))?;
    terminal.answers("Deployment name (default)", "first")?;
    terminal
        .answers("Which work pool would you like to deploy this flow to?", &sandbox.unique("pool-UNIQUE"))?;
    terminal.answers("remote storage location when running this flow?", "n")?;
    terminal.answers("Would you like to configure schedules for this deployment?", "")?;
    terminal.answers("What type of schedule would you like to use?", "Cron")?;
    terminal.answers("Cron string (0 0 * * *)", "61 9 * * *")?;
    terminal.answers("Please enter a valid cron string", "0 9 * * *")?;
    terminal.answers("Timezone (UTC)", "Europe/London")?;
    terminal.answers("Would you like to activate this schedule?", "y")?;
    terminal.answers("Would you like to add another schedule?", "")?;
    terminal.sees("created")?;
    let question =
        "Would you like to save configuration for this deployment for faster deployments in the future?";
    let shown = terminal.sees(question)?;
    ensure!(shown.contains("+ - name: first"), "the text is not shown:\n{shown}");
    terminal.types("y\r")?;
    terminal.sees("Deployment configuration saved to prefect.yaml!")?;
    let (code, _) = terminal.ends()?;
    assert_eq!(code, 0);
    insta::assert_snapshot!(file(&sandbox)?, @r#"
    # Deploy with `prefectl deploy --all`.
    # `prefectl check` validates this file without a server.

    name: project

    # Pull steps: run by workers before each flow run.
    pull:
    - prefect.deployments.steps.set_working_directory:
        directory: [PROJECT]

    # One item per deployment.
    deployments:
    - name: first
      entrypoint: flow.py:hello
      work_pool:
        name: pool-UNIQUE
      schedules:
      - cron: "0 9 * * *"
        timezone: Europe/London
    "#);
    let deployment = api.existing(&sandbox, "hello-UNIQUE/first")?;
    assert_eq!(deployment["work_pool_name"], json!(sandbox.unique("pool-UNIQUE")));
    assert_eq!(deployment["schedules"][0]["schedule"]["timezone"], "Europe/London");
    is_settled(&sandbox)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn saving_keeps_all_other_lines_of_the_file() -> Result<()> {
    let api = Api::from_env()?;
    let project = "# Ours.\nname: 'flows'   # quoted\n\npull: # on this machine\n- prefect.deployments.steps.set_working_directory:\n    \
                   directory: .\n\ndeployments:\n  - name: one # the first\n    entrypoint: flow.py:hello\n    \
                   work_pool: {name: pool-UNIQUE}\n    # tags: [later]\n\n# The end.\ndefinitions: {a: [1,2]}\n";
    let sandbox = api.sandbox(project)?;
    let mut terminal = Terminal::start(&sandbox, "deploy --tag t")?;
    // The last row declines the choice.
    terminal.answers("Would you like to use an existing deployment configuration?", "No, configure")?;
    terminal.answers("Select a flow to deploy", "goodbye")?;
    terminal.answers("Deployment name (default)", "")?;
    terminal.answers("Which work pool would you like to deploy this flow to?", "pool-x")?;
    terminal.types("\u{7f}")?;
    terminal.types(&format!("{}\r", sandbox.unique("UNIQUE")))?;
    terminal.answers("Would you like to configure schedules for this deployment?", "n")?;
    terminal.answers("Would you like to save configuration", "y")?;
    assert_eq!(terminal.ends()?.0, 0);
    insta::assert_snapshot!(file(&sandbox)?, @"
    # Ours.
    name: 'flows'   # quoted

    pull: # on this machine
    - prefect.deployments.steps.set_working_directory:
        directory: .

    deployments:
      - name: one # the first
        entrypoint: flow.py:hello
        work_pool: {name: pool-UNIQUE}
        # tags: [later]
      - name: default
        tags:
          - t
        entrypoint: flow.py:goodbye
        work_pool:
          name: pool-UNIQUE
        schedules: null

    # The end.
    definitions: {a: [1,2]}
    ");
    assert_eq!(api.existing(&sandbox, "goodbye-UNIQUE/default")?["tags"], json!(["t"]));
    sandbox.run("deploy -n one")?.success()?;
    is_settled(&sandbox)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn chosen_deployment_of_the_file_needs_no_more_answers() -> Result<()> {
    let api = Api::from_env()?;
    let entry =
        |name| format!("- {{name: {name}, entrypoint: 'flow.py:hello', work_pool: {{name: pool-UNIQUE}}}}\n");
    let project = format!("deployments:\n{}{}", entry("one"), entry("two"));
    let sandbox = api.sandbox(&project)?;
    let mut terminal = Terminal::start(&sandbox, "deploy")?;
    terminal.answers("Would you like to use an existing deployment configuration?", "two")?;
    let (code, seen) = terminal.ends()?;
    assert_eq!(code, 0, "{seen}");
    ensure!(!seen.contains("Would you like to save"), "{seen}");
    assert_eq!(api.registered(&sandbox)?, ["hello-UNIQUE", "two"]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn interrupt_at_a_question_changes_nothing() -> Result<()> {
    let api = Api::from_env()?;
    let project = "# Ours.\nname: p\n";
    let sandbox = api.sandbox(project)?;
    let mut terminal = Terminal::start(&sandbox, "deploy")?;
    terminal.answers("Select a flow to deploy", "hello")?;
    terminal.answers("Deployment name (default)", "")?;
    terminal.answers("Which work pool would you like to deploy this flow to?", "Create a new work pool")?;
    terminal.answers("What infrastructure type would you like to use for your new work pool?", "process")?;
    terminal.answers("Work pool name", &sandbox.unique("new-UNIQUE"))?;
    terminal.answers("remote storage location when running this flow?", "n")?;
    terminal.sees("Would you like to configure schedules for this deployment?")?;
    terminal.presses_control_c()?;
    let (code, _) = terminal.ends()?;
    assert_eq!(code, 130);
    assert_eq!(sandbox.read("prefect.yaml")?, project);
    assert_eq!(api.registered(&sandbox)?, Vec::<String>::new());
    let pool = sandbox.run("work-pool inspect new-UNIQUE")?;
    assert_eq!(pool.code, 1, "{pool}");

    // A signal instead of the key.
    let mut terminal = Terminal::start(&sandbox, "deploy")?;
    terminal.sees("Select a flow to deploy")?;
    terminal.signals("TERM")?;
    assert_eq!(terminal.ends()?.0, 143);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn asks_for_the_type_of_a_new_work_pool() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    let mut terminal = Terminal::start(&sandbox, "work-pool create other-UNIQUE")?;
    terminal.answers("What type of work pool infrastructure would you like to use?", "kubernetes")?;
    terminal.sees("Created work pool")?;
    assert_eq!(terminal.ends()?.0, 0);
    let pool = sandbox.run("work-pool inspect other-UNIQUE --output json")?.success()?.json()?;
    assert_eq!(pool["type"], "kubernetes");

    let mut terminal = Terminal::start(&sandbox, "work-pool delete other-UNIQUE")?;
    terminal.answers("Are you sure you want to delete work pool", "n")?;
    let (code, seen) = terminal.ends()?;
    assert_eq!(code, 1, "{seen}");
    let mut terminal = Terminal::start(&sandbox, "work-pool delete other-UNIQUE")?;
    terminal.sees("Are you sure you want to delete work pool")?;
    terminal.presses_control_c()?;
    assert_eq!(terminal.ends()?.0, 130);
    let mut terminal = Terminal::start(&sandbox, "work-pool delete other-UNIQUE")?;
    terminal.answers("Are you sure you want to delete work pool", "y")?;
    assert_eq!(terminal.ends()?.0, 0);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn stores_the_token_of_a_private_repository_in_a_block() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("name: p\n")?;
    for arguments in [
        &["init", "--quiet", "--initial-branch", "trunk"][..],
        &["remote", "add", "origin", "https://git.example.com/team/flows.git"],
        &[
            "-c",
            "user.name=a",
            "-c",
            "user.email=a@example.com",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "x",
        ],
    ] {
        let status = Command::new("git").args(arguments).current_dir(sandbox.directory()).status()?;
        ensure!(status.success(), "git ended with {status}");
    }
    let line = "deploy flow.py:hello -n UNIQUE -p pool-UNIQUE";
    let storage = "remote storage location when running this flow?";
    let block = sandbox.unique("deployment-UNIQUE-hello-UNIQUE-repo-token");
    for (kept, token) in [(None, "hunter2-first"), (Some("n"), "hunter2-second")] {
        let mut terminal = Terminal::start(&sandbox, line)?;
        terminal.answers(storage, "")?;
        terminal.answers("Please select a remote code storage option.", "Git")?;
        terminal.answers("Is https://git.example.com/team/flows.git the correct URL", "")?;
        terminal.answers("Is trunk the correct branch", "")?;
        terminal.answers("Is this a private repository?", "y")?;
        if let Some(answer) = kept {
            terminal.answers("Would you like use the existing token?", answer)?;
        }
        terminal.answers("Please enter a token", token)?;
        terminal.answers("Would you like to configure schedules", "n")?;
        terminal.answers("Would you like to save configuration", "n")?;
        let (code, seen) = terminal.ends()?;
        assert_eq!(code, 0);
        ensure!(!seen.contains("hunter2"), "the token is shown:\n{seen}");
        let path = format!("/block_types/slug/secret/block_documents/name/{block}?include_secrets=true");
        let stored = api.get(&path)?.context("no block")?;
        assert_eq!(stored["data"]["value"], token);
    }
    let deployment = api.existing(&sandbox, "hello-UNIQUE/UNIQUE")?;
    let clone = &deployment["pull_steps"][0]["prefect.deployments.steps.git_clone"];
    assert_eq!(
        clone,
        &json!({
            "repository": "https://git.example.com/team/flows.git",
            "branch": "trunk",
            "access_token": format!("{{{{ prefect.blocks.secret.{block} }}}}"),
        })
    );
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn asks_nothing_without_an_interactive_terminal() -> Result<()> {
    let api = Api::from_env()?;
    let two = "deployments:\n- {name: one, entrypoint: 'flow.py:hello'}\n- {name: two, entrypoint: 'flow.py:hello'}\n";
    let sandbox = api.sandbox(two)?;
    // CI terminals, and terminals with disabled prompts.
    let pipeline = api.sandbox(two)?.variable("CI", "true");
    let off = api.sandbox(two)?.variable("PREFECT_CLI_PROMPT", "false");
    for (sandbox, line) in [
        (&pipeline, "deploy"),
        (&off, "deploy"),
        (&sandbox, "deploy --no-prompt"),
        (&sandbox, "deploy -n one --no-prompt"),
    ] {
        let (code, seen) = Terminal::start(sandbox, line)?.ends()?;
        assert_eq!(code, 4, "{line}: {seen}");
    }
    // `CI=false` means that this is not a CI job.
    let no_pipeline = api.sandbox(two)?.variable("CI", "false");
    let mut terminal = Terminal::start(&no_pipeline, "deploy")?;
    terminal.sees("Would you like to use an existing deployment configuration?")?;
    terminal.presses_control_c()?;
    assert_eq!(terminal.ends()?.0, 130);
    // Without a terminal, no questions are asked, regardless of the color and prompt settings. The command
    // does not wait for pipes without data.
    for arguments in [
        &["deploy"][..],
        &["deploy", "--prompt"],
        &["deploy", "-n", "one"],
        &["work-pool", "create", "x-UNIQUE"],
    ] {
        let mut command = sandbox.command(arguments);
        command.env("FORCE_COLOR", "1").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let open = child.stdin.take();
        let status = child.wait()?;
        drop(open);
        assert_eq!(status.code(), Some(4), "{arguments:?}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn escapes_control_characters_in_choices() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(
        "deployments:\n- {name: \"a\\e]0;title\\ab\\e[2J\", description: \"x\\ny\\rz\"}\n- {name: b}\n",
    )?;
    let mut terminal = Terminal::start_raw(&sandbox, "deploy")?;
    terminal.sees("Would you like to use an existing deployment configuration?")?;
    let seen = terminal.sees("No, configure a new deployment")?;
    ensure!(!seen.contains("\u{1b}]0;") && !seen.contains("\u{1b}[2J"), "{seen:?}");
    ensure!(seen.contains("a\\u001b]0;title"), "{seen:?}");
    terminal.presses_control_c()?;
    assert_eq!(terminal.ends()?.0, 130);
    Ok(())
}

#[test]
fn edits_answers_with_the_keys_of_shells() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), "pull: []\n")?;
    let mut terminal = Terminal::start(&sandbox, "deploy flow.py:hello -p pool")?;
    terminal.sees("? Deployment name (default): ")?;
    // Ctrl-U and Ctrl-W delete backwards, Ctrl-A and Ctrl-E move, and Ctrl-K deletes to the end.
    terminal.types("wrong name\u{15}also wrong\u{17}\u{17}x\u{1}\u{b}st\u{1}fir\u{5}!\u{7f}\r")?;
    terminal.answers("configure schedules for this deployment? (Y/n): ", "yes\u{15}N")?;
    // After an invalid answer, the question is asked again. Enter accepts the default.
    terminal.answers("deployments in the future? (y/N): ", "perhaps")?;
    terminal.sees("Please enter Y or N")?;
    terminal.types("\u{15}\r")?;
    let (code, seen) = terminal.ends()?;
    ensure!(code == 0, "{seen}");
    let deployed = server.look(|api| api.deployments().join("\n"));
    ensure!(deployed.contains("\"name\":\"first\""), "{deployed}");
    assert_eq!(sandbox.read("prefect.yaml")?, "pull: []\n");
    Ok(())
}
