//! Deletes resources.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::{ResourceKey, ResourceKind, SecretHashes, pool_usage, requests};
use crate::api::{ApiError, Client};

/// The error returned if a resource must not be deleted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} cannot be deleted: {reason}")]
pub(crate) struct InUse {
    pub(crate) key: ResourceKey,
    reason: String,
}

impl InUse {
    pub(crate) const HELP: &str =
        "wait until its runs have ended, and move or delete the deployments that use it";
}

/// The error returned if a resource cannot be deleted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemovalError {
    #[error(transparent)]
    InUse(#[from] InUse),
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// Checks that a resource may be deleted. Deployments in `leaving` do not count, because they will be deleted or will use
/// another work pool.
///
/// # Errors
///
/// Fails for a work pool that deployments or flow runs in progress use.
pub(crate) async fn check(
    client: &Client,
    key: &ResourceKey,
    leaving: &BTreeSet<Uuid>,
) -> Result<(), RemovalError> {
    if key.kind != ResourceKind::WorkPool {
        return Ok(());
    }
    match pool_usage::reason_to_keep(client, &key.name, leaving).await? {
        None => Ok(()),
        Some(reason) => Err(InUse { key: key.clone(), reason }.into()),
    }
}

/// Deletes a resource, and the record of its secrets. A resource that does not exist is not an error.
///
/// # Errors
///
/// Fails if a request fails, or if the resource is in use.
pub(crate) async fn remove(client: &Client, key: &ResourceKey, id: Uuid) -> Result<(), RemovalError> {
    check(client, key, &BTreeSet::new()).await?;
    requests::delete(client, key, id).await?;
    if key.kind == ResourceKind::Block {
        SecretHashes::forget(client, key).await?;
    }
    Ok(())
}
