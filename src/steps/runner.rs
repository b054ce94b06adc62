//! Runs step lists. Each distinct step only runs once per command.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::{TryStreamExt as _, stream::FuturesUnordered};
use indexmap::IndexMap;
use tokio::sync::Semaphore;

use super::{
    History, Listed, LocalAccess, RunError, Section, StepContext, StepEntry, StepError, StepFailure,
    StepKind,
    effects::Effects,
    history::Histories,
    inputs,
    item::{Parts, parts},
    ordering::{StepOrder, accesses},
    python_step, registry,
    reporting::{PendingSteps, StepReporter, subject},
    step_cache::{CachedStep, CompletedStep, Key, StepState, StepUse},
};
use crate::{
    diagnostics::Diagnostic,
    progress::{Progress, StepEnd, StepEvent, StepId},
    python,
    template::{
        self, Resolver, SubstitutionKind,
        expression::{self, Scope},
    },
    value::{self, Mapping, Value},
};

/// Input that limits a step's duration. Only prefectl supports this input.
pub(crate) const TIMEOUT: &str = "timeout";

/// A deployment's steps and their context.
pub(crate) struct List<'l, 'c> {
    /// Name of the deployment.
    pub(crate) deployment: String,
    /// The steps in execution order, with their sections.
    pub(crate) steps: Vec<(Section, &'l Listed)>,
    /// Outputs of the completed steps, both under the step ID and under their own names.
    pub(crate) outputs: &'l mut Mapping,
    /// Names available to expressions in addition to step outputs.
    pub(crate) scope: &'l Scope,
    pub(crate) context: &'l mut StepContext<'c>,
}

/// A runner of steps that caches the result of each distinct step.
pub(crate) struct Runner<'a> {
    resolver: &'a Resolver<'a>,
    cache: Mutex<IndexMap<Key, Arc<CachedStep>>>,
    histories: Histories,
    /// Limits the number of concurrent steps, such as image builds and pushes.
    jobs: Semaphore,
    pending: PendingSteps,
    /// Section of the most recently started step.
    section: Mutex<Option<Section>>,
    is_strict: bool,
}

impl<'a> Runner<'a> {
    /// Creates a runner that performs at most `jobs` image builds and pushes at a time. A strict runner
    /// treats warnings as errors.
    pub(crate) fn new(resolver: &'a Resolver<'a>, jobs: usize, is_strict: bool) -> Self {
        let (cache, histories, pending, section) = Default::default();
        Self { resolver, cache, histories, jobs: Semaphore::new(jobs.max(1)), pending, section, is_strict }
    }

