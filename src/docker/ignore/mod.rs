//! `.dockerignore` files. Their patterns exclude paths from a build context.
//!
//! The rules are the same as in Docker. Later patterns take precedence, and `!` includes a path again. A
//! pattern that matches a directory also excludes its contents. Matching is case-sensitive.

use super::glob::{Glob, GlobError};

/// Error for an invalid line in `.dockerignore`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of .dockerignore: invalid pattern `{pattern}`: {reason}")]
pub(crate) struct IgnoreError {
    pub(crate) line: usize,
    pub(crate) pattern: String,
    pub(crate) reason: GlobError,
}

/// The patterns of a `.dockerignore` file, in their original order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ignore {
    patterns: Vec<Pattern>,
}

#[derive(Debug, Clone)]
struct Pattern {
    /// Whether the pattern starts with `!`. Such a pattern includes matching paths again.
    negated: bool,
    glob: Glob,
}

impl Ignore {
    /// Parses the contents of a `.dockerignore` file.
    ///
    /// # Errors
    ///
    /// Returns an error for the first line with an invalid pattern.
    pub(crate) fn parse(text: &str) -> Result<Self, IgnoreError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut patterns = Vec::new();
        for (index, line) in text.lines().enumerate() {
            // A `#` after whitespace does not start a comment, as in Docker.
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

    /// Includes a file regardless of all other patterns.
    pub(crate) fn always_keep(&mut self, path: &str) {
        self.patterns.push(Pattern { negated: true, glob: Glob::literal(&clean(path)) });
    }

    /// Decides whether to exclude a path, based on the decision for its parent directory. The path is relative to the
    /// context, with `/` as the separator.
    ///
    /// A pattern is tried only if it could change the decision, as in Docker, and a pattern that matches a directory
    /// also matches its contents.
    pub(crate) fn evaluate(&self, path: &str, directory: &Verdict) -> Verdict {
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

    /// Decides whether a file is excluded, considering its parent directories.
    pub(crate) fn excludes(&self, path: &str) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        ends.fold(Verdict::default(), |verdict, end| self.evaluate(&path[..end], &verdict)).excluded
    }

    /// Returns `true` if a pattern can include a path inside an excluded directory again, so that the
    /// directory must still be searched.
    pub(crate) fn may_keep_below(&self, directory: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.negated && pattern.glob.may_match_below(directory))
    }
}

/// Result of matching a path against the patterns: whether the path is excluded.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verdict {
    pub(crate) excluded: bool,
    /// Whether each pattern matched the path or one of its parent directories.
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

/// Normalizes a path: removes empty and `.` components, resolves `..`, and removes leading and trailing
/// slashes.
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
