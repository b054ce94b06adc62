//! The plan document, readable by users and programs. `deploy --plan` verifies it.

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    deployment::{Options, PreviewName, SelectionReason, Selector},
    flow::Grade,
    fs::StoredPath,
    plan::PlannedKept,
    project::{EnvironmentName, ProjectFiles},
    resource::{DesiredResource, Phase, ResourceKind, SecretsDigest},
    secret::Redactor,
    steps::Section,
};

/// Version of the document schema.
pub(crate) const SCHEMA: u32 = 1;

/// A deploy plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) schema: u32,
    /// Options that selected the deployments.
    pub(crate) selection: SelectionOptions,
    /// The environment whose values were merged into the project file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) environment: Option<EnvironmentName>,
    /// API URL of the compared server.
    pub(crate) api_url: String,
    pub(crate) deployments: Vec<PlannedDeployment>,
    /// Declared resources, in write order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) resources: Vec<PlannedResource>,
    /// Resources that `--prune` does not delete although they are no longer declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) kept: Vec<PlannedKept>,
    /// Build and push steps without duplicates, in order of execution.
    pub(crate) steps: Vec<PlannedStep>,
    /// Warnings, in the format of `prefectl check --output json`.
    pub(crate) findings: Vec<Json>,
}

/// Options that select deployments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SelectionOptions {
    pub(crate) entrypoint: Option<String>,
    pub(crate) all: bool,
    pub(crate) names: Vec<String>,
    #[serde(default, rename = "select", skip_serializing_if = "Vec::is_empty")]
    pub(crate) selectors: Vec<Selector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) preview: Option<PreviewName>,
    /// Path of the project file, if the user specified a single path.
    pub(crate) prefect_file: Option<StoredPath>,
    /// Paths and globs of the project files, if each file's directory is its project root. Otherwise empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) files: Vec<StoredPath>,
}

impl From<&Options> for SelectionOptions {
    fn from(options: &Options) -> Self {
        Self {
            entrypoint: options.entrypoint.clone(),
            all: options.all,
            names: options.names.clone(),
            selectors: options.selectors.clone(),
            preview: options.preview.clone(),
            prefect_file: options.files.single().map(|path| path.to_owned().into()),
            files: options.files.patterns().into_iter().map(StoredPath::from).collect(),
        }
    }
}

/// The error for a saved plan whose environment differs from the selected environment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the plan was created {}, but {} selected", origin(.planned.as_ref()), selection(.selected.as_ref()))]
pub(crate) struct OtherEnvironment {
    pub(crate) planned: Option<EnvironmentName>,
    pub(crate) selected: Option<EnvironmentName>,
}

fn origin(environment: Option<&EnvironmentName>) -> String {
    environment
        .map_or_else(|| "without an environment".to_owned(), |name| format!("for environment '{name}'"))
}

fn selection(environment: Option<&EnvironmentName>) -> String {
    environment.map_or_else(|| "no environment is".to_owned(), |name| format!("environment '{name}' is"))
}

impl Plan {
    /// Checks that the plan was created for the selected environment.
    ///
    /// # Errors
    ///
    /// Fails if a different environment or no environment is selected.
    pub(crate) fn require_environment(
        &self,
        selected: Option<&EnvironmentName>,
    ) -> Result<(), OtherEnvironment> {
        let planned = self.environment.as_ref();
        if planned == selected {
            return Ok(());
        }
        Err(OtherEnvironment { planned: planned.cloned(), selected: selected.cloned() })
    }

    /// Adds the plan's selection to the options, unless the options already select deployments.
    #[must_use]
    pub(crate) fn select(&self, options: Options) -> Options {
        let own = SelectionOptions::from(&options);
        let SelectionOptions { entrypoint, all, names, selectors, preview, prefect_file, files } =
            if own == SelectionOptions::default() { self.selection.clone() } else { own };
        let files = files.into_iter().map(PathBuf::from);
        let files = ProjectFiles::restore(prefect_file.map(PathBuf::from), files);
        Options { entrypoint, all, names, selectors, preview, files, ..options }
    }

