//! Integers of arbitrary size in YAML files.

use std::{fmt, sync::Arc};

/// An integer of arbitrary size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Integer {
    Small(i64),
    /// The digits of an integer that does not fit in 64 bits, without underscores. Arithmetic is not supported.
    Large(Arc<str>),
}

impl From<i128> for Integer {
    fn from(number: i128) -> Self {
        i64::try_from(number).map_or_else(|_| Self::Large(number.to_string().into()), Self::Small)
    }
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small(number) => number.fmt(f),
            Self::Large(digits) => f.write_str(digits),
        }
    }
}
