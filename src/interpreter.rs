//! The user's Python interpreter: where to look for one, and which of those found has the packages that are needed.
//!
//! One that is chosen, by option or by `PREFECTL_PYTHON`, is the only one tried. Otherwise the active virtual
//! environment, `.venv` of the project, and `python3` and `python` on the path are tried in this order.

use std::{
    collections::BTreeMap,
    fmt, io,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;

use crate::{
    environment::Environment,
    process::{self, Program},
};

/// How long an interpreter may take to say what it has. It imports nothing for that.
const PROBE_LIMIT: Duration = Duration::from_secs(20);

/// Tells the version of Python, and which of the modules it is given it cannot find. The current directory, which
/// Python searches first, may have a folder of that name and is left out.
const PROBE: &str = "\
import importlib.util, json, platform, sys
if sys.path[:1] == ['']:
    del sys.path[0]
def found(name):
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin is not None
missing = [name for name in sys.argv[1:] if not found(name)]
print(json.dumps({'version': platform.python_version(), 'missing': missing}))
";

/// Where to look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Search<'a> {
    /// What `--python` names: a program, or the folder of a virtual environment.
    pub(crate) chosen: Option<&'a str>,
    pub(crate) environment: &'a Environment,
    /// The project's folder.
    pub(crate) directory: &'a Path,
}

/// A place where an interpreter may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    pub(crate) program: String,
    pub(crate) origin: Origin,
}

/// Why a place is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// `--python`
    Option,
    /// `PREFECTL_PYTHON`
    Variable,
    /// `VIRTUAL_ENV`
    ActiveEnvironment,
    /// `.venv` in the project's folder
    ProjectEnvironment,
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

/// An interpreter that runs and has what was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Interpreter {
    pub(crate) program: String,
    pub(crate) origin: Origin,
    /// The version of Python: `3.12.4`.
    pub(crate) version: String,
}

/// No interpreter has what is needed; each that was tried is listed with the reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no Python{} was found{}", with_modules(.modules), listed(.tried))]
pub(crate) struct NoInterpreter {
    modules: Vec<String>,
    tried: Vec<(Candidate, Rejection)>,
}

/// What is wrong with a candidate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Rejection {
    #[error("it cannot be started: {0}")]
    NotStarted(String),
    #[error("it did not answer within {} s", PROBE_LIMIT.as_secs())]
    TimedOut,
    #[error("it does not run as Python does: {0}")]
    NotPython(String),
    #[error("it has no {}", .0.join(", "))]
    Lacks(Vec<String>),
}

impl Search<'_> {
    /// Whether the user has named an interpreter, which is then the only one tried.
    pub(crate) fn is_chosen(&self) -> bool {
        self.chosen.is_some() || self.environment.non_empty("PREFECTL_PYTHON").is_some()
    }

    /// The places to try, in order. Those that are not chosen exist.
    pub(crate) fn candidates(&self) -> Vec<Candidate> {
        let chosen = self.chosen.map(|chosen| (chosen, Origin::Option)).or_else(|| {
            self.environment.non_empty("PREFECTL_PYTHON").map(|chosen| (chosen, Origin::Variable))
        });
        if let Some((chosen, origin)) = chosen {
            return vec![Candidate { program: self.chosen_program(chosen), origin }];
        }
        let active = self.environment.non_empty("VIRTUAL_ENV").map(|folder| self.directory.join(folder));
        let environments = [
            (active, Origin::ActiveEnvironment),
            (Some(self.directory.join(".venv")), Origin::ProjectEnvironment),
        ];
        let of_environments = environments.into_iter().filter_map(|(folder, origin)| {
            Some(Candidate { program: text(&environment_python(&folder?)?), origin })
        });
        let on_path = ["python3", "python"].into_iter().filter_map(|name| {
            let file = process::find_on_path(name, self.environment.get("PATH"), self.directory)?;
            Some(Candidate { program: text(&file), origin: Origin::Path })
        });
        let mut candidates: Vec<Candidate> = Vec::new();
        for candidate in of_environments.chain(on_path) {
            if candidates.iter().all(|other| other.program != candidate.program) {
                candidates.push(candidate);
            }
        }
        candidates
    }

    fn chosen_program(&self, chosen: &str) -> String {
        let path = self.directory.join(chosen);
        if let Some(python) = environment_python(&path) {
            return text(&python);
        }
        // A bare name is searched on the path when it is started.
        if chosen.contains(std::path::is_separator) { text(&path) } else { chosen.to_owned() }
    }

    /// The first interpreter that finds all `modules`, which are not imported for that.
    ///
    /// # Errors
    ///
    /// When none does, with what was tried.
    pub(crate) async fn find(&self, modules: &[&str]) -> Result<Interpreter, NoInterpreter> {
        let mut tried = Vec::new();
        for candidate in self.candidates() {
            match self.probe(&candidate.program, modules).await {
                Ok(version) => {
                    let Candidate { program, origin } = candidate;
                    return Ok(Interpreter { program, origin, version });
                }
                Err(rejection) => tried.push((candidate, rejection)),
            }
        }
        Err(NoInterpreter { modules: modules.iter().map(|&module| module.to_owned()).collect(), tried })
    }

    /// The version of an interpreter that has all `modules`.
    async fn probe(&self, program: &str, modules: &[&str]) -> Result<String, Rejection> {
        let arguments: Vec<String> =
            ["-c", PROBE].iter().chain(modules).map(|&argument| argument.to_owned()).collect();
        let program = Program {
            program,
            arguments: &arguments,
            directory: self.directory,
            environment: self.environment,
            variables: &BTreeMap::new(),
        };
        let finished = tokio::time::timeout(PROBE_LIMIT, process::run_with_input(&program, b""))
            .await
            .map_err(|_| Rejection::TimedOut)?
            .map_err(|error| Rejection::NotStarted(reason(&error)))?;
        let answer: Answer = serde_json::from_str(finished.stdout.trim()).map_err(|_| {
            let last = finished.stderr.trim().lines().next_back().unwrap_or_default().to_owned();
            let code = finished.code;
            Rejection::NotPython(if last.is_empty() { format!("it ends with code {code}") } else { last })
        })?;
        if answer.missing.is_empty() { Ok(answer.version) } else { Err(Rejection::Lacks(answer.missing)) }
    }
}

