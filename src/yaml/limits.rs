//! Limits that prevent a small file from exhausting memory.

/// Maximum nesting depth of collections, including aliased collections.
///
/// Functions that traverse values may recurse to this depth.
pub(super) const MAXIMUM_DEPTH: usize = 100;

/// Maximum number of values in a file, sufficient for more than ten thousand deployments.
pub(super) const MAXIMUM_NODES: usize = 500_000;

/// Number of values that aliases may expand to in every file, regardless of its size.
const FREE_ALIASED_NODES: usize = 1_000_000;
/// Number of values that aliases may expand to for each value in the file.
const ALIASED_NODES_PER_NODE: usize = 100;
/// Maximum number of values that aliases may expand to in a file of any size.
const MAXIMUM_ALIASED_NODES: usize = 4_000_000;

/// Returns the maximum number of values that aliases may expand to in a file with `nodes` values.
pub(super) fn maximum_aliased_nodes(nodes: usize) -> usize {
    (nodes * ALIASED_NODES_PER_NODE).clamp(FREE_ALIASED_NODES, MAXIMUM_ALIASED_NODES)
}
