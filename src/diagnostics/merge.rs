//! Merges diagnostics that have the same cause.

use std::collections::{HashMap, HashSet};

use super::{Code, Diagnostic, Severity};
use crate::source::Span;

/// Codes whose diagnostics are merged if their help texts are identical.
const REPEATED: [Code; 1] = [Code::UNSET_ENVIRONMENT];

/// Codes of errors that an environment can resolve, for example by setting the work pool.
const INCOMPLETE: [Code; 2] = [Code::NO_WORK_POOL, Code::EXPRESSION];

/// Maximum number of line numbers listed in the message of a merged diagnostic.
const MOST_LINES: usize = 5;

/// Adds the environments' diagnostics to those of the project file without an environment. Diagnostics that only occur
/// in environments list these environments.
///
/// Downgrades errors with an [`INCOMPLETE`] code to warnings if no environment has these errors, because such a file is
/// only used with an environment.
pub(crate) fn merge_environments(
    base: Vec<Diagnostic>,
    environments: Vec<(String, Vec<Diagnostic>)>,
) -> Vec<Diagnostic> {
    type Cause = (&'static str, String, Option<(String, Span)>);
    let cause = |diagnostic: &Diagnostic| -> Cause {
        (diagnostic.code.name(), diagnostic.message.clone(), file_and_span(diagnostic))
    };
    let mut known: HashMap<Cause, usize> = HashMap::new();
    let mut merged = base;
    for (index, diagnostic) in merged.iter().enumerate() {
        known.insert(cause(diagnostic), index);
    }
    let count = merged.len();
    let has_environments = !environments.is_empty();
    let mut in_environments = HashSet::new();
    for (name, diagnostics) in environments {
        for diagnostic in diagnostics {
            let index = *known.entry(cause(&diagnostic)).or_insert(merged.len());
            in_environments.insert(index);
            if index == merged.len() {
                merged.push(diagnostic);
            }
            let names = &mut merged[index].environments;
            if index >= count && names.last() != Some(&name) {
                names.push(name.clone());
            }
        }
    }
    for (index, diagnostic) in merged.iter_mut().enumerate().take(count) {
        let is_incomplete = diagnostic.is_error() && INCOMPLETE.contains(&diagnostic.code);
        if has_environments && is_incomplete && !in_environments.contains(&index) {
            diagnostic.severity = Severity::Warning;
            diagnostic.message.push_str(" (without --env)");
        }
    }
    merged
}

/// Merges diagnostics with the same cause into the first diagnostic. Its message lists the lines of the other
/// diagnostics.
pub(crate) fn merge_repeated(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut merged: Vec<Diagnostic> = Vec::with_capacity(diagnostics.len());
    let mut first: HashMap<(&str, Option<String>, Option<String>), usize> = HashMap::new();
    let mut lines: HashMap<usize, Vec<usize>> = HashMap::new();
    for diagnostic in diagnostics {
        if REPEATED.contains(&diagnostic.code) {
            let file = diagnostic.place.as_ref().map(|place| place.source.name().to_owned());
            let cause = (diagnostic.code.name(), diagnostic.help.clone(), file);
            if let Some(index) = first.get(&cause) {
                let line = diagnostic.place.as_ref().map(|place| place.start().line);
                lines.entry(*index).or_default().extend(line);
                continue;
            }
            first.insert(cause, merged.len());
        }
        merged.push(diagnostic);
    }
    for (index, lines) in lines {
        merged[index].message.push_str(&other_places(&lines));
    }
    merged
}

/// Merges each warning about an unknown key into the error about the same key, if there is one. The error adopts the fix.
pub(crate) fn merge_explained(diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let (warnings, mut merged): (Vec<_>, Vec<_>) = diagnostics
        .into_iter()
        .partition(|diagnostic| diagnostic.code == Code::UNKNOWN_KEY && !diagnostic.is_error());
    // The first error at a place is inserted last, so that it takes precedence.
    let errors: HashMap<_, usize> = merged
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, diagnostic)| diagnostic.is_error())
        .filter_map(|(index, error)| Some((file_and_span(error)?, index)))
        .collect();
    for warning in warnings {
        match file_and_span(&warning).and_then(|place| errors.get(&place)) {
            Some(index) => {
                let error = &mut merged[*index];
                error.fix = error.fix.take().or(warning.fix);
            }
            None => merged.push(warning),
        }
    }
    merged
}

