//! Reads typed values from a mapping. Errors are collected with their locations.

use super::{Stage, slot_limit::SlotLimit};
use crate::{
    diagnostics::{Code, Diagnostic, did_you_mean},
    pointer::Pointer,
    project::Findings,
    template,
    value::{self, Mapping, Value},
};

/// Maximum number that the server's database can store in a resource field.
const MAX_COUNT: u64 = 2_147_483_647;

/// A reader of the keys of a resource declaration.
pub(super) struct Reader<'a, 'f, 'd> {
    pub(super) entries: &'a Mapping,
    /// Description of the mapping for messages, such as `work pool 'gpu'`.
    pub(super) subject: String,
    pub(super) pointer: Pointer,
    stage: Stage,
    pub(super) findings: &'f mut Findings<'d>,
}

impl<'a, 'f, 'd> Reader<'a, 'f, 'd> {
    /// Creates a reader for a value. Returns `None` if the value is not a mapping. Reports an error unless the value is
    /// null.
    pub(super) fn of_value(
        value: &'a Value,
        subject: &str,
        pointer: Pointer,
        stage: Stage,
        findings: &'f mut Findings<'d>,
    ) -> Option<Self> {
        match value {
            Value::Mapping(entries) => {
                Some(Self { entries, subject: subject.to_owned(), pointer, stage, findings })
            }
            Value::Null => None,
            other => {
                let message = format!("{subject} must be a mapping, not {}", value::kind(other));
                findings.at_value(&pointer, Diagnostic::error(Code::WRONG_TYPE, message));
                None
            }
        }
    }

    /// Reads the items of a list with `read`. A missing list is empty. Messages refer to an item as `subject`, such as
    /// `a work pool`.
    pub(super) fn items<T>(
        &mut self,
        key: &str,
        subject: &str,
        read: impl Fn(&mut Reader<'_, '_, '_>) -> Option<T>,
    ) -> Vec<T> {
        let Some(items) = self.list(key) else { return Vec::new() };
        let pointer = self.pointer.join(key);
        let mut found = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let pointer = pointer.join(index);
            if item.is_null() {
                let message = format!("{subject} must be a mapping, not null");
                self.findings.at_value(&pointer, Diagnostic::error(Code::WRONG_TYPE, message));
            }
            let reader = Reader::of_value(item, subject, pointer, self.stage, &mut *self.findings);
            if let Some(mut reader) = reader {
                found.extend(read(&mut reader));
            }
        }
        found
    }

