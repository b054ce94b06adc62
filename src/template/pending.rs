//! Markers for values that are unknown until a step has run.
//!
//! A marker is a string between two Unicode noncharacters, which do not occur in files by accident. Templates treat a
//! marker like any other value. A rendered field that contains a marker depends on step outputs.

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::Value as Json;

use super::{
    expression::{self, BUILT_IN, Scope},
    path::{self, Values},
    pipeline, reference, walk,
};
use crate::{
    python,
    value::{Mapping, Value},
};

const START: char = '\u{fdd0}';
const END: char = '\u{fdd1}';

/// Text that is displayed instead of a marker.
pub(crate) const SHOWN: &str = "(known after build)";

/// Creates a marker. Markers with different labels are different values.
pub(crate) fn marker(label: &str) -> Value {
    Value::String(format!("{START}{}{END}", label.replace([START, END], "")))
}

/// Checks whether a value contains a marker.
pub(crate) fn is_pending(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(START),
        Value::Sequence(items) => items.iter().any(is_pending),
        Value::Mapping(entries) => entries.values().any(is_pending),
        _ => false,
    }
}

/// Checks whether a JSON value contains a marker.
pub(crate) fn is_pending_json(value: &Json) -> bool {
    match value {
        Json::String(text) => text.contains(START),
        Json::Array(items) => items.iter().any(is_pending_json),
        Json::Object(entries) => entries.values().any(is_pending_json),
        _ => false,
    }
}

/// Replaces the markers in a string with [`SHOWN`].
pub(crate) fn show(text: &str) -> Cow<'_, str> {
    if !text.contains(START) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for (position, part) in text.split(START).enumerate() {
        let known = if position == 0 { part } else { part.split_once(END).map_or("", |(_, rest)| rest) };
        if position > 0 {
            shown.push_str(SHOWN);
        }
        shown.push_str(known);
    }
    Cow::Owned(shown)
}

/// Replaces the markers in a JSON value with [`SHOWN`].
pub(crate) fn show_json(value: &Json) -> Json {
    match value {
        Json::String(text) => Json::String(show(text).into_owned()),
        Json::Array(items) => Json::Array(items.iter().map(show_json).collect()),
        Json::Object(entries) => {
            entries.iter().map(|(key, value)| (show(key).into_owned(), show_json(value))).collect()
        }
        other => other.clone(),
    }
}

/// Checks whether `new` can become equal to `old` when its markers are replaced with values.
pub(crate) fn may_become(new: &Json, old: &Json) -> bool {
    match (new, old) {
        (Json::String(new), _) if is_whole(new) => true,
        (Json::String(new), Json::String(old)) if new.contains(START) => text_may_become(new, old),
        (Json::Array(new), Json::Array(old)) => {
            new.len() == old.len() && new.iter().zip(old).all(|(new, old)| may_become(new, old))
        }
        (Json::Object(new), Json::Object(old)) => {
            new.len() == old.len()
                && new.iter().all(|(key, new)| old.get(key).is_some_and(|old| may_become(new, old)))
        }
        _ => new == old,
    }
}

/// Checks whether a string consists of a single marker. The marker may be replaced with a value of any type.
fn is_whole(text: &str) -> bool {
    text.strip_prefix(START).is_some_and(|rest| rest.find(END) == Some(rest.len() - END.len_utf8()))
}

/// Checks whether the text around the markers in `new` occurs in `old` in the same order.
fn text_may_become(new: &str, old: &str) -> bool {
    let mut parts = new.split(START);
    let Some(mut rest) = parts.next().and_then(|first| old.strip_prefix(first)) else { return false };
    let mut last = "";
    for part in parts {
        last = part.split_once(END).map_or("", |(_, known)| known);
        match rest.find(last) {
            Some(at) => rest = &rest[at + last.len()..],
            None => return false,
        }
    }
    last.is_empty() || rest.is_empty() || old.ends_with(last)
}

/// Evaluates the expressions that do not depend on step outputs. Replaces every other string that contains
/// expressions with a marker.
pub(crate) fn evaluate(template: &Value, scope: &Scope, outputs: &Mapping) -> Value {
    let later: BTreeSet<String> = outputs.keys().map(python::to_text).collect();
    let known = later.iter().cloned().chain(BUILT_IN.map(str::to_owned)).collect();
    let mut value = expression::evaluate(template, scope, &later).unwrap_or_else(|_| template.clone());
    for used in expression::check(&value, &known).uses {
        let output = outputs.get(used.root.as_str()).map(python::to_text).unwrap_or_default();
        if let Some(place) = walk::value_at(&mut value, &used.path) {
            *place = marker(&format!("{} {output}", python::to_text(place)));
        }
    }
    value
}

