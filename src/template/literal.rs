//! Protection of strings from substitution, for the expression filter `literal`.
//!
//! A Unicode noncharacter between the characters of a delimiter prevents later passes from recognizing it.
//! The last pass removes the noncharacters.

use std::borrow::Cow;

use serde_json::Value as Json;

use super::placeholder;
use crate::value::{Value, any_text};

const GUARD: char = '\u{fdd2}';

/// Protects the delimiters in a string from substitution.
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

/// Restores the delimiters of all protected strings in a value.
pub(super) fn restore(value: Value) -> Value {
    // Most values contain no protected strings and do not have to be rebuilt.
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

/// Formats a string for a project file so that substitution does not change it. Placeholders are not
/// protected if `keeps` returns `true` for them.
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
        fn any_string_survives_substitution(text in r#"[\PC\n"'\\]{0,6}(\{\{ ?[a-z$.]{1,4} ?\}\}|<< ?[a-zA-Z]{1,4} ?>>)?[\PC\n"'\\]{0,6}"#) {
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
