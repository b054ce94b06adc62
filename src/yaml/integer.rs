//! Integers of YAML files.

use std::{fmt, sync::Arc};

/// An integer of any size.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Integer {
    Small(i128),
    /// An integer beyond 128 bits, as written but without underscores. No arithmetic is needed for it.
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
