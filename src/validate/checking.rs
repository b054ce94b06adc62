//! Validates project files without a server, and applies fixes to the files.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{
    LoadedProject, PreparationError, PreparedDeployment, PreparedProject, dockerfiles,
    loading::{self, FoundFile, UndefinedEnvironments},
    prepare,
};
use crate::{
    deployment::{DeployContext, Options},
    diagnostics::{Code, Diagnostic, Fix, Place, merge_environments, merge_explained, merge_repeated},
    project::{self, EnvironmentName, ProjectError, ProjectFiles, ProjectSources},
    source::{Source, Span},
    template::Resolver,
    yaml,
};

/// Maximum number of passes in [`fix`]. Each pass applies all fixes that do not overlap.
const MAXIMUM_PASSES: usize = 50;

/// Limit for the number of values in the project files multiplied by the number of environments. Checking a
/// million values takes about a second.
const MAXIMUM_VALUES: usize = 20_000_000;

/// Diagnostics about a project file.
#[derive(Clone, Default)]
pub(crate) struct ProjectFindings {
    /// Path of the project file. Relative paths refer to the working directory.
    pub(crate) path: PathBuf,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Number of deployments that the file declares.
    pub(crate) deployments: usize,
    /// Environments that were checked.
    pub(crate) environments: BTreeSet<EnvironmentName>,
    /// Fixes that replace deprecated keys that still have an effect.
    modernizations: Vec<Fix>,
}

impl ProjectFindings {
    /// Creates the findings about a file whose deployments cannot be determined.
    pub(crate) fn invalid(path: PathBuf, diagnostics: Vec<Diagnostic>) -> Self {
        Self { path, diagnostics, ..Self::default() }
    }
}

/// Project files with all fixes applied in memory.
pub(crate) struct FixedProjects {
    /// The files that the fixes change.
    pub(crate) files: Vec<FixedFile>,
    /// Number of applied fixes.
    pub(crate) count: usize,
    /// Diagnostics about the original files.
    pub(crate) before: Vec<ProjectFindings>,
    /// Diagnostics about the fixed files.
    pub(crate) after: Vec<ProjectFindings>,
}

/// A file with fixes applied in memory.
pub(crate) struct FixedFile {
    /// Path of the file. Relative paths refer to the working directory.
    pub(crate) path: PathBuf,
    pub(crate) original: Source,
    pub(crate) fixed: Source,
}

/// Validates the selected deployments without connecting to a server. Returns the findings for each project file.
/// Unless an environment is selected, the files are validated alone and with each of their environments.
///
/// # Errors
///
/// Fails if a project file does not exist or if options are invalid.
pub(crate) async fn findings(ctx: &DeployContext<'_>) -> Result<Vec<ProjectFindings>, PreparationError> {
    findings_in(ctx, &files(ctx)?).await
}

/// Applies all fixes to the project files and the overlay files in memory, and then validates the selected
/// deployments again.
///
/// # Errors
///
/// Fails under the same conditions as [`findings`].
pub(crate) async fn fix(ctx: &DeployContext<'_>) -> Result<FixedProjects, PreparationError> {
    let originals = files(ctx)?;
    let before = findings_in(ctx, &originals).await?;
    let mut after = before.clone();
    let (mut files, mut count) = (originals.clone(), 0);
    for _ in 0..MAXIMUM_PASSES {
        let count_before = count;
        for sources in files.iter_mut().filter_map(|file| file.sources.as_mut().ok()) {
            sources.map_sources(|source| {
                let fixes = after.iter().flat_map(|found| {
                    let fixes = found.diagnostics.iter().filter_map(|diagnostic| diagnostic.fix.as_deref());
                    fixes.chain(&found.modernizations)
                });
                let here = fixes.filter(|fix| fix.source.name() == source.name());
                let Some(result) = yaml::apply(source, here) else { return source.clone() };
                count += result.count;
                source.with_text(result.text)
            });
        }
        if count == count_before {
            break;
        }
        after = findings_in(ctx, &files).await?;
    }
    let sources = |files: &[CheckedFile<'_>]| -> Vec<(PathBuf, Source)> {
        let sources = files.iter().filter_map(|file| file.sources.as_ref().ok());
        let sources = sources.flat_map(|sources| sources.sources().collect::<Vec<_>>());
        sources.map(|(path, source)| (path, source.clone())).collect()
    };
    let changed = sources(&originals).into_iter().zip(sources(&files));
    let changed = changed.filter(|((_, original), (_, fixed))| original.text() != fixed.text());
    let files = changed.map(|((path, original), (_, fixed))| FixedFile { path, original, fixed });
    Ok(FixedProjects { files: files.collect(), count, before, after })
}

