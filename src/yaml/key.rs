//! When two keys are the same key: Python's idea of equality, in which `1`, `1.0` and `true` are one.

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

/// What makes a key equal to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    Null,
    /// Integers, and the booleans and floats that equal one.
    Integer(Integer),
    /// The bits of any other float.
    Float(u64),
    /// Not-a-number equals only itself: the very same node, reached by an alias.
    NotANumber(Span),
    Text(Arc<str>),
    Binary(Arc<[u8]>),
    Date(Date),
    /// In UTC if its offset is known, which is the second part.
    DateTime(civil::DateTime, bool),
}

impl Key {
    /// Returns the identity of a float. A float that is a whole number equals the integer.
    pub(super) fn float(number: f64, span: Span) -> Self {
        // Two to the power of 127 bounds what an `i128` holds; every float below it that is whole converts exactly.
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
    /// Text hashes as `str` does, so that a mapping can be asked for a `&str`.
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
