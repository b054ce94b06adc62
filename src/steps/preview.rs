//! Which steps would run, without running any: their outputs are stand-ins.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use super::{
    Listed, Sharing, python_step, registry,
    runner::{self, Parts, RunError, StepFailure},
    set_working_directory,
};
use crate::{
    environment::Environment,
    source::Span,
    template::{self, Resolver, expression::Scope, pending},
    value::{self, Mapping, Value},
};

/// A distinct step, which runs once for all that share it.
#[derive(Debug)]
pub(crate) struct PreviewedStep {
    /// As the registry has it, or as it is written where the registry has none.
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) inputs: Value,
    /// The first place that lists it.
    pub(crate) listed: Listed,
}

/// What makes two steps one; see [`super::Runner`].
#[derive(Debug, PartialEq, Eq, Hash)]
struct Identity {
    name: String,
    inputs: String,
    directory: PathBuf,
    written: Option<Span>,
}

/// How far one deployment has come through its steps.
#[derive(Debug)]
pub(crate) struct Progressed {
    /// Stand-ins for what its steps have given.
    pub(crate) outputs: Mapping,
    pub(crate) directory: PathBuf,
    /// All that may use outputs.
    pub(crate) templates: Value,
}

/// Goes through lists of steps and remembers the distinct ones.
pub(crate) struct Preview<'a> {
    environment: &'a Environment,
    resolver: &'a Resolver<'a>,
    known: HashMap<Identity, usize>,
    steps: Vec<PreviewedStep>,
}

impl<'a> Preview<'a> {
    pub(crate) fn new(environment: &'a Environment, resolver: &'a Resolver<'a>) -> Self {
        Self { environment, resolver, known: HashMap::new(), steps: Vec::new() }
    }

    /// The distinct steps, in the order in which they would run.
    pub(crate) fn into_steps(self) -> Vec<PreviewedStep> {
        self.steps
    }

    /// Goes through one list of a deployment. Gives the positions of its steps among the distinct ones.
    ///
    /// # Errors
    ///
    /// When a block or variable in the inputs of a step cannot be read.
    pub(crate) async fn add(
        &mut self,
        steps: &[Listed],
        scope: &Scope,
        so_far: &mut Progressed,
    ) -> Result<Vec<usize>, StepFailure> {
        let Progressed { outputs, directory, templates } = so_far;
        let mut used = Vec::new();
        for listed in steps {
            let Some((name, parts)) = runner::parts(&listed.step) else { continue };
            let failure = |error| StepFailure::new(name, listed.pointer.join(name), error);
            let Parts { inputs, id, .. } = parts.map_err(failure)?;
            let inputs = self.inputs(inputs, outputs, scope).await.map_err(failure)?;
            let position = self.distinct(name, id.as_ref(), &inputs, listed, directory);
            let keys = registry::outputs(name);
            runner::merge(outputs, id, stand_ins(keys.unwrap_or_default(), position));
            if keys.is_none() {
                pending::add_missing(templates, outputs);
            }
            if name.ends_with(set_working_directory::ENTRY.short_name()) {
                enter(directory, &inputs);
            }
            used.push(position);
        }
        Ok(used)
    }

    async fn inputs(&self, inputs: Mapping, outputs: &Mapping, scope: &Scope) -> Result<Value, RunError> {
        let evaluated = pending::evaluate(&Value::Mapping(inputs), scope, outputs);
        Ok(template::step_inputs(&evaluated, outputs, self.environment, self.resolver).await?.value)
    }

    fn distinct(
        &mut self,
        name: &str,
        id: Option<&Value>,
        inputs: &Value,
        listed: &Listed,
        directory: &Path,
    ) -> usize {
        let entry = registry::find(name);
        let sharing = entry.unwrap_or(&python_step::ENTRY).sharing;
        let written = listed.written.filter(|_| sharing == Sharing::SamePlace);
        let may_share = sharing == Sharing::SameInputs || written.is_some();
        let name = entry.map_or(name, |entry| entry.name).to_owned();
        let identity = Identity {
            name: name.clone(),
            inputs: value::to_json(inputs).to_string(),
            directory: directory.to_owned(),
            written,
        };
        if let Some(position) = self.known.get(&identity).filter(|_| may_share) {
            return *position;
        }
        let position = self.steps.len();
        let id = id.map(crate::python::to_text);
        self.steps.push(PreviewedStep { name, id, inputs: inputs.clone(), listed: listed.clone() });
        self.known.insert(identity, position);
        position
    }
}

/// What a step with these outputs will return.
fn stand_ins(keys: &[&str], position: usize) -> Mapping {
    keys.iter().map(|key| ((*key).into(), pending::marker(&format!("{position}.{key}")))).collect()
}

/// The directory that `set_working_directory` would change to.
fn enter(directory: &mut PathBuf, inputs: &Value) {
    if let Some(to) = inputs.get("directory").and_then(Value::as_str) {
        *directory = directory.join(to);
    }
}
