//! The process that imports flows: one script, its questions on standard input, a line of JSON for each answer.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use serde_json::json;

use crate::{environment::Environment, interpreter::Script, process::Finished};

const SCRIPT: &str = include_str!("importer.py");

/// What importing a flow gave.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Answer {
    Flow(Told),
    /// Why it cannot be imported.
    Error(String),
}

/// A flow as Prefect would register it.
#[derive(Debug, Deserialize)]
pub(super) struct Told {
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) version: Option<String>,
    pub(super) parameters: serde_json::Value,
    /// The file and the line of the function.
    pub(super) place: Option<(PathBuf, usize)>,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum ImporterError {
    #[error("it cannot be started: {0}")]
    NotStarted(#[source] io::Error),
    #[error("it was not done within {} s", .0.as_secs())]
    TimedOut(Duration),
    #[error("it ended with code {code}: {message}")]
    Ended { code: i32, message: String },
}

/// Imports flows with an interpreter that has Prefect; the answers are in the order of the entrypoints.
///
/// # Errors
///
/// When the process gives no answer at all. If it ends in the middle, that is the error of the flow it was importing
/// and of those after it.
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
        return Err(ImporterError::Ended { code: finished.code, message: last_words(&finished) });
    }
    let missing = entrypoints.len().saturating_sub(answers.len());
    let end =
        || Answer::Error(format!("Python ended with code {}: {}", finished.code, last_words(&finished)));
    answers.extend(std::iter::repeat_with(end).take(missing));
    Ok(answers)
}

/// The last line that was printed: of a traceback that is the error.
fn last_words(finished: &Finished) -> String {
    let lines = finished.stderr.trim().lines().next_back();
    lines.unwrap_or("it printed nothing").to_owned()
}
