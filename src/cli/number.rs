//! Parses numeric options with the same rules as Prefect.

/// The error for a value that is not a number of the expected type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NumberError {
    #[error("not an integer")]
    Integer,
    #[error("negative or too large")]
    Range,
    #[error("not a number")]
    Decimal,
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

/// Parses an integer with the syntax of [`integer`]. Fails if it is negative or does not fit in the type.
pub(crate) fn unsigned<T: TryFrom<u64>>(text: &str) -> Result<T, NumberError> {
    let number = u64::try_from(integer(text)?).map_err(|_| NumberError::Range)?;
    T::try_from(number).map_err(|_| NumberError::Range)
}

/// Parses a decimal number such as `0.5`, `1e3` or `1_000`.
pub(crate) fn float(text: &str) -> Result<f64, NumberError> {
    let text = text.trim();
    let is_digit = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
    // Python allows single underscores between digits.
    let well_formed = text
        .match_indices('_')
        .all(|(at, _)| is_digit(text[..at].chars().next_back()) && is_digit(text[at + 1..].chars().next()));
    if !well_formed {
        return Err(NumberError::Decimal);
    }
    text.replace('_', "").parse().map_err(|_| NumberError::Decimal)
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
    fn parses_unsigned_integers() {
        for (text, expected) in [
            ("2.5", Ok(2)),
            ("1_000", Ok(1000)),
            ("-0", Ok(0)),
            ("4294967295", Ok(u32::MAX)),
            ("4294967296", Err(NumberError::Range)),
            ("-1", Err(NumberError::Range)),
            ("1e3", Err(NumberError::Integer)),
        ] {
            assert_eq!(unsigned::<u32>(text), expected, "{text}");
        }
    }

    #[test]
    fn parses_decimal_numbers_like_the_reference() {
        for (text, expected) in [
            ("0.5", Some(0.5)),
            (" 60 ", Some(60.0)),
            ("1e3", Some(1000.0)),
            ("1_000.5", Some(1000.5)),
            ("-5", Some(-5.0)),
            ("1__0", None),
            ("_1", None),
            ("1_", None),
            ("1_.0", None),
            ("0x10", None),
            ("", None),
        ] {
            assert_eq!(float(text).ok(), expected, "{text}");
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
