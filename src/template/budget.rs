//! Limit on the data that templates insert.
//!
//! A value that is inserted many times, or values that repeat each other, would multiply the size of a file.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::placeholder::Placeholder;
use crate::value::Value;

/// Maximum size of the data that the templates of a command insert, in MiB. The templates themselves do not count.
pub(super) const LARGEST_TOTAL: usize = 256;

/// The budget of this process, because all templates of a command share it.
static PROCESS: Budget = Budget::new(LARGEST_TOTAL << 20);

/// The number of bytes that templates may still insert.
struct Budget(AtomicUsize);

impl Budget {
    const fn new(bytes: usize) -> Self {
        Self(AtomicUsize::new(bytes))
    }

    /// Takes bytes from the budget. Takes nothing and returns `false` if fewer bytes are left.
    fn take(&self, bytes: usize) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes)).is_ok()
    }
}

/// Returns whether a string may replace a part of a template that has `replaced` bytes. If so, charges the growth to the
/// budget.
pub(super) fn allows_text(text: &str, replaced: usize) -> bool {
    PROCESS.take(text.len().saturating_sub(replaced))
}

/// Returns whether a value may replace a part of a template that has `replaced` bytes. If so, charges the growth to the
/// budget.
pub(super) fn allows_value(value: &Value, replaced: usize) -> bool {
    PROCESS.take(size(value).saturating_sub(replaced))
}

/// Returns whether a value may replace a placeholder. If so, charges the growth to the budget.
pub(super) fn allows(value: &Value, placeholder: &Placeholder<'_>) -> bool {
    allows_value(value, placeholder.text.len())
}

/// Returns the approximate size of a value in bytes.
fn size(value: &Value) -> usize {
    /// Approximate size of an item of a collection without its contents.
    const ITEM: usize = 64;
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Sequence(items) => items.iter().map(|item| ITEM + size(item)).sum(),
        Value::Mapping(entries) => {
            entries.iter().map(|(key, entry)| 2 * ITEM + size(key) + size(entry)).sum()
        }
        Value::Tagged(tagged) => size(&tagged.value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_bytes_only_if_enough_are_left() {
        let budget = Budget::new(10);
        let taken = [4, 7, 6, 1, 0].map(|bytes| budget.take(bytes));
        assert_eq!(taken, [true, false, true, false, true]);
    }

    #[test]
    fn sums_the_sizes_of_nested_values() {
        let value: Value = serde_yaml::from_str("{ab: [cde, 1], f: null}").unwrap();
        assert_eq!(size(&value), 3 + 3 + 6 * 64);
        assert!(allows_text("longer", 100) && allows_value(&value, 0));
    }
}
