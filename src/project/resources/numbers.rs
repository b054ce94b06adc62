//! Checks that JSON and the server's database can represent the numbers in declared resources.

use super::pointer;
use crate::{
    diagnostics::{Code, Diagnostic},
    pointer::{Pointer, Segment},
    project::Findings,
    python,
    value::Value,
    yaml::{Node, NodeKind},
};

/// Reports NaN and infinite numbers in the file. The project contains null in their place.
pub(super) fn check_file(findings: &mut Findings<'_>) {
    let mut found = Vec::new();
    if let Some(section) = findings.document().and_then(|document| document.locate(&pointer())) {
        non_finite(section, &pointer(), &mut found);
    }
    for pointer in found {
        findings.at_value(&pointer, not_finite());
    }
}

fn non_finite(node: &Node, pointer: &Pointer, found: &mut Vec<Pointer>) {
    match &node.kind {
        NodeKind::Float(number) if !number.is_finite() => found.push(pointer.clone()),
        NodeKind::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                non_finite(item, &pointer.join(index), found);
            }
        }
        NodeKind::Mapping(mapping) => {
            for entry in mapping.entries() {
                let Some(key) = entry.key.key_text() else { continue };
                non_finite(&entry.value, &pointer.join(Segment::Key(key.into_owned())), found);
            }
        }
        _ => {}
    }
}

/// Reports numbers that the server cannot store and integers that a server with SQLite stores as floats.
pub(super) fn check(value: &Value, pointer: &Pointer, findings: &mut Findings<'_>) {
    match value {
        Value::Number(number) if number.as_f64().is_some_and(|number| !number.is_finite()) => {
            findings.at_value(pointer, not_finite());
        }
        Value::Number(number) if number.is_u64() && !number.is_i64() => {
            let message =
                format!("{number} is larger than {}, so some servers store it as a float", i64::MAX);
            let diagnostic = Diagnostic::warning(Code::RESOURCE_VALUE, message);
            findings.at_value(pointer, diagnostic.help("quote the number, or use a smaller number"));
        }
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                check(item, &pointer.join(index), findings);
            }
        }
        Value::Mapping(entries) => {
            for (key, entry) in entries {
                check(entry, &pointer.join(Segment::Key(python::to_text(key))), findings);
            }
        }
        _ => {}
    }
}

fn not_finite() -> Diagnostic {
    Diagnostic::error(Code::RESOURCE_VALUE, "NaN and infinity have no representation in JSON")
        .help("use a finite number, or quote the value")
}
