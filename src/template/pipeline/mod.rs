//! Which passes run over which part of a project, and in what order.
//!
//! The order is the reference's, since files rely on it. A pass sees what the passes before it put in: a value that
//! itself contains a placeholder is filled in by a later pass.

use super::{
    apply::{Applied, Pass, Unknown},
    literal,
    path::Values,
    resolve::{ResolveError, Resolver},
    substitution::{Substitution, SubstitutionKind},
    walk::Filled,
};
use crate::{
    environment::Environment,
    pointer::{Pointer, Segment},
    value::{Mapping, Value, any_text},
};

/// Fields of a deployment that the pass with step outputs leaves to [`schedules`] and [`trigger`], or alone.
const SET_ASIDE: [&str; 3] = ["schedules", "triggers", "parameter_openapi_schema"];

/// Prefix of placeholders that are resolved when the flow runs. A deployment keeps them.
const RUN_TIME_PREFIX: &str = "ctx.";

/// The inputs of a step, without `id` and `requires`, filled in just before it runs.
pub(crate) async fn step_inputs(
    inputs: &Value,
    outputs: &Mapping,
    environment: &Environment,
    resolver: &Resolver<'_>,
) -> Result<Filled, ResolveError> {
    let mut passes = Passes::new(inputs.clone());
    passes.apply(&Pass::removing(Values::Mapping(outputs), environment));
    passes.resolve(resolver).await?;
    passes.apply(&Pass::removing(Values::Environment(environment), environment));
    Ok(last(passes.finish()))
}

/// A deployment before any step runs: blocks, variables and the environment; what is unknown stays.
///
/// `{{ NAME }}` is filled in from the environment also without a `$`, and so beats an output of that name: a note of
/// kind [`SubstitutionKind::EnvironmentWithoutDollar`] tells of each.
pub(crate) async fn deployment_before_steps(
    deployment: &Value,
    environment: &Environment,
    resolver: &Resolver<'_>,
) -> Result<Filled, ResolveError> {
    let mut passes = Passes::new(deployment.clone());
    passes.resolve(resolver).await?;
    passes.apply(&Pass::keeping(Values::Environment(environment), environment));
    let mut filled = passes.finish();
    // What is missing now may be the output of a step.
    filled.substitutions.retain(|note| note.kind != SubstitutionKind::Missing);
    Ok(filled)
}

/// A deployment after its steps have run: their outputs; what is unknown goes, except `{{ ctx... }}`.
///
/// Schedules, triggers and the parameter schema stay as they are.
pub(crate) fn deployment_after_steps(
    deployment: &Value,
    outputs: &Mapping,
    environment: &Environment,
) -> Filled {
    let pass =
        Pass { skip_prefixes: &[RUN_TIME_PREFIX], ..Pass::removing(Values::Mapping(outputs), environment) };
    last(apply_except(&SET_ASIDE, deployment, &pass))
}

/// Pull steps as they are registered: step outputs and the environment; what is unknown stays for the worker.
pub(crate) fn pull_steps(steps: &Value, outputs: &Mapping, environment: &Environment) -> Filled {
    let mut filled = whole(Pass::keeping(Values::Mapping(outputs), environment).apply(steps));
    // What is missing here the worker may have.
    filled.substitutions.retain(|note| note.kind != SubstitutionKind::Missing);
    last(filled)
}

/// A job configuration with the variables of its work pool, as a worker fills it in; what is unknown goes.
pub(crate) fn job(configuration: &Value, variables: &Mapping) -> Option<Value> {
    Pass::removing(Values::Mapping(variables), &Environment::default()).apply(configuration).value
}

/// Schedules after the steps have run: their outputs; what is unknown goes.
pub(crate) fn schedules(schedules: &Value, outputs: &Mapping, environment: &Environment) -> Filled {
    last(whole(Pass::removing(Values::Mapping(outputs), environment).apply(schedules)))
}

/// A trigger after the steps have run: their outputs; what is unknown goes, but `parameters` stay as they are, since
/// their placeholders are for the event.
pub(crate) fn trigger(trigger: &Value, outputs: &Mapping, environment: &Environment) -> Filled {
    last(apply_except(&["parameters"], trigger, &Pass::removing(Values::Mapping(outputs), environment)))
}

/// Whether the placeholder with this name is resolved when the flow runs.
pub(crate) fn is_run_time_placeholder(name: &str) -> bool {
    name.starts_with(RUN_TIME_PREFIX)
}

