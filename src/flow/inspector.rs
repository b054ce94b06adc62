//! The cache of parsed files, and the way from an entrypoint to a flow.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use super::{
    Flow, decorator,
    entrypoint::{Entrypoint, Location},
    error::FlowError,
    program::{
        ImportTarget, Module, Program, SearchPath, SearchResult, SourceLoader, file::PythonFile,
        import_roots::normalize, search,
    },
    python::Memory,
    signature,
};
use crate::environment::Environment;

/// Reads flows, each file and each flow once. Shared by the threads of a command.
#[derive(Debug, Default)]
pub(crate) struct Inspector {
    files: Mutex<HashMap<PathBuf, Arc<PythonFile>>>,
    /// Where modules were found, by the directory that was searched: flows beside each other import the same.
    located: Mutex<HashMap<PathBuf, HashMap<String, SearchResult>>>,
    pub(super) memory: Memory,
    /// The entrypoints of all flows below the directory, once somebody has asked for them.
    pub(super) tree: OnceLock<Vec<String>>,
}

impl Inspector {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// The flow that an entrypoint names: what Python has said of it, if it was asked, else what its source tells.
    /// Paths are taken from `directory`.
    pub(crate) fn inspect(
        &self,
        entrypoint: &Entrypoint,
        directory: &Path,
        environment: &Environment,
    ) -> Result<Arc<Flow>, FlowError> {
        if let Some(flow) = self.memory.flow(entrypoint) {
            return Ok(flow);
        }
        let flow = self.read(entrypoint, directory, environment).map(Arc::new);
        self.memory.note(entrypoint, &flow);
        flow
    }

    /// Reads the flow from its source; no Python runs.
    fn read(
        &self,
        entrypoint: &Entrypoint,
        directory: &Path,
        environment: &Environment,
    ) -> Result<Flow, FlowError> {
        let script = match &entrypoint.location {
            Location::File(path) => {
                Some(self.named_file(&directory.join(path), &path.display().to_string())?)
            }
            Location::Module(_) => None,
        };
        let path = script.as_ref().map(|file| file.path.as_path());
        let program = Program::new(self, environment, SearchPath::new(path, directory, environment));
        let module = match (script, &entrypoint.location) {
            (Some(file), _) => program.add_script(file),
            (None, location) => module_of(&program, entrypoint, location)?,
        };
        let definition = decorator::find(&program, module, entrypoint)?;
        signature::read(&program, &definition)
    }

    /// A parsed file, called by its path in messages.
    pub(super) fn file(&self, path: &Path) -> Result<Arc<PythonFile>, FlowError> {
        self.named_file(path, &path.display().to_string())
    }

    fn named_file(&self, path: &Path, name: &str) -> Result<Arc<PythonFile>, FlowError> {
        let file = self.file_containing(path, name, &[])?;
        file.ok_or_else(|| FlowError::FileMissing { path: name.to_owned() })
    }

    /// Returns the file, or `None` if its text contains none of `words`. Without words every file is returned.
    pub(super) fn file_containing(
        &self,
        path: &Path,
        name: &str,
        words: &[&str],
    ) -> Result<Option<Arc<PythonFile>>, FlowError> {
        let path = normalize(path);
        // A poisoned lock means another thread failed between two whole entries: the map is still good.
        if let Some(file) = self.files.lock().unwrap_or_else(PoisonError::into_inner).get(&path) {
            return Ok(Some(Arc::clone(file)));
        }
        let Some(file) = PythonFile::read(&path, name, words)? else { return Ok(None) };
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(Arc::clone(files.entry(path).or_insert(Arc::new(file)))))
    }

    fn cached_search(&self, directory: &Path, dotted: &str) -> SearchResult {
        // As with files, what a failing thread has left is whole entries.
        let known = || self.located.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(located) = known().get(directory).and_then(|names| names.get(dotted)) {
            return located.clone();
        }
        let located = search(directory, dotted);
        known().entry(directory.to_owned()).or_default().insert(dotted.to_owned(), located.clone());
        located
    }
}

impl SourceLoader for Inspector {
    fn load(&self, path: &Path) -> Result<Arc<PythonFile>, FlowError> {
        self.file(path)
    }

    fn search(&self, root: &Path, dotted: &str) -> SearchResult {
        self.cached_search(root, dotted)
    }
}

fn module_of<'p>(
    program: &'p Program<'p>,
    entrypoint: &Entrypoint,
    location: &Location,
) -> Result<&'p Module, FlowError> {
    let name = match location {
        Location::Module(name) => name.clone(),
        Location::File(path) => path.display().to_string(),
    };
    match program.find(&name) {
        Ok(ImportTarget::Module(module)) => Ok(module),
        // A namespace package imports, and has nothing.
        Ok(ImportTarget::Namespace(_)) if !name.contains('/') => {
            Err(FlowError::NotFound { name: entrypoint.object_path(), location: name, suggestion: None })
        }
        Ok(_) => Err(FlowError::ModuleMissing { module: name }),
        Err(error) => Err(FlowError::Unknowable { name, reason: error.reason(), place: None }),
    }
}
