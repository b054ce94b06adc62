//! Formats diagnostics as JSON.

use serde_json::{Value, json};

use super::{Diagnostic, Fix, Place, Replacement};
use crate::source::Source;

/// Returns the JSON document for diagnostics and their fixes. `environment` is the checked environment, or `None` if
/// all environments are checked. `schema` is the document format's version.
pub(crate) fn document(diagnostics: &[Diagnostic], environment: Option<&str>) -> Value {
    let with_fix = |diagnostic: &Diagnostic| {
        let mut entry = entry(diagnostic);
        entry["environments"] = match environment {
            Some(name) => json!([name]),
            None => json!(diagnostic.environments),
        };
        let fix = diagnostic.place.as_ref().zip(diagnostic.fix.as_deref());
        entry["fix"] = fix.map(|(Place { source, .. }, fix)| edits(source, fix)).into();
        entry
    };
    let diagnostics: Vec<Value> = diagnostics.iter().map(with_fix).collect();
    json!({"schema": 1, "environment": environment, "diagnostics": diagnostics})
}

/// Returns the JSON object for a diagnostic.
///
/// Lines and columns are 1-based. Columns are counted in characters, and the end position is exclusive.
pub(crate) fn entry(diagnostic: &Diagnostic) -> Value {
    let Diagnostic { code, severity, message, place, help, .. } = diagnostic;
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

/// Returns the JSON object for a fix. Each edit replaces a range of the diagnostic's file with new text.
fn edits(source: &Source, Fix { title, replacements, .. }: &Fix) -> Value {
    let edit = |replacement: &Replacement| {
        let (start, end) = (source.position(replacement.span.start), source.position(replacement.span.end));
        json!({
            "line": start.line,
            "column": start.column,
            "end_line": end.line,
            "end_column": end.column,
            "text": replacement.text,
        })
    };
    json!({"title": title, "edits": replacements.iter().map(edit).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::{Code, testing};

    #[test]
    fn location_fields_are_numbers_or_null() {
        let error = Diagnostic::error(Code::NO_NAME, "no name");
        let found = [testing::fixable(), Diagnostic { environments: vec!["prod".to_owned()], ..error }];
        assert_eq!(document(&found, Some("dev"))["diagnostics"][1]["environments"], json!(["dev"]));
        assert_eq!(
            document(&found, None),
            json!({"schema": 1, "environment": null, "diagnostics": [
                {
                    "code": "unknown-key", "severity": "warning", "message": "100% odd,\\nas: é", "file": "my file.yaml",
                    "line": 2, "column": 4, "end_line": 2, "end_column": 6, "help": "remove it",
                    "environments": [],
                    "fix": {"title": "remove `b`", "edits": [
                        {"line": 2, "column": 1, "end_line": 2, "end_column": 6, "text": ""},
                    ]},
                },
                {
                    "code": "no-name", "severity": "error", "message": "no name", "file": null,
                    "line": null, "column": null, "end_line": null, "end_column": null, "help": null,
                    "environments": ["prod"],
                    "fix": null,
                },
            ]})
        );
    }
}
