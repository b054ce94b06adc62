//! Types that the stages of a deploy share, and functions that find deployments on the server.

mod context;
pub(crate) mod desired;
pub(crate) mod item_reader;
mod options;
mod preview_name;
mod project_id;
pub(crate) mod pull_steps;
mod resolved;
pub(crate) mod schedules;
mod selection;
mod selector;
pub(crate) mod slas;
pub(crate) mod snapshot;
mod spec;
mod stage_times;
mod step_sections;
pub(crate) mod triggers;

#[cfg(test)]
pub(crate) use self::context::TestContext;
pub(crate) use self::{
    context::DeployContext,
    desired::DesiredDeployment,
    options::{OnError, OnUnchanged, Options},
    preview_name::PreviewName,
    project_id::ProjectId,
    pull_steps::PullSteps,
    resolved::ResolvedDeployment,
    selection::{Selection, SelectionReason},
    selector::{Criterion, Evaluation, Selector, Verdict},
    snapshot::{LiveDeployment, SharedValues, Snapshot},
    spec::DeploymentSpec,
    stage_times::StageTimes,
    step_sections::StepSections,
};

use std::collections::{HashMap, HashSet};

use uuid::Uuid;

use crate::{
    api::{ApiError, Client, Deployment, DeploymentFilter},
    diagnostics::similar_name,
};

/// Maximum number of IDs or names in a filter request.
const BATCH: usize = 200;

/// Maximum number of deployments whose names are compared with a misspelled name.
const MAX_CANDIDATES: usize = 1000;

/// A deployment on the server and its flow's name.
#[derive(Debug, Clone)]
pub(crate) struct NamedDeployment {
    pub(crate) flow: String,
    pub(crate) deployment: Deployment,
}

impl NamedDeployment {
    /// Returns the full name, as `flow/deployment`.
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.flow, self.deployment.name)
    }
}

/// The error returned if deployments cannot be found or changed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeploymentError {
    #[error("Invalid deployment name. Expected '<flow-name>/<deployment-name>', got '{0}'")]
    NameFormat(String),
    /// No deployment has this name. The message quotes the name in the form that scripts expect.
    #[error("Deployment '{name}' not found!")]
    NotFound { name: String, similar: Option<String> },
    #[error("no deployment matches '{0}'")]
    NothingMatches(String),
    #[error("Deployment schedule not found!")]
    ScheduleNotFound,
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// Splits a name of the form `flow/deployment`. Fails if the name has a different form.
pub(crate) fn split_name(name: &str) -> Result<(&str, &str), DeploymentError> {
    match name.split_once('/') {
        Some((flow, deployment)) if !deployment.contains('/') => Ok((flow, deployment)),
        _ => Err(DeploymentError::NameFormat(name.to_owned())),
    }
}

/// Finds a deployment by its full name.
pub(crate) async fn find(client: &Client, name: &str) -> Result<NamedDeployment, DeploymentError> {
    let (flow, deployment) = split_name(name)?;
    let Some(deployment) = client.deployment_by_name(flow, deployment).await? else {
        return Err(DeploymentError::NotFound {
            name: name.to_owned(),
            similar: similar(client, name).await,
        });
    };
    Ok(NamedDeployment { flow: flow.to_owned(), deployment })
}

/// Returns the full name of the deployment whose name is most similar to a misspelled name. Considers only the newest
/// deployments.
async fn similar(client: &Client, name: &str) -> Option<String> {
    let newest = client.newest_deployments(&DeploymentFilter::default(), MAX_CANDIDATES).await.ok()?;
    let names: Vec<String> =
        with_flow_names(client, newest).await.ok()?.iter().map(NamedDeployment::full_name).collect();
    similar_name(name, names.iter().map(String::as_str)).map(str::to_owned)
}

/// Finds a deployment by its ID.
pub(crate) async fn find_by_id(client: &Client, id: Uuid) -> Result<NamedDeployment, DeploymentError> {
    let found = client.deployment(id).await?;
    let missing = || DeploymentError::NotFound { name: id.to_string(), similar: None };
    let deployment = found.ok_or_else(missing)?;
    let flow = client.flow(deployment.flow_id).await?;
    Ok(NamedDeployment { flow: flow.map_or_else(String::new, |flow| flow.name), deployment })
}

/// Finds the deployments that match the given names and patterns, such as `etl/*`.
///
/// Returns each deployment once, in the order of the arguments. Sorts the matches of a pattern by name. Fails if an
/// argument does not match any deployment.
pub(crate) async fn find_all(
    client: &Client,
    names: &[String],
) -> Result<Vec<NamedDeployment>, DeploymentError> {
    let mut found = Vec::new();
    let mut all = None;
    for name in names {
        let (flow, deployment) = split_name(name)?;
        if !is_pattern(name) {
            found.push(find(client, name).await?);
            continue;
        }
        if all.is_none() {
            all = Some(list(client, &[]).await?);
        }
        let is_meant = |named: &&NamedDeployment| {
            matches_pattern(flow, &named.flow) && matches_pattern(deployment, &named.deployment.name)
        };
        let before = found.len();
        found.extend(all.iter().flatten().filter(is_meant).cloned());
        if found.len() == before {
            return Err(DeploymentError::NothingMatches(name.clone()));
        }
    }
    let mut seen = HashSet::new();
    found.retain(|named| seen.insert(named.deployment.id));
    Ok(found)
}

