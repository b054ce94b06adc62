//! Renders deployments with the outputs of their steps, and validates the result.

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize as _;
use serde_json::Value as Json;

use crate::{
    api::{Capabilities, WorkPool},
    deployment::{
        DeployContext, DesiredDeployment, PullSteps,
        desired::{Rendered, Schedules, api_name, object, tags},
        triggers::Trigger,
    },
    diagnostics::{Code, Diagnostic},
    git::{self, Facts},
    pointer::Pointer,
    project::{Fields, Findings, Key, PoolKey},
    resolve::{complete, expressions, note, outputs::KnownOutputs, version},
    template::{self, Substitution, SubstitutionKind, expression::ExpressionError, pending},
    validate::{self, Preparation, PreparedDeployment, PreparedProject},
    value::{self, Mapping, Value},
};

/// Use of the prepared deployments after rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FurtherUse {
    /// The deployments are needed again, for example to run their steps.
    Needed,
    /// The deployments are not needed again. Each one is dropped after rendering, so that its memory can be reused.
    None,
}

/// The context for rendering deployments.
pub(crate) struct Rendering<'a> {
    pub(crate) ctx: &'a DeployContext<'a>,
    /// Path of the project file. `None` if the command has only one project file.
    pub(crate) file: Option<&'a Arc<str>>,
    /// Metadata of the project's Git repository. `None` if the project is not in a repository.
    pub(crate) facts: Option<Facts>,
    pub(crate) pools: &'a BTreeMap<String, WorkPool>,
    pub(crate) capabilities: &'a Capabilities,
}

impl<'a> Rendering<'a> {
    /// Creates the context for the deployments of the project that `ctx` belongs to.
    pub(crate) fn new(
        ctx: &'a DeployContext<'a>,
        file: Option<&'a Arc<str>>,
        pools: &'a BTreeMap<String, WorkPool>,
        capabilities: &'a Capabilities,
    ) -> Self {
        Self { ctx, file, facts: git::discover(ctx.directory), pools, capabilities }
    }
}

/// Renders the deployments of all projects with the outputs of their steps. Omits invalid deployments, and adds their
/// errors to the projects' findings.
pub(crate) fn render_all(
    preparation: &mut Preparation<'_>,
    outputs: &[Vec<Mapping>],
    further_use: FurtherUse,
) -> Vec<Vec<DesiredDeployment>> {
    let Preparation { projects, pools, capabilities, .. } = preparation;
    let rendered = projects.iter_mut().zip(outputs).map(|(project, outputs)| {
        let PreparedProject { ctx, file, deployments, findings, .. } = project;
        let rendering = Rendering::new(ctx, *file, pools, capabilities);
        let outputs = std::mem::take(deployments).into_iter().zip(outputs);
        let desired = outputs.filter_map(|(prepared, outputs)| {
            let desired = render(&prepared, outputs, &rendering, findings);
            if further_use == FurtherUse::Needed {
                deployments.push(prepared);
            }
            desired
        });
        desired.collect()
    });
    rendered.collect()
}

/// Renders a deployment with the outputs of its steps. Adds errors to `findings` and returns `None` if the
/// deployment is invalid.
fn render(
    prepared: &PreparedDeployment,
    outputs: &Mapping,
    rendering: &Rendering<'_>,
    findings: &mut Findings<'_>,
) -> Option<DesiredDeployment> {
    let after_steps = expressions::after_steps(&prepared.resolved, outputs);
    let fields = evaluated(after_steps, &prepared.resolved.pointer(), findings)?;
    let pull_steps = pull_steps(prepared, outputs, rendering.ctx, findings);
    desired(prepared, &fields, pull_steps.ok()?, outputs, rendering, findings)
}

/// Builds a deployment from fields whose expressions have been evaluated.
pub(super) fn desired(
    prepared: &PreparedDeployment,
    fields: &Fields,
    pull_steps: Option<Json>,
    outputs: &Mapping,
    rendering: &Rendering<'_>,
    findings: &mut Findings<'_>,
) -> Option<DesiredDeployment> {
    let Rendering { ctx, file, facts, pools, capabilities } = rendering;
    let deployment = &prepared.resolved;
    let at = deployment.pointer();
    let flow = deployment.flow.as_ref()?;
    let mut rendered = typed(filled(prepared, fields, outputs, ctx, findings), &at, findings)?;
    let work_pool = work_pool_of_named(&mut rendered, &at, findings)?;
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
    let known = known_entries(&parameters);
    validate::check_parameters(&known, &flow.parameters, enforced, &at.join(Key::Parameters), findings);
    let job_variables = object(&rendered.work_pool.job_variables);
    let mut refused_in_updates = Vec::new();
    if let Some(pool) = pools.get(&work_pool) {
        let at = at.join(Key::WorkPool).join(PoolKey::JobVariables);
        validate::job_variables(&known_entries(&job_variables), pool, &at, findings);
        refused_in_updates = validate::refused_in_updates(&job_variables, pool, capabilities);
    }
    let described = rendered.description.filter(|text| !text.is_empty());
    let mut desired = DesiredDeployment {
        flow_name: flow.name.clone(),
        name: api_name(&rendered.name),
        file: file.map(Arc::clone),
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
        refused_in_updates: refused_in_updates.iter().map(|path| path.join(".")).collect(),
        pull_steps,
        schedules: schedules?,
        triggers: triggers?,
        slas: validate::slas(deployment, findings),
        ignored: deployment.spec.declared.ignored.clone(),
    };
    desired.omit_unsupported(capabilities);
    if let Some(preview) = &ctx.options.preview {
        desired.restrict_to_preview(preview);
    }
    Some(desired)
}

