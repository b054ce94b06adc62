//! What GitHub Actions shows of a job: the summary page, which is Markdown in a file that the job may add to.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use super::Context;
use crate::fs::FileError;

/// Adds a text to the summary of the job; elsewhere it does nothing.
///
/// A summary that cannot be written is no reason to fail: the job has done its work.
pub(super) fn add_to_summary(context: &Context, text: impl FnOnce() -> String) {
    let Some(path) = context.environment.non_empty("GITHUB_STEP_SUMMARY") else { return };
    let path = Path::new(path);
    let text = context.redactor.mask(&text());
    let written =
        OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| writeln!(file, "{text}"));
    if let Err(error) = written {
        context.ui.note(&FileError::new("write", path, error).to_string());
    }
}
