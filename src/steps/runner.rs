//! Runs lists of steps, each distinct step once for the whole command.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use indexmap::IndexMap;

use super::{
    StepContext, StepEntry, StepError,
    beside::Lanes,
    distinct::{Distinct, Key, Ran, Use},
    effects::Effects,
    inputs, python_step, registry,
    told::{Told, Waiting, subject},
    turns::{Left, Turns},
};
use crate::{
    diagnostics::Diagnostic,
    pointer::Pointer,
    progress::{Progress, StepEnd, StepEvent, StepId},
    python,
    source::Span,
    template::{
        self, ResolveError, Resolver, SubstitutionKind,
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
    pub(super) fn new(name: &str, pointer: Pointer, error: RunError) -> Self {
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
    /// Placeholders that came with values; the message of each.
    #[error("{}", .0.join("\n"))]
    Brought(Vec<String>),
    #[error(transparent)]
    Template(#[from] ResolveError),
    #[error(transparent)]
    Step(#[from] StepError),
}

/// The key of a step's time limit, which is ours.
const TIMEOUT: &str = "timeout";

/// The steps of one deployment, and what they work with.
pub(crate) struct List<'l, 'c> {
    /// Whose they are, as users call it.
    pub(crate) deployment: String,
    pub(crate) steps: &'l [Listed],
    /// Grows by what each step returns, under its `id` and by its own keys.
    pub(crate) outputs: &'l mut Mapping,
    /// The names that expressions see besides the outputs.
    pub(crate) scope: &'l Scope,
    pub(crate) context: &'l mut StepContext<'c>,
}

/// Runs steps, and remembers what each distinct one gave.
pub(crate) struct Runner<'a> {
    resolver: &'a Resolver<'a>,
    distinct: Mutex<IndexMap<Key, Arc<Distinct>>>,
    lanes: Lanes,
    waiting: Waiting,
    is_strict: bool,
}

impl<'a> Runner<'a> {
    /// At most `jobs` builds or pushes run at a time. A strict one makes errors of warnings.
    pub(crate) fn new(resolver: &'a Resolver<'a>, jobs: usize, is_strict: bool) -> Self {
        let (distinct, waiting) = Default::default();
        Self { resolver, distinct, lanes: Lanes::new(jobs), waiting, is_strict }
    }

    /// Tells of the steps that will run, in their order.
    pub(crate) fn announce<'s>(&self, steps: impl Iterator<Item = &'s Listed>, progress: &dyn Progress) {
        self.waiting.announce(steps, progress);
    }

    /// Runs the steps of all lists: each list in its order, builds and pushes of several lists side by side.
    ///
    /// # Errors
    ///
    /// The first step that fails. What runs beside it is broken off, and what comes after it does not run.
    pub(crate) async fn run(
        &self,
        section: &'static str,
        lists: Vec<List<'_, '_>>,
    ) -> Result<(), StepFailure> {
        let turns = Turns::new(lists.iter().map(|list| left_to_do(list.steps)).collect());
        let runs = lists.into_iter().enumerate();
        let runs = runs.map(|(turn, list)| self.run_list(section, list, turn, &turns));
        try_join_all(runs).await.map(drop)
    }

    /// What has run, in the order in which it began.
    pub(crate) fn ran(&self) -> Vec<Ran> {
        let distinct = self.distinct.lock().unwrap_or_else(PoisonError::into_inner);
        distinct.values().filter_map(|one| one.ran()).collect()
    }

    async fn run_list(
        &self,
        section: &'static str,
        list: List<'_, '_>,
        turn: usize,
        turns: &Turns,
    ) -> Result<(), StepFailure> {
        let List { deployment, steps, outputs, scope, context } = list;
        for listed in steps {
            let Some((name, step)) = parts(&listed.step) else { continue };
            let failure = |error| StepFailure::new(name, listed.pointer.join(name), error);
            let Parts { mut inputs, id, requires } = step.map_err(failure)?;
            let entry = entry(name).map_err(failure)?;
            let limit = time_limit(entry, &mut inputs).map_err(|error| failure(error.into()))?;
            turns.beside_others(turn).await;
            let written = Value::Mapping(inputs.clone());
            let inputs = evaluated(inputs, scope, outputs).map_err(failure)?;
            let inputs = self.filled(&inputs, &written, outputs, context).await.map_err(failure)?;
            let inputs = checked(entry, name, inputs, requires).map_err(|error| failure(error.into()))?;
            let use_ = Use {
                name: short_name(name),
                id: id.as_ref().map(python::to_text),
                section,
                entry,
                inputs,
                written: listed.written,
                limit,
                deployment: &deployment,
                turn,
                turns,
            };
            let result = self.run_once(use_, context).await.map_err(failure)?;
            turns.done(turn, entry.is_ordered());
            if let Some(result) = result {
                merge(outputs, id, result);
            }
        }
        Ok(())
    }

    /// The inputs of a step with its templates filled in. `written` is what they were before their expressions.
    async fn filled(
        &self,
        inputs: &Value,
        written: &Value,
        outputs: &Mapping,
        context: &StepContext<'_>,
    ) -> Result<Mapping, RunError> {
        let mut filled = template::step_inputs(inputs, outputs, &context.environment, self.resolver).await?;
        template::mark_injected(&mut filled.substitutions, written);
        let brought = filled.substitutions.iter().filter(|note| note.kind == SubstitutionKind::Injected);
        let warnings: Vec<Diagnostic> =
            brought.map(|note| template::injected_warning(&note.placeholder)).collect();
        if self.is_strict && !warnings.is_empty() {
            return Err(RunError::Brought(warnings.into_iter().map(|warning| warning.message).collect()));
        }
        warnings.iter().for_each(|warning| context.progress.warn(warning));
        match filled.value {
            Value::Mapping(inputs) => Ok(inputs),
            other => Err(RunError::NoInputs(value::kind(&other))),
        }
    }

    /// Runs a step, unless the same one has run or is running: then its outputs are those of that one.
    async fn run_once(
        &self,
        of: Use<'_>,
        context: &mut StepContext<'_>,
    ) -> Result<Option<Mapping>, RunError> {
        let (written, deployment, progress) = (of.written, of.deployment, context.progress);
        let distinct = self.distinct(&of, &context.directory);
        if distinct.is_for(deployment) {
            progress.step(distinct.told_as, StepEvent::Shared { deployment });
        }
        // Of all that share the step, one needs the room that running it takes.
        let run = || Box::pin(self.run_now(of, distinct.told_as, context));
        let (effects, _) = distinct.end.get_or_try_init(run).await?;
        if let Some(id) = self.waiting.take(written) {
            // The same step is written elsewhere too, and has run there.
            progress.step(id, StepEvent::Ended { end: StepEnd::Reused, subject: None });
        }
        effects.apply(context);
        Ok(effects.outputs.clone())
    }

    /// The step that a use is of: one that is known, or a new one.
    fn distinct(&self, of: &Use<'_>, directory: &Path) -> Arc<Distinct> {
        let mut all = self.distinct.lock().unwrap_or_else(PoisonError::into_inner);
        let number = all.len();
        let key = of.identity(directory).map_or(Key::Own(number), Key::Shared);
        if of.ignores_earlier()
            && let Some((index, _, earlier)) = all.shift_remove_full(&key)
        {
            all.shift_insert(index, Key::Own(number), earlier);
        }
        let told_as = || self.waiting.take(of.written).unwrap_or_else(StepId::next);
        Arc::clone(all.entry(key).or_insert_with(|| Arc::new(Distinct::new(of, told_as()))))
    }

    /// Runs a step and tells of it.
    async fn run_now(
        &self,
        of: Use<'_>,
        id: StepId,
        context: &StepContext<'_>,
    ) -> Result<(Effects, Duration), RunError> {
        let told = Told { id, progress: context.progress };
        let result = self.run_telling(of, &told, &context.telling(&told)).await;
        told.end(&result);
        result
    }

    async fn run_telling(
        &self,
        of: Use<'_>,
        told: &Told<'_>,
        context: &StepContext<'_>,
    ) -> Result<(Effects, Duration), RunError> {
        let Use { name, entry, inputs, limit, deployment, turn, turns, .. } = of;
        let subject = subject(entry, &inputs);
        let step = (entry.create)(inputs)?;
        let _lane = if entry.is_ordered() {
            turns.alone(turn).await;
            None
        } else {
            self.lanes.enter().await
        };
        let started = StepEvent::Started { name, deployment, subject: subject.as_deref() };
        told.progress.step(told.id, started);
        timed(within(limit, Effects::of(&*step, context))).await
    }
}

/// How long a step may take: its key `timeout`, in seconds, which is no input of it unless it has one of that name.
pub(crate) fn time_limit(entry: &StepEntry, inputs: &mut Mapping) -> Result<Option<Duration>, StepError> {
    if entry.inputs.iter().any(|input| input.name == TIMEOUT) {
        return Ok(None);
    }
    let limit = inputs.shift_remove(TIMEOUT).filter(|limit| !limit.is_null());
    let duration = |limit: &Value| Duration::try_from_secs_f64(limit.as_f64()?).ok();
    let valid = |limit: Value| {
        duration(&limit)
            .filter(|duration| !duration.is_zero())
            .ok_or_else(|| StepError::input(TIMEOUT, "'timeout' must be a number of seconds, more than none"))
    };
    limit.map(valid).transpose()
}

/// What comes of a step, if it comes in time; if not, what it has started is ended.
async fn within(
    limit: Option<Duration>,
    step: impl Future<Output = Result<Effects, StepError>>,
) -> Result<Effects, RunError> {
    let Some(limit) = limit else { return Ok(step.await?) };
    let late = |_| {
        let message = format!("it was not done within its `timeout` of {} s", limit.as_secs_f64());
        RunError::from(StepError::failed(message))
    };
    Ok(tokio::time::timeout(limit, step).await.map_err(late)??)
}

/// What a run gives, and how long it takes.
async fn timed(
    run: impl Future<Output = Result<Effects, RunError>>,
) -> Result<(Effects, Duration), RunError> {
    let started = Instant::now();
    Ok((run.await?, started.elapsed()))
}

fn left_to_do(steps: &[Listed]) -> Left {
    let names = steps.iter().filter_map(|listed| Some(parts(&listed.step)?.0));
    names.fold(Left { all: 0, ordered: 0 }, |left, name| Left {
        all: left.all + 1,
        ordered: left.ordered + usize::from(registry::find(name).is_none_or(StepEntry::is_ordered)),
    })
}

/// The step of a name; one that is none of ours is a Python function, unless it can only be a mistake.
fn entry(name: &str) -> Result<&'static StepEntry, RunError> {
    match (registry::find(name), registry::doubt(name)) {
        (Some(entry), _) => Ok(entry),
        (None, None) => Ok(&python_step::ENTRY),
        (None, doubt) => Err(RunError::Unknown { name: name.to_owned(), doubt }),
    }
}

/// The inputs as the step itself takes them.
fn checked(
    entry: &StepEntry,
    name: &str,
    inputs: Mapping,
    requires: Option<Value>,
) -> Result<Mapping, StepError> {
    if entry.name == python_step::ENTRY.name {
        return Ok(python_step::inputs_of_call(name, requires, inputs));
    }
    match inputs::problems(entry, &inputs, true).into_iter().next() {
        Some((key, message)) => Err(StepError::Input { key, message }),
        None => Ok(inputs),
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

pub(super) struct Parts {
    pub(super) inputs: Mapping,
    pub(super) id: Option<Value>,
    requires: Option<Value>,
}

/// The name of a step and its inputs; nothing for an empty one, which is skipped.
pub(super) fn parts(step: &Value) -> Option<(&str, Result<Parts, RunError>)> {
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
    let id = inputs.shift_remove("id").filter(value::is_truthy);
    let requires = inputs.shift_remove("requires");
    Some((name, Ok(Parts { inputs, id, requires })))
}

/// Lays the result of a step over the outputs: under its `id` as a whole, and each key by itself.
pub(super) fn merge(outputs: &mut Mapping, id: Option<Value>, result: Mapping) {
    if let Some(id) = id {
        outputs.insert(id, result.clone().into());
    }
    outputs.extend(result);
}

pub(super) fn short_name(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}