/// Returns the name of the file and the byte range of a diagnostic, or `None` if it has no place.
fn file_and_span(diagnostic: &Diagnostic) -> Option<(String, Span)> {
    let place = diagnostic.place.as_ref()?;
    Some((place.source.name().to_owned(), place.span))
}

fn other_places(lines: &[usize]) -> String {
    let mut numbers: Vec<String> = lines.iter().take(MOST_LINES).map(ToString::to_string).collect();
    if lines.len() > MOST_LINES {
        numbers.push("...".to_owned());
    }
    let (places, word) = match lines.len() {
        1 => ("1 more place".to_owned(), "line"),
        count => (format!("{count} more places"), "lines"),
    };
    format!(" (and in {places}: {word} {})", numbers.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostics::Place,
        source::{Source, Span},
    };

    #[test]
    fn incomplete_values_are_errors_if_an_environment_has_them() {
        let source = Source::new("prefect.yaml", "a\nb\n");
        let error = |code, at| Diagnostic::error(code, "m").at(Place::new(&source, Span::new(at, at + 1)));
        let base = || vec![error(Code::NO_WORK_POOL, 0), error(Code::EXPRESSION, 2), error(Code::NO_NAME, 0)];
        let shown = |found: Vec<Diagnostic>| -> Vec<(bool, String)> {
            found.into_iter().map(|found| (found.is_error(), found.message)).collect()
        };
        let (is, is_not) = ((true, "m".to_owned()), (false, "m (without --env)".to_owned()));
        let prod = ("prod".to_owned(), vec![error(Code::EXPRESSION, 2)]);
        let merged = merge_environments(Vec::new(), vec![("dev".to_owned(), base()), prod.clone()]);
        let texts: Vec<_> = merged.iter().map(Diagnostic::text).collect();
        assert_eq!(
            texts,
            ["m (environment 'dev')", "m (environments 'dev', 'prod')", "m (environment 'dev')"]
        );
        let merged = merge_environments(base(), vec![("dev".to_owned(), Vec::new()), prod]);
        assert_eq!(shown(merged), [is_not, is.clone(), is.clone()]);
        assert_eq!(shown(merge_environments(base(), Vec::new())), [is.clone(), is.clone(), is]);
    }

    #[test]
    fn merges_warnings_about_keys_into_errors_about_the_same_keys() {
        let source = Source::new("prefect.yaml", "a\nb\n");
        let at = |diagnostic: Diagnostic, at| diagnostic.at(Place::new(&source, Span::new(at, at + 1)));
        let merged = merge_explained(vec![
            at(Diagnostic::warning(Code::UNKNOWN_KEY, "unknown a"), 0),
            at(Diagnostic::warning(Code::UNKNOWN_KEY, "unknown b"), 2),
            at(Diagnostic::error(Code::NO_ENTRYPOINT, "no entrypoint"), 0),
            at(Diagnostic::warning(Code::REMOVED_KEY, "removed"), 0),
        ]);
        let messages: Vec<_> = merged.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(messages, ["no entrypoint", "removed", "unknown b"]);
    }

    #[test]
    fn merges_many_warnings_quickly() {
        let source = Source::new("prefect.yaml", "a");
        let warning = |at| {
            Diagnostic::warning(Code::UNKNOWN_KEY, "unknown").at(Place::new(&source, Span::new(at, at + 1)))
        };
        let started = std::time::Instant::now();
        assert_eq!(merge_explained((0..100_000).map(warning).collect()).len(), 100_000);
        assert!(started.elapsed() < std::time::Duration::from_secs(10), "{:?}", started.elapsed());
    }

    #[test]
    fn merges_warnings_about_the_same_variable() {
        let source = Source::new("prefect.yaml", "a\nb\nc\nd\n");
        let warning = |code, variable: &str, at| {
            Diagnostic::warning(code, "m").help(variable).at(Place::new(&source, Span::new(at, at + 1)))
        };
        let merged = merge_repeated(vec![
            warning(Code::UNSET_ENVIRONMENT, "A", 0),
            warning(Code::UNKNOWN_KEY, "A", 0),
            warning(Code::UNSET_ENVIRONMENT, "B", 2),
            warning(Code::UNSET_ENVIRONMENT, "A", 4),
            warning(Code::UNKNOWN_KEY, "A", 0),
            warning(Code::UNSET_ENVIRONMENT, "A", 6),
        ]);
        let messages: Vec<_> = merged.iter().map(|diagnostic| diagnostic.message.as_str()).collect();
        assert_eq!(messages, ["m (and in 2 more places: lines 3, 4)", "m", "m", "m"]);
    }
}
