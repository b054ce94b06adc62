//! Work pool and work queue declarations.

use std::collections::BTreeMap;

use super::{names, reader::Reader, slot_limit::SlotLimit};
use crate::{
    api::JsonObject,
    base_job_template::VariableType,
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    template,
    value::{Value, json_object, to_json},
};

/// Work pool keys. All other keys are variables in the base job template.
pub(crate) const KEYS: [&str; 9] = [
    "name",
    "type",
    "description",
    "paused",
    "concurrency_limit",
    "queues",
    "add_variables",
    "variables",
    "base_job_template",
];

/// Keys of a variable added to the base job template.
pub(super) const ADDED_KEYS: [&str; 3] = ["type", "default", "place"];

pub(super) const QUEUE_KEYS: [&str; 5] = ["name", "description", "paused", "priority", "concurrency_limit"];

/// A declared work pool. A field that is `None` is undeclared and keeps its value on the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pool {
    pub(crate) name: String,
    /// Type of the pool. `None` if the type is invalid or an unrendered template.
    pub(crate) kind: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) paused: Option<bool>,
    pub(crate) concurrency_limit: Option<SlotLimit>,
    /// Template that replaces the type's default template.
    pub(crate) base_job_template: Option<JsonObject>,
    /// Variable defaults in the base job template.
    pub(crate) variables: Vec<PoolVariable>,
    pub(crate) added_variables: Vec<AddedVariable>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) pointer: Pointer,
}

/// A variable's default in a base job template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PoolVariable {
    pub(crate) name: String,
    pub(crate) value: serde_json::Value,
    pub(crate) pointer: Pointer,
}

/// A variable added to a base job template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct AddedVariable {
    pub(crate) name: String,
    pub(crate) kind: VariableType,
    pub(crate) default: Option<serde_json::Value>,
    /// Location in the job configuration, with dot-separated segments.
    pub(crate) place: Option<String>,
    pub(crate) pointer: Pointer,
}

/// A declared work queue.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Queue {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) paused: Option<bool>,
    pub(crate) priority: Option<u64>,
    pub(crate) concurrency_limit: Option<SlotLimit>,
    pub(crate) pointer: Pointer,
}

impl Pool {
    pub(super) fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let name = named(reader, "work pool", names::pool);
        let kind = reader.required_text("type");
        let base_job_template = reader.mapping("base_job_template");
        let base_job_template =
            base_job_template.map(|template| json_object(to_json(&Value::Mapping(template.clone()))));
        let pool = Self {
            name: String::new(),
            kind,
            description: reader.text("description"),
            paused: reader.flag("paused"),
            concurrency_limit: reader.slot_limit("concurrency_limit"),
            base_job_template,
            variables: variables(reader),
            added_variables: added_variables(reader),
            queues: queues(reader),
            pointer: reader.pointer.clone(),
        };
        Some(Self { name: name?, ..pool })
    }
}

/// Reads a resource's name and adds it to the message subject.
pub(super) fn named(
    reader: &mut Reader<'_, '_, '_>,
    kind: &str,
    check: impl Fn(&str) -> Result<(), String>,
) -> Option<String> {
    let name = reader.required_text("name")?;
    reader.subject = format!("{kind} '{name}'");
    if let Err(reason) = check(&name) {
        reader.error("name", Code::RESOURCE_NAME, format!("invalid {kind} name '{name}': {reason}"));
        return None;
    }
    Some(name)
}

/// Reads variable defaults from the work pool's keys and its `variables` mapping.
fn variables(reader: &mut Reader<'_, '_, '_>) -> Vec<PoolVariable> {
    let is_rendered = reader.is_rendered();
    let entry = |(key, value): (&Value, &Value), pointer: &Pointer| {
        let name = key.as_str()?;
        let is_known = is_rendered || !template::has_template(value);
        is_known.then(|| PoolVariable {
            name: name.to_owned(),
            value: to_json(value),
            pointer: pointer.join(name),
        })
    };
    let pointer = reader.pointer.clone();
    let direct =
        reader.entries.iter().filter(|(key, _)| !key.as_str().is_some_and(|key| KEYS.contains(&key)));
    let mut found: Vec<PoolVariable> = direct.filter_map(|pair| entry(pair, &pointer)).collect();
    let nested_pointer = pointer.join("variables");
    for variable in
        reader.mapping("variables").into_iter().flatten().filter_map(|pair| entry(pair, &nested_pointer))
    {
        if found.iter().any(|other| other.name == variable.name) {
            let message = format!("variable '{}' of {} is set twice", variable.name, reader.subject);
            reader.findings.at_key(&variable.pointer, Diagnostic::error(Code::DUPLICATE_RESOURCE, message));
        } else {
            found.push(variable);
        }
    }
    found
}

fn added_variables(reader: &mut Reader<'_, '_, '_>) -> Vec<AddedVariable> {
    let pool = reader.subject.clone();
    let names: Vec<String> = match reader.mapping("add_variables") {
        Some(entries) => entries.keys().filter_map(Value::as_str).map(str::to_owned).collect(),
        None => return Vec::new(),
    };
    let Some(mut variables) = reader.nested("add_variables") else { return Vec::new() };
    let mut found = Vec::new();
    for name in names {
        let subject = format!("variable '{name}' of {pool}");
        let is_null = variables.entries.get(&name).is_none_or(Value::is_null);
        if is_null {
            let message = format!("{subject} must be a mapping with `type`, not null");
            variables.error(&name, Code::WRONG_TYPE, message);
            continue;
        }
        let Some(mut variable) = variables.nested(&name) else { continue };
        variable.subject.clone_from(&subject);
        variable.reject_unknown_keys(&ADDED_KEYS);
        let place = variable.text("place");
        let default = variable.get("default");
        let is_known = variable.is_rendered() || !default.is_some_and(template::has_template);
        let Some(kind) = variable.required_text("type") else { continue };
        match kind.parse::<VariableType>() {
            Ok(kind) if is_known => {
                let pointer = variable.pointer.clone();
                found.push(AddedVariable { name, kind, default: default.map(to_json), place, pointer });
            }
            Ok(_) => {}
            Err(error) => variable.error("type", Code::WORK_POOL_VARIABLE, format!("{subject}: {error}")),
        }
    }
    found
}

fn queues(reader: &mut Reader<'_, '_, '_>) -> Vec<Queue> {
    let queues = reader.items("queues", "a work queue", Queue::read);
    let mut priorities: BTreeMap<u64, &str> = BTreeMap::new();
    for queue in &queues {
        let Some(priority) = queue.priority else { continue };
        if let Some(first) = priorities.insert(priority, &queue.name) {
            let message = format!("queues '{first}' and '{}' have the same priority {priority}", queue.name);
            let diagnostic = Diagnostic::error(Code::RESOURCE_VALUE, message)
                .help("use a different priority for each queue of a work pool");
            reader.findings.at_value(&queue.pointer.join("priority"), diagnostic);
        }
    }
    queues
}

impl Queue {
    fn read(reader: &mut Reader<'_, '_, '_>) -> Option<Self> {
        let name = named(reader, "work queue", names::general);
        reader.reject_unknown_keys(&QUEUE_KEYS);
        let queue = Self {
            name: String::new(),
            description: reader.text("description"),
            paused: reader.flag("paused"),
            priority: reader.count("priority", 1),
            concurrency_limit: reader.slot_limit("concurrency_limit"),
            pointer: reader.pointer.clone(),
        };
        Some(Self { name: name?, ..queue })
    }
}
