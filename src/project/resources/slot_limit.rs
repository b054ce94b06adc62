//! Concurrent flow run limits.

/// A declared limit on concurrent runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotLimit {
    /// Removes the limit.
    None,
    Slots(u64),
}

impl From<SlotLimit> for serde_json::Value {
    fn from(limit: SlotLimit) -> Self {
        match limit {
            SlotLimit::None => Self::Null,
            SlotLimit::Slots(slots) => slots.into(),
        }
    }
}
