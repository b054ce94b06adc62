//! Compares a deployment's definition with its definition in an older version of the project file.

use std::collections::HashMap;

use crate::{
    project::{Declared, Project, StepList},
    steps::Section,
};

/// The old version of the project file.
#[derive(Debug)]
pub(super) enum OldProject {
    /// The file has not changed.
    Same,
    /// The file did not exist or cannot be parsed. All its deployments count as changed.
    Unusable,
    Changed(Box<OldDefinitions>),
}

/// The definitions of deployments in an older version of the project file.
#[derive(Debug)]
pub(super) struct OldDefinitions {
    project: Project,
    /// Maps each deployment name to the indices of the deployments. Deployments of different flows can have the same
    /// name.
    by_name: HashMap<String, Vec<usize>>,
}

impl OldDefinitions {
    pub(super) fn new(project: Project) -> Box<Self> {
        let mut by_name: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, declared) in project.deployments.iter().enumerate() {
            by_name.entry(name(declared)).or_default().push(index);
        }
        Box::new(Self { project, by_name })
    }
}

/// Returns whether the definition of a deployment in `project` differs from all definitions in the older version.
///
/// The definition consists of the deployment's fields, after YAML anchors and merge keys are resolved, and the
/// top-level steps that the deployment uses.
pub(super) fn has_changed(declared: &Declared, project: &Project, old: &OldProject) -> bool {
    let old = match old {
        OldProject::Same => return false,
        OldProject::Unusable => return true,
        OldProject::Changed(old) => old,
    };
    let candidates = old.by_name.get(&name(declared)).into_iter().flatten();
    !candidates.map(|index| &old.project.deployments[*index]).any(|other| {
        other.fields == declared.fields
            && other.ignored == declared.ignored
            && Section::ALL.into_iter().all(|section| {
                shared_steps(declared, project, section) == shared_steps(declared, &old.project, section)
            })
    })
}

fn name(declared: &Declared) -> String {
    declared.name().unwrap_or_default().to_owned()
}

/// Returns the file's top-level steps that a deployment uses, or `None` if the deployment has its own steps in this
/// section.
fn shared_steps<'a>(declared: &Declared, project: &'a Project, section: Section) -> Option<&'a StepList> {
    declared.fields.steps(section).uses_shared(section).then(|| project.steps(section))
}
