//! Deletes resources.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{ResourceKey, ResourceKind, SecretHashes, requests, usage};
use crate::api::{ApiError, Client};

/// The error for a resource that must not be deleted because it is in use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} cannot be deleted: {reason}")]
pub(crate) struct InUse {
    pub(crate) key: ResourceKey,
    pub(crate) reason: String,
}

impl InUse {
    pub(crate) const HELP: &str =
        "wait until its runs have ended, stop its workers, and move or delete the deployments that use it";
}

/// The error returned if a resource cannot be deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemovalError {
    #[error(transparent)]
    InUse(#[from] InUse),
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// Returns the reason why a resource must not be deleted. Returns `None` if the resource is not in use. Ignores
/// deployments in `leaving` because they will be deleted or will use another work queue.
pub(crate) async fn in_use(
    client: &Client,
    key: &ResourceKey,
    leaving: &BTreeSet<Uuid>,
) -> Result<Option<InUse>, ApiError> {
    let reason = usage::reason_to_keep(client, key, leaving).await?;
    Ok(reason.map(|reason| InUse { key: key.clone(), reason }))
}

/// Deletes a resource and the record of its secrets. A missing resource is not an error.
///
/// # Errors
///
/// Fails if a request fails or the resource is in use.
pub(crate) async fn remove(client: &Client, key: &ResourceKey, id: Uuid) -> Result<(), RemovalError> {
    if let Some(in_use) = in_use(client, key, &BTreeSet::new()).await? {
        return Err(in_use.into());
    }
    requests::delete(client, key, id).await?;
    if key.kind == ResourceKind::Block {
        SecretHashes::forget(client, key).await?;
    }
    Ok(())
}
