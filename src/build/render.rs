//! Renders deployments with the outputs of their steps, and validates the result.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value as Json;

use crate::{
    api::{Capabilities, WorkPool},
    deployment::{
        DeployContext, DesiredDeployment, PullSteps, ResolvedDeployment, StepSections,
        desired::{ConcurrencyLimit, Rendered, RenderedPool, Schedules, api_name, object, tags},
        triggers::Trigger,
    },
    diagnostics::{Code, Diagnostic},
    git::Facts,
    pointer::Pointer,
    project::Findings,
    resolve::{expressions, note, outputs::KnownOutputs, version},
    template::{self, Substitution, SubstitutionKind, expression::ExpressionError, pending},
    validate,
    value::{self, Mapping, Value},
};

/// Context of rendering.
pub(crate) struct Rendering<'a> {
    pub(crate) ctx: &'a DeployContext<'a>,
    /// Facts about the project's Git repository. `None` if the project is not in a repository.
    pub(crate) facts: Option<Facts>,
    pub(crate) pools: &'a BTreeMap<String, WorkPool>,
    pub(crate) capabilities: &'a Capabilities,
}

/// Renders a deployment with the outputs of its steps. Adds errors to `findings` and returns `None` if the
/// deployment is invalid.
pub(crate) fn render(
    deployment: &ResolvedDeployment,
    sections: &StepSections,
    outputs: &Mapping,
    rendering: &Rendering<'_>,
    findings: &mut Findings<'_>,
) -> Option<DesiredDeployment> {
    let at = deployment.spec.declared.pointer();
    let fields = evaluated(expressions::after_steps(deployment, outputs), &at, findings)?;
    let pull_steps = pull_steps(deployment, sections, outputs, rendering.ctx, findings);
    desired(deployment, sections, &fields, pull_steps?, outputs, rendering, findings)
}

/// Fields that can only be parsed if all of their templates are resolved.
const READ_WHOLE: [&str; 6] =
    ["paused", "concurrency_limit", "enforce_parameter_schema", "version_type", "schedules", "triggers"];

/// A deployment that is rendered before its steps run.
pub(crate) struct Preview {
    /// The deployment, with markers in place of step outputs.
    pub(crate) desired: DesiredDeployment,
    /// Names of the fields that are entirely unknown. `desired` does not contain these fields.
    pub(crate) unknown: BTreeSet<&'static str>,
}

impl Preview {
    /// Returns whether a field is entirely unknown until the steps have run.
    pub(crate) fn is_unknown(&self, field: &str) -> bool {
        let field = match field {
            "version" | "version_info" => "version_type",
            "concurrency_options" => "concurrency_limit",
            other => other,
        };
        self.unknown.contains(field)
    }
}

/// Renders a deployment before its steps run. `outputs` contains markers in place of the step outputs.
pub(crate) fn preview(
    deployment: &ResolvedDeployment,
    sections: &StepSections,
    outputs: &Mapping,
    rendering: &Rendering<'_>,
    findings: &mut Findings<'_>,
) -> Option<Preview> {
    let environment = rendering.ctx.environment;
    let mut fields = expressions::before_outputs(deployment);
    let mut unknown = BTreeSet::new();
    for key in READ_WHOLE {
        let Some(value) = fields.get(key) else { continue };
        let filled = match value {
            Value::Sequence(items) if key == "triggers" => {
                items.iter().map(|item| template::trigger(item, outputs, environment).value).collect()
            }
            value => template::schedules(value, outputs, environment).value,
        };
        if pending::is_pending(&filled) {
            fields.shift_remove(key);
            unknown.insert(key);
        }
    }
    let pull = match &sections.pull {
        PullSteps::None => None,
        PullSteps::Generated { steps, .. } => Some(value::to_json(&Value::Sequence(steps.clone()))),
        PullSteps::Listed(steps) => {
            let steps = pending::evaluate(&Value::Sequence(steps.clone()), &deployment.scope, outputs);
            Some(value::to_json(&template::pull_steps(&steps, outputs, environment).value))
        }
    };
    let desired = desired(deployment, sections, &fields, pull, outputs, rendering, findings)?;
    Some(Preview { desired, unknown })
}

