//! Values as Python writes them: what scripts that read the reference's output expect.

use serde_json::Value;

use crate::api::JsonObject;

/// `repr(value)`.
pub(crate) fn repr(value: &Value) -> String {
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(number) => float(number),
            None => number.to_string(),
        },
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", join(items.iter().map(repr))),
        Value::Object(entries) => mapping(entries),
    }
}

/// `str(value)`.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| repr(value), str::to_owned)
}

/// `repr` of a dictionary.
pub(crate) fn mapping(entries: &JsonObject) -> String {
    format!("{{{}}}", join(entries.iter().map(|(key, value)| format!("{}: {}", quoted(key), repr(value)))))
}

/// The names as `'a', 'b'`.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    join(names.into_iter().map(quoted))
}

fn join(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(", ")
}

/// `repr` of a text: in single quotes unless it has some and no double ones.
pub(crate) fn quoted(text: &str) -> String {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut result = String::from(quote);
    for character in text.chars() {
        match character {
            '\n' => result.push_str("\\n"),
            '\r' => result.push_str("\\r"),
            '\t' => result.push_str("\\t"),
            '\\' => result.push_str("\\\\"),
            _ if character == quote => result.extend(['\\', quote]),
            _ if character.is_control() => result.extend(format!("\\x{:02x}", u32::from(character)).chars()),
            _ => result.push(character),
        }
    }
    result.push(quote);
    result
}

/// The shortest digits that give the number back, with an exponent where Python uses one.
fn float(number: f64) -> String {
    let size = number.abs();
    if size == 0.0 || (1e-4..1e16).contains(&size) {
        return format!("{number:?}");
    }
    let text = format!("{number:e}");
    match text.split_once('e') {
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_print_as_in_python() {
        let cases = [
            (json!({"name": "Marvin", "n": 1, "x": null}), "{'name': 'Marvin', 'n': 1, 'x': None}"),
            (json!([true, false, 1.0, 0.1, 1e16, 1.5e-7, -2]), "[True, False, 1.0, 0.1, 1e+16, 1.5e-07, -2]"),
            (json!("it's"), "\"it's\""),
            (json!("it's \"x\"\n\\"), r#"'it\'s "x"\n\\'"#),
            (json!("\u{7}é"), r"'\x07é'"),
            (json!({}), "{}"),
        ];
        for (value, expected) in cases {
            assert_eq!(repr(&value), expected);
        }
        assert_eq!(text(&json!("it's")), "it's");
        assert_eq!(names(["a", "b'"]), "'a', \"b'\"");
    }
}