/// Maximum number of segments in a placeholder that [`add_missing`] adds a marker for. Each segment nests the
/// marker one level deeper.
const MOST_SEGMENTS: usize = 64;

/// Adds markers for placeholders without an output. This covers steps whose outputs are not known in advance.
pub(crate) fn add_missing(template: &Value, outputs: &mut Mapping) {
    let names = reference::standard_names(template).into_iter();
    let names = names.filter(|name| !pipeline::is_run_time_placeholder(name));
    let mut paths: Vec<(Vec<String>, String)> = names.map(|name| (path::keys(&name), name)).collect();
    paths.retain(|(keys, _)| keys.len() <= MOST_SEGMENTS);
    // Longer paths come first. A value that is used both as a whole and by key then becomes a mapping.
    paths.sort_by_key(|(keys, _)| std::cmp::Reverse(keys.len()));
    for (keys, name) in paths {
        let found = Values::Mapping(outputs).get(&name);
        let is_open = found.is_none_or(|value| value.as_mapping().is_some_and(Mapping::is_empty));
        if is_open {
            insert(outputs, &keys, &marker(&name));
        }
    }
}

/// Inserts a value at a path. Does nothing if a value along the path is not a mapping.
fn insert(outputs: &mut Mapping, keys: &[String], value: &Value) {
    match keys {
        [] => {}
        [key] => {
            outputs.insert(key.as_str().into(), value.clone());
        }
        [key, rest @ ..] => {
            let inner = outputs.entry(key.as_str().into()).or_insert_with(|| Mapping::new().into());
            if let Value::Mapping(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text(label: &str) -> String {
        python::to_text(&marker(label))
    }

    #[test]
    fn finds_and_displays_markers() {
        let value = json!({"image": format!("repo/{}:{}", text("a.image"), text("a.tag")), "n": [1, "x"]});
        assert!(is_pending_json(&value) && !is_pending_json(&json!({"a": ["b", null]})));
        assert_eq!(
            show_json(&value),
            json!({"image": "repo/(known after build):(known after build)", "n": [1, "x"]})
        );
    }

    #[test]
    fn compares_the_known_parts_of_pending_values() {
        let (image, whole) = (format!("repo/{}:{}-x", text("a"), text("b")), text("a"));
        for (new, old, expected) in [
            (json!(whole), json!(["anything"]), true),
            (json!(image), json!("repo/flows:1-x"), true),
            (json!(image), json!("repo/flows:1-y"), false),
            (json!(image), json!("other/flows:1-x"), false),
            (json!({"a": whole, "b": 1}), json!({"a": "x", "b": 1}), true),
            (json!({"a": whole, "b": 1}), json!({"a": "x", "b": 2}), false),
            (json!({"a": whole}), json!({"a": "x", "b": 2}), false),
            (json!([whole]), json!([]), false),
        ] {
            assert_eq!(may_become(&new, &old), expected, "{new} {old}");
        }
    }

    #[test]
    fn adds_markers_for_unknown_outputs() {
        let template = serde_yaml::from_str(
            "{a: '{{ sign.digest }}', b: ['x{{ sign.parts[0] }}', '{{ sign }}', '{{ own }}'],
              c: '{{ tag }} {{ known.x }} {{ ctx.flow }} {{ $HOME }} {{ prefect.variables.v }}'}",
        )
        .unwrap();
        let mut outputs: Mapping =
            serde_yaml::from_str("{sign: {}, own: {}, tag: v1, known: {y: 1}}").unwrap();
        add_missing(&template, &mut outputs);
        let shown = show_json(&crate::value::to_json(&outputs.clone().into()));
        assert_eq!(
            shown,
            json!({
                "sign": {"digest": SHOWN, "parts": {"0": SHOWN}}, "own": SHOWN, "tag": "v1",
                "known": {"y": 1, "x": SHOWN},
            })
        );
        let found = Values::Mapping(&outputs).get("sign.parts[0]").map(|value| is_pending(&value));
        assert_eq!(found, Some(true));
    }

    #[test]
    fn ignores_placeholders_with_many_segments() {
        let template = Value::from(format!("{{{{ sign{} }}}}", ".a".repeat(100_000)));
        let mut outputs = Mapping::new();
        add_missing(&template, &mut outputs);
        assert!(outputs.is_empty());
    }

    #[test]
    fn evaluates_only_expressions_without_outputs() {
        let scope = Scope::new(&[("STAGE", "dev")].into_iter().collect());
        let outputs: Mapping = [(Value::from("b"), marker("1"))].into_iter().collect();
        let template = serde_yaml::from_str("{a: '<< env.STAGE >>', i: '<< b.image | upper >>'}").unwrap();
        let value = evaluate(&template, &scope, &outputs);
        assert_eq!(value["a"], Value::from("dev"));
        assert!(is_pending(&value["i"]));
    }
}
