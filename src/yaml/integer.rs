//! Integers of arbitrary size in YAML files.

use std::{fmt, sync::Arc};

/// An integer of arbitrary size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Integer {
    Small(i128),
    /// The digits of an integer that does not fit in 128 bits, without underscores. Arithmetic is not supported.
    Large(Arc<str>),
}

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Small(number) => number.fmt(f),
            Self::Large(digits) => f.write_str(digits),
        }
    }
}