    /// Redacts the plan's secrets. The result equals the plan after a round trip through its saved form.
    #[must_use]
    pub(crate) fn masked(&self, redactor: &Redactor) -> Self {
        let document = redactor.mask_document(json!(self));
        // Masking preserves all field types.
        serde_json::from_value(document).unwrap_or_else(|_| self.clone())
    }

    /// Returns whether a deploy would write to the server. Values that are unknown until the build has run count as
    /// changes.
    pub(crate) fn has_changes(&self) -> bool {
        let deployments = self.deployments.iter().map(|deployment| deployment.action);
        let mut actions = deployments.chain(self.resources.iter().map(|resource| resource.action));
        actions.any(|action| action != Action::Unchanged)
    }

    /// Returns the reasons why this plan is out of date. `now` is the recreated plan.
    pub(crate) fn stale(&self, now: &Self) -> Vec<String> {
        let mut stale = Vec::new();
        if self.api_url != now.api_url {
            stale
                .push(format!("the plan is for {}, but the configured API is {}", self.api_url, now.api_url));
        }
        stale.extend(stale_entries(
            "deployment",
            self.deployments.iter().map(|planned| (planned.name.as_str(), &planned.fingerprint)),
            now.deployments.iter().map(|planned| (planned.name.as_str(), &planned.fingerprint)),
        ));
        for kind in ResourceKind::ALL {
            stale.extend(stale_entries(kind.name(), self.fingerprints(kind), now.fingerprints(kind)));
        }
        if self.steps != now.steps {
            stale.push("different steps would run".to_owned());
        }
        stale
    }

    /// Returns the reasons why this plan's secrets are out of date. `desired` contains the resources to write.
    pub(crate) fn stale_secrets(&self, desired: &[DesiredResource]) -> Vec<String> {
        let is_stale = |planned: &&PlannedResource| {
            let is_same = |resource: &&DesiredResource| {
                resource.key.kind == planned.kind && resource.key.name == planned.name
            };
            let resource = desired.iter().find(is_same);
            planned.secrets.as_ref().zip(resource).is_some_and(|(digest, now)| !digest.matches(&now.secrets))
        };
        let stale = self.resources.iter().filter(is_stale);
        stale
            .map(|planned| format!("a secret of {} '{}' has changed", planned.kind.name(), planned.name))
            .collect()
    }

    /// Returns the number of deployments and resources with an action.
    pub(crate) fn count(&self, action: Action) -> usize {
        let deployments = self.deployments.iter().map(|deployment| deployment.action);
        let actions = deployments.chain(self.resources.iter().map(|resource| resource.action));
        actions.filter(|planned| *planned == action).count()
    }

    /// Returns the names and fingerprints of all resources of the given kind.
    fn fingerprints(&self, kind: ResourceKind) -> impl Iterator<Item = (&str, &Fingerprint)> {
        let resources = self.resources.iter().filter(move |planned| planned.kind == kind);
        resources.map(|planned| (planned.name.as_str(), &planned.fingerprint))
    }

    /// Returns the resources written before the deployments, and the resources written after the deployments.
    pub(crate) fn resources_around_deployments(&self) -> (Vec<&PlannedResource>, Vec<&PlannedResource>) {
        self.resources.iter().partition(|resource| resource.kind.phase() == Phase::BeforeDeployments)
    }
}

/// Compares a saved plan's entries with the recreated plan's entries. Entries are pairs of a name and a fingerprint.
fn stale_entries<'a>(
    kind: &str,
    saved: impl Iterator<Item = (&'a str, &'a Fingerprint)>,
    now: impl Iterator<Item = (&'a str, &'a Fingerprint)>,
) -> Vec<String> {
    let (saved, now): (IndexMap<_, _>, IndexMap<_, _>) = (saved.collect(), now.collect());
    let mut stale = Vec::new();
    for (name, fingerprint) in &saved {
        match now.get(name) {
            None => stale.push(format!("{kind} '{name}' is no longer selected")),
            Some(other) => stale.extend(fingerprint.stale(other, kind, name)),
        }
    }
    let new = now.keys().filter(|name| !saved.contains_key(*name));
    stale.extend(new.map(|name| format!("{kind} '{name}' is not in the plan")));
    stale
}

