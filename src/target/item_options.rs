//! Parses the values of `--trigger` and `--sla`. A value is either the path of a file or a JSON document.

use std::{ffi::OsStr, path::Path};

use crate::value::{self, Value, from_json, kind};

/// The kind of items that an option contains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemKind {
    Trigger,
    Sla,
}

impl ItemKind {
    fn name(self) -> &'static str {
        match self {
            Self::Trigger => "trigger",
            Self::Sla => "SLA",
        }
    }

    /// Returns the option that contains the items.
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::Trigger => "--trigger",
            Self::Sla => "--sla",
        }
    }

    /// Returns the key of the list in the project file that contains these items.
    fn key(self) -> &'static str {
        match self {
            Self::Trigger => "triggers",
            Self::Sla => "sla",
        }
    }
}

/// The error returned if the value of an option cannot be parsed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Failed to parse {}: {value}. Error: {reason}", kind.name())]
pub(crate) struct ItemOptionError {
    pub(crate) kind: ItemKind,
    pub(crate) value: String,
    pub(crate) reason: String,
}

/// Returns the items of all of an option's values.
///
/// A value that ends in `.yaml` or `.json` is a file path; the file is read with `read`. Any other value is a
/// JSON document with an item or a list of items.
pub(crate) fn from_options(
    kind: ItemKind,
    values: &[String],
    read: impl Fn(&str) -> Result<String, String>,
    parse_yaml: impl Fn(&str) -> Result<Value, String>,
) -> Result<Vec<Value>, ItemOptionError> {
    let mut items = Vec::new();
    for value in values {
        let listed = |file| listed(file, kind.key());
        let found = match Path::new(value).extension().and_then(OsStr::to_str) {
            Some("yaml") => read(value).and_then(|text| parse_yaml(&text)).and_then(listed),
            Some("json") => read(value).and_then(|text| parse_json(&text)).and_then(listed),
            _ => parse_json(value).map(|parsed| match parsed {
                Value::Sequence(several) => several,
                item => vec![item],
            }),
        };
        items.extend(found.map_err(|reason| ItemOptionError { kind, value: value.clone(), reason })?);
    }
    Ok(items)
}

fn parse_json(text: &str) -> Result<Value, String> {
    value::parse_json(text).map(|json| from_json(&json)).map_err(|error| error.to_string())
}

/// Returns the items under a key of a file. Returns an empty list if the key is missing.
fn listed(file: Value, key: &str) -> Result<Vec<Value>, String> {
    let Value::Mapping(mut entries) = file else {
        return Err(format!("the file must contain a mapping with the key `{key}`, not {}", kind(&file)));
    };
    match entries.remove(key) {
        Some(Value::Sequence(items)) => Ok(items),
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(other) => Err(format!("`{key}` should be a list, not {}", kind(&other))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Result<String, String> {
        match path {
            "two.yaml" => Ok("triggers: [{expect: [a]}, {expect: [b]}]".to_owned()),
            "one.json" => Ok(r#"{"triggers": [{"expect": ["c"]}]}"#.to_owned()),
            "sla.yaml" => Ok("sla: [{name: a}]".to_owned()),
            "list.json" => Ok("[]".to_owned()),
            "text.json" => Ok(r#"{"triggers": "a"}"#.to_owned()),
            _ => Err("No such file or directory".to_owned()),
        }
    }

    fn options(kind: ItemKind, values: &[&str]) -> Result<Vec<Value>, String> {
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        let parse_yaml = |text: &str| serde_yaml::from_str(text).map_err(|error| error.to_string());
        from_options(kind, &values, read, parse_yaml).map_err(|error| error.to_string())
    }

    fn items(yaml: &str) -> Vec<Value> {
        serde_yaml::from_str(yaml).unwrap()
    }

    #[test]
    fn combines_items_from_files_and_json() {
        let values =
            ["two.yaml", "one.json", "sla.yaml", r#"{"expect": ["d"]}"#, r#"[{"expect": ["e"]}, {}]"#];
        let expected = "[{expect: [a]}, {expect: [b]}, {expect: [c]}, {expect: [d]}, {expect: [e]}, {}]";
        assert_eq!(options(ItemKind::Trigger, &values), Ok(items(expected)));
        assert_eq!(options(ItemKind::Sla, &["sla.yaml", "one.json"]), Ok(items("[{name: a}]")));
        assert_eq!(options(ItemKind::Sla, &["[]"]), Ok(Vec::new()));
    }

    #[test]
    fn rejects_values_without_items() {
        for (kind, value, message) in [
            (ItemKind::Trigger, "missing.yaml", "trigger: missing.yaml. Error: No such file or directory"),
            (
                ItemKind::Trigger,
                "list.json",
                "trigger: list.json. Error: the file must contain a mapping with the key `triggers`, not a list",
            ),
            (
                ItemKind::Trigger,
                "text.json",
                "trigger: text.json. Error: `triggers` should be a list, not a string",
            ),
            (ItemKind::Trigger, "two.yml", "trigger: two.yml. Error: expected ident at line 1 column 2"),
            (ItemKind::Sla, "{", "SLA: {. Error: EOF while parsing an object at line 1 column 1"),
        ] {
            assert_eq!(options(kind, &[value]), Err(format!("Failed to parse {message}")));
        }
    }
}
