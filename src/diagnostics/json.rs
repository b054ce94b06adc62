//! Diagnostics as JSON.

use serde_json::{Value, json};

use super::Diagnostic;

/// Returns the JSON document for a list of diagnostics. `schema` is the version of the document's format.
pub(crate) fn document(diagnostics: &[Diagnostic]) -> Value {
    json!({"schema": 1, "diagnostics": diagnostics.iter().map(entry).collect::<Vec<_>>()})
}

/// Returns the JSON object for a diagnostic.
///
/// Lines and columns are 1-based. Columns are counted in characters, and the end position is exclusive.
pub(crate) fn entry(diagnostic: &Diagnostic) -> Value {
    let Diagnostic { code, severity, message, place, help } = diagnostic;
    let places = place.as_ref().map(|place| (place.start(), place.end()));
    json!({
        "code": code.name(),
        "severity": severity.name(),
        "message": message,
        "file": place.as_ref().map(|place| place.source.name()),
        "line": places.map(|(start, _)| start.line),
        "column": places.map(|(start, _)| start.column),
        "end_line": places.map(|(_, end)| end.line),
        "end_column": places.map(|(_, end)| end.column),
        "help": help,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{Code, testing};

    #[test]
    fn places_are_numbers_or_null() {
        let found = [testing::placed(), Diagnostic::error(Code::NO_NAME, "no name")];
        assert_eq!(
            document(&found),
            json!({"schema": 1, "diagnostics": [
                {
                    "code": "unknown-key", "severity": "warning", "message": "100% odd,\nas: é", "file": "my file.yaml",
                    "line": 2, "column": 4, "end_line": 2, "end_column": 6, "help": "remove it",
                },
                {
                    "code": "no-name", "severity": "error", "message": "no name", "file": null,
                    "line": null, "column": null, "end_line": null, "end_column": null, "help": null,
                },
            ]})
        );
    }
}
