//! The source of a flow's program: its modules, their syntax, and the meaning of names in them.

pub(crate) mod externals;
pub(crate) mod file;
pub(crate) mod scope;
pub(crate) mod syntax;

use std::{
    cell::{Cell, OnceCell},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    error::FlowError,
    eval_error::{EvalError, EvalResult},
};
use crate::environment::Environment;
use file::PythonFile;

/// How deeply names, types and values may refer to each other.
const DEPTH_LIMIT: usize = 64;

/// A module of the project.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) file: Arc<PythonFile>,
    /// The dotted name it is imported by, unless that depends on how the flow is run.
    pub(crate) name: Option<String>,
    /// The directory that `from . import x` looks in.
    package: PathBuf,
    /// The dotted name of that package.
    package_name: Option<String>,
}

impl Module {
    pub(crate) fn body(&self) -> &syntax::Body {
        &self.file.body
    }
}

/// What a dotted module name leads to.
pub(crate) enum ImportTarget<'p> {
    Module(&'p Module),
    /// A namespace package: a directory without `__init__.py`.
    Namespace(PathBuf),
    /// A module from outside the project.
    External,
}

/// Access to source files. The implementation may cache files between programs.
pub(crate) trait SourceLoader {
    /// Returns the parsed file.
    fn load(&self, path: &Path) -> Result<Arc<PythonFile>, FlowError>;

    /// Searches for a module below `root`; see [`search`].
    fn search(&self, root: &Path, dotted: &str) -> SearchResult;
}

/// The modules of the flow's program, loaded on demand.
pub(crate) struct Program<'p> {
    loader: &'p dyn SourceLoader,
    pub(crate) environment: &'p Environment,
    /// Where imports look, in order.
    roots: Vec<PathBuf>,
    modules: ModuleList,
    depth: Cell<usize>,
}

impl<'p> Program<'p> {
    pub(super) fn new(
        loader: &'p dyn SourceLoader,
        environment: &'p Environment,
        roots: Vec<PathBuf>,
    ) -> Self {
        Self { loader, environment, roots, modules: ModuleList::default(), depth: Cell::new(0) }
    }

    /// Adds a file that is run by its path. Its directory takes the place of its package.
    pub(super) fn add_script(&self, file: Arc<PythonFile>) -> &Module {
        let name = file.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let package = file.path.parent().map(Path::to_owned).unwrap_or_default();
        self.modules.push(Module { file, name, package, package_name: None })
    }

    /// Runs `step` one level deeper, or fails where the program refers to itself without end.
    pub(crate) fn descend<T>(&self, step: impl FnOnce() -> EvalResult<T>) -> EvalResult<T> {
        if self.depth.get() >= DEPTH_LIMIT {
            return Err(EvalError::unknown("its definition is nested too deeply"));
        }
        self.depth.set(self.depth.get() + 1);
        let result = step();
        self.depth.set(self.depth.get() - 1);
        result
    }

