//! Paths to nested values, such as `a.b[0].c`.
//!
//! Brackets and dots are equivalent. In a mapping, a segment is first looked up as a string key and then as
//! an integer key. In a list or a string, a segment must be an integer index.

use std::borrow::Cow;

use crate::{
    environment::Environment,
    value::{Mapping, Value},
};

/// The values that standard placeholders can refer to.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Values<'a> {
    Mapping(&'a Mapping),
    /// Environment variables as a mapping of strings.
    Environment(&'a Environment),
}

impl<'a> Values<'a> {
    /// Returns the value at a path, or `None` if the path does not exist.
    pub(crate) fn get(self, path: &str) -> Option<Cow<'a, Value>> {
        let path = normalized(path);
        let (first, rest) = path.split_once('.').map_or((path.as_str(), None), |(a, b)| (a, Some(b)));
        let start = match self {
            Self::Mapping(mapping) => Cow::Borrowed(entry(mapping, first)?),
            Self::Environment(environment) => Cow::Owned(Value::from(environment.get(first)?)),
        };
        rest.map_or(Some(start.clone()), |rest| descend(start, rest))
    }
}

/// Returns the value at a path within another value, or `None` if the path does not exist.
pub(crate) fn get<'a>(value: &'a Value, path: &str) -> Option<Cow<'a, Value>> {
    descend(Cow::Borrowed(value), &normalized(path))
}

/// Splits a path into its segments.
pub(super) fn keys(path: &str) -> Vec<String> {
    normalized(path).split('.').map(str::to_owned).collect()
}

fn normalized(path: &str) -> String {
    path.replace('[', ".").replace(']', "")
}

fn descend<'a>(start: Cow<'a, Value>, path: &str) -> Option<Cow<'a, Value>> {
    path.split('.').try_fold(start, |value, segment| match value {
        Cow::Borrowed(value) => child(value, segment),
        Cow::Owned(value) => child(&value, segment).map(|value| Cow::Owned(value.into_owned())),
    })
}

fn child<'a>(value: &'a Value, segment: &str) -> Option<Cow<'a, Value>> {
    match value {
        Value::Mapping(mapping) => entry(mapping, segment).map(Cow::Borrowed),
        Value::Sequence(items) => {
            items.get(position(python_integer(segment)?, items.len())?).map(Cow::Borrowed)
        }
        Value::String(text) => {
            let index = position(python_integer(segment)?, text.chars().count())?;
            Some(Cow::Owned(Value::String(text.chars().nth(index)?.to_string())))
        }
        _ => None,
    }
}

fn entry<'a>(mapping: &'a Mapping, segment: &str) -> Option<&'a Value> {
    mapping.get(segment).or_else(|| {
        let wanted = canonical_integer(segment)?;
        mapping.iter().find(|(key, _)| integer(key) == Some(wanted)).map(|(_, value)| value)
    })
}

/// Parses an integer that is written exactly as Python prints it. Accepts `1` and `-1`, but not `01` or `-0`.
fn canonical_integer(segment: &str) -> Option<i128> {
    segment.parse().ok().filter(|integer: &i128| integer.to_string() == segment)
}

/// Returns the integer that a mapping key equals in Python, where `True` and `1.0` equal 1.
fn integer(key: &Value) -> Option<i128> {
    match key {
        Value::Bool(flag) => Some(i128::from(*flag)),
        Value::Number(number) => {
            let integer = number.as_i64().map(i128::from).or(number.as_u64().map(i128::from));
            #[expect(
                clippy::cast_possible_truncation,
                reason = "only integral values are cast, and large values saturate"
            )]
            integer
                .or_else(|| number.as_f64().filter(|float| float.fract() == 0.0).map(|float| float as i128))
        }
        _ => None,
    }
}

/// Converts an index to a position in a sequence. Negative indexes count from the end. Returns `None` if the
/// index is out of range.
fn position(index: i128, length: usize) -> Option<usize> {
    let from_start = if index < 0 { index.checked_add(i128::try_from(length).ok()?)? } else { index };
    usize::try_from(from_start).ok()
}

/// Parses an integer like Python's `int`: a minus sign, decimal digits of any script, and single underscores between
/// digits.
///
/// Integers beyond 128 bits are clamped, because no sequence is that long.
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

/// Code points of the digit zero in each script. The digits 1 to 9 follow directly after zero.
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
    fn paths_lead_through_mappings_lists_and_strings() {
        let value: Value = serde_yaml::from_str(
            "{a: {b: [1, {c: x}], '': e, '1': text, 2: two, true: yes, 3.0: three, -4: minus}, s: héllo, n: null, l: [[1, 2]]}",
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
            ("a.1", Some("text")),
            ("a.01", None),
            ("a.3", Some("three")),
            ("a.-4", Some("minus")),
            ("a.0", None),
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
            assert_eq!(found.as_deref().map(str::trim), expected, "{path}");
        }
    }

    #[test]
    fn parses_integers_as_python_does() {
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
    fn looks_up_environment_variables() {
        let environment: Environment =
            [("HOME", "/root"), ("A.B", "dotted"), ("0", "zero")].into_iter().collect();
        let get = |path| Values::Environment(&environment).get(path).map(Cow::into_owned);
        assert_eq!(get("HOME"), Some(Value::from("/root")));
        assert_eq!(get("HOME[0]"), Some(Value::from("/")));
        assert_eq!(get("0"), Some(Value::from("zero")));
        assert_eq!([get("HOME.x"), get("A.B"), get("NOPE")], [None, None, None]);
    }
}
