//! Paths into values: `a.b[0].c`.
//!
//! Brackets and dots mean the same. A part that Python's `int` can read is an index, even where a mapping has
//! it as a textual key; any other part is a textual key.

use std::borrow::Cow;

use crate::{
    environment::Environment,
    value::{Mapping, Value},
};

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Key<'a> {
    Text(&'a str),
    Integer(i128),
}

/// The values that standard placeholders name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values<'a> {
    Mapping(&'a Mapping),
    /// The variables of the environment, as if they were a mapping of texts.
    Environment(&'a Environment),
}

impl<'a> Values<'a> {
    /// The value that a path leads to.
    pub(crate) fn get(self, path: &str) -> Option<Cow<'a, Value>> {
        let path = normalized(path);
        let (first, rest) = path.split_once('.').map_or((path.as_str(), None), |(a, b)| (a, Some(b)));
        let start = match (self, key(first)) {
            (Self::Mapping(mapping), key) => Cow::Borrowed(entry(mapping, &key)?),
            (Self::Environment(environment), Key::Text(name)) => {
                Cow::Owned(Value::from(environment.get(name)?))
            }
            (Self::Environment(_), Key::Integer(_)) => return None,
        };
        rest.map_or(Some(start.clone()), |rest| descend(start, rest))
    }
}

/// The value that a path leads to inside another.
pub(crate) fn get<'a>(value: &'a Value, path: &str) -> Option<Cow<'a, Value>> {
    descend(Cow::Borrowed(value), &normalized(path))
}

/// The keys that a path goes through.
pub(super) fn keys(path: &str) -> Vec<Value> {
    let value = |part| match key(part) {
        Key::Integer(index) => i64::try_from(index).map_or_else(|_| part.into(), Value::from),
        Key::Text(text) => text.into(),
    };
    normalized(path).split('.').map(value).collect()
}

fn normalized(path: &str) -> String {
    path.replace('[', ".").replace(']', "")
}

fn descend<'a>(start: Cow<'a, Value>, path: &str) -> Option<Cow<'a, Value>> {
    path.split('.').map(key).try_fold(start, |value, key| match value {
        Cow::Borrowed(value) => child(value, &key),
        Cow::Owned(value) => child(&value, &key).map(|value| Cow::Owned(value.into_owned())),
    })
}

fn child<'a>(value: &'a Value, key: &Key<'_>) -> Option<Cow<'a, Value>> {
    match (value, key) {
        (Value::Mapping(mapping), key) => entry(mapping, key).map(Cow::Borrowed),
        (Value::Sequence(items), Key::Integer(index)) => {
            items.get(position(*index, items.len())?).map(Cow::Borrowed)
        }
        (Value::String(text), Key::Integer(index)) => {
            let character = text.chars().nth(position(*index, text.chars().count())?)?;
            Some(Cow::Owned(Value::String(character.to_string())))
        }
        _ => None,
    }
}

fn entry<'a>(mapping: &'a Mapping, key: &Key<'_>) -> Option<&'a Value> {
    match key {
        Key::Text(text) => mapping.get(*text),
        Key::Integer(wanted) => {
            mapping.iter().find(|(key, _)| integer(key) == Some(*wanted)).map(|(_, value)| value)
        }
    }
}

/// The integer that a key of a mapping equals in Python, where `True` is 1 and `1.0` is 1.
fn integer(key: &Value) -> Option<i128> {
    match key {
        Value::Bool(flag) => Some(i128::from(*flag)),
        Value::Number(number) => {
            let integer = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            #[expect(
                clippy::cast_possible_truncation,
                reason = "only whole numbers are cast; large ones saturate"
            )]
            integer
                .or_else(|| number.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i128))
        }
        _ => None,
    }
}

/// The position that an index means in a sequence; negative ones count from the end.
fn position(index: i128, length: usize) -> Option<usize> {
    let from_start = if index < 0 { index.checked_add(i128::try_from(length).ok()?)? } else { index };
    usize::try_from(from_start).ok()
}

