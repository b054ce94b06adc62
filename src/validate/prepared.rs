//! Projects of a command, loaded and prepared.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    api::{Capabilities, WorkPool},
    deployment::{DeployContext, PullSteps, ResolvedDeployment, StepSections, pull_steps},
    diagnostics::Diagnostic,
    project::{Findings, Project},
    resource::{AmbiguousResource, Declaration, DesiredResource, order},
    settings::ProjectSettings,
};

/// A loaded project file, with the warnings that occurred while it was loaded.
pub(crate) struct LoadedProject {
    pub(crate) project: Project,
    /// Path of the file as shown to the user. `None` if the command has only one project file.
    pub(crate) file: Option<Arc<str>>,
    /// Absolute path of the base directory for the project's relative paths.
    pub(crate) root: PathBuf,
    /// Settings in the project root, which override the command's settings.
    pub(crate) settings: ProjectSettings,
    pub(crate) warnings: Vec<Diagnostic>,
}

impl LoadedProject {
    /// Creates the only project of a command, whose root is the directory of the command.
    pub(crate) fn only(project: Project, root: &Path, warnings: Vec<Diagnostic>) -> Self {
        Self { project, file: None, root: root.to_owned(), settings: ProjectSettings::default(), warnings }
    }

    /// Returns a collection of findings that already contains the warnings from loading the file.
    pub(crate) fn findings(&self) -> Findings<'_> {
        let mut findings = Findings::new(self.project.document.as_ref());
        for warning in &self.warnings {
            findings.push(warning.clone());
        }
        findings
    }
}

/// A selected deployment that is resolved and validated.
pub(crate) struct PreparedDeployment {
    pub(crate) resolved: ResolvedDeployment,
    pub(crate) sections: StepSections,
}

/// A project whose selected deployments are resolved and validated.
pub(crate) struct PreparedProject<'a> {
    pub(crate) project: &'a Project,
    /// Path of the file as shown to the user. `None` if the command has only one project file.
    pub(crate) file: Option<&'a Arc<str>>,
    /// The context of the command, with the root of the project as its directory.
    pub(crate) ctx: DeployContext<'a>,
    /// Findings about the project that have not been reported.
    pub(crate) findings: Findings<'a>,
    pub(crate) deployments: Vec<PreparedDeployment>,
    /// Declarations of resources, including invalid resources. Empty if only deployments are selected.
    pub(crate) declarations: Vec<Declaration>,
    /// Declared resources. Empty if only deployments are selected.
    pub(crate) resources: Vec<DesiredResource>,
    /// Declared resources that cannot be compared, because multiple resources on the server have the same name.
    pub(crate) ambiguous: Vec<AmbiguousResource>,
}

impl<'a> PreparedProject<'a> {
    /// Creates a project without deployments and resources. `ctx` is the context of the command.
    pub(super) fn new(loaded: &'a LoadedProject, ctx: &DeployContext<'a>) -> Self {
        Self {
            project: &loaded.project,
            file: loaded.file.as_ref(),
            ctx: ctx.in_project(&loaded.root, &loaded.settings),
            findings: loaded.findings(),
            deployments: Vec::new(),
            declarations: Vec::new(),
            resources: Vec::new(),
            ambiguous: Vec::new(),
        }
    }

    /// Removes and returns the findings. Converts locations in project files, such as flows, from paths relative to the
    /// root to paths relative to `directory`.
    pub(super) fn take_findings(&mut self, directory: &Path) -> Vec<Diagnostic> {
        let mut findings = self.findings.take();
        if let Ok(prefix) = self.ctx.directory.strip_prefix(directory)
            && prefix != Path::new("")
        {
            for place in findings.iter_mut().filter_map(|finding| finding.place.as_mut()) {
                let name = Path::new(place.source.name());
                // The project file itself has a path relative to the directory of the command.
                if name.is_relative() && !name.starts_with(prefix) {
                    place.source = place.source.with_name(prefix.join(name).to_string_lossy());
                }
            }
        }
        findings
    }
}

/// Selected deployments of all projects after validation.
pub(crate) struct Preparation<'a> {
    pub(crate) projects: Vec<PreparedProject<'a>>,
    /// Work pools that the deployments use, keyed by name.
    pub(crate) pools: BTreeMap<String, WorkPool>,
    /// Capabilities of the server. If no server is used, all features are supported.
    pub(crate) capabilities: Capabilities,
    /// Declared resources of all projects, in write order.
    pub(crate) resources: Vec<DesiredResource>,
    /// Warnings that have been shown to the user.
    pub(crate) warnings: Vec<Diagnostic>,
}

impl<'a> Preparation<'a> {
    /// Returns deployments and resources after validation. Moves the resources out of the projects.
    pub(super) fn new(
        mut projects: Vec<PreparedProject<'a>>,
        pools: BTreeMap<String, WorkPool>,
        capabilities: Capabilities,
        warnings: Vec<Diagnostic>,
    ) -> Self {
        let mut resources: Vec<DesiredResource> =
            projects.iter_mut().flat_map(|project| std::mem::take(&mut project.resources)).collect();
        order::sort(&mut resources);
        Self { projects, pools, capabilities, resources, warnings }
    }

    /// Returns deployments and resources that were validated without a server.
    pub(crate) fn offline(projects: Vec<PreparedProject<'a>>, warnings: Vec<Diagnostic>) -> Self {
        Self::new(projects, BTreeMap::new(), Capabilities::new(None), warnings)
    }

    /// Returns the deployments of all projects.
    pub(crate) fn deployments(&self) -> impl Iterator<Item = &PreparedDeployment> {
        self.projects.iter().flat_map(|project| &project.deployments)
    }

    /// Removes and returns the declared resources that cannot be compared.
    pub(crate) fn take_ambiguous(&mut self) -> Vec<AmbiguousResource> {
        self.projects.iter_mut().flat_map(|project| std::mem::take(&mut project.ambiguous)).collect()
    }

    /// Returns the names of the automations that the files declare.
    pub(crate) fn automation_names(&self) -> BTreeSet<String> {
        let names = self.projects.iter().flat_map(|project| project.project.automation_names());
        names.map(str::to_owned).collect()
    }

    /// Returns the notes about generated pull steps.
    pub(crate) fn notes(&self) -> impl Iterator<Item = &pull_steps::Note> {
        notes(self.deployments())
    }
}

/// Returns the notes about the generated pull steps of deployments.
pub(super) fn notes<'d>(
    deployments: impl IntoIterator<Item = &'d PreparedDeployment>,
) -> impl Iterator<Item = &'d pull_steps::Note> {
    deployments.into_iter().filter_map(|prepared| match &prepared.sections.pull {
        PullSteps::Generated { note, .. } => note.as_ref(),
        _ => None,
    })
}
