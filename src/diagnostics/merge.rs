//! Merges diagnostics that have the same cause.

use std::collections::HashMap;

use super::{Code, Diagnostic};
use crate::source::Span;

/// Codes whose diagnostics are merged if their help texts are equal.
const REPEATED: [Code; 1] = [Code::UNSET_ENVIRONMENT];

/// Maximum number of line numbers listed in the message of a merged diagnostic.
const MOST_LINES: usize = 5;

/// Adds the diagnostics about environments to those about the project file alone. The messages of diagnostics that only
/// occur in environments name these environments.
pub(crate) fn merge_environments(
    base: Vec<Diagnostic>,
    environments: Vec<(String, Vec<Diagnostic>)>,
) -> Vec<Diagnostic> {
    type Cause = (&'static str, String, Option<(String, Span)>);
    let cause = |diagnostic: &Diagnostic| -> Cause {
        let place = diagnostic.place.as_ref().map(|place| (place.source.name().to_owned(), place.span));
        (diagnostic.code.name(), diagnostic.message.clone(), place)
    };
    let mut known: HashMap<Cause, usize> = HashMap::new();
    let mut names: Vec<Vec<String>> = Vec::new();
    let mut merged = base;
    for (index, diagnostic) in merged.iter().enumerate() {
        known.insert(cause(diagnostic), index);
    }
    let count = merged.len();
    for (name, diagnostics) in environments {
        for diagnostic in diagnostics {
            let index = *known.entry(cause(&diagnostic)).or_insert(merged.len());
            if index == merged.len() {
                merged.push(diagnostic);
                names.push(Vec::new());
            }
            if let Some(names) = index.checked_sub(count).map(|index| &mut names[index])
                && names.last() != Some(&name)
            {
                names.push(name.clone());
            }
        }
    }
    for (diagnostic, names) in merged.iter_mut().skip(count).zip(names) {
        let word = if names.len() == 1 { "environment" } else { "environments" };
        let names: Vec<String> = names.into_iter().map(|name| format!("'{name}'")).collect();
        diagnostic.message.extend([" (", word, " ", &names.join(", "), ")"]);
    }
    merged
}

/// Merges diagnostics with the same cause into the first of them. The merged message lists the lines of the
/// others.
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
