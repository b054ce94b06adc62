//! Caches distinct steps and their results so that deployments can share identical step runs.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use indexmap::IndexSet;
use tokio::sync::OnceCell;

use super::{
    History, LocalAccess, Section, Sharing, StepEntry, StepKind, docker_build, effects::Effects,
    ordering::StepOrder,
};
use crate::{
    diagnostics::Place,
    progress::StepId,
    value::{self, Mapping, Value},
};

/// A completed step, which may have run for multiple deployments.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CompletedStep {
    pub(crate) kind: StepKind,
    /// Short name of the step.
    pub(crate) name: String,
    /// Step ID. Templates refer to the outputs by this ID.
    pub(crate) id: Option<String>,
    pub(crate) section: Section,
    /// Step outputs. `None` if a Python function did not return a dictionary.
    pub(crate) outputs: Option<Mapping>,
    /// Duration of the run, without the time spent waiting for other steps.
    pub(crate) time: Duration,
    pub(crate) deployments: Vec<String>,
}

impl CompletedStep {
    /// Returns the name of the image that the step built, pushed or reused, or `None` if the step has no image output.
    pub(crate) fn image(&self) -> Option<&str> {
        self.outputs.as_ref()?.get("image")?.as_str()
    }

    /// Returns whether the image already existed and was therefore not built or pushed.
    pub(crate) fn is_reused(&self) -> bool {
        let reused = self.outputs.as_ref().and_then(|outputs| outputs.get("reused"));
        reused.and_then(Value::as_bool) == Some(true)
    }
}

/// A step's cache key.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    Shared(Identity),
    /// A step that is not shared. The number makes the key unique.
    Own(usize),
}

/// Properties that must be identical for two step uses to share a run.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    name: String,
    inputs: String,
    /// Directory that the result depends on, or `None`.
    directory: Option<PathBuf>,
    /// Namespace for image names. `None` if the step does not use the namespace.
    docker_namespace: Option<String>,
    /// Location in a project file. Scripts only share a run if their locations are identical because scripts with the
    /// same content may serve different purposes.
    place: Option<Place>,
    /// The preceding runs of writing steps. Images have the default history because they are shared regardless of the
    /// preceding steps.
    history: History,
}

/// Deployment state that a step's result may depend on.
#[derive(Debug, Clone, Copy)]
pub(super) struct StepState<'a> {
    pub(super) directory: &'a Path,
    pub(super) docker_namespace: Option<&'a str>,
    pub(super) history: History,
}

impl Identity {
    /// Input that forces a step to run even if an identical step has already run.
    const IGNORE_CACHE: &'static str = "ignore_cache";

    /// Returns a step use's identity, or `None` if the use does not share a run.
    pub(super) fn new(
        name: &str,
        sharing: Sharing,
        inputs: &Mapping,
        step_state: StepState<'_>,
        place: Option<Place>,
    ) -> Option<Self> {
        let StepState { directory, docker_namespace, history } = step_state;
        let mut inputs = inputs.clone();
        inputs.shift_remove(Self::IGNORE_CACHE);
        let (directory, place) = match sharing {
            Sharing::SameInputs => (Some(directory.to_owned()), None),
            Sharing::SameImage => (None, None),
            Sharing::SameBuild => {
                let context = docker_build::shared_context(&inputs, directory);
                if context.is_some() {
                    inputs.shift_remove("path");
                }
                (context.or_else(|| Some(directory.to_owned())), None)
            }
            Sharing::SamePlace => (Some(directory.to_owned()), Some(place?)),
            Sharing::Never => return None,
        };
        let is_image = matches!(sharing, Sharing::SameBuild | Sharing::SameImage);
        Some(Self {
            name: name.to_owned(),
            inputs: value::to_json(&Value::Mapping(inputs)).to_string(),
            directory,
            docker_namespace: docker_namespace.filter(|_| is_image).map(str::to_owned),
            place,
            history: if is_image { History::default() } else { history },
        })
    }
}

/// A distinct step, its result, and the deployments that use it.
pub(super) struct CachedStep {
    /// Step ID in progress events.
    pub(super) event_id: StepId,
    pub(super) kind: StepKind,
    pub(super) name: String,
    pub(super) id: Option<String>,
    pub(super) section: Section,
    pub(super) result: OnceCell<(Effects, Duration)>,
    pub(super) deployments: Mutex<IndexSet<String>>,
}

/// An occurrence of a step in a step list.
pub(super) struct StepUse<'u> {
    /// Short form of the step name in the project file.
    pub(super) name: &'u str,
    pub(super) id: Option<String>,
    pub(super) section: Section,
    pub(super) entry: &'static StepEntry,
    pub(super) access: LocalAccess,
    pub(super) inputs: Mapping,
    pub(super) place: Option<Place>,
    pub(super) limit: Option<Duration>,
    pub(super) deployment: &'u str,
    /// Index of the step list.
    pub(super) list: usize,
    pub(super) order: &'u StepOrder,
}

