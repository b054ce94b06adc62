//! Pointers from paths of JSON schema violations.

use crate::pointer::Pointer;

/// A step into a value: a whole number may be an index, and then that is what it is.
pub(super) fn join(at: &Pointer, key: &str) -> Pointer {
    key.parse::<usize>().map_or_else(|_| at.join(key), |index| at.join(index))
}
