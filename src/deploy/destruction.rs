//! Finds the deployments and resources that the project files declare, in order to delete them.

use std::collections::BTreeSet;

use crate::{
    api::{Client, DeploymentName},
    apply::Destruction,
    build::{FurtherUse, UnbuiltDeployment, render_unbuilt},
    deployment::DeployContext,
    diagnostics::{Code, Severity},
    plan::PlanError,
    resolve::ApiLookup,
    resource::ResourceKey,
    template::Resolver,
    validate::{self, Preparation},
};

/// Finds the selected deployments on the server. If all deployments are selected, also finds the declared resources.
///
/// # Errors
///
/// Fails if a file is invalid, if no deployment is selected, or if a request fails.
pub(crate) async fn plan_destruction<'a>(
    ctx: &DeployContext<'a>,
    client: &Client,
) -> Result<Destruction<'a>, PlanError> {
    let Selected { names, resources } = selected(ctx, client).await?;
    Ok(Destruction::find(&names, &resources, ctx.options, client).await?)
}

/// Deployments and resources that the options select.
struct Selected {
    names: BTreeSet<DeploymentName>,
    resources: Vec<ResourceKey>,
}

/// Reads and validates the files.
async fn selected(ctx: &DeployContext<'_>, client: &Client) -> Result<Selected, PlanError> {
    let loaded = validate::load_projects(ctx)?;
    let lookup = ApiLookup(Some(client));
    let resolver = Resolver::new(&lookup, ctx.redactor.clone());
    let mut projects = validate::prepare(&loaded, ctx, &resolver).await?;
    let mut diagnostics = validate::take_findings(&mut projects, ctx);
    // A block can be deleted without its secrets.
    diagnostics.retain(|diagnostic| diagnostic.code != Code::SECRET_SOURCE);
    for diagnostic in &mut diagnostics {
        // A deploy can create a deployment with any name, but only declared deployments are deleted.
        if diagnostic.code == Code::RENAMED_DEPLOYMENT {
            diagnostic.severity = Severity::Error;
        }
    }
    let warnings = validate::report_findings(diagnostics, ctx)?;
    let mut preparation = Preparation::offline(projects, warnings);
    let resources = std::mem::take(&mut preparation.resources);
    let resources = resources.into_iter().map(|resource| resource.key).collect();
    let unbuilt = render_unbuilt(&mut preparation, FurtherUse::None, ctx, &resolver).await?;
    let name = |unbuilt: &UnbuiltDeployment| unbuilt.desired.deployment_name();
    Ok(Selected { names: unbuilt.deployments.iter().map(name).collect(), resources })
}
