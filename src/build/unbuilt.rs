//! Renders deployments whose steps have not run.

use std::{collections::BTreeSet, sync::Arc};

use crate::{
    build::{
        BuildError,
        render::{FurtherUse, Rendering, desired},
        steps,
    },
    deployment::{DeployContext, DesiredDeployment, PullSteps, ResolvedDeployment, SelectionReason},
    flow::Flow,
    project::{Findings, Key},
    resolve::{complete, expressions},
    steps::DistinctStep,
    template::{self, Resolver, pending},
    validate::{Preparation, PreparedDeployment, PreparedProject},
    value::{self, Mapping, Value},
};

/// Deployments whose steps have not run, and the steps that would run.
pub(crate) struct UnbuiltDeployments {
    pub(crate) deployments: Vec<UnbuiltDeployment>,
    pub(crate) steps: Vec<DistinctStep>,
    /// Names of all prepared deployments.
    names: Vec<String>,
}

impl UnbuiltDeployments {
    /// Returns the names of the deployments that use a step.
    pub(crate) fn users(&self, step: &DistinctStep) -> Vec<String> {
        step.deployments.iter().map(|index| self.names[*index].clone()).collect()
    }
}

/// Renders the prepared deployments without step outputs.
///
/// # Errors
///
/// Fails if a block or variable in the inputs of a step cannot be read.
pub(crate) async fn render_unbuilt(
    preparation: &mut Preparation<'_>,
    further_use: FurtherUse,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
) -> Result<UnbuiltDeployments, BuildError> {
    let Preparation { projects, pools, capabilities, .. } = preparation;
    let (outputs, steps) = steps::dry_run(projects, ctx, resolver).await?;
    let (mut rendered, mut names) = (Vec::new(), Vec::new());
    for (project, outputs) in projects.iter_mut().zip(&outputs) {
        let PreparedProject { ctx, file, deployments, findings, .. } = project;
        let rendering = Rendering::new(ctx, *file, pools, capabilities);
        for (prepared, outputs) in std::mem::take(deployments).into_iter().zip(outputs) {
            let unbuilt = render(&prepared, outputs, &rendering, findings);
            names.push(name(&prepared.resolved, unbuilt.as_ref()));
            rendered.extend(unbuilt);
            if further_use == FurtherUse::Needed {
                deployments.push(prepared);
            }
        }
    }
    Ok(UnbuiltDeployments { deployments: rendered, steps, names })
}

fn name(resolved: &ResolvedDeployment, unbuilt: Option<&UnbuiltDeployment>) -> String {
    let full = unbuilt.map(|unbuilt| pending::show(&unbuilt.desired.full_name()).into_owned());
    full.unwrap_or_else(|| resolved.name().unwrap_or_default().to_owned())
}

/// Fields that can only be parsed if all of their templates are resolved.
const READ_WHOLE: [Key; 6] = [
    Key::Paused,
    Key::ConcurrencyLimit,
    Key::EnforceParameterSchema,
    Key::VersionType,
    Key::Schedules,
    Key::Triggers,
];

/// A rendered deployment whose steps have not run.
pub(crate) struct UnbuiltDeployment {
    /// The deployment, with markers instead of step outputs.
    pub(crate) desired: DesiredDeployment,
    /// Fields whose values are unknown until the steps have run. `desired` omits these fields.
    pub(crate) unknown: BTreeSet<Key>,
    pub(crate) flow: Arc<Flow>,
    /// Reasons for selecting the deployment.
    pub(crate) reasons: Vec<SelectionReason>,
}

impl UnbuiltDeployment {
    /// Returns whether a field of the API is unknown until the steps have run.
    pub(crate) fn is_unknown(&self, field: &str) -> bool {
        let key = match field {
            "version" | "version_info" => Some(Key::VersionType),
            "concurrency_options" => Some(Key::ConcurrencyLimit),
            other => Key::parse(other),
        };
        key.is_some_and(|key| self.unknown.contains(&key))
    }
}

/// Renders a deployment whose steps have not run. `outputs` contains markers instead of step outputs.
fn render(
    prepared: &PreparedDeployment,
    outputs: &Mapping,
    rendering: &Rendering<'_>,
    findings: &mut Findings<'_>,
) -> Option<UnbuiltDeployment> {
    let PreparedDeployment { resolved: deployment, sections } = prepared;
    let environment = rendering.ctx.environment;
    let mut fields = expressions::before_outputs(deployment);
    let mut unknown = BTreeSet::new();
    for key in READ_WHOLE {
        let Some(value) = fields.get(key) else { continue };
        let filled = match value {
            Value::Sequence(items) if key == Key::Triggers => {
                items.iter().map(|item| template::trigger(item, outputs, environment).value).collect()
            }
            value => template::schedules(value, outputs, environment).value,
        };
        if pending::is_pending(&filled) {
            fields.remove(key);
            unknown.insert(key);
        }
    }
    let pull = match &sections.pull {
        PullSteps::None => None,
        PullSteps::Generated { steps, .. } => Some(value::to_json(&Value::Sequence(steps.clone()))),
        PullSteps::Listed(steps) => {
            let steps = pending::evaluate(&Value::Sequence(steps.clone()), &deployment.scope, outputs);
            let filled = template::pull_steps(&steps, outputs, environment);
            Some(value::to_json(&complete(filled, &sections.pull_pointer, findings)))
        }
    };
    let desired = desired(prepared, &fields, pull, outputs, rendering, findings)?;
    let reasons = deployment.spec.reasons.clone();
    Some(UnbuiltDeployment { desired, unknown, flow: deployment.flow.clone()?, reasons })
}
