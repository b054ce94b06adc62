//! `prefectl --python-cli ...`: the reference's own command line, for what this program does not have.

use std::{
    ffi::OsString,
    path::Path,
    process::{Command, ExitCode},
};

use crate::{
    environment::Environment,
    error::{CommandError, Exit},
    interpreter::Search,
};

/// Runs `python -m prefect` with the arguments, with the streams and the exit code of this program.
pub(crate) fn run(
    arguments: &[OsString],
    environment: &Environment,
    directory: &Path,
) -> Result<ExitCode, CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::new(Exit::Failed, error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(&error))?;
    let found = runtime.block_on(Search { chosen: None, environment, directory }.find(&["prefect"]));
    let python = found.map_err(|error| {
        CommandError::usage(error)
            .help("install it with `pip install prefect`, or name a Python with PREFECTL_PYTHON")
    })?;
    let mut command = Command::new(&python.program);
    command.args(["-m", "prefect"]).args(arguments);
    start(command).map_err(|error| failed(&format!("cannot start {}: {error}", python.program)))
}

/// Becomes the program, so that signals and the terminal are its own.
#[cfg(unix)]
fn start(mut command: Command) -> std::io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

#[cfg(not(unix))]
fn start(mut command: Command) -> std::io::Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
