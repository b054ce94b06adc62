//! Runs the scripts of the documented GitHub Actions workflow for previews of pull requests.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, ensure};
use serde_yaml::Value;

use crate::support::{Api, Sandbox};

const PROJECT: &str = r#"
pull: []
deployments:
- name: daily
  entrypoint: flow.py:hello
  version: "1"
  work_pool: {name: pool-UNIQUE}
- name: leave
  entrypoint: other.py:goodbye
  version: "1"
  work_pool: {name: pool-UNIQUE}
"#;

const OTHER: &str = "from prefect import flow\n\n\n@flow(name='goodbye-UNIQUE')\ndef goodbye():\n    pass\n";

/// Replacement for `gh` that appends the arguments and the comment to a file.
const GH: &str =
    "#!/bin/sh\necho \"gh $*\" >> comments.txt\nfor last; do :; done\ncat \"$last\" >> comments.txt\n";

/// Reads a file in the prefectl repository.
fn repository_file(path: &str) -> Result<String> {
    Ok(fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))?)
}

/// Returns the workflow of the documentation.
fn workflow() -> Result<Value> {
    let page = repository_file("docs/src/monorepos.md")?;
    let rest = page.split_once("# .github/workflows/preview.yml\n").context("no workflow")?.1;
    Ok(serde_yaml::from_str(rest.split_once("\n```").context("an open code block")?.0)?)
}

/// An event of GitHub.
struct Event<'a> {
    name: &'a str,
    action: &'a str,
    number: String,
}

impl Event<'_> {
    /// Replaces the expressions of the workflow.
    fn fill(&self, text: &str) -> Result<String> {
        let mut text = text.to_owned();
        for (expression, value) in [
            ("github.event.number", self.number.as_str()),
            ("github.base_ref", "main"),
            ("github.head_ref", "change"),
            ("github.token", "token"),
        ] {
            text = text.replace(&format!("${{{{ {expression} }}}}"), value);
        }
        ensure!(!text.contains("${{"), "unknown expression in {text}");
        Ok(text)
    }

    /// Evaluates the condition of a job: comparisons that are joined with `&&`.
    fn meets(&self, condition: &str) -> Result<bool> {
        for comparison in condition.split("&&") {
            let (is_equal, (left, right)) = match comparison.split_once("!=") {
                Some(sides) => (false, sides),
                None => (true, comparison.split_once("==").context("no comparison")?),
            };
            let value = match left.trim() {
                "github.event.action" => self.action,
                "github.event_name" => self.name,
                other => anyhow::bail!("unknown expression {other}"),
            };
            if (value == right.trim().trim_matches('\'')) != is_equal {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Runs the scripts of all jobs whose condition the event meets. Returns the names of these jobs.
fn run(workflow: &Value, event: &Event<'_>, sandbox: &Sandbox) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for (name, job) in workflow["jobs"].as_mapping().context("no jobs")? {
        if !event.meets(job["if"].as_str().context("no condition")?)? {
            continue;
        }
        names.push(name.as_str().context("a name")?.to_owned());
        for step in job["steps"].as_sequence().context("no steps")? {
            let Some(script) = step["run"].as_str() else { continue };
            let mut command =
                sandbox.bash(&format!("export PATH=$PWD/bin:$PATH\nset -eo pipefail\n{script}"), &[])?;
            for variables in [&workflow["env"], &step["env"]] {
                for (variable, value) in variables.as_mapping().into_iter().flatten() {
                    let (variable, value) = (variable.as_str(), value.as_str().context("a string")?);
                    // The secrets come from the sandbox.
                    if value.contains("secrets.") || variable == Some("PREFECTL_PROJECT") {
                        continue;
                    }
                    command.env(variable.context("a name")?, event.fill(value)?);
                }
            }
            let output = command.output()?;
            ensure!(output.status.success(), "{script}\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    Ok(names)
}

fn git(sandbox: &Sandbox, line: &str) -> Result<()> {
    let mut command = Command::new("git");
    command.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]);
    let output = command.args(line.split_whitespace()).current_dir(sandbox.directory()).output()?;
    ensure!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Returns the names of the copies on the server.
fn copies(api: &Api, sandbox: &Sandbox) -> Result<Vec<String>> {
    let mut names = api.registered(sandbox)?;
    names.retain(|name| name.contains("--"));
    names.sort();
    Ok(names)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn workflow_deploys_updates_and_deletes_previews() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let project = sandbox.unique("own-UNIQUE");
    let sandbox = sandbox.variable("PREFECTL_PROJECT", project);
    let event = |name, action| Event { name, action, number: sandbox.unique("UNIQUE") };
    let workflow = workflow()?;
    sandbox.file("other.py", OTHER)?;
    sandbox.file("bin/gh", GH)?;
    sandbox.file(".gitignore", "bin/\ncomments.txt\ncomment.md\npreview.json\n")?;
    git(&sandbox, "init --quiet --initial-branch main")?;
    git(&sandbox, "add --all")?;
    git(&sandbox, "commit --quiet --message Base")?;
    git(&sandbox, "update-ref refs/remotes/origin/main HEAD")?;
    sandbox.bash("chmod +x bin/gh", &[])?.status()?;
    let change = |version: &str| -> Result<()> {
        sandbox.file("other.py", OTHER.replace("pass", &format!("return {version}")))?;
        git(&sandbox, "commit --quiet --all --message Change")
    };

    change("1")?;
    assert_eq!(run(&workflow, &event("pull_request", "opened"), &sandbox)?, ["deploy"]);
    assert_eq!(copies(&api, &sandbox)?, ["leave--pr-UNIQUE"]);
    let comment = sandbox.unique(&sandbox.read("comments.txt")?);
    assert!(comment.starts_with("gh pr comment "), "{comment}");
    assert!(comment.contains("--edit-last --create-if-none --body-file comment.md\n"), "{comment}");
    assert!(comment.contains(&sandbox.unique("- [goodbye-UNIQUE/leave--pr-UNIQUE](http")), "{comment}");
    assert!(comment.contains(&sandbox.unique("goodbye-UNIQUE/leave")), "{comment}");

    sandbox
        .file("prefect.yaml", sandbox.read("prefect.yaml")?.replace("version: \"1\"", "version: \"2\""))?;
    change("2")?;
    assert_eq!(run(&workflow, &event("pull_request", "synchronize"), &sandbox)?, ["deploy"]);
    assert_eq!(copies(&api, &sandbox)?, ["daily--pr-UNIQUE", "leave--pr-UNIQUE"]);
    assert_eq!(api.existing(&sandbox, "goodbye-UNIQUE/leave--pr-UNIQUE")?["version"], "2");
    assert_eq!(sandbox.read("comments.txt")?.matches("gh pr comment").count(), 2);

    // Previews that were deployed just now are not pruned.
    assert_eq!(run(&workflow, &event("schedule", ""), &sandbox)?, ["prune"]);
    assert_eq!(copies(&api, &sandbox)?.len(), 2);

    for _ in 0..2 {
        assert_eq!(run(&workflow, &event("pull_request", "closed"), &sandbox)?, ["delete"]);
        assert_eq!(copies(&api, &sandbox)?, [""; 0]);
    }
    Ok(())
}

/// The example has the same jobs as the documentation.
#[test]
fn example_has_the_workflow_of_the_documentation() -> Result<()> {
    let example: Value =
        serde_yaml::from_str(&repository_file("examples/monorepo/.github/workflows/preview.yml")?)?;
    let documented = workflow()?;
    for key in ["on", "permissions", "concurrency", "jobs"] {
        assert_eq!(example[key], documented[key], "{key}");
    }
    Ok(())
}
