//! Comparison with recorded results of PyYAML.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use super::{
    super::{
        error::{YamlError, YamlErrorKind},
        node::{Entry, Node, NodeKind},
    },
    read,
};

/// Converts a node to the notation of the recorded results. Values that JSON cannot represent are mappings with one
/// key that starts with `!`.
fn recorded(node: &Node) -> Json {
    match &node.kind {
        NodeKind::Null => Json::Null,
        NodeKind::Bool(flag) => json!(flag),
        // The number goes through a string because JSON numbers may exceed Rust's integers.
        NodeKind::Int(number) => json!({"!int": number.to_string()}),
        NodeKind::Float(number) if number.is_nan() => json!({"!float": "NaN"}),
        NodeKind::Float(number) if number.is_infinite() => {
            json!({"!float": if *number > 0.0 { "Infinity" } else { "-Infinity" }})
        }
        NodeKind::Float(number) => json!(number),
        NodeKind::Text(text) => json!(**text),
        NodeKind::Date(date) => json!(date.to_string()),
        NodeKind::DateTime(moment) => {
            let text = moment.to_string();
            json!(text.strip_suffix('Z').map_or(text.clone(), |local| format!("{local}+00:00")))
        }
        NodeKind::Binary(bytes) => json!({"!binary": String::from_utf8_lossy(bytes)}),
        NodeKind::Sequence(items) => items.iter().map(recorded).collect(),
        NodeKind::Set(items) => json!({"!set": items.iter().map(recorded).collect::<Vec<_>>()}),
        NodeKind::Mapping(mapping) => mapping
            .entries()
            .map(|Entry { key, value }| {
                let name =
                    if matches!(key.kind, NodeKind::Null) { "".into() } else { key.key_text().unwrap() };
                (name.into_owned(), recorded(value))
            })
            .collect(),
    }
}

/// Returns the exception classes of PyYAML that correspond to an error.
fn exceptions(error: &YamlError) -> &'static [&'static str] {
    match error.kind {
        YamlErrorKind::NotUtf8 { .. } | YamlErrorKind::Character(_) => &["ReaderError"],
        YamlErrorKind::Syntax { .. } => &["ScannerError", "ParserError"],
        YamlErrorKind::SeveralDocuments
        | YamlErrorKind::UndefinedAlias { .. }
        | YamlErrorKind::DuplicateAnchor { .. } => &["ComposerError"],
        YamlErrorKind::InvalidScalar { .. } => &["ValueError", "IndexError", "KeyError", "AttributeError"],
        YamlErrorKind::TooDeep(_) | YamlErrorKind::RecursiveAlias(_) => &["RecursionError"],
        _ => &["ConstructorError"],
    }
}

/// Quotes the integers in a recorded JSON text, so that parsing cannot round them.
fn with_integers_as_text(json: &str) -> String {
    let mut result = String::new();
    let mut rest = json;
    let mut quoted = false;
    while let Some(next) = rest.chars().next() {
        let length = rest.find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c)).unwrap_or(rest.len());
        let number = &rest[..length];
        if !quoted && (next == '-' || next.is_ascii_digit()) {
            if number.contains(['.', 'e', 'E']) {
                result += number;
            } else {
                write!(result, r#"{{"!int": "{number}"}}"#).unwrap();
            }
            rest = &rest[length..];
        } else {
            let taken = if next == '\\' { 2 } else { next.len_utf8() };
            quoted ^= next == '"';
            result += &rest[..taken];
            rest = &rest[taken..];
        }
    }
    result
}

/// Compares the results of recorded documents. Returns the number of documents.
fn compare(recording: &str) -> usize {
    let vectors: Vec<Json> = serde_json::from_str(&with_integers_as_text(recording)).unwrap();
    let mut differences = String::new();
    for vector in &vectors {
        let text = vector["yaml"].as_str().unwrap();
        match (read(text), vector["error"].as_str()) {
            (Ok(document), None) if recorded(&document.root) == vector["json"] => {}
            (Err(error), Some(expected)) if exceptions(&error).contains(&expected) => {}
            (result, _) => {
                let result = result.map(|document| recorded(&document.root));
                writeln!(differences, "{text:?}: {result:?} instead of {vector}").unwrap();
            }
        }
    }
    assert!(differences.is_empty(), "{differences}");
    vectors.len()
}

#[test]
fn parses_documents_as_pyyaml_does() {
    assert_eq!(compare(include_str!("../../../tests/data/yaml-vectors.json")), 114);
}

#[test]
fn parses_generated_documents_as_pyyaml_does() {
    assert_eq!(compare(include_str!("../../../tests/data/yaml-grammar.json")), 2500);
}