/// The planned action for a deployment or resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Create,
    Update,
    Unchanged,
    Delete,
}

/// The plan for a single deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlannedDeployment {
    /// Full name of the deployment, as `flow/deployment`.
    pub(crate) name: String,
    /// Path of the project file. `None` if the command has only one project file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    pub(crate) action: Action,
    /// ID of the deployment on the server.
    pub(crate) id: Option<Uuid>,
    pub(crate) changes: Vec<PlannedChange>,
    /// Differences that a deploy does not overwrite.
    #[serde(rename = "kept")]
    pub(crate) retained: Vec<Retained>,
    /// Differences in fields listed in `ignore_changes`. The old value is from the server, and the new value is from
    /// the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) ignored: Vec<PlannedChange>,
    /// Completeness of the flow's parameter schema. `None` for a deployment that will be pruned.
    pub(crate) flow: Option<FlowGrade>,
    /// Reasons for selecting the deployment. Empty without `--why`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) selected_by: Vec<SelectionReason>,
    /// Digests of the compared states.
    pub(crate) fingerprint: Fingerprint,
}

/// The plan for a declared resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlannedResource {
    pub(crate) kind: ResourceKind,
    /// Name of the resource. The name of a queue includes its work pool, and the name of a block includes its type.
    pub(crate) name: String,
    /// Path of the project file. `None` if the command has only one project file, or for a resource to delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    pub(crate) action: Action,
    /// ID of the resource on the server.
    pub(crate) id: Option<Uuid>,
    pub(crate) changes: Vec<PlannedChange>,
    /// Effects on other resources, such as changed queue priorities.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
    /// Digests of the compared states.
    pub(crate) fingerprint: Fingerprint,
    /// Salted hash of a block's secrets. The fingerprint excludes the secrets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secrets: Option<SecretsDigest>,
}

impl PlannedResource {
    /// Returns the kind and name, such as `work pool gpu`.
    pub(crate) fn title(&self) -> String {
        format!("{} {}", self.kind.name(), self.name)
    }
}

/// A change to a field, schedule or trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlannedChange {
    /// Name of the field, such as `version` or `schedules`.
    pub(crate) field: String,
    /// Previous value. Null if the value is added.
    pub(crate) old: Json,
    /// New value. Null if the value is removed.
    pub(crate) new: Json,
    /// Whether the new value is unknown until the steps have run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) known_after_build: bool,
}

/// A server value that differs from the file but that a deploy does not overwrite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Retained {
    pub(crate) field: String,
    pub(crate) value: Json,
    pub(crate) reason: String,
}

/// Completeness of a flow's parameter schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FlowGrade {
    pub(crate) grade: Grade,
    pub(crate) reasons: Vec<String>,
}

/// Digests of the compared live and desired states, without secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    /// Digest of the live state.
    pub(crate) live: String,
    /// Digest of the desired state.
    pub(crate) desired: String,
}

impl Fingerprint {
    fn stale(&self, now: &Self, kind: &str, name: &str) -> Vec<String> {
        let sides = [
            (self.live == now.live, "has changed on the server"),
            (self.desired == now.desired, "has changed in the file or the options"),
        ];
        let changed = sides.into_iter().filter(|(is_same, _)| !is_same);
        changed.map(|(_, what)| format!("{kind} '{name}' {what}")).collect()
    }
}

/// A step that would run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlannedStep {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    /// `build` or `push`.
    pub(crate) section: Section,
    pub(crate) inputs: Json,
    /// Location in the form `file:line`.
    pub(crate) place: Option<String>,
    /// Deployments that use the step.
    pub(crate) deployments: Vec<String>,
}
