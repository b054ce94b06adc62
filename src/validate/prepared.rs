//! Projects of a command, loaded and prepared.

use std::{collections::BTreeMap, path::PathBuf};

use crate::{
    api::{Capabilities, WorkPool},
    deployment::{DeployContext, PullSteps, ResolvedDeployment, StepSections, pull_steps},
    diagnostics::Diagnostic,
    project::{Findings, Project},
};

/// A loaded project file, with the warnings that occurred while it was loaded.
pub(crate) struct LoadedProject {
    pub(crate) project: Project,
    /// Absolute path of the directory to which relative paths in the project refer.
    pub(crate) root: PathBuf,
    pub(crate) warnings: Vec<Diagnostic>,
}

impl LoadedProject {
    /// Returns a collection of findings that already contains the warnings from loading the file.
    pub(crate) fn findings(&self) -> Findings<'_> {
        let mut findings = Findings::new(self.project.document.as_ref());
        for warning in &self.warnings {
            findings.push(warning.clone());
        }
        findings
    }
}

/// A project whose selected deployments are resolved and validated.
pub(crate) struct PreparedProject<'a> {
    pub(crate) project: &'a Project,
    /// The context of the command, with the root of the project as its directory.
    pub(crate) ctx: DeployContext<'a>,
    /// Findings about the project that have not been reported.
    pub(crate) findings: Findings<'a>,
    pub(crate) deployments: Vec<(ResolvedDeployment, StepSections)>,
}

/// Selected deployments of all projects after validation.
pub(crate) struct Preparation<'a> {
    pub(crate) projects: Vec<PreparedProject<'a>>,
    /// Work pools that the deployments use, by name.
    pub(crate) pools: BTreeMap<String, WorkPool>,
    /// Capabilities of the server. If no server is used, all features are supported.
    pub(crate) capabilities: Capabilities,
    /// Warnings that have been shown to the user.
    pub(crate) warnings: Vec<Diagnostic>,
}

impl<'a> Preparation<'a> {
    /// Returns deployments that were validated without a server.
    pub(crate) fn offline(projects: Vec<PreparedProject<'a>>, warnings: Vec<Diagnostic>) -> Self {
        Self { projects, pools: BTreeMap::new(), capabilities: Capabilities::new(None), warnings }
    }

    /// Returns the deployments of all projects.
    pub(crate) fn deployments(&self) -> impl Iterator<Item = &(ResolvedDeployment, StepSections)> {
        self.projects.iter().flat_map(|project| &project.deployments)
    }

    /// Returns the notes about generated pull steps.
    pub(crate) fn notes(&self) -> impl Iterator<Item = &pull_steps::Note> {
        notes(self.deployments())
    }
}

/// Returns the notes about the generated pull steps of deployments.
pub(super) fn notes<'d>(
    deployments: impl IntoIterator<Item = &'d (ResolvedDeployment, StepSections)>,
) -> impl Iterator<Item = &'d pull_steps::Note> {
    deployments.into_iter().filter_map(|(_, sections)| match &sections.pull {
        PullSteps::Generated { note, .. } => note.as_ref(),
        _ => None,
    })
}
