//! Validates a project file without a server, and applies fixes to the file.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{LoadedProject, PreparationError, dockerfiles, preparation};
use crate::{
    deployment::{DeployContext, Options},
    diagnostics::{Diagnostic, Fix, merge_environments, merge_repeated},
    project::{self, ProjectError, ProjectSources},
    source::Source,
    template::Resolver,
    yaml,
};

/// Maximum number of passes in [`fix`]. Each pass applies all fixes that do not overlap.
const MAXIMUM_PASSES: usize = 50;

/// Diagnostics about a project file.
#[derive(Clone, Default)]
pub(crate) struct ProjectFindings {
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Number of deployments that the file declares.
    pub(crate) deployments: usize,
    /// Number of environments that were checked.
    pub(crate) environments: usize,
    /// Fixes that replace deprecated keys that still have an effect.
    modernizations: Vec<Fix>,
}

/// A project file to which all fixes have been applied in memory.
pub(crate) struct FixedProject {
    /// The files that the fixes change.
    pub(crate) files: Vec<FixedFile>,
    /// Number of applied fixes.
    pub(crate) count: usize,
    /// Diagnostics about the original files.
    pub(crate) before: ProjectFindings,
    /// Diagnostics about the fixed files.
    pub(crate) after: ProjectFindings,
}

/// A file to which fixes have been applied in memory.
pub(crate) struct FixedFile {
    /// The path of the file as specified by the user.
    pub(crate) path: PathBuf,
    pub(crate) original: Source,
    pub(crate) fixed: Source,
}

/// Validates the selected deployments without connecting to a server. Unless an environment is selected, the project
/// file is validated alone and with each of its environments.
///
/// # Errors
///
/// Fails if the project file does not exist or if options are invalid.
pub(crate) async fn findings(ctx: &DeployContext<'_>) -> Result<ProjectFindings, PreparationError> {
    match read(ctx) {
        Ok(files) => findings_in(ctx, &files).await,
        Err(error) => invalid(error),
    }
}

/// Applies all fixes to the project file and the overlay files in memory, and then validates the selected deployments
/// again.
///
/// # Errors
///
/// Fails under the same conditions as [`findings`], or if a file is not UTF-8.
pub(crate) async fn fix(ctx: &DeployContext<'_>) -> Result<FixedProject, PreparationError> {
    let originals = read(ctx)?;
    let before = findings_in(ctx, &originals).await?;
    let mut after = before.clone();
    let (mut files, mut count) = (originals.clone(), 0);
    for _ in 0..MAXIMUM_PASSES {
        let count_before = count;
        files.map_sources(|source| {
            let fixes = after.diagnostics.iter().filter_map(|diagnostic| diagnostic.fix.as_deref());
            let fixes = fixes.chain(&after.modernizations);
            let here = fixes.filter(|fix| fix.source.name() == source.name());
            let Some(result) = yaml::apply(source, here) else { return source.clone() };
            count += result.count;
            source.with_text(result.text)
        });
        if count == count_before {
            break;
        }
        after = findings_in(ctx, &files).await?;
    }
    let changed = originals.sources().zip(files.sources());
    let changed = changed.filter(|((_, original), (_, fixed))| original.text() != fixed.text());
    let files = changed.map(|((path, original), (_, fixed))| FixedFile {
        path,
        original: original.clone(),
        fixed: fixed.clone(),
    });
    Ok(FixedProject { files: files.collect(), count, before, after })
}

/// Reads the project file and the overlay file of the selected environment, or of all environments.
fn read(ctx: &DeployContext<'_>) -> Result<ProjectSources, ProjectError> {
    let path = ctx.options.prefect_file.as_deref().unwrap_or(Path::new(project::DEFAULT_FILE));
    match &ctx.options.env_name {
        Some(name) => ProjectSources::read(path, ctx.directory, Some(name)),
        None => ProjectSources::read_all(path, ctx.directory),
    }
}

/// Validates the project file with the selected environment, or alone and with each of its environments.
async fn findings_in(
    ctx: &DeployContext<'_>,
    files: &ProjectSources,
) -> Result<ProjectFindings, PreparationError> {
    let selected = findings_with(ctx, files).await;
    let mut others = Vec::new();
    let names = if ctx.options.env_name.is_some() { BTreeSet::new() } else { files.checked_environments() };
    for name in names {
        let options = Options { env_name: Some(name.clone()), ..ctx.options.clone() };
        match findings_with(&DeployContext { options: &options, ..*ctx }, files).await {
            // The environment may not have the selected deployments.
            Err(PreparationError::Target(_)) => {}
            found => others.push((name, found?)),
        }
    }
    let mut found = match selected {
        // The selected deployments may only exist in an environment.
        Err(PreparationError::Target(_)) if !others.is_empty() => ProjectFindings::default(),
        selected => selected?,
    };
    found.environments = others.len();
    let mut diagnostics = Vec::new();
    for (name, other) in others {
        found.modernizations.extend(other.modernizations);
        diagnostics.push((name.to_string(), other.diagnostics));
    }
    let merged = merge_environments(found.diagnostics, diagnostics);
    Ok(ProjectFindings { diagnostics: merge_repeated(merged), ..found })
}

/// Validates the project file with the selected environment.
async fn findings_with(
    ctx: &DeployContext<'_>,
    files: &ProjectSources,
) -> Result<ProjectFindings, PreparationError> {
    let (project, warnings) = match files.load(ctx.options.env_name.as_ref()) {
        Ok(loaded) => loaded,
        Err(error) => return invalid(error),
    };
    let loaded = LoadedProject { project, root: ctx.directory.to_owned(), warnings };
    let mut findings = loaded.findings();
    if let Some(warning) = loaded.project.missing_deployments() {
        findings.push(warning);
    } else {
        let resolver = Resolver::offline(ctx.redactor.clone());
        let prepared = preparation::deployments(&loaded.project, ctx, &resolver, &mut findings).await?;
        for (_, sections) in &prepared {
            dockerfiles(sections, ctx.directory, &mut findings);
        }
    }
    Ok(ProjectFindings {
        diagnostics: findings.take(),
        deployments: loaded.project.deployments.len(),
        environments: 0,
        modernizations: loaded.project.modernizations(),
    })
}

/// Returns the diagnostics for an invalid file. All other errors are returned as failures.
fn invalid(error: ProjectError) -> Result<ProjectFindings, PreparationError> {
    match error {
        ProjectError::Invalid { diagnostics, .. } => {
            Ok(ProjectFindings { diagnostics, ..ProjectFindings::default() })
        }
        error => Err(error.into()),
    }
}
