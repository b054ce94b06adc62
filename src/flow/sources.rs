//! Determines the project files that a flow depends on.

use std::path::{Path, PathBuf};

use super::{
    entrypoint::{Entrypoint, Location},
    inspector::Inspector,
    program::{Program, SearchPath, SearchResult, import_roots::normalize},
};
use crate::environment::Environment;

impl Inspector {
    /// Returns the absolute path of the file that defines the flow of an entrypoint. The file may not exist. Returns
    /// `None` if the entrypoint refers to a module that is not part of the project.
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
                match Program::new(self, environment, search_path).locate(name) {
                    SearchResult::File(path) => Some(path),
                    _ => None,
                }
            }
        }
    }
}
