//! Searches directories for modules according to the rules of Python's import system.

use std::path::{Path, PathBuf};

/// The result of searching a directory for a dotted module name.
#[derive(Debug, Clone)]
pub(crate) enum SearchResult {
    File(PathBuf),
    /// A namespace package: a directory without an `__init__.py` file.
    Namespace(PathBuf),
    /// The directory contains the package, but not its submodule. Python does not search other directories in this
    /// case.
    MissingSubmodule,
    NotFound,
}

/// Searches the directory `root` for a module. If `dotted` is empty, the result is the directory itself.
pub(crate) fn search(root: &Path, dotted: &str) -> SearchResult {
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
