//! Runs lists of steps, in order, each distinct step once for the whole command.

use std::{
    collections::{BTreeSet, HashMap},
    path::PathBuf,
};

use super::{Sharing, StepContext, StepEntry, StepError, inputs, registry};
use crate::{
    environment::Environment,
    pointer::Pointer,
    python,
    source::Span,
    template::{
        self, ResolveError, Resolver,
        expression::{self, ExpressionError, Scope},
    },
    value::{self, Mapping, Value},
};

/// A step of a list, with its place.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    pub(crate) step: Value,
    /// Where the list has it.
    pub(crate) pointer: Pointer,
    /// Where it is written, which is one place for all that share it by an anchor or the file's section.
    pub(crate) written: Option<Span>,
}

/// A step that did not work, and where it stands.
#[derive(Debug, thiserror::Error)]
#[error("{} failed: {error}", short_name(.name))]
pub(crate) struct StepFailure {
    /// The name as it is written.
    pub(crate) name: String,
    pub(crate) pointer: Pointer,
    #[source]
    pub(crate) error: RunError,
}

impl StepFailure {
    /// A failure of the step at `pointer`; where one of its inputs is to blame, it is placed there.
    fn new(name: &str, pointer: Pointer, error: RunError) -> Self {
        let pointer = match &error {
            RunError::Expressions(errors) => {
                errors.first().map_or_else(|| pointer.clone(), |error| pointer.join_all(&error.path))
            }
            RunError::Step(StepError::Input { key: Some(key), .. }) => pointer.join(key.as_str()),
            _ => pointer,
        };
        Self { name: name.to_owned(), pointer, error }
    }
}

/// Why a step did not work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("Step has unexpected additional keys: {0}")]
    SeveralKeys(String),
    #[error("a step is a name with a mapping of inputs under it, not {0}")]
    NoInputs(&'static str),
    #[error("there is no step '{name}'{}", .doubt.as_ref().map(|doubt| format!("; {doubt}")).unwrap_or_default())]
    Unknown { name: String, doubt: Option<String> },
    /// All that is wrong with the expressions in the inputs.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Expressions(Vec<ExpressionError>),
    #[error(transparent)]
    Template(#[from] ResolveError),
    #[error(transparent)]
    Step(#[from] StepError),
}

/// What makes two steps the same: what runs, on what, where.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Identity {
    name: &'static str,
    inputs: String,
    directory: PathBuf,
    /// Scripts are the same only where they are written in one place: two that read alike may be meant to differ.
    written: Option<Span>,
}

/// Runs steps and remembers what each distinct one gave.
pub(crate) struct Runner<'a> {
    environment: &'a Environment,
    resolver: &'a Resolver<'a>,
    done: HashMap<Identity, Mapping>,
}

impl<'a> Runner<'a> {
    pub(crate) fn new(environment: &'a Environment, resolver: &'a Resolver<'a>) -> Self {
        Self { environment, resolver, done: HashMap::new() }
    }

    /// Runs a list of steps; `outputs` grows by what each returns, under its `id` and by its own keys.
    ///
    /// Expressions see the names of `scope` and the outputs so far.
    ///
    /// # Errors
    ///
    /// The first step that fails; those after it do not run.
    pub(crate) async fn run(
        &mut self,
        steps: &[Listed],
        outputs: &mut Mapping,
        scope: &Scope,
        context: &mut StepContext<'_>,
    ) -> Result<(), StepFailure> {
        for listed in steps {
            let Some((name, step)) = parts(&listed.step) else { continue };
            let failure = |error| StepFailure::new(name, listed.pointer.join(name), error);
            let Parts { inputs, id } = step.map_err(failure)?;
            let entry = registry::find(name).ok_or_else(|| {
                failure(RunError::Unknown { name: name.to_owned(), doubt: registry::doubt(name) })
            })?;
            let inputs = evaluated(inputs, scope, outputs).map_err(failure)?;
            let result =
                self.run_one(entry, inputs, listed.written, outputs, context).await.map_err(failure)?;
            merge(outputs, id, result);
        }
        Ok(())
    }

    async fn run_one(
        &mut self,
        entry: &'static StepEntry,
        inputs: Value,
        written: Option<Span>,
        outputs: &Mapping,
        context: &mut StepContext<'_>,
    ) -> Result<Mapping, RunError> {
        let filled = template::step_inputs(&inputs, outputs, self.environment, self.resolver).await?;
        let Value::Mapping(inputs) = filled.value else {
            return Err(RunError::NoInputs(value::kind(&filled.value)));
        };
        if let Some((key, message)) = inputs::problems(entry, &inputs, true).into_iter().next() {
            return Err(StepError::Input { key, message }.into());
        }
        let identity = Identity {
            name: entry.name,
            inputs: value::to_json(&Value::Mapping(inputs.clone())).to_string(),
            directory: context.directory.clone(),
            written: written.filter(|_| entry.sharing == Sharing::SamePlace),
        };
        let may_share = match entry.sharing {
            Sharing::SameInputs => true,
            Sharing::SamePlace => identity.written.is_some(),
            Sharing::Never => false,
        };
        if let Some(known) = self.done.get(&identity).filter(|_| may_share) {
            return Ok(known.clone());
        }
        context.progress.status(&format!(" > Running {} step...", entry.short_name()));
        let result = (entry.create)(inputs)?.run(context).await?;
        self.done.insert(identity, result.clone());
        Ok(result)
    }
}

/// The inputs with their expressions evaluated.
fn evaluated(inputs: Mapping, scope: &Scope, outputs: &Mapping) -> Result<Value, RunError> {
    let scope = scope.clone().with_outputs(outputs);
    expression::evaluate(&Value::Mapping(inputs), &scope, &BTreeSet::new()).map_err(RunError::Expressions)
}

/// The name of a step that has the right form, and its id as templates write it.
pub(crate) fn name_and_id(step: &Value) -> Option<(&str, Option<String>)> {
    let (name, parts) = parts(step)?;
    Some((name, parts.ok()?.id.as_ref().map(python::to_text)))
}

struct Parts {
    inputs: Mapping,
    id: Option<Value>,
}

/// The name of a step and its inputs; nothing for an empty one, which is skipped.
fn parts(step: &Value) -> Option<(&str, Result<Parts, RunError>)> {
    let mapping = step.as_mapping()?;
    let (name, inputs) = mapping.iter().last()?;
    let name = name.as_str().unwrap_or_default();
    if mapping.len() > 1 {
        let others: Vec<_> = mapping.keys().skip(1).filter_map(Value::as_str).collect();
        return Some((name, Err(RunError::SeveralKeys(others.join(", ")))));
    }
    let Some(inputs) = inputs.as_mapping() else {
        return Some((name, Err(RunError::NoInputs(value::kind(inputs)))));
    };
    let mut inputs = inputs.clone();
    let id = inputs.shift_remove("id").filter(is_truthy);
    inputs.shift_remove("requires");
    Some((name, Ok(Parts { inputs, id })))
}

fn is_truthy(id: &Value) -> bool {
    !matches!(id, Value::Null | Value::Bool(false)) && id.as_str() != Some("") && id.as_i64() != Some(0)
}

/// Lays the result of a step over the outputs: under its `id` as a whole, and each key by itself.
fn merge(outputs: &mut Mapping, id: Option<Value>, result: Mapping) {
    if let Some(id) = id {
        outputs.insert(id, result.clone().into());
    }
    outputs.extend(result);
}

fn short_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
