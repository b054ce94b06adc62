//! Reads flows from their source and caches parsed files.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use foldhash::HashMap;

use super::{
    Flow, decorator,
    entrypoint::{Entrypoint, Location},
    error::FlowError,
    failing_imports,
    program::{
        ImportTarget, Module, Program, SearchPath, SearchResult, SourceLoader,
        file::PythonFile,
        import_roots::{find_folder, normalize, package_folders},
        search,
    },
    python::InspectedFlows,
    signature,
    sources::{FileImports, KnownSources},
    step_pool::StepPool,
};
use crate::environment::Environment;

/// An inspector that reads flows from source code.
///
/// It caches its results, so each file is parsed once and each flow is read once. Threads may share an inspector.
#[derive(Debug, Default)]
pub(crate) struct Inspector {
    files: Mutex<HashMap<PathBuf, Arc<PythonFile>>>,
    /// Results of module searches.
    located: SearchCache<SearchResult>,
    /// Project directories that contain top-level modules.
    folders: SearchCache<Option<String>>,
    /// Maps the path of each file to its imports.
    pub(super) imports: Mutex<HashMap<PathBuf, Arc<FileImports>>>,
    /// Program files, keyed by entrypoint and project directory.
    pub(super) sources: Mutex<KnownSources>,
    /// The package directories of projects, keyed by the directories where the metadata search starts.
    package_folders: Mutex<HashMap<[PathBuf; 2], Vec<PathBuf>>>,
    pub(super) inspected: InspectedFlows,
    pub(super) steps: StepPool,
    /// The entrypoints of all flows in the project. The first suggestion that needs them fills this cell.
    pub(super) tree: OnceLock<Vec<String>>,
}

impl Inspector {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Returns the flow at an entrypoint. Relative paths are resolved against `directory`.
    ///
    /// If [`Self::import_flows`] has imported the flow, the import result takes precedence over the source.
    ///
    /// # Errors
    ///
    /// Fails if the entrypoint does not refer to a flow, or if the flow's name cannot be determined.
    pub(crate) fn inspect(
        &self,
        entrypoint: &Entrypoint,
        directory: &Path,
        environment: &Environment,
    ) -> Result<Arc<Flow>, FlowError> {
        if let Some(flow) = self.inspected.flow(entrypoint) {
            return Ok(flow);
        }
        let flow = self.read(entrypoint, directory, environment).map(Arc::new);
        self.inspected.record(entrypoint, &flow);
        flow
    }

    /// Reads the flow at an entrypoint from its source, bypassing the cache.
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
        let installed = self.package_folders(path.and_then(Path::parent).unwrap_or(directory), directory);
        let search_path = SearchPath::new(path, directory, environment, installed);
        self.steps.with_limit(|steps| {
            let program = Program::new(self, environment, search_path, steps);
            let flow = flow_of(&program, script, entrypoint, directory);
            (flow, program.remaining_steps())
        })
    }

    /// Returns the parsed Python file at `path`, from the cache if possible.
    pub(super) fn file(&self, path: &Path) -> Result<Arc<PythonFile>, FlowError> {
        self.named_file(path, &path.display().to_string())
    }

    fn named_file(&self, path: &Path, name: &str) -> Result<Arc<PythonFile>, FlowError> {
        let file = self.file_containing(path, name, &[])?;
        file.ok_or_else(|| FlowError::FileMissing { path: name.to_owned() })
    }

    /// Returns the parsed Python file at `path`, or `None` if its text contains none of `words`.
    ///
    /// If `words` is empty, every file is parsed. The `name` is used in diagnostics.
    pub(super) fn file_containing(
        &self,
        path: &Path,
        name: &str,
        words: &[&str],
    ) -> Result<Option<Arc<PythonFile>>, FlowError> {
        let path = normalize(path);
        // A panic while the lock is held cannot leave a partial entry, so a poisoned map is still consistent.
        if let Some(file) = self.files.lock().unwrap_or_else(PoisonError::into_inner).get(&path) {
            return Ok(Some(Arc::clone(file)));
        }
        let Some(file) = PythonFile::read(&path, name, words)? else { return Ok(None) };
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Some(Arc::clone(files.entry(path).or_insert(Arc::new(file)))))
    }

    /// Returns the package directories of the project, from the cache if possible.
    pub(super) fn package_folders(&self, start: &Path, directory: &Path) -> Vec<PathBuf> {
        let mut known = self.package_folders.lock().unwrap_or_else(PoisonError::into_inner);
        let folders = known.entry([start.to_owned(), directory.to_owned()]);
        folders.or_insert_with(|| package_folders(start, directory)).clone()
    }
}

/// Results of searches in directories, keyed by directory and module name.
type SearchCache<T> = Mutex<HashMap<PathBuf, HashMap<String, T>>>;

/// Returns the result of a search, from the cache if possible.
fn cached<T: Clone>(
    cache: &SearchCache<T>,
    directory: &Path,
    name: &str,
    search: impl FnOnce(&Path, &str) -> T,
) -> T {
    // A panic while the lock is held cannot leave a partial entry, so a poisoned map is still consistent.
    let known = || cache.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(result) = known().get(directory).and_then(|names| names.get(name)) {
        return result.clone();
    }
    let result = search(directory, name);
    known().entry(directory.to_owned()).or_default().insert(name.to_owned(), result.clone());
    result
}

impl SourceLoader for Inspector {
    fn load(&self, path: &Path) -> Result<Arc<PythonFile>, FlowError> {
        self.file(path)
    }

    fn search(&self, root: &Path, dotted: &str) -> SearchResult {
        cached(&self.located, root, dotted, search)
    }

    fn find_folder(&self, directory: &Path, top: &str) -> Option<String> {
        cached(&self.folders, directory, top, find_folder)
    }
}

/// Reads a flow from its program. `script` is the file that defines the flow, unless the flow is in a module.
fn flow_of<'p>(
    program: &'p Program<'p>,
    script: Option<Arc<PythonFile>>,
    entrypoint: &Entrypoint,
    directory: &Path,
) -> Result<Flow, FlowError> {
    let module = match (script, &entrypoint.location) {
        (Some(file), _) => program.add_script(file),
        (None, location) => module_of(program, entrypoint, location)?,
    };
    let definition = decorator::find(program, module, entrypoint)?;
    let flow = signature::read(program, &definition)?;
    Ok(Flow { warnings: failing_imports::warnings(module, entrypoint, directory), ..flow })
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
        // A namespace package can be imported, but it has no file and therefore defines no flows.
        Ok(ImportTarget::Namespace(_)) if !name.contains('/') => {
            Err(FlowError::NotFound { name: entrypoint.object_path(), location: name, suggestion: None })
        }
        Ok(_) => Err(FlowError::ModuleMissing { module: name }),
        Err(error) => Err(FlowError::Unknowable { name, reason: error.reason(), place: None }),
    }
}
