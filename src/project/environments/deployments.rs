//! Merges an environment's deployments with the project file's deployments, by name.

use std::collections::{BTreeMap, BTreeSet};

use super::merging::Merging;
use crate::{
    diagnostics::{Code, did_you_mean},
    source::Span,
    yaml::{Entry, Mapping, Node, NodeKind, Overlay},
};

/// Maximum number of candidates in a message, and maximum number of errors with suggestions.
const SHOWN: usize = 20;

/// A deployment in an environment.
struct Declared<'a> {
    name: &'a str,
    /// Span of the name.
    span: Span,
    /// The deployment's fields. `None` removes the deployment.
    fields: Option<&'a Node>,
    /// Name entry for a new deployment.
    entry: Entry,
}

/// Merges a layer's deployments with the deployments in `root`. `for_all` contains the layer's values for all
/// deployments.
pub(super) fn merged(
    merging: &mut Merging<'_>,
    overlay: &mut Overlay,
    root: &Node,
    declared: Option<&Entry>,
    for_all: &[Node],
) -> Node {
    let base = root.get("deployments");
    let before = match base.map(|list| &list.kind) {
        Some(NodeKind::Sequence(items)) => items.to_vec(),
        None | Some(NodeKind::Null) => Vec::new(),
        // The wrong type is reported later.
        Some(_) => return root.clone(),
    };
    let mut items: Vec<Option<Node>> =
        before.iter().map(|item| Some(with_all(overlay, item.clone(), for_all))).collect();
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, item) in before.iter().enumerate() {
        if let Some(name) = name(item) {
            by_name.entry(name).or_default().push(index);
        }
    }
    let mut targets = BTreeMap::new();
    for deployment in declared.map(|entry| read(merging, overlay, &entry.value)).unwrap_or_default() {
        let Some(found) = find(merging, &before, &by_name, &deployment) else { continue };
        let Some(fields) = deployment.fields else {
            found.into_iter().for_each(|index| items[index] = None);
            merging.removed.insert(deployment.name.to_owned());
            continue;
        };
        if let Some(index) = found.first() {
            if let Some(line) = targets.insert(*index, deployment.span) {
                let line = merging.line(line);
                let message = format!("deployment '{}' is already set on line {line}", deployment.name);
                merging.error(Code::ENVIRONMENT_OVERLAY, deployment.span, message, None);
            }
            items[*index] = items[*index].take().and_then(|item| overlay.merge(Some(&item), fields));
        } else {
            let new =
                Node::new(fields.span, NodeKind::Mapping(Mapping::from_entries([deployment.entry]).into()));
            let new = with_all(overlay, new, for_all);
            items.extend(overlay.merge(Some(&new), fields).map(Some));
        }
    }
    let Some(span) = base.map(|list| list.span).or(declared.map(|entry| entry.value.span)) else {
        return root.clone();
    };
    let list = Node::new(span, NodeKind::Sequence(items.into_iter().flatten().collect()));
    match declared {
        Some(entry) if base.is_none() => root.with_new_entry(entry.key.clone(), list),
        _ => root.with_value("deployments", list),
    }
}

/// Merges a layer's values for all deployments into a deployment. An item that is not a mapping is reported later.
fn with_all(overlay: &mut Overlay, item: Node, for_all: &[Node]) -> Node {
    if item.as_mapping().is_none() {
        return item;
    }
    for_all.iter().fold(item, |item, values| overlay.merge_common(&item, values).unwrap_or(item))
}

/// Reads a layer's deployments: a list of mappings, or a mapping from names to fields.
fn read<'a>(merging: &mut Merging<'_>, overlay: &mut Overlay, value: &'a Node) -> Vec<Declared<'a>> {
    let mut deployments: Vec<Declared<'a>> = match &value.kind {
        NodeKind::Sequence(items) => {
            // New deployments are always added to the project file's deployments.
            overlay.is_appended(value.span);
            items.iter().filter_map(|item| listed(merging, item)).collect()
        }
        NodeKind::Mapping(mapping) => mapping.entries().filter_map(|entry| keyed(merging, entry)).collect(),
        _ => {
            let message = format!("`deployments` must be a list or a mapping, not {}", value.type_name());
            merging.error(Code::WRONG_TYPE, value.span, message, None);
            Vec::new()
        }
    };
    deployments.retain(|deployment| {
        let is_template = ["{{", "<<"].iter().any(|mark| deployment.name.contains(mark));
        if is_template {
            let message = format!(
                "the name '{}' is a template, but an environment identifies deployments by name",
                deployment.name
            );
            let help = "write the name without templates, or use `name_suffix`".to_owned();
            merging.error(Code::ENVIRONMENT_OVERLAY, deployment.span, message, Some(help));
        }
        !is_template
    });
    deployments
}

