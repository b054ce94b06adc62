//! The `git_clone` step clones a Git repository into the current directory.

use std::path::{Component, Path};

use serde::Deserialize;

use super::{
    Input, Kind, LocalAccess, RunFuture, Sharing, Step, StepContext, StepEntry, StepError, StepKind, inputs,
};
use crate::{
    git::{Address, Checkout, CloneError, Credentials, Revision},
    secret::Secret,
    value::Mapping,
};

pub(super) const ENTRY: StepEntry = StepEntry {
    name: "prefect.deployments.steps.git_clone",
    aliases: &["prefect.deployments.steps.pull.git_clone", "prefect.deployments.steps.pull.agit_clone"],
    kind: StepKind::GitClone,
    section: None,
    sharing: Sharing::SameInputs,
    access: |_| LocalAccess::Writes,
    inputs: &[
        Input::required("repository", Kind::Text, "URL or local path of the repository"),
        Input::optional(
            "branch",
            Kind::Text,
            "",
            "branch or tag to check out; defaults to the default branch of the repository",
        ),
        Input::optional("commit_sha", Kind::Text, "", "full or abbreviated commit hash"),
        Input::optional("include_submodules", Kind::Boolean, "false", "also clone submodules"),
        Input::optional("access_token", Kind::Text, "", "token for a private repository"),
        Input::optional(
            "credentials",
            Kind::Mapping,
            "",
            "credentials block for GitHub, GitLab, Bitbucket or Azure, with `token` or `password`, and `username`",
        ),
        Input::optional("directories", Kind::Texts, "", "check out only these directories"),
        Input::optional(
            "clone_directory_name",
            Kind::Text,
            "",
            "directory to clone into; named after the repository and the branch by default",
        ),
    ],
    outputs: &["directory"],
    create: |mapping| Ok(Box::new(GitClone::new(inputs::typed(mapping)?)?)),
};

#[derive(Deserialize)]
struct Inputs {
    repository: String,
    branch: Option<String>,
    commit_sha: Option<String>,
    include_submodules: Option<bool>,
    access_token: Option<Secret>,
    credentials: Option<Mapping>,
    directories: Option<Vec<String>>,
    clone_directory_name: Option<String>,
}

#[derive(Debug)]
struct GitClone {
    address: Address,
    branch: Option<String>,
    commit: Option<String>,
    submodules: bool,
    credentials: Option<Credentials>,
    directories: Vec<String>,
    /// Target directory, relative to the current directory.
    directory: String,
}

impl GitClone {
    fn new(inputs: Inputs) -> Result<Self, StepError> {
        let address = Address::parse(&inputs.repository)
            .map_err(|error| StepError::input("repository", error.to_string()))?;
        let not_empty = |text: Option<String>| text.filter(|text| !text.is_empty());
        let (branch, commit) = (not_empty(inputs.branch), not_empty(inputs.commit_sha));
        check_revision(branch.as_deref(), commit.as_deref())?;
        let token = inputs.access_token.filter(|token| !token.expose().is_empty());
        let credentials = match (token, inputs.credentials.filter(|block| !block.is_empty())) {
            (Some(_), Some(_)) => {
                let message = "Please provide either an access token or credentials but not both.";
                return Err(StepError::input("access_token", message));
            }
            (Some(token), None) => Some(Credentials::token(token)),
            (None, Some(block)) => Some(
                Credentials::from_block(&block)
                    .map_err(|error| StepError::input("credentials", error.to_string()))?,
            ),
            (None, None) => None,
        };
        let directory = directory(not_empty(inputs.clone_directory_name), &address, branch.as_deref())?;
        Ok(Self {
            address,
            branch,
            commit,
            submodules: inputs.include_submodules.unwrap_or(false),
            credentials,
            directories: inputs.directories.unwrap_or_default(),
            directory,
        })
    }

    async fn clone_into(&self, context: &StepContext<'_>) -> Result<Mapping, StepError> {
        let redactor = context.resolver.redactor();
        let secrets = [self.credentials.as_ref().map(Credentials::secret), self.address.secret()];
        secrets.into_iter().flatten().for_each(|secret| redactor.learn(secret));
        let checkout = Checkout {
            address: &self.address,
            credentials: self.credentials.as_ref(),
            revision: match (&self.commit, &self.branch) {
                (Some(commit), _) => Revision::Commit(commit),
                (None, Some(branch)) => Revision::Named(branch),
                (None, None) => Revision::Default,
            },
            submodules: self.submodules,
            directories: &self.directories,
            environment: &context.environment,
        };
        context.progress.status(&format!("Cloning {} into {}", self.address, self.directory));
        checkout.clone_or_update(&context.directory, Path::new(&self.directory), context.progress).await?;
        Ok(Mapping::from_iter([("directory".into(), self.directory.as_str().into())]))
    }
}

impl Step for GitClone {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a> {
        Box::pin(async move { self.clone_into(context).await.map(Some) })
    }
}

impl From<CloneError> for StepError {
    fn from(error: CloneError) -> Self {
        let help = error.help().map(str::to_owned);
        match error {
            CloneError::Credentials(_) => Self::input("repository", error.to_string()),
            _ => Self::Failed { message: error.to_string(), help },
        }
    }
}

