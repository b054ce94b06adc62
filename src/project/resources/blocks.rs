//! Declarations of blocks.

use super::{names, pools::named, reader::Reader};
use crate::{
    api::JsonObject,
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    value::{Value, json_object, to_json},
};

pub(super) const KEYS: [&str; 4] = ["type", "name", "values", "value_from"];

/// The block type of a secret.
const SECRET: &str = "secret";

/// A declared block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    /// Slug of the block type, such as `secret`.
    pub(crate) kind: String,
    pub(crate) name: String,
    /// Public fields of the block.
    pub(crate) values: JsonObject,
    /// Secret fields of the block.
    pub(crate) secrets: Vec<BlockValue>,
    pub(crate) pointer: Pointer,
}

/// A field of a block whose value is not in the project file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BlockValue {
    pub(crate) field: String,
    pub(crate) source: ValueSource,
    pub(crate) pointer: Pointer,
}

/// The source of a secret value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueSource {
    /// The environment variable with this name.
    Environment(String),
    /// The file at this path.
    File(String),
}

impl ValueSource {
    /// Parses a source such as `env:API_TOKEN` or `file:/run/secrets/token`. Returns `None` if the text is not valid.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("env", name) if !name.is_empty() => Some(Self::Environment(name.to_owned())),
            ("file", path) if !path.is_empty() => Some(Self::File(path.to_owned())),
            _ => None,
        }
    }
}

impl Block {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let name = named(reader, "block", names::block);
        let kind = reader.required_text("type");
        if let (Some(kind), Some(name)) = (&kind, &name) {
            reader.subject = format!("block '{kind}/{name}'");
        }
        literal_value(reader);
        reader.reject_unknown_keys(&[&KEYS[..], &["value"]].concat());
        let values = reader.mapping("values");
        let values = values.map(|values| json_object(to_json(&Value::Mapping(values.clone()))));
        let values = values.unwrap_or_default();
        let is_secret = kind.as_deref() == Some(SECRET);
        let secrets = secrets(reader, is_secret);
        if is_secret && values.contains_key("value") {
            refuse_value(reader, &reader.pointer.join("values").join("value"));
        } else if values.is_empty() && !reader.entries.contains_key("value_from") {
            let subject = &reader.subject;
            let message = format!("{subject} has no value");
            let diagnostic = Diagnostic::error(Code::RESOURCE_VALUE, message).help(
                "set `value_from: env:NAME` or `value_from: file:PATH` for a secret, and `values` for public fields",
            );
            reader.findings.at_value(&reader.pointer, diagnostic);
        }
        for secret in &secrets {
            if values.contains_key(&secret.field) {
                let message = format!("field '{}' of {} is set twice", secret.field, reader.subject);
                reader
                    .findings
                    .at_value(&secret.pointer, Diagnostic::error(Code::DUPLICATE_RESOURCE, message));
            }
        }
        let pointer = reader.pointer.clone();
        Some(Self { kind: kind?, name: name?, values, secrets, pointer })
    }
}

/// Reports a secret that is written in the file.
fn literal_value(reader: &mut Reader<'_, '_, '_>) {
    if reader.entries.contains_key("value") {
        refuse_value(reader, &reader.pointer.join("value"));
    }
}

fn refuse_value(reader: &mut Reader<'_, '_, '_>, pointer: &Pointer) {
    let message = format!("the file must not contain the value of {}", reader.subject);
    let diagnostic = Diagnostic::error(Code::RESOURCE_VALUE, message)
        .help("use `value_from: env:NAME` or `value_from: file:PATH`");
    reader.findings.at_key(pointer, diagnostic);
}

/// Reads `value_from`, which is a source or a mapping of fields to sources.
fn secrets(reader: &mut Reader<'_, '_, '_>, is_secret: bool) -> Vec<BlockValue> {
    let pointer = reader.pointer.join("value_from");
    let entries: Vec<(String, &Value, Pointer)> = match reader.get("value_from") {
        None => return Vec::new(),
        Some(Value::Mapping(entries)) => {
            let named = entries.iter().filter_map(|(key, value)| Some((key.as_str()?, value)));
            named.map(|(key, value)| (key.to_owned(), value, pointer.join(key))).collect()
        }
        Some(value) if is_secret => vec![("value".to_owned(), value, pointer)],
        Some(_) => {
            let message =
                format!("`value_from` of {} must be a mapping of fields to sources", reader.subject);
            let diagnostic = Diagnostic::error(Code::WRONG_TYPE, message)
                .help("write it as `value_from: {FIELD: env:NAME}`");
            reader.findings.at_value(&pointer, diagnostic);
            return Vec::new();
        }
    };
    let mut secrets = Vec::new();
    for (field, value, pointer) in entries {
        if let Some(source) = value.as_str().and_then(ValueSource::parse) {
            secrets.push(BlockValue { field, source, pointer });
        } else {
            // The value is not part of the message, because it may be a secret.
            let message = format!("invalid source of field '{field}' of {}", reader.subject);
            let diagnostic =
                Diagnostic::error(Code::RESOURCE_VALUE, message).help("use `env:NAME` or `file:PATH`");
            reader.findings.at_value(&pointer, diagnostic);
        }
    }
    secrets
}
