//! Writes to the job summary of GitHub Actions. The summary is a Markdown file to which each step can append.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use super::Context;
use crate::{escape, fs::FileError};

/// Appends text to the job summary. Does nothing outside GitHub Actions.
///
/// Reports a write error only as a note, because the command itself has succeeded.
pub(super) fn add_to_summary(context: &Context, text: impl FnOnce() -> String) {
    let Some(path) = context.environment.non_empty("GITHUB_STEP_SUMMARY") else { return };
    let path = Path::new(path);
    let text = escape::controls(&context.redactor.mask(&text())).into_owned();
    let written =
        OpenOptions::new().create(true).append(true).open(path).and_then(|mut file| writeln!(file, "{text}"));
    if let Err(error) = written {
        context.ui.note(&FileError::new("write", path, error).to_string());
    }
}
