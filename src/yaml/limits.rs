//! Limits that prevent a small file from exhausting memory.

/// Maximum nesting depth of collections, with aliases expanded. Code that walks values may recurse this deep.
pub(super) const MAXIMUM_DEPTH: usize = 100;

/// Maximum number of values in a file: enough for more than ten thousand deployments.
pub(super) const MAXIMUM_NODES: usize = 500_000;

/// Number of values that aliases may expand to in any file, however short.
const FREE_ALIASED_NODES: usize = 1_000_000;
/// Number of values that aliases may expand to for each value that is written out.
const ALIASED_NODES_PER_NODE: usize = 100;
/// Maximum number of values that aliases may expand to.
const MAXIMUM_ALIASED_NODES: usize = 4_000_000;

/// Returns the number of values that the aliases of a file with `nodes` values may expand to.
pub(super) fn maximum_aliased_nodes(nodes: usize) -> usize {
    (nodes * ALIASED_NODES_PER_NODE).clamp(FREE_ALIASED_NODES, MAXIMUM_ALIASED_NODES)
}
