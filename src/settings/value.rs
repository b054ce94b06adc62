//! Typed setting values.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
};

use serde_json::Value;

use crate::{coerce, secret::Secret};

/// Source of a setting's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Environment,
    DotEnv,
    PrefectToml,
    PyprojectToml,
    Profile,
    Default,
}

impl Origin {
    /// Returns the file in the working directory that contains the setting, or `None` for other sources.
    pub(super) fn file(self) -> Option<&'static str> {
        match self {
            Self::DotEnv => Some(".env"),
            Self::PrefectToml => Some("prefect.toml"),
            Self::PyprojectToml => Some("pyproject.toml"),
            Self::Environment | Self::Profile | Self::Default => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "env",
            Self::DotEnv => ".env file",
            Self::PrefectToml => "prefect.toml",
            Self::PyprojectToml => "pyproject.toml",
            Self::Profile => "profile",
            Self::Default => "defaults",
        })
    }
}

/// A value and its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Setting<T> {
    pub(crate) value: T,
    pub(crate) origin: Origin,
}

impl<T> Setting<T> {
    pub(super) fn default_value(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }
}

/// A type that can be parsed from a setting's value: a string or a TOML value.
pub(super) trait FromSetting: Sized {
    /// Description of valid values, which completes the phrase "must be".
    const EXPECTED: &'static str;

    fn from_setting(value: &Value) -> Option<Self>;
}

impl FromSetting for String {
    const EXPECTED: &'static str = "a string";

    fn from_setting(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl FromSetting for Secret {
    const EXPECTED: &'static str = "a string";

    fn from_setting(value: &Value) -> Option<Self> {
        String::from_setting(value).map(Self::new)
    }
}

impl FromSetting for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn from_setting(value: &Value) -> Option<Self> {
        value.as_str().map(Self::from)
    }
}

impl FromSetting for bool {
    const EXPECTED: &'static str = "true or false";

    fn from_setting(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => coerce::boolean_from(text),
            other => coerce::boolean_from(&other.to_string()),
        }
    }
}

impl FromSetting for u32 {
    const EXPECTED: &'static str = "a non-negative integer";

    fn from_setting(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_u64().and_then(|number| number.try_into().ok()),
        }
    }
}

impl FromSetting for f64 {
    const EXPECTED: &'static str = "a non-negative number";

    fn from_setting(value: &Value) -> Option<Self> {
        let number = match value {
            Value::String(text) => text.trim().parse().ok(),
            other => other.as_f64(),
        };
        number.filter(|number: &f64| number.is_finite() && *number >= 0.0)
    }
}

/// Parses a list of numbers, or a string of comma-separated numbers.
impl FromSetting for BTreeSet<u16> {
    const EXPECTED: &'static str = "a comma-separated list of HTTP status codes";

    fn from_setting(value: &Value) -> Option<Self> {
        let code = |text: &str| text.trim().parse().ok().filter(|code| (100..600).contains(code));
        match value {
            Value::String(text) => text.split(',').filter(|part| !part.trim().is_empty()).map(code).collect(),
            Value::Array(codes) => codes.iter().map(|item| code(&item.to_string())).collect(),
            other => code(&other.to_string()).map(|code| Self::from([code])),
        }
    }
}

/// Parses an object whose values are strings, or a string that contains an object of strings as JSON. The values may be
/// secrets.
impl FromSetting for BTreeMap<String, Secret> {
    const EXPECTED: &'static str = "a JSON object of strings";

    fn from_setting(value: &Value) -> Option<Self> {
        let parsed;
        let headers = match value {
            Value::String(text) => {
                parsed = serde_json::from_str::<Value>(text).ok()?;
                parsed.as_object()?
            }
            other => other.as_object()?,
        };
        headers.iter().map(|(name, value)| Some((name.clone(), Secret::new(value.as_str()?)))).collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parses_strings_like_toml_values() {
        for yes in [json!(true), json!("TRUE"), json!("1"), json!(1), json!("on"), json!("Y")] {
            assert_eq!(bool::from_setting(&yes), Some(true), "{yes}");
        }
        assert_eq!(bool::from_setting(&json!("off")), Some(false));
        assert_eq!(bool::from_setting(&json!("maybe")), None);
        assert_eq!(u32::from_setting(&json!(" 3 ")), Some(3));
        assert_eq!(u32::from_setting(&json!(-1)), None);
        assert_eq!(f64::from_setting(&json!("0.5")), Some(0.5));
        for bad in [json!("-0.5"), json!("inf"), json!("x"), json!([])] {
            assert_eq!(f64::from_setting(&bad), None, "{bad}");
        }
    }

    #[test]
    fn parses_status_codes() {
        let codes = BTreeSet::from([404, 500]);
        for value in [json!(" 404 , 500,"), json!([404, 500])] {
            assert_eq!(BTreeSet::from_setting(&value), Some(codes.clone()), "{value}");
        }
        assert_eq!(BTreeSet::from_setting(&json!(500)), Some(BTreeSet::from([500])));
        for bad in [json!("99"), json!("600"), json!("x"), json!([true])] {
            assert_eq!(BTreeSet::<u16>::from_setting(&bad), None, "{bad}");
        }
    }

    #[test]
    fn parses_headers() {
        let headers = BTreeMap::from([("X-A".to_owned(), Secret::new("1"))]);
        for value in [json!({"X-A": "1"}), json!(r#"{"X-A": "1"}"#)] {
            assert_eq!(BTreeMap::from_setting(&value), Some(headers.clone()));
        }
        for bad in [json!({"X-A": 1}), json!("[]"), json!("x"), json!(1)] {
            assert_eq!(BTreeMap::<String, Secret>::from_setting(&bad), None, "{bad}");
        }
    }
}