    /// Returns a reader for the mapping under a key.
    pub(super) fn nested(&mut self, key: &str) -> Option<Reader<'a, '_, 'd>> {
        let value = self.entries.get(key)?;
        let subject = format!("`{key}` of {}", self.subject);
        Reader::of_value(value, &subject, self.pointer.join(key), self.stage, &mut *self.findings)
    }

    pub(super) fn is_rendered(&self) -> bool {
        self.stage == Stage::Rendered
    }

    /// Returns a key's value, or `None` if the key is missing or its value is an unrendered template.
    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        let value = self.entries.get(key)?;
        let is_template = |value: &Value| value.as_str().is_some_and(template::is_template);
        (self.stage == Stage::Rendered || !is_template(value)).then_some(value)
    }

    pub(super) fn error(&mut self, key: &str, code: Code, message: impl AsRef<str>) {
        let pointer = self.pointer.join(key);
        self.findings.at_value(&pointer, Diagnostic::error(code, message));
    }

    fn mismatch(&mut self, key: &str, expected: &str, found: &Value) {
        let diagnostic = self.wrong_type(key, expected, found);
        self.findings.at_value(&self.pointer.join(key), diagnostic);
    }

    fn wrong_type(&self, key: &str, expected: &str, found: &Value) -> Diagnostic {
        let message = format!("`{key}` of {} must be {expected}, not {}", self.subject, value::kind(found));
        Diagnostic::error(Code::WRONG_TYPE, message)
    }

    /// Returns the string under a key. Null is treated as missing.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        match self.get(key)? {
            Value::Null => None,
            Value::String(text) => Some(text.clone()),
            other => {
                let pointer = self.pointer.join(key);
                let diagnostic = self.wrong_type(key, "a string", other);
                let diagnostic = self.findings.with_quotes(&pointer, diagnostic);
                self.findings.at_value(&pointer, diagnostic);
                None
            }
        }
    }

    /// Returns the string value of a required key. If the value is missing or empty, reports it and returns `None`.
    pub(super) fn required_text(&mut self, key: &str) -> Option<String> {
        self.require(key);
        self.text(key).filter(|text| !text.is_empty())
    }

    /// Reports a key that is missing, null or empty.
    pub(super) fn require(&mut self, key: &str) {
        let is_empty = match self.entries.get(key) {
            None | Some(Value::Null) => true,
            Some(value) => value.as_str() == Some(""),
        };
        if is_empty {
            let message = format!("{} has no `{key}`", self.subject);
            self.error(key, Code::RESOURCE_VALUE, message);
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Null => None,
            Value::Bool(flag) => Some(*flag),
            Value::String(text) if self.is_rendered() && matches!(text.as_str(), "true" | "false") => {
                Some(text == "true")
            }
            other => {
                self.mismatch(key, "true or false", other);
                None
            }
        }
    }

    /// Returns the limit under a key. Null removes the limit.
    pub(super) fn slot_limit(&mut self, key: &str) -> Option<SlotLimit> {
        match self.get(key)? {
            Value::Null => Some(SlotLimit::None),
            _ => self.count(key, 0).map(SlotLimit::Slots),
        }
    }

    /// Returns the number under a key. The number must be at least `least`. Null is treated as missing.
    pub(super) fn count(&mut self, key: &str, least: u64) -> Option<u64> {
        let value = self.get(key)?;
        let expected = if least == 0 { "a whole number" } else { "a positive whole number" };
        let number = match value {
            Value::Null => return None,
            Value::Number(number) => number.as_i64().map(i128::from).or(number.as_u64().map(i128::from)),
            // A rendered template is a string.
            Value::String(text) if self.is_rendered() => text.trim().parse().ok(),
            _ => None,
        };
        match number.map(u64::try_from) {
            Some(Ok(number)) if (least..=MAX_COUNT).contains(&number) => Some(number),
            Some(Ok(number)) if number >= least => {
                let message = format!("`{key}` of {} must be at most {MAX_COUNT}", self.subject);
                self.error(key, Code::RESOURCE_VALUE, message);
                None
            }
            Some(_) => {
                let message = format!("`{key}` of {} must be at least {least}", self.subject);
                self.error(key, Code::RESOURCE_VALUE, message);
                None
            }
            None => {
                self.mismatch(key, expected, value);
                None
            }
        }
    }

    /// Returns the number under a key. The number must not be negative.
    pub(super) fn rate(&mut self, key: &str) -> Option<f64> {
        let value = self.get(key)?;
        let number = match value {
            Value::Null => return None,
            Value::Number(number) => number.as_f64(),
            Value::String(text) if self.is_rendered() => text.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(number) if number.is_finite() && number >= 0.0 => Some(number),
            Some(_) => {
                let message = format!("`{key}` of {} must not be negative", self.subject);
                self.error(key, Code::RESOURCE_VALUE, message);
                None
            }
            None => {
                self.mismatch(key, "a number", value);
                None
            }
        }
    }

    /// Returns the mapping under a key. Reports keys that are not strings.
    pub(super) fn mapping(&mut self, key: &str) -> Option<&'a Mapping> {
        match self.get(key)? {
            Value::Null => None,
            Value::Mapping(entries) => {
                let pointer = self.pointer.join(key);
                self.check_keys(entries, &pointer);
                Some(entries)
            }
            other => {
                self.mismatch(key, "a mapping", other);
                None
            }
        }
    }

    pub(super) fn list(&mut self, key: &str) -> Option<&'a [Value]> {
        match self.get(key)? {
            Value::Null => None,
            Value::Sequence(items) => Some(items),
            other => {
                self.mismatch(key, "a list", other);
                None
            }
        }
    }

    /// Returns the list of strings under a key.
    pub(super) fn texts(&mut self, key: &str) -> Option<Vec<String>> {
        let items = self.list(key)?;
        let mut texts = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match item {
                Value::String(text) => texts.push(text.clone()),
                other => {
                    let message = format!(
                        "each item of `{key}` in {} must be a string, not {}",
                        self.subject,
                        value::kind(other)
                    );
                    let pointer = self.pointer.join(key).join(index);
                    self.findings.at_value(&pointer, Diagnostic::error(Code::WRONG_TYPE, message));
                }
            }
        }
        Some(texts)
    }

    /// Reports the keys of a mapping that are not strings.
    fn check_keys(&mut self, entries: &Mapping, pointer: &Pointer) {
        for key in entries.keys().filter(|key| !key.is_string()) {
            let text = value::to_json(key).to_string();
            let message = format!("a key of {} must be a string, not {}", self.subject, value::kind(key));
            let diagnostic = Diagnostic::error(Code::WRONG_TYPE, message)
                .help(format!("quote the key: \"{}\"", text.trim_matches('"')));
            self.findings.at_key(&pointer.join(text), diagnostic);
        }
    }

    /// Reports all keys that are not in `known`.
    pub(super) fn reject_unknown_keys(&mut self, known: &[&str]) {
        let pointer = self.pointer.clone();
        self.check_keys(self.entries, &pointer);
        let unknown = self.entries.keys().filter_map(Value::as_str).filter(|key| !known.contains(key));
        for key in unknown {
            let message = format!("unknown key `{key}` in {}", self.subject);
            let help = did_you_mean(key, known.iter().copied()).map_or_else(
                || format!("valid keys are {}", known.join(", ")),
                |known| format!("did you mean `{known}`?"),
            );
            let diagnostic = Diagnostic::error(Code::UNKNOWN_KEY, message).help(help);
            self.findings.at_key(&self.pointer.join(key), diagnostic);
        }
    }
}
