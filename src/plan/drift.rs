//! Differences between the file and the server, including differences that a deploy does not overwrite.

use serde::Serialize;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::{
    deployment::PreviewName,
    plan::{
        describe::SLA_FIELD,
        document::{Action, Plan, PlannedChange, PlannedResource},
    },
    project::EnvironmentName,
    resource::{AmbiguousResource, ResourceKey, ResourceKind},
};

/// Differences between the file and the server for all selected deployments and resources.
#[derive(Debug, Serialize)]
pub(crate) struct Drift {
    /// Version of the document schema.
    schema: u32,
    api_url: String,
    /// The environment whose values were merged into the project file.
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<EnvironmentName>,
    /// The preview whose deployments were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    preview: Option<PreviewName>,
    pub(crate) deployments: Vec<DriftedDeployment>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<DriftedResource>,
    /// Warnings, in the format of `prefectl check --output json`.
    findings: Vec<Json>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DriftedResource {
    pub(crate) kind: ResourceKind,
    pub(crate) name: String,
    /// Path of the project file. `None` if the command has only one project file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    pub(crate) state: DriftState,
    pub(crate) differences: Vec<Difference>,
    /// IDs of the matching server resources. Empty unless the resource is ambiguous.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) ids: Vec<Uuid>,
}

#[derive(Debug, Serialize)]
pub(crate) struct DriftedDeployment {
    /// Full name of the deployment, as `flow/deployment`.
    pub(crate) name: String,
    /// Path of the project file. `None` if the command has only one project file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    pub(crate) state: DriftState,
    pub(crate) differences: Vec<Difference>,
    /// Names of fields that cannot be compared because step outputs determine their values or the server does not
    /// return them.
    pub(crate) not_compared: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DriftState {
    Same,
    Differs,
    /// The deployment is in the file but not on the server.
    Missing,
    /// The deployment is on the server but not in the file.
    Extra,
    /// Multiple server resources have the declared resource's name.
    Ambiguous,
}

#[derive(Debug, Serialize)]
pub(crate) struct Difference {
    pub(crate) field: String,
    /// Value in the file. Null if the file does not contain the value.
    pub(crate) file: Json,
    /// Value on the server. Null if the server does not have the value.
    pub(crate) server: Json,
    /// Reason why a deploy does not overwrite the server value. `None` if a deploy overwrites the value.
    #[serde(rename = "kept", skip_serializing_if = "Option::is_none")]
    pub(crate) retained: Option<String>,
    /// Whether the field is listed in `ignore_changes`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) ignored: bool,
}

impl Drift {
    /// Extracts the differences from a plan. `ambiguous` contains the resources that cannot be compared. Differences in
    /// fields listed in `ignore_changes` are only included if `include_ignored` is set.
    pub(crate) fn new(plan: Plan, ambiguous: Vec<AmbiguousResource>, include_ignored: bool) -> Self {
        let deployments = plan.deployments.into_iter().map(|deployment| {
            // Prefect Cloud does not return SLAs.
            let (unknown, changes): (Vec<_>, Vec<_>) = deployment
                .changes
                .into_iter()
                .partition(|change| change.known_after_build || change.field == SLA_FIELD);
            let changed = changes.into_iter().map(|change| Difference {
                field: change.field,
                file: change.new,
                server: change.old,
                retained: None,
                ignored: false,
            });
            let ignored = deployment.ignored.into_iter().filter(|_| include_ignored);
            let ignored = ignored.map(|change| Difference {
                field: change.field,
                file: change.new,
                server: change.old,
                retained: None,
                ignored: true,
            });
            let retained = deployment.retained.into_iter().map(|retained| Difference {
                field: retained.field,
                file: Json::Null,
                server: retained.value,
                retained: Some(retained.reason),
                ignored: false,
            });
            let (state, differences) = match deployment.action {
                Action::Create => (DriftState::Missing, Vec::new()),
                Action::Delete => (DriftState::Extra, Vec::new()),
                Action::Update | Action::Unchanged => {
                    let found: Vec<Difference> = changed.chain(retained).chain(ignored).collect();
                    (if found.is_empty() { DriftState::Same } else { DriftState::Differs }, found)
                }
            };
            let not_compared = unknown.into_iter().map(|change| change.field).collect();
            let (name, file) = (deployment.name, deployment.file);
            DriftedDeployment { name, file, state, differences, not_compared }
        });
        let planned = plan.resources.into_iter().map(DriftedResource::from);
        let resources = planned.chain(ambiguous.into_iter().map(DriftedResource::from)).collect();
        Self {
            schema: 1,
            api_url: plan.api_url,
            environment: plan.environment,
            preview: plan.selection.preview,
            deployments: deployments.collect(),
            resources,
            findings: plan.findings,
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        self.states().all(|state| state == DriftState::Same)
    }

    /// Returns the states of all deployments and resources.
    pub(crate) fn states(&self) -> impl Iterator<Item = DriftState> {
        let resources = self.resources.iter().map(|resource| resource.state);
        self.deployments.iter().map(|deployment| deployment.state).chain(resources)
    }
}

impl From<PlannedResource> for DriftedResource {
    fn from(planned: PlannedResource) -> Self {
        let state = match planned.action {
            Action::Create => DriftState::Missing,
            Action::Delete => DriftState::Extra,
            Action::Update => DriftState::Differs,
            Action::Unchanged => DriftState::Same,
        };
        let is_type = |field: &str| planned.kind == ResourceKind::WorkPool && field == "type";
        let has_other_type = planned.changes.iter().any(|change| is_type(&change.field));
        // The templates of different types have little in common.
        let is_shown = |change: &PlannedChange| {
            state == DriftState::Differs && !(has_other_type && change.field == "base_job_template")
        };
        let changes = planned.changes.into_iter().filter(is_shown);
        let difference = |change: PlannedChange| Difference {
            retained: is_type(&change.field).then(|| "the type of a work pool cannot be changed".to_owned()),
            field: change.field,
            file: change.new,
            server: change.old,
            ignored: false,
        };
        let differences = changes.map(difference).collect();
        let PlannedResource { kind, name, file, .. } = planned;
        Self { kind, name, file, state, differences, ids: Vec::new() }
    }
}

impl From<AmbiguousResource> for DriftedResource {
    fn from(AmbiguousResource { key, ids }: AmbiguousResource) -> Self {
        let ResourceKey { kind, name } = key;
        let (state, differences) = (DriftState::Ambiguous, Vec::new());
        Self { kind, name, file: None, state, differences, ids }
    }
}
