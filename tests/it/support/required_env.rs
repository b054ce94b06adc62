//! Access to the environment variables that `tests/run` sets.

use anyhow::{Context as _, Result};

/// Returns the value of a variable that `tests/run` sets.
///
/// # Errors
///
/// Fails if the variable is unset or empty. Tests that call this function are ignored by default.
pub(crate) fn required_env(variable: &str) -> Result<String> {
    let value = std::env::var(variable).ok().filter(|value| !value.is_empty());
    value.with_context(|| format!("{variable} is not set: run this test with tests/run"))
}
