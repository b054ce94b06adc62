//! Prepares jobs for process workers. Each job is a command that runs in a directory.

use super::Configuration;
use crate::api::JsonObject;

/// Command that starts a run in a process.
const COMMAND: &str = "python -m prefect.engine";

pub(super) fn prepare(configuration: Configuration) -> JsonObject {
    configuration.with_command(COMMAND).fields
}
