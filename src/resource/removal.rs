//! Deletes resources.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{ResourceKey, ResourceKind, SecretHashes, requests, usage};
use crate::api::{ApiError, Client};

/// Deletes a resource and the record of its secrets, unless the resource is in use. Returns the reason if the resource
/// is kept. A missing resource is not an error.
///
/// # Errors
///
/// Fails if a request fails.
pub(crate) async fn remove(client: &Client, key: &ResourceKey, id: Uuid) -> Result<Option<String>, ApiError> {
    if let Some(reason) = usage::reason_to_keep(client, key, &BTreeSet::new()).await? {
        return Ok(Some(reason));
    }
    requests::delete(client, key, id).await?;
    if key.kind == ResourceKind::Block {
        SecretHashes::forget(client, key).await?;
    }
    Ok(None)
}
