//! Finds schedules that cannot be matched with the schedules on the server. This check runs before any step.

use crate::{
    api::{Client, DeploymentName},
    deployment::{ResolvedDeployment, Snapshot},
    plan::{self, PlanError},
    project::{IgnorableField, ScheduleItem},
    template,
    validate::{Preparation, PreparedDeployment},
    value::Value,
};

/// Checks that the schedules of the deployments can be matched with the schedules on the server. Schedules that
/// depend on step outputs are checked after the steps.
///
/// # Errors
///
/// Fails if a deployment's schedules have slugs on the server but not in the file, or if a request fails.
pub(super) async fn require_slugs(preparation: &Preparation<'_>, client: &Client) -> Result<(), PlanError> {
    let has_steps = preparation
        .deployments()
        .any(|PreparedDeployment { sections, .. }| !(sections.build.is_empty() && sections.push.is_empty()));
    if !has_steps {
        // The comparison with the server follows immediately, and finds the same error.
        return Ok(());
    }
    let resolved = preparation.deployments().map(|prepared| &prepared.resolved);
    let without_slugs = resolved.filter(|deployment| lacks_slug(deployment));
    let names: Vec<DeploymentName> = without_slugs.filter_map(ResolvedDeployment::deployment_name).collect();
    if names.is_empty() {
        return Ok(());
    }
    let live = Snapshot::observe_deployments(client, &names.iter().cloned().collect()).await?;
    for name in names {
        let schedules = live.deployment(&name).map_or(&[][..], |found| found.schedules.as_slice());
        if let Err(error) = plan::allow_missing_slugs(schedules) {
            return Err(PlanError::Update { name: name.to_string(), error: error.into() });
        }
    }
    Ok(())
}

/// Returns whether any schedule of the deployment has no slug, regardless of step outputs.
fn lacks_slug(deployment: &ResolvedDeployment) -> bool {
    let is_plain = |key: &Value| key.as_str().is_none_or(|key| !template::is_template(key));
    let has_none = |item: &Value| {
        item.as_mapping().is_some_and(|entries| {
            entries.keys().all(is_plain) && entries.get(ScheduleItem::SLUG).is_none_or(Value::is_null)
        })
    };
    !deployment.spec.declared.ignored.contains(IgnorableField::Schedules)
        && deployment.fields.schedules().literal().is_some_and(|items| items.iter().any(has_none))
}