/// Builds a deployment from fields whose expressions have been evaluated.
fn desired(
    deployment: &ResolvedDeployment,
    sections: &StepSections,
    fields: &Mapping,
    pull_steps: Option<Json>,
    outputs: &Mapping,
    rendering: &Rendering<'_>,
    findings: &mut Findings<'_>,
) -> Option<DesiredDeployment> {
    let Rendering { ctx, facts, pools, capabilities } = rendering;
    let at = deployment.spec.declared.pointer();
    let flow = deployment.flow.as_ref()?;
    let mut filled =
        template::deployment_after_steps(&Value::Mapping(fields.clone()), outputs, ctx.environment);
    let known = KnownOutputs::in_fields(sections, &deployment.spec);
    filled.substitutions.retain(|note| !is_told_before(note, &known));
    template::mark_injected(
        &mut filled.substitutions,
        &Value::Mapping(Mapping::clone(&deployment.spec.fields)),
    );
    note(&filled.substitutions, &at, findings);
    let rendered = typed(filled.value, &at, findings)?;
    let schedules = schedules(fields, &at, outputs, ctx, findings);
    let triggers = triggers(fields, &at, &rendered.name, outputs, ctx, findings);
    let (version, version_info) = version::version_info(
        rendered.version_type.as_deref(),
        rendered.version.as_deref(),
        flow.version.as_deref(),
        ctx.environment,
        facts.as_ref(),
    )
    .ok()?; // the type has been checked
    let enforced = rendered.enforce_parameter_schema.unwrap_or(true);
    let parameters = object(&rendered.parameters);
    validate::check_parameters(
        &known_entries(&parameters),
        &flow.parameters,
        enforced,
        &at.join("parameters"),
        findings,
    );
    let job_variables = object(&rendered.work_pool.job_variables);
    let work_pool = rendered.work_pool.name.filter(|name| !name.is_empty())?;
    if let Some(pool) = pools.get(&work_pool) {
        validate::job_variables(
            &known_entries(&job_variables),
            pool,
            &at.join("work_pool").join("job_variables"),
            findings,
        );
    }
    let described = rendered.description.filter(|text| !text.is_empty());
    let mut desired = DesiredDeployment {
        flow_name: flow.name.clone(),
        name: api_name(&rendered.name),
        entrypoint: rendered.entrypoint,
        version,
        version_info,
        description: described.or_else(|| flow.description.clone()),
        tags: tags(&rendered.tags),
        paused: rendered.paused.unwrap_or(false),
        concurrency_limit: rendered.concurrency_limit,
        parameters,
        parameter_schema: Arc::clone(&flow.parameters),
        enforce_parameter_schema: rendered.enforce_parameter_schema,
        work_pool,
        work_queue: rendered.work_pool.work_queue_name.filter(|name| !name.is_empty()),
        job_variables,
        pull_steps,
        schedules: schedules?,
        triggers: triggers?,
        slas: validate::slas(deployment, findings),
    };
    desired.omit_unsupported(capabilities);
    Some(desired)
}

