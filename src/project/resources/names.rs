//! Server rules for resource names.

use crate::names::FORBIDDEN_CHARACTERS;

/// Maximum length of a variable name.
const MAX_VARIABLE_NAME: usize = 255;

/// Maximum length of a block name. The variable that records the block's secrets contains the block name in its own
/// name.
const MAX_BLOCK_NAME: usize = 200;

/// Checks the name of a work pool, work queue or concurrency limit. Fails with a reason if the name is invalid.
pub(super) fn general(name: &str) -> Result<(), String> {
    if name.trim().is_empty() {
        return Err("it must not be empty".to_owned());
    }
    if name.contains(FORBIDDEN_CHARACTERS) {
        return Err("it must not contain `/`, `%`, `&`, `>` or `<`".to_owned());
    }
    Ok(())
}

/// Checks a work pool name. Fails with a reason if the name is invalid.
pub(super) fn pool(name: &str) -> Result<(), String> {
    general(name)?;
    if name.to_lowercase().starts_with("prefect") {
        return Err("names that start with `prefect` are reserved".to_owned());
    }
    Ok(())
}

/// Checks a variable name. Fails with a reason if the name is invalid.
pub(super) fn variable(name: &str) -> Result<(), String> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    if name.is_empty() || !name.chars().all(is_allowed) {
        return Err("use lowercase letters, digits, `-` and `_`".to_owned());
    }
    if name.len() > MAX_VARIABLE_NAME {
        return Err(format!("it is longer than {MAX_VARIABLE_NAME} characters"));
    }
    if name.starts_with("prefectl-") || name.starts_with("prefectl_") {
        return Err("names that start with `prefectl` are reserved for the records of prefectl".to_owned());
    }
    Ok(())
}

/// Checks a block name. Fails with a reason if the name is invalid.
pub(super) fn block(name: &str) -> Result<(), String> {
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(is_allowed) {
        return Err("use lowercase letters, digits and `-`".to_owned());
    }
    if name.len() > MAX_BLOCK_NAME {
        return Err(format!("it is longer than {MAX_BLOCK_NAME} characters"));
    }
    Ok(())
}
