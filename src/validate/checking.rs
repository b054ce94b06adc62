//! Validates a project file without a server, and applies fixes to the file.

use std::path::Path;

use super::{LoadedProject, PreparationError, dockerfiles, preparation};
use crate::{
    deployment::DeployContext,
    diagnostics::{Diagnostic, Fix, merge_repeated},
    project::{self, ProjectError},
    source::Source,
    template::Resolver,
    yaml,
};

/// Maximum number of passes in [`fix`]. Each pass applies all fixes that do not overlap.
const MAXIMUM_PASSES: usize = 50;

/// Diagnostics about a project file.
#[derive(Clone)]
pub(crate) struct ProjectFindings {
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// Number of deployments that the file declares.
    pub(crate) deployments: usize,
    /// Fixes that replace deprecated keys that still have an effect.
    modernizations: Vec<Fix>,
}

/// A project file to which all fixes have been applied in memory.
pub(crate) struct FixedProject {
    pub(crate) original: Source,
    pub(crate) fixed: Source,
    /// Number of applied fixes.
    pub(crate) count: usize,
    /// Diagnostics about the original file.
    pub(crate) before: ProjectFindings,
    /// Diagnostics about the fixed file.
    pub(crate) after: ProjectFindings,
}

/// Validates the selected deployments without connecting to a server.
///
/// # Errors
///
/// Fails if the project file does not exist or if options are invalid.
pub(crate) async fn findings(ctx: &DeployContext<'_>) -> Result<ProjectFindings, PreparationError> {
    match project::read(path(ctx), ctx.directory) {
        Ok(source) => findings_in(ctx, &source).await,
        Err(error) => invalid(error),
    }
}

/// Applies all fixes to the project file in memory, and then validates the selected deployments again.
///
/// # Errors
///
/// Fails under the same conditions as [`findings`], or if the file is not UTF-8.
pub(crate) async fn fix(ctx: &DeployContext<'_>) -> Result<FixedProject, PreparationError> {
    let original = project::read(path(ctx), ctx.directory)?;
    let before = findings_in(ctx, &original).await?;
    let mut after = before.clone();
    let (mut fixed, mut count) = (original.clone(), 0);
    for _ in 0..MAXIMUM_PASSES {
        let fixes = after.diagnostics.iter().filter_map(|diagnostic| {
            let is_here = diagnostic.place.as_ref().is_some_and(|place| place.source.name() == fixed.name());
            diagnostic.fix.as_deref().filter(|_| is_here)
        });
        let Some(result) = yaml::apply(&fixed, fixes.chain(&after.modernizations)) else { break };
        fixed = fixed.with_text(result.text);
        count += result.count;
        after = findings_in(ctx, &fixed).await?;
    }
    Ok(FixedProject { original, fixed, count, before, after })
}

fn path<'a>(ctx: &DeployContext<'a>) -> &'a Path {
    ctx.options.prefect_file.as_deref().unwrap_or(Path::new(project::DEFAULT_FILE))
}

async fn findings_in(ctx: &DeployContext<'_>, source: &Source) -> Result<ProjectFindings, PreparationError> {
    let (project, warnings) = match project::load_source(source) {
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
        diagnostics: merge_repeated(findings.take()),
        deployments: loaded.project.deployments.len(),
        modernizations: loaded.project.modernizations(),
    })
}

/// Returns the diagnostics for an invalid file. All other errors are returned as failures.
fn invalid(error: ProjectError) -> Result<ProjectFindings, PreparationError> {
    match error {
        ProjectError::Invalid { diagnostics, .. } => {
            Ok(ProjectFindings { diagnostics, deployments: 0, modernizations: Vec::new() })
        }
        error @ ProjectError::File(_) => Err(error.into()),
    }
}
