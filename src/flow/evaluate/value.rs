//! Python values that can be computed without running the program.

use foldhash::HashMap;

use crate::{
    date_time::{DateTime, TimeOfDay},
    flow::eval_error::{EvalError, EvalResult},
};

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Complex(f64, f64),
    Str(String),
    Bytes(Vec<u8>),
    Ellipsis,
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Set(Vec<Value>),
    FrozenSet(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    /// The elements of a `range` object. Such an object has no JSON encoding.
    Range(Vec<Value>),
    /// The elements of an iterator, such as a generator or the result of `zip`. The first use consumes them, so the
    /// value of a variable is never an iterator.
    Iterator(Vec<Value>),
    DateTime(DateTime),
    Date(jiff::civil::Date),
    Time(TimeOfDay),
    /// A `timedelta`, as a number of microseconds.
    Delta(i128),
    Timezone(jiff::tz::Offset),
    Path(String),
    /// An object that is encoded as a string in JSON, such as a UUID or a decimal.
    Printed(String),
    /// A `SecretStr` or `SecretBytes`. Its content is not stored because it is encoded as asterisks.
    Secret {
        is_empty: bool,
    },
    /// A member of an enumeration class.
    Member {
        name: String,
        value: Box<Value>,
    },
    /// An instance of a model or a dataclass, represented by its encoded fields and their values.
    Object(Vec<(String, Value)>),
    /// An object without a JSON encoding, such as a function. Nothing else is known about the object.
    Opaque,
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Str(text.into())
    }

    /// Returns the size of the value: the number of nested values plus the number of bytes in strings.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Str(text) | Self::Path(text) | Self::Printed(text) => text.len(),
            Self::Bytes(bytes) => bytes.len(),
            Self::List(items)
            | Self::Tuple(items)
            | Self::Set(items)
            | Self::FrozenSet(items)
            | Self::Range(items)
            | Self::Iterator(items) => items.iter().map(|item| item.size() + 1).sum(),
            Self::Dict(items) => items.iter().map(|(key, value)| key.size() + value.size() + 2).sum(),
            Self::Object(fields) => fields.iter().map(|(name, value)| name.len() + value.size() + 1).sum(),
            Self::Member { value, .. } => value.size(),
            _ => 1,
        }
    }

    /// Returns whether the value, or any of its elements, can be modified in place.
    pub(crate) fn is_mutable(&self) -> bool {
        match self {
            Self::List(_) | Self::Set(_) | Self::Dict(_) | Self::Object(_) => true,
            Self::Tuple(items) | Self::FrozenSet(items) => items.iter().any(Self::is_mutable),
            _ => false,
        }
    }

    /// Compares two values as Python's `==` operator does. For example, `1`, `1.0` and `True` are equal.
    pub(crate) fn equals(&self, other: &Self) -> bool {
        match (self.number(), other.number()) {
            (Some(left), Some(right)) => left.equals(right),
            _ => match (self, other) {
                (Self::List(left), Self::List(right)) | (Self::Tuple(left), Self::Tuple(right)) => {
                    left.len() == right.len()
                        && left.iter().zip(right).all(|(left, right)| left.equals(right))
                }
                (Self::Set(left) | Self::FrozenSet(left), Self::Set(right) | Self::FrozenSet(right)) => {
                    let index = ValueIndex::new(right);
                    left.len() == right.len() && left.iter().all(|item| index.position(item).is_some())
                }
                (Self::Dict(left), Self::Dict(right)) => {
                    let index = ValueIndex::new(right.iter().map(|(key, _)| key));
                    let has = |(key, value): &(Self, Self)| {
                        index.position(key).is_some_and(|position| right[position].1.equals(value))
                    };
                    left.len() == right.len() && left.iter().all(has)
                }
                _ => self == other,
            },
        }
    }

    /// Returns whether [`Self::equals`] has the same result as Python's `==` operator for this value. For
    /// other values, the result depends on their class or on unknown nested values.
    pub(crate) fn has_known_equality(&self) -> bool {
        match self {
            Self::None
            | Self::Bool(_)
            | Self::Int(_)
            | Self::Float(_)
            | Self::Str(_)
            | Self::Bytes(_)
            | Self::Ellipsis
            | Self::Range(_)
            | Self::Date(_)
            | Self::Delta(_)
            | Self::Timezone(_)
            | Self::Path(_) => true,
            Self::DateTime(moment) => moment.offset.is_none(),
            Self::Time(time) => time.offset.is_none(),
            Self::List(items) | Self::Tuple(items) | Self::Set(items) | Self::FrozenSet(items) => {
                items.iter().all(Self::has_known_equality)
            }
            Self::Dict(items) => {
                items.iter().all(|(key, value)| key.has_known_equality() && value.has_known_equality())
            }
            Self::Complex(..)
            | Self::Iterator(_)
            | Self::Printed(_)
            | Self::Secret { .. }
            | Self::Member { .. }
            | Self::Object(_)
            | Self::Opaque => false,
        }
    }

    pub(crate) fn number(&self) -> Option<Number> {
        match self {
            Self::Bool(value) => Some(Number::Int((*value).into())),
            Self::Int(value) => Some(Number::Int(*value)),
            Self::Float(value) => Some(Number::Float(*value)),
            _ => None,
        }
    }

    pub(crate) fn as_int(&self) -> EvalResult<i128> {
        match self.number() {
            Some(Number::Int(value)) => Ok(value),
            _ => Err(EvalError::unknown("the value is not an integer")),
        }
    }

    pub(crate) fn as_str(&self) -> EvalResult<&str> {
        match self {
            Self::Str(text) => Ok(text),
            _ => Err(EvalError::unknown("the value is not a string")),
        }
    }

    /// Returns the truth value of the object, as Python's `bool(value)` does.
    pub(crate) fn truth(&self) -> EvalResult<bool> {
        Ok(match self {
            Self::None => false,
            Self::Bool(value) => *value,
            Self::Int(value) => *value != 0,
            Self::Float(value) => *value != 0.0,
            Self::Complex(real, imaginary) => *real != 0.0 || *imaginary != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::Bytes(bytes) => !bytes.is_empty(),
            Self::List(items) | Self::Tuple(items) | Self::Set(items) | Self::FrozenSet(items) => {
                !items.is_empty()
            }
            Self::Dict(items) => !items.is_empty(),
            Self::Delta(microseconds) => *microseconds != 0,
            Self::Ellipsis
            | Self::DateTime(_)
            | Self::Date(_)
            | Self::Time(_)
            | Self::Path(_)
            | Self::Opaque => true,
            _ => return Err(EvalError::unknown("the truth value of the object depends on its class")),
        })
    }

    /// Returns the elements that iterating over the value yields.
    ///
    /// # Errors
    ///
    /// Fails if the value is not iterable, or if the order of its elements is undefined.
    pub(crate) fn elements(&self) -> EvalResult<Vec<Self>> {
        match self {
            Self::List(items) | Self::Tuple(items) | Self::Range(items) | Self::Iterator(items) => {
                Ok(items.clone())
            }
            Self::Set(items) | Self::FrozenSet(items) if items.len() < 2 => Ok(items.clone()),
            Self::Dict(items) => Ok(items.iter().map(|(key, _)| key.clone()).collect()),
            Self::Str(text) => Ok(text.chars().map(Self::text).collect()),
            _ => Err(EvalError::unknown("the order of the elements is undefined")),
        }
    }
}

