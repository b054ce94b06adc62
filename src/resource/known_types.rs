//! Known work pool and block types.

use super::PoolTypes;
use crate::block_schema::BlockTypes;

/// The types available to declared resources.
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
