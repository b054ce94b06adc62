//! Validates declared blocks.

use std::collections::BTreeSet;

use super::PreparedProject;
use crate::{
    api::{ApiError, Client},
    deployment::DeployContext,
    diagnostics::{Code, Diagnostic, did_you_mean},
    resource::{DesiredResource, ResourceKind},
    secret::Secret,
    template::Resolver,
    value::{self, Mapping, Value},
};

/// Adds a declared block to the resolver.
pub(super) fn declare(resource: &DesiredResource, resolver: &Resolver<'_>) {
    let Some((kind, name)) = resource.key.name.split_once('/') else { return };
    let data = resource.fields.get("data").map(value::from_json).unwrap_or_default();
    let mut data = data.as_mapping().cloned().unwrap_or_default();
    data.extend(
        resource.secrets.iter().map(|(field, secret)| (field.as_str().into(), secret.expose().into())),
    );
    resolver.declare_block(kind, name, data.into());
}

/// Registers secrets that are written in the file by mistake, so that messages do not show them.
pub(super) fn learn_exposed_secrets(section: &Mapping, ctx: &DeployContext<'_>) {
    let blocks = section.get("blocks").and_then(Value::as_sequence);
    for block in blocks.into_iter().flatten() {
        let is_secret = block.get("type").and_then(Value::as_str) == Some("secret");
        let nested = block.get("values").filter(|_| is_secret).and_then(|values| values.get("value"));
        for exposed in [block.get("value"), nested].into_iter().flatten().filter_map(Value::as_str) {
            ctx.redactor.learn(&Secret::new(exposed));
        }
    }
}

/// Reports declared blocks whose type does not exist on the server.
pub(in crate::validate) async fn block_types(
    projects: &mut [PreparedProject<'_>],
    client: &Client,
) -> Result<(), ApiError> {
    let is_block = |resource: &&DesiredResource| resource.key.kind == ResourceKind::Block;
    if !projects.iter().flat_map(|project| &project.resources).any(|resource| is_block(&resource)) {
        return Ok(());
    }
    let types = client.block_types().await?;
    let known: BTreeSet<&str> =
        types.iter().filter_map(|kind| kind.raw.get("slug").and_then(serde_json::Value::as_str)).collect();
    for PreparedProject { resources, findings, .. } in projects {
        for resource in resources.iter().filter(is_block) {
            let kind = resource.key.name.split_once('/').map_or("", |(kind, _)| kind);
            if known.contains(kind) {
                continue;
            }
            let message = format!("{}: the server has no block type '{kind}'", resource.key);
            let help = did_you_mean(kind, known.iter().copied()).map_or_else(
                || "correct the type, or register it with `prefect block register`".to_owned(),
                |similar| format!("did you mean '{similar}'?"),
            );
            let diagnostic = Diagnostic::error(Code::RESOURCE_VALUE, message);
            findings.push(diagnostic.at(resource.place.clone()).help(help));
        }
    }
    Ok(())
}