/// A Python number, for arithmetic and comparisons.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Int(i128),
    Float(f64),
}

impl Number {
    #[expect(clippy::cast_precision_loss, reason = "Python converts integers to floats in the same way")]
    pub(crate) fn as_float(self) -> f64 {
        match self {
            Self::Int(value) => value as f64,
            Self::Float(value) => value,
        }
    }

    #[expect(clippy::float_cmp, reason = "Python's `==` operator compares floats exactly")]
    fn equals(self, other: Self) -> bool {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => left == right,
            _ => self.as_float() == other.as_float(),
        }
    }

    pub(crate) fn compare(self, other: Self) -> Option<std::cmp::Ordering> {
        match (self, other) {
            (Self::Int(left), Self::Int(right)) => Some(left.cmp(&right)),
            _ => self.as_float().partial_cmp(&other.as_float()),
        }
    }
}

/// A hash key for a value. Values that are equal in Python have equal keys.
#[derive(Debug, PartialEq, Eq, Hash)]
enum Key {
    None,
    Integer(i128),
    Float(u64),
    Str(String),
    Bytes(Vec<u8>),
}

impl Key {
    /// Returns the key of a value, or `None` if the value has no key and must be compared with [`Value::equals`].
    fn new(value: &Value) -> Option<Self> {
        match value {
            Value::None => Some(Self::None),
            Value::Bool(value) => Some(Self::Integer((*value).into())),
            Value::Int(value) => Some(Self::Integer(*value)),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "the match guard ensures that the value is in range"
            )]
            Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => {
                Some(Self::Integer(*value as i128))
            }
            Value::Float(value) if !value.is_nan() && value.abs() < 1e15 => {
                Some(Self::Float(value.to_bits()))
            }
            Value::Str(text) => Some(Self::Str(text.clone())),
            Value::Bytes(bytes) => Some(Self::Bytes(bytes.clone())),
            _ => None,
        }
    }
}