    /// Reports the steps that are going to run, in order.
    pub(crate) fn announce<'s>(&self, steps: impl Iterator<Item = &'s Listed>, progress: &dyn Progress) {
        self.pending.announce(steps, progress);
    }

    /// Runs all step lists with the same result as if they ran sequentially. The steps in a list run in order.
    /// Independent steps in different lists, such as image builds, run concurrently.
    ///
    /// # Errors
    ///
    /// Fails with the error of the first step that fails and the index of its list. Concurrent steps are cancelled, and
    /// later steps do not run.
    pub(crate) async fn run(&self, lists: Vec<List<'_, '_>>) -> Result<(), (usize, StepFailure)> {
        let accesses_of = |list: &List<'_, '_>| accesses(list.steps.iter().map(|(_, listed)| *listed));
        let accesses: Vec<Vec<LocalAccess>> = lists.iter().map(accesses_of).collect();
        let order = &StepOrder::new(&accesses);
        let runs = lists.into_iter().zip(accesses).enumerate();
        let runs = runs.map(|(index, (list, accesses))| async move {
            self.run_list(list, accesses, index, order).await.map_err(|failure| (index, failure))
        });
        // With more than 30 futures, `try_join_all` would only fail after all earlier lists have completed.
        runs.collect::<FuturesUnordered<_>>().try_collect().await
    }

    /// Returns the completed steps in start order.
    pub(crate) fn completed_steps(&self) -> Vec<CompletedStep> {
        let cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        cache.values().filter_map(|step| step.completed()).collect()
    }

    /// Runs a step list. `accesses` contains each step's local access, and `index` is the list's position in the order.
    async fn run_list(
        &self,
        list: List<'_, '_>,
        accesses: Vec<LocalAccess>,
        index: usize,
        order: &StepOrder,
    ) -> Result<(), StepFailure> {
        let List { deployment, steps, outputs, scope, context } = list;
        let mut history = History::default();
        for ((section, listed), access) in steps.into_iter().zip(accesses) {
            let Some((name, step)) = parts(&listed.step) else { continue };
            let failure = |error| StepFailure::new(name, listed.pointer.join(name), error);
            let Parts { mut inputs, id, requires } = step.map_err(failure)?;
            let entry = entry(name).map_err(failure)?;
            let limit = time_limit(entry, &mut inputs).map_err(|error| failure(error.into()))?;
            order.after_writes(index).await;
            let written = Value::Mapping(inputs.clone());
            let inputs = evaluated(inputs, scope, outputs).map_err(failure)?;
            let inputs = self.filled(&inputs, &written, outputs, context).await.map_err(failure)?;
            let inputs = checked(entry, name, inputs, requires).map_err(|error| failure(error.into()))?;
            let step_use = StepUse {
                name: super::short_name(name),
                id: id.as_ref().map(python::to_text),
                section,
                entry,
                access,
                inputs,
                place: listed.place.clone(),
                limit,
                deployment: &deployment,
                list: index,
                order,
            };
            let result = self.run_once(step_use, &mut history, context).await.map_err(failure)?;
            order.done(index, access);
            if let Some(result) = result {
                merge(outputs, id, result);
            }
        }
        Ok(())
    }

    /// Renders the templates in a step's inputs. `written` contains the inputs before expression evaluation.
    async fn filled(
        &self,
        inputs: &Value,
        written: &Value,
        outputs: &Mapping,
        context: &StepContext<'_>,
    ) -> Result<Mapping, RunError> {
        let mut filled = template::step_inputs(inputs, outputs, &context.environment, self.resolver).await?;
        template::mark_injected(&mut filled.substitutions, written);
        let injected = filled.substitutions.iter().filter(|note| note.kind == SubstitutionKind::Injected);
        let warnings: Vec<Diagnostic> =
            injected.map(|note| template::injected_warning(&note.placeholder)).collect();
        if self.is_strict && !warnings.is_empty() {
            return Err(RunError::Injected(warnings.into_iter().map(|warning| warning.message).collect()));
        }
        warnings.iter().for_each(|warning| context.progress.warn(warning));
        match filled.value {
            Value::Mapping(inputs) => Ok(inputs),
            other => Err(RunError::NoInputs(value::kind(&other))),
        }
    }

    /// Runs a step. If an identical step is already running, waits for it and returns its result. Adds a writing step
    /// to its list's history.
    async fn run_once(
        &self,
        step_use: StepUse<'_>,
        history: &mut History,
        context: &mut StepContext<'_>,
    ) -> Result<Option<Mapping>, RunError> {
        let StepUse { deployment, access, list, order, .. } = step_use;
        let (place, progress) = (step_use.place.clone(), context.progress);
        let step_state = StepState {
            directory: &context.directory,
            docker_namespace: context.docker_namespace,
            history: *history,
        };
        let step = self.cached(&step_use, step_state);
        if step.add_deployment(deployment) {
            progress.step(step.event_id, StepEvent::Shared { deployment });
        }
        if access == LocalAccess::Writes && step.result.get().is_none() {
            // The step must not be marked as running yet because the lists that it waits for may use it.
            order.after_reads_and_writes(list).await;
        }
        // Boxed, because most uses share an existing run and never need the future's memory.
        let run = || Box::pin(self.run_now(step_use, step.event_id, context));
        let (effects, _) = step.result.get_or_try_init(run).await?;
        if let Some(id) = self.pending.take(place.as_ref()) {
            // An identical step elsewhere has already run.
            progress.step(id, StepEvent::Ended { end: StepEnd::Reused, subject: None });
        }
        if access == LocalAccess::Writes {
            *history = self.histories.extend(*history, step.event_id.number());
        }
        effects.apply(context);
        Ok(effects.outputs.clone())
    }

    /// Returns the cached step whose result this step can share. If no cached step can be shared, adds a new
    /// step to the cache.
    fn cached(&self, step_use: &StepUse<'_>, step_state: StepState<'_>) -> Arc<CachedStep> {
        let mut all = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let number = all.len();
        let key = step_use.identity(step_state).map_or(Key::Own(number), Key::Shared);
        if step_use.ignores_cache()
            && let Some((index, _, earlier)) = all.shift_remove_full(&key)
        {
            all.shift_insert(index, Key::Own(number), earlier);
        }
        let event_id = || self.pending.take(step_use.place.as_ref()).unwrap_or_else(StepId::next);
        Arc::clone(all.entry(key).or_insert_with(|| Arc::new(CachedStep::new(step_use, event_id()))))
    }

    /// Runs a step and reports its progress.
    async fn run_now(
        &self,
        step_use: StepUse<'_>,
        id: StepId,
        context: &StepContext<'_>,
    ) -> Result<(Effects, Duration), RunError> {
        let reporter = StepReporter { id, progress: context.progress };
        let result = self.run_reporting(step_use, &reporter, &context.with_progress(&reporter)).await;
        reporter.end(&result);
        result
    }

    async fn run_reporting(
        &self,
        step_use: StepUse<'_>,
        reporter: &StepReporter<'_>,
        context: &StepContext<'_>,
    ) -> Result<(Effects, Duration), RunError> {
        let StepUse { name, id, section, entry, access, inputs, limit, deployment, .. } = step_use;
        let subject = subject(entry, &inputs);
        let step = (entry.create)(inputs)?;
        let _permit = match access {
            LocalAccess::Writes => None,
            // Acquiring a permit cannot fail because the semaphore is never closed.
            LocalAccess::None | LocalAccess::Reads => self.jobs.acquire().await.ok(),
        };
        self.enter(section, reporter.progress);
        let started = StepEvent::Started { name, id: id.as_deref(), deployment, subject: subject.as_deref() };
        reporter.progress.step(reporter.id, started);
        timed(within(limit, Effects::run_step(&*step, context))).await
    }

    /// Reports the section of a starting step unless the previous step was in the same section. Does not report the
    /// pull section because pull steps run separately.
    fn enter(&self, section: Section, progress: &dyn Progress) {
        let last = self.section.lock().unwrap_or_else(PoisonError::into_inner).replace(section);
        if last != Some(section) && section != Section::Pull {
            progress.remark(&format!("Running deployment {section} steps..."));
        }
    }
}