fn key(part: &str) -> Key<'_> {
    python_integer(part).map_or(Key::Text(part), Key::Integer)
}

/// What Python's `int` makes of a text: a sign, decimal digits of any script, single underscores between them.
///
/// Integers too large to be an index of anything become the largest one.
fn python_integer(text: &str) -> Option<i128> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let mut integer: i128 = 0;
    let mut after_digit = false;
    for character in digits.chars() {
        if character == '_' && after_digit {
            after_digit = false;
        } else {
            integer = integer.saturating_mul(10).saturating_add(decimal_digit(character)?.into());
            after_digit = true;
        }
    }
    after_digit.then_some(integer.saturating_mul(sign))
}

/// The zeros of the scripts that have decimal digits; the other nine digits follow each.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6F0, 0x7C0, 0x966, 0x9E6, 0xA66, 0xAE6, 0xB66, 0xBE6, 0xC66, 0xCE6, 0xD66, 0xDE6, 0xE50,
    0xED0, 0xF20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10, 0x104A0, 0x10D30, 0x11066,
    0x110F0, 0x11136, 0x111D0, 0x112F0, 0x11450, 0x114D0, 0x11650, 0x116C0, 0x11730, 0x118E0, 0x11950,
    0x11C50, 0x11D50, 0x11DA0, 0x16A60, 0x16AC0, 0x16B50, 0x1D7CE, 0x1D7D8, 0x1D7E2, 0x1D7EC, 0x1D7F6,
    0x1E140, 0x1E2F0, 0x1E950, 0x1FBF0,
];

fn decimal_digit(character: char) -> Option<u32> {
    let code = u32::from(character);
    let zero = ZEROS[ZEROS.partition_point(|zero| *zero <= code).checked_sub(1)?];
    (code - zero < 10).then_some(code - zero)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_through_mappings_lists_and_texts() {
        let value: Value = serde_yaml::from_str(
            "{a: {b: [1, {c: x}], '': e, '1': text, 2: two, true: yes}, s: héllo, n: null, l: [[1, 2]]}",
        )
        .unwrap();
        for (path, expected) in [
            ("a.b[0]", Some("1")),
            ("a.b.1.c", Some("x")),
            ("a[b][-1].c", Some("x")),
            ("a.b[2]", None),
            ("a.b[-3]", None),
            ("a.b.x", None),
            ("a.", Some("e")),
            ("a.1", Some("true")),
            ("a.2", Some("two")),
            ("s[1]", Some("é")),
            ("s[-1]", Some("o")),
            ("s.x", None),
            ("n", Some("null")),
            ("n.x", None),
            ("l[0][1]", Some("2")),
            ("l.0_0.0_1", Some("2")),
            ("l.٠.١", Some("2")),
            ("l.99999999999999999999999999999999999999999999", None),
        ] {
            let found = get(&value, path).map(|value| serde_yaml::to_string(&value).unwrap());
            let expected = expected.map(|text| if text == "true" { "yes" } else { text });
            assert_eq!(found.as_deref().map(str::trim), expected, "{path}");
        }
    }

    #[test]
    fn integers_are_read_as_python_reads_them() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-1", Some(-1)),
            ("01", Some(1)),
            ("1_0", Some(10)),
            ("-1_0", Some(-10)),
            ("０７", Some(7)),
            ("", None),
            ("-", None),
            ("--1", None),
            ("_1", None),
            ("1_", None),
            ("1__0", None),
            ("-_1", None),
            ("1a", None),
            ("²", None),
        ] {
            assert_eq!(python_integer(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_environment_is_a_mapping_of_texts() {
        let environment: Environment =
            [("HOME", "/root"), ("A.B", "dotted"), ("0", "zero")].into_iter().collect();
        let get = |path| Values::Environment(&environment).get(path).map(Cow::into_owned);
        assert_eq!(get("HOME"), Some(Value::from("/root")));
        assert_eq!(get("HOME[0]"), Some(Value::from("/")));
        assert_eq!([get("HOME.x"), get("A.B"), get("0"), get("NOPE")], [None, None, None, None]);
    }
}
