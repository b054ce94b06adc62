//! `.prefectignore` files: patterns of files that a push skips.
//!
//! The syntax is the same as in `.gitignore`, but each file is matched separately. The last pattern that matches the
//! file decides. If no pattern matches the file, the last pattern that matches a parent directory decides. Therefore,
//! `sub` followed by `!sub/a.py` includes `sub/a.py`, unlike in Git.

use std::{
    io,
    path::{Path, PathBuf},
};

use ignore::{
    Match,
    gitignore::{Gitignore, GitignoreBuilder, Glob},
};

use crate::fs::{self, FileError};

/// Name of the default ignore file.
pub(crate) const NAME: &str = ".prefectignore";

/// Contents of a new project's ignore file, as in Prefect.
const DEFAULT: &str = include_str!("default_ignore_file.txt");

/// Creates the default ignore file in the directory of a new project. Returns `false` if the file already exists.
pub(crate) fn create_default(directory: &Path) -> Result<bool, FileError> {
    match fs::write_new(&directory.join(NAME), DEFAULT) {
        Ok(()) => Ok(true),
        Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// The error returned if an ignore file cannot be used.
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
    /// Leading whitespace belongs to the pattern, as in Git.
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
        let Some(text) = fs::read_ignore_file(path)? else { return Ok(None) };
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

/// Escapes braces, which are special characters for the `ignore` crate but not for Git.
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

    #[test]
    fn default_file_skips_secrets_and_is_never_replaced() {
        let folder = tempfile::tempdir().unwrap();
        assert!(create_default(folder.path()).unwrap());
        let path = folder.path().join(NAME);
        let ignore = IgnoreFile::read(&path, Lines::AsWritten).unwrap().unwrap();
        for (file, expected) in [
            (".env", true),
            (".git/config", true),
            (".venv/bin/python", true),
            ("flows/__pycache__/etl.cpython-312.pyc", true),
            (".prefectignore", true),
            ("flows/etl.py", false),
            ("requirements.txt", false),
        ] {
            assert_eq!(ignore.ignores(Path::new(file)), expected, "{file}");
        }
        std::fs::write(&path, "mine").unwrap();
        assert!(!create_default(folder.path()).unwrap());
        assert_eq!(std::fs::read_to_string(path).unwrap(), "mine");
    }

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