/// What the probe prints.
#[derive(Deserialize)]
struct Answer {
    version: String,
    missing: Vec<String>,
}

/// The interpreter of a virtual environment. Links stay: through them the interpreter knows its environment.
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
        io::ErrorKind::NotFound => "there is no such program".to_owned(),
        _ => error.to_string(),
    }
}

fn with_modules(modules: &[String]) -> String {
    if modules.is_empty() { String::new() } else { format!(" with {}", modules.join(", ")) }
}

fn listed(tried: &[(Candidate, Rejection)]) -> String {
    if tried.is_empty() {
        return ": there is no active virtual environment, no .venv in the project, and no python3 on the path"
            .to_owned();
    }
    let line = |(candidate, rejection): &(Candidate, Rejection)| {
        format!("\n  {} ({}): {rejection}", candidate.program, candidate.origin)
    };
    tried.iter().map(line).collect::<Vec<_>>().concat()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    /// A folder with programs that answer as `script` says.
    fn folder(programs: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (path, script) in programs {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    const GOOD: &str = r#"echo '{"version": "3.12.4", "missing": []}'"#;
    const LACKS: &str = r#"echo '{"version": "3.12.4", "missing": ["prefect"]}'"#;

    fn search<'a>(environment: &'a Environment, folder: &'a tempfile::TempDir) -> Search<'a> {
        Search { chosen: None, environment, directory: folder.path() }
    }

    #[test]
    fn candidates_come_in_order_and_a_choice_is_the_only_one() {
        let folder = folder(&[("active/bin/python", ""), (".venv/bin/python", ""), ("bin/python3", "")]);
        let at = |path: &str| text(&folder.path().join(path));
        let path = at("bin");
        let environment: Environment = [("VIRTUAL_ENV", "active"), ("PATH", &path)].into_iter().collect();
        let programs = |search: Search<'_>| -> Vec<(String, Origin)> {
            search.candidates().into_iter().map(|one| (one.program, one.origin)).collect()
        };
        assert_eq!(
            programs(search(&environment, &folder)),
            [
                (at("active/bin/python"), Origin::ActiveEnvironment),
                (at(".venv/bin/python"), Origin::ProjectEnvironment),
                (at("bin/python3"), Origin::Path),
            ]
        );
        let chosen: Environment = [("PREFECTL_PYTHON", "./mine"), ("PATH", &path)].into_iter().collect();
        assert_eq!(programs(search(&chosen, &folder)), [(at("./mine"), Origin::Variable)]);
        let option = Search { chosen: Some("active"), ..search(&chosen, &folder) };
        assert_eq!(programs(option), [(at("active/bin/python"), Origin::Option)]);
        let option = Search { chosen: Some("python3.12"), ..search(&chosen, &folder) };
        assert_eq!(programs(option), [("python3.12".to_owned(), Origin::Option)]);
        assert!(programs(search(&Environment::default(), &tempfile::tempdir().unwrap())).len() <= 2);
    }

    #[tokio::test]
    async fn the_first_that_has_the_modules_is_taken() {
        let folder = folder(&[(".venv/bin/python", LACKS), ("bin/python3", GOOD)]);
        let path = text(&folder.path().join("bin"));
        let environment: Environment = [("PATH", path)].into_iter().collect();
        let found = search(&environment, &folder).find(&["prefect"]).await.unwrap();
        assert_eq!((found.origin, found.version.as_str()), (Origin::Path, "3.12.4"));
    }

    #[tokio::test]
    async fn without_one_the_error_tells_what_was_tried() {
        let folder = folder(&[(".venv/bin/python", LACKS), ("bin/python3", "echo broken >&2; exit 3")]);
        let path = text(&folder.path().join("bin"));
        let environment: Environment = [("PATH", path)].into_iter().collect();
        let error = search(&environment, &folder).find(&["prefect"]).await.unwrap_err();
        let shown = error.to_string().replace(&text(folder.path()), "");
        assert_eq!(
            shown,
            "no Python with prefect was found\n  \
             /.venv/bin/python (the project's .venv): it has no prefect\n  \
             /bin/python3 (PATH): it does not run as Python does: broken"
        );
        let chosen = Search { chosen: Some("./none"), ..search(&environment, &folder) };
        let error = chosen.find(&["prefect"]).await.unwrap_err();
        assert!(
            error.to_string().ends_with("(--python): it cannot be started: there is no such program"),
            "{error}"
        );
    }
}
