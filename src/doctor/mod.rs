//! `prefectl doctor`: everything that a deploy needs, looked at one by one, each with what to do about it.

mod machine;
mod project;
mod server;

use std::path::Path;

use serde::Serialize;

use crate::{api::Client, clock::Clock, environment::Environment, project::Project, settings::Settings};

/// What is looked at.
pub(crate) struct Subject<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) environment: &'a Environment,
    pub(crate) directory: &'a Path,
    pub(crate) clock: &'a Clock,
    /// The connection to the API, or why there is none.
    pub(crate) client: Result<&'a Client, String>,
    /// The project file, or why it cannot be used; `None` where there is none.
    pub(crate) project: Option<Result<&'a Project, String>>,
    /// What `check` finds wrong in a file that can be used, in a few words; `None` if that is nothing.
    pub(crate) mistakes: Option<String>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Ok,
    /// A deploy would work, something else may not.
    Warning,
    /// A deploy would fail.
    Failed,
    /// There was nothing to look at.
    Skipped,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// A stable name, for scripts.
    pub(crate) name: &'static str,
    pub(crate) status: Status,
    /// What was found.
    pub(crate) detail: String,
    /// What to do about it.
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

/// Looks at everything, in an order in which each check explains the next.
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