/// A selected project file and its overlay files.
#[derive(Clone)]
struct CheckedFile<'a> {
    location: Location<'a>,
    /// The contents of the files, or the findings about a file that is not UTF-8.
    sources: Result<ProjectSources, ProjectFindings>,
}

/// The location of a project file.
#[derive(Clone)]
enum Location<'a> {
    /// The only file. Its root is the working directory.
    Only { path: &'a Path, root: &'a Path },
    /// A file with its own root.
    Found(FoundFile),
}

impl<'a> CheckedFile<'a> {
    /// Reads a project file and the overlay file of the selected environment, or of all environments.
    fn read(location: Location<'a>, ctx: &DeployContext<'_>) -> Result<Self, PreparationError> {
        let path = location.path();
        let sources = match ctx.options.environment_name() {
            Some(name) => ProjectSources::read(path, ctx.directory, Some(name)),
            None => ProjectSources::read_all(path, ctx.directory),
        };
        let sources = match sources {
            Ok(sources) => Ok(sources),
            Err(error) => Err(invalid(error, path)?),
        };
        Ok(Self { location, sources })
    }

    /// Loads the project, merged with the values of an environment.
    fn load(
        &self,
        sources: &ProjectSources,
        environment: Option<&EnvironmentName>,
    ) -> Result<LoadedProject, ProjectError> {
        let (project, warnings) = sources.load(environment)?;
        Ok(match &self.location {
            Location::Only { root, .. } => LoadedProject::only(project, root, warnings),
            Location::Found(file) => file.loaded(project, warnings),
        })
    }
}

impl Location<'_> {
    fn path(&self) -> &Path {
        match self {
            Self::Only { path, .. } => path,
            Self::Found(file) => &file.path,
        }
    }
}

/// Reads the selected project files.
fn files<'a>(ctx: &DeployContext<'a>) -> Result<Vec<CheckedFile<'a>>, PreparationError> {
    if let ProjectFiles::Each(patterns) = &ctx.options.files {
        let found = loading::project_files(patterns, ctx)?;
        return found.into_iter().map(|file| CheckedFile::read(Location::Found(file), ctx)).collect();
    }
    let path = ctx.options.files.single().unwrap_or(Path::new(project::DEFAULT_FILE));
    Ok(vec![CheckedFile::read(Location::Only { path, root: ctx.directory }, ctx)?])
}

/// Validates the project files with the selected environment, or alone and with each of their environments.
async fn findings_in(
    ctx: &DeployContext<'_>,
    files: &[CheckedFile<'_>],
) -> Result<Vec<ProjectFindings>, PreparationError> {
    let selected = findings_with(ctx, files).await;
    let mut others = Vec::new();
    let mut names = BTreeSet::new();
    if ctx.options.environment.is_none() {
        let sources = files.iter().filter_map(|file| file.sources.as_ref().ok());
        names.extend(sources.flat_map(ProjectSources::checked_environments));
    }
    let excess = too_many_environments(names.len(), files);
    if excess.is_some() {
        names.clear();
    }
    for name in names {
        let options = Options { environment: Some(name.clone().into()), ..ctx.options.clone() };
        match findings_with(&DeployContext { options: &options, ..*ctx }, files).await {
            // The environment may not have the selected deployments.
            Err(PreparationError::Target(_)) => {}
            found => others.push((name, found?)),
        }
    }
    let mut found = match selected {
        // The selected deployments may exist only in an environment.
        Err(PreparationError::Target(_)) if !others.is_empty() => {
            let empty = |file: &CheckedFile<'_>| {
                let path = file.location.path().to_owned();
                ProjectFindings { path, ..ProjectFindings::default() }
            };
            files.iter().map(empty).collect()
        }
        selected => selected?,
    };
    for (index, found) in found.iter_mut().enumerate() {
        let mut diagnostics = Vec::new();
        for (name, others) in &mut others {
            let Some(other) = others.get_mut(index) else { continue };
            found.environments.insert(name.clone());
            found.modernizations.append(&mut other.modernizations);
            diagnostics.push((name.to_string(), std::mem::take(&mut other.diagnostics)));
        }
        let merged = merge_environments(std::mem::take(&mut found.diagnostics), diagnostics);
        found.diagnostics = merge_explained(merge_repeated(merged));
    }
    if let Some(first) = found.first_mut() {
        first.diagnostics.extend(excess);
    }
    Ok(found)
}