/// Returns the entries that do not contain markers, so that they can be validated.
fn known_entries(object: &Json) -> Json {
    let entries = object.as_object().into_iter().flatten();
    entries
        .filter(|(_, value)| !pending::is_pending_json(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

/// Parses the fields of a deployment. Adds type errors to `findings` and returns `None` if a field is
/// invalid.
fn typed(value: Value, at: &Pointer, findings: &mut Findings<'_>) -> Option<Rendered> {
    let Value::Mapping(fields) = value else { return None };
    // Each key is parsed alone so that each error has a location.
    for (key, value) in &fields {
        let Some(key) = key.as_str() else { continue };
        let alone = Mapping::from_iter([(Value::from(key), value.clone())]);
        if let Err(error) = serde_yaml::from_value::<Partial>(alone.into()) {
            let message = format!("`{key}` has an invalid type after its templates are resolved: {error}");
            findings.at_value(&at.join(key), Diagnostic::error(Code::WRONG_TYPE, message));
        }
    }
    let fields: Mapping = fields.into_iter().filter(|(_, value)| !value.is_null()).collect();
    serde_yaml::from_value(fields.into()).ok()
}

/// Fields of [`Rendered`], all optional.
#[derive(serde::Deserialize)]
#[expect(dead_code, reason = "only whether it can be read matters")]
struct Partial {
    name: Option<String>,
    entrypoint: Option<String>,
    version: Option<String>,
    version_type: Option<String>,
    description: Option<String>,
    paused: Option<bool>,
    concurrency_limit: Option<ConcurrencyLimit>,
    parameters: Option<Mapping>,
    enforce_parameter_schema: Option<bool>,
    work_pool: Option<RenderedPool>,
}

fn schedules(
    fields: &Mapping,
    at: &Pointer,
    outputs: &Mapping,
    ctx: &DeployContext<'_>,
    findings: &mut Findings<'_>,
) -> Option<Schedules> {
    let Some(items @ Value::Sequence(_)) = fields.get("schedules") else { return Some(Schedules::Keep) };
    let Value::Sequence(items) = template::schedules(items, outputs, ctx.environment).value else {
        return None;
    };
    if items.is_empty() && ctx.keeps_schedules_on_empty {
        return Some(Schedules::Keep);
    }
    let at = at.join("schedules");
    let schedule =
        |(index, item): (usize, &Value)| validate::schedule(item.as_mapping()?, &at.join(index), findings);
    items.iter().enumerate().map(schedule).collect::<Option<Vec<_>>>().map(Schedules::Exactly)
}

fn triggers(
    fields: &Mapping,
    at: &Pointer,
    name: &str,
    outputs: &Mapping,
    ctx: &DeployContext<'_>,
    findings: &mut Findings<'_>,
) -> Option<Vec<Trigger>> {
    let Some(Value::Sequence(items)) = fields.get("triggers") else { return Some(Vec::new()) };
    let items: Vec<Value> =
        items.iter().map(|item| template::trigger(item, outputs, ctx.environment).value).collect();
    validate::triggers(&items, name, &at.join("triggers"), findings)
}

/// Renders the pull steps of a deployment. Returns `None` if there are errors, and `Some(None)` if no pull
/// steps should be sent.
#[expect(clippy::option_option, reason = "nothing is sent, which is not the same as a mistake in what is")]
pub(super) fn pull_steps(
    deployment: &ResolvedDeployment,
    sections: &StepSections,
    outputs: &Mapping,
    ctx: &DeployContext<'_>,
    findings: &mut Findings<'_>,
) -> Option<Option<Json>> {
    let steps = match &sections.pull {
        PullSteps::None => return Some(None),
        PullSteps::Generated { steps, .. } => Value::Sequence(steps.clone()),
        PullSteps::Listed(steps) => {
            let evaluated = expressions::pull_steps(steps, deployment, outputs);
            let steps = self::evaluated(evaluated, &sections.pull_pointer, findings)?;
            template::pull_steps(&steps, outputs, ctx.environment).value
        }
    };
    Some(Some(value::to_json(&steps)))
}

/// Returns the result of evaluating expressions. Adds errors to `findings` and returns `None` if the
/// evaluation failed.
fn evaluated<T>(
    result: Result<T, Vec<ExpressionError>>,
    at: &Pointer,
    findings: &mut Findings<'_>,
) -> Option<T> {
    result
        .map_err(|errors| {
            for error in errors {
                let diagnostic =
                    Diagnostic::error(Code::EXPRESSION, error.to_string()).help(error.problem.help());
                findings.at_value(&at.join_all(&error.path), diagnostic);
            }
        })
        .ok()
}

/// Returns whether validation has already reported that a value is missing.
fn is_told_before(note: &Substitution, known: &KnownOutputs) -> bool {
    note.kind == SubstitutionKind::Missing && (note.name.starts_with('$') || !known.may_have(&note.name))
}
