//! Steps of a deployment, grouped by section.

use std::path::Path;

use super::{DeploymentSpec, PullSteps, ResolvedDeployment, pull_steps::pull_steps};
use crate::{
    pointer::Pointer,
    project::{Key, Project, StepList},
    steps::{Listed, Section},
    value::Value,
};

/// The steps that apply to a deployment, either from the deployment itself or from the top level of the file.
#[derive(Debug)]
pub(crate) struct StepSections {
    pub(crate) build: Vec<Listed>,
    pub(crate) push: Vec<Listed>,
    pub(crate) pull: PullSteps,
    /// Location of the pull step list in the file.
    pub(crate) pull_pointer: Pointer,
}

impl StepSections {
    /// Returns the steps of a resolved deployment. `directory` is the directory of the project.
    pub(crate) fn of(project: &Project, deployment: &ResolvedDeployment, directory: &Path) -> Self {
        let written = &deployment.spec.fields;
        let (build, push) = Self::build_and_push(project, &deployment.spec);
        let is_own = matches!(written.steps(Section::Pull), StepList::Steps(_));
        let owner = if is_own { deployment.pointer() } else { Pointer::root() };
        let pull = pull_steps(project, written, &deployment.fields, directory);
        Self { build, push, pull, pull_pointer: owner.join(Key::Steps(Section::Pull)) }
    }

    /// Returns the steps that run on this machine in execution order, with their sections. Excludes pull steps,
    /// because they run on workers.
    pub(crate) fn local(&self) -> impl Iterator<Item = (Section, &Listed)> {
        let build = self.build.iter().map(|listed| (Section::Build, listed));
        build.chain(self.push.iter().map(|listed| (Section::Push, listed)))
    }

    /// Returns the build and push steps, which run on this machine. A section in the deployment replaces the section
    /// at the top level of the file.
    pub(crate) fn build_and_push(project: &Project, spec: &DeploymentSpec) -> (Vec<Listed>, Vec<Listed>) {
        let steps = |section: Section| {
            let (own, key) = (spec.fields.steps(section), Key::Steps(section));
            if own.uses_shared(section) {
                listed(project, project.steps(section), &Pointer::root().join(key))
            } else {
                listed(project, &own, &spec.declared.pointer().join(key))
            }
        };
        (steps(Section::Build), steps(Section::Push))
    }
}

fn listed(project: &Project, steps: &StepList, pointer: &Pointer) -> Vec<Listed> {
    let is_list =
        project.document.as_ref().and_then(|document| document.locate(pointer)?.as_sequence()).is_some();
    let at = |index: usize| if is_list { pointer.join(index) } else { pointer.clone() };
    let listed = |(index, step): (usize, &Value)| Listed {
        step: step.clone(),
        place: project.place(&at(index)),
        pointer: at(index),
    };
    steps.steps().iter().enumerate().map(listed).collect()
}