/// Fails if checking the files with each environment would take too long.
fn too_many_environments(count: usize, files: &[CheckedFile<'_>]) -> Option<Diagnostic> {
    let sources = || files.iter().filter_map(|file| file.sources.as_ref().ok());
    let size: usize = if count > 1 { sources().map(ProjectSources::size).sum() } else { 0 };
    if size.saturating_mul(count) <= MAXIMUM_VALUES {
        return None;
    }
    let message = format!("the project files are too large to check all {count} environments");
    let place =
        sources().next().and_then(|sources| Some(Place::new(sources.sources().next()?.1, Span::default())));
    Some(
        Diagnostic::error(Code::YAML_LIMIT, message)
            .at(place)
            .help("check each environment with `--env NAME`"),
    )
}

/// Validates the project files with the selected environment.
async fn findings_with(
    ctx: &DeployContext<'_>,
    files: &[CheckedFile<'_>],
) -> Result<Vec<ProjectFindings>, PreparationError> {
    let (mut loaded, mut findings) = (Vec::new(), Vec::new());
    let mut undefined = UndefinedEnvironments::default();
    for file in files {
        let sources = match &file.sources {
            Ok(sources) => sources,
            Err(undecodable) => {
                findings.push(Some(undecodable.clone()));
                continue;
            }
        };
        let load = |environment: Option<&EnvironmentName>| file.load(sources, environment);
        match undefined.load(ctx.options.environment_name(), load) {
            Ok(project) => {
                findings.push(None);
                loaded.push((file, project));
            }
            Err(error) => findings.push(Some(invalid(error, file.location.path())?)),
        }
    }
    undefined.require_defined(files.len(), ctx.options)?;
    let (valid, loaded): (Vec<_>, Vec<_>) = loaded.into_iter().unzip();
    let resolver = Resolver::offline(ctx.redactor.clone());
    let has_content = loaded
        .iter()
        .any(|loaded| !loaded.project.deployments.is_empty() || loaded.project.declares_resources());
    let prepared = if has_content { prepare(&loaded, ctx, &resolver).await? } else { Vec::new() };
    let mut prepared = prepared.into_iter();
    let found = |(file, loaded): (&CheckedFile<'_>, &LoadedProject)| {
        found(file.location.path(), loaded, prepared.next(), ctx.directory)
    };
    let mut valid = valid.into_iter().zip(&loaded).map(found);
    Ok(findings.into_iter().filter_map(|findings| findings.or_else(|| valid.next())).collect())
}

/// Returns the findings about a valid file. `prepared` is the prepared project, unless all files are empty.
fn found(
    path: &Path,
    loaded: &LoadedProject,
    prepared: Option<PreparedProject<'_>>,
    directory: &Path,
) -> ProjectFindings {
    let mut diagnostics = match prepared {
        None => loaded.findings().take(),
        Some(mut prepared) => {
            let PreparedProject { ctx, findings, deployments, .. } = &mut prepared;
            for PreparedDeployment { sections, .. } in deployments {
                dockerfiles(sections, ctx.directory, findings);
            }
            prepared.take_findings(directory)
        }
    };
    diagnostics.extend(loaded.project.missing_deployments());
    ProjectFindings {
        path: path.to_owned(),
        diagnostics,
        deployments: loaded.project.deployments.len(),
        environments: BTreeSet::new(),
        modernizations: loaded.project.modernizations(),
    }
}

/// Returns the diagnostics for an invalid file. Returns all other errors as failures.
fn invalid(error: ProjectError, path: &Path) -> Result<ProjectFindings, PreparationError> {
    match error {
        ProjectError::Invalid { diagnostics, .. } => {
            Ok(ProjectFindings::invalid(path.to_owned(), diagnostics))
        }
        error => Err(error.into()),
    }
}