impl StepUse<'_> {
    pub(super) fn ignores_cache(&self) -> bool {
        self.inputs.get(Identity::IGNORE_CACHE).and_then(Value::as_bool) == Some(true)
    }

    /// Returns the identity that other uses must have to share the run, or `None` if the run is not shared.
    pub(super) fn identity(&self, step_state: StepState<'_>) -> Option<Identity> {
        Identity::new(self.entry.name, self.entry.sharing, &self.inputs, step_state, self.place.clone())
    }
}

impl CachedStep {
    pub(super) fn new(step: &StepUse<'_>, event_id: StepId) -> Self {
        Self {
            event_id,
            kind: step.entry.kind,
            name: step.name.to_owned(),
            id: step.id.clone(),
            section: step.section,
            result: OnceCell::new(),
            deployments: Mutex::default(),
        }
    }

    /// Adds a deployment that uses the step. Returns `true` if the deployment is new and another deployment already
    /// uses the step.
    pub(super) fn add_deployment(&self, deployment: &str) -> bool {
        let mut deployments = self.deployments.lock().unwrap_or_else(PoisonError::into_inner);
        deployments.insert(deployment.to_owned()) && deployments.len() > 1
    }

    /// Returns a report on the step, or `None` if the step has not completed.
    pub(super) fn completed(&self) -> Option<CompletedStep> {
        let (effects, time) = self.result.get()?;
        let deployments = self.deployments.lock().unwrap_or_else(PoisonError::into_inner);
        Some(CompletedStep {
            kind: self.kind,
            name: self.name.clone(),
            id: self.id.clone(),
            section: self.section,
            outputs: effects.outputs.clone(),
            time: *time,
            deployments: deployments.iter().cloned().collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        source::{Source, Span},
        steps::history::Histories,
    };

    #[test]
    fn equal_builds_in_different_directories_share_a_run() {
        let root = tempfile::tempdir().unwrap();
        for folder in ["a", "b", "image"] {
            std::fs::create_dir(root.path().join(folder)).unwrap();
        }
        let identity = |sharing, folder: &str, inputs: &str, docker_namespace| {
            let directory = &root.path().join(folder);
            let inputs = serde_yaml::from_str(inputs).unwrap();
            let step_state = StepState { directory, docker_namespace, history: History::default() };
            Identity::new("x", sharing, &inputs, step_state, None).unwrap()
        };
        let build = |folder, inputs| identity(Sharing::SameBuild, folder, inputs, None);
        for (first, second, is_shared) in [
            (("a", "{image_name: x, path: ../image}"), ("b", "{image_name: x, path: ../image}"), true),
            (("a", "{image_name: x, path: ../image}"), (".", "{image_name: x, path: ./image}"), true),
            (("a", "{image_name: x}"), (".", "{image_name: x, path: a}"), true),
            (("a", "{image_name: x}"), ("b", "{image_name: x}"), false),
            (("a", "{image_name: x, path: ../image}"), ("b", "{image_name: y, path: ../image}"), false),
            (
                ("a", "{image_name: x, path: ../image, secrets: [{id: s, src: s}]}"),
                ("b", "{image_name: x, path: ../image, secrets: [{id: s, src: s}]}"),
                false,
            ),
            (
                ("a", "{image_name: x, path: ../image, dockerfile: auto}"),
                ("b", "{image_name: x, path: ../image, dockerfile: auto}"),
                false,
            ),
        ] {
            assert_eq!(
                build(first.0, first.1) == build(second.0, second.1),
                is_shared,
                "{first:?} {second:?}"
            );
        }
        let push = |folder, namespace| identity(Sharing::SameImage, folder, "{image_name: x}", namespace);
        assert_eq!(push("a", Some("n")), push("b", Some("n")));
        assert_ne!(push("a", Some("n")), push("a", Some("m")));
        let other = |folder| identity(Sharing::SameInputs, folder, "{}", None);
        assert_ne!(other("a"), other("b"));
    }

    #[test]
    fn only_images_are_shared_after_different_steps() {
        let after_other_steps = Histories::default().extend(History::default(), 0);
        let place = Place::new(&Source::new("prefect.yaml", ""), Span::default());
        let identity = |sharing, history| {
            let step_state = StepState { directory: Path::new("/p"), docker_namespace: None, history };
            Identity::new("x", sharing, &Mapping::new(), step_state, Some(place.clone())).unwrap()
        };
        for (sharing, is_shared) in [
            (Sharing::SameInputs, false),
            (Sharing::SamePlace, false),
            (Sharing::SameBuild, true),
            (Sharing::SameImage, true),
        ] {
            let (first, second) = (History::default(), after_other_steps);
            assert_eq!(identity(sharing, first) == identity(sharing, second), is_shared, "{sharing:?}");
            assert_eq!(identity(sharing, second), identity(sharing, second), "{sharing:?}");
        }
    }
}
