//! Reads resource types.

use super::super::LoadedProject;
use crate::{
    api::{ApiError, Client},
    block_schema::BlockTypes,
    deployment::DeployContext,
    resource::{KnownTypes, PoolTypes},
};

/// Reads the server's work pool types and block types. Sends no request for a kind that no project declares.
pub(in crate::validate) async fn known_types(
    loaded: &[LoadedProject],
    ctx: &DeployContext<'_>,
    client: &Client,
) -> Result<KnownTypes, ApiError> {
    if !ctx.includes_resources() {
        return Ok(KnownTypes::bundled());
    }
    let sections = || loaded.iter().filter_map(|loaded| loaded.project.resources.as_ref());
    let declares = |kind: &str| sections().any(|section| section.contains_key(kind));
    let pools = async || {
        if !declares("work_pools") {
            return Ok(PoolTypes::bundled());
        }
        PoolTypes::read(client, super::pools::types_used(sections())).await
    };
    let types = super::blocks::types_used(sections());
    let blocks = async || {
        if declares("blocks") {
            BlockTypes::read(client, |slug| types.as_ref().is_none_or(|types| types.contains(slug))).await
        } else {
            Ok(BlockTypes::bundled())
        }
    };
    let (pools, blocks) = tokio::try_join!(pools(), blocks())?;
    Ok(KnownTypes { pools, blocks })
}
