//! What the project file needs: its work pools, somebody who works there, and the repository that runs pull from.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Check, Subject};
use crate::{
    git,
    process::{self, Program},
    value::Value,
};

/// How long a Git server may take to answer.
const GIT_PATIENCE: Duration = Duration::from_secs(15);

pub(super) fn file(subject: &Subject<'_>) -> Check {
    match &subject.project {
        None => Check::skipped("project", "no prefect.yaml here: only what every deploy needs is checked"),
        Some(Err(reason)) => {
            Check::failed("project", reason.clone(), "run `prefectl check` for all mistakes")
        }
        Some(Ok(_)) if let Some(mistakes) = &subject.mistakes => {
            Check::failed("project", mistakes.clone(), "run `prefectl check` for all mistakes")
        }
        Some(Ok(project)) => Check::ok("project", format!("{} deployments", project.deployments.len())),
    }
}

/// One check for each work pool that is named.
pub(super) async fn work_pools(subject: &Subject<'_>) -> Vec<Check> {
    let names = pool_names(subject);
    let Ok(client) = &subject.client else { return Vec::new() };
    if names.is_empty() {
        return vec![Check::skipped("work-pool", "no work pool is named in the file or in the settings")];
    }
    let mut checks = Vec::new();
    for name in names {
        checks.push(match client.work_pool(&name).await {
            Err(error) => Check::skipped("work-pool", format!("'{name}': {error}")),
            Ok(None) => Check::failed(
                "work-pool",
                format!("'{name}' is not there"),
                format!("prefectl work-pool create '{name}' --type TYPE"),
            ),
            Ok(Some(pool)) if pool.is_paused => Check::warning(
                "work-pool",
                format!("'{name}' ({}) is paused: runs wait", pool.kind),
                format!("prefectl work-pool resume '{name}'"),
            ),
            Ok(Some(pool)) if pool.is_push() || pool.is_managed() => {
                Check::ok("work-pool", format!("'{name}' ({}) needs no worker", pool.kind))
            }
            Ok(Some(pool)) => match client.online_workers(&name).await {
                Ok(workers) if workers.is_empty() => Check::warning(
                    "work-pool",
                    format!("'{name}' ({}) has no worker: runs wait", pool.kind),
                    format!("prefect worker start --pool '{name}'"),
                ),
                Ok(workers) => {
                    let count = workers.len();
                    Check::ok("work-pool", format!("'{name}' ({}), workers online: {count}", pool.kind))
                }
                Err(error) => Check::skipped("work-pool", format!("'{name}': {error}")),
            },
        });
    }
    checks
}

/// The pools that the file names without templates, and the settings' own where a deployment names none.
fn pool_names(subject: &Subject<'_>) -> BTreeSet<String> {
    let default = subject.settings.default_work_pool_name.value.clone();
    let Some(Ok(project)) = &subject.project else { return default.into_iter().collect() };
    let named = |fields: &crate::value::Mapping| {
        let name = fields.get("work_pool").and_then(|pool| pool.get("name")).and_then(Value::as_str);
        name.map(str::to_owned).or_else(|| default.clone())
    };
    let names = project.deployments.iter().filter_map(|deployment| named(&deployment.fields));
    names.filter(|name| !name.contains("{{") && !name.contains("<<")).collect()
}

/// Whether the repository's remote lets us in, without asking for a password.
pub(super) async fn git(subject: &Subject<'_>) -> Check {
    let Some(facts) = git::discover(subject.directory) else {
        return Check::skipped("git", "the project is not in a Git repository");
    };
    let Some(remote) = facts.remote else {
        return Check::skipped("git", "the repository has no remote `origin`");
    };
    let quiet =
        [("GIT_TERMINAL_PROMPT", "0"), ("GIT_SSH_COMMAND", "ssh -o BatchMode=yes"), ("GIT_ASKPASS", "")];
    let variables: BTreeMap<String, String> =
        quiet.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
    let arguments = ["ls-remote", "--exit-code", "origin", "HEAD"].map(str::to_owned);
    let program = Program {
        program: "git",
        arguments: &arguments,
        directory: &facts.root,
        environment: &subject.environment.without_api_credentials(),
        variables: &variables,
    };
    let fix = "log in with a credential helper or a deploy key; runs that pull the code need the same";
    match tokio::time::timeout(GIT_PATIENCE, process::run_with_input(&program, b"")).await {
        Ok(Ok(finished)) if finished.code == 0 => Check::ok("git", "the remote `origin` lets us in"),
        Ok(Ok(finished)) => {
            let reason = finished.stderr.lines().next_back().unwrap_or("it gives no reason").to_owned();
            Check::warning(
                "git",
                format!("the remote `origin` does not answer: {}", without_login(&reason, &remote)),
                fix,
            )
        }
        Ok(Err(error)) => Check::warning("git", format!("git cannot be started: {error}"), "install git"),
        Err(_) => Check::warning("git", "the remote `origin` does not answer in time", fix),
    }
}

/// A message of Git's without the password that the remote's URL may hold.
fn without_login(text: &str, remote: &str) -> String {
    let login = remote.split_once("://").and_then(|(_, rest)| rest.split_once('@')).map(|(login, _)| login);
    match login.filter(|login| !login.is_empty()) {
        Some(login) => text.replace(login, crate::secret::MASK),
        None => text.to_owned(),
    }
}
