//! IDs of the resources that a project has registered. They select one of multiple automations with the same
//! name.

use std::collections::BTreeSet;

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    api::{ApiError, Client},
    deployment::ProjectId,
};

/// The part of a record that contains the IDs.
#[derive(Deserialize)]
struct Record {
    project: String,
    resources: Vec<Registered>,
}

#[derive(Deserialize)]
struct Registered {
    id: Uuid,
}

/// Returns the IDs of the resources that a project has registered. Unreadable records are ignored.
pub(crate) async fn registered_ids(client: &Client, project: &ProjectId) -> Result<BTreeSet<Uuid>, ApiError> {
    let variables = client.variables_like(ProjectId::VARIABLE_PREFIX).await?.into_iter();
    let values = variables
        .filter(|variable| ProjectId::is_resource_record_name(&variable.name))
        .map(|variable| variable.value);
    let records = values.filter_map(|value| serde_json::from_value::<Record>(value).ok());
    let own = records.filter(|record| record.project == project.as_str());
    Ok(own.flat_map(|record| record.resources).map(|registered| registered.id).collect())
}
