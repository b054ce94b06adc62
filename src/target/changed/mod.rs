//! Decides which of a project's deployments have changed between two states of the repository.

mod definition;
mod dependencies;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use self::{
    definition::{OldDefinitions, OldProject, has_changed},
    dependencies::{Dependencies, Directory},
};
use super::{FlowNames, relative_path::relative_path};
use crate::{
    deployment::{Options, Selector},
    flow::Entrypoint,
    git::{self, Changes, ChangesError, RevisionRange},
    names::first_of,
    project::{self, Declared, EnvironmentName, Field, Project, ProjectSources},
    source::Source,
    yaml::{self, Document},
};

/// Maximum number of changed files in the reason for selecting a deployment.
const SHOWN_FILES: usize = 3;

/// The changes within the ranges of `changed` conditions, keyed by range and repository root.
#[derive(Debug, Default)]
pub(super) struct ChangesByRange(HashMap<(RevisionRange, PathBuf), Arc<Changes>>);

impl ChangesByRange {
    /// Determines a project's changes within each revision range in the options' selectors.
    ///
    /// `directory` is the working directory. Projects in the same repository share its changes.
    ///
    /// # Errors
    ///
    /// Fails if no repository contains the project file, or if a revision does not exist.
    pub(super) fn of_project(
        &mut self,
        options: &Options,
        project: &Project,
        names: FlowNames<'_>,
        directory: &Path,
    ) -> Result<BTreeMap<RevisionRange, ProjectChanges>, ChangesError> {
        let mut found = BTreeMap::new();
        for range in options.selectors.iter().flat_map(Selector::ranges) {
            if found.contains_key(range) {
                continue;
            }
            let changes = self.between(range, names.directory)?;
            let changes = ProjectChanges::new(changes, project, options.environment_name(), directory)?;
            found.insert(range.clone(), changes);
        }
        Ok(found)
    }

    /// Returns the ranges that end at a commit other than the checked-out commit.
    pub(super) fn not_checked_out(&self) -> impl Iterator<Item = &RevisionRange> {
        let ranges = self.0.iter().filter(|(_, changes)| !changes.is_checked_out);
        ranges.map(|((range, _), _)| range)
    }

    fn between(&mut self, range: &RevisionRange, directory: &Path) -> Result<Arc<Changes>, ChangesError> {
        let root = git::work_tree(directory).unwrap_or_else(|| directory.to_owned());
        let key = (range.clone(), root);
        if let Some(changes) = self.0.get(&key) {
            return Ok(Arc::clone(changes));
        }
        let changes = Arc::new(Changes::between(range, directory)?);
        self.0.insert(key, Arc::clone(&changes));
        Ok(changes)
    }
}

/// A project's changes within a revision range.
#[derive(Debug)]
pub(super) struct ProjectChanges {
    changes: Arc<Changes>,
    old: OldProject,
    /// Directory of the command.
    directory: PathBuf,
}

impl ProjectChanges {
    fn new(
        changes: Arc<Changes>,
        project: &Project,
        environment: Option<&EnvironmentName>,
        directory: &Path,
    ) -> Result<Self, ChangesError> {
        let old = match &project.document {
            Some(document) => old_project(&changes, document, environment, directory)?,
            None => OldProject::Same,
        };
        Ok(Self { changes, old, directory: directory.to_owned() })
    }

    /// Returns a description of the changes that affect a deployment, or `None` if the deployment has not changed.
    pub(super) fn describe(
        &self,
        declared: &Declared,
        project: &Project,
        names: FlowNames<'_>,
    ) -> Option<String> {
        if self.changes.paths.is_empty() {
            return None;
        }
        let mut dependencies = Dependencies::of_steps(declared, project, names);
        match declared.fields.entrypoint() {
            // The flow's file is unknown, so any project file might define the flow.
            Field::Template(_) => dependencies.directories.push(Directory::complete(names.directory)),
            field => {
                let entrypoint = field.unresolved().and_then(|text| Entrypoint::parse(text).ok());
                dependencies.programs.extend(entrypoint.and_then(|entrypoint| names.sources(&entrypoint)));
            }
        }
        let shown = |path| relative_path(&self.changes.root().join(path), &self.directory);
        let definition = has_changed(declared, project, &self.old).then(|| "its definition".to_owned());
        let files = changed_files(&self.changes, &dependencies);
        let changed: Vec<String> = definition.into_iter().chain(files.into_iter().map(shown)).collect();
        (!changed.is_empty()).then(|| format!("changed: {}", first_of(&changed, SHOWN_FILES)))
    }
}

