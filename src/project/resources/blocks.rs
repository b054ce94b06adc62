//! Block declarations.

use std::fmt;

use super::{names, pools, reader::Reader};
use crate::{
    api::JsonObject,
    block_schema::{BlockTypes, FieldPath},
    diagnostics::{Code, Diagnostic, did_you_mean},
    pointer::Pointer,
    template,
    value::{Mapping, Value, json_object, to_json},
};

pub(super) const KEYS: [&str; 4] = ["type", "name", "values", "value_from"];

/// Block type for secrets.
const SECRET: &str = "secret";

/// A declared block.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Block {
    /// Slug of the block type, such as `secret`.
    pub(crate) kind: String,
    pub(crate) name: String,
    /// Public fields.
    pub(crate) values: JsonObject,
    /// Secret fields.
    pub(crate) secrets: Vec<BlockValue>,
    /// Whether all fields are known. If not, some fields are templates or have invalid sources.
    pub(crate) is_complete: bool,
    pub(crate) pointer: Pointer,
}

/// A block field whose value is not in the project file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BlockValue {
    pub(crate) field: FieldPath,
    pub(crate) source: ValueSource,
    pub(crate) pointer: Pointer,
}

/// A secret value's source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ValueSource {
    /// The environment variable with this name.
    Environment(String),
    /// The file at this path.
    File(String),
}

impl fmt::Display for ValueSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(name) => write!(f, "environment variable '{name}'"),
            Self::File(path) => write!(f, "file '{path}'"),
        }
    }
}

impl ValueSource {
    /// Parses a source such as `env:API_TOKEN` or `file:/run/secrets/token`. Returns `None` if the string is invalid.
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
        let name = pools::named(reader, "block", names::block);
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
        let is_template = |key: &str| reader.entries.contains_key(key) && reader.get(key).is_none();
        let mut is_complete = !is_template("values") && !is_template("value_from");
        let secrets = secrets(reader, kind.as_deref(), &mut is_complete);
        if is_secret && values.contains_key("value") {
            refuse_value(reader, &reader.pointer.join("values").join("value"));
        } else if values.is_empty() && !reader.entries.contains_key("value_from") {
            let subject = &reader.subject;
            let message = format!("{subject} has no value");
            let diagnostic = Diagnostic::error(Code::RESOURCE_VALUE, message).help(
                "set `value_from: env:NAME` or `value_from: file:PATH` for a secret, and `values` for public fields",
            );
            reader.findings.at_value(&reader.pointer, diagnostic);
            is_complete = false;
        }
        for secret in &secrets {
            if secret.field.is_set_in(&values) {
                let message = format!("field '{}' of {} is set twice", secret.field, reader.subject);
                reader
                    .findings
                    .at_value(&secret.pointer, Diagnostic::error(Code::DUPLICATE_RESOURCE, message));
            }
        }
        let pointer = reader.pointer.clone();
        Some(Self { kind: kind?, name: name?, values, secrets, is_complete, pointer })
    }
}

/// Reports a secret that is stored in the project file.
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

/// Reads `value_from`: a source, or a mapping from fields to sources. Nested mappings contain the sources for an
/// object's fields. Sets `is_complete` to `false` if a source is omitted.
fn secrets(reader: &mut Reader<'_, '_, '_>, kind: Option<&str>, is_complete: &mut bool) -> Vec<BlockValue> {
    let pointer = reader.pointer.join("value_from");
    let mut sources = Sources { secrets: Vec::new(), is_complete: true };
    match reader.get("value_from") {
        None => {}
        Some(Value::Mapping(entries)) => {
            for (key, value) in named(entries) {
                sources.read(reader, FieldPath::from(key), value, &pointer.join(key));
            }
        }
        Some(value) if kind == Some(SECRET) => {
            sources.read(reader, FieldPath::from("value"), value, &pointer);
        }
        Some(_) => {
            let message =
                format!("`value_from` of {} must be a mapping from fields to sources", reader.subject);
            let similar = kind.filter(|kind| !BlockTypes::bundled().contains(kind));
            let is_secret = similar.and_then(|kind| did_you_mean(kind, [SECRET])).is_some();
            let diagnostic = Diagnostic::error(Code::WRONG_TYPE, message).help(if is_secret {
                "did you mean the block type 'secret'?"
            } else {
                "write it as `value_from: {FIELD: env:NAME}`"
            });
            reader.findings.at_value(&pointer, diagnostic);
            sources.is_complete = false;
        }
    }
    *is_complete &= sources.is_complete;
    sources.secrets
}

fn named(entries: &Mapping) -> impl Iterator<Item = (&str, &Value)> {
    entries.iter().filter_map(|(key, value)| Some((key.as_str()?, value)))
}

/// Sources of a block's fields.
struct Sources {
    secrets: Vec<BlockValue>,
    /// Whether all sources are valid.
    is_complete: bool,
}

impl Sources {
    /// Reads a field's source, or the sources of an object's fields.
    fn read(&mut self, reader: &mut Reader<'_, '_, '_>, field: FieldPath, value: &Value, pointer: &Pointer) {
        if let Some(entries) = value.as_mapping().filter(|entries| !entries.is_empty()) {
            for (key, value) in named(entries) {
                self.read(reader, field.join(key), value, &pointer.join(key));
            }
            return;
        }
        if let Some(source) = value.as_str().and_then(ValueSource::parse) {
            self.secrets.push(BlockValue { field, source, pointer: pointer.clone() });
            return;
        }
        self.is_complete = false;
        if reader.is_rendered() || !value.as_str().is_some_and(template::is_template) {
            // The message omits the value because it may be a secret.
            let message = format!("invalid source for field '{field}' of {}", reader.subject);
            let diagnostic =
                Diagnostic::error(Code::RESOURCE_VALUE, message).help("use `env:NAME` or `file:PATH`");
            reader.findings.at_value(pointer, diagnostic);
        }
    }
}
