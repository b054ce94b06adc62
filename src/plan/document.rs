//! A plan as a document: what a deploy would do, for people, for programs, and for a later deploy to hold itself to.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::deployment::Options;

/// The version of the document's form.
pub(crate) const SCHEMA: u32 = 1;

/// What a deploy would do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Plan {
    pub(crate) schema: u32,
    /// Which deployments it is about.
    pub(crate) selection: SelectionOptions,
    /// The API that it was made for.
    pub(crate) api_url: String,
    pub(crate) deployments: Vec<PlannedDeployment>,
    /// The distinct build and push steps, in the order in which they would run.
    pub(crate) steps: Vec<PlannedStep>,
    /// What the file's author is warned of, as `prefectl check --output json` has it.
    pub(crate) findings: Vec<Json>,
}

/// What was selected when a plan was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SelectionOptions {
    pub(crate) entrypoint: Option<String>,
    pub(crate) all: bool,
    pub(crate) names: Vec<String>,
    pub(crate) prefect_file: Option<PathBuf>,
}

impl From<&Options> for SelectionOptions {
    fn from(options: &Options) -> Self {
        Self {
            entrypoint: options.entrypoint.clone(),
            all: options.all,
            names: options.names.clone(),
            prefect_file: options.prefect_file.clone(),
        }
    }
}

impl Plan {
    /// Selects the plan's deployments, unless the options select some themselves.
    #[must_use]
    pub(crate) fn select(&self, options: Options) -> Options {
        let own = SelectionOptions::from(&options);
        let SelectionOptions { entrypoint, all, names, prefect_file } =
            if own == SelectionOptions::default() { self.selection.clone() } else { own };
        Options { entrypoint, all, names, prefect_file, ..options }
    }

    /// Whether applying it would, or might, write anything.
    pub(crate) fn has_changes(&self) -> bool {
        self.deployments.iter().any(|deployment| deployment.action != Action::Unchanged)
    }

    /// What is no longer as this plan has it, in sentences; `now` is the same plan made again.
    pub(crate) fn stale(&self, now: &Self) -> Vec<String> {
        let mut stale = Vec::new();
        if self.api_url != now.api_url {
            stale.push(format!("it was made for {}, and this is {}", self.api_url, now.api_url));
        }
        for deployment in &self.deployments {
            match now.deployments.iter().find(|other| other.name == deployment.name) {
                None => stale.push(format!("'{}' is not selected any more", deployment.name)),
                Some(other) => {
                    stale.extend(deployment.fingerprint.stale(&other.fingerprint, &deployment.name));
                }
            }
        }
        let is_new = |other: &&PlannedDeployment| {
            !self.deployments.iter().any(|deployment| deployment.name == other.name)
        };
        stale.extend(
            now.deployments
                .iter()
                .filter(is_new)
                .map(|deployment| format!("'{}' is not in it", deployment.name)),
        );
        if self.steps != now.steps {
            stale.push("other steps would run".to_owned());
        }
        stale
    }

    pub(crate) fn count(&self, action: Action) -> usize {
        self.deployments.iter().filter(|deployment| deployment.action == action).count()
    }
}

/// What happens to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    Create,
    Update,
    Unchanged,
    Delete,
}

/// One deployment of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlannedDeployment {
    /// `flow/deployment`.
    pub(crate) name: String,
    pub(crate) action: Action,
    /// Of the deployment on the server.
    pub(crate) id: Option<Uuid>,
    pub(crate) changes: Vec<PlannedChange>,
    /// What differs and stays so, with the reason.
    #[serde(rename = "kept")]
    pub(crate) retained: Vec<Retained>,
    /// How well the flow's parameters are known; `None` for a deployment that only the server has.
    pub(crate) flow: Option<FlowGrade>,
    /// What the plan was made of.
    pub(crate) fingerprint: Fingerprint,
}

/// A change of one field, schedule or trigger.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlannedChange {
    /// `version`, `parameters`, `schedules`, `triggers`, ...
    pub(crate) field: String,
    /// Null for what is new.
    pub(crate) old: Json,
    /// Null for what goes.
    pub(crate) new: Json,
    /// Whether it is left to steps if this changes at all.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) known_after_build: bool,
}

/// Something that the server has, that the file does not say, and that a deploy leaves.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Retained {
    pub(crate) field: String,
    pub(crate) value: Json,
    pub(crate) reason: String,
}

/// How well a flow's parameters are known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FlowGrade {
    /// `exact` or `approximate`.
    pub(crate) grade: String,
    pub(crate) reasons: Vec<String>,
}

/// Digests of what a plan compared; secrets that were met take no part in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fingerprint {
    /// Of what the server had.
    pub(crate) live: String,
    /// Of what the deployment shall be.
    pub(crate) desired: String,
}

impl Fingerprint {
    fn stale(&self, now: &Self, name: &str) -> Vec<String> {
        let sides = [
            (self.live == now.live, "has changed on the server"),
            (self.desired == now.desired, "is described differently by the file or the options"),
        ];
        let changed = sides.into_iter().filter(|(is_same, _)| !is_same);
        changed.map(|(_, what)| format!("'{name}' {what}")).collect()
    }
}

/// A step that would run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct PlannedStep {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    /// `build` or `push`.
    pub(crate) section: String,
    pub(crate) inputs: Json,
    /// `file:line` where it is written.
    pub(crate) place: Option<String>,
    /// The deployments that it runs for.
    pub(crate) deployments: Vec<String>,
}