/// The old version of a file.
enum OldText {
    Unchanged,
    /// The old text of a file that has changed, or `None` if the file did not exist or was not UTF-8.
    Changed(Option<Source>),
}

impl OldText {
    fn read(changes: &Changes, name: &str, directory: &Path) -> Result<Self, ChangesError> {
        let path = directory.join(name);
        let path = path.canonicalize().unwrap_or(path);
        let outside = || ChangesError::Outside { path: name.into(), root: changes.root().to_owned() };
        let relative = changes.relative(&path).ok_or_else(outside)?;
        if !changes.contains(&relative) {
            return Ok(Self::Unchanged);
        }
        let content = changes.old_content(&relative)?;
        Ok(Self::Changed(content.and_then(|content| yaml::decode(name, content, Source::private).ok())))
    }

    fn is_unchanged(&self) -> bool {
        matches!(self, Self::Unchanged)
    }

    /// Returns the old version, or `current` if the file has not changed.
    fn or(self, current: Option<&Source>) -> Option<Source> {
        match self {
            Self::Unchanged => current.cloned(),
            Self::Changed(old) => old,
        }
    }
}

/// Loads the old versions of the project file and the environment's overlay file.
fn old_project(
    changes: &Changes,
    document: &Document,
    environment: Option<&EnvironmentName>,
    directory: &Path,
) -> Result<OldProject, ChangesError> {
    let base = &document.base().source;
    let old_base = OldText::read(changes, base.name(), directory)?;
    let old_overlay = match environment {
        Some(name) => {
            let path = project::overlay_path(Path::new(base.name()), name);
            OldText::read(changes, &path.to_string_lossy(), directory)?
        }
        None => OldText::Unchanged,
    };
    if old_base.is_unchanged() && old_overlay.is_unchanged() {
        return Ok(OldProject::Same);
    }
    let overlay = document.parts().get(1).map(|overlay| &overlay.source);
    let overlay = environment.cloned().zip(old_overlay.or(overlay));
    let sources = old_base.or(Some(base)).map(|base| ProjectSources::new(base, overlay));
    let project = sources.and_then(|sources| sources.load(environment).ok());
    Ok(project.map_or(OldProject::Unusable, |(project, _)| OldProject::Changed(OldDefinitions::new(project))))
}

/// Returns the changed files that a deployment depends on: first its programs' files, then its steps' files.
fn changed_files<'a>(changes: &'a Changes, dependencies: &Dependencies) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for program in &dependencies.programs {
        found.extend(program.files.iter().filter_map(|file| changes.find(file)));
        found.extend(
            changes.deleted.iter().map(String::as_str).filter(|path| imports(&program.missing, path)),
        );
    }
    found.extend(dependencies.files.iter().filter_map(|file| changes.find(file)));
    found.extend(dependencies.directories.iter().flat_map(|directory| in_directory(changes, directory)));
    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(*path));
    found
}

/// Returns whether a deleted file might be one of the missing modules.
fn imports(missing: &BTreeSet<String>, deleted: &str) -> bool {
    let module = deleted.strip_suffix("/__init__.py").or_else(|| deleted.strip_suffix(".py"));
    let Some(module) = module else { return false };
    let suffixes = module.match_indices('/').map(|(at, _)| &module[at + 1..]);
    suffixes.chain([module]).any(|suffix| missing.contains(suffix))
}

/// Returns the changed files in a directory that its ignore file does not exclude.
fn in_directory<'a>(changes: &'a Changes, directory: &Directory) -> Vec<&'a str> {
    let Some(path) = changes.relative(&directory.path) else { return Vec::new() };
    let skipped = if path.is_empty() { 0 } else { path.len() + 1 };
    changes.below(&path).filter(|file| !directory.excluded.contains(&file[skipped..])).collect()
}
