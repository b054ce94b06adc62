//! The registry of built-in steps.

use super::{
    StepEntry, StepKind, docker_build, docker_push, git_clone, pip_install, pull_with_block, python_step,
    remote_storage, set_working_directory, shell, storage,
};
use crate::diagnostics::did_you_mean;

const STEPS: &[StepEntry] = &[
    shell::ENTRY,
    pip_install::ENTRY,
    set_working_directory::ENTRY,
    git_clone::ENTRY,
    remote_storage::ENTRY,
    pull_with_block::ENTRY,
    docker_build::ENTRY,
    docker_push::ENTRY,
    storage::PUSH_TO_S3,
    storage::PULL_FROM_S3,
    storage::PUSH_TO_GCS,
    storage::PULL_FROM_GCS,
    storage::PUSH_TO_AZURE,
    storage::PULL_FROM_AZURE,
];

/// Prefect 2 step names with their current names.
const RENAMED: &[(&str, &str)] = &[
    ("prefect.projects.steps.git_clone_project", "prefect.deployments.steps.git_clone"),
    ("prefect.projects.steps.git_clone", "prefect.deployments.steps.git_clone"),
    ("prefect.deployments.steps.git_clone_project", "prefect.deployments.steps.git_clone"),
    ("prefect.projects.steps.run_shell_script", "prefect.deployments.steps.run_shell_script"),
    ("prefect.projects.steps.pip_install_requirements", "prefect.deployments.steps.pip_install_requirements"),
    ("prefect.projects.steps.set_working_directory", "prefect.deployments.steps.set_working_directory"),
    (
        "prefect_docker.projects.steps.build_docker_image",
        "prefect_docker.deployments.steps.build_docker_image",
    ),
    ("prefect_docker.projects.steps.push_docker_image", "prefect_docker.deployments.steps.push_docker_image"),
    ("prefect_aws.projects.steps.push_project_to_s3", "prefect_aws.deployments.steps.push_to_s3"),
    ("prefect_aws.projects.steps.pull_project_from_s3", "prefect_aws.deployments.steps.pull_from_s3"),
    ("prefect_gcp.projects.steps.push_project_to_gcs", "prefect_gcp.deployments.steps.push_to_gcs"),
    ("prefect_gcp.projects.steps.pull_project_from_gcs", "prefect_gcp.deployments.steps.pull_from_gcs"),
];

pub(crate) fn all() -> &'static [StepEntry] {
    STEPS
}

/// Returns the built-in step with the given name or alias.
pub(crate) fn find(name: &str) -> Option<&'static StepEntry> {
    STEPS.iter().find(|entry| entry.name == name || entry.aliases.contains(&name))
}

/// Returns the entry of the step with the given name. Treats a name that is not built in as a Python function.
pub(super) fn find_or_function(name: &str) -> &'static StepEntry {
    find(name).unwrap_or(&python_step::ENTRY)
}

/// Returns the full name of the built-in step with the given kind.
pub(super) fn name(kind: StepKind) -> &'static str {
    STEPS.iter().find(|entry| entry.kind == kind).map_or(python_step::ENTRY.name, |entry| entry.name)
}

/// Returns a step's output names, or `None` if the step is not built in.
pub(crate) fn outputs(name: &str) -> Option<&'static [&'static str]> {
    find(name).map(|entry| entry.outputs)
}

/// Explains why a step name is probably wrong and suggests a correction. Returns `None` for built-in steps and for
/// names that could be user-defined Python functions.
pub(crate) fn doubt(name: &str) -> Option<String> {
    if find(name).is_some() {
        return None;
    }
    if let Some((_, current)) = RENAMED.iter().find(|(old, _)| *old == name) {
        return Some(format!("this name is from Prefect 2; use {current} instead"));
    }
    if !name.contains(['.', ':']) {
        return Some("the name of a step must be a full path, such as module.function".to_owned());
    }
    match similar(name) {
        Some(known) => Some(format!("did you mean {known}?")),
        None if is_prefect_step(name) => Some("Prefect does not have a step with this name".to_owned()),
        None => None,
    }
}

/// Returns the current name of a step whose name is misspelled or comes from Prefect 2, or `None` if the name is
/// correct or no step matches.
pub(crate) fn replacement(name: &str) -> Option<&'static str> {
    if find(name).is_some() {
        return None;
    }
    let renamed = RENAMED.iter().find(|(old, _)| *old == name).map(|(_, current)| *current);
    renamed.or_else(|| similar(name).filter(|known| strsim::levenshtein(name, known) <= 2))
}

fn similar(name: &str) -> Option<&'static str> {
    let known = STEPS.iter().map(|entry| entry.name);
    did_you_mean(name, known).filter(|known| is_prefect_step(name) || strsim::levenshtein(name, known) <= 2)
}

/// Returns whether a name belongs to a Prefect module that defines steps. The registry contains all steps in these
/// modules.
fn is_prefect_step(name: &str) -> bool {
    let packages = ["prefect", "prefect_docker", "prefect_aws", "prefect_gcp", "prefect_azure"];
    let mut parts = name.split('.');
    parts.next().is_some_and(|package| packages.contains(&package))
        && matches!(parts.next(), Some("deployments" | "projects"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_one_row() {
        for entry in STEPS {
            assert_eq!(name(entry.kind), entry.name);
        }
    }

    #[test]
    fn names_and_aliases_are_unique() {
        let mut names: Vec<_> =
            STEPS.iter().flat_map(|entry| entry.aliases.iter().chain([&entry.name])).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn knows_the_current_names_of_steps() {
        for (name, expected) in [
            ("prefect.projects.steps.git_clone_project", Some("prefect.deployments.steps.git_clone")),
            ("prefect.deployments.steps.run_shel_script", Some("prefect.deployments.steps.run_shell_script")),
            ("prefect.deployments.steps.git_clone", None),
            ("prefect_docker.deployments.steps.something_else", None),
            ("steps.sign", None),
        ] {
            assert_eq!(replacement(name), expected, "{name}");
        }
    }

    #[test]
    fn distinguishes_mistakes_from_user_functions() {
        for (name, expected) in [
            ("prefect.deployments.steps.run_shell_script", None),
            ("prefect.deployments.steps.utility.run_shell_script", None),
            ("prefect.deployments.steps.git_clone", None),
            ("my_company.steps.sign", None),
            ("prefect.deployments.steps.run_shel_script", Some("did you mean")),
            ("prefect.projects.steps.git_clone_project", Some("Prefect 2")),
            ("prefect_docker.deployments.steps.something_else", Some("")),
            ("prefect_shell.commands.shell_run_command", None),
            ("steps/sign.py:sign", None),
            ("run_shell_script", Some("full path")),
        ] {
            let doubt = doubt(name);
            assert_eq!(doubt.is_some(), expected.is_some(), "{name}");
            assert!(doubt.unwrap_or_default().contains(expected.unwrap_or_default()), "{name}");
        }
    }
}
