//! Jobs of process workers: a command in a directory.

use super::Configuration;
use crate::api::JsonObject;

/// What starts a run in a process of its own.
const COMMAND: &str = "python -m prefect.engine";

pub(super) fn prepare(configuration: Configuration) -> JsonObject {
    configuration.with_command(COMMAND).fields
}
