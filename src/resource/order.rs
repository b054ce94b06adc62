//! Orders resources by their references to each other.

use std::{
    borrow::Borrow,
    collections::{BTreeMap, BTreeSet, VecDeque, btree_map::Entry},
    iter,
};

use super::{DesiredResource, ResourceKey, ResourceKind};

/// An order in which each item follows its dependencies.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct DependencyOrder {
    /// Item indexes. Independent items keep their order.
    pub(crate) ordered: Vec<usize>,
    /// Indexes of items in cycles and their dependents, in the original order.
    pub(crate) unordered: Vec<usize>,
    /// Item indexes for each cycle. Each item depends on the next item, and the last item depends on the first.
    pub(crate) cycles: Vec<Vec<usize>>,
}

impl DependencyOrder {
    /// Orders items with Kahn's algorithm. An item's dependencies are indexes of other items.
    pub(crate) fn new(dependencies: &[BTreeSet<usize>]) -> Self {
        let mut dependents = vec![Vec::new(); dependencies.len()];
        for (index, dependencies) in dependencies.iter().enumerate() {
            dependencies.iter().for_each(|&dependency| dependents[dependency].push(index));
        }
        let mut missing: Vec<usize> = dependencies.iter().map(BTreeSet::len).collect();
        let mut ready: BTreeSet<usize> = (0..missing.len()).filter(|&index| missing[index] == 0).collect();
        let mut ordered = Vec::with_capacity(missing.len());
        while let Some(index) = ready.pop_first() {
            ordered.push(index);
            for &dependent in &dependents[index] {
                missing[dependent] -= 1;
                if missing[dependent] == 0 {
                    ready.insert(dependent);
                }
            }
        }
        let unordered: Vec<usize> = (0..missing.len()).filter(|&index| missing[index] > 0).collect();
        let mut cycles: Vec<Vec<usize>> = Vec::new();
        for index in &unordered {
            if !cycles.iter().any(|cycle| cycle.contains(index)) {
                cycles.extend(shortest_cycle(dependencies, *index));
            }
        }
        Self { ordered, unordered, cycles }
    }

    /// Orders resources by their references. `resources` must be sorted by kind, so references to earlier kinds have no
    /// effect.
    pub(crate) fn of_resources(resources: &[impl Borrow<DesiredResource>]) -> Self {
        let resources = || resources.iter().map(Borrow::<DesiredResource>::borrow);
        let indexes: BTreeMap<&ResourceKey, usize> =
            resources().enumerate().map(|(index, resource)| (&resource.key, index)).collect();
        let dependencies = resources().map(|resource| {
            let keys = resource.references.iter().filter_map(|(reference, _)| {
                Some(ResourceKey::new(reference.kind.resource()?, reference.name.clone()))
            });
            keys.filter_map(|key| indexes.get(&key).copied()).collect()
        });
        Self::new(&dependencies.collect::<Vec<_>>())
    }
}

/// Returns the shortest cycle that starts with an item, or `None` if the item does not depend on itself.
fn shortest_cycle(dependencies: &[BTreeSet<usize>], start: usize) -> Option<Vec<usize>> {
    let mut dependents: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(index) = queue.pop_front() {
        for &dependency in &dependencies[index] {
            if dependency == start {
                let path = iter::successors(Some(index), |index| dependents.get(index).copied());
                let mut cycle: Vec<usize> = path.collect();
                cycle.reverse();
                return Some(cycle);
            }
            if let Entry::Vacant(entry) = dependents.entry(dependency) {
                entry.insert(index);
                queue.push_back(dependency);
            }
        }
    }
    None
}

/// Describes a cycle between resources of one kind for messages. `first` is the name of the resource where the cycle is
/// reported.
pub(crate) fn describe_cycle(kind: ResourceKind, first: &str, others: &[&str]) -> String {
    let kind = kind.name();
    if others.is_empty() {
        return format!("{kind} '{first}' refers to itself");
    }
    format!("{kind} '{first}' refers to itself through '{}'", others.join("', '"))
}

/// Sorts resources in write order: by kind, with each resource after the resources that it refers to.
pub(crate) fn sort(resources: &mut Vec<DesiredResource>) {
    resources.sort_by_key(|resource| resource.key.kind);
    let DependencyOrder { ordered, unordered, .. } = DependencyOrder::of_resources(resources.as_slice());
    let mut unsorted: Vec<_> = std::mem::take(resources).into_iter().map(Some).collect();
    resources.extend(ordered.into_iter().chain(unordered).filter_map(|index| unsorted[index].take()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_follow_their_dependencies() {
        for (dependencies, ordered, unordered, cycles) in [
            (vec![vec![], vec![], vec![]], vec![0, 1, 2], vec![], vec![]),
            (vec![vec![2], vec![0], vec![]], vec![2, 0, 1], vec![], vec![]),
            (vec![vec![], vec![3], vec![], vec![]], vec![0, 2, 3, 1], vec![], vec![]),
            (vec![vec![1], vec![0], vec![]], vec![2], vec![0, 1], vec![vec![0, 1]]),
            (vec![vec![0], vec![]], vec![1], vec![0], vec![vec![0]]),
            // An item that depends on a cycle does not belong to the cycle.
            (vec![vec![1], vec![2], vec![1]], vec![], vec![0, 1, 2], vec![vec![1, 2]]),
            (vec![vec![1, 2], vec![0], vec![2]], vec![], vec![0, 1, 2], vec![vec![0, 1], vec![2]]),
            (vec![vec![1], vec![2], vec![0]], vec![], vec![0, 1, 2], vec![vec![0, 1, 2]]),
        ] {
            let sets: Vec<BTreeSet<usize>> =
                dependencies.iter().map(|indexes| indexes.iter().copied().collect()).collect();
            let expected = DependencyOrder { ordered, unordered, cycles };
            assert_eq!(DependencyOrder::new(&sets), expected, "{dependencies:?}");
        }
    }
}
