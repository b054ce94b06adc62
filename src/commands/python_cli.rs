//! Implements `prefectl --python-cli`: runs the command line of the Python package `prefect`.

use std::{
    ffi::OsString,
    path::Path,
    process::{Command, ExitCode},
};

use crate::{
    environment::Environment,
    error::{CommandError, Exit},
    interpreter::{Search, SearchScope},
};

/// Runs `python -m prefect` with the given arguments and the standard streams of this process. Returns the
/// exit code of the Python process.
pub(crate) fn run(
    arguments: &[OsString],
    environment: &Environment,
    directory: &Path,
) -> Result<ExitCode, CommandError> {
    let failed = |error: &dyn std::fmt::Display| CommandError::new(Exit::Failed, error);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(&error))?;
    let search = Search { chosen: None, scope: SearchScope::Project, environment, directory };
    let found = runtime.block_on(search.find(&["prefect"]));
    let python = found.map_err(|error| {
        CommandError::usage(error).help(
            "install it with `pip install prefect`, or set PREFECTL_PYTHON to a Python interpreter with \
             Prefect installed",
        )
    })?;
    let mut command = Command::new(&python.program);
    command.args(["-m", "prefect"]).args(arguments);
    start(command).map_err(|error| failed(&format!("cannot start {}: {error}", python.program)))
}

/// Replaces the current process, so that the Python process receives signals and controls the terminal.
#[cfg(unix)]
fn start(mut command: Command) -> std::io::Result<ExitCode> {
    Err(std::os::unix::process::CommandExt::exec(&mut command))
}

#[cfg(not(unix))]
fn start(mut command: Command) -> std::io::Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