impl<'a> Pass<'a> {
    fn removing(values: Values<'a>, environment: &'a Environment) -> Self {
        Self { values, environment, unknown: Unknown::Remove, skip_prefixes: &[] }
    }

    fn keeping(values: Values<'a>, environment: &'a Environment) -> Self {
        Self { unknown: Unknown::Keep, ..Self::removing(values, environment) }
    }
}

/// What the last pass over a part gives: texts that templates had to leave alone are as they were meant.
fn last(filled: Filled) -> Filled {
    Filled { value: literal::restore(filled.value), substitutions: filled.substitutions }
}

/// A text without a value, as a whole section of a file, is null.
fn whole(applied: Applied) -> Filled {
    Filled { value: applied.value.unwrap_or_default(), substitutions: applied.substitutions }
}

/// The template filled in, with the values of some of its keys as they were.
fn apply_except(keys: &[&str], template: &Value, pass: &Pass<'_>) -> Filled {
    if !has_placeholders(template) {
        return Filled { value: template.clone(), substitutions: Vec::new() };
    }
    let mut template = template.clone();
    let mut set_aside = Vec::new();
    for key in keys {
        if let Some(value) = template.get_mut(*key) {
            set_aside.push((*key, std::mem::take(value)));
        }
    }
    let mut filled = whole(pass.apply(&template));
    for (key, value) in set_aside {
        // A null stands in its place, and keeps it.
        if let Some(place) = filled.value.get_mut(key) {
            *place = value;
        }
    }
    filled
}

/// A template on its way through several passes.
struct Passes {
    value: Value,
    /// Whether there is nothing in it for any pass: passes leave texts without placeholders as they are.
    is_plain: bool,
    substitutions: Vec<Substitution>,
    /// The items of lists that passes have removed, in the order of the template.
    removed: Vec<Pointer>,
}

impl Passes {
    fn new(value: Value) -> Self {
        let is_plain = !has_placeholders(&value) && !refers_to_blocks(&value);
        Self { value, is_plain, substitutions: Vec::new(), removed: Vec::new() }
    }

    async fn resolve(&mut self, resolver: &Resolver<'_>) -> Result<(), ResolveError> {
        if self.is_plain {
            return Ok(());
        }
        resolver.prefetch(&self.value).await?;
        let blocks = resolver.blocks(&self.value).await?;
        self.next(blocks);
        let variables = resolver.variables(&self.value).await?;
        self.next(variables);
        Ok(())
    }

    fn apply(&mut self, pass: &Pass<'_>) {
        if self.is_plain {
            return;
        }
        let filled = whole(pass.apply(&self.value));
        let first_new = self.substitutions.len();
        self.next(filled);
        if pass.unknown == Unknown::Remove {
            let is_removed_item = |note: &&Substitution| {
                note.kind == SubstitutionKind::Missing
                    && note.alone
                    && matches!(note.path.segments().last(), Some(Segment::Index(_)))
            };
            self.removed.extend(
                self.substitutions[first_new..].iter().filter(is_removed_item).map(|note| note.path.clone()),
            );
        }
    }

    fn next(&mut self, filled: Filled) {
        self.value = filled.value;
        self.substitutions.extend(filled.substitutions.into_iter().map(|mut note| {
            self.removed.iter().for_each(|removed| make_room(&mut note.path, removed));
            note
        }));
    }

    fn finish(self) -> Filled {
        Filled { value: self.value, substitutions: self.substitutions }
    }
}

fn has_placeholders(template: &Value) -> bool {
    any_text(template, &|text| text.contains("{{"))
}

/// Whether a mapping in it stands for a block: `{$ref: ...}`.
fn refers_to_blocks(template: &Value) -> bool {
    match template {
        Value::Sequence(items) => items.iter().any(refers_to_blocks),
        Value::Mapping(entries) => entries.contains_key("$ref") || entries.values().any(refers_to_blocks),
        _ => false,
    }
}

/// Corrects a path for an item that once stood in the same list as it, or in one that it leads through.
fn make_room(path: &mut Pointer, removed: &Pointer) {
    let Some((Segment::Index(gone), list)) = removed.segments().split_last() else { return };
    if path.segments().starts_with(list)
        && let Some(Segment::Index(index)) = path.segment_mut(list.len())
        && *gone <= *index
    {
        *index += 1;
    }
}

#[cfg(test)]
mod tests;
