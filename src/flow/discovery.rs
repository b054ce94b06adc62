//! Discovers the flows in the Python files of a directory.

use std::{
    path::{Component, Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ignore::{DirEntry, WalkBuilder, WalkState};

use super::{
    FlowError, Grade, Inspector,
    entrypoint::{Entrypoint, Location},
    program::syntax::Decorated,
};
use crate::{diagnostics::did_you_mean, environment::Environment, fs};

/// Maximum number of flows that a suggestion lists by name.
const NAMED_AT_MOST: usize = 5;

/// A flow found by searching the Python files of a directory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct DiscoveredFlow {
    pub(crate) path: PathBuf,
    /// The function name, prefixed with the names of its enclosing classes, such as `Pipeline.run`.
    pub(crate) function: String,
    pub(crate) line: usize,
    /// The flow's name. If the flow cannot be read, the name comes from the string in its decorator or from
    /// the function's name.
    pub(crate) name: String,
    /// The accuracy of the parameter schema, or `None` if the flow cannot be read from its source.
    pub(crate) grade: Option<Grade>,
}

impl DiscoveredFlow {
    /// Returns the flow's entrypoint in the format that `prefectl deploy` accepts.
    pub(crate) fn entrypoint(&self) -> String {
        format!("{}:{}", self.path.display(), self.function)
    }

    /// Returns the user-visible name of the grade: `exact`, `approximate` or `failed`.
    pub(crate) fn grade_name(&self) -> &'static str {
        self.grade.map_or("failed", Grade::name)
    }
}

impl Inspector {
    /// Returns all flows in the Python files and directories in `paths`, sorted by file path and function name.
    ///
    /// Relative paths are resolved against `directory`. The search skips hidden directories, installed
    /// packages, files that Git ignores, and files that are not valid Python.
    pub(crate) fn discover(
        &self,
        paths: &[PathBuf],
        directory: &Path,
        environment: &Environment,
    ) -> Vec<DiscoveredFlow> {
        let Some((first, others)) = paths.split_first() else { return Vec::new() };
        let mut walker = WalkBuilder::new(directory.join(first));
        for path in others {
            walker.add(directory.join(path));
        }
        walker.require_git(false);
        let starts: Vec<PathBuf> = paths.iter().map(|path| directory.join(path)).collect();
        fs::limit_walk(&mut walker, &starts, |entry| {
            !matches!(entry.file_name().to_str(), Some("site-packages" | "node_modules" | "__pycache__"))
        });
        let found = Mutex::new(Vec::new());
        walker.build_parallel().run(|| {
            Box::new(|entry| {
                if let Ok(entry) = entry
                    && entry.path().extension().is_some_and(|extension| extension == "py")
                    && is_file(&entry)
                {
                    let flows = self.flows_of(entry.path(), directory, environment);
                    found.lock().unwrap_or_else(PoisonError::into_inner).extend(flows);
                }
                WalkState::Continue
            })
        });
        let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn flows_of(&self, path: &Path, directory: &Path, environment: &Environment) -> Vec<DiscoveredFlow> {
        let shown: PathBuf = path
            .strip_prefix(directory)
            .unwrap_or(path)
            .components()
            .filter(|part| *part != Component::CurDir)
            .collect();
        let Ok(Some(file)) = self.file_containing(path, &shown.display().to_string(), &["flow", "Flow"])
        else {
            return Vec::new();
        };
        let flow = |decorated: &Decorated| {
            let found = DiscoveredFlow {
                path: shown.clone(),
                line: file.source.position(decorated.at).line,
                name: decorated.name.clone().unwrap_or_else(|| decorated.function.clone()),
                function: decorated.path.clone(),
                grade: None,
            };
            let entrypoint = Entrypoint::parse(&found.entrypoint()).ok();
            match entrypoint.and_then(|it| self.inspect(&it, directory, environment).ok()) {
                Some(flow) => {
                    Some(DiscoveredFlow { name: flow.name.clone(), grade: Some(flow.grade), ..found })
                }
                None => decorated.is_certain.then_some(found),
            }
        };
        file.flows.iter().filter_map(flow).collect()
    }

    /// Returns a hint for fixing an entrypoint that failed with `error`.
    ///
    /// If the file or the function does not exist, the hint lists similar flows of the project.
    pub(crate) fn help(
        &self,
        error: &FlowError,
        entrypoint: &Entrypoint,
        directory: &Path,
        environment: &Environment,
    ) -> Option<String> {
        let known = error.help();
        match error {
            FlowError::FileMissing { .. } => {}
            FlowError::ModuleMissing { .. } if known.is_none() => {}
            FlowError::NotFound { suggestion: None, .. } => {
                let Location::File(path) = &entrypoint.location else { return known };
                let file =
                    self.file_containing(&directory.join(path), &path.display().to_string(), &[]).ok()??;
                let certain = file.flows.iter().filter(|flow| flow.is_certain);
                let paths: Vec<String> = certain.map(|flow| flow.path.clone()).collect();
                return named("flows in this file:", &paths);
            }
            _ => return known,
        }
        let found = self.entrypoints(directory, environment);
        let wanted = entrypoint.to_string();
        let same_function: Vec<&str> = found
            .iter()
            .map(String::as_str)
            .filter(|found| found.rsplit_once(':').is_some_and(|(_, name)| name == entrypoint.object_path()))
            .collect();
        let close = match same_function.as_slice() {
            [only] => Some(*only),
            [] => did_you_mean(&wanted, found.iter().map(String::as_str)),
            several => did_you_mean(&wanted, several.iter().copied()),
        };
        close
            .map(|close| format!("did you mean '{close}'?"))
            .or_else(|| named("flows in this project:", found))
    }
}

impl Inspector {
    /// Suggests a correction for `text`, which is not a valid entrypoint.
    ///
    /// If `text` is the path of a file, the suggestion lists the flows in this file. Otherwise, it lists all
    /// flows of the project.
    pub(crate) fn help_with_text(
        &self,
        text: &str,
        directory: &Path,
        environment: &Environment,
    ) -> Option<String> {
        let found = self.entrypoints(directory, environment);
        let is_in_file =
            |entrypoint: &&String| entrypoint.rsplit_once(':').is_some_and(|(file, _)| file == text);
        let in_file: Vec<String> = found.iter().filter(is_in_file).cloned().collect();
        named("flows in this file:", &in_file).or_else(|| named("flows in this project:", found))
    }

