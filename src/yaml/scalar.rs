//! Determines the implicit types of YAML 1.1 scalars and converts scalars to values.

use std::sync::Arc;

use base64::{Engine, alphabet, engine};

use super::{cursor::Cursor, integer::Integer, node::NodeKind, timestamp::Timestamp};

/// The types of scalars in YAML 1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ScalarTag {
    Null,
    Bool,
    Int,
    Float,
    Text,
    Timestamp,
    Binary,
    /// The merge key: an unquoted `<<`.
    Merge,
    /// The default value key: an unquoted `=`.
    Value,
}

impl ScalarTag {
    /// Returns the type's name for messages about invalid values.
    pub(super) fn expectation(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Int => "an integer",
            Self::Float => "a number",
            Self::Text => "a string",
            Self::Timestamp => "a valid date or time",
            Self::Binary => "Base64 data",
            Self::Merge | Self::Value => "a value",
        }
    }
}

/// Returns the resolved tag of a plain scalar without an explicit tag.
pub(super) fn resolve(text: &str) -> ScalarTag {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return ScalarTag::Null,
        "yes" | "Yes" | "YES" | "no" | "No" | "NO" | "true" | "True" | "TRUE" | "false" | "False"
        | "FALSE" | "on" | "On" | "ON" | "off" | "Off" | "OFF" => return ScalarTag::Bool,
        "<<" => return ScalarTag::Merge,
        "=" => return ScalarTag::Value,
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || matches!(first, '-' | '+' | '.')) {
        ScalarTag::Text
    } else if is_float(text) {
        ScalarTag::Float
    } else if is_integer(text) {
        ScalarTag::Int
    } else if Timestamp::parse(text).is_some_and(|timestamp| timestamp.is_implicit()) {
        ScalarTag::Timestamp
    } else {
        ScalarTag::Text
    }
}

/// Converts a string to a value of a type. Returns `None` if the string is invalid for the type.
pub(super) fn construct(tag: ScalarTag, text: &str) -> Option<NodeKind> {
    match tag {
        ScalarTag::Null => Some(NodeKind::Null),
        ScalarTag::Bool => boolean(text).map(NodeKind::Bool),
        ScalarTag::Int => integer(text).map(NodeKind::Int),
        ScalarTag::Float => float(text).map(NodeKind::Float),
        ScalarTag::Text => Some(NodeKind::Text(text.into())),
        ScalarTag::Timestamp => Timestamp::parse(text)?.resolve(),
        ScalarTag::Binary => binary(text).map(NodeKind::Binary),
        ScalarTag::Merge | ScalarTag::Value => None,
    }
}

fn is_integer(text: &str) -> bool {
    let mut cursor = Cursor::new(text);
    cursor.expect_any(&['-', '+']);
    let rest = cursor.rest;
    let all = |digits: &str, allowed: fn(char) -> bool| {
        !digits.is_empty() && digits.chars().all(|digit| digit == '_' || allowed(digit))
    };
    match rest.as_bytes() {
        [b'0'] => true,
        [b'0', b'b', ..] => all(&rest[2..], |digit| matches!(digit, '0' | '1')),
        [b'0', b'x', ..] => all(&rest[2..], |digit| digit.is_ascii_hexdigit()),
        [b'0', ..] => all(&rest[1..], |digit| matches!(digit, '0'..='7')),
        [b'1'..=b'9', ..] => {
            cursor.grouped_digits();
            cursor.is_empty() || (cursor.sexagesimal_parts() && cursor.is_empty())
        }
        _ => false,
    }
}

fn is_float(text: &str) -> bool {
    let mut cursor = Cursor::new(text);
    let signed = cursor.expect_any(&['-', '+']).is_some();
    match cursor.rest {
        ".inf" | ".Inf" | ".INF" => return true,
        ".nan" | ".NaN" | ".NAN" => return !signed,
        _ => {}
    }
    if cursor.expect('.').is_some() {
        return !signed && cursor.grouped_digits() && cursor.exponent() && cursor.is_empty();
    }
    if !cursor.grouped_digits() {
        return false;
    }
    let sexagesimal = cursor.sexagesimal_parts();
    if cursor.expect('.').is_none() {
        return false;
    }
    cursor.take_while(|digit| digit.is_ascii_digit() || digit == '_');
    (sexagesimal || cursor.exponent()) && cursor.is_empty()
}

fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "yes" | "true" | "on" => Some(true),
        "no" | "false" | "off" => Some(false),
        _ => None,
    }
}

/// Splits the sign from a number. The flag is `true` if the sign is a minus sign.
fn split_sign(text: &str) -> (bool, &str) {
    match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn integer(text: &str) -> Option<Integer> {
    let text = text.replace('_', "");
    let text = text.trim();
    let (negative, digits) = split_sign(text);
    let parsed = if let Some(digits) = digits.strip_prefix("0b") {
        whole_number(digits, 2)
    } else if let Some(digits) = digits.strip_prefix("0x") {
        whole_number(digits, 16)
    } else if digits.len() > 1 && digits.starts_with('0') {
        whole_number(&digits[1..], 8)
    } else if digits.contains(':') {
        sexagesimal(digits)
    } else {
        // Python rejects decimal integers with more digits.
        (digits.len() <= 4300).then(|| whole_number(digits, 10))?
    }?;
    Some(match parsed {
        Magnitude::Small(number) => Integer::from(if negative { -number } else { number }),
        Magnitude::Large => Integer::Large(text.into()),
    })
}

/// The absolute value of an integer. `Large` means that the value does not fit in 127 bits.
enum Magnitude {
    Small(i128),
    Large,
}

impl From<Option<i128>> for Magnitude {
    fn from(number: Option<i128>) -> Self {
        number.map_or(Self::Large, Self::Small)
    }
}

fn whole_number(digits: &str, radix: u32) -> Option<Magnitude> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    Some(i128::from_str_radix(digits, radix).ok().into())
}

