//! The order of substitution passes for each kind of template in a project.
//!
//! The order is the same as in Prefect, because existing project files depend on it. A later pass also
//! substitutes placeholders in values that earlier passes inserted.

use super::{
    apply::{Applied, Pass, Unknown},
    literal,
    path::Values,
    resolve::{ResolveError, Resolver},
    substitution::{Substitution, SubstitutionKind, TooLarge},
    walk::Filled,
};
use crate::{
    environment::Environment,
    pointer::{Pointer, Segment},
    value::{Mapping, Value, any_text},
};

/// Deployment fields that are not substituted together with the rest of the deployment. [`schedules`] and [`trigger`]
/// process the first two fields.
const SET_ASIDE: [&str; 3] = ["schedules", "triggers", "parameter_openapi_schema"];

/// Prefix of placeholders that remain in the deployment and are resolved when the flow runs.
const RUN_TIME_PREFIX: &str = "ctx.";

/// Substitutes all placeholders in the inputs of a step, just before the step runs. The inputs must not
/// contain `id` and `requires`.
///
/// # Errors
///
/// Fails if a reference cannot be resolved, or if the templates insert too much data.
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
    let filled = last(passes.finish());
    match TooLarge::find(&filled.substitutions) {
        Some(error) => Err(error.into()),
        None => Ok(filled),
    }
}

/// Substitutes blocks, variables and environment variables in a deployment, before its steps run. Keeps unknown
/// placeholders.
///
/// `{{ NAME }}` without `$` is also looked up in the environment. An environment variable takes precedence
/// over a step output of the same name. Each such substitution is recorded as
/// [`SubstitutionKind::EnvironmentWithoutDollar`].
pub(crate) async fn deployment_before_steps(
    deployment: &Value,
    environment: &Environment,
    resolver: &Resolver<'_>,
) -> Result<Filled, ResolveError> {
    let mut passes = Passes::new(deployment.clone());
    passes.resolve(resolver).await?;
    passes.apply(&Pass::keeping(Values::Environment(environment), environment));
    let mut filled = passes.finish();
    // A placeholder without a value might refer to the output of a later step.
    filled.substitutions.retain(|record| record.kind != SubstitutionKind::Missing);
    Ok(filled)
}

/// Substitutes step outputs in a deployment. Removes unknown placeholders, except placeholders with the prefix `ctx.`.
///
/// Schedules, triggers and the parameter schema are returned unchanged.
pub(crate) fn deployment_after_steps(
    deployment: &Value,
    outputs: &Mapping,
    environment: &Environment,
) -> Filled {
    let pass =
        Pass { skip_prefixes: &[RUN_TIME_PREFIX], ..Pass::removing(Values::Mapping(outputs), environment) };
    last(apply_except(&SET_ASIDE, deployment, &pass))
}

/// Substitutes step outputs and environment variables in pull steps. Keeps unknown placeholders for the worker.
pub(crate) fn pull_steps(steps: &Value, outputs: &Mapping, environment: &Environment) -> Filled {
    let mut filled = whole(Pass::keeping(Values::Mapping(outputs), environment).apply(steps));
    // The worker might have a value for a placeholder without a value.
    filled.substitutions.retain(|record| record.kind != SubstitutionKind::Missing);
    last(filled)
}

/// Substitutes environment variables in a value of a declared resource. Keeps all other placeholders, because workers
/// and automations resolve them. Records unset environment variables as [`SubstitutionKind::Missing`].
pub(crate) fn resource(part: &Value, environment: &Environment) -> Filled {
    let Applied { value, substitutions } =
        Pass::keeping(Values::Mapping(&Mapping::new()), environment).apply(part);
    // Keep a value that consists of a single unknown placeholder.
    let mut filled = Filled { value: value.unwrap_or_else(|| part.clone()), substitutions };
    let is_reported =
        |record: &Substitution| record.kind != SubstitutionKind::Missing || record.refers_to_environment();
    filled.substitutions.retain(is_reported);
    last(filled)
}

/// Substitutes work pool variables in a job configuration as a worker does. Removes unknown placeholders. Returns
/// `None` if the configuration is a placeholder without a value.
///
/// # Errors
///
/// Fails if the templates insert too much data.
pub(crate) fn job(configuration: &Value, variables: &Mapping) -> Result<Option<Value>, TooLarge> {
    let Applied { value, substitutions } =
        Pass::removing(Values::Mapping(variables), &Environment::default()).apply(configuration);
    match TooLarge::find(&substitutions) {
        Some(error) => Err(error),
        None => Ok(value),
    }
}

/// Substitutes step outputs in schedules. Removes unknown placeholders.
pub(crate) fn schedules(schedules: &Value, outputs: &Mapping, environment: &Environment) -> Filled {
    last(whole(Pass::removing(Values::Mapping(outputs), environment).apply(schedules)))
}

/// Substitutes step outputs in a trigger. Removes unknown placeholders. The field `parameters` is returned unchanged,
/// because its placeholders refer to the event.
pub(crate) fn trigger(trigger: &Value, outputs: &Mapping, environment: &Environment) -> Filled {
    last(apply_except(&["parameters"], trigger, &Pass::removing(Values::Mapping(outputs), environment)))
}

/// Checks whether a placeholder is resolved only when the flow runs.
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

/// Restores protected strings after the last pass.
fn last(filled: Filled) -> Filled {
    Filled { value: literal::restore(filled.value), substitutions: filled.substitutions }
}

/// Converts the result of a pass to a filled template. A missing value becomes null.
fn whole(applied: Applied) -> Filled {
    Filled { value: applied.value.unwrap_or_default(), substitutions: applied.substitutions }
}

/// Applies a pass to a template, except for the values of the given keys.
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
        // The key still exists, because the pass received null instead of the value.
        if let Some(place) = filled.value.get_mut(key) {
            *place = value;
        }
    }
    filled
}

/// A template that goes through multiple passes.
struct Passes {
    value: Value,
    /// Whether the template contains no placeholders, so that all passes can be skipped.
    is_plain: bool,
    substitutions: Vec<Substitution>,
    /// List items that passes have removed, in template order.
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
            let is_removed_item = |record: &&Substitution| {
                record.kind == SubstitutionKind::Missing
                    && record.alone
                    && matches!(record.path.segments().last(), Some(Segment::Index(_)))
            };
            self.removed.extend(
                self.substitutions[first_new..]
                    .iter()
                    .filter(is_removed_item)
                    .map(|record| record.path.clone()),
            );
        }
    }

    fn next(&mut self, filled: Filled) {
        self.value = filled.value;
        self.substitutions.extend(filled.substitutions.into_iter().map(|mut record| {
            self.removed.iter().for_each(|removed| make_room(&mut record.path, removed));
            record
        }));
    }

    fn finish(self) -> Filled {
        Filled { value: self.value, substitutions: self.substitutions }
    }
}

fn has_placeholders(template: &Value) -> bool {
    any_text(template, &|text| text.contains("{{"))
}

/// Checks whether a value contains a block reference: a mapping of the form `{$ref: ...}`.
fn refers_to_blocks(template: &Value) -> bool {
    match template {
        Value::Sequence(items) => items.iter().any(refers_to_blocks),
        Value::Mapping(entries) => entries.contains_key("$ref") || entries.values().any(refers_to_blocks),
        _ => false,
    }
}

/// Adjusts the index in a path to undo the removal of an earlier list item by a previous pass.
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
