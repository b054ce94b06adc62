//! Converts paths of JSON schema violations to pointers.

use crate::pointer::Pointer;

/// Appends a path segment to a pointer. An integer segment is treated as an index.
pub(super) fn join(at: &Pointer, key: &str) -> Pointer {
    key.parse::<usize>().map_or_else(|_| at.join(key), |index| at.join(index))
}
