//! The table of steps: lookup by name, the phase they belong to, and what they take.

use super::{
    StepEntry, docker_build, docker_push, git_clone, pip_install, pull_with_block, remote_storage,
    set_working_directory, shell, storage,
};
use crate::diagnostics::did_you_mean;

/// Every step that runs here.
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

/// Names of Prefect 2, and what they are called today.
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

/// Every step that runs here.
pub(crate) fn all() -> &'static [StepEntry] {
    STEPS
}

/// The step of a name.
pub(crate) fn find(name: &str) -> Option<&'static StepEntry> {
    STEPS.iter().find(|entry| entry.name == name || entry.aliases.contains(&name))
}

/// The keys of a step's outputs; `None` where they are not known.
pub(crate) fn outputs(name: &str) -> Option<&'static [&'static str]> {
    find(name).map(|entry| entry.outputs)
}

/// Why a name is probably not a step, and which is meant; `None` for a step, and for a Python function of the
/// user's own, which nobody can judge from here.
pub(crate) fn doubt(name: &str) -> Option<String> {
    if find(name).is_some() {
        return None;
    }
    if let Some((_, today)) = RENAMED.iter().find(|(old, _)| *old == name) {
        return Some(format!("this is its name in Prefect 2; today it is {today}"));
    }
    if !name.contains(['.', ':']) {
        return Some("a step is named by its full path, such as module.function".to_owned());
    }
    let of_the_reference = is_of_the_reference(name);
    let known = STEPS.iter().map(|entry| entry.name);
    match did_you_mean(name, known).filter(|known| of_the_reference || strsim::levenshtein(name, known) <= 2)
    {
        Some(known) => Some(format!("did you mean {known}?")),
        None if of_the_reference => Some("Prefect has no such step".to_owned()),
        None => None,
    }
}

/// Whether a name is where the reference has its steps, all of which are in the table.
fn is_of_the_reference(name: &str) -> bool {
    let packages = ["prefect", "prefect_docker", "prefect_aws", "prefect_gcp", "prefect_azure"];
    let mut parts = name.split('.');
    parts.next().is_some_and(|package| packages.contains(&package))
        && matches!(parts.next(), Some("deployments" | "projects"))
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn doubtful_names_are_told_from_unknown_ones() {
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
