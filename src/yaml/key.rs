//! Compares mapping keys by Python's rules: `1`, `1.0` and `true` are equal.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use indexmap::Equivalent;
use jiff::civil::{self, Date};

use super::integer::Integer;
use crate::{date_time::DateTime, source::Span};

/// The identity of a mapping key. Keys that are equal in Python have the same identity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Null,
    /// An integer, or a boolean or float that equals an integer.
    Integer(Integer),
    /// The bits of a float that is not a whole number.
    Float(u64),
    /// A NaN value, identified by its position, which equals only itself and its aliases.
    NotANumber(Span),
    Text(Arc<str>),
    Binary(Arc<[u8]>),
    Date(Date),
    /// A date and time. If the flag is `true`, the UTC offset is known and the time is in UTC.
    DateTime(civil::DateTime, bool),
}

impl Key {
    /// Returns the identity of a float. A whole number has the identity of the equal integer.
    pub(super) fn float(number: f64, span: Span) -> Self {
        // Whole numbers below this limit can be converted to `i128` without loss of precision.
        const LIMIT: f64 = 1.701_411_834_604_692_3e38;
        if number.is_nan() {
            Self::NotANumber(span)
        } else if number.fract() == 0.0 && number.abs() < LIMIT {
            #[expect(clippy::cast_possible_truncation, reason = "the number is an integer within the limit")]
            let whole = number as i128;
            Self::Integer(whole.into())
        } else {
            Self::Float(number.to_bits())
        }
    }

    /// Returns the identity of a date and time. If the offset is known, the time is converted to UTC.
    pub(super) fn date_time(DateTime { local, offset }: DateTime) -> Self {
        let utc = offset.and_then(|offset| local.checked_sub(jiff::SignedDuration::from(offset)).ok());
        Self::DateTime(utc.unwrap_or(local), offset.is_some())
    }
}

impl Hash for Key {
    /// Hashes the key. A string has the same hash as a `str`, so a mapping can be searched with a `&str`.
    fn hash<H: Hasher>(&self, state: &mut H) {
        match self {
            Self::Text(text) => text.hash(state),
            Self::Null => 0_u8.hash(state),
            Self::Integer(number) => number.hash(state),
            Self::Float(bits) => bits.hash(state),
            Self::NotANumber(span) => span.hash(state),
            Self::Binary(bytes) => bytes.hash(state),
            Self::Date(date) => date.hash(state),
            Self::DateTime(moment, known) => (moment, known).hash(state),
        }
    }
}

impl Equivalent<Key> for str {
    fn equivalent(&self, key: &Key) -> bool {
        matches!(key, Key::Text(text) if **text == *self)
    }
}