    /// Returns the entrypoints of all flows in the project. The project is searched only once.
    fn entrypoints(&self, directory: &Path, environment: &Environment) -> &[String] {
        self.tree.get_or_init(|| {
            let found = self.discover(&[PathBuf::new()], directory, environment);
            found.iter().map(DiscoveredFlow::entrypoint).collect()
        })
    }
}

/// Returns whether an entry is a file or a symbolic link to a file.
fn is_file(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_file() || (kind.is_symlink() && entry.path().is_file()))
}

/// Formats a list of flow names, introduced by `sentence`. Returns `None` if there are no names.
///
/// Long lists are shortened to [`NAMED_AT_MOST`] names.
fn named(sentence: &str, names: &[String]) -> Option<String> {
    let more = names.len().saturating_sub(NAMED_AT_MOST);
    let list =
        names.iter().take(NAMED_AT_MOST).map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
    match (names.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(format!("{sentence} {list}")),
        (false, more) => {
            Some(format!("{sentence} {list} and {more} more (run `prefectl flow ls` to list all flows)"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_files;

    #[test]
    fn discovers_flows_at_any_depth_in_order() {
        let directory = test_files::directory(&[
            ("b.py", "import prefect\n@prefect.flow(name='B flow')\ndef b(): ...\n"),
            (
                "a/a.py",
                "from prefect import flow\n@flow\ndef z_z(): ...\nclass A:\n    @other\n    @flow(retries=1)\n    def a(self): ...\ndef f():\n    @flow\n    def inner(): ...\n",
            ),
            ("a/broken.py", "@flow\ndef x(:\n"),
            ("a/none.py", "@task\ndef flow(): ...\n"),
            ("lib/site-packages/c.py", "@flow\ndef c(): ...\n"),
            ("ignored/d.py", "@flow\ndef d(): ...\n"),
            (".gitignore", "ignored/\n"),
        ]);
        let found = |paths: &[&str]| -> Vec<String> {
            let paths: Vec<PathBuf> = paths.iter().map(PathBuf::from).collect();
            let found = Inspector::new().discover(&paths, directory.path(), &Environment::default());
            let line = |flow: &DiscoveredFlow| {
                format!("{} {} {} {}", flow.entrypoint(), flow.line, flow.name, flow.grade_name())
            };
            found.iter().map(line).collect()
        };
        let in_a = ["a/a.py:A.a 7 a failed", "a/a.py:inner 10 inner failed", "a/a.py:z_z 3 z-z exact"];
        assert_eq!(found(&["."]), [in_a.as_slice(), &["b.py:b 3 B flow exact"]].concat());
        assert_eq!(found(&["./a", "a/a.py"]), in_a);
        assert_eq!(found(&["b.py"]), ["b.py:b 3 B flow exact"]);
    }

    #[test]
    fn suggests_existing_flows_for_a_wrong_entrypoint() {
        let flow = "from prefect import flow\n@flow\ndef hello(): ...\n@flow\ndef goodbye(): ...\n";
        let directory = test_files::directory(&[("flows/greet.py", flow), ("other.py", flow)]);
        let help = |entrypoint: &str| {
            let inspector = Inspector::new();
            let (entrypoint, environment) = (Entrypoint::parse(entrypoint).unwrap(), Environment::default());
            let error = inspector.inspect(&entrypoint, directory.path(), &environment).unwrap_err();
            inspector.help(&error, &entrypoint, directory.path(), &environment).unwrap_or_default()
        };
        assert_eq!(help("flow/greet.py:hello"), "did you mean 'flows/greet.py:hello'?");
        assert_eq!(help("flows/greet.py:helo"), "did you mean 'hello'?");
        assert_eq!(help("flows/greet.py:x"), "flows in this file: 'hello', 'goodbye'");
        let all = "'flows/greet.py:goodbye', 'flows/greet.py:hello', 'other.py:goodbye', 'other.py:hello'";
        assert_eq!(help("zzz.py:q"), format!("flows in this project: {all}"));
        let help = |text| Inspector::new().help_with_text(text, directory.path(), &Environment::default());
        let in_file = "flows in this file: 'other.py:goodbye', 'other.py:hello'";
        assert_eq!(help("other.py").as_deref(), Some(in_file));
        assert_eq!(help("none.py"), Some(format!("flows in this project: {all}")));
    }
}
