//! Differences in a planned change, as displayed in the text, Markdown and HTML formats.

use serde_json::Value as Json;

use crate::{json_diff::changed_values, plan::PlannedChange, pointer::Pointer};

/// A difference within a field. Both values are `None` if a deploy writes the field without changing its
/// value.
pub(super) struct Entry<'a> {
    pub(super) path: Pointer,
    pub(super) old: Option<&'a Json>,
    pub(super) new: Option<&'a Json>,
}

impl Entry<'_> {
    pub(super) fn sign(&self) -> char {
        match (self.old, self.new) {
            (None, Some(_)) => '+',
            (Some(_), None) => '-',
            _ => '~',
        }
    }
}

/// Returns the differences between the old and the new value of a field. An added or removed value is a single
/// difference. A changed value has one difference for each changed nested value.
pub(super) fn entries(change: &PlannedChange) -> Vec<Entry<'_>> {
    let PlannedChange { field, old, new, .. } = change;
    let path = path(change);
    if old.is_null() {
        return vec![Entry { path, old: None, new: Some(new) }];
    }
    if new.is_null() && is_list(field) {
        return vec![Entry { path, old: Some(old), new: None }];
    }
    let found = changed_values(path.clone(), old, new);
    if found.is_empty() {
        return vec![Entry { path, old: None, new: None }]; // written because of --force
    }
    found.into_iter().map(|leaf| Entry { path: leaf.path, old: leaf.old, new: leaf.new }).collect()
}

/// Returns the path of the changed field. For a schedule or trigger, the path includes its name.
pub(super) fn path(change: &PlannedChange) -> Pointer {
    let PlannedChange { field, old, new, .. } = change;
    let path = Pointer::root().join(field.as_str());
    let is_item = is_list(field) && old.is_object() && new.is_object();
    let name = old.get("name").or(old.get("slug")).and_then(Json::as_str);
    name.filter(|_| is_item).map_or(path.clone(), |name| path.join(name))
}

fn is_list(field: &str) -> bool {
    matches!(field, "schedules" | "triggers")
}
