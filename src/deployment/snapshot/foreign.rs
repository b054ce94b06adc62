//! Records automations that run a deployment without belonging to the deployment.
//!
//! The server does not report an automation's owner, but it can delete automations by owner. Automations that survive
//! this deletion do not belong to the deployment. Their IDs are stored in a Prefect variable, so that later commands
//! do not compare them with the deployment's triggers. An owner never changes, so the IDs remain valid.

use std::collections::BTreeSet;

use serde_json::json;
use uuid::Uuid;

use crate::api::{ApiError, Automation, Client};

/// Name prefix of the variables. The names end with the deployment's ID. All servers accept names without
/// dashes.
const PREFIX: &str = "prefectl_foreign_automations_";

/// Maximum number of IDs in a variable. Its value is limited to 5000 characters.
const IDS_PER_VARIABLE: usize = 100;

/// Returns whether a variable name belongs to an automation record.
pub(crate) fn is_record_name(name: &str) -> bool {
    name.starts_with(PREFIX)
}

/// Returns the IDs of all recorded automations. Ignores variables without IDs, which the next deploy replaces.
pub(super) async fn read(client: &Client) -> Result<BTreeSet<Uuid>, ApiError> {
    let variables = client.variables_like(PREFIX).await?.into_iter();
    let ids = variables.filter_map(|variable| serde_json::from_value::<Vec<Uuid>>(variable.value).ok());
    Ok(ids.flatten().collect())
}

/// Records the automations of `compared` that still run the deployment, after the automations that the deployment
/// owns have been deleted. Keeps earlier records of existing automations.
///
/// # Errors
///
/// Fails if a request fails.
pub(crate) async fn record_survivors(
    client: &Client,
    deployment: Uuid,
    compared: &[Automation],
) -> Result<(), ApiError> {
    let live = client.automations_related_to(deployment).await?;
    let live: BTreeSet<Uuid> = live.into_iter().map(|automation| automation.id).collect();
    let is_compared = |id: &Uuid| compared.iter().any(|automation| automation.id == *id);
    if !live.iter().any(is_compared) {
        return Ok(());
    }
    let name = format!("{PREFIX}{}", deployment.simple());
    let recorded = client.variable(&name).await?;
    let recorded: Vec<Uuid> =
        recorded.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
    let is_foreign = |id: &&Uuid| is_compared(id) || recorded.contains(id);
    let foreign: Vec<&Uuid> = live.iter().filter(is_foreign).take(IDS_PER_VARIABLE).collect();
    client.set_variable(&name, &json!(foreign)).await
}
