//! Parses integer options with the same rules as Prefect.

/// The error for a value that is not an integer or a list of integers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    #[error("not an integer")]
    Integer,
    #[error("neither an integer nor a JSON list of integers")]
    Seconds,
}

/// Parses an integer such as `12`, `1_000` or `0x1f`. A decimal such as `2.5` is rounded, with ties rounded
/// to the even integer.
pub(crate) fn integer(text: &str) -> Result<i64, NumberError> {
    let text = text.trim().to_ascii_lowercase();
    if text.contains('.') {
        return decimal(&text);
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(&text)),
    };
    let bases = [("0x", 16), ("0o", 8), ("0b", 2)];
    let based = bases.iter().find_map(|(prefix, base)| Some((digits.strip_prefix(prefix)?, *base)));
    let (digits, base) = based.unwrap_or((digits, 10));
    // Python allows single underscores between digits.
    let well_formed =
        digits.split('_').all(|group| group.chars().all(|c| c.is_digit(base)) && !group.is_empty());
    if !well_formed {
        return Err(NumberError::Integer);
    }
    i64::from_str_radix(&format!("{sign}{}", digits.replace('_', "")), base).map_err(|_| NumberError::Integer)
}

fn decimal(text: &str) -> Result<i64, NumberError> {
    let number: f64 = text.parse().map_err(|_| NumberError::Integer)?;
    // A rounded number is formatted without a fraction.
    format!("{:.0}", number.round_ties_even()).parse().map_err(|_| NumberError::Integer)
}

/// Value of the `--interval` option: a number of seconds, or a JSON list of such numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Vec<i64>);

impl std::str::FromStr for Seconds {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        if let Ok(seconds) = integer(text) {
            return Ok(Self(vec![seconds]));
        }
        let items: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|_| NumberError::Seconds)?;
        let seconds = items.iter().map(|item| match item {
            serde_json::Value::String(text) => integer(text),
            other => integer(&other.to_string()),
        });
        seconds.collect::<Result<_, _>>().map(Self).map_err(|_| NumberError::Seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_integers_like_the_reference() {
        for (text, expected) in [
            ("60", Some(60)),
            (" 5 ", Some(5)),
            ("+5", Some(5)),
            ("-5", Some(-5)),
            ("1_000", Some(1000)),
            ("0x1F", Some(31)),
            ("-0b11", Some(-3)),
            ("0o17", Some(15)),
            ("2.5", Some(2)),
            ("3.5", Some(4)),
            ("30.0", Some(30)),
            ("1e3", None),
            ("1__0", None),
            ("_1", None),
            ("", None),
            ("x", None),
            ("1.x", None),
            ("nan.", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(integer(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn parses_an_interval_or_a_list_of_intervals() {
        for (text, expected) in [
            ("60", Some(vec![60])),
            ("[60, 120]", Some(vec![60, 120])),
            (r#"["60", 1.5]"#, Some(vec![60, 2])),
            ("[]", Some(vec![])),
            ("-5", Some(vec![-5])),
            ("PT1M", None),
            ("60,120", None),
            ("[true]", None),
        ] {
            assert_eq!(text.parse::<Seconds>().ok().map(|seconds| seconds.0), expected, "{text}");
        }
    }
}
