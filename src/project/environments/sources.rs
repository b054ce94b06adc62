//! Project files and overlay files.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::{
    EnvironmentName, KEY, UndefinedEnvironment, merge,
    overlay_file::{self, is_complete, overlay_names, overlay_path},
};
use crate::{
    diagnostics::{Code, Diagnostic, Place},
    project::{
        Project, ProjectError, duplicates,
        load::{checked, parsed, read},
    },
    source::Source,
    yaml::{self, Document, Mapping},
};

/// Contents of a project file and its overlay files.
#[derive(Debug, Clone)]
pub(crate) struct ProjectSources {
    /// Path of the project file as specified by the user.
    path: PathBuf,
    base: Source,
    overlays: BTreeMap<EnvironmentName, Source>,
    /// Environments with an overlay file, including files that were not read.
    listed: Vec<EnvironmentName>,
    /// Project file and environment derived from the file name if the file is named like an overlay file.
    overlay_of: Option<(PathBuf, EnvironmentName)>,
}

impl ProjectSources {
    /// Creates project sources from file contents.
    pub(crate) fn new(base: Source, overlay: Option<(EnvironmentName, Source)>) -> Self {
        let path = PathBuf::from(base.name());
        let overlays: BTreeMap<_, _> = overlay.into_iter().collect();
        Self { path, base, listed: overlays.keys().cloned().collect(), overlays, overlay_of: None }
    }

    /// Reads a project file and, if an environment is selected, its overlay file.
    ///
    /// # Errors
    ///
    /// Fails if a file cannot be read or is not valid UTF-8.
    pub(crate) fn read(
        path: &Path,
        directory: &Path,
        environment: Option<&EnvironmentName>,
    ) -> Result<Self, ProjectError> {
        let overlay_of = overlay_file::base(path).filter(|(base, _)| directory.join(base).is_file());
        let mut files = Self { path: path.to_owned(), overlay_of, ..Self::new(read(path, directory)?, None) };
        if let Some(name) = environment {
            files.listed = overlay_names(path, directory);
            if files.listed.contains(name) {
                files.read_overlay(directory, name)?;
            }
        }
        Ok(files)
    }

    /// Reads a project file and all overlay files.
    ///
    /// # Errors
    ///
    /// Fails under the same conditions as [`Self::read`].
    pub(crate) fn read_all(path: &Path, directory: &Path) -> Result<Self, ProjectError> {
        let mut files = Self::read(path, directory, None)?;
        files.listed = overlay_names(path, directory);
        for name in files.listed.clone() {
            files.read_overlay(directory, &name)?;
        }
        Ok(files)
    }

    fn read_overlay(&mut self, directory: &Path, name: &EnvironmentName) -> Result<(), ProjectError> {
        let source = read(&overlay_path(&self.path, name), directory)?;
        self.overlays.insert(name.clone(), source);
        Ok(())
    }