/// Removes `timeout` from the inputs and returns its value. Returns `None` if `timeout` is missing or null, or if the
/// step defines its own `timeout` input.
///
/// # Errors
///
/// Fails if the value is not a positive number of seconds.
pub(crate) fn time_limit(entry: &StepEntry, inputs: &mut Mapping) -> Result<Option<Duration>, StepError> {
    if entry.inputs.iter().any(|input| input.name == TIMEOUT) {
        return Ok(None);
    }
    let limit = inputs.shift_remove(TIMEOUT).filter(|limit| !limit.is_null());
    let duration = |limit: &Value| Duration::try_from_secs_f64(limit.as_f64()?).ok();
    let valid = |limit: Value| {
        duration(&limit)
            .filter(|duration| !duration.is_zero())
            .ok_or_else(|| StepError::input(TIMEOUT, "'timeout' must be a positive number of seconds"))
    };
    limit.map(valid).transpose()
}

/// Runs a step with a time limit. On timeout, the step and its processes are terminated.
async fn within(
    limit: Option<Duration>,
    step: impl Future<Output = Result<Effects, StepError>>,
) -> Result<Effects, RunError> {
    let Some(limit) = limit else { return Ok(step.await?) };
    let late = |_| {
        let message = format!("timed out after {} s, the `timeout` of the step", limit.as_secs_f64());
        RunError::from(StepError::failed(message))
    };
    Ok(tokio::time::timeout(limit, step).await.map_err(late)??)
}

/// Awaits a run and returns its result together with its duration.
async fn timed(
    run: impl Future<Output = Result<Effects, RunError>>,
) -> Result<(Effects, Duration), RunError> {
    let started = Instant::now();
    Ok((run.await?, started.elapsed()))
}

/// Returns the registry entry of the step with the given name. Treats an unknown name as a Python function unless it is
/// obviously misspelled.
fn entry(name: &str) -> Result<&'static StepEntry, RunError> {
    match (registry::find(name), registry::doubt(name)) {
        (Some(entry), _) => Ok(entry),
        (None, None) => Ok(&python_step::ENTRY),
        (None, doubt) => Err(RunError::Unknown { name: name.to_owned(), doubt }),
    }
}

/// Validates a step's inputs. For a Python function, wraps the inputs in call inputs.
fn checked(
    entry: &StepEntry,
    name: &str,
    inputs: Mapping,
    requires: Option<Value>,
) -> Result<Mapping, StepError> {
    if entry.kind == StepKind::PythonFunction {
        return Ok(python_step::inputs_of_call(name, requires, inputs));
    }
    match inputs::problems(entry, &inputs, true).into_iter().next() {
        Some((key, message)) => Err(StepError::Input { key, message }),
        None => Ok(inputs),
    }
}

/// Evaluates the expressions in a step's inputs.
fn evaluated(inputs: Mapping, scope: &Scope, outputs: &Mapping) -> Result<Value, RunError> {
    let scope = scope.clone().with_outputs(outputs);
    expression::evaluate(&Value::Mapping(inputs), &scope, &BTreeSet::new()).map_err(RunError::Expressions)
}

/// Adds a step's result to the outputs: as a whole under the step ID, and each entry under its own name.
pub(super) fn merge(outputs: &mut Mapping, id: Option<Value>, result: Mapping) {
    if let Some(id) = id {
        outputs.insert(id, result.clone().into());
    }
    outputs.extend(result);
}
