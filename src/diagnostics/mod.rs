//! Diagnostics about the user's files, each with a message, a location and a suggested fix.

mod code;
pub(crate) mod fix;
pub(crate) mod github;
pub(crate) mod json;
mod merge;
pub(crate) mod sarif;
mod text;

pub(crate) use code::{Code, Entry};
pub(crate) use fix::{Effect, Fix, Replacement};
pub(crate) use merge::{merge_environments, merge_explained, merge_repeated};
pub(crate) use text::{Summary, Text};

use std::{borrow::Cow, cell::Cell};

use crate::{
    escape,
    source::{Position, Source, Span},
};

/// Severity of a diagnostic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Severity {
    Warning,
    Error,
}

impl Severity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A location in a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    pub(crate) source: Source,
    pub(crate) span: Span,
}

impl Place {
    pub(crate) fn new(source: &Source, span: Span) -> Self {
        Self { source: source.clone(), span }
    }

    pub(crate) fn start(&self) -> Position {
        self.source.position(self.span.start)
    }

    pub(crate) fn end(&self) -> Position {
        self.source.position(self.span.end)
    }
}

/// A diagnostic.
#[derive(Debug, Clone)]
pub(crate) struct Diagnostic {
    /// Code for `prefectl explain`.
    pub(crate) code: Code,
    pub(crate) severity: Severity,
    /// The message: a sentence without a full stop. Lines after the first are indented.
    pub(crate) message: String,
    pub(crate) place: Option<Place>,
    /// A hint for fixing the problem.
    pub(crate) help: Option<String>,
    /// An edit that solves the problem in the file at `place`.
    pub(crate) fix: Option<Box<Fix>>,
    /// The environments that have the problem. Empty if the problem also occurs without an environment, or if a single
    /// environment is checked.
    pub(crate) environments: Vec<String>,
}

impl Diagnostic {
    /// Creates an error. Escapes line breaks and control characters in the message, because they come from quoted text.
    pub(crate) fn error(code: Code, message: impl AsRef<str>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: escape::line(message.as_ref()).into_owned(),
            place: None,
            help: None,
            fix: None,
            environments: Vec::new(),
        }
    }

    pub(crate) fn warning(code: Code, message: impl AsRef<str>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, message) }
    }

    /// Creates an error whose message may have multiple lines. Lines after the first must be indented.
    pub(crate) fn long_error(code: Code, message: &str) -> Self {
        Self { message: escape::message(message).into_owned(), ..Self::error(code, "") }
    }

    pub(crate) fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Returns the message, followed by the environments that have the problem.
    pub(crate) fn text(&self) -> Cow<'_, str> {
        let names: Vec<String> =
            self.environments.iter().map(|name| format!("'{}'", escape::line(name))).collect();
        match names.as_slice() {
            [] => Cow::Borrowed(&self.message),
            [name] => Cow::Owned(format!("{} (environment {name})", self.message)),
            names => Cow::Owned(format!("{} (environments {})", self.message, names.join(", "))),
        }
    }

    #[must_use]
    pub(crate) fn at(self, place: impl Into<Option<Place>>) -> Self {
        Self { place: place.into(), ..self }
    }

    #[must_use]
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    #[must_use]
    pub(crate) fn fix(self, fix: impl Into<Option<Fix>>) -> Self {
        Self { fix: fix.into().map(Box::new), ..self }
    }
}

/// Maximum length in bytes of names that are compared. Comparison time grows with the product of the lengths.
const LONGEST_COMPARED: usize = 256;

/// Maximum number of characters that a thread compares to find suggestions. Comparing this number takes about a second.
const MOST_COMPARED: usize = 20_000_000;

/// Returns whether the limit allows another comparison of two names. Without a limit, checking a file with thousands of
/// errors and thousands of names would take minutes. Errors beyond the limit get no suggestions.
fn may_compare(word: &str, candidate: &str) -> bool {
    thread_local! {
        static REMAINING: Cell<usize> = const { Cell::new(MOST_COMPARED) };
    }
    let remaining = REMAINING.get().saturating_sub(word.len() + candidate.len());
    REMAINING.set(remaining);
    remaining > 0 && word.len().max(candidate.len()) <= LONGEST_COMPARED
}

/// Returns the candidate most similar to `word`, or `None` if no candidate is similar enough to suggest.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .filter(|candidate| may_compare(word, candidate))
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
}

/// Returns the known name that a misspelled name most likely refers to, or `None` if no name is similar enough.
///
/// Object names often differ by only a few characters. Each slash-separated segment of a name may therefore contain at
/// most two typos, and none in its first character.
pub(crate) fn similar_name<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mistakes_in = |part: &str, other: &str| {
        if !may_compare(part, other) {
            return None;
        }
        let mistakes = strsim::osa_distance(part, other);
        let allowed = match part.chars().count() {
            0..3 => 0,
            3..10 => 1,
            _ => 2,
        };
        (mistakes <= allowed && part.chars().next() == other.chars().next()).then_some(mistakes)
    };
    let parts: Vec<&str> = name.split('/').collect();
    let mistakes = |candidate: &str| {
        let others: Vec<&str> = candidate.split('/').collect();
        let pairs = parts.iter().zip(&others);
        let mistakes = pairs.map(|(part, other)| mistakes_in(part, other)).sum::<Option<usize>>();
        mistakes.filter(|_| parts.len() == others.len())
    };
    let similar = known.into_iter().filter_map(|candidate| Some((mistakes(candidate)?, candidate)));
    similar.min_by_key(|(mistakes, _)| *mistakes).map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_limits::within_limits;

    #[test]
    fn thousands_of_mistakes_take_little_time() {
        let known: Vec<String> = (0..5_000).map(|number| format!("name-{number}.stdout")).collect();
        let suggest =
            |number: usize| did_you_mean(&format!("name-{number}.stdot"), known.iter().map(String::as_str));
        assert_eq!(suggest(7), Some("name-7.stdout"));
        let suggested = within_limits(|| (0..5_000).filter_map(suggest).count());
        assert!((1..5_000).contains(&suggested), "{suggested}");
        assert_eq!(suggest(7), None);
    }

    #[test]
    fn recognizes_misspelled_names() {
        let known = ["etl/nightly", "etl/hourly", "load/a", "load/b", "local", "pool-1"];
        for (name, expected) in [
            ("etl/nighlty", Some("etl/nightly")),
            ("elt/hourly", Some("etl/hourly")),
            ("load/c", None),
            ("laod/a", Some("load/a")),
            ("loacl", Some("local")),
            ("nightly", None),
            ("poool-1", Some("pool-1")),
            ("tool-1", None),
            ("pool-12345", None),
            ("", None),
        ] {
            assert_eq!(similar_name(name, known), expected, "{name}");
        }
    }
}

#[cfg(test)]
mod testing {
    //! Sample diagnostics for tests of the output formats.

    use super::*;

    /// Returns a warning with text that the output formats must escape.
    pub(super) fn placed() -> Diagnostic {
        let source = Source::new("my file.yaml", "a: 1\nb: é2\n");
        Diagnostic::warning(Code::UNKNOWN_KEY, "100% odd,\nas: é")
            .at(Place::new(&source, Span::new(8, 11)))
            .help("remove it")
    }

    /// Returns a warning that has a fix.
    pub(super) fn fixable() -> Diagnostic {
        let (span, effects) = (Span::new(5, 11), Vec::new());
        let replacements = vec![Replacement::new(span, "")];
        let title = "remove `b`".to_owned();
        let source = Source::new("my file.yaml", "a: 1\nb: é2\n");
        placed().fix(Fix { source, title, replacements, extent: span, effects })
    }
}
