//! Diagnostic codes and the explanations that `prefectl explain` prints.
//!
//! Each [`Code`] is defined together with its explanation, so no code lacks one.

mod configuration;
mod deployment;
mod flow;
mod project;
mod resources;
mod steps;
mod template;
mod yaml;

use std::fmt;

use super::{Severity, did_you_mean};

/// The stable code of a diagnostic, displayed as a name such as `unknown-key`.
#[derive(Clone, Copy)]
pub(crate) struct Code(&'static Entry);

/// The explanation of a diagnostic code.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    /// Default severity.
    pub(crate) severity: Severity,
    /// Summary on a single line.
    pub(crate) title: &'static str,
    pub(crate) meaning: &'static str,
    /// An example that triggers the diagnostic, or an empty string.
    pub(crate) example: &'static str,
    pub(crate) fix: &'static str,
}

/// Defines a [`Code`] constant for each entry, and a `CODES` list that contains all codes.
macro_rules! codes {
    ($($constant:ident = $entry:expr;)*) => {
        impl $crate::diagnostics::Code {
            $(pub(crate) const $constant: Self = Self::new(&$entry);)*
        }

        pub(super) const CODES: &[$crate::diagnostics::Code] = &[$($crate::diagnostics::Code::$constant),*];
    };
}
use codes;

impl Code {
    const fn new(entry: &'static Entry) -> Self {
        Self(entry)
    }

    /// Returns all diagnostic codes, grouped by topic.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let topics = [
            yaml::CODES,
            project::CODES,
            deployment::CODES,
            resources::CODES,
            template::CODES,
            steps::CODES,
            flow::CODES,
            configuration::CODES,
        ];
        topics.into_iter().flatten().copied()
    }

    /// Returns the diagnostic code with the given name.
    ///
    /// If the code does not exist, the error contains the most similar name, or `None` if no name is similar.
    pub(crate) fn find(name: &str) -> Result<Self, Option<&'static str>> {
        Self::all()
            .find(|code| code.name() == name)
            .ok_or_else(|| did_you_mean(name, Self::all().map(Self::name)))
    }

    pub(crate) fn name(self) -> &'static str {
        self.0.name
    }

    pub(crate) fn entry(self) -> &'static Entry {
        self.0
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl Eq for Code {}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_code_is_unique_and_explained() {
        let mut names = BTreeSet::new();
        for code in Code::all() {
            let Entry { name, title, meaning, fix, example, .. } = code.entry();
            assert!(names.insert(*name), "{name} is there twice");
            let is_kebab = |c: char| c.is_ascii_lowercase() || c == '-';
            assert!(name.chars().all(is_kebab), "{name}");
            assert!(!title.is_empty() && title.len() < 80 && !title.ends_with('.'), "{name}: {title}");
            assert!(meaning.ends_with('.') && fix.ends_with('.'), "{name}");
            assert!(!example.ends_with('\n'), "{name}");
        }
    }

    #[test]
    fn finds_codes_by_name() {
        assert_eq!(Code::find("unknown-key"), Ok(Code::UNKNOWN_KEY));
        assert_eq!(Code::find("unknown-keys"), Err(Some("unknown-key")));
        assert_eq!(Code::find("xyz"), Err(None));
    }
}
