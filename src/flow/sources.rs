//! Determines the project files that a flow depends on, by following its imports.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    path::{Path, PathBuf},
    sync::{Arc, PoisonError},
};

use super::{
    entrypoint::{Entrypoint, Location},
    inspector::Inspector,
    program::{
        ImportTarget, Program, SearchPath, SearchResult, SourceLoader as _, file,
        import_roots::normalize,
        syntax::{ImportStatement, imports},
    },
    step_pool::FREE_STEPS,
};
use crate::environment::Environment;

/// The project files that a flow imports, directly or indirectly.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct FlowSources {
    /// Absolute paths of the file that defines the flow and of all imported modules. The targets of symbolic
    /// links are also included.
    pub(crate) files: BTreeSet<PathBuf>,
    /// Imported modules that are not part of the project, as paths without a suffix, such as `package/module`. The flow
    /// might have imported a deleted file whose path is in this set.
    pub(crate) missing: BTreeSet<String>,
}

/// Program files, keyed by entrypoint and project directory. The value is `None` if the program is not part of the
/// project.
pub(super) type KnownSources = HashMap<(Entrypoint, PathBuf), Option<Arc<FlowSources>>>;

impl Inspector {
    /// Returns the absolute path of the file that defines an entrypoint's flow. The file may not exist. Returns `None`
    /// if the entrypoint refers to a module outside the project.
    pub(crate) fn defining_file(
        &self,
        entrypoint: &Entrypoint,
        directory: &Path,
        environment: &Environment,
    ) -> Option<PathBuf> {
        match &entrypoint.location {
            Location::File(path) => Some(normalize(&directory.join(path))),
            Location::Module(name) => {
                let installed = self.package_folders(directory, directory);
                let search_path = SearchPath::new(None, directory, environment, installed);
                match Program::new(self, environment, search_path, FREE_STEPS).locate(name) {
                    SearchResult::File(path) => Some(path),
                    _ => None,
                }
            }
        }
    }

    /// Returns the project files that an entrypoint's flow depends on, from the cache if possible. Considers all
    /// imports, including imports in functions and in blocks that may not run.
    ///
    /// Returns `None` if the flow is defined in a module outside the project.
    pub(crate) fn sources(
        &self,
        entrypoint: &Entrypoint,
        directory: &Path,
        environment: &Environment,
    ) -> Option<Arc<FlowSources>> {
        let key = (entrypoint.clone(), directory.to_owned());
        // A panic while the lock is held cannot leave a partial entry, so a poisoned map is still consistent.
        let known = || self.sources.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sources) = known().get(&key) {
            return sources.clone();
        }
        let sources = self.find_sources(entrypoint, directory, environment).map(Arc::new);
        known().insert(key, sources.clone());
        sources
    }

    fn find_sources(
        &self,
        entrypoint: &Entrypoint,
        directory: &Path,
        environment: &Environment,
    ) -> Option<FlowSources> {
        let file = self.defining_file(entrypoint, directory, environment)?;
        let script = matches!(entrypoint.location, Location::File(_)).then_some(file.as_path());
        let installed = self.package_folders(script.and_then(Path::parent).unwrap_or(directory), directory);
        let program = Program::new(
            self,
            environment,
            SearchPath::new(script, directory, environment, installed),
            FREE_STEPS,
        );
        // The program determines the changes to `sys.path`, so the file must be parsable.
        match (&entrypoint.location, self.file(&file)) {
            (Location::File(_), Ok(parsed)) => drop(program.add_script(parsed)),
            (Location::Module(name), Ok(_)) => {
                let _: Option<ImportTarget<'_>> = program.find(name).ok();
            }
            (_, Err(_)) => {}
        }
        let mut sources = Sources { program: &program, inspector: self, found: FlowSources::default() };
        if let Location::Module(name) = &entrypoint.location {
            sources.packages_of(name);
        }
        sources.add(file);
        sources.follow();
        Some(sources.found)
    }

    /// Returns the imports of a file, from the cache if possible.
    fn imports(&self, path: &Path) -> Arc<FileImports> {
        let known = || self.imports.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known().get(path) {
            return Arc::clone(found);
        }
        let statements = file::text(path).map(|text| imports(&text)).unwrap_or_default();
        let target = path.canonicalize().ok().filter(|target| target != path);
        Arc::clone(known().entry(path.to_owned()).or_insert(Arc::new(FileImports { statements, target })))
    }
}

/// The imports of a file.
#[derive(Debug)]
pub(super) struct FileImports {
    statements: Vec<ImportStatement>,
    /// The path with symbolic links resolved, or `None` if it contains no symbolic links.
    target: Option<PathBuf>,
}

struct Sources<'p> {
    program: &'p Program<'p>,
    inspector: &'p Inspector,
    found: FlowSources,
}

