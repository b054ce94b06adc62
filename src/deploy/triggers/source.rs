//! The values of `--trigger`: a file that holds triggers, or a trigger as JSON text.

use std::{ffi::OsStr, path::Path};

use crate::value::{Mapping, Value, from_json, kind};

/// A value that holds no trigger.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Failed to parse trigger: {value}. Error: {reason}")]
pub(crate) struct TriggerOptionError {
    pub(crate) value: String,
    pub(crate) reason: String,
}

/// The triggers of all values. A value that ends with `.yaml` or `.json` names a file, read by `read`, with a list
/// under `triggers`; anything else is JSON, one trigger or a list of them.
pub(crate) fn from_options(
    values: &[String],
    read: impl Fn(&str) -> Result<String, String>,
    parse_yaml: impl Fn(&str) -> Result<Value, String>,
) -> Result<Vec<Value>, TriggerOptionError> {
    let mut items = Vec::new();
    for value in values {
        let found = match Path::new(value).extension().and_then(OsStr::to_str) {
            Some("yaml") => read(value).and_then(|text| parse_yaml(&text)).and_then(listed),
            Some("json") => read(value).and_then(|text| parse_json(&text)).and_then(listed),
            _ => parse_json(value).map(|parsed| match parsed {
                Value::Sequence(several) => several,
                one => vec![one],
            }),
        };
        items.extend(found.map_err(|reason| TriggerOptionError { value: value.clone(), reason })?);
    }
    Ok(items)
}

fn parse_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map(|json| from_json(&json)).map_err(|error| error.to_string())
}

/// What a file has under `triggers`, which may be nothing.
fn listed(file: Value) -> Result<Vec<Value>, String> {
    let triggers = |mut entries: Mapping| entries.remove("triggers").unwrap_or_default();
    match file {
        Value::Mapping(entries) => match triggers(entries) {
            Value::Sequence(items) => Ok(items),
            Value::Null => Ok(Vec::new()),
            other => Err(format!("`triggers` should be a list, not {}", kind(&other))),
        },
        other => Err(format!("the file should hold a mapping with the key `triggers`, not {}", kind(&other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Result<String, String> {
        match path {
            "two.yaml" => Ok("triggers: [{expect: [a]}, {expect: [b]}]".to_owned()),
            "one.json" => Ok(r#"{"triggers": [{"expect": ["c"]}]}"#.to_owned()),
            "other.yaml" => Ok("sla: []".to_owned()),
            "list.json" => Ok("[]".to_owned()),
            _ => Err("No such file or directory".to_owned()),
        }
    }

    fn options(values: &[&str]) -> Result<Vec<Value>, String> {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        let parse_yaml = |text: &str| serde_yaml::from_str(text).map_err(|error| error.to_string());
        from_options(&values, read, parse_yaml).map_err(|error| error.to_string())
    }

    #[test]
    fn files_and_texts_are_put_together() {
        let found = options(&[
            "two.yaml",
            "one.json",
            "other.yaml",
            r#"{"expect": ["d"]}"#,
            r#"[{"expect": ["e"]}, {}]"#,
        ]);
        let expected: Vec<Value> = serde_yaml::from_str(
            "[{expect: [a]}, {expect: [b]}, {expect: [c]}, {expect: [d]}, {expect: [e]}, {}]",
        )
        .unwrap();
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn what_holds_no_trigger_is_refused() {
        for (value, reason) in [
            ("missing.yaml", "No such file or directory"),
            ("list.json", "the file should hold a mapping with the key `triggers`, not a list"),
            ("two.yml", "expected ident at line 1 column 2"),
            ("{", "EOF while parsing an object at line 1 column 1"),
        ] {
            assert_eq!(options(&[value]), Err(format!("Failed to parse trigger: {value}. Error: {reason}")));
        }
    }
}
