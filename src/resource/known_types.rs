//! Known types of work pools and blocks.

use super::PoolTypes;
use crate::block_schema::BlockTypes;

/// The types that declared resources can have.
#[derive(Debug)]
pub(crate) struct KnownTypes {
    pub(crate) pools: PoolTypes,
    pub(crate) blocks: BlockTypes,
}

impl KnownTypes {
    /// Returns the bundled types.
    pub(crate) fn bundled() -> Self {
        Self { pools: PoolTypes::bundled(), blocks: BlockTypes::bundled() }
    }
}
