//! Runs the Python process that imports flows.
//!
//! The process runs a script that reads entrypoints from stdin and prints one line of JSON for each.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use serde_json::json;

use crate::{environment::Environment, interpreter::Script, process::Finished};

const SCRIPT: &str = include_str!("importer.py");

/// The result of importing a flow with Python.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer {
    Flow(ImportedFlow),
    /// The reason why the flow cannot be imported.
    Error(String),
}

/// A flow with the properties that Prefect would register.
#[derive(Debug, Deserialize)]
pub(super) struct ImportedFlow {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) version: Option<String>,
    pub(super) parameters: serde_json::Value,
    /// The path and line of the flow's function.
    pub(super) place: Option<(PathBuf, usize)>,
    /// Import error. `None` unless the flow was found by Prefect's fallback for files that cannot be
    /// imported.
    #[serde(default)]
    pub(super) problem: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ImporterError {
    #[error("cannot start the Python interpreter: {0}")]
    NotStarted(#[source] io::Error),
    #[error("timed out after {} s while importing flows", .0.as_secs())]
    TimedOut(Duration),
    #[error("Python exited with code {code}: {message}")]
    Ended { code: i32, message: String },
}

/// Imports flows with a Python interpreter with Prefect installed. Returns the answers in the order of `entrypoints`.
///
/// # Errors
///
/// Fails if the process prints no answer. If the process exits early, the answers for the remaining flows are errors.
pub(super) async fn run(
    interpreter: &str,
    entrypoints: &[String],
    directory: &Path,
    environment: &Environment,
    limit: Duration,
) -> Result<Vec<Answer>, ImporterError> {
    let script = Script::new(SCRIPT, [], &environment.without_api_credentials());
    let questions = json!({"entrypoints": entrypoints}).to_string();
    let run = script.run_with_input(interpreter, directory, questions.as_bytes());
    let finished = tokio::time::timeout(limit, run)
        .await
        .map_err(|_| ImporterError::TimedOut(limit))?
        .map_err(ImporterError::NotStarted)?;
    let mut answers: Vec<Answer> =
        finished.stdout.lines().map_while(|line| serde_json::from_str(line).ok()).collect();
    if answers.is_empty() {
        return Err(ImporterError::Ended { code: finished.code, message: last_line(&finished) });
    }
    let missing = entrypoints.len().saturating_sub(answers.len());
    let end =
        || Answer::Error(format!("Python exited with code {}: {}", finished.code, last_line(&finished)));
    answers.extend(std::iter::repeat_with(end).take(missing));
    Ok(answers)
}

/// Returns the last line of stderr. For a traceback, this line contains the exception.
fn last_line(finished: &Finished) -> String {
    let lines = finished.stderr.trim().lines().next_back();
    lines.unwrap_or("no output").to_owned()
}
