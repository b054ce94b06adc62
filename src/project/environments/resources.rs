//! Merges an environment's resources with the project file's resources by name.

use super::merging::Merging;
use crate::{
    diagnostics::{Code, did_you_mean},
    project::resources::SECTION,
    yaml::{Entry, Mapping, Node, NodeKind, Overlay},
};

/// A list of named resources.
#[derive(Clone, Copy)]
struct List {
    key: &'static str,
    /// Item name for messages.
    item: &'static str,
    /// The keys that identify an item, separated by slashes in a mapping.
    identity: &'static [&'static str],
    nested: Option<&'static Self>,
}

const QUEUES: List = List { key: "queues", item: "work queue", identity: &["name"], nested: None };

const LISTS: [List; 4] = [
    List { key: "work_pools", item: "work pool", identity: &["name"], nested: Some(&QUEUES) },
    List { key: "concurrency_limits", item: "concurrency limit", identity: &["name"], nested: None },
    List { key: "automations", item: "automation", identity: &["name"], nested: None },
    List { key: "blocks", item: "block", identity: &["type", "name"], nested: None },
];

/// Returns a layer's top-level mapping with merged lists: each resource list contains the project file's resources
/// merged with the layer's resources. Lists tagged `!append` are unchanged.
pub(super) fn merged(merging: &mut Merging<'_>, overlay: &mut Overlay, root: &Node, layer: &Node) -> Node {
    let Some(declared) = layer.get(SECTION) else { return layer.clone() };
    let mut section = declared.clone();
    for list in &LISTS {
        section = with_list(merging, overlay, list, root.get(SECTION), section);
    }
    layer.with_value(SECTION, section)
}

/// Replaces the list in a layer's mapping with the merged list. `base` is the project file's mapping.
fn with_list(
    merging: &mut Merging<'_>,
    overlay: &mut Overlay,
    list: &List,
    base: Option<&Node>,
    layer: Node,
) -> Node {
    let Some(declared) = layer.get(list.key) else { return layer };
    let before = match base.and_then(|base| base.get(list.key)).map(|list| &list.kind) {
        Some(NodeKind::Sequence(items)) => items.to_vec(),
        None | Some(NodeKind::Null) => Vec::new(),
        // The wrong type is reported later.
        Some(_) => return layer,
    };
    let items = match &declared.kind {
        NodeKind::Sequence(_) if overlay.is_appended(declared.span) => return layer,
        NodeKind::Sequence(items) => items.iter().map(|item| Some(item.clone())).collect(),
        NodeKind::Mapping(mapping) => mapping.entries().map(|entry| named(list, entry)).collect::<Vec<_>>(),
        _ => return layer,
    };
    let removed = match &declared.kind {
        NodeKind::Mapping(mapping) => {
            mapping.entries().filter(|entry| matches!(entry.value.kind, NodeKind::Null)).collect()
        }
        _ => Vec::new(),
    };
    let mut merged: Vec<(Option<String>, Node)> =
        before.into_iter().map(|item| (identity(list, &item), item)).collect();
    for Entry { key, .. } in removed {
        remove(merging, list, key, &mut merged);
    }
    let mut targets = Vec::new();
    for item in items.into_iter().flatten() {
        let name = identity(list, &item);
        let found = merged.iter().position(|(known, _)| name.is_some() && *known == name);
        // A second declaration in the same list is reported as a duplicate.
        let found = found.filter(|index| !targets.contains(index));
        let before = found.map(|index| merged[index].1.clone());
        let item = match list.nested {
            Some(nested) => with_list(merging, overlay, nested, before.as_ref(), item),
            None => item,
        };
        let Some(index) = found else {
            targets.push(merged.len());
            merged.push((name, item));
            continue;
        };
        targets.push(index);
        if let Some(item) = overlay.merge(before.as_ref(), &item) {
            merged[index].1 = item;
        }
    }
    let items = merged.into_iter().map(|(_, item)| item).collect();
    layer.with_value(list.key, Node::new(declared.span, NodeKind::Sequence(items)))
}

/// Returns an item's identity: its name or `TYPE/NAME`.
fn identity(list: &List, item: &Node) -> Option<String> {
    let parts: Option<Vec<&str>> = list.identity.iter().map(|key| item.get(key)?.as_text()).collect();
    Some(parts?.join("/"))
}

/// Converts a mapping entry keyed by name to a list item. Returns `None` for null because null removes an item.
fn named(list: &List, Entry { key, value }: &Entry) -> Option<Node> {
    let NodeKind::Mapping(fields) = &value.kind else {
        // The wrong type is reported later.
        return (!matches!(value.kind, NodeKind::Null)).then(|| value.clone());
    };
    let parts = key.as_text().unwrap_or_default().splitn(list.identity.len(), '/');
    let own = list.identity.iter().zip(parts);
    let own =
        own.map(|(name, part)| Entry { key: Node::text(key.span, name), value: Node::text(key.span, part) });
    let entries = own.chain(fields.entries().cloned());
    Some(Node::new(value.span, NodeKind::Mapping(Mapping::from_entries(entries).into())))
}

/// Removes an item that the environment sets to null.
fn remove(merging: &mut Merging<'_>, list: &List, key: &Node, items: &mut Vec<(Option<String>, Node)>) {
    let name = key.as_text().unwrap_or_default();
    let count = items.len();
    items.retain(|(known, _)| known.as_deref() != Some(name));
    if items.len() == count {
        let message = format!("the project file has no {} named '{name}'", list.item);
        let known = items.iter().filter_map(|(known, _)| known.as_deref());
        let help = did_you_mean(name, known)
            .map_or_else(|| "remove the entry".to_owned(), |similar| format!("did you mean '{similar}'?"));
        merging.error(Code::ENVIRONMENT_OVERLAY, key.span, message, Some(help));
    }
}
