//! Integers as YAML writes them.

use std::{fmt, sync::Arc};

/// An integer of any size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Integer {
    Small(i128),
    /// Beyond 128 bits nothing is ever computed with it: the digits as written, without underscores.
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
