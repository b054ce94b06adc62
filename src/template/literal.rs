//! Text that templates leave alone: what the filter `literal` of expressions gives.
//!
//! Inside each pair of braces or angle brackets it has a character that Unicode reserves for use inside programs.
//! So nothing that comes later takes them for a template, and the last pass removes the character again.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::placeholder;
use crate::value::{Value, any_text};

const GUARD: char = '\u{fdd2}';

/// A text whose delimiters mean nothing.
pub(crate) fn protect(text: &str) -> String {
    let mut protected = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '{' | '<') && protected.ends_with(character) {
            protected.push(GUARD);
        }
        protected.push(character);
    }
    protected
}

/// A value with its protected texts as they were meant.
pub(super) fn restore(value: Value) -> Value {
    // Nearly always there is nothing to do, and then nothing is made anew.
    if any_text(&value, &|text| text.contains(GUARD)) { without_guards(value) } else { value }
}

fn without_guards(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace(GUARD, "")),
        Value::Sequence(items) => Value::Sequence(items.into_iter().map(without_guards).collect()),
        Value::Mapping(entries) => {
            Value::Mapping(entries.into_iter().map(|(key, value)| (key, without_guards(value))).collect())
        }
        other => other,
    }
}

/// A text as a file has to write it so that it comes out as it is; `keeps` tells which placeholders are left alone.
pub(crate) fn written(text: &str, keeps: impl Fn(&placeholder::Placeholder<'_>) -> bool) -> Cow<'_, str> {
    let is_template = text.contains("<<") || placeholder::find(text).any(|found| !keeps(&found));
    if !is_template {
        return Cow::Borrowed(text);
    }
    Cow::Owned(format!("<< {} | literal >>", Json::from(text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::template::{deployment_after_steps, expression};

    proptest! {
        #[test]
        fn every_text_can_be_written(text in r#"[\PC\n"'\\]{0,6}(\{\{ ?[a-z$.]{1,4} ?\}\}|<< ?[a-zA-Z]{1,4} ?>>)?[\PC\n"'\\]{0,6}"#) {
            let written = Value::from(written(&text, |_| false).into_owned());
            let environment = [("a", "filled")].into_iter().collect();
            let scope = expression::Scope::new(&environment);
            let evaluated = expression::evaluate(&written, &scope, &std::collections::BTreeSet::new()).unwrap();
            let mapping = crate::value::Mapping::from_iter([(Value::from("x"), evaluated)]);
            let filled = deployment_after_steps(&mapping.into(), &crate::value::Mapping::new(), &environment).value;
            prop_assert_eq!(&filled["x"], &Value::from(text));
        }
    }
}