    /// Returns the paths and sources of the project file and all loaded overlay files.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (PathBuf, &Source)> {
        let overlays = self.overlays.iter().map(|(name, source)| (overlay_path(&self.path, name), source));
        std::iter::once((self.path.clone(), &self.base)).chain(overlays)
    }

    /// Replaces the contents of all files.
    pub(crate) fn map_sources(&mut self, mut new: impl FnMut(&Source) -> Source) {
        for source in std::iter::once(&mut self.base).chain(self.overlays.values_mut()) {
            *source = new(source);
        }
    }

    /// Returns the environments that the files define. An invalid project file defines no environments.
    pub(crate) fn environments(&self) -> BTreeSet<EnvironmentName> {
        let mut names: BTreeSet<EnvironmentName> = self.listed.iter().cloned().collect();
        if let Ok(document) = yaml::load(&self.base) {
            names.extend(names_in(&document));
        }
        names
    }

    /// Returns the environments to check if no environment is selected. Skips files such as `prefect.docker.yaml` that
    /// are complete project files because they are probably not overlays.
    pub(crate) fn checked_environments(&self) -> BTreeSet<EnvironmentName> {
        let overlays = self.listed.iter().filter(|name| {
            let overlay = self.overlays.get(name).map(yaml::load_overlay);
            !overlay.is_some_and(|overlay| overlay.is_ok_and(|overlay| is_complete(&overlay)))
        });
        let mut names: BTreeSet<EnvironmentName> = overlays.cloned().collect();
        if let Ok(document) = yaml::load(&self.base) {
            names.extend(names_in(&document));
        }
        names
    }

    /// Returns the number of values in the project file and its overlay files.
    pub(crate) fn size(&self) -> usize {
        let overlays = self.overlays.values().map(yaml::load_overlay);
        let documents = std::iter::once(yaml::load(&self.base)).chain(overlays);
        documents.flatten().map(|document| document.root.size()).sum()
    }

    /// Loads the project merged with an environment's values. Returns the project and its warnings.
    ///
    /// # Errors
    ///
    /// Fails if a file is invalid or the environment is not defined. The error contains all problems found.
    pub(crate) fn load(
        &self,
        environment: Option<&EnvironmentName>,
    ) -> Result<(Project, Vec<Diagnostic>), ProjectError> {
        let loaded = self.merged(environment);
        let Some(finding) = self.overlay_finding() else { return loaded };
        match loaded {
            Ok((project, mut warnings)) => {
                // The keys have an effect if the file is used as an overlay file.
                warnings.retain(|warning| warning.code != Code::MISPLACED_KEY);
                warnings.push(finding);
                Ok((project, warnings))
            }
            Err(ProjectError::Invalid { file, mut diagnostics }) => {
                diagnostics.push(finding);
                Err(ProjectError::Invalid { file, diagnostics })
            }
            Err(error) => Err(error),
        }
    }

    /// Returns a warning if the file is named like another project file's overlay and has values that only overlays
    /// support.
    fn overlay_finding(&self) -> Option<Diagnostic> {
        let (base, name) = self.overlay_of.as_ref()?;
        let document = yaml::load_overlay(&self.base).ok()?;
        let span = overlay_file::overlay_value(&document)?;
        let message = format!("this file is an overlay file of {}, not a project file", base.display());
        let help = format!("use --prefect-file {} --env {name}", base.display());
        Some(Diagnostic::warning(Code::OVERLAY_FILE, message).at(Place::new(&self.base, span)).help(help))
    }

    /// Loads the project like [`Self::load`].
    fn merged(
        &self,
        environment: Option<&EnvironmentName>,
    ) -> Result<(Project, Vec<Diagnostic>), ProjectError> {
        let (document, mut problems) = parsed(&self.base)?;
        let Some(name) = environment else { return checked(document, problems) };
        let overlay = match self.overlays.get(name).map(yaml::load_overlay).transpose() {
            Ok(overlay) => overlay,
            Err(error) => {
                let source = &self.overlays[name];
                problems.push(error.diagnostic(source).fix(yaml::quote_values(source)));
                return Err(self.invalid(problems));
            }
        };
        if let Some(overlay) = &overlay {
            problems.extend(duplicates::parser_findings(overlay));
        } else if merge::section(&document, name).is_none() {
            let undefined = UndefinedEnvironment {
                name: name.clone(),
                selected_by: None,
                file: self.base.name().to_owned(),
                defined: self.environments(),
            };
            return Err(undefined.into());
        }
        match merge::merged(&document, name, overlay) {
            Ok(merge::Merged { document, warnings, suffix }) => {
                problems.extend(warnings);
                let (project, warnings) = checked(document, problems)?;
                Ok((Project { name_suffix: suffix, ..project }, warnings))
            }
            Err(found) => {
                problems.extend(found);
                Err(self.invalid(problems))
            }
        }
    }

    /// Creates the error for invalid values.
    fn invalid(&self, diagnostics: Vec<Diagnostic>) -> ProjectError {
        ProjectError::invalid(self.base.name(), diagnostics)
    }
}

/// Loads a project file merged with an environment's values. Returns the project and its warnings.
///
/// # Errors
///
/// Fails if a file cannot be read, is invalid, or does not define the environment. The error contains all problems
/// found.
pub(crate) fn load(
    path: &Path,
    directory: &Path,
    environment: Option<&EnvironmentName>,
) -> Result<(Project, Vec<Diagnostic>), ProjectError> {
    ProjectSources::read(path, directory, environment)?.load(environment)
}

/// Returns the environments in a project file's `environments` mapping. Skips invalid names.
fn names_in(document: &Document) -> impl Iterator<Item = EnvironmentName> {
    let section = document.root.get(KEY).and_then(|section| section.as_mapping());
    let keys = section.into_iter().flat_map(Mapping::entries);
    keys.filter_map(|entry| entry.key.as_text()?.parse().ok())
}
