//! Steps of a deployment, grouped by section.

use std::path::Path;

use super::{DeploymentSpec, PullSteps, ResolvedDeployment, pull_steps::pull_steps};
use crate::{
    pointer::Pointer,
    project::{Project, Section},
    steps::Listed,
    value::Value,
};

/// The steps that apply to a deployment, either from the deployment itself or from the top level of the file.
#[derive(Debug)]
pub(crate) struct StepSections {
    pub(crate) build: Vec<Listed>,
    pub(crate) push: Vec<Listed>,
    pub(crate) pull: PullSteps,
    /// Location of the list of pull steps in the file.
    pub(crate) pull_pointer: Pointer,
}

impl StepSections {
    pub(crate) fn of(project: &Project, deployment: &ResolvedDeployment, directory: &Path) -> Self {
        let written = &deployment.spec.fields;
        let (build, push) = Self::build_and_push(project, &deployment.spec);
        let is_own = matches!(Section::of(written, "pull"), Section::Steps(_));
        let owner = if is_own { deployment.spec.declared.pointer() } else { Pointer::root() };
        let pull = pull_steps(project, written, &deployment.fields, directory);
        Self { build, push, pull, pull_pointer: owner.join("pull") }
    }

    pub(crate) fn build(&self) -> &[Listed] {
        &self.build
    }

    pub(crate) fn push(&self) -> &[Listed] {
        &self.push
    }

    /// Returns the build and push steps, which run on this machine. A section in the deployment replaces the
    /// section at the top level of the file.
    ///
    /// As in Prefect, an empty or null `build` and an empty `push` mean that there are no steps. A null
    /// `push` means that the steps at the top level of the file are used.
    pub(crate) fn build_and_push(project: &Project, spec: &DeploymentSpec) -> (Vec<Listed>, Vec<Listed>) {
        let own = spec.declared.pointer();
        let root = Pointer::root();
        let build = match &Section::of(&spec.fields, "build") {
            Section::Absent => listed(project, &project.build, &root.join("build")),
            section => listed(project, section, &own.join("build")),
        };
        let push = match &Section::of(&spec.fields, "push") {
            Section::Absent | Section::Null => listed(project, &project.push, &root.join("push")),
            section @ Section::Steps(_) => listed(project, section, &own.join("push")),
        };
        (build, push)
    }
}

fn listed(project: &Project, section: &Section, pointer: &Pointer) -> Vec<Listed> {
    let is_list =
        project.document.as_ref().and_then(|document| document.locate(pointer)?.as_sequence()).is_some();
    let at = |index: usize| if is_list { pointer.join(index) } else { pointer.clone() };
    let listed = |(index, step): (usize, &Value)| Listed {
        step: step.clone(),
        written: project.document.as_ref().map(|document| document.value_span(&at(index))),
        pointer: at(index),
    };
    section.steps().iter().enumerate().map(listed).collect()
}
