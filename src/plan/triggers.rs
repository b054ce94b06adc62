//! Compares a deployment's triggers with its live automations.

use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{
    api::Automation,
    deployment::{
        DesiredDeployment,
        triggers::{self, NewAutomation},
    },
    plan::{FieldChange, presentation},
    resource::is_same_automation_field,
};

/// Changes to a deployment's automations.
#[derive(Debug, Default)]
pub(crate) struct TriggerChanges<'a> {
    pub(crate) create: Vec<NewAutomation>,
    /// Automations to delete after the new automations have been created.
    pub(crate) delete: Vec<&'a Automation>,
    /// Whether to first delete all automations that the deployment owns.
    ///
    /// This is necessary if an automation might belong to another owner. The server does not report an automation's
    /// owner but can delete automations by owner.
    pub(crate) delete_owned: bool,
}

impl TriggerChanges<'_> {
    pub(crate) fn is_empty(&self) -> bool {
        self.create.is_empty() && self.delete.is_empty() && !self.delete_owned
    }
}

/// Compares a deployment's triggers with the live automations that run it.
pub(super) fn compare<'a>(
    desired: &DesiredDeployment,
    id: Uuid,
    live: &'a [Automation],
) -> TriggerChanges<'a> {
    let wanted = desired.triggers.iter().map(|trigger| trigger.automation(id)).collect();
    differences(wanted, &desired.name, id, live)
}

/// Returns the automations that have changed on the server between two snapshots, or `None` if none have changed.
pub(crate) fn trigger_changes_between(before: &[Automation], now: &[Automation]) -> Option<FieldChange> {
    let shown = |automation: &Automation| presentation::trigger(&Json::Object(automation.raw.clone()));
    let is_in = |automation: &Automation, others: &[Automation]| {
        others.iter().any(|other| automation.id == other.id && shown(automation) == shown(other))
    };
    let only = |these: &[Automation], others: &[Automation]| -> Vec<Json> {
        these.iter().filter(|automation| !is_in(automation, others)).map(shown).collect()
    };
    let (old, new) = (only(before, now), only(now, before));
    let differ = !old.is_empty() || !new.is_empty();
    differ.then(|| FieldChange { field: "triggers".into(), old: old.into(), new: new.into() })
}

fn differences<'a>(
    wanted: Vec<NewAutomation>,
    deployment: &str,
    id: Uuid,
    live: &'a [Automation],
) -> TriggerChanges<'a> {
    let mut unmatched: Vec<&Automation> =
        live.iter().filter(|automation| could_be_trigger(automation)).collect();
    let mut create = Vec::new();
    for new in &wanted {
        match unmatched.iter().position(|automation| is_same_trigger(&new.body, &automation.raw)) {
            Some(position) => drop(unmatched.swap_remove(position)),
            None => create.push(new.clone()),
        }
    }
    let ours = |automation: &&Automation| {
        wanted.iter().any(|new| new.name == automation.name)
            || is_default_name(&automation.name, deployment)
            || automation.name == triggers::name_after(id)
    };
    if unmatched.iter().all(ours) {
        TriggerChanges { create, delete: unmatched, delete_owned: false }
    } else {
        TriggerChanges { create: wanted, delete: Vec::new(), delete_owned: true }
    }
}

/// Returns whether an automation looks like a deployment trigger from `prefect.yaml`: its only action runs a
/// deployment.
pub(crate) fn could_be_trigger(automation: &Automation) -> bool {
    let actions = |key| automation.raw.get(key).and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let [action] = actions("actions") else { return false };
    action["type"] == "run-deployment"
        && actions("actions_on_trigger").is_empty()
        && actions("actions_on_resolve").is_empty()
}