/// Reads an item of the environment's `deployments` list.
fn listed<'a>(merging: &mut Merging<'_>, item: &'a Node) -> Option<Declared<'a>> {
    let Some(mapping) = item.as_mapping() else {
        let message = format!("each item of `deployments` must be a mapping, not {}", item.type_name());
        merging.error(Code::WRONG_TYPE, item.span, message, None);
        return None;
    };
    let Some(entry) = mapping.entry("name") else {
        let message = "a deployment in an environment requires a `name`".to_owned();
        let help = "the name identifies the deployment in the project file".to_owned();
        merging.error(Code::ENVIRONMENT_OVERLAY, item.span, message, Some(help));
        return None;
    };
    let Some(name) = entry.value.as_text() else {
        let message = format!("`name` must be a string, not {}", entry.value.type_name());
        merging.error(Code::WRONG_TYPE, entry.value.span, message, None);
        return None;
    };
    Some(Declared { name, span: entry.value.span, fields: Some(item), entry: entry.clone() })
}

/// Reads an entry of the environment's `deployments` mapping.
fn keyed<'a>(merging: &mut Merging<'_>, Entry { key, value }: &'a Entry) -> Option<Declared<'a>> {
    let Some(name) = key.as_text() else {
        let message = format!("the name of a deployment must be a string, not {}", key.type_name());
        merging.error(Code::WRONG_TYPE, key.span, message, Some("quote the name".to_owned()));
        return None;
    };
    let fields = match value.kind {
        NodeKind::Mapping(_) => Some(value),
        NodeKind::Null => None,
        _ => {
            let message = format!("deployment '{name}' must be a mapping or null, not {}", value.type_name());
            merging.error(Code::WRONG_TYPE, value.span, message, None);
            return None;
        }
    };
    let entry = Entry { key: Node::text(key.span, "name"), value: key.clone() };
    Some(Declared { name, span: key.span, fields, entry })
}

/// Returns the indexes of the project file's deployments that an environment's deployment refers to. The list is empty
/// for a new deployment. The list has multiple indexes only if the environment removes the deployments.
///
/// Returns `None` if an error was recorded.
fn find(
    merging: &mut Merging<'_>,
    before: &[Node],
    by_name: &BTreeMap<&str, Vec<usize>>,
    deployment: &Declared<'_>,
) -> Option<Vec<usize>> {
    let mut found = by_name.get(deployment.name).cloned().unwrap_or_default();
    let own = deployment.fields.and_then(entrypoint);
    if found.len() > 1 && deployment.fields.is_some() {
        let candidates: BTreeSet<&str> =
            found.iter().filter_map(|index| entrypoint(&before[*index])).collect();
        let count = found.len();
        found.retain(|index| own.is_some() && entrypoint(&before[*index]) == own);
        if found.len() != 1 {
            let message = format!("{count} deployments are named '{}'", deployment.name);
            let candidates = candidates.into_iter().take(SHOWN).collect::<Vec<_>>().join(", ");
            let help = format!("add the `entrypoint` of one of them: {candidates}");
            merging.error(Code::ENVIRONMENT_OVERLAY, deployment.span, message, Some(help));
            return None;
        }
    }
    if deployment.fields.is_none() && merging.removed.contains(deployment.name) {
        return Some(found);
    }
    if found.is_empty() && own.is_none() {
        // Searching for similar names takes too long if there are many errors.
        let is_searched = merging.findings.len() < SHOWN;
        let similar = is_searched.then(|| did_you_mean(deployment.name, by_name.keys().copied())).flatten();
        let help = match similar {
            Some(similar) => format!("did you mean '{similar}'?"),
            None if deployment.fields.is_none() => "remove the entry".to_owned(),
            None => "a new deployment requires an `entrypoint`".to_owned(),
        };
        let message = format!("the project file has no deployment named '{}'", deployment.name);
        merging.error(Code::ENVIRONMENT_OVERLAY, deployment.span, message, Some(help));
        return None;
    }
    Some(found)
}

fn name(item: &Node) -> Option<&str> {
    item.get("name")?.as_text()
}

fn entrypoint(item: &Node) -> Option<&str> {
    item.get("entrypoint")?.as_text()
}