fn sexagesimal(text: &str) -> Option<Magnitude> {
    text.split(':').try_fold(Magnitude::Small(0), |total, part| {
        let (Magnitude::Small(total), Magnitude::Small(part)) = (total, whole_number(part, 10)?) else {
            return Some(Magnitude::Large);
        };
        Some(total.checked_mul(60).and_then(|total| total.checked_add(part)).into())
    })
}

fn float(text: &str) -> Option<f64> {
    let text = text.replace('_', "").to_lowercase();
    let (negative, digits) = split_sign(text.trim());
    let number = match digits {
        ".inf" => f64::INFINITY,
        ".nan" => f64::NAN,
        _ if digits.contains(':') => {
            // Python adds the base-60 digits from right to left. The same order is used here because it affects
            // rounding.
            let mut base = 1.0;
            digits.rsplit(':').try_fold(0.0, |total, part| {
                let term = part.parse::<f64>().ok()? * base;
                base *= 60.0;
                Some(total + term)
            })?
        }
        _ => digits.parse().ok()?,
    };
    Some(if negative { -number } else { number })
}

/// Decodes a Base64 string. Ignores invalid characters and characters after the padding, as in Python.
fn binary(text: &str) -> Option<Arc<[u8]>> {
    const ENGINE: engine::GeneralPurpose = engine::GeneralPurpose::new(
        &alphabet::STANDARD,
        engine::GeneralPurposeConfig::new()
            .with_decode_allow_trailing_bits(true)
            .with_decode_padding_mode(engine::DecodePaddingMode::RequireCanonical),
    );
    if !text.is_ascii() {
        return None;
    }
    let mut data: String = text
        .chars()
        .filter(|digit| digit.is_ascii_alphanumeric() || matches!(digit, '+' | '/' | '='))
        .collect();
    if let Some(padding) = data.find('=') {
        let length = padding.next_multiple_of(4).min(data.len());
        data.truncate(length);
    }
    ENGINE.decode(data).ok().map(Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_plain_scalars_by_yaml_1_1() {
        for (tag, texts) in [
            (ScalarTag::Null, "~ null Null NULL"),
            (ScalarTag::Bool, "yes Yes YES no on On ON off Off OFF true False"),
            (ScalarTag::Int, "0 -0 +7 0_ 017 -0_7 0b1_0 0x_ 0xFf 1_000 190:20:30 -1:5 1:59"),
            (
                ScalarTag::Float,
                "1. -1.5 .5 1_0.0_1 1.0e+3 .5E-2 1:30.5 -1:59. .inf -.Inf +.INF .nan .NaN .NAN",
            ),
            (ScalarTag::Timestamp, "2024-01-01 2024-13-45 2024-1-1T1:02:03 2024-01-01T01:02:03.+5:30"),
            (ScalarTag::Merge, "<<"),
            (ScalarTag::Value, "="),
            (
                ScalarTag::Text,
                "y N nULL tRue 08 0o7 0b2 0x - + . 1e3 1.5e3 -.5 +.nan ._5 1:60 1:5:123 01:30 0:30",
            ),
            (
                ScalarTag::Text,
                "2024-1-1 24-01-01 2024-01-01T01:02 2024-01-01T01:02:03z 1.2.3 <<< == \u{0661}",
            ),
        ] {
            for text in texts.split(' ') {
                assert_eq!(resolve(text), tag, "{text}");
            }
        }
        assert_eq!(resolve(""), ScalarTag::Null);
        assert_eq!(resolve("2024-01-01 \t 1:02:03.5 \t Z"), ScalarTag::Timestamp);
    }

    #[test]
    fn parses_integers_in_every_base() {
        let long = "9".repeat(4300);
        for (text, value) in [
            ("0b1_01", "5"),
            ("-0x1f", "-31"),
            ("017", "15"),
            ("-1:30:00", "-5400"),
            ("1__0", "10"),
            (" +7 ", "7"),
            ("-170141183460469231731687303715884105727", "-170141183460469231731687303715884105727"),
            ("1_70141183460469231731687303715884105728", "170141183460469231731687303715884105728"),
            ("999999999999999999999999999999999999999:0", "999999999999999999999999999999999999999:0"),
            (&long, &long),
        ] {
            assert_eq!(integer(text).map(|number| number.to_string()).as_deref(), Some(value), "{text}");
        }
        for text in ["", "-", "0b", "0x_", "08", "1e3", "1::2", "--1", "ten", &"9".repeat(4301)] {
            assert_eq!(integer(text), None, "{text}");
        }
    }

    #[test]
    fn converts_scalars_as_python_does() {
        assert_eq!(float("190:20:30.15"), Some(685_230.15));
        assert_eq!(float("-1:30.5"), Some(-90.5));
        assert_eq!(float("-.INF"), Some(f64::NEG_INFINITY));
        assert_eq!((float(""), float("1.2.3"), float("1:x")), (None, None, None));
        assert_eq!((boolean("tRUE"), boolean("Off"), boolean("y")), (Some(true), Some(false), None));
        for (text, bytes) in
            [("aGk=", Some(&b"hi"[..])), (" a G\nk= =x", Some(b"hi")), ("", Some(b"")), ("aGk", None)]
        {
            assert_eq!(binary(text).as_deref(), bytes, "{text:?}");
        }
    }
}
