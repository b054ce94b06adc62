//! Checks everything that a deploy requires and suggests a fix for each problem.

mod machine;
mod project;
mod server;

use std::path::Path;

use serde::Serialize;

use crate::{
    api::Client, clock::Clock, environment::Environment, settings::Settings, validate::LoadedProject,
};

/// The inputs of the checks.
pub(crate) struct Subject<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) environment: &'a Environment,
    pub(crate) directory: &'a Path,
    pub(crate) clock: &'a Clock,
    /// The API client, or the reason why it could not be created.
    pub(crate) client: Result<&'a Client, String>,
    pub(crate) projects: Projects,
}

/// The project files.
pub(crate) enum Projects {
    /// There is no project file.
    Missing,
    /// The files cannot be loaded. Contains the reason.
    Invalid(String),
    Loaded {
        projects: Vec<LoadedProject>,
        /// Summary of the errors that `prefectl check` finds. `None` if there are no errors.
        errors: Option<String>,
    },
}

impl Subject<'_> {
    /// Returns the projects whose files have been loaded.
    fn projects(&self) -> &[LoadedProject] {
        match &self.projects {
            Projects::Missing | Projects::Invalid(_) => &[],
            Projects::Loaded { projects, .. } => projects,
        }
    }
}

/// The result of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ok,
    /// The problem does not affect a deploy, but may cause other failures.
    Warning,
    /// A deploy would fail.
    Failed,
    /// The check does not apply.
    Skipped,
}

/// A check and its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// Stable name of the check. Scripts can rely on it.
    pub(crate) name: &'static str,
    pub(crate) status: Status,
    /// Description of the result.
    pub(crate) detail: String,
    /// Suggested fix.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
}

impl Check {
    fn ok(name: &'static str, detail: impl Into<String>) -> Self {
        Self { name, status: Status::Ok, detail: detail.into(), fix: None }
    }

    fn skipped(name: &'static str, detail: impl Into<String>) -> Self {
        Self { status: Status::Skipped, ..Self::ok(name, detail) }
    }

    fn warning(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { status: Status::Warning, fix: Some(fix.into()), ..Self::ok(name, detail) }
    }

    fn failed(name: &'static str, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { status: Status::Failed, ..Self::warning(name, detail, fix) }
    }
}

/// Runs all checks in order. A failed check may be the cause of the failures that follow.
pub(crate) async fn examine(subject: &Subject<'_>) -> Vec<Check> {
    let mut checks = vec![server::settings(subject)];
    checks.extend(server::checks(subject).await);
    checks.push(project::file(subject));
    checks.extend(project::work_pools(subject).await);
    checks.extend(machine::docker(subject).await);
    checks.push(project::git(subject).await);
    checks.push(machine::python(subject).await);
    checks
}
