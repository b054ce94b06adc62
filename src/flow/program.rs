//! The modules of one flow's program: the entrypoint's file and what it imports from the project, read when needed.

use std::{
    cell::{Cell, OnceCell},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    externals,
    file::PythonFile,
    inspector::Inspector,
    obstacle::{Known, Obstacle},
};
use crate::environment::Environment;

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
    pub(crate) fn body(&self) -> &super::syntax::Body {
        &self.file.body
    }
}

/// What a dotted module name leads to.
pub(crate) enum Found<'p> {
    Module(&'p Module),
    /// A directory without `__init__.py`.
    Directory(PathBuf),
    /// Nothing of the project.
    Outside,
}

/// All that reading one flow needs.
pub(crate) struct Program<'i> {
    inspector: &'i Inspector,
    pub(crate) environment: &'i Environment,
    /// Where imports look, in order.
    roots: Vec<PathBuf>,
    modules: ModuleList,
    depth: Cell<usize>,
}

impl<'i> Program<'i> {
    pub(super) fn new(inspector: &'i Inspector, environment: &'i Environment, roots: Vec<PathBuf>) -> Self {
        Self { inspector, environment, roots, modules: ModuleList::default(), depth: Cell::new(0) }
    }

    /// Adds a file that is run by its path. Its directory takes the place of its package.
    pub(super) fn add_script(&self, file: Arc<PythonFile>) -> &Module {
        let name = file.path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let package = file.path.parent().map(Path::to_owned).unwrap_or_default();
        self.modules.push(Module { file, name, package, package_name: None })
    }

    /// Runs `step` one level deeper, or fails where the program refers to itself without end.
    pub(crate) fn descend<T>(&self, step: impl FnOnce() -> Known<T>) -> Known<T> {
        if self.depth.get() >= DEPTH_LIMIT {
            return Err(Obstacle::unknown("its definition is nested too deeply"));
        }
        self.depth.set(self.depth.get() + 1);
        let result = step();
        self.depth.set(self.depth.get() - 1);
        result
    }

    /// The module that `import dotted` gives.
    pub(crate) fn find(&self, dotted: &str) -> Known<Found<'_>> {
        let top = dotted.split('.').next().unwrap_or(dotted);
        // `folder/module` is a path, which no module is called by.
        if externals::is_preloaded(top) || dotted.contains(['/', '\\']) {
            return Ok(Found::Outside);
        }
        let mut directory = None;
        for root in &self.roots {
            match self.inspector.locate(root, dotted) {
                Located::File(path) => return self.load(&path, Some(dotted.to_owned())).map(Found::Module),
                Located::Directory(path) => directory = directory.or(Some(path)),
                Located::PackageWithout => {
                    return Err(Obstacle::unknown(format!("there is no module '{dotted}'")));
                }
                Located::Nothing => {}
            }
        }
        Ok(directory.map_or(Found::Outside, Found::Directory))
    }

    /// The module that `from ..dotted import x` in `module` takes `x` from; `dotted` may be empty.
    pub(crate) fn find_relative<'p>(
        &'p self,
        module: &'p Module,
        level: u32,
        dotted: &str,
    ) -> Known<Found<'p>> {
        let mut directory = module.package.as_path();
        let mut package = module.package_name.as_deref();
        for _ in 1..level {
            directory = directory
                .parent()
                .ok_or_else(|| Obstacle::unknown("it is imported from beyond the package"))?;
            package = package.and_then(|name| name.rsplit_once('.')).map(|(parent, _)| parent);
        }
        let name = match package {
            Some(package) if dotted.is_empty() => Some(package.to_owned()),
            Some(package) => Some(format!("{package}.{dotted}")),
            None => None,
        };
        match self.inspector.locate(directory, dotted) {
            Located::File(path) => self.load(&path, name).map(Found::Module),
            Located::Directory(path) => Ok(Found::Directory(path)),
            Located::PackageWithout | Located::Nothing => {
                Err(Obstacle::unknown(format!("there is no module '{}{dotted}'", ".".repeat(level as usize))))
            }
        }
    }

    /// A submodule of a package of the project.
    pub(crate) fn find_submodule<'p>(&'p self, package: &'p Module, name: &str) -> Known<Found<'p>> {
        if package.file.path.file_name().is_some_and(|file| file == "__init__.py") {
            return self.find_relative(package, 1, name);
        }
        Err(Obstacle::unknown(format!("'{}' has no '{name}'", package.file.source.name())))
    }

    /// A module in a directory without `__init__.py`.
    pub(crate) fn find_in_directory(&self, directory: &Path, name: &str) -> Known<Found<'_>> {
        match self.inspector.locate(directory, name) {
            Located::File(path) => self.load(&path, None).map(Found::Module),
            Located::Directory(path) => Ok(Found::Directory(path)),
            Located::PackageWithout | Located::Nothing => {
                Err(Obstacle::unknown(format!("there is no '{name}' in '{}'", directory.display())))
            }
        }
    }

    fn load(&self, path: &Path, name: Option<String>) -> Known<&Module> {
        if let Some(module) = self.modules.iter().find(|module| module.file.path == path) {
            return Ok(module);
        }
        let file = self.inspector.file(path).map_err(|error| {
            Obstacle::unknown(format!(
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
pub(super) enum Located {
    File(PathBuf),
    Directory(PathBuf),
    /// A package or module that lacks what follows: Python looks no further.
    PackageWithout,
    Nothing,
}

/// Looks for a module below `root`, as Python does.
pub(super) fn locate(root: &Path, dotted: &str) -> Located {
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
                return Located::File(init);
            }
            in_package = true;
        } else if file.is_file() {
            return if is_last { Located::File(file) } else { Located::PackageWithout };
        } else if !below.is_dir() {
            return if in_package { Located::PackageWithout } else { Located::Nothing };
        }
        directory = below;
    }
    Located::Directory(directory)
}

fn package(directory: PathBuf) -> Located {
    let init = directory.join("__init__.py");
    if init.is_file() { Located::File(init) } else { Located::Directory(directory) }
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
