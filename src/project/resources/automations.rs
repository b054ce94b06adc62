//! Automation declarations.

use super::reader::Reader;
use crate::{
    api::AUTOMATION_FIELDS,
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    template,
    value::{self, Value},
};

pub(super) const KEYS: [&str; 8] = AUTOMATION_FIELDS;

/// Keys that contain lists of actions.
pub(crate) const ACTION_LISTS: [&str; 3] = ["actions", "actions_on_trigger", "actions_on_resolve"];

/// A declared automation. Triggers and actions are in API format and not yet validated.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Automation {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) enabled: bool,
    pub(crate) tags: Vec<String>,
    /// The trigger. `None` if it contains an unrendered template.
    pub(crate) trigger: Option<value::Mapping>,
    /// Actions by list, in the order of [`ACTION_LISTS`]. Each action has its index in the list.
    pub(crate) actions: [Vec<(usize, value::Mapping)>; 3],
    pub(crate) pointer: Pointer,
}

impl Automation {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let name = reader.required_text("name");
        if let Some(name) = &name {
            reader.subject = format!("automation '{name}'");
        }
        reader.reject_unknown_keys(&KEYS);
        reader.require("trigger");
        reader.require("actions");
        let is_rendered = reader.is_rendered();
        let trigger = reader.mapping("trigger");
        let trigger = trigger.filter(|trigger| is_rendered || !has_template(trigger)).cloned();
        let automation = Self {
            name: String::new(),
            description: reader.text("description").unwrap_or_default(),
            enabled: reader.flag("enabled").unwrap_or(true),
            tags: reader.texts("tags").unwrap_or_default(),
            trigger,
            actions: ACTION_LISTS.map(|key| actions(reader, key)),
            pointer: reader.pointer.clone(),
        };
        Some(Self { name: name?, ..automation })
    }
}

fn has_template(entries: &value::Mapping) -> bool {
    entries.values().any(template::has_template)
}

fn actions(reader: &mut Reader<'_, '_, '_>, key: &str) -> Vec<(usize, value::Mapping)> {
    let Some(items) = reader.list(key) else { return Vec::new() };
    let mut actions = Vec::new();
    for (index, item) in items.iter().enumerate() {
        if let Value::Mapping(entries) = item {
            actions.push((index, entries.clone()));
        } else {
            let message = format!("each item of `{key}` must be a mapping, not {}", value::kind(item));
            let pointer = reader.pointer.join(key).join(index);
            reader.findings.at_value(&pointer, Diagnostic::error(Code::WRONG_TYPE, message));
        }
    }
    actions
}