impl Sources<'_> {
    fn add(&mut self, path: PathBuf) {
        self.found.files.insert(path);
    }

    /// Adds the modules that known files import. Repeats this step until all imports are known.
    fn follow(&mut self) {
        let mut read = HashSet::new();
        loop {
            let unread: Vec<PathBuf> =
                self.found.files.iter().filter(|path| !read.contains(*path)).cloned().collect();
            if unread.is_empty() {
                return;
            }
            for path in unread {
                let imports = self.inspector.imports(&path);
                self.found.files.extend(imports.target.clone());
                for import in &imports.statements {
                    self.import(import, &path);
                }
                read.insert(path);
            }
        }
    }

    /// Adds the modules that a statement in the file at `path` imports.
    fn import(&mut self, import: &ImportStatement, path: &Path) {
        if import.level == 0 {
            self.packages_of(&import.module);
            let found = self.program.locate(&import.module);
            self.module(found, &import.module.replace('.', "/"), &import.names);
            return;
        }
        let levels = usize::try_from(import.level).unwrap_or(usize::MAX);
        let Some(directory) = path.ancestors().nth(levels) else { return };
        self.packages_below(directory, &import.module);
        let found = self.inspector.search(directory, &import.module);
        let name = directory.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let below = import.module.replace('.', "/");
        let suffix = if below.is_empty() { name } else { format!("{name}/{below}") };
        self.module(found, &suffix, &import.names);
    }

    /// Adds a located module and its submodules that are imported by name. `suffix` is the module's path
    /// without a suffix.
    fn module(&mut self, found: SearchResult, suffix: &str, names: &[String]) {
        let package = match found {
            SearchResult::File(path) => {
                let is_package = path.file_name().is_some_and(|name| name == "__init__.py");
                let directory = path.parent().filter(|_| is_package).map(Path::to_owned);
                self.add(path);
                directory
            }
            SearchResult::Namespace(path) => Some(path),
            SearchResult::MissingSubmodule | SearchResult::NotFound => {
                self.found.missing.insert(suffix.to_owned());
                None
            }
        };
        let Some(package) = package else { return };
        for name in names.iter().filter(|name| *name != "*") {
            match self.inspector.search(&package, name) {
                SearchResult::File(path) => self.add(path),
                SearchResult::Namespace(_) => {}
                SearchResult::MissingSubmodule | SearchResult::NotFound => {
                    self.found.missing.insert(format!("{suffix}/{name}"));
                }
            }
        }
    }

    /// Adds the packages that contain a module. Python imports them before the module.
    fn packages_of(&mut self, dotted: &str) {
        for (at, _) in dotted.match_indices('.') {
            if let SearchResult::File(path) = self.program.locate(&dotted[..at]) {
                self.add(path);
            }
        }
    }

    fn packages_below(&mut self, directory: &Path, dotted: &str) {
        let parents = dotted.match_indices('.').map(|(at, _)| &dotted[..at]);
        for parent in std::iter::once("").chain(parents) {
            if let SearchResult::File(path) = self.inspector.search(directory, parent) {
                self.add(path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_files;

    /// Returns the files and the missing modules of a flow, relative to the directory of the project.
    fn sources(files: &[(&str, &str)], entrypoint: &str) -> Option<(Vec<String>, Vec<String>)> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        test_files::write(&root, files);
        let entrypoint = Entrypoint::parse(entrypoint).unwrap();
        let found = Inspector::new().sources(&entrypoint, &root, &Environment::default())?;
        let relative = |path: &PathBuf| path.strip_prefix(&root).unwrap().display().to_string();
        Some((found.files.iter().map(relative).collect(), found.missing.iter().cloned().collect()))
    }

    #[test]
    fn follows_imports_transitively() {
        let files = [
            ("flows/etl.py", "import prefect\nfrom lib.tables import load\nfrom helper import x\n"),
            ("flows/helper.py", "def x():\n    from lib import late\n"),
            ("flows/other.py", "import lib.unused\n"),
            ("lib/__init__.py", ""),
            ("lib/tables.py", "from . import columns\nfrom .deep.types import T\nfrom . import gone\n"),
            ("lib/columns.py", "import lib.tables\n"),
            ("lib/late.py", "syntax error = = \n"),
            ("lib/deep/__init__.py", ""),
            ("lib/deep/types.py", "T = int\n"),
            ("lib/unused.py", ""),
        ];
        let (found, missing) = sources(&files, "flows/etl.py:etl").unwrap();
        assert_eq!(
            found,
            [
                "flows/etl.py",
                "flows/helper.py",
                "lib/__init__.py",
                "lib/columns.py",
                "lib/deep/__init__.py",
                "lib/deep/types.py",
                "lib/late.py",
                "lib/tables.py",
            ]
        );
        assert_eq!(missing, ["lib/gone", "prefect"]);
    }

    #[test]
    fn finds_packages_of_the_project() {
        let files = [
            ("pyproject.toml", "[project]\nname = 'a'\n"),
            ("src/acme/__init__.py", ""),
            ("src/acme/flows.py", "from acme.names import *\nfrom space import part\n"),
            ("src/acme/names.py", ""),
            ("src/space/part.py", ""),
        ];
        let (found, _) = sources(&files, "acme.flows.run").unwrap();
        assert_eq!(
            found,
            ["src/acme/__init__.py", "src/acme/flows.py", "src/acme/names.py", "src/space/part.py"]
        );
        assert_eq!(sources(&files, "other.flows.run"), None);
    }

    #[test]
    fn considers_changes_of_the_import_path() {
        let text = "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parent / 'lib'))\nimport part\n";
        let (found, _) = sources(&[("a/flow.py", text), ("a/lib/part.py", "")], "a/flow.py:run").unwrap();
        assert_eq!(found, ["a/flow.py", "a/lib/part.py"]);
    }
}
