//! `.prefectignore` files: patterns of files that a push skips.
//!
//! The syntax is the same as in `.gitignore`, but each file is matched separately. The last pattern that
//! matches the file decides. If there is none, the last pattern that matches a parent directory decides.
//! Unlike in Git, `sub` followed by `!sub/a.py` therefore includes `sub/a.py`.

use std::path::{Path, PathBuf};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder, Glob},
};

use crate::fs::{self, FileError};

/// Why an ignore file cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum IgnoreError {
    #[error("{}:{line}: {reason}", .path.display())]
    Pattern { path: PathBuf, line: usize, reason: String },
    #[error(transparent)]
    File(#[from] FileError),
}

/// The treatment of whitespace in the lines of an ignore file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// Whitespace around a pattern is removed.
    Trimmed,
    /// As in Git, leading whitespace is part of the pattern.
    AsWritten,
}

/// The patterns of an ignore file, in their original order.
#[derive(Debug, Default)]
pub(crate) struct IgnoreFile {
    patterns: Vec<Gitignore>,
}

impl IgnoreFile {
    /// Reads an ignore file. Returns `None` if the file does not exist.
    pub(crate) fn read(path: &Path, lines: Lines) -> Result<Option<Self>, IgnoreError> {
        let Some(text) = fs::read_text_if_exists(path)? else { return Ok(None) };
        Ok(Some(Self::parse(&text, path, lines)?))
    }

    fn parse(text: &str, path: &Path, lines: Lines) -> Result<Self, IgnoreError> {
        let error =
            |line: usize, reason: String| IgnoreError::Pattern { path: path.to_owned(), line, reason };
        let mut patterns = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = if lines == Lines::Trimmed { line.trim() } else { line };
            if matches!(line.trim_end(), "!" | "\\") {
                return Err(error(index + 1, format!("`{}` is not a valid pattern", line.trim_end())));
            }
            if matches!(line.trim_end(), "/" | "!/") {
                continue; // Git ignores such a pattern.
            }
            let mut builder = GitignoreBuilder::new("");
            builder
                .add_line(None, &without_alternatives(line))
                .map_err(|source| error(index + 1, source.to_string()))?;
            patterns.push(builder.build().map_err(|source| error(index + 1, source.to_string()))?);
        }
        patterns.retain(|pattern| !pattern.is_empty());
        Ok(Self { patterns })
    }

    /// Checks whether the file with the given relative path is skipped.
    pub(crate) fn ignores(&self, relative: &Path) -> bool {
        let file_verdict = self.last_verdict(|pattern| pattern.matched(relative, false));
        let directory_verdict =
            || self.last_verdict(|pattern| pattern.matched_path_or_any_parents(relative, false));
        file_verdict.or_else(directory_verdict).unwrap_or(false)
    }

    fn last_verdict(&self, matched: impl Fn(&Gitignore) -> Match<&Glob>) -> Option<bool> {
        self.patterns.iter().rev().find_map(|pattern| match matched(pattern) {
            Match::None => None,
            Match::Ignore(_) => Some(true),
            Match::Whitelist(_) => Some(false),
        })
    }
}

/// Escapes braces. They are special characters for the `ignore` crate but not for Git.
fn without_alternatives(pattern: &str) -> String {
    let mut escaped = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '{' | '}' => escaped.extend(['\\', character]),
            '\\' => escaped.extend([character].into_iter().chain(characters.next())),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    /// Recorded results of Prefect's `filter_files`.
    #[derive(Deserialize)]
    struct Table {
        files: Vec<String>,
        cases: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        text: String,
        /// Files that every kind of store ignores.
        ignored: Option<Vec<String>>,
        /// Files that the S3 step ignores. `as_is` contains the files that the steps for other stores ignore.
        stripped: Option<Vec<String>>,
        as_is: Option<Vec<String>>,
    }

    #[test]
    fn skips_the_same_files_as_prefect() {
        let table: Table = serde_json::from_str(include_str!("../../tests/data/prefectignore.json")).unwrap();
        let mut wrong = Vec::new();
        for case in table.cases {
            for (lines, expected) in [(Lines::Trimmed, &case.stripped), (Lines::AsWritten, &case.as_is)] {
                let expected = expected.as_ref().or(case.ignored.as_ref()).unwrap();
                let rules = IgnoreFile::parse(&case.text, Path::new("f"), lines).unwrap();
                let left_out: Vec<_> =
                    table.files.iter().filter(|file| rules.ignores(Path::new(file))).collect();
                if left_out.iter().ne(&expected.iter().collect::<Vec<_>>()) {
                    wrong.push(format!("{:?} {lines:?}: {left_out:?}, not {expected:?}", case.text));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn errors_name_the_line_of_an_invalid_pattern() {
        for (text, line) in [("*.py\n!\n", 2), ("\\", 1)] {
            let error = IgnoreFile::parse(text, Path::new(".prefectignore"), Lines::Trimmed).unwrap_err();
            assert!(error.to_string().starts_with(&format!(".prefectignore:{line}: ")), "{error}");
        }
    }
}
