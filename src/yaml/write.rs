//! Formats values as YAML. The output has the same meaning in YAML 1.1 and YAML 1.2.

use serde_json::{Map, Value as Json};

use super::scalar::{ScalarTag, resolve};

/// Number of spaces per level of indentation.
const INDENT: usize = 2;

/// Formats a value as a YAML document in block style.
pub(crate) fn write(value: &Json) -> String {
    let mut writer = Writer { text: String::new(), list_indent: 0 };
    match value {
        Json::Object(entries) if !entries.is_empty() => writer.mapping(entries, 0),
        Json::Array(items) if !items.is_empty() => writer.list(items, 0),
        other => writer.scalar(other),
    }
    writer.text
}

/// Formats an item of a list. The dash is indented by `indent` spaces.
///
/// Nested lists are indented by `list_indent` spaces relative to their keys.
pub(super) fn write_item(item: &Json, indent: usize, list_indent: usize) -> String {
    let mut writer = Writer { text: " ".repeat(indent), list_indent };
    writer.list(std::slice::from_ref(item), indent);
    writer.text
}

/// Formats the entries of a non-empty mapping. The keys are indented by `indent` spaces.
pub(super) fn write_entries(entries: &Map<String, Json>, indent: usize, list_indent: usize) -> String {
    let mut writer = Writer { text: " ".repeat(indent), list_indent };
    writer.mapping(entries, indent);
    writer.text
}

/// Formats a value on a single line, in a form that is valid inside a flow collection.
pub(super) fn write_flow(value: &Json) -> String {
    match value {
        Json::Object(entries) if !entries.is_empty() => {
            let entry = |(key, value): (&String, &Json)| format!("{}: {}", quoted(key), write_flow(value));
            format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
        }
        Json::Array(items) if !items.is_empty() => {
            format!("[{}]", items.iter().map(write_flow).collect::<Vec<_>>().join(", "))
        }
        Json::String(text) => quoted(text),
        other => scalar(other),
    }
}

struct Writer {
    text: String,
    /// Additional indentation of a list relative to its key, in spaces.
    list_indent: usize,
}

impl Writer {
    fn mapping(&mut self, entries: &Map<String, Json>, indent: usize) {
        for (position, (key, value)) in entries.iter().enumerate() {
            if position > 0 {
                self.text.push_str(&" ".repeat(indent));
            }
            self.text.push_str(&quoted_if_need_be(key));
            self.text.push(':');
            match value {
                Json::Object(inner) if !inner.is_empty() => {
                    self.start_line(indent + INDENT);
                    self.mapping(inner, indent + INDENT);
                }
                Json::Array(items) if !items.is_empty() => {
                    self.start_line(indent + self.list_indent);
                    self.list(items, indent + self.list_indent);
                }
                other => {
                    self.text.push(' ');
                    self.scalar(other);
                }
            }
        }
    }

    fn list(&mut self, items: &[Json], indent: usize) {
        for (position, item) in items.iter().enumerate() {
            if position > 0 {
                self.text.push_str(&" ".repeat(indent));
            }
            self.text.push_str("- ");
            match item {
                Json::Object(entries) if !entries.is_empty() => self.mapping(entries, indent + INDENT),
                Json::Array(inner) if !inner.is_empty() => self.list(inner, indent + INDENT),
                other => self.scalar(other),
            }
        }
    }

    fn start_line(&mut self, indent: usize) {
        self.text.push('\n');
        self.text.push_str(&" ".repeat(indent));
    }

    fn scalar(&mut self, value: &Json) {
        self.text.push_str(&scalar(value));
        self.text.push('\n');
    }
}

fn scalar(value: &Json) -> String {
    match value {
        Json::String(text) => quoted_if_need_be(text),
        Json::Number(number) => number_text(&number.to_string()),
        // Null, booleans and empty collections are formatted as in JSON.
        other => other.to_string(),
    }
}

/// Adds the decimal point and the sign that YAML 1.1 requires in a number with an exponent.
fn number_text(text: &str) -> String {
    let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return text.to_owned() };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let sign = if exponent.starts_with(['-', '+']) { "" } else { "+" };
    format!("{mantissa}{point}e{sign}{exponent}")
}

/// Formats a string on a single line. Quotes are omitted if the unquoted text parses to the same string.
pub(super) fn quoted_if_need_be(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Returns whether a string can be written without quotes in any position and still be parsed as a string.
fn is_plain(text: &str) -> bool {
    let starts_well =
        text.starts_with(|first: char| first.is_ascii_alphabetic() || matches!(first, '_' | '/'));
    let is_harmless = |character: char| character.is_ascii_alphanumeric() || "_-./@+ :".contains(character);
    starts_well
        && text.chars().all(is_harmless)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !matches!(text, "y" | "Y" | "n" | "N")
        && resolve(text) == ScalarTag::Text
}

/// Formats a string in double quotes on a single line. Invisible and ambiguous characters are escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' => quoted.push(character),
            _ if character.is_alphanumeric() => quoted.push(character),
            _ => quoted.push_str(&escape(u32::from(character))),
        }
    }
    quoted.push('"');
    quoted
}

fn escape(code: u32) -> String {
    match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{source::Source, value, yaml};

    fn read(text: &str) -> Json {
        let document = yaml::load(&Source::new("test.yaml", text)).unwrap();
        value::to_json(&document.root.to_value().unwrap())
    }

    #[test]
    fn quotes_strings_that_look_like_other_values() {
        for text in [
            "on",
            "off",
            "yes",
            "n",
            "null",
            "~",
            "",
            "010",
            "0x1f",
            "1e3",
            "1:30",
            "2024-01-01",
            "=",
            "<<",
            "1.5",
            ".inf",
            "- a",
            "a: b",
            "a #b",
            "#a",
            "*a",
            "&a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{{ x }}",
            "[a]",
            " a",
            "a ",
            "a:",
            "a\nb",
            "a\tb",
            "é",
            "\u{1f40d}",
            "\u{85}",
            "\u{2028}",
            "\u{feff}",
            "it's",
            "\"",
            "\\",
            "...",
            "---",
            "True",
            "NULL",
            "? a",
            "|",
            ">",
            "+1",
            "_1",
            "1_000",
            "0o17",
            "0b1",
        ] {
            let value = json!({text: text, "list": [text]});
            assert_eq!(read(&write(&value)), value, "{}", write(&value));
        }
    }

    #[test]
    fn writes_block_style() {
        let value = json!({"deployments": [{"name": "a", "tags": ["x", "on"], "work_pool": {"name": "p", "env": {}}},
                                           {"name": "b"}], "pull": []});
        let expected = "deployments:\n- name: a\n  tags:\n  - x\n  - \"on\"\n  work_pool:\n    name: p\n    env: {}\n\
                        - name: b\npull: []\n";
        assert_eq!(write(&value), expected);
    }

    fn any_value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i64>().prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            proptest::num::f64::NORMAL.prop_map(Json::from),
            any::<String>().prop_map(Json::from),
            "[-+.0-9a-fxoe:_ ]{0,8}".prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::hash_map("[a-z0-9:{ ]{0,6}", inner, 0..5)
                    .prop_map(|entries| Json::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn written_values_parse_to_the_same_values(value in any_value()) {
            prop_assert_eq!(read(&write(&value)), value);
        }
    }
}
