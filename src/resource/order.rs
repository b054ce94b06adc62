//! Orders resources by the references between them.

use std::collections::{BTreeMap, BTreeSet};

use super::{DesiredResource, ResourceKey};

/// An order in which each item follows the items on which it depends.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DependencyOrder {
    /// Indexes of the items. Independent items keep their order.
    pub(crate) ordered: Vec<usize>,
    /// Indexes of the items that depend on themselves, directly or through others, and of their dependents.
    pub(crate) cyclic: Vec<usize>,
}

impl DependencyOrder {
    /// Orders items. The dependencies of an item are indexes of other items.
    pub(crate) fn new(dependencies: &[BTreeSet<usize>]) -> Self {
        let (mut ordered, mut waiting) = (Vec::new(), (0..dependencies.len()).collect::<Vec<_>>());
        while let Some(position) = waiting
            .iter()
            .position(|index| dependencies[*index].iter().all(|dependency| !waiting.contains(dependency)))
        {
            ordered.push(waiting.remove(position));
        }
        Self { ordered, cyclic: waiting }
    }

    /// Orders resources by their references. References to objects of earlier kinds have no effect, because `resources`
    /// must be sorted by kind.
    pub(crate) fn of_resources(resources: &[DesiredResource]) -> Self {
        let indexes: BTreeMap<&ResourceKey, usize> =
            resources.iter().enumerate().map(|(index, resource)| (&resource.key, index)).collect();
        let dependencies = resources.iter().map(|resource| {
            let keys = resource.references.iter().filter_map(|(reference, _)| {
                Some(ResourceKey::new(reference.kind.resource()?, reference.name.clone()))
            });
            keys.filter_map(|key| indexes.get(&key).copied()).collect()
        });
        Self::new(&dependencies.collect::<Vec<_>>())
    }
}

/// Sorts resources in the order in which they are written: by kind, and after the resources to which they refer.
pub(crate) fn sort(resources: &mut Vec<DesiredResource>) {
    resources.sort_by_key(|resource| resource.key.kind);
    let DependencyOrder { ordered, cyclic } = DependencyOrder::of_resources(resources);
    *resources = ordered.into_iter().chain(cyclic).map(|index| resources[index].clone()).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_follow_their_dependencies() {
        for (dependencies, ordered, cyclic) in [
            (vec![vec![], vec![], vec![]], vec![0, 1, 2], vec![]),
            (vec![vec![2], vec![0], vec![]], vec![2, 0, 1], vec![]),
            (vec![vec![1], vec![0], vec![]], vec![2], vec![0, 1]),
            (vec![vec![0], vec![]], vec![1], vec![0]),
        ] {
            let sets: Vec<BTreeSet<usize>> =
                dependencies.iter().map(|indexes| indexes.iter().copied().collect()).collect();
            assert_eq!(DependencyOrder::new(&sets), DependencyOrder { ordered, cyclic }, "{dependencies:?}");
        }
    }
}
