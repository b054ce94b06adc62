//! Tests of errors about options. The errors name the option or its value and have no position in a file.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::support::Sandbox;

/// The top-level key has the same name as a deployment field.
const PROJECT: &str = "
name: flows
deployments:
- {name: a, entrypoint: 'flow.py:hello', tags: [etl], work_pool: {name: p}}
- {name: b, entrypoint: 'flow.py:hello', tags: [etl], work_pool: {name: p}}
environments:
  dev: {name_suffix: -dev}
";

fn project() -> Result<Sandbox> {
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", PROJECT)?;
    Ok(sandbox)
}

#[test]
fn errors_about_options_have_no_position() -> Result<()> {
    let sandbox = project()?;
    for (line, named) in [
        ("render --all --env nowhere", "'nowhere'"),
        ("render --select tag:elt", "tag:elt"),
        ("render --select tag:elt --env dev", "tag:elt"),
        ("render --select changed:nowhere...HEAD", "is not in a Git repository"),
        ("render -n zzz*", "zzz*"),
        ("render --all --preview PR", "'PR'"),
        ("render flow.py:hello -n new --param x -p p", "--param x"),
        ("render flow.py:hello -n new --params x -p p", "--params"),
        ("render flow.py:hello -n new -jv x -p p", "--job-variable"),
        ("render flow.py:hello -n new --trigger none.yaml -p p", "--trigger"),
        ("render flow.py:hello -n new --sla none.yaml -p p", "--sla"),
        ("render flow.py:hello -n new", "work pool"),
        ("render flow.py:nothing -n new -p p", "flow.py:nothing"),
        ("render flow.py:hello -n new/ -p p", "--name"),
        ("render flow.py:hello -n new -p p --cron nonsense", "--cron 'nonsense'"),
        ("render -n a --param nmae=1", "--param nmae=1"),
        ("render -n a --cron nonsense", "--cron 'nonsense'"),
    ] {
        for is_github in [false, true] {
            let variables = [
                ("GITHUB_ACTIONS", is_github.to_string()),
                ("GITHUB_WORKSPACE", sandbox.directory().to_string_lossy().into_owned()),
            ];
            let output = sandbox.run_with(&variables, line)?;
            ensure!(output.stderr.contains(named), "{line}: {output}");
            ensure!(
                !output.stderr.contains("prefect.yaml:") && !output.stderr.contains("file="),
                "{line}: {output}"
            );
        }
    }
    Ok(())
}

#[test]
fn documents_about_options_have_no_position() -> Result<()> {
    let sandbox = project()?;
    for (line, named) in [
        ("check --env nowhere", "'nowhere'"),
        ("check --select tag:elt", "tag:elt"),
        ("check --select changed:nowhere", "is not in a Git repository"),
        ("check none.yaml", "none.yaml"),
        ("check none/*.yaml", "none/*.yaml"),
    ] {
        let json = sandbox.run(&format!("{line} --output json"))?;
        let finding = json.json()?["diagnostics"][0].take();
        let message = finding["message"].as_str().context("a message")?;
        ensure!(message.contains(named) && finding["file"] == Value::Null, "{line}: {json}");
        let sarif = sandbox.run(&format!("{line} --output sarif"))?;
        let result = sarif.json()?["runs"][0]["results"][0].take();
        ensure!(
            result["message"]["text"].as_str().is_some_and(|text| text.contains(named)),
            "{line}: {sarif}"
        );
        ensure!(result.get("locations").is_none(), "{line}: {sarif}");
        let github = sandbox.run(&format!("{line} --output github"))?;
        ensure!(github.stdout.starts_with("::error title="), "{line}: {github}");
        ensure!(github.stdout.contains(named), "{line}: {github}");
    }
    Ok(())
}

/// An error about an environment's value has a position in the file that contains the value.
#[test]
fn errors_about_values_of_environments_have_the_position_of_the_value() -> Result<()> {
    let sandbox = project()?;
    for (overlay, place) in [
        ("deployments: [{name: a, schedules: [{cron: nonsense}]}]\n", "prefect.prod.yaml:1:"),
        ("deployments: [{name: b, tags: {x: 1}}]\n", "prefect.prod.yaml:1:31"),
        ("deployments: [{name: b, description: New.}]\n", "prefect.yaml:5:"),
    ] {
        let base =
            PROJECT.replace("name: b, entrypoint: 'flow.py:hello'", "name: b, entrypoint: 'none.py:hello'");
        sandbox.file("prefect.yaml", if place.starts_with("prefect.yaml") { &base } else { PROJECT })?;
        sandbox.file("prefect.prod.yaml", overlay)?;
        let output = sandbox.run("check --env prod")?;
        ensure!(output.code == 2 && output.stderr.contains(&format!("--> {place}")), "{overlay}: {output}");
    }
    sandbox.file("prefect.yaml", PROJECT)?;
    sandbox.file("prefect.prod.yaml", "deployments:\n- {name: a, work_pool: null}\n")?;
    let output = sandbox.run("render --all --env prod")?;
    ensure!(output.stderr.contains("error[no-work-pool]"), "{output}");
    ensure!(output.stderr.contains("--> prefect.prod.yaml:2:13\n"), "{output}");
    Ok(())
}

/// A duplicate key is reported once, in the file that contains it.
#[test]
fn duplicate_keys_are_reported_once_in_their_file() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let project = "deployments:\n- {name: a, name: b, entrypoint: 'flow.py:hello', work_pool: {name: p}}\n";
    sandbox.file("prefect.yaml", project)?;
    sandbox.file("prefect.prod.yaml", "name_suffix: -prod\nname_suffix: -prod\n")?;
    for (line, base, overlay) in [
        ("check", 1, 1),
        ("check --env prod", 1, 1),
        ("render --all", 1, 0),
        ("render --all --env prod", 1, 1),
    ] {
        let output = sandbox.run(line)?;
        let count = |place: &str| output.stderr.matches(&format!("--> {place}")).count();
        let counts = (count("prefect.yaml:2:13"), count("prefect.prod.yaml:2:1"));
        ensure!(counts == (base, overlay), "{line}: {output}");
        ensure!(
            output.stderr.matches("error[duplicate-key]").count()
                + output.stderr.matches("warning[duplicate-key]").count()
                == base + overlay,
            "{line}: {output}"
        );
    }
    Ok(())
}

#[test]
fn rejects_the_first_and_the_last_lines_of_a_log_at_once() -> Result<()> {
    let output = Sandbox::new()?.run("flow-run logs wise-owl --head --tail")?;
    let message = "Please provide either a `head` or `tail` option but not both.";
    ensure!(output.code == 2 && output.stderr.contains(message), "{output}");
    Ok(())
}
