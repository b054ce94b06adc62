//! The `run_shell_script` step runs each line of a script as a separate process.

use std::{collections::BTreeMap, io, path::PathBuf};

use serde::Deserialize;

use super::{
    Input, Kind, LocalAccess, RunFuture, Sharing, Step, StepContext, StepEntry, StepError, StepKind, inputs,
    printed_outputs, shell_words,
};
use crate::{
    environment::Environment,
    process::{self, BoundedOutput, Finished, Program},
    value::Mapping,
};

pub(super) const ENTRY: StepEntry = StepEntry {
    name: "prefect.deployments.steps.run_shell_script",
    aliases: &["prefect.deployments.steps.utility.run_shell_script"],
    kind: StepKind::RunShellScript,
    section: None,
    sharing: Sharing::SamePlace,
    access: |_| LocalAccess::Writes,
    inputs: &[
        Input::required("script", Kind::Text, "one command per line"),
        Input::optional("directory", Kind::Text, "the current directory", "working directory"),
        Input::optional("env", Kind::TextMapping, "", "environment variables to set"),
        Input::optional("stream_output", Kind::Boolean, "true", "show the output while the step runs"),
        Input::optional("expand_env_vars", Kind::Boolean, "false", "expand `$NAME` before running"),
        Input::optional("shell", Kind::Boolean, "false", "run each line with `/bin/sh -c`"),
    ],
    outputs: &["stdout", "stderr"],
    create: |mapping| Ok(Box::new(inputs::typed::<ShellScript>(mapping)?)),
};

#[derive(Debug, Deserialize)]
struct ShellScript {
    script: String,
    directory: Option<PathBuf>,
    env: Option<BTreeMap<String, String>>,
    #[serde(default = "inputs::yes", deserialize_with = "inputs::true_or_not")]
    stream_output: bool,
    expand_env_vars: Option<bool>,
    shell: Option<bool>,
}

impl Step for ShellScript {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a> {
        Box::pin(async move { self.run_lines(context).await.map(Some) })
    }
}

impl ShellScript {
    async fn run_lines(&self, context: &StepContext<'_>) -> Result<Mapping, StepError> {
        let directory = context.resolve_directory(self.directory.as_deref())?;
        let no_variables = BTreeMap::new();
        let variables = self.env.as_ref().unwrap_or(&no_variables);
        let progress = self.stream_output.then_some(context.progress);
        let (mut stdout, mut stderr) = (BoundedOutput::default(), BoundedOutput::default());
        for line in shell_words::lines(&self.script).filter(|line| !line.trim().is_empty()) {
            let words = self.words(line, &context.environment, variables)?;
            let Some((program, arguments)) = words.split_first() else { continue };
            let program = Program {
                program,
                arguments,
                directory: &directory,
                environment: &context.environment,
                variables,
            };
            let finished = process::run(&program, progress)
                .await
                .map_err(|error| not_started(line, program.program, &error))?;
            stdout.add(finished.stdout.as_bytes());
            stderr.add(finished.stderr.as_bytes());
            if finished.code != 0 {
                return Err(failed(line, &finished, &stderr.into_text()));
            }
        }
        Ok(printed_outputs(&stdout.into_text(), &stderr.into_text()))
    }

    fn words(
        &self,
        line: &str,
        environment: &Environment,
        variables: &BTreeMap<String, String>,
    ) -> Result<Vec<String>, StepError> {
        let lookup = |name: &str| variables.get(name).map(String::as_str).or(environment.get(name));
        let line = if self.expand_env_vars.unwrap_or(false) {
            shell_words::expand(line, lookup)
        } else {
            line.to_owned()
        };
        if self.shell.unwrap_or(false) {
            return Ok(vec!["/bin/sh".into(), "-c".into(), line.trim().into()]);
        }
        shell_words::split_words(&line)
            .map_err(|error| StepError::input("script", format!("{error} in the line `{}`", line.trim())))
    }
}

fn not_started(line: &str, program: &str, error: &io::Error) -> StepError {
    let line = line.trim();
    if error.kind() != io::ErrorKind::NotFound {
        return StepError::failed(format!("cannot start `{line}`: {error}"));
    }
    StepError::Failed {
        message: format!("program '{program}' does not exist (in the line `{line}`)"),
        help: Some(
            "each line runs as a program without a shell; set `shell: true` to run it with /bin/sh".into(),
        ),
    }
}

fn failed(line: &str, finished: &Finished, stderr: &str) -> StepError {
    let last_lines: Vec<&str> = stderr.trim_end().lines().rev().take(20).collect();
    let message: Vec<&str> = last_lines.into_iter().rev().collect();
    StepError::failed(format!(
        "`run_shell_script` failed with error code {}: {}\n  in the line `{}`",
        finished.code,
        message.join("\n  | "),
        line.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{progress::Silent, steps::testing::TestContext, value::Value};

    async fn run(yaml: &str) -> Result<Mapping, StepError> {
        let step = (ENTRY.create)(serde_yaml::from_str(yaml).unwrap())?;
        let test = TestContext::new(std::env::temp_dir(), &Silent);
        Ok(step.run(&mut test.context()).await?.unwrap_or_default())
    }

    #[tokio::test]
    async fn runs_lines_in_order_without_a_shell() {
        for (yaml, stdout) in [
            ("script: echo a && echo b", "a && echo b"),
            ("script: 'echo x # c'", "x # c"),
            ("{script: 'echo x # c', shell: true}", "x"),
            ("script: sh -c 'echo $0'", "sh"),
            (r#"{script: "A=1\necho [$A]", shell: true}"#, "[]"),
            (r#"{script: 'printf "  a\n\nb  \n\n"'}"#, "a\n\nb"),
            ("{script: echo $FOO $$ $1, expand_env_vars: true, env: {FOO: foo bar}}", "foo bar $ $1"),
        ] {
            assert_eq!(run(yaml).await.unwrap()["stdout"], Value::from(stdout), "{yaml}");
        }
    }

    #[tokio::test]
    async fn limits_the_output_of_all_lines_together() {
        let line = "head -c 9000000 /dev/zero";
        let outputs = run(&format!("{{script: \"{line}\\n{line}\", stream_output: false}}")).await.unwrap();
        let length = outputs["stdout"].as_str().unwrap().len();
        assert!((8_000_000..9_000_000).contains(&length), "{length}");
    }

    #[test]
    fn shows_output_by_default() {
        for (yaml, shown) in [("", true), (", stream_output: false", false), (", stream_output: null", false)]
        {
            let mapping = serde_yaml::from_str(&format!("{{script: ls{yaml}}}")).unwrap();
            assert_eq!(inputs::typed::<ShellScript>(mapping).unwrap().stream_output, shown, "{yaml}");
        }
    }

    #[tokio::test]
    async fn errors_name_the_line_and_the_reason() {
        for (yaml, message) in [
            (r#"{script: "false\necho never"}"#, "failed with error code 1"),
            ("{script: kill -9 $$, shell: true}", "failed with error code -9"),
            ("script: cd /tmp", "program 'cd' does not exist"),
            ("script: echo 'open", "No closing quotation"),
            ("{script: ls, directory: no-such-place}", "directory 'no-such-place' does not exist"),
            ("{script: 7}", "integer `7`"),
        ] {
            let error = run(yaml).await.unwrap_err().to_string();
            assert!(error.contains(message), "{yaml}: {error}");
        }
    }
}
