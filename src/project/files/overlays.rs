//! Detects overlay files among glob matches.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

use crate::project::{EnvironmentName, environments::overlay_file};

/// The selected project files, used to recognize their overlay files.
pub(super) struct Selected<'a> {
    paths: HashSet<PathBuf>,
    directory: &'a Path,
    environment: Option<&'a EnvironmentName>,
}

impl<'a> Selected<'a> {
    /// Creates a filter for overlay files of the project files in `paths`. `environment` is the environment selected
    /// with `--env`, if any.
    pub(super) fn new(
        paths: impl Iterator<Item = PathBuf>,
        directory: &'a Path,
        environment: Option<&'a EnvironmentName>,
    ) -> Self {
        Self { paths: paths.collect(), directory, environment }
    }

    /// Returns whether a file is an overlay file of another selected file.
    ///
    /// A file that could be a separate project file is only treated as an overlay file if its environment is selected.
    pub(super) fn has_overlay(&self, path: &Path) -> bool {
        let Some((base, name)) = overlay_file::base(path) else { return false };
        let is_selected = self.environment == Some(&name);
        self.paths.contains(&base) && (is_selected || !overlay_file::is_standalone(path, self.directory))
    }
}
