//! The source code of a flow's program: its modules, their syntax trees, and the meaning of names.

mod append_list;
pub(crate) mod attributes;
mod branches;
pub(crate) mod entity;
mod environment_changes;
pub(crate) mod externals;
pub(crate) mod file;
pub(crate) mod import_roots;
mod memo;
pub(crate) mod scope;
mod search;
pub(crate) mod syntax;

pub(crate) use search::{SearchResult, search};

use std::{
    cell::Cell,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    error::FlowError,
    eval_error::{EvalError, EvalResult},
    evaluate::Value,
};
use crate::environment::Environment;
use append_list::AppendList;
use file::PythonFile;
pub(crate) use import_roots::SearchPath;
pub(crate) use memo::Members;
use memo::Memo;
use scope::Locals;
use syntax::{ClassDef, FunctionBodies};

/// Maximum depth of nested references between names, types and values.
const DEPTH_LIMIT: usize = 64;

/// A module of the project.
#[derive(Debug)]
pub(crate) struct Module {
    pub(crate) file: Arc<PythonFile>,
    /// The dotted name of the module, or `None` if the name depends on how the flow is loaded.
    pub(crate) name: Option<String>,
    /// The directory where `from . import x` searches for the module `x`.
    package: PathBuf,
    /// The dotted name of the package in this directory, or `None` if the name is unknown.
    package_name: Option<String>,
}

impl Module {
    pub(crate) fn body(&self) -> &syntax::Body {
        &self.file.body
    }

    /// Returns the module's absolute path: the value of `__file__`.
    fn absolute_path(&self, program: &Program<'_>) -> String {
        let path = import_roots::normalize(&program.directory().join(&self.file.path));
        path.display().to_string()
    }
}

/// The result of resolving a dotted module name to a module.
pub(crate) enum ImportTarget<'p> {
    Module(&'p Module),
    /// A namespace package: a directory without an `__init__.py` file.
    Namespace(PathBuf),
    /// A module outside the project.
    External,
}

/// A loader of source files. An implementation may cache files across programs.
pub(crate) trait SourceLoader {
    /// Returns the parsed Python file at `path`.
    fn load(&self, path: &Path) -> Result<Arc<PythonFile>, FlowError>;

    /// Searches the directory `root` for a module. See [`search()`].
    fn search(&self, root: &Path, dotted: &str) -> SearchResult;

    /// Searches a project for the directory that contains a top-level module. See
    /// [`import_roots::find_folder`].
    fn find_folder(&self, directory: &Path, top: &str) -> Option<String>;
}

/// Size of the values that can be copied in one evaluation step. See [`Value::size`].
const SIZE_PER_STEP: usize = 4;

/// Number of source bytes that can be read in one evaluation step.
const BYTES_PER_STEP: usize = 8;

/// Maximum number of expressions that are interpreted for a flow. The limit also bounds the nesting of
/// objects, because dropping them is recursive.
const INTERPRETED_LIMIT: u32 = 10_000;

/// Maximum number of annotations that are converted to schemas for a flow. A schema repeats the schema of an alias
/// wherever the alias is used, so a few aliases can produce a very large schema.
const ANNOTATION_LIMIT: u32 = 50_000;

/// The program of a flow. Modules are loaded on demand, and their properties are cached.
pub(crate) struct Program<'p> {
    loader: &'p dyn SourceLoader,
    pub(crate) environment: &'p Environment,
    search_path: SearchPath,
    modules: AppendList<Module>,
    /// The local variables of function calls that the interpreter has evaluated.
    locals: AppendList<Locals<'p>>,
    /// The definitions of classes that are created by calls.
    classes: AppendList<ClassDef>,
    pub(crate) memo: Memo<'p>,
    depth: Cell<usize>,
    /// Number of remaining evaluation steps.
    steps: Cell<u32>,
    annotations: Cell<u32>,
    interpreted: Cell<u32>,
    /// Minor version of Python 3 assumed while a condition is evaluated. `None` if no version is assumed.
    pub(crate) python_minor: Cell<Option<u8>>,
}

impl<'p> Program<'p> {
    /// Creates the program of a flow. Reading the program may take at most `steps` evaluation steps.
    pub(super) fn new(
        loader: &'p dyn SourceLoader,
        environment: &'p Environment,
        search_path: SearchPath,
        steps: u32,
    ) -> Self {
        Self {
            loader,
            environment,
            search_path,
            modules: AppendList::default(),
            locals: AppendList::default(),
            classes: AppendList::default(),
            memo: Memo::default(),
            depth: Cell::new(0),
            steps: Cell::new(steps),
            annotations: Cell::new(0),
            interpreted: Cell::new(0),
            python_minor: Cell::new(None),
        }
    }

    /// Counts an evaluation step.
    ///
    /// # Errors
    ///
    /// Fails if no steps remain.
    pub(crate) fn step(&self) -> EvalResult<()> {
        self.count_steps(1)
    }