    /// The module that `import dotted` gives.
    pub(crate) fn find(&self, dotted: &str) -> EvalResult<ImportTarget<'_>> {
        let top = dotted.split('.').next().unwrap_or(dotted);
        // `folder/module` is a path, which no module is called by.
        if externals::is_preloaded(top) || dotted.contains(['/', '\\']) {
            return Ok(ImportTarget::External);
        }
        let mut directory = None;
        for root in &self.roots {
            match self.loader.search(root, dotted) {
                SearchResult::File(path) => {
                    return self.load(&path, Some(dotted.to_owned())).map(ImportTarget::Module);
                }
                SearchResult::Namespace(path) => directory = directory.or(Some(path)),
                SearchResult::MissingSubmodule => {
                    return Err(EvalError::unknown(format!("there is no module '{dotted}'")));
                }
                SearchResult::NotFound => {}
            }
        }
        Ok(directory.map_or(ImportTarget::External, ImportTarget::Namespace))
    }

    /// The module that `from ..dotted import x` in `module` takes `x` from; `dotted` may be empty.
    pub(crate) fn find_relative(
        &'p self,
        module: &'p Module,
        level: u32,
        dotted: &str,
    ) -> EvalResult<ImportTarget<'p>> {
        let mut directory = module.package.as_path();
        let mut package = module.package_name.as_deref();
        for _ in 1..level {
            directory = directory
                .parent()
                .ok_or_else(|| EvalError::unknown("it is imported from beyond the package"))?;
            package = package.and_then(|name| name.rsplit_once('.')).map(|(parent, _)| parent);
        }
        let name = match package {
            Some(package) if dotted.is_empty() => Some(package.to_owned()),
            Some(package) => Some(format!("{package}.{dotted}")),
            None => None,
        };
        match self.loader.search(directory, dotted) {
            SearchResult::File(path) => self.load(&path, name).map(ImportTarget::Module),
            SearchResult::Namespace(path) => Ok(ImportTarget::Namespace(path)),
            SearchResult::MissingSubmodule | SearchResult::NotFound => Err(EvalError::unknown(format!(
                "there is no module '{}{dotted}'",
                ".".repeat(level as usize)
            ))),
        }
    }

    /// A submodule of a package of the project.
    pub(crate) fn find_submodule(&'p self, package: &'p Module, name: &str) -> EvalResult<ImportTarget<'p>> {
        if package.file.path.file_name().is_some_and(|file| file == "__init__.py") {
            return self.find_relative(package, 1, name);
        }
        Err(EvalError::unknown(format!("'{}' has no '{name}'", package.file.source.name())))
    }

    /// A module in a directory without `__init__.py`.
    pub(crate) fn find_in_directory(&self, directory: &Path, name: &str) -> EvalResult<ImportTarget<'_>> {
        match self.loader.search(directory, name) {
            SearchResult::File(path) => self.load(&path, None).map(ImportTarget::Module),
            SearchResult::Namespace(path) => Ok(ImportTarget::Namespace(path)),
            SearchResult::MissingSubmodule | SearchResult::NotFound => {
                Err(EvalError::unknown(format!("there is no '{name}' in '{}'", directory.display())))
            }
        }
    }

    fn load(&self, path: &Path, name: Option<String>) -> EvalResult<&Module> {
        if let Some(module) = self.modules.iter().find(|module| module.file.path == path) {
            return Ok(module);
        }
        let file = self.loader.load(path).map_err(|error| {
            EvalError::unknown(format!(
                "'{}' cannot be imported: {}",
                path.display(),
                error.to_string().trim_end()
            ))
        })?;
        let is_package = path.file_name().is_some_and(|file| file == "__init__.py");
        let package_name = match &name {
            Some(name) if is_package => Some(name.clone()),
            Some(name) => name.rsplit_once('.').map(|(package, _)| package.to_owned()),
            None => None,
        };
        let package = path.parent().map(Path::to_owned).unwrap_or_default();
        Ok(self.modules.push(Module { file, name, package, package_name }))
    }
}

/// Where a dotted name leads from a directory.
#[derive(Debug, Clone)]
pub(crate) enum SearchResult {
    File(PathBuf),
    /// A directory without `__init__.py`.
    Namespace(PathBuf),
    /// A package or module exists but lacks the rest of the dotted name. Python stops searching there.
    MissingSubmodule,
    NotFound,
}

/// Looks for a module below `root`, as Python does.
pub(super) fn search(root: &Path, dotted: &str) -> SearchResult {
    let mut directory = root.to_owned();
    if dotted.is_empty() {
        return package(directory);
    }
    let mut parts = dotted.split('.').peekable();
    let mut in_package = false;
    while let Some(part) = parts.next() {
        let below = directory.join(part);
        let (init, file) = (below.join("__init__.py"), directory.join(format!("{part}.py")));
        let is_last = parts.peek().is_none();
        if init.is_file() {
            if is_last {
                return SearchResult::File(init);
            }
            in_package = true;
        } else if file.is_file() {
            return if is_last { SearchResult::File(file) } else { SearchResult::MissingSubmodule };
        } else if !below.is_dir() {
            return if in_package { SearchResult::MissingSubmodule } else { SearchResult::NotFound };
        }
        directory = below;
    }
    SearchResult::Namespace(directory)
}

fn package(directory: PathBuf) -> SearchResult {
    let init = directory.join("__init__.py");
    if init.is_file() { SearchResult::File(init) } else { SearchResult::Namespace(directory) }
}

/// A list that grows while its elements are borrowed.
#[derive(Default)]
struct ModuleList {
    first: OnceCell<Box<Node>>,
}

struct Node {
    module: Module,
    next: OnceCell<Box<Node>>,
}

impl ModuleList {
    fn push(&self, module: Module) -> &Module {
        let mut slot = &self.first;
        while let Some(node) = slot.get() {
            slot = &node.next;
        }
        &slot.get_or_init(|| Box::new(Node { module, next: OnceCell::new() })).module
    }

    fn iter(&self) -> impl Iterator<Item = &Module> {
        std::iter::successors(self.first.get(), |node| node.next.get()).map(|node| &node.module)
    }
}
