//! Declared resource fields.

use serde_json::Value as Json;

use crate::{
    api::JsonObject,
    diagnostics::did_you_mean,
    names::{SHOWN, first_of},
    template::placeholder::{self, Kind},
};

/// Returns an object with the declared fields.
pub(super) fn declared_fields(fields: impl IntoIterator<Item = (&'static str, Option<Json>)>) -> JsonObject {
    fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// State of the expressions and placeholders that a deploy replaces in declarations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placeholders {
    /// Some expressions and placeholders may remain, because no server is used or a value is missing.
    Unresolved,
    /// All expressions and placeholders have been replaced. Any remaining delimiters are literal text.
    Replaced,
}

impl Placeholders {
    /// Returns whether placeholders in a string can still be replaced before the resource is written.
    pub(super) fn may_change(self, text: &str) -> bool {
        self == Self::Unresolved && has_placeholders(text)
    }
}

/// Returns whether a string contains an expression or a placeholder that is replaced before a resource is written.
pub(super) fn has_placeholders(text: &str) -> bool {
    let is_replaced = |kind| matches!(kind, Kind::Environment | Kind::Variable);
    text.contains("<<") || placeholder::find(text).any(|found| is_replaced(found.kind()))
}

/// Returns a hint for replacing an unknown name: the most similar known name, or else a list of known names.
pub(super) fn alternatives<'a>(name: &str, known: impl Iterator<Item = &'a str> + Clone) -> String {
    match did_you_mean(name, known.clone()) {
        Some(similar) => format!("did you mean '{similar}'?"),
        None => format!("use {}", first_of(&known.collect::<Vec<_>>(), SHOWN)),
    }
}
