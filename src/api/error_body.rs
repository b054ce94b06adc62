//! Messages in the error bodies that Prefect servers send.
//!
//! If a value, such as an automation's action, may have multiple types, the server reports the errors for every type.
//! Only the errors for the value's declared type are relevant.

use std::collections::BTreeMap;

use serde_json::Value;

/// Maximum number of validation errors to process. Finding the relevant errors takes quadratic time.
const MOST_DETAILS: usize = 200;

/// The path of a validation error: keys, indexes and type names.
type Path = Vec<String>;

/// Extracts the messages from an error body. Supports every format that Prefect servers use.
pub(super) fn messages(body: &Value) -> Vec<String> {
    if let Some(details) = body.get("exception_detail").and_then(Value::as_array) {
        return validation_messages(details);
    }
    match body.get("detail") {
        Some(Value::String(detail)) => return vec![one_line(detail)],
        Some(Value::Array(details)) => return validation_messages(details),
        Some(Value::Null) | None => {}
        Some(other) => return vec![one_line(&other.to_string())],
    }
    body.get("exception_message").and_then(Value::as_str).map(one_line).into_iter().collect()
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the messages for the relevant errors in a response. Each message starts with the path of the
/// field, such as `body.parameters.n: Input should be a valid integer`.
fn validation_messages(details: &[Value]) -> Vec<String> {
    let (first, others) = details.split_at(details.len().min(MOST_DETAILS));
    let mut messages = relevant_messages(first);
    if !others.is_empty() {
        messages.push(format!("and {} more errors", others.len()));
    }
    messages
}

fn relevant_messages(details: &[Value]) -> Vec<String> {
    let other_types = other_types(details);
    let mut messages = Vec::new();
    let mut reported: Vec<&Path> = Vec::new();
    for detail in details {
        let path = path(detail);
        if !other_types.keys().any(|union| is_in_other_type(&path, union, &other_types)) {
            reported.extend(other_types.keys().filter(|union| path.starts_with(union)));
            messages.push(message(detail, &without_types(&path, &other_types)));
        }
    }
    for (union, types) in &other_types {
        let is_nested =
            other_types.keys().any(|outer| outer != union && is_in_other_type(union, outer, &other_types));
        if !is_nested && !reported.contains(&union) {
            let mut path = without_types(union, &other_types);
            path.push("type".to_owned());
            let expected: Vec<&str> = types.iter().map(|(_, expected)| expected.as_str()).collect();
            messages.push(format!("{}: Input should be {}", path.join("."), expected.join(" or ")));
        }
    }
    messages
}

/// Collects the `type` mismatches that the server reported for union values. Maps each value's path to the rejected
/// union members: the member's name and its expected `type`.
fn other_types(details: &[Value]) -> BTreeMap<Path, Vec<(String, String)>> {
    let mut found: BTreeMap<Path, Vec<(String, String)>> = BTreeMap::new();
    for detail in details {
        let mut path = path(detail);
        let is_type = detail.get("type").and_then(Value::as_str) == Some("literal_error")
            && path.pop().is_some_and(|key| key == "type");
        let Some(name) = path.pop().filter(|name| is_type && is_type_name(name)) else { continue };
        let expected = detail.get("ctx").and_then(|context| context.get("expected")).and_then(Value::as_str);
        found.entry(path).or_default().push((name, expected.unwrap_or_default().to_owned()));
    }
    found
}

/// Returns whether a path segment is a type name, such as `RunDeployment` or `function-after[check(), Compound]`.
/// Field names in the API start with a lowercase letter.
fn is_type_name(part: &str) -> bool {
    part.starts_with(|first: char| first.is_ascii_uppercase()) || part.contains('[')
}

/// Returns whether a path passes through a member of `union` that the value's `type` field excludes.
fn is_in_other_type(
    path: &[String],
    union: &Path,
    other_types: &BTreeMap<Path, Vec<(String, String)>>,
) -> bool {
    let next = path.strip_prefix(union.as_slice()).and_then(<[String]>::first);
    next.is_some_and(|next| other_types[union].iter().any(|(name, _)| name == next))
}

/// Removes type names from a path.
fn without_types(path: &[String], other_types: &BTreeMap<Path, Vec<(String, String)>>) -> Path {
    let is_type = |index: usize, part: &str| is_type_name(part) && other_types.contains_key(&path[..index]);
    let kept = path.iter().enumerate().filter(|(index, part)| !is_type(*index, part));
    kept.map(|(_, part)| part.clone()).collect()
}

fn path(detail: &Value) -> Path {
    let parts = detail.get("loc").and_then(Value::as_array).into_iter().flatten();
    parts.map(|part| part.as_str().map_or_else(|| part.to_string(), str::to_owned)).collect()
}

fn message(detail: &Value, path: &[String]) -> String {
    let Some(message) = detail.get("msg").and_then(Value::as_str) else {
        return one_line(&detail.to_string());
    };
    if path.is_empty() { one_line(message) } else { format!("{}: {}", path.join("."), one_line(message)) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_limits::within_limits;

    fn other(path: &[&str], expected: &str) -> Value {
        json!({"type": "literal_error", "loc": path, "msg": "Input should be ...", "ctx": {"expected": expected}})
    }

    fn error(path: &[&str], message: &str) -> Value {
        json!({"type": "missing", "loc": path, "msg": message})
    }

    #[test]
    fn counts_the_errors_beyond_the_limit() {
        let details: Vec<Value> =
            (0..100_000).map(|at| other(&["body", &at.to_string(), "T", "type"], "a")).collect();
        let messages = within_limits(|| messages(&json!({"detail": details})));
        assert_eq!(messages.len(), MOST_DETAILS + 1);
        assert_eq!(messages.last().map(String::as_str), Some("and 99800 more errors"));
    }

    #[test]
    fn errors_of_other_types_are_omitted() {
        let run = "function-after[check(), RunDeployment]";
        let compound = "function-after[check(), CompoundTrigger]";
        for (details, expected) in [
            (vec![error(&["body", "n"], "Field required")], vec!["body.n: Field required"]),
            (
                vec![
                    other(&["body", "actions", "0", "DoNothing", "type"], "'do-nothing'"),
                    error(&["body", "actions", "0", run, "parameters"], "invalid"),
                    other(&["body", "actions", "0", "CallWebhook", "type"], "'call-webhook'"),
                    error(&["body", "actions", "0", "CallWebhook", "payload"], "Field required"),
                    error(&["body", "tags"], "not a list"),
                ],
                vec!["body.actions.0.parameters: invalid", "body.tags: not a list"],
            ),
            // No type matches.
            (
                vec![
                    other(&["body", "trigger", "EventTrigger", "type"], "'event'"),
                    error(&["body", "trigger", "EventTrigger", "posture"], "Field required"),
                    other(&["body", "trigger", compound, "type"], "'compound'"),
                ],
                vec!["body.trigger.type: Input should be 'event' or 'compound'"],
            ),
            // Nested values with multiple types.
            (
                vec![
                    other(&["body", "trigger", "EventTrigger", "type"], "'event'"),
                    error(
                        &["body", "trigger", compound, "triggers", "0", "EventTrigger", "within"],
                        "invalid",
                    ),
                    other(
                        &["body", "trigger", compound, "triggers", "0", "SequenceTrigger", "type"],
                        "'sequence'",
                    ),
                    other(&["body", "trigger", "SequenceTrigger", "type"], "'sequence'"),
                    other(
                        &["body", "trigger", "SequenceTrigger", "triggers", "0", compound, "type"],
                        "'compound'",
                    ),
                ],
                vec!["body.trigger.triggers.0.within: invalid"],
            ),
            // The type of a value that can have only one type.
            (
                vec![other(&["body", "worker", "type"], "'x'"), error(&["body", "name"], "invalid")],
                vec!["body.worker.type: Input should be ...", "body.name: invalid"],
            ),
        ] {
            assert_eq!(validation_messages(&details), expected, "{details:?}");
        }
    }
}
