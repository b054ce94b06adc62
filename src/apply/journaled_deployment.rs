//! Records of deployments in the journal, which a rollback restores.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use uuid::Uuid;

use crate::{
    api::{Automation, DeploymentName, DeploymentSchedule},
    deployment::{LiveDeployment, Snapshot, desired::Schedules},
    plan::{self, ComparedDeployment, owned_fields},
    project::{IgnorableField, IgnoredFields},
    schedule::Schedule,
    secret::Redactor,
    value::json_object,
};

/// The state of a deployment before the first write, and the states that deploys intended to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct JournaledDeployment {
    pub(crate) flow: String,
    pub(crate) name: String,
    /// The previous state. `None` if the deployment did not exist.
    pub(crate) previous: Option<Previous>,
    /// The intended state of the first deploy and of each deploy that resumed it.
    pub(crate) intended: Vec<Intended>,
    /// Fields that `ignore_changes` lists. A rollback keeps their current values.
    #[serde(default, skip_serializing_if = "IgnoredFields::is_empty")]
    pub(crate) ignored: IgnoredFields,
}

/// State of a deployment on the server before the first write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Previous {
    pub(crate) id: Uuid,
    /// Fields that a deploy writes.
    pub(crate) fields: Map<String, Json>,
    pub(crate) schedules: Vec<DeploymentSchedule>,
    /// Automations that run the deployment.
    pub(crate) automations: Vec<Map<String, Json>>,
}

/// The state of a deployment that a deploy intends to write.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Intended {
    pub(crate) fields: Map<String, Json>,
    /// Schedules in the project file's format. `None` if the deploy does not change schedules.
    pub(crate) schedules: Option<Vec<Json>>,
    /// Automation bodies, with a nil ID if the deployment did not exist.
    pub(crate) automations: Vec<Map<String, Json>>,
}

impl JournaledDeployment {
    pub(crate) fn new(
        ComparedDeployment { desired, change }: &ComparedDeployment<'_>,
        live: &Snapshot,
    ) -> Self {
        let previous = change.live().map(|deployment| Previous {
            id: deployment.id,
            fields: owned_fields(desired, deployment),
            schedules: deployment.schedules.clone(),
            automations: live
                .automations(deployment.id)
                .iter()
                .map(|automation| automation.raw.clone())
                .collect(),
        });
        let id = previous.as_ref().map_or_else(Uuid::nil, |previous| previous.id);
        let intended = Intended {
            fields: match change.live() {
                None => desired.declared_body(),
                Some(live) => desired.update_body(live),
            },
            schedules: match &desired.schedules {
                Schedules::Keep => None,
                Schedules::Exactly(schedules) => Some(schedules.iter().map(Schedule::item).collect()),
            },
            automations: desired
                .triggers
                .iter()
                .map(|trigger| json_object(trigger.automation_body(id)))
                .collect(),
        };
        Self {
            flow: desired.flow_name.clone(),
            name: desired.name.clone(),
            previous,
            intended: vec![intended],
            ignored: desired.ignored.clone(),
        }
    }

    /// Returns the record with the current values of ignored fields instead of the recorded values, so that a
    /// rollback keeps operators' changes.
    pub(super) fn adopting(
        &self,
        live: Option<&LiveDeployment>,
        automations: &[Automation],
    ) -> Cow<'_, Self> {
        let Some(live) = live.filter(|_| !self.ignored.is_empty()) else { return Cow::Borrowed(self) };
        let mut record = self.clone();
        let ignores_schedules = self.ignored.contains(IgnorableField::Schedules);
        let ignores_triggers = self.ignored.contains(IgnorableField::Triggers);
        if let Some(previous) = &mut record.previous {
            self.ignored.adopt(&mut previous.fields, |field| live.field(field));
            if ignores_schedules {
                previous.schedules.clone_from(&live.schedules);
            }
            if ignores_triggers {
                previous.automations = automations.iter().map(|automation| automation.raw.clone()).collect();
            }
        }
        for intended in &mut record.intended {
            self.ignored.adopt(&mut intended.fields, |field| live.field(field));
            if ignores_schedules {
                intended.schedules = None;
            }
            if ignores_triggers {
                intended.automations.clear();
            }
        }
        Cow::Owned(record)
    }

    pub(super) fn deployment_name(&self) -> DeploymentName {
        DeploymentName::new(self.flow.as_str(), self.name.as_str())
    }

    /// Returns the full name, as `flow/deployment`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.flow, self.name)
    }

    /// Redacts secrets. A changed secret remains distinguishable from an unchanged secret.
    pub(super) fn redacted(&self, redactor: &Redactor) -> Self {
        let mut record = self.clone();
        for intended in &mut record.intended {
            let old = record.previous.as_ref().map(|previous| previous.fields.clone()).unwrap_or_default();
            let new = Json::Object(intended.fields.clone());
            intended.fields = json_object(plan::redacted_pair("", &Json::Object(old), &new, redactor).1);
            intended.automations.iter_mut().for_each(|body| *body = redacted(body, redactor));
            for schedule in intended.schedules.iter_mut().flatten() {
                *schedule = plan::redacted_value("", schedule, redactor);
            }
        }
        if let Some(previous) = &mut record.previous {
            previous.fields = redacted(&previous.fields, redactor);
            previous.automations.iter_mut().for_each(|raw| *raw = redacted(raw, redactor));
            for schedule in &mut previous.schedules {
                schedule.parameters = redacted(&schedule.parameters, redactor);
            }
        }
        record
    }

    /// Merges this record with the record of the resumed deploy. Returns this record unchanged if `earlier` is `None`.
    pub(super) fn continuing(mut self, earlier: Option<&Self>) -> Self {
        let Some(earlier) = earlier else { return self };
        let mut intended = earlier.intended.clone();
        intended.append(&mut self.intended);
        intended.dedup();
        Self { previous: earlier.previous.clone(), intended, ..self }
    }
}

fn redacted(object: &Map<String, Json>, redactor: &Redactor) -> Map<String, Json> {
    json_object(plan::redacted_value("", &Json::Object(object.clone()), redactor))
}

#[cfg(test)]
impl JournaledDeployment {
    /// Creates the record of an existing deployment. `fields` and `intended` contain the deployment's fields before and
    /// after the deploy.
    pub(crate) fn for_test(name: &str, fields: Json, intended: Json) -> Self {
        let previous = Previous {
            id: Uuid::nil(),
            fields: json_object(fields),
            schedules: Vec::new(),
            automations: Vec::new(),
        };
        let intended =
            Intended { fields: json_object(intended), schedules: Some(Vec::new()), automations: Vec::new() };
        Self {
            flow: "hello".into(),
            name: name.into(),
            previous: Some(previous),
            intended: vec![intended],
            ignored: IgnoredFields::default(),
        }
    }
}
