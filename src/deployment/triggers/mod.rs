//! Triggers are automations that run a deployment when events occur or fail to occur.
//!
//! Triggers are validated before the first write. Requests contain every key, including keys with default values, as in
//! Prefect.

mod condition;

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    deployment::item_reader::{
        Findings, ItemError, ItemWarning, Reader, UnknownKey, boolean, duration_value, mapping, nullable,
        text,
    },
    pointer::Pointer,
    schedule::duration::Seconds,
    value::{Mapping, Value, json_object, kind, to_json},
};

use condition::Condition;

/// Keys that every trigger of a deployment accepts.
const COMMON_KEYS: [&str; 6] =
    ["name", "description", "enabled", "parameters", "job_variables", "schedule_after"];

/// A trigger of a deployment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Trigger {
    /// Name of the automation. `None` if the automation is named after the deployment's ID.
    name: Option<String>,
    description: String,
    enabled: bool,
    parameters: Option<Mapping>,
    job_variables: Option<Mapping>,
    schedule_after: Seconds,
    condition: Condition,
}

/// An automation to create.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct NewAutomation {
    pub(crate) name: String,
    /// Body of the request that creates the automation.
    pub(crate) body: Map<String, Json>,
}

/// The triggers of a deployment, and the unknown keys and metrics that the triggers contain.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Triggers {
    pub(crate) triggers: Vec<Trigger>,
    pub(crate) unknown_keys: Vec<UnknownKey>,
    pub(crate) warnings: Vec<ItemWarning>,
}

/// Parses the triggers of a deployment.
///
/// # Errors
///
/// Returns the errors of all items.
pub(crate) fn triggers(items: &[Value], deployment_name: &str) -> Result<Triggers, Vec<ItemError>> {
    let mut findings = Findings::default();
    let triggers: Vec<Trigger> = items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| {
            findings.index = index;
            let default_name = format!("{deployment_name}__automation_{}", index + 1);
            Trigger::read(item, default_name, &mut findings)
        })
        .collect();
    let warnings = std::mem::take(&mut findings.warnings);
    findings.into_result(|unknown_keys| Triggers { triggers, unknown_keys, warnings })
}

/// The trigger of an automation that does not belong to a deployment, and the problems found in the trigger.
#[derive(Debug)]
pub(crate) struct StandaloneTrigger {
    /// The trigger with all default values, as in the API. `None` if it could not be parsed.
    pub(crate) condition: Option<Json>,
    pub(crate) errors: Vec<ItemError>,
    pub(crate) unknown_keys: Vec<UnknownKey>,
    pub(crate) warnings: Vec<ItemWarning>,
}

/// Parses the trigger of an automation that does not belong to a deployment.
pub(crate) fn standalone(entries: &Mapping) -> StandaloneTrigger {
    let mut findings = Findings::default();
    let mut reader = Reader::new(entries, Pointer::root(), &mut findings);
    let condition = condition::read(&mut reader, condition::Depth::Nested).map(|condition| json!(condition));
    let Findings { errors, unknown_keys, warnings, .. } = findings;
    StandaloneTrigger { condition, errors, unknown_keys, warnings }
}

impl Trigger {
    fn read(item: &Value, default_name: String, findings: &mut Findings) -> Option<Self> {
        let Value::Mapping(entries) = item else {
            findings.error(&Pointer::root(), format!("expected a mapping, found {}", kind(item)));
            return None;
        };
        let mut reader = Reader::new(entries, Pointer::root(), findings);
        // The default only replaces a missing name, as in Prefect.
        let name = reader.optional("name", Some(default_name), nullable(text));
        let name = name.filter(|name| !name.is_empty());
        let schedule_after = reader.optional("schedule_after", Seconds::ZERO, |value| {
            let wait = duration_value(value)?;
            if wait.is_negative() { Err("the value must not be negative".to_owned()) } else { Ok(wait) }
        });
        Some(Self {
            name,
            description: reader.optional("description", String::new(), text),
            enabled: reader.optional("enabled", true, boolean),
            parameters: reader.optional("parameters", None, nullable(mapping)),
            job_variables: reader.optional("job_variables", None, nullable(mapping)),
            schedule_after,
            condition: condition::read(&mut reader, condition::Depth::Top)?,
        })
    }

    /// Removes the delay between the event and the run.
    pub(crate) fn run_immediately(&mut self) {
        self.schedule_after = Seconds::ZERO;
    }

    /// Returns the automation that the trigger declares for a deployment.
    pub(crate) fn automation(&self, deployment_id: Uuid) -> NewAutomation {
        NewAutomation {
            name: self.automation_name(deployment_id),
            body: json_object(self.automation_body(deployment_id)),
        }
    }

    fn automation_name(&self, deployment_id: Uuid) -> String {
        self.name.clone().unwrap_or_else(|| name_after(deployment_id))
    }

    /// Returns the request body for a deployment that does not exist yet. A description replaces the deployment's ID.
    pub(crate) fn planned_body(&self) -> Json {
        let text = self.automation_body(Uuid::nil()).to_string();
        let body = text.replace(&Uuid::nil().to_string(), "(id of the deployment)");
        // The string was serialized above.
        serde_json::from_str(&body).unwrap_or_default()
    }

    /// Returns the request body that creates the automation.
    pub(crate) fn automation_body(&self, deployment_id: Uuid) -> Json {
        let values =
            |values: &Option<Mapping>| values.as_ref().map(|values| to_json(&Value::Mapping(values.clone())));
        json!({
            "name": self.automation_name(deployment_id),
            "description": self.description,
            "enabled": self.enabled,
            "tags": [],
            "trigger": self.condition,
            "actions": [{
                "type": "run-deployment",
                "source": "selected",
                "deployment_id": deployment_id,
                "parameters": values(&self.parameters),
                "job_variables": values(&self.job_variables),
                "schedule_after": self.schedule_after,
            }],
            "actions_on_trigger": [],
            "actions_on_resolve": [],
            "owner_resource": owner_resource(deployment_id),
        })
    }
}

/// Returns the name of an automation whose trigger has a null or empty name.
pub(crate) fn name_after(deployment_id: Uuid) -> String {
    format!("Automation for deployment {deployment_id}")
}

/// Returns the resource ID that identifies a deployment as the owner of automations.
pub(crate) fn owner_resource(deployment_id: Uuid) -> String {
    format!("prefect.deployment.{deployment_id}")
}

#[cfg(test)]
mod tests;
