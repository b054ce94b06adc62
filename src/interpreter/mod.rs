//! Finds the user's Python interpreter and starts it isolated from the project's files.
//!
//! An interpreter given by `--python` or `PREFECTL_PYTHON` is the only candidate. Otherwise, the
//! [`SearchScope`] determines which of the following are candidates: the active virtual environment,
//! `python3` and `python` on `PATH`, and the project's `.venv`.

mod script;

use std::{
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

pub(crate) use self::script::Script;
use crate::{environment::Environment, fs, process};

/// Maximum time for an interpreter to report its version and packages.
const PROBE_LIMIT: Duration = Duration::from_secs(20);

/// Python script that prints the Python version and the names of missing modules. Locates the modules without importing
/// them.
const PROBE: &str = "\
import importlib.util, json, platform
restore_user_path()
def is_installed(name):
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None
missing = [name for name in sys.argv[1:] if not is_installed(name)]
print(json.dumps({'version': platform.python_version(), 'missing': missing}))
";

/// Python script that prints the version of an installed package.
const VERSION: &str = "\
import importlib.metadata
restore_user_path()
print(importlib.metadata.version(sys.argv[1]))
";

/// A search for a Python interpreter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    /// The value of `--python`: a program or a virtual environment directory.
    pub(crate) chosen: Option<&'a str>,
    pub(crate) scope: SearchScope,
    pub(crate) environment: &'a Environment,
    /// Project directory.
    pub(crate) directory: &'a Path,
}

/// The interpreters that a search may start.
///
/// Starting one of the project's interpreters runs project code. Therefore, only commands that run the project's steps
/// may start them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SearchScope {
    /// Interpreters that the user has selected with `--python`, with `PREFECTL_PYTHON`, or by activating a
    /// virtual environment outside the project.
    #[default]
    Selected,
    /// The selected interpreters, and `python3` and `python` in `PATH` directories outside the project.
    Installed,
    /// All interpreters, including the interpreters in the project's `.venv` and in all `PATH` directories.
    Project,
}

/// A possible location of a Python interpreter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) program: String,
    pub(crate) origin: Origin,
}

/// The source of a [`Candidate`]: a setting or a location.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The option `--python`.
    Option,
    /// The variable `PREFECTL_PYTHON`.
    Variable,
    /// The virtual environment that `VIRTUAL_ENV` names.
    ActiveEnvironment,
    /// The `.venv` in the project's directory.
    ProjectEnvironment,
    /// A `PATH` directory.
    Path,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Option => "--python",
            Self::Variable => "PREFECTL_PYTHON",
            Self::ActiveEnvironment => "the active virtual environment",
            Self::ProjectEnvironment => "the project's .venv",
            Self::Path => "PATH",
        })
    }
}

/// An interpreter that can be started and has the requested modules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interpreter {
    pub(crate) program: String,
    pub(crate) origin: Origin,
    /// The Python version, such as `3.12.4`.
    pub(crate) version: String,
}

/// Error for a search that found no suitable interpreter. Lists each candidate with the reason for its rejection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no Python{} was found{}", with_modules(.modules), list_of_rejected(.rejected, *.scope))]
pub(crate) struct NoInterpreter {
    modules: Vec<String>,
    scope: SearchScope,
    rejected: Vec<(Candidate, Rejection)>,
}

/// The reason for rejecting a candidate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    #[error("cannot be started: {0}")]
    NotStarted(String),
    #[error("timed out after {} s", PROBE_LIMIT.as_secs())]
    TimedOut,
    #[error("does not work as a Python interpreter: {0}")]
    NotPython(String),
    #[error("does not have {}", .0.join(", "))]
    Lacks(Vec<String>),
}

