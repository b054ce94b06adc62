//! Tests of help texts, topics and manual pages.

use std::{fmt::Write as _, fs, process::Command};

use anyhow::{Context as _, Result, ensure};

use crate::support::Sandbox;

#[test]
fn lists_and_prints_help_topics() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let root = sandbox.run("help")?.success()?;
    for (topic, part) in [
        ("prefect.yaml", "work_pool"),
        ("templates", "<< git.branch | slugify >>"),
        ("exit-codes", "a step failed; nothing was registered"),
        ("environment", "PREFECT_API_URL"),
    ] {
        ensure!(root.stdout.contains(&format!("prefectl help {topic} ")), "{topic} is not listed: {root}");
        let output = sandbox.run(&format!("help {topic}"))?.success()?;
        ensure!(output.stdout.contains(part) && output.stderr.is_empty(), "{topic}: {output}");
    }
    let command = sandbox.run("help work-pool create")?.success()?;
    ensure!(command.stdout.contains("Usage: prefectl work-pool create"), "{command}");
    ensure!(sandbox.run("help nothing")?.code == 2);
    Ok(())
}

#[test]
fn names_in_the_help_for_templates_can_be_used_in_expressions() -> Result<()> {
    const PROJECT: &str = "
build:
- prefect_docker.deployments.steps.build_docker_image: {id: build-image, image_name: flows}
deployments:
- name: default
  entrypoint: flow.py:hello
  work_pool: {name: local}
  tags:
";
    let sandbox = Sandbox::new()?.variable("NAME", "value");
    let repository =
        Command::new("git").args(["init", "--quiet"]).current_dir(sandbox.directory()).status()?;
    ensure!(repository.success());
    let commit = "-c user.name=A -c user.email=a@example.com commit --quiet --allow-empty --message first";
    let commit = Command::new("git").args(commit.split(' ')).current_dir(sandbox.directory()).status()?;
    ensure!(commit.success());
    let help = sandbox.run("help templates")?.success()?.stdout;
    let (_, table) = help.split_once("an error with its location is reported:\n").context("the table")?;
    let rows = table.lines().map_while(|line| line.strip_prefix("  ")?.split_once("  "));
    let names: Vec<&str> = rows.flat_map(|(names, _)| names.split(", ")).collect();
    ensure!(names.contains(&"git.branch") && names.contains(&"deployment.name"), "{names:?}");
    let mut project = PROJECT.to_owned();
    for name in &names {
        writeln!(project, "  - << {name} is none or {name} >>")?;
    }
    sandbox.file("prefect.yaml", project)?;
    let rendered = sandbox.run("render")?;
    ensure!(rendered.code == 0, "{rendered}");
    Ok(())
}

#[test]
fn generates_manual_pages_and_completion_scripts() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.run("generate man out/man")?.success()?;
    sandbox.run("generate completions out/completions")?.success()?;
    let names = |folder: &str| -> Result<Vec<String>> {
        let entries = fs::read_dir(sandbox.directory().join(folder))?.collect::<Result<Vec<_>, _>>()?;
        Ok(entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect())
    };
    let pages = names("out/man")?;
    for page in ["prefectl.1", "prefectl-deploy.1", "prefectl-deployment-schedule-create.1"] {
        ensure!(pages.contains(&page.to_owned()), "{page} is not in {pages:?}");
    }
    let page = sandbox.read("out/man/prefectl-deploy.1")?;
    ensure!(page.contains(".SH NAME") && page.contains("prefectl deploy \\-\\-all"), "{page}");
    let scripts = names("out/completions")?;
    ensure!(scripts.len() == 4, "{scripts:?}");
    let bash = sandbox.run("completions bash")?.success()?;
    ensure!(sandbox.read("out/completions/prefectl.bash")?.trim_end() == bash.stdout.trim_end());
    let refused = sandbox.run("generate man flow.py")?;
    ensure!(refused.code == 1 && refused.stderr.contains("flow.py"), "{refused}");
    let hidden = sandbox.run("--help")?.success()?;
    ensure!(!hidden.stdout.contains("generate"), "{hidden}");
    Ok(())
}
