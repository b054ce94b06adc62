//! Checks the project file, the work pools and their workers, and the Git remote.

use std::collections::BTreeSet;

use super::{Check, Projects, Subject};
use crate::{
    git::{self, RemoteError},
    names::{counted, shell_quoted},
    validate::LoadedProject,
};

pub(super) fn file(subject: &Subject<'_>) -> Check {
    match &subject.projects {
        Projects::Missing => Check::skipped("project", "no prefect.yaml in the current directory"),
        Projects::Invalid(errors) | Projects::Loaded { errors: Some(errors), .. } => {
            Check::failed("project", errors.clone(), "run `prefectl check` to list all errors")
        }
        Projects::Loaded { projects, errors: None } => {
            let count = projects.iter().map(|loaded| loaded.project.deployments.len()).sum();
            let deployments = counted(count, "deployment");
            match projects.len() {
                1 => Check::ok("project", deployments),
                files => Check::ok("project", format!("{deployments} in {}", counted(files, "file"))),
            }
        }
    }
}

/// Checks each work pool that the project uses.
pub(super) async fn work_pools(subject: &Subject<'_>) -> Vec<Check> {
    let names = pool_names(subject);
    let Ok(client) = &subject.client else { return Vec::new() };
    if names.is_empty() {
        let reason = "neither the project file nor the settings specify a work pool";
        return vec![Check::skipped("work-pool", reason)];
    }
    let mut checks = Vec::new();
    for name in names {
        let quoted = shell_quoted(&name);
        checks.push(match client.work_pool(&name).await {
            Err(error) => Check::skipped("work-pool", format!("'{name}': {error}")),
            Ok(None) => Check::failed(
                "work-pool",
                format!("'{name}' does not exist"),
                format!("create the work pool with `prefectl work-pool create {quoted} --type TYPE`"),
            ),
            Ok(Some(pool)) if pool.is_paused => Check::warning(
                "work-pool",
                format!("'{name}' ({}) is paused, so no runs will start", pool.kind),
                format!("resume the work pool with `prefectl work-pool resume {quoted}`"),
            ),
            Ok(Some(pool)) if pool.is_push() || pool.is_managed() => Check::ok(
                "work-pool",
                format!("'{name}' ({}) is available and does not require a worker", pool.kind),
            ),
            Ok(Some(pool)) => match client.online_workers(&name).await {
                Ok(workers) if workers.is_empty() => Check::warning(
                    "work-pool",
                    format!("'{name}' ({}) has no online worker, so no runs will start", pool.kind),
                    format!("start a worker with `prefect worker start --pool {quoted}`"),
                ),
                Ok(workers) => {
                    let count = workers.len();
                    Check::ok(
                        "work-pool",
                        format!("'{name}' ({}) is available; online workers: {count}", pool.kind),
                    )
                }
                Err(error) => Check::skipped("work-pool", format!("'{name}': {error}")),
            },
        });
    }
    checks
}

/// Returns the literal work pool names in the files. Includes the default work pool if a deployment specifies no work
/// pool. Excludes declared work pools because a deploy creates them.
fn pool_names(subject: &Subject<'_>) -> BTreeSet<String> {
    let default = subject.settings.default_work_pool_name.value.clone();
    if subject.projects().is_empty() {
        return default.into_iter().collect();
    }
    let mut names = BTreeSet::new();
    for LoadedProject { project, settings, .. } in subject.projects() {
        let default = settings.default_work_pool.as_ref().or(default.as_ref());
        for deployment in &project.deployments {
            let name = deployment.fields.work_pool().unresolved().map(str::to_owned);
            names.extend(name.or_else(|| default.cloned()));
        }
    }
    for LoadedProject { project, .. } in subject.projects() {
        for declared in project.work_pool_names() {
            names.remove(declared);
        }
    }
    names.into_iter().filter(|name| !name.contains("{{") && !name.contains("<<")).collect()
}

/// Checks that the Git remote can be accessed without entering a password.
pub(super) async fn git(subject: &Subject<'_>) -> Check {
    let Some(facts) = git::discover(subject.directory) else {
        return Check::skipped("git", "not a Git repository");
    };
    let Some(remote) = facts.remote.clone() else {
        return Check::skipped("git", "the repository has no remote named `origin`");
    };
    match git::check_remote(&facts, &remote, subject.environment).await {
        Ok(()) => Check::ok("git", "remote `origin` is accessible"),
        Err(error @ RemoteError::NotStarted(_)) => Check::warning("git", error.to_string(), "install git"),
        Err(error) => {
            let fix =
                "configure a credential helper or a deploy key; workers that pull the code also need access";
            Check::warning("git", error.to_string(), fix)
        }
    }
}