/// Validates the branch and commit. Fails with the same error messages as Prefect.
fn check_revision(branch: Option<&str>, commit: Option<&str>) -> Result<(), StepError> {
    if branch.is_some_and(|branch| branch.starts_with('-')) {
        return Err(StepError::input("branch", "Branch names cannot start with '-'."));
    }
    if branch.is_some() && commit.is_some() {
        let message = "Cannot provide both a branch and a commit SHA. Please provide only one.";
        return Err(StepError::input("commit_sha", message));
    }
    let is_id = |text: &str| (4..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit());
    match commit {
        Some(commit) if !is_id(commit) => Err(StepError::input(
            "commit_sha",
            format!(
                "Invalid commit SHA: '{commit}'. Expected a hexadecimal Git commit SHA (4–64 characters). If you are \
                 trying to specify a branch or tag name, use the 'branch' parameter instead."
            ),
        )),
        _ => Ok(()),
    }
}

/// Returns the directory to clone into.
///
/// # Errors
///
/// Fails if the directory is not inside the current directory.
fn directory(name: Option<String>, address: &Address, branch: Option<&str>) -> Result<String, StepError> {
    let Some(name) = name else {
        return address.directory_name(branch).ok_or_else(|| {
            let message = format!(
                "'{address}' does not end in a name and would be cloned into the current directory; remove the trailing \
                 slash or set `clone_directory_name`"
            );
            StepError::input("repository", message)
        });
    };
    let normal = |part: Component<'_>| match part {
        Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
        _ => None,
    };
    let parts = Path::new(&name).components().filter(|part| *part != Component::CurDir);
    match parts.map(normal).collect::<Option<Vec<String>>>() {
        Some(parts) if !parts.is_empty() => Ok(parts.join("/")),
        _ => {
            let message = format!("the directory '{name}' is not inside the current directory");
            Err(StepError::input("clone_directory_name", message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(yaml: &str) -> Result<GitClone, StepError> {
        let mapping: Mapping = serde_yaml::from_str(yaml).unwrap();
        assert_eq!(inputs::problems(&ENTRY, &mapping, true), [], "{yaml}");
        GitClone::new(inputs::typed(mapping)?)
    }

    #[test]
    fn derives_the_directory_as_prefect_does() {
        for (yaml, expected) in [
            ("{repository: 'https://h/o/r.git'}", "r"),
            ("{repository: 'https://h/o/r.git', branch: a/b}", "r-a-b"),
            ("{repository: 'https://h/o/r.git', branch: ''}", "r"),
            ("{repository: 'https://h/o/r.git', commit_sha: abcd}", "r"),
            ("{repository: 'https://h/o/', clone_directory_name: x/y}", "x/y"),
            ("{repository: 'https://h/o/', clone_directory_name: ./x}", "x"),
            ("{repository: 'https://h/o/', clone_directory_name: x//y/./}", "x/y"),
        ] {
            assert_eq!(step(yaml).unwrap().directory, expected, "{yaml}");
        }
    }

    #[test]
    fn rejects_invalid_inputs_before_running() {
        for (yaml, key, text) in [
            ("{repository: '--upload-pack=x'}", "repository", "must not start with '-'"),
            ("{repository: 'https://h/o/'}", "repository", "does not end in a name"),
            ("{repository: 'h:r', branch: -x}", "branch", "Branch names cannot start with '-'."),
            ("{repository: 'h:r', branch: x, commit_sha: abcd}", "commit_sha", "Cannot provide both"),
            ("{repository: 'h:r', commit_sha: main}", "commit_sha", "Invalid commit SHA: 'main'"),
            ("{repository: 'h:r', access_token: t, credentials: {token: t}}", "access_token", "not both"),
            ("{repository: 'h:r', credentials: {username: u}}", "credentials", "If a username"),
            (
                "{repository: 'h:r', clone_directory_name: ../x}",
                "clone_directory_name",
                "not inside the current directory",
            ),
            (
                "{repository: 'h:r', clone_directory_name: /x}",
                "clone_directory_name",
                "not inside the current directory",
            ),
            (
                "{repository: 'h:r', clone_directory_name: .}",
                "clone_directory_name",
                "not inside the current directory",
            ),
        ] {
            match step(yaml) {
                Err(StepError::Input { key: Some(wrong), message }) => {
                    assert_eq!(wrong, key, "{yaml}");
                    assert!(message.contains(text), "{yaml}: {message}");
                }
                other => panic!("{yaml}: {other:?}"),
            }
        }
    }

    #[test]
    fn never_shows_secrets() {
        for yaml in [
            "{repository: 'https://u:hunter2@h/r'}",
            "{repository: 'https://ghp_hunter2hunter2hunter2@h/r'}",
            "{repository: 'https://h/r', access_token: hunter2}",
            "{repository: 'https://h/r', credentials: {token: hunter2}}",
        ] {
            let step = step(yaml).unwrap();
            assert!(!format!("{step:?}").contains("hunter2"), "{yaml}");
            assert!(!step.address.to_string().contains("hunter2"), "{yaml}");
        }
    }
}
