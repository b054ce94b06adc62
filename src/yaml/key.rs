//! Equality of mapping keys as in Python, where `1`, `1.0` and `true` are equal.

use std::{
    hash::{Hash, Hasher},
    sync::Arc,
};

use indexmap::Equivalent;
use jiff::{
    civil::{self, Date},
    tz::Offset,
};

use super::integer::Integer;
use crate::source::Span;

/// Identity of a mapping key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Null,
    /// Integers, and the booleans and floats that equal an integer.
    Integer(Integer),
    /// Bits of a float that is not a whole number.
    Float(u64),
    /// NaN, which equals only the same node reached through an alias.
    NotANumber(Span),
    Text(Arc<str>),
    Binary(Arc<[u8]>),
    Date(Date),
    /// Date and time, in UTC if the offset is known. The second field is `true` in that case.
    DateTime(civil::DateTime, bool),
}

impl Key {
    /// Returns the identity of a float. A float that is a whole number equals the integer.
    pub(super) fn float(number: f64, span: Span) -> Self {
        // Floats below this limit convert to `i128` exactly if they are whole numbers.
        const LIMIT: f64 = 1.701_411_834_604_692_3e38;
        if number.is_nan() {
            Self::NotANumber(span)
        } else if number.fract() == 0.0 && number.abs() < LIMIT {
            #[expect(clippy::cast_possible_truncation, reason = "the number is whole and within the limits")]
            let whole = number as i128;
            Self::Integer(Integer::Small(whole))
        } else {
            Self::Float(number.to_bits())
        }
    }

    /// Returns the identity of a date and time.
    pub(super) fn date_time(local: civil::DateTime, offset: Option<Offset>) -> Self {
        let utc = offset.and_then(|offset| local.checked_sub(jiff::SignedDuration::from(offset)).ok());
        Self::DateTime(utc.unwrap_or(local), offset.is_some())
    }
}

impl Hash for Key {
    /// Strings hash like `str`, so that a mapping can be searched with a `&str`.
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
