//! Checks the Jinja templates in action parameters and strings. The server renders them when an automation runs.

use super::fields::{Placeholders, has_placeholders};
use crate::{
    diagnostics::{Code, Diagnostic},
    jinja::{self, SyntaxError},
    pointer::Pointer,
    project::{Findings, Part},
    value::{Mapping, Value},
};

/// The key that marks a mapping as a value that the server computes.
const KIND: &str = "__prefect_kind";

/// Checks a string that is always a template, such as the body of a notification.
pub(super) fn text(text: &str, placeholders: Placeholders, pointer: &Pointer, findings: &mut Findings<'_>) {
    Checker { code: Code::AUTOMATION, placeholders, findings }.template(text, pointer);
}

/// Checks a run's parameters. `code` is the diagnostic code for errors.
pub(crate) fn check_run_parameters(
    parameters: &Mapping,
    code: Code,
    placeholders: Placeholders,
    pointer: &Pointer,
    findings: &mut Findings<'_>,
) {
    Checker { code, placeholders, findings }.mapping(parameters, pointer);
}

/// Returns whether the server computes a value or a nested value when the automation runs.
pub(crate) fn is_computed(value: &Value) -> bool {
    match value {
        Value::String(text) => jinja::may_be_template(text) || has_placeholders(text),
        Value::Sequence(items) => items.iter().any(is_computed),
        Value::Mapping(entries) => entries.contains_key(KIND) || entries.values().any(is_computed),
        _ => false,
    }
}

struct Checker<'a, 'd> {
    code: Code,
    placeholders: Placeholders,
    findings: &'a mut Findings<'d>,
}

impl Checker<'_, '_> {
    fn mapping(&mut self, entries: &Mapping, pointer: &Pointer) {
        if entries.contains_key(KIND) {
            return self.computed(entries, pointer);
        }
        for (key, value) in entries {
            let pointer = pointer.join(crate::python::to_text(key));
            match value {
                Value::Mapping(entries) => self.mapping(entries, &pointer),
                Value::Sequence(items) => self.items(items, &pointer),
                Value::String(text) => self.parameter(text, &pointer),
                _ => {}
            }
        }
    }

    /// Checks list items. The server does not render nested lists.
    fn items(&mut self, items: &[Value], pointer: &Pointer) {
        for (index, item) in items.iter().enumerate() {
            let pointer = pointer.join(index);
            match item {
                Value::Mapping(entries) => self.mapping(entries, &pointer),
                Value::String(text) => self.parameter(text, &pointer),
                _ => {}
            }
        }
    }

    fn parameter(&mut self, text: &str, pointer: &Pointer) {
        if jinja::may_be_template(text)
            && let Err(error) = jinja::check_parameter(text)
        {
            self.report(text, &error, pointer);
        }
    }

    fn template(&mut self, text: &str, pointer: &Pointer) {
        if let Err(error) = jinja::check(text) {
            self.report(text, &error, pointer);
        }
    }

    /// Validates a computed value: a mapping with the key [`KIND`], which the server renders when the automation runs.
    fn computed(&mut self, entries: &Mapping, pointer: &Pointer) {
        let kind = entries.get(KIND).and_then(Value::as_str);
        let key = match kind {
            Some("jinja") => "template",
            Some("json" | "none") => "value",
            _ => return,
        };
        match (entries.get(key), kind) {
            (None, Some("json")) => {}
            (None, _) => {
                let message = format!("`{key}` of the computed value is missing");
                self.findings.at_value(pointer, Diagnostic::error(self.code, message));
            }
            (Some(Value::Mapping(nested)), _) => self.mapping(nested, &pointer.join(key)),
            (Some(Value::String(text)), Some("jinja")) => {
                self.template(text, &pointer.join(key));
            }
            (Some(Value::String(text)), Some("json")) => {
                let is_special = text.contains("NaN") || text.contains("Infinity");
                if let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
                    && !is_special
                    && !self.placeholders.may_change(text)
                {
                    let message = format!("invalid JSON: {error}");
                    self.findings.at_value(&pointer.join(key), Diagnostic::error(self.code, message));
                }
            }
            _ => {}
        }
    }

    /// Reports an invalid template at the error position unless the string may still change.
    fn report(&mut self, text: &str, error: &SyntaxError, pointer: &Pointer) {
        if self.placeholders.may_change(text) {
            return;
        }
        let diagnostic = Diagnostic::error(self.code, format!("invalid template: {error}"))
            .help("automations render this value with Jinja when they run");
        self.findings.at_part(pointer, Part::new(text, error.range.clone()), diagnostic);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_that_are_not_replaced_must_be_valid_templates() {
        for (yaml, expected) in [
            ("{a: '{{ $HOME }}'}", 1),
            ("{a: ['<< x >> {{ event.id }']}", 1),
            ("{a: {__prefect_kind: json, value: '{{ $HOME }}'}}", 1),
            ("{a: {__prefect_kind: jinja, template: '{{ $HOME }}'}}", 1),
            ("{a: '{{ prefect.variables.a }} {{ event.id }}', b: '<< x >>', c: '$HOME'}", 0),
        ] {
            let parameters: Mapping = serde_yaml::from_str(yaml).unwrap();
            for (placeholders, expected) in
                [(Placeholders::Replaced, expected), (Placeholders::Unresolved, 0)]
            {
                let mut findings = Findings::new(None);
                let pointer = Pointer::root();
                check_run_parameters(&parameters, Code::AUTOMATION, placeholders, &pointer, &mut findings);
                assert_eq!(findings.take().len(), expected, "{yaml} {placeholders:?}");
            }
        }
    }
}
