//! Finds programs on the search path, and removes the project's directories from it.

use std::path::{Path, PathBuf};

use crate::{environment::Environment, fs};

/// Returns a program's path. Looks up the program like `execvp`.
pub(super) fn program_path(program: &str, path: Option<&str>, directory: &Path) -> PathBuf {
    if program.contains('/') {
        return program.into();
    }
    find_on_path(program, path, directory).unwrap_or_else(|| program.into())
}

/// Search path to use if `PATH` is not set.
const DEFAULT_PATH: &str = "/usr/bin:/bin";

/// Returns the first executable file with the given name in the search path `path`. Resolves relative directories
/// against `directory`.
pub(crate) fn find_on_path(name: &str, path: Option<&str>, directory: &Path) -> Option<PathBuf> {
    std::env::split_paths(path.unwrap_or(DEFAULT_PATH))
        .map(|folder| directory.join(folder).join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    file.metadata().is_ok_and(|metadata| {
        #[cfg(unix)]
        let has_permission = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
        #[cfg(not(unix))]
        let has_permission = true;
        metadata.is_file() && has_permission
    })
}

/// Returns an environment for starting programs without running project code.
///
/// The environment excludes `PATH` and `DOCKER_CONFIG` directories inside the project, Prefect API credentials, and
/// variables that make Git use a different repository.
pub(crate) fn environment_outside(environment: &Environment, project: &Path) -> Environment {
    let mut outside = environment.without_api_credentials();
    outside.set("PATH".to_owned(), Some(path_outside(environment.get("PATH"), project)));
    let is_inside = |folder: &str| fs::is_inside(&project.join(folder), project);
    if environment.non_empty("DOCKER_CONFIG").is_some_and(is_inside) {
        outside.set("DOCKER_CONFIG".to_owned(), None);
    }
    outside.remove_git_repository();
    outside
}

/// Returns `path` without relative directories and directories inside the project.
pub(crate) fn path_outside(path: Option<&str>, project: &Path) -> String {
    let folders = std::env::split_paths(path.unwrap_or(DEFAULT_PATH));
    let outside = folders.filter(|folder| folder.is_absolute() && !fs::is_inside(folder, project));
    // An empty `PATH` would mean the current directory.
    let joined = std::env::join_paths(outside).ok().and_then(|path| path.into_string().ok());
    joined.filter(|path| !path.is_empty()).unwrap_or_else(|| DEFAULT_PATH.to_owned())
}
