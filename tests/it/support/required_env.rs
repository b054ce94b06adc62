//! What a test needs of its surroundings, given by environment variables that `tests/run` sets.

use anyhow::{Result, bail};

/// The value of a variable; without it the test is to be skipped, or fails where all that tests need is promised.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
pub(crate) fn needed(variable: &str) -> Result<Option<String>> {
    match std::env::var(variable) {
        Ok(value) if !value.is_empty() => Ok(Some(value)),
        _ if std::env::var_os("PREFECTL_TEST_REQUIRE").is_some() => bail!("{variable} is not set"),
        _ => {
            eprintln!("skipped: needs {variable}, which tests/run sets");
            Ok(None)
        }
    }
}
