//! Tests of output that cannot be written, and of output that CI services parse.

use anyhow::{Context as _, Result, ensure};

use crate::support::{MockApi, Sandbox};

const PROJECT: &str = "
deployments:
- {name: one, entrypoint: 'flow.py:hello', work_pool: {name: pool}}
";

/// Project text that contains workflow commands.
const HOSTILE: &str = r###"
deployments:
- name: "one"
  entrypoint: flow.py:hello
  "::stop-commands::none": 1
  "a\n::error::b": 1
  "\e[31m::add-mask::x\e[0m": 1
  "##vso[task.complete result=Succeeded;]": 1
  "##[group]": 1
  description: "section_start:1:x"
  work_pool: {name: "p\n  ::set-output name=approved::true\n##vso[x]"}
"###;

#[cfg(target_os = "linux")]
#[test]
fn fails_if_the_result_cannot_be_written() -> Result<()> {
    let api = MockApi::keeping()?;
    let sandbox = Sandbox::for_project(&api.url(), PROJECT)?;
    for (line, code) in [
        ("render --all", 1),
        ("plan --all --output json", 1),
        ("check --output sarif", 1),
        ("schema", 1),
        ("config view", 1),
        ("--help", 1),
        ("help templates", 1),
        ("completions bash", 1),
        ("deploy --all --output json", 3),
    ] {
        let script = format!("prefectl {line} > /dev/full");
        let output = sandbox.bash(&script, &[])?.output().context("bash")?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(code), "{line}: {:?}: {stderr}", output.status.code());
        ensure!(
            stderr.contains("error: cannot write to stdout: No space left on device"),
            "{line}: {stderr}"
        );
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_closed_pipe_is_not_an_error() -> Result<()> {
    let sandbox = Sandbox::new()?;
    for line in ["schema", "help templates", "--help", "explain"] {
        let script = format!("set -o pipefail; prefectl {line} | true");
        let output = sandbox.bash(&script, &[])?.output().context("bash")?;
        ensure!(output.status.code() == Some(0) && output.stderr.is_empty(), "{line}: {output:?}");
    }
    Ok(())
}

#[test]
fn project_text_never_becomes_a_workflow_command() -> Result<()> {
    let api = MockApi::with_pool()?;
    let sandbox = Sandbox::for_project(&api.url(), HOSTILE)?;
    for service in ["GITHUB_ACTIONS", "TF_BUILD", "GITLAB_CI"] {
        for line in ["check", "check --output json", "plan --all", "render --all", "deploy --all", "doctor"] {
            let variables = [
                (service, "true".to_owned()),
                ("GITHUB_WORKSPACE", sandbox.directory().to_string_lossy().into_owned()),
            ];
            let output = sandbox.run_with(&variables, line)?;
            let text = format!("{}\n{}", output.stdout, output.stderr);
            for line in text.lines() {
                let own = ["::error", "::warning"].iter().any(|command| {
                    line.strip_prefix(command).is_some_and(|rest| rest.starts_with([' ', ':']))
                });
                let is_command = line.trim_start().starts_with("::") && !own;
                ensure!(!is_command, "{service}: {line:?} in\n{text}");
                ensure!(own || !(line.contains("##vso[") || line.contains("##[")), "{service}: {line:?}");
                ensure!(!line.contains("section_start:"), "{service}: {line:?}");
            }
        }
    }
    Ok(())
}

#[cfg(unix)]
#[test]
fn a_result_in_a_file_is_not_escaped() -> Result<()> {
    let sandbox = Sandbox::new()?.variable("GITHUB_ACTIONS", "true");
    sandbox.file("prefect.yaml", PROJECT.replace("work_pool:", "description: 'a ##[b]', work_pool:"))?;
    let output = sandbox.bash("prefectl render --all > out.yaml", &[])?.output().context("bash")?;
    ensure!(output.status.success(), "{output:?}");
    ensure!(sandbox.read("out.yaml")?.contains("a ##[b]"));
    let piped = sandbox.run("render --all")?.success()?;
    ensure!(!piped.stdout.contains("##["), "{piped}");
    Ok(())
}

const OPTIONS: &str = "
pull: []
deployments:
- name: a
  entrypoint: flow.py:hello
  work_pool: {name: pool}
  parameters: {times: 2}
";

#[test]
fn warnings_about_options_name_no_line_of_the_file() -> Result<()> {
    let api = MockApi::with_pool()?;
    let sandbox = Sandbox::for_project(&api.url(), OPTIONS)?;
    let output = sandbox.run("deploy -n a --param nope=abc")?;
    let warning = "warning[unknown-parameter]: --param nope=abc: the flow has no parameter 'nope'";
    ensure!(output.stderr.matches("has no parameter 'nope'").count() == 1, "{output}");
    ensure!(output.stderr.contains(warning) && !output.stderr.contains("--> prefect.yaml"), "{output}");
    Ok(())
}
