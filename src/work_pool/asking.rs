//! Asks what a work pool is to be.

use super::{
    WorkPoolError, check_name,
    types::{self, PoolKind},
};
use crate::{
    api::Client,
    questions::{Ask, NoAnswer, Select, parsed_text},
};

/// The types of work pools that can be created, by name.
pub(crate) async fn kinds(client: &Client) -> Result<Vec<PoolKind>, crate::api::ApiError> {
    types::kinds(Some(client)).await
}

/// Asks for one of the types.
pub(crate) async fn ask_kind(ask: &impl Ask, mut kinds: Vec<PoolKind>) -> Result<PoolKind, NoAnswer> {
    let rows = kinds.iter().map(|kind| vec![kind.kind.clone(), kind.description.clone()]).collect();
    let question = "What infrastructure type would you like to use for your new work pool?";
    let row = ask.select(Select::new(question, rows)).await?;
    // Without a row to opt out, one of these was chosen.
    Ok(kinds.swap_remove(row.unwrap_or_default()))
}

/// Asks for a name that a work pool can have.
pub(crate) async fn ask_name(ask: &impl Ask) -> Result<String, NoAnswer> {
    let fitting = |name: &str| match check_name(name) {
        Ok(()) => Ok(name.to_owned()),
        Err(error) => Err(WorkPoolError::to_string(&error)),
    };
    parsed_text(ask, "Work pool name", None, fitting).await
}