/// Substitutes step outputs in the fields of a deployment.
fn filled(
    PreparedDeployment { resolved: deployment, sections }: &PreparedDeployment,
    fields: &Fields,
    outputs: &Mapping,
    ctx: &DeployContext<'_>,
    findings: &mut Findings<'_>,
) -> Value {
    let mut filled = template::deployment_after_steps(&fields.to_template(), outputs, ctx.environment);
    let known = KnownOutputs::in_fields(sections, &deployment.spec);
    filled.substitutions.retain(|note| !is_reported_before(note, &known));
    template::mark_injected(&mut filled.substitutions, &deployment.spec.fields.to_template());
    note(&filled.substitutions, &deployment.pointer(), findings);
    filled.value
}

/// Returns the name of the work pool. Adds an error to `findings` and returns `None` if the template of the work pool's
/// or the deployment's name has no value.
fn work_pool_of_named(rendered: &mut Rendered, at: &Pointer, findings: &mut Findings<'_>) -> Option<String> {
    let work_pool = rendered.work_pool.name.take().filter(|name| !name.is_empty());
    if rendered.name.is_empty() {
        validate::missing_name(at, findings);
    }
    if work_pool.is_none() {
        validate::missing_work_pool(at, findings);
    }
    work_pool.filter(|_| !rendered.name.is_empty())
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
    let fields = fields.into_iter().filter(|(_, value)| !value.is_null()).collect();
    let fields = Value::Mapping(fields);
    if let Ok(rendered) = Rendered::deserialize(&fields) {
        return Some(rendered);
    }
    // Each key is parsed separately, so that each error has a location.
    for (key, value) in fields.as_mapping().into_iter().flatten() {
        let Some(key) = key.as_str() else { continue };
        let required = (Key::Entrypoint.name().into(), Value::from(""));
        let alone = Mapping::from_iter([required, (key.into(), value.clone())]);
        if let Err(error) = serde_yaml::from_value::<Rendered>(alone.into()) {
            let message =
                format!("the value of `{key}` has an invalid type after its templates are resolved: {error}");
            findings.at_value(&at.join(key), Diagnostic::error(Code::WRONG_TYPE, message));
        }
    }
    None
}

fn schedules(
    fields: &Fields,
    at: &Pointer,
    outputs: &Mapping,
    ctx: &DeployContext<'_>,
    findings: &mut Findings<'_>,
) -> Option<Schedules> {
    let Some(items) = fields.schedules().literal() else { return Some(Schedules::Keep) };
    let template = Value::Sequence(items.to_vec());
    let at = at.join(Key::Schedules);
    let filled = template::schedules(&template, outputs, ctx.environment);
    let Value::Sequence(items) = complete(filled, &at, findings) else { return None };
    if items.is_empty() && !ctx.clears_schedules_on_empty {
        return Some(Schedules::Keep);
    }
    let schedule =
        |(index, item): (usize, &Value)| validate::schedule(item.as_mapping()?, &at.join(index), findings);
    items.iter().enumerate().map(schedule).collect::<Option<Vec<_>>>().map(Schedules::Exactly)
}

fn triggers(
    fields: &Fields,
    at: &Pointer,
    name: &str,
    outputs: &Mapping,
    ctx: &DeployContext<'_>,
    findings: &mut Findings<'_>,
) -> Option<Vec<Trigger>> {
    let Some(items) = fields.triggers().literal() else { return Some(Vec::new()) };
    let at = at.join(Key::Triggers);
    let filled = items.iter().map(|item| template::trigger(item, outputs, ctx.environment));
    let items: Vec<Value> = filled.map(|filled| complete(filled, &at, findings)).collect();
    validate::triggers(&items, name, &at, findings)
}

/// The error for invalid values whose errors have been added to the findings.
pub(super) struct Reported;

/// Renders the pull steps of a deployment. Returns `None` if no pull steps should be sent.
pub(super) fn pull_steps(
    PreparedDeployment { resolved: deployment, sections }: &PreparedDeployment,
    outputs: &Mapping,
    ctx: &DeployContext<'_>,
    findings: &mut Findings<'_>,
) -> Result<Option<Json>, Reported> {
    let steps = match &sections.pull {
        PullSteps::None => return Ok(None),
        PullSteps::Generated { steps, .. } => Value::Sequence(steps.clone()),
        PullSteps::Listed(steps) => {
            let evaluated = expressions::pull_steps(steps, deployment, outputs);
            let steps = self::evaluated(evaluated, &sections.pull_pointer, findings).ok_or(Reported)?;
            let filled = template::pull_steps(&steps, outputs, ctx.environment);
            complete(filled, &sections.pull_pointer, findings)
        }
    };
    Ok(Some(value::to_json(&steps)))
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
fn is_reported_before(note: &Substitution, known: &KnownOutputs) -> bool {
    note.kind == SubstitutionKind::Missing && (note.name.starts_with('$') || !known.may_have(&note.name))
}