/// Returns whether a name has the form `NAME__automation_1`, the default name of a trigger.
fn is_default_name(name: &str, deployment: &str) -> bool {
    let number = name.strip_prefix(deployment).and_then(|rest| rest.strip_prefix("__automation_"));
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Returns whether a live automation has all values of the desired automation.
pub(crate) fn is_same_trigger(body: &Map<String, Json>, live: &Map<String, Json>) -> bool {
    body.iter()
        .filter(|(key, _)| key.as_str() != "owner_resource")
        .all(|(key, value)| is_same_automation_field(key, live.get(key), value))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::json_object;

    const ID: Uuid = Uuid::nil();

    fn automation(name: &str, expect: &[&str]) -> Automation {
        let raw = json!({
            "id": Uuid::nil(), "name": name, "enabled": true, "tags": [], "actions": [{"type": "run-deployment"}],
            "trigger": {"type": "event", "expect": expect, "within": 0.0, "id": Uuid::nil()},
        });
        Automation { id: Uuid::nil(), name: name.into(), raw: json_object(raw) }
    }

    fn new(name: &str, expect: &[&str]) -> NewAutomation {
        let body = json_object(json!({
            "name": name, "enabled": true, "actions": [{"type": "run-deployment"}], "owner_resource": "x",
            "trigger": {"type": "event", "expect": expect, "within": 0},
        }));
        NewAutomation { name: name.to_owned(), body }
    }

    #[test]
    fn missing_fields_of_old_servers_equal_their_defaults() {
        let body = json!({"name": "a", "tags": [], "actions": [{"schedule_after": 0.0, "parameters": null}]});
        let live = json_object(json!({"id": 1, "name": "a", "actions": [{"type": "run-deployment"}]}));
        assert!(is_same_trigger(&json_object(body), &live));
        assert!(!is_same_trigger(&json_object(json!({"actions": [{"schedule_after": 60.0}]})), &live));
        assert!(!is_same_trigger(&json_object(json!({"tags": ["a"]})), &live));
    }

    #[test]
    fn detects_changes_made_by_others() {
        let with_time = |mut automation: Automation| {
            automation.raw.insert("updated".into(), "2026-01-01".into());
            automation
        };
        let (first, second) = (automation("a", &["x"]), automation("b", &["x"]));
        assert_eq!(trigger_changes_between(std::slice::from_ref(&first), &[with_time(first.clone())]), None);
        let found = trigger_changes_between(&[first], &[second]).unwrap();
        assert_eq!((&found.old[0]["name"], &found.new[0]["name"]), (&json!("a"), &json!("b")));
    }

    #[test]
    fn keeps_automations_of_equal_triggers() {
        let live = [automation("d__automation_1", &["a", "b"]), automation("mine", &["c"])];
        let changes =
            differences(vec![new("d__automation_1", &["b", "a"]), new("mine", &["c"])], "d", ID, &live);
        assert!(changes.is_empty());
    }

    #[test]
    fn replaces_a_changed_trigger_before_deleting_the_old_trigger() {
        let unnamed = triggers::name_after(ID);
        let names = ["d__automation_1", &unnamed, "mine"];
        let live = names.map(|name| automation(name, &["a"]));
        let changes = differences(vec![new("mine", &["x"])], "d", ID, &live);
        assert_eq!(changes.create, [new("mine", &["x"])]);
        let deleted: Vec<&str> = changes.delete.iter().map(|automation| automation.name.as_str()).collect();
        assert_eq!(deleted, names);
        assert!(!changes.delete_owned);
    }

    #[test]
    fn ignores_automations_that_do_not_run_the_deployment() {
        let mut pausing = automation("made in the UI", &["a"]);
        pausing.raw.insert("actions".to_owned(), json!([{"type": "pause-deployment"}]));
        let live = [pausing];
        let changes = differences(vec![new("mine", &["c"])], "d", ID, &live);
        assert_eq!(changes.create, [new("mine", &["c"])]);
        assert!(!changes.delete_owned && changes.delete.is_empty());
    }

    #[test]
    fn deletes_by_owner_if_an_automation_may_belong_to_others() {
        let live = [automation("made in the UI", &["a"]), automation("d__automation_1", &["b"])];
        let changes = differences(vec![new("d__automation_1", &["b"])], "d", ID, &live);
        assert_eq!(changes.create.len(), 1);
        assert!(changes.delete_owned && changes.delete.is_empty());
    }
}
