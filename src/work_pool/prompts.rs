//! Prompts for the type and the name of a new work pool.

use super::{WorkPoolError, check_name};
use crate::{
    base_job_template::PoolType,
    questions::{Ask, NoAnswer, Select, parsed_text},
};

/// Prompts for a work pool type with the given question.
pub(crate) async fn ask_type(
    ask: &impl Ask,
    question: &str,
    mut types: Vec<PoolType>,
) -> Result<PoolType, NoAnswer> {
    let rows = types.iter().map(|kind| vec![kind.name.clone(), kind.description.clone()]).collect();
    let row = ask.select(Select::new(question, rows)).await?;
    // The prompt has no opt-out row, so the user has selected a type.
    Ok(types.swap_remove(row.unwrap_or_default()))
}

/// Prompts for a name until the user enters a valid work pool name.
pub(crate) async fn ask_name(ask: &impl Ask) -> Result<String, NoAnswer> {
    let valid_name = |name: &str| match check_name(name) {
        Ok(()) => Ok(name.to_owned()),
        Err(error) => Err(WorkPoolError::to_string(&error)),
    };
    parsed_text(ask, "Work pool name", None, valid_name).await
}
