//! Reads triggers and SLAs, which are lists of mappings. Collects all errors with their locations.

use crate::{
    coerce,
    diagnostics::did_you_mean,
    pointer::Pointer,
    schedule::duration::{self, Seconds},
    value::{Mapping, Value, kind},
};

/// An error in a list item, with its location.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct ItemError {
    /// Zero-based index of the item.
    pub(crate) index: usize,
    /// Location of the error within the item, such as `triggers[1].within`.
    pub(crate) path: Pointer,
    pub(crate) message: String,
}

/// An unknown key, which has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownKey {
    pub(crate) index: usize,
    pub(crate) path: Pointer,
    /// The name of a similar known key, or `None` if no known key is similar.
    pub(crate) suggestion: Option<&'static str>,
}

/// A value that Prefect accepts, but that is probably a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ItemWarning {
    pub(crate) index: usize,
    pub(crate) path: Pointer,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// Errors and warnings that are collected while items are read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) index: usize,
    pub(super) errors: Vec<ItemError>,
    pub(super) unknown_keys: Vec<UnknownKey>,
    pub(super) warnings: Vec<ItemWarning>,
}

impl Findings {
    pub(super) fn error(&mut self, path: &Pointer, message: impl Into<String>) {
        self.errors.push(ItemError { index: self.index, path: path.clone(), message: message.into() });
    }

    /// Returns the value that `read` builds from the items.
    ///
    /// # Errors
    ///
    /// Returns all errors that occurred while the items were read.
    pub(super) fn into_result<T>(self, read: impl FnOnce(Vec<UnknownKey>) -> T) -> Result<T, Vec<ItemError>> {
        if self.errors.is_empty() { Ok(read(self.unknown_keys)) } else { Err(self.errors) }
    }
}

/// A reader of typed values from the keys of a mapping.
pub(super) struct Reader<'a> {
    entries: &'a Mapping,
    path: Pointer,
    pub(super) findings: &'a mut Findings,
}

impl<'a> Reader<'a> {
    pub(super) fn new(entries: &'a Mapping, path: Pointer, findings: &'a mut Findings) -> Self {
        Self { entries, path, findings }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.entries.get(key)
    }

    /// Returns the location of a key. An empty key means the mapping itself.
    pub(super) fn path_of(&self, key: &str) -> Pointer {
        if key.is_empty() { self.path.clone() } else { self.path.join(key) }
    }

    pub(super) fn error(&mut self, key: &str, message: impl Into<String>) {
        let path = self.path_of(key);
        self.findings.error(&path, message);
    }

    /// Parses the value of a key. Returns the default value if the key is missing or the value is invalid. Records an
    /// error for an invalid value.
    pub(super) fn optional<T>(
        &mut self,
        key: &str,
        default: T,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> T {
        match self.get(key).map(parse) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(message)) => {
                self.error(key, message);
                default
            }
        }
    }

    /// Parses the value of a required key. Records an error if the key is missing.
    pub(super) fn required<T>(
        &mut self,
        key: &str,
        parse: impl Fn(&Value) -> Result<T, String>,
    ) -> Option<T> {
        if self.get(key).is_none() {
            self.error(key, format!("`{key}` is missing"));
        }
        self.optional(key, None, |value| parse(value).map(Some))
    }

    /// Reads a metric name. Records a name that is not in `known`.
    pub(super) fn metric_name(&mut self, key: &str, known: &[&'static str]) -> Option<String> {
        let name = self.required(key, text)?;
        if !known.contains(&name.as_str()) {
            let help =
                did_you_mean(&name, known.iter().copied()).map(|known| format!("did you mean '{known}'?"));
            self.warn(key, format!("unknown metric '{name}'; the server may reject it"), help);
        }
        Some(name)
    }

    /// Adds a warning about the value of a key.
    pub(super) fn warn(&mut self, key: &str, message: impl Into<String>, help: Option<String>) {
        let (index, path) = (self.findings.index, self.path_of(key));
        self.findings.warnings.push(ItemWarning { index, path, message: message.into(), help });
    }

    /// Records all keys of the mapping that are not in `known`.
    pub(super) fn note_unknown_keys(&mut self, known: &[&[&'static str]]) {
        let known: Vec<&'static str> = known.concat();
        for key in self.entries.keys() {
            let name = key.as_str().map_or_else(|| crate::value::to_json(key).to_string(), str::to_owned);
            if !known.contains(&name.as_str()) {
                let suggestion = did_you_mean(&name, known.iter().copied());
                let path = self.path_of(&name);
                self.findings.unknown_keys.push(UnknownKey { index: self.findings.index, path, suggestion });
            }
        }
    }
}

fn expected<T>(what: &str, found: &Value) -> Result<T, String> {
    Err(format!("expected {what}, found {}", kind(found)))
}

pub(super) fn text(value: &Value) -> Result<String, String> {
    value.as_str().map(str::to_owned).map_or_else(|| expected("text", value), Ok)
}

pub(super) fn boolean(value: &Value) -> Result<bool, String> {
    coerce::boolean(value).map_or_else(|| expected("true or false", value), Ok)
}

pub(super) fn integer(value: &Value) -> Result<i64, String> {
    coerce::integer(value).map_or_else(|| expected("an integer", value), Ok)
}

pub(super) fn number(value: &Value) -> Result<f64, String> {
    coerce::number(value).map_or_else(|| expected("a number", value), Ok)
}

pub(super) fn mapping(value: &Value) -> Result<Mapping, String> {
    value.as_mapping().cloned().map_or_else(|| expected("a mapping", value), Ok)
}

pub(super) fn list(value: &Value) -> Result<&[Value], String> {
    value.as_sequence().map_or_else(|| expected("a list", value), |items| Ok(items.as_slice()))
}

pub(crate) fn duration_value(value: &Value) -> Result<Seconds, String> {
    duration::parse(value).map(Seconds).map_err(|error| error.to_string())
}

/// Wraps a parser so that it returns `None` for null.
pub(super) fn nullable<T>(
    parse: impl Fn(&Value) -> Result<T, String>,
) -> impl Fn(&Value) -> Result<Option<T>, String> {
    move |value| if value.is_null() { Ok(None) } else { parse(value).map(Some) }
}

/// Parses a string that must be one of `words`. If a similar word exists, the error suggests it.
pub(super) fn one_of(value: &Value, words: &[&'static str]) -> Result<&'static str, String> {
    let found = text(value)?;
    words.iter().find(|word| **word == found).copied().ok_or_else(|| {
        let meant = did_you_mean(&found, words.iter().copied());
        let hint = meant.map_or_else(String::new, |word| format!("; did you mean `{word}`?"));
        format!("'{found}' is not one of {}{hint}", words.join(", "))
    })
}
