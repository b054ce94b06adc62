//! Patterns for file paths.

use globset::{GlobBuilder, GlobMatcher};

/// A pattern for the path of a file or one of its parent directories.
///
/// `*` and `?` match any characters except `/`, and `**` matches any number of directories.
#[derive(Debug, Clone)]
pub(crate) struct PathPattern {
    /// Matcher for paths. `None` matches every path in the working directory.
    matcher: Option<GlobMatcher>,
}

impl PathPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// Returns the reason why the pattern is invalid.
    pub(super) fn new(text: &str) -> Result<Self, String> {
        let pattern = text.trim_start_matches("./").trim_end_matches('/');
        if matches!(text.trim_end_matches('/'), "" | ".") && !text.starts_with('/') {
            return Ok(Self { matcher: None });
        }
        let glob = GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build();
        let matcher = glob.map_err(|error| error.kind().to_string())?.compile_matcher();
        Ok(Self { matcher: Some(matcher) })
    }

    /// Returns whether the pattern matches a path or one of its parent directories. The path must be relative
    /// or absolute, and use `/` as the separator.
    pub(crate) fn matches(&self, path: &str) -> bool {
        let Some(matcher) = &self.matcher else { return !path.starts_with("../") && !path.starts_with('/') };
        let parents = path.match_indices('/').map(|(at, _)| &path[..at]);
        parents.chain([path]).any(|path| matcher.is_match(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_paths_and_their_parent_directories() {
        for (pattern, path, expected) in [
            ("services/billing/**", "services/billing/flows/invoice.py", true),
            ("services/billing/**", "services/billing.py", false),
            ("services/billing", "services/billing/flows/invoice.py", true),
            ("./services/billing/", "services/billing/flows/invoice.py", true),
            ("services/*", "services/billing/flows/invoice.py", true),
            ("services/*.py", "services/billing/flows.py", false),
            ("**/*.py", "flow.py", true),
            ("**/invoice.py", "services/billing/flows/invoice.py", true),
            ("service", "services/billing/flows.py", false),
            ("flow?.py", "flow1.py", true),
            ("flow[12].py", "flow3.py", false),
            ("{a,b}.py", "b.py", true),
            (".", "a/b.py", true),
            ("./", "../b.py", false),
            ("../other", "../other/flow.py", true),
            ("/r/other", "/r/other/flow.py", true),
        ] {
            assert_eq!(PathPattern::new(pattern).unwrap().matches(path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn rejects_invalid_patterns() {
        assert_eq!(PathPattern::new("a[").unwrap_err(), "unclosed character class; missing ']'");
    }
}
