//! `.dockerignore`: which paths of a build context stay behind.
//!
//! The rules are Docker's: later lines win, `!` brings back, a pattern that matches a directory also takes what
//! is in it, and letters match by case.

use super::glob::{Glob, GlobError};

/// A line of `.dockerignore` that is not a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of .dockerignore, `{pattern}`, is not a pattern: {reason}")]
pub(crate) struct IgnoreError {
    pub(crate) line: usize,
    pub(crate) pattern: String,
    pub(crate) reason: GlobError,
}

/// The patterns of a `.dockerignore` file, in order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    /// Begins with `!`: brings back what earlier patterns took.
    negated: bool,
    glob: Glob,
}

impl Ignore {
    /// Reads the text of a `.dockerignore` file.
    pub(crate) fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for (index, line) in text.lines().enumerate() {
            // A `#` after white space is a pattern, as it is for Docker.
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let pattern = Pattern::parse(line.trim()).map_err(|reason| IgnoreError {
                line: index + 1,
                pattern: line.trim().to_owned(),
                reason,
            })?;
            patterns.push(pattern);
        }
        Ok(Self { patterns })
    }

    /// Brings one file back whatever the patterns say.
    pub(crate) fn always_keep(&mut self, path: &str) {
        self.patterns.push(Pattern { negated: true, glob: Glob::literal(&clean(path)) });
    }

    /// What is to become of a path, relative to the context and with `/` between its parts, given what became of
    /// the directory that it is in.
    ///
    /// As in Docker, a pattern is tried only where it would change the answer, and one that was tried on a directory
    /// and matched also matches what is in it.
    pub(crate) fn judge(&self, path: &str, directory: &Verdict) -> Verdict {
        let mut excluded = false;
        let mut matched = vec![false; self.patterns.len()];
        for (index, pattern) in self.patterns.iter().enumerate() {
            matched[index] = directory.matched.get(index).copied().unwrap_or_default()
                || (pattern.negated == excluded && pattern.glob.matches(path));
            if matched[index] {
                excluded = !pattern.negated;
            }
        }
        Verdict { excluded, matched }
    }

    /// Whether something under an excluded directory may be brought back, so that it must be searched.
    pub(crate) fn may_keep_below(&self, directory: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.negated && pattern.glob.may_match_below(directory))
    }
}

/// What is to become of a path.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    pub(crate) excluded: bool,
    /// Which patterns matched it, or a directory that it is in.
    matched: Vec<bool>,
}

impl Pattern {
    fn parse(line: &str) -> Result<Self, GlobError> {
        let (negated, text) = match line.strip_prefix('!') {
            Some(rest) => (true, rest.trim()),
            None => (false, line),
        };
        if text.is_empty() {
            return Err(GlobError::Empty);
        }
        Ok(Self { negated, glob: Glob::parse(&clean(text))? })
    }
}

/// The path without empty and `.` parts, with `..` resolved, and without a leading or trailing slash.
pub(crate) fn clean(path: &str) -> String {
    let rooted = path.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

#[cfg(test)]
mod tests;
