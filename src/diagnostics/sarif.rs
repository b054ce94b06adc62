//! Formats diagnostics as SARIF 2.1.0 for code scanning services.

use std::{collections::BTreeMap, path::Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{Code, Diagnostic, Fix, Replacement};
use crate::source::{Source, Span};

/// Characters that must be percent-encoded in the path of a URI.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns a SARIF log with a single run. The log defines a rule for each code that occurs in the
/// diagnostics.
pub(crate) fn document(diagnostics: &[Diagnostic]) -> Value {
    let mut codes: Vec<Code> = Vec::new();
    let mut index_of: BTreeMap<&str, usize> = BTreeMap::new();
    for diagnostic in diagnostics {
        index_of.entry(diagnostic.code.name()).or_insert_with(|| {
            codes.push(diagnostic.code);
            codes.len() - 1
        });
    }
    let results: Vec<Value> =
        diagnostics.iter().map(|found| result(found, index_of[found.code.name()])).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "rules": codes.into_iter().map(rule).collect::<Vec<_>>(),
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn rule(code: Code) -> Value {
    let entry = code.entry();
    json!({
        "id": entry.name,
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.meaning},
        "help": {"text": entry.fix},
        "defaultConfiguration": {"level": entry.severity.name()},
    })
}

fn result(diagnostic: &Diagnostic, rule: usize) -> Value {
    let Diagnostic { code, severity, place, help, fix, .. } = diagnostic;
    let message = diagnostic.text();
    let help = help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    let mut result = json!({
        "ruleId": code.name(),
        "ruleIndex": rule,
        "level": severity.name(),
        "message": {"text": format!("{message}{help}")},
    });
    if let Some(place) = place {
        result["locations"] = json!([{"physicalLocation": {
            "artifactLocation": {"uri": uri(place.source.name())},
            "region": region(&place.source, place.span),
        }}]);
        if let Some(fix) = fix {
            result["fixes"] = json!([changes(&place.source, fix)]);
        }
    }
    result
}

fn changes(source: &Source, Fix { title, replacements, .. }: &Fix) -> Value {
    let replacement = |Replacement { span, text }: &Replacement| json!({"deletedRegion": region(source, *span), "insertedContent": {"text": text}});
    json!({
        "description": {"text": title},
        "artifactChanges": [{
            "artifactLocation": {"uri": uri(source.name())},
            "replacements": replacements.iter().map(replacement).collect::<Vec<_>>(),
        }],
    })
}

fn region(source: &Source, span: Span) -> Value {
    let (start, end) = (source.position(span.start), source.position(span.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// Converts a path to a URI. Absolute paths become `file:` URIs, and relative paths become relative
/// references.
fn uri(path: &str) -> String {
    let encoded = utf8_percent_encode(path, PATH);
    if Path::new(path).is_absolute() { format!("file://{encoded}") } else { encoded.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::testing;

    #[test]
    fn log_contains_rules_results_and_regions() {
        let log =
            document(&[testing::fixable(), Diagnostic::error(Code::NO_NAME, "no name"), testing::placed()]);
        assert_eq!(
            (&log["version"], &log["runs"][0]["tool"]["driver"]["name"]),
            (&json!("2.1.0"), &json!("prefectl"))
        );
        let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
        assert_eq!(
            rules.iter().map(|rule| rule["id"].as_str().unwrap()).collect::<Vec<_>>(),
            ["unknown-key", "no-name"]
        );
        let results = log["runs"][0]["results"].as_array().unwrap();
        assert_eq!(
            results[0],
            json!({
                "ruleId": "unknown-key", "ruleIndex": 0, "level": "warning",
                "message": {"text": "100% odd,\\nas: é\nremove it"},
                "locations": [{"physicalLocation": {
                    "artifactLocation": {"uri": "my%20file.yaml"},
                    "region": {"startLine": 2, "startColumn": 4, "endLine": 2, "endColumn": 6},
                }}],
                "fixes": [{
                    "description": {"text": "remove `b`"},
                    "artifactChanges": [{
                        "artifactLocation": {"uri": "my%20file.yaml"},
                        "replacements": [{
                            "deletedRegion": {"startLine": 2, "startColumn": 1, "endLine": 2, "endColumn": 6},
                            "insertedContent": {"text": ""},
                        }],
                    }],
                }],
            })
        );
        assert_eq!((&results[1]["ruleIndex"], results[1].get("locations")), (&json!(1), None));
        assert_eq!(uri("/srv/a b.yaml"), "file:///srv/a%20b.yaml");
    }
}