/// Lists the deployments of the given flows, sorted by flow and name. Lists all deployments if no flow names are
/// given.
pub(crate) async fn list(
    client: &Client,
    flow_names: &[String],
) -> Result<Vec<NamedDeployment>, DeploymentError> {
    let filter = DeploymentFilter { flow_names: flow_names.to_vec(), ..DeploymentFilter::default() };
    with_flow_names(client, client.deployments(&filter).await?).await
}

/// Returns the first flow name that does not exist on the server, together with the most similar name of a
/// flow that has deployments.
pub(crate) async fn missing_flow(
    client: &Client,
    names: &[String],
) -> Result<Option<(String, Option<String>)>, DeploymentError> {
    let known = client.flows_by_name(names).await?;
    let Some(name) = names.iter().find(|name| !known.iter().any(|flow| flow.name == **name)) else {
        return Ok(None);
    };
    let newest = client.newest_deployments(&DeploymentFilter::default(), MAX_CANDIDATES).await?;
    let deployments = with_flow_names(client, newest).await?;
    let similar = similar_name(name, deployments.iter().map(|named| named.flow.as_str()));
    Ok(Some((name.clone(), similar.map(str::to_owned))))
}

/// Returns up to `most` deployments whose full name starts with `beginning`, sorted by name.
pub(crate) async fn beginning_with(
    client: &Client,
    beginning: &str,
    most: usize,
) -> Result<Vec<NamedDeployment>, DeploymentError> {
    let part = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let filter = match beginning.split_once('/') {
        Some((flow, name)) => DeploymentFilter {
            flow_names: vec![flow.to_owned()],
            name_has: part(name),
            ..DeploymentFilter::default()
        },
        None => DeploymentFilter { flow_name_has: part(beginning), ..DeploymentFilter::default() },
    };
    let mut found = with_flow_names(client, client.newest_deployments(&filter, most).await?).await?;
    found.retain(|named| named.full_name().starts_with(beginning));
    Ok(found)
}

/// Looks up the flow names of deployments and sorts the deployments by flow and name.
async fn with_flow_names(
    client: &Client,
    deployments: Vec<Deployment>,
) -> Result<Vec<NamedDeployment>, DeploymentError> {
    let ids: HashSet<Uuid> = deployments.iter().map(|deployment| deployment.flow_id).collect();
    let flows = flow_names_by_id(client, ids).await?;
    let named = |deployment: Deployment| NamedDeployment {
        flow: flows.get(&deployment.flow_id).cloned().unwrap_or_default(),
        deployment,
    };
    let mut named: Vec<_> = deployments.into_iter().map(named).collect();
    named.sort_unstable_by(|a, b| (&a.flow, &a.deployment.name).cmp(&(&b.flow, &b.deployment.name)));
    Ok(named)
}

/// Returns a map from the given flow IDs to the flow names.
pub(crate) async fn flow_names_by_id(
    client: &Client,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>, ApiError> {
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let mut names = HashMap::new();
    for batch in ids.chunks(BATCH) {
        names.extend(client.flows_by_id(batch).await?.into_iter().map(|flow| (flow.id, flow.name)));
    }
    Ok(names)
}

/// Returns whether a name is a pattern, that is, whether it contains `*`.
pub(crate) fn is_pattern(name: &str) -> bool {
    name.contains('*')
}

/// Returns whether a name matches a pattern. `*` matches one or more characters, as in Prefect.
pub(crate) fn matches_pattern(pattern: &str, name: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == name };
    let Some(rest) = name.strip_prefix(head) else { return false };
    let ends = rest.char_indices().skip(1).map(|(at, _)| at).chain((!rest.is_empty()).then_some(rest.len()));
    ends.into_iter().any(|at| matches_pattern(tail, &rest[at..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn star_matches_at_least_one_character() {
        for (pattern, name, expected) in [
            ("d*", "d", false),
            ("d*", "dé", true),
            ("*", "", false),
            ("a*b*c", "axbxc", true),
            ("a*b*c", "abc", false),
            ("a.c", "abc", false),
        ] {
            assert_eq!(matches_pattern(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn requires_exactly_one_slash_in_names() {
        assert_eq!(split_name("flow/name").unwrap(), ("flow", "name"));
        for name in ["flow", "a/b/c", ""] {
            assert!(matches!(split_name(name), Err(DeploymentError::NameFormat(_))), "{name}");
        }
    }
}