impl Search<'_> {
    /// Checks whether the user has specified an interpreter. If so, it is the only candidate.
    pub(crate) fn is_chosen(&self) -> bool {
        self.chosen.is_some() || self.environment.non_empty("PREFECTL_PYTHON").is_some()
    }

    /// Returns the candidates in order of preference, without duplicates. A candidate that the user specified may not
    /// exist. All other candidates exist.
    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        let chosen = self.chosen.map(|chosen| (chosen, Origin::Option)).or_else(|| {
            self.environment.non_empty("PREFECTL_PYTHON").map(|chosen| (chosen, Origin::Variable))
        });
        if let Some((chosen, origin)) = chosen {
            return vec![Candidate { program: self.chosen_program(chosen), origin }];
        }
        let found = [self.active_environment(), self.project_environment()].into_iter().flatten();
        let mut candidates: Vec<Candidate> = Vec::new();
        for candidate in found.chain(self.on_path()) {
            if candidates.iter().all(|other| other.program != candidate.program) {
                candidates.push(candidate);
            }
        }
        candidates
    }

    fn active_environment(&self) -> Option<Candidate> {
        let folder = self.directory.join(self.environment.non_empty("VIRTUAL_ENV")?);
        let python = environment_python(&folder)?;
        self.allows(&python).then(|| Candidate { program: text(&python), origin: Origin::ActiveEnvironment })
    }

    fn project_environment(&self) -> Option<Candidate> {
        let python = environment_python(&self.directory.join(".venv"))?;
        (self.scope == SearchScope::Project)
            .then(|| Candidate { program: text(&python), origin: Origin::ProjectEnvironment })
    }

    fn on_path(&self) -> Vec<Candidate> {
        let path = self.environment.get("PATH");
        let find = |name| match self.scope {
            SearchScope::Selected => None,
            SearchScope::Installed => {
                let outside = process::path_outside(path, self.directory);
                process::find_on_path(name, Some(&outside), self.directory)
            }
            SearchScope::Project => process::find_on_path(name, path, self.directory),
        };
        let files = ["python3", "python"].into_iter().filter_map(find);
        files.map(|file| Candidate { program: text(&file), origin: Origin::Path }).collect()
    }

    /// Checks whether the search scope permits starting a file.
    fn allows(&self, file: &Path) -> bool {
        self.scope == SearchScope::Project || !fs::is_inside(file, self.directory)
    }

    fn chosen_program(&self, chosen: &str) -> String {
        let path = self.directory.join(chosen);
        if let Some(python) = environment_python(&path) {
            return text(&python);
        }
        // A name without a directory is looked up on `PATH` when the interpreter is started.
        if chosen.contains(std::path::is_separator) { text(&path) } else { chosen.to_owned() }
    }

    /// Returns the first interpreter that has all `modules`. Locates the modules without importing them.
    ///
    /// # Errors
    ///
    /// Fails if no candidate is suitable.
    pub(crate) async fn find(&self, modules: &[&str]) -> Result<Interpreter, NoInterpreter> {
        let mut rejected = Vec::new();
        for candidate in self.candidates() {
            match self.probe(&candidate.program, modules).await {
                Ok(version) => {
                    let Candidate { program, origin } = candidate;
                    return Ok(Interpreter { program, origin, version });
                }
                Err(rejection) => rejected.push((candidate, rejection)),
            }
        }
        let modules = modules.iter().map(|&module| module.to_owned()).collect();
        Err(NoInterpreter { modules, scope: self.scope, rejected })
    }

    /// Returns an installed package's version, using the first interpreter that has the package. Returns `None` if the
    /// version cannot be determined.
    pub(crate) async fn version_of(&self, package: &str) -> Option<String> {
        let interpreter = self.find(&[package]).await.ok()?;
        let environment = self.environment.without_api_credentials();
        let script = Script::new(VERSION, [package], &environment);
        let run = script.run_with_input(&interpreter.program, self.directory, b"");
        let finished = tokio::time::timeout(PROBE_LIMIT, run).await.ok()?.ok()?;
        let version = finished.stdout.trim();
        (finished.code == 0 && !version.is_empty()).then(|| version.to_owned())
    }

    /// Returns an interpreter's version, or the reason for rejecting the interpreter.
    async fn probe(&self, program: &str, modules: &[&str]) -> Result<String, Rejection> {
        let environment = self.environment.without_api_credentials();
        let script = Script::new(PROBE, modules.iter().copied(), &environment);
        let run = script.run_with_input(program, self.directory, b"");
        let finished = tokio::time::timeout(PROBE_LIMIT, run)
            .await
            .map_err(|_| Rejection::TimedOut)?
            .map_err(|error| Rejection::NotStarted(reason(&error)))?;
        let answer: Answer = serde_json::from_str(finished.stdout.trim()).map_err(|_| {
            let last = finished.stderr.trim().lines().next_back().unwrap_or_default().to_owned();
            let code = finished.code;
            Rejection::NotPython(if last.is_empty() { format!("exit code {code}") } else { last })
        })?;
        if answer.missing.is_empty() { Ok(answer.version) } else { Err(Rejection::Lacks(answer.missing)) }
    }
}

/// Checks whether the project's `.venv` contains a top-level package, without starting a program.
pub(crate) fn project_has_module(name: &str, directory: &Path) -> bool {
    let environment = directory.join(".venv");
    let libraries = std::fs::read_dir(environment.join("lib")).into_iter().flatten().flatten();
    let packages = libraries.map(|version| version.path().join("site-packages"));
    packages.chain([environment.join("Lib/site-packages")]).any(|folder| folder.join(name).is_dir())
}

/// The output of the script [`PROBE`].
#[derive(Deserialize)]
struct Answer {
    version: String,
    missing: Vec<String>,
}

/// Returns the interpreter of a virtual environment. Does not resolve symbolic links, because the interpreter
/// recognizes its environment by the path with which it is started.
fn environment_python(folder: &Path) -> Option<PathBuf> {
    ["bin/python", "bin/python3", "Scripts/python.exe"]
        .into_iter()
        .map(|file| folder.join(file))
        .find(|file| file.is_file())
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        _ => error.to_string(),
    }
}

fn with_modules(modules: &[String]) -> String {
    if modules.is_empty() { String::new() } else { format!(" with {}", modules.join(", ")) }
}

fn list_of_rejected(rejected: &[(Candidate, Rejection)], scope: SearchScope) -> String {
    if rejected.is_empty() {
        let searched = match scope {
            SearchScope::Selected => "no virtual environment outside the project is active",
            SearchScope::Installed => {
                "no virtual environment outside the project is active, and there is no python3 on PATH"
            }
            SearchScope::Project => {
                "no virtual environment is active, the project has no .venv, and there is no python3 on PATH"
            }
        };
        return format!(": {searched}");
    }
    let line = |(candidate, rejection): &(Candidate, Rejection)| {
        format!("\n  {} ({}): {rejection}", candidate.program, candidate.origin)
    };
    rejected.iter().map(line).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests;
