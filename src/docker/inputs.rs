//! Types for image step inputs that accept multiple formats.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, de::Error};

use crate::value::{Mapping, Value, kind};

/// An image tag: a string or, without quotes in YAML, a number. Outputs keep the original type.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tag(Value);

impl Tag {
    /// Creates a tag from an input. Returns `None` for values that mean "no tag": null, an empty string, zero
    /// and false.
    pub(crate) fn of(value: Option<&Value>) -> Option<Self> {
        let absent = match value? {
            Value::Null | Value::Bool(_) => true,
            Value::String(text) => text.is_empty(),
            Value::Number(number) => number.as_f64() == Some(0.0),
            _ => false,
        };
        (!absent).then(|| Self(value.cloned().unwrap_or_default()))
    }

    pub(crate) fn text(&self) -> String {
        scalar(&self.0).unwrap_or_default()
    }

    pub(crate) fn value(&self) -> Value {
        self.0.clone()
    }
}

impl From<String> for Tag {
    fn from(text: String) -> Self {
        Self(Value::String(text))
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match scalar(&value) {
            Some(_) => Ok(Self(value)),
            None => Err(D::Error::custom(format!("a tag must be a string, not {}", kind(&value)))),
        }
    }
}

/// A list of `T`, or a single `T`. Null results in an empty list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OneOrMany<T>(pub(crate) Vec<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: for<'a> Deserialize<'a>> Deserialize<'de> for OneOrMany<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let items = match Value::deserialize(deserializer)? {
            Value::Null => Vec::new(),
            Value::Sequence(items) => items,
            one => vec![one],
        };
        let items = items.into_iter().map(serde_yaml::from_value).collect::<Result<_, _>>();
        items.map(Self).map_err(D::Error::custom)
    }
}

/// A mapping of names to optional strings. Converts numbers and booleans to strings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pairs(pub(crate) BTreeMap<String, Option<String>>);

impl Pairs {
    /// Returns the entries that have a value.
    pub(crate) fn given(&self) -> BTreeMap<String, String> {
        let pairs = self.0.iter().filter_map(|(name, value)| Some((name.clone(), value.clone()?)));
        pairs.collect()
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mapping = Option::<Mapping>::deserialize(deserializer)?.unwrap_or_default();
        let pair = |(name, value): (Value, Value)| {
            let name = scalar(&name).ok_or_else(|| D::Error::custom("a name must be a string"))?;
            match (&value, scalar(&value)) {
                (Value::Null, _) => Ok((name, None)),
                (_, Some(text)) => Ok((name, Some(text))),
                _ => Err(D::Error::custom(format!("`{name}` must be a string, not {}", kind(&value)))),
            }
        };
        mapping.into_iter().map(pair).collect::<Result<_, _>>().map(Self)
    }
}

/// Options of a BuildKit flag, such as `type=registry,ref=...`. Accepts a string or a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FlagOptions(pub(crate) String);

impl<'de> Deserialize<'de> for FlagOptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if let Some(text) = scalar(&value) {
            return Ok(Self(text));
        }
        let pairs: Pairs = serde_yaml::from_value(value).map_err(D::Error::custom)?;
        let options: Vec<String> =
            pairs.given().iter().map(|(name, value)| format!("{name}={value}")).collect();
        Ok(Self(options.join(",")))
    }
}

/// Host entries, as `name:address`. Accepts a list or a mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hosts(pub(crate) Vec<String>);

impl<'de> Deserialize<'de> for Hosts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let hosts = if value.is_mapping() {
            let pairs: Pairs = serde_yaml::from_value(value).map_err(D::Error::custom)?;
            pairs.given().iter().map(|(name, address)| format!("{name}:{address}")).collect()
        } else {
            serde_yaml::from_value::<OneOrMany<String>>(value).map_err(D::Error::custom)?.0
        };
        Ok(Self(hosts))
    }
}

/// Converts a scalar to a string. Returns `None` for null.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: for<'a> Deserialize<'a>>(yaml: &str) -> T {
        serde_yaml::from_value(serde_yaml::from_str(yaml).unwrap()).unwrap()
    }

    #[test]
    fn keeps_the_type_of_tags_and_ignores_falsy_values() {
        let tag = |yaml: &str| Tag::of(Some(&serde_yaml::from_str(yaml).unwrap()));
        for yaml in ["null", "''", "0", "0.0", "false"] {
            assert_eq!(tag(yaml), None, "{yaml}");
        }
        assert_eq!(Tag::of(None), None);
        let number = tag("7").unwrap();
        assert_eq!((number.text().as_str(), number.value()), ("7", Value::from(7)));
        assert_eq!(tag("1.10").unwrap().text(), "1.1");
    }

    #[test]
    fn reads_lists_and_single_values() {
        assert_eq!(read::<OneOrMany<String>>("ab").0, ["ab"]);
        assert_eq!(read::<OneOrMany<String>>("[a, b]").0, ["a", "b"]);
        assert_eq!(read::<OneOrMany<String>>("null").0, Vec::<String>::new());
        let tags = read::<OneOrMany<Tag>>("[v1, 2]").0;
        assert_eq!(tags.iter().map(Tag::text).collect::<Vec<_>>(), ["v1", "2"]);
    }

    #[test]
    fn reads_pairs_hosts_and_flag_options() {
        let pairs: Pairs = read("{A: text, B: 1, C: true, D: null}");
        let given: Vec<(String, String)> = pairs.given().into_iter().collect();
        assert_eq!(given, [("A", "text"), ("B", "1"), ("C", "true")].map(|(a, b)| (a.into(), b.into())));
        assert_eq!(pairs.0["D"], None);
        assert!(serde_yaml::from_str::<Pairs>("{A: [1]}").is_err());
        assert_eq!(read::<Hosts>("{a: 10.0.0.1}").0, ["a:10.0.0.1"]);
        assert_eq!(read::<Hosts>("['a:10.0.0.1', 'b:::1']").0, ["a:10.0.0.1", "b:::1"]);
        assert_eq!(read::<FlagOptions>("{type: registry, ref: r/i}").0, "ref=r/i,type=registry");
        assert_eq!(read::<FlagOptions>("id=x,src=y").0, "id=x,src=y");
    }
}