    /// Counts the steps for copying or comparing a value. Their number depends on the size of the value.
    ///
    /// # Errors
    ///
    /// Fails if fewer steps remain.
    pub(crate) fn count_copy(&self, value: &Value) -> EvalResult<()> {
        self.count_steps(value.size() / SIZE_PER_STEP)
    }

    /// Returns the function bodies of a file. Counts the steps for parsing them.
    ///
    /// # Errors
    ///
    /// Fails if fewer steps remain.
    pub(crate) fn function_bodies<'f>(&self, file: &'f PythonFile) -> EvalResult<&'f FunctionBodies> {
        let text = file.source.text();
        if file.function_bodies.get().is_none() {
            self.count_reading(text)?;
        }
        Ok(file.function_bodies.get_or_init(|| FunctionBodies::parse(text)))
    }

    /// Counts the steps for reading source text.
    ///
    /// # Errors
    ///
    /// Fails if fewer steps remain.
    fn count_reading(&self, text: &str) -> EvalResult<()> {
        self.count_steps(text.len() / BYTES_PER_STEP)
    }

    fn count_steps(&self, steps: usize) -> EvalResult<()> {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        let remaining = self.steps.get().checked_sub(steps);
        self.steps.set(remaining.unwrap_or_default());
        match remaining {
            Some(_) => Ok(()),
            None => Err(EvalError::unknown("reading the flow takes too many evaluation steps")),
        }
    }

    /// Returns the number of remaining evaluation steps.
    pub(super) fn remaining_steps(&self) -> u32 {
        self.steps.get()
    }

    /// Counts an annotation that is converted to a schema.
    ///
    /// # Errors
    ///
    /// Fails if the flow has more than [`ANNOTATION_LIMIT`] annotations.
    pub(crate) fn count_annotation(&self) -> EvalResult<()> {
        self.annotations.set(self.annotations.get().saturating_add(1));
        if self.annotations.get() > ANNOTATION_LIMIT {
            return Err(EvalError::unknown("the type is too large"));
        }
        Ok(())
    }

    /// Counts an expression that is interpreted.
    ///
    /// # Errors
    ///
    /// Fails if the flow needs more than [`INTERPRETED_LIMIT`] expressions.
    pub(crate) fn count_interpreted(&self) -> EvalResult<()> {
        self.interpreted.set(self.interpreted.get().saturating_add(1));
        if self.interpreted.get() > INTERPRETED_LIMIT {
            return Err(EvalError::unknown("the code that creates the flow is too long"));
        }
        Ok(())
    }

    /// Stores the local variables of a function call so that scopes can refer to them.
    pub(crate) fn add_locals(&'p self, locals: Locals<'p>) -> &'p Locals<'p> {
        self.locals.push(locals)
    }

    /// Stores the definition of a class that is created by a call.
    pub(crate) fn add_class(&'p self, class: ClassDef) -> &'p ClassDef {
        self.classes.push(class)
    }

    /// Returns the error for a name that is defined in an external module.
    ///
    /// If the project contains a module of this name outside the import path, the error suggests setting
    /// `PYTHONPATH`.
    pub(crate) fn outside(&self, subject: &str, name: &str) -> EvalError {
        let top = name.split('.').next().unwrap_or(name);
        let folder = match externals::presence(top, None) {
            externals::Presence::ThirdParty => self.loader.find_folder(self.directory(), top),
            _ => None,
        };
        match folder {
            Some(folder) => EvalError::unknown(format!(
                "{subject} is in the folder '{folder}', which is not on the import path (set PYTHONPATH={folder})"
            )),
            None => EvalError::unknown(format!("{subject} comes from outside the project")),
        }
    }

    /// Returns the working directory of the process that loads the flow.
    pub(crate) fn directory(&self) -> &Path {
        &self.search_path.directory
    }

    /// Adds a file that Prefect loads by its path. Relative imports are resolved against the file's directory.
    pub(super) fn add_script(&'p self, file: Arc<PythonFile>) -> &'p Module {
        let name = file.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let package = file.path.parent().map(Path::to_owned).unwrap_or_default();
        self.modules.push(Module { file, name, package, package_name: None })
    }

    /// Runs `step` at the next level of nesting.
    ///
    /// # Errors
    ///
    /// Fails if the depth limit or the step limit is exceeded, for example because a definition refers to itself.
    pub(crate) fn descend<T>(&self, step: impl FnOnce() -> EvalResult<T>) -> EvalResult<T> {
        self.step()?;
        if self.depth.get() >= DEPTH_LIMIT {
            return Err(EvalError::unknown("the definition is nested too deeply"));
        }
        self.depth.set(self.depth.get() + 1);
        let result = step();
        self.depth.set(self.depth.get() - 1);
        result
    }

    /// Returns the module that the statement `import dotted` imports.
    pub(crate) fn find(&'p self, dotted: &str) -> EvalResult<ImportTarget<'p>> {
        if let Some(module) = self.memo.modules.borrow().get(dotted) {
            return Ok(ImportTarget::Module(module));
        }
        match self.locate(dotted) {
            SearchResult::File(path) => {
                let module = self.load(&path, Some(dotted.to_owned()))?;
                if self.has_final_path() {
                    self.memo.modules.borrow_mut().insert(dotted.to_owned(), module);
                }
                Ok(ImportTarget::Module(module))
            }
            SearchResult::Namespace(path) => Ok(ImportTarget::Namespace(path)),
            SearchResult::MissingSubmodule => {
                Err(EvalError::unknown(format!("module '{dotted}' does not exist")))
            }
            SearchResult::NotFound => Ok(ImportTarget::External),
        }
    }

    /// Searches the import path for a module without reading the module.
    pub(crate) fn locate(&'p self, dotted: &str) -> SearchResult {
        let top = dotted.split('.').next().unwrap_or(dotted);
        // A name with a slash is a path such as `folder/module`, which cannot be imported.
        if externals::is_preloaded(top) || dotted.contains(['/', '\\']) {
            return SearchResult::NotFound;
        }
        let mut directory = None;
        for root in self.roots(top) {
            match self.loader.search(root, dotted) {
                SearchResult::Namespace(path) => directory = directory.or(Some(path)),
                SearchResult::NotFound => {}
                found => return found,
            }
        }
        directory.map_or(SearchResult::NotFound, SearchResult::Namespace)
    }

    /// Returns the directories that are searched for a top-level module, in search order.
    fn roots(&'p self, top: &str) -> impl Iterator<Item = &'p PathBuf> {
        let path = &self.search_path;
        let (front, back) = self.path_changes();
        let roots = front.iter().chain(&path.base).chain(&path.python_path).chain(back);
        // The standard library takes precedence over installed packages.
        let installed = if externals::is_standard_library(top) { &[][..] } else { &path.installed };
        roots.chain(installed)
    }

    /// Returns whether the program's changes to `sys.path` are known. Once they are known, searching for the same
    /// module again returns the same result.
    fn has_final_path(&self) -> bool {
        self.memo.path_changes.get().is_some()
    }

    /// Returns the directories that the program adds to the front and to the back of `sys.path`.
    fn path_changes(&'p self) -> &'p (Vec<PathBuf>, Vec<PathBuf>) {
        static NONE: (Vec<PathBuf>, Vec<PathBuf>) = (Vec::new(), Vec::new());
        if let Some(changes) = self.memo.path_changes.get() {
            return changes;
        }
        if self.loaded().next().is_none() {
            return &NONE;
        }
        // Imports resolved during this evaluation do not see the added directories.
        if self.memo.reads_path_changes.replace(true) {
            return &NONE;
        }
        let changes = import_roots::path_changes(self);
        self.memo.path_changes.get_or_init(|| changes)
    }

    /// Returns all modules that have been loaded so far.
    fn loaded(&'p self) -> impl Iterator<Item = &'p Module> {
        self.modules.iter()
    }

    /// Returns the module from which `from ..dotted import x` imports.
    ///
    /// `level` is the number of dots. `dotted` may be empty.
    pub(crate) fn find_relative(
        &'p self,
        module: &'p Module,
        level: u32,
        dotted: &str,
    ) -> EvalResult<ImportTarget<'p>> {
        let mut directory = module.package.as_path();
        let mut package = module.package_name.as_deref();
        for _ in 1..level {
            directory = directory.parent().ok_or_else(|| {
                EvalError::unknown("the import refers to a module outside the top-level package")
            })?;
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
                "module '{}{dotted}' does not exist",
                ".".repeat(level as usize)
            ))),
        }
    }

    /// Returns a submodule of a package, given its name within the package.
    pub(crate) fn find_submodule(&'p self, package: &'p Module, name: &str) -> EvalResult<ImportTarget<'p>> {
        if package.file.path.file_name().is_some_and(|file| file == "__init__.py") {
            return self.find_relative(package, 1, name);
        }
        Err(EvalError::unknown(format!("module '{}' does not define '{name}'", package.file.source.name())))
    }

    /// Returns a module of a namespace package, given the package directory.
    pub(crate) fn find_in_directory(&'p self, directory: &Path, name: &str) -> EvalResult<ImportTarget<'p>> {
        match self.loader.search(directory, name) {
            SearchResult::File(path) => self.load(&path, None).map(ImportTarget::Module),
            SearchResult::Namespace(path) => Ok(ImportTarget::Namespace(path)),
            SearchResult::MissingSubmodule | SearchResult::NotFound => {
                Err(EvalError::unknown(format!("'{name}' does not exist in '{}'", directory.display())))
            }
        }
    }

    fn load(&'p self, path: &Path, name: Option<String>) -> EvalResult<&'p Module> {
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
