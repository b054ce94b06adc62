//! Finds the steps that a deploy would run, with placeholders for their outputs.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};

use super::{
    History, ImagePolicy, Listed, LocalAccess, RunError, Section, StepError, StepFailure, StepKind,
    history::Histories,
    item::{Parts, parts},
    registry, replaced_step, runner,
    step_cache::{Identity, StepState},
};
use crate::{
    diagnostics::Place,
    environment::Environment,
    template::{self, Resolver, expression::Scope, pending},
    value::{Mapping, Value},
};

/// A step that would run once for all deployments that share it.
#[derive(Debug)]
pub(crate) struct DistinctStep {
    /// Canonical name of a built-in step, or a Python function name.
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) inputs: Value,
    /// Section of the first occurrence.
    pub(crate) section: Section,
    /// Location of the first occurrence in the project file.
    pub(crate) place: Option<Place>,
    /// Indexes of the deployments that use the step.
    pub(crate) deployments: BTreeSet<usize>,
}

/// A deployment's state during a dry run.
#[derive(Debug)]
pub(crate) struct DryRunState {
    /// Placeholders for the outputs of the steps visited so far.
    pub(crate) outputs: Mapping,
    pub(crate) directory: PathBuf,
    pub(crate) docker_namespace: Option<String>,
    pub(crate) history: History,
    /// All templates that may refer to step outputs.
    pub(crate) templates: Value,
}

/// A dry run, which collects the distinct steps of all step lists.
pub(crate) struct DryRun<'a> {
    environment: &'a Environment,
    resolver: &'a Resolver<'a>,
    /// Existing images, whose steps have known outputs.
    images: &'a ImagePolicy,
    known: HashMap<Identity, usize>,
    histories: Histories,
    steps: Vec<DistinctStep>,
}

impl<'a> DryRun<'a> {
    pub(crate) fn new(
        environment: &'a Environment,
        resolver: &'a Resolver<'a>,
        images: &'a ImagePolicy,
    ) -> Self {
        let (known, histories, steps) = Default::default();
        Self { environment, resolver, images, known, histories, steps }
    }

    /// Returns the distinct steps in execution order.
    pub(crate) fn into_steps(self) -> Vec<DistinctStep> {
        self.steps
    }

    /// Adds the steps of the deployment with the given index. Omits steps replaced by an existing image because they
    /// would not run.
    ///
    /// # Errors
    ///
    /// Fails if a step's inputs refer to a block or variable that cannot be read, or if the existing images do not
    /// include a step's image.
    pub(crate) async fn add<'s>(
        &mut self,
        deployment: usize,
        steps: impl IntoIterator<Item = (Section, &'s Listed)>,
        scope: &Scope,
        state: &mut DryRunState,
    ) -> Result<(), StepFailure> {
        let DryRunState { outputs, directory, docker_namespace, history, templates } = state;
        for (section, listed) in steps {
            let Some((name, parts)) = parts(&listed.step) else { continue };
            let failure = |error| StepFailure::new(name, listed.pointer.join(name), error);
            let Parts { inputs, id, .. } = parts.map_err(failure)?;
            let access = (registry::find_or_function(name).access)(&inputs);
            let has_fixed_tag = inputs.get("tag").is_some_and(|tag| !template::has_template(tag));
            let inputs = self.inputs(inputs, outputs, scope).await.map_err(failure)?;
            let replaced = self.replaced_outputs(name, &inputs, has_fixed_tag, docker_namespace.as_deref());
            if let Some(replaced) = replaced.map_err(|error| failure(error.into()))? {
                runner::merge(outputs, id, replaced);
                continue;
            }
            let position = self.distinct(
                name,
                id.as_ref(),
                &inputs,
                (section, listed),
                StepState { directory, docker_namespace: docker_namespace.as_deref(), history: *history },
            );
            self.steps[position].deployments.insert(deployment);
            if access == LocalAccess::Writes {
                *history = self.histories.extend(*history, position);
            }
            let keys = registry::outputs(name);
            runner::merge(outputs, id, placeholder_outputs(keys.unwrap_or_default(), position));
            if keys.is_none() {
                pending::add_missing(templates, outputs);
            }
            if registry::find(name).is_some_and(|entry| entry.kind == StepKind::SetWorkingDirectory) {
                enter(directory, &inputs);
            }
        }
        Ok(())
    }

    /// Returns the outputs of an image step replaced by an existing image.
    fn replaced_outputs(
        &self,
        name: &str,
        inputs: &Value,
        has_fixed_tag: bool,
        docker_namespace: Option<&str>,
    ) -> Result<Option<Mapping>, StepError> {
        let entry = registry::find(name).filter(|_| self.images.skips_builds());
        let (Some(entry), Some(inputs)) = (entry, inputs.as_mapping()) else { return Ok(None) };
        replaced_step::outputs(self.images, entry.kind, inputs, has_fixed_tag, docker_namespace)
    }

    async fn inputs(&self, inputs: Mapping, outputs: &Mapping, scope: &Scope) -> Result<Value, RunError> {
        let evaluated = pending::evaluate(&Value::Mapping(inputs), scope, outputs);
        Ok(template::step_inputs(&evaluated, outputs, self.environment, self.resolver).await?.value)
    }

    /// Returns the position of a step among the distinct steps. Adds the step if it is new.
    fn distinct(
        &mut self,
        name: &str,
        id: Option<&Value>,
        inputs: &Value,
        (section, listed): (Section, &Listed),
        step_state: StepState<'_>,
    ) -> usize {
        let entry = registry::find(name);
        let sharing = registry::find_or_function(name).sharing;
        let name = entry.map_or(name, |entry| entry.name).to_owned();
        let no_inputs = Mapping::new();
        let mapping = inputs.as_mapping().unwrap_or(&no_inputs);
        let identity = Identity::new(&name, sharing, mapping, step_state, listed.place.clone());
        if let Some(position) = identity.as_ref().and_then(|identity| self.known.get(identity)) {
            return *position;
        }
        let position = self.steps.len();
        let id = id.map(crate::python::to_text);
        let (inputs, place) = (inputs.clone(), listed.place.clone());
        let deployments = BTreeSet::new();
        self.steps.push(DistinctStep { name, id, inputs, section, place, deployments });
        if let Some(identity) = identity {
            self.known.insert(identity, position);
        }
        position
    }
}

/// Returns placeholders for a step's outputs. `position` is the step's index in the dry run.
fn placeholder_outputs(keys: &[&str], position: usize) -> Mapping {
    keys.iter().map(|key| ((*key).into(), pending::marker(&format!("{position}.{key}")))).collect()
}

/// Changes the working directory like `set_working_directory`.
fn enter(directory: &mut PathBuf, inputs: &Value) {
    if let Some(to) = inputs.get("directory").and_then(Value::as_str) {
        *directory = directory.join(to);
    }
}