/// A map from values to positions. Keys are compared with Python's `==` operator.
#[derive(Debug, Default)]
pub(crate) struct ValueIndex {
    keyed: HashMap<Key, usize>,
    others: Vec<(Value, usize)>,
}

impl ValueIndex {
    /// Creates an index of values and their positions.
    fn new<'v>(values: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut index = Self::default();
        for (position, value) in values.into_iter().enumerate() {
            index.add(value, position);
        }
        index
    }

    /// Returns the position of the first value in the index that equals `value`.
    pub(crate) fn position(&self, value: &Value) -> Option<usize> {
        match Key::new(value) {
            Some(key) => self.keyed.get(&key).copied(),
            None => self.others.iter().find(|(other, _)| other.equals(value)).map(|(_, position)| *position),
        }
    }

    /// Adds a value and its position to the index, unless an equal value is already present. Returns whether
    /// the value was added.
    pub(crate) fn add(&mut self, value: &Value, position: usize) -> bool {
        if self.position(value).is_some() {
            return false;
        }
        match Key::new(value) {
            Some(key) => _ = self.keyed.insert(key, position),
            None => self.others.push((value.clone(), position)),
        }
        true
    }
}

/// Removes every item that equals an earlier item of the list.
pub(crate) fn distinct(items: Vec<Value>) -> Vec<Value> {
    let mut index = ValueIndex::default();
    items.into_iter().filter(|item| index.add(item, 0)).collect()
}

/// Builds a dictionary from key-value pairs.
///
/// If a key occurs more than once, the dictionary keeps the first occurrence of the key and the last value, as in
/// Python.
pub(crate) fn dictionary(pairs: impl IntoIterator<Item = (Value, Value)>) -> Value {
    let mut index = ValueIndex::default();
    let mut items: Vec<(Value, Value)> = Vec::new();
    for (key, value) in pairs {
        if let Some(position) = index.position(&key) {
            items[position].1 = value;
        } else {
            index.add(&key, items.len());
            items.push((key, value));
        }
    }
    Value::Dict(items)
}

/// Sorts values in ascending order.
///
/// # Errors
///
/// Fails unless all values are strings or all values are numbers.
pub(crate) fn sorted(mut items: Vec<Value>) -> EvalResult<Vec<Value>> {
    let strings = items.iter().all(|item| matches!(item, Value::Str(_)));
    let numbers = items.iter().all(|item| item.number().is_some_and(|number| !number.as_float().is_nan()));
    if !strings && !numbers && items.len() > 1 {
        return Err(EvalError::unknown("the order of the elements is undefined"));
    }
    items.sort_by(|left, right| match (left, right) {
        (Value::Str(left), Value::Str(right)) => left.cmp(right),
        _ => left
            .number()
            .zip(right.number())
            .and_then(|(left, right)| left.compare(right))
            .unwrap_or(std::cmp::Ordering::Equal),
    });
    Ok(items)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_containers_as_python_does() {
        let int = Value::Int;
        let set = |items: &[i128]| Value::Set(items.iter().copied().map(int).collect());
        let dict = |pairs: &[(&str, i128)]| {
            Value::Dict(pairs.iter().map(|(key, value)| (Value::text(*key), int(*value))).collect())
        };
        for (left, right, expected) in [
            (set(&[1, 2]), set(&[2, 1]), true),
            (set(&[1, 2]), set(&[1, 3]), false),
            (set(&[1]), set(&[1, 2]), false),
            (set(&[1]), Value::FrozenSet(vec![Value::Bool(true)]), true),
            (set(&[]), Value::List(vec![]), false),
            (dict(&[("a", 1), ("b", 2)]), dict(&[("b", 2), ("a", 1)]), true),
            (dict(&[("a", 1)]), dict(&[("a", 2)]), false),
            (dict(&[("a", 1)]), dict(&[("b", 1)]), false),
            (Value::List(vec![set(&[1, 2])]), Value::List(vec![set(&[2, 1])]), true),
            (Value::List(vec![int(1)]), Value::Tuple(vec![int(1)]), false),
        ] {
            assert_eq!(left.equals(&right), expected, "{left:?} == {right:?}");
            assert_eq!(right.equals(&left), expected, "{right:?} == {left:?}");
        }
    }
}
