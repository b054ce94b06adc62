//! Clones a Git repository into a directory, or updates an existing clone.

mod lock;

use std::{io, path::Path, time::Duration};

use self::lock::CloneLock;
use super::{
    address::Address,
    credentials::{Credentials, CredentialsError, Login},
    program::{Git, Refusal},
};
use crate::{environment::Environment, fs::FileError, progress::Progress};

/// Maximum number of attempts when the network fails.
const ATTEMPTS: u32 = 3;
/// Delay before the second attempt. The delay increases by this amount with every attempt.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The revision to check out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revision<'a> {
    /// The default branch of the remote repository.
    Default,
    /// A branch or tag, given by its name.
    Named(&'a str),
    /// A commit, given by its full or abbreviated ID.
    Commit(&'a str),
}

/// A repository, and the revision and directories to check out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checkout<'a> {
    pub(crate) address: &'a Address,
    pub(crate) credentials: Option<&'a Credentials>,
    pub(crate) revision: Revision<'a>,
    pub(crate) submodules: bool,
    /// Directories to check out. An empty list means the whole repository.
    pub(crate) directories: &'a [String],
    pub(crate) environment: &'a Environment,
}

/// The error returned if a checkout fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CloneError {
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error("cannot start git: {0}")]
    NotStarted(#[from] io::Error),
    #[error("cannot lock the clone: {0}")]
    Lock(#[from] FileError),
    #[error("The existing repository at {target} does not match the configured repository {address}")]
    OtherRepository { target: String, address: String },
    #[error("commit '{commit}' does not exist in {address}")]
    NoSuchCommit { commit: String, address: String },
    #[error("Failed to {action} repository '{address}' with exit code {code}. git stderr: {message}")]
    Refused { action: &'static str, address: String, code: i32, message: String, hint: Option<&'static str> },
}

impl CloneError {
    /// Returns a hint for fixing the error, or `None` if there is no hint.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Refused { hint, .. } => *hint,
            Self::NotStarted(_) => Some("install git and make sure that it is on PATH"),
            Self::OtherRepository { .. } => Some("remove the directory, or set `clone_directory_name`"),
            Self::NoSuchCommit { .. } => {
                Some("check the commit ID; an abbreviated ID must be in the history of a branch or tag")
            }
            Self::Credentials(_) | Self::Lock(_) => None,
        }
    }
}

impl Checkout<'_> {
    /// Clones the repository into `target`, a path relative to `directory`, or updates an existing clone, and checks
    /// out the revision. A relative repository path is resolved against `directory`.
    ///
    /// Keeps local changes in an existing clone. Waits while another process uses the clone.
    ///
    /// # Errors
    ///
    /// Fails if the clone cannot be locked, if a Git command fails or if local changes conflict with the update.
    /// Retries network failures first.
    pub(crate) async fn clone_or_update(
        &self,
        directory: &Path,
        target: &Path,
        progress: &dyn Progress,
    ) -> Result<(), CloneError> {
        let target = &directory.join(target);
        let _lock = CloneLock::acquire(target, progress).await?;
        let clone = target.join(".git").exists().then_some(target.as_path());
        let login = Login::new(self.address, self.credentials)?;
        let git = Git::new(self.environment, self.address, login.as_ref(), clone).await?;
        let working_copy = WorkingCopy { checkout: self, git, target, has_login: login.is_some() };
        match clone {
            Some(_) => working_copy.update().await,
            None => working_copy.create(directory).await,
        }
    }
}

/// A clone of a repository in a local directory.
struct WorkingCopy<'a> {
    checkout: &'a Checkout<'a>,
    git: Git,
    target: &'a Path,
    /// Whether the credential helper provides the user name. The address may then omit the user name.
    has_login: bool,
}

impl WorkingCopy<'_> {
    async fn create(&self, directory: &Path) -> Result<(), CloneError> {
        let address = self.address();
        let target = self.target.to_string_lossy();
        let mut arguments = vec!["clone"];
        match self.checkout.revision {
            Revision::Default => arguments.extend(["--depth", "1"]),
            Revision::Named(name) => arguments.extend(["--depth", "1", "--branch", name]),
            Revision::Commit(_) => arguments.extend(["--filter=blob:none", "--no-checkout"]),
        }
        if !self.checkout.directories.is_empty() {
            arguments.push("--sparse");
        }
        arguments.extend(["--", &address, &target]);
        self.run_with_retries("clone", directory, &arguments).await?;
        self.set_directories().await?;
        if let Revision::Commit(commit) = self.checkout.revision {
            self.check_out(commit).await?;
        }
        self.submodules().await
    }

    async fn update(&self) -> Result<(), CloneError> {
        let origin = self.ask(&["config", "--get", "remote.origin.url"]).await?.unwrap_or_default();
        if !Address::parse(&origin).is_ok_and(|origin| origin.is_same(self.checkout.address)) {
            return Err(CloneError::OtherRepository {
                target: self.target.display().to_string(),
                address: self.checkout.address.to_string(),
            });
        }
        // Replace the existing address because it may contain a token.
        self.run("configure", &["remote", "set-url", "origin", &self.address()]).await?;
        self.set_directories().await?;
        match self.checkout.revision {
            Revision::Commit(commit) => self.check_out(commit).await?,
            Revision::Default | Revision::Named(_) => {
                let name = if let Revision::Named(name) = self.checkout.revision { name } else { "HEAD" };
                self.run_with_retries("update", self.target, &["fetch", "--depth", "1", "origin", name])
                    .await?;
                // `--keep` preserves local changes. It fails if the update would overwrite them.
                self.run("update", &["reset", "--keep", "FETCH_HEAD"]).await?;
            }
        }
        self.submodules().await
    }

    /// Limits the working tree to the requested directories.
    async fn set_directories(&self) -> Result<(), CloneError> {
        let directories = self.checkout.directories;
        if !directories.is_empty() {
            let mut arguments = vec!["sparse-checkout", "set", "--"];
            arguments.extend(directories.iter().map(String::as_str));
            self.run("set the directories of", &arguments).await?;
        } else if self.ask(&["config", "--get", "core.sparseCheckout"]).await?.as_deref() == Some("true") {
            self.run("check out all directories of", &["sparse-checkout", "disable"]).await?;
        }
        Ok(())
    }

    /// Checks out a commit. Fetches the commit first if the clone does not contain it.
    async fn check_out(&self, commit: &str) -> Result<(), CloneError> {
        let mut id = self.resolve(commit).await?;
        if id.is_none() {
            let is_full_id = matches!(commit.len(), 40 | 64);
            let is_shallow = self.ask(&["rev-parse", "--is-shallow-repository"]).await?;
            let mut arguments = vec!["fetch"];
            match (is_full_id, is_shallow.as_deref()) {
                // Servers cannot resolve an abbreviated ID, so finding the commit requires the whole history.
                (false, Some("true")) => arguments.extend(["--unshallow", "origin"]),
                (false, _) => arguments.push("origin"),
                (true, _) => arguments.extend(["origin", commit]),
            }
            if let Err(error) = self.run_with_retries("fetch", self.target, &arguments).await
                && !(is_full_id && is_unknown(&error))
            {
                return Err(error);
            }
            id = self.resolve(commit).await?;
        }
        let Some(id) = id else {
            let address = self.checkout.address.to_string();
            return Err(CloneError::NoSuchCommit { commit: commit.to_owned(), address });
        };
        self.run("check out a commit of", &["checkout", "--detach", &id]).await
    }

    /// Returns the full ID of a commit, or `None` if the clone does not contain the commit.
    async fn resolve(&self, commit: &str) -> Result<Option<String>, CloneError> {
        self.ask(&["rev-parse", "--verify", "--quiet", &format!("{commit}^{{commit}}")]).await
    }

    async fn submodules(&self) -> Result<(), CloneError> {
        if self.checkout.submodules {
            let arguments = ["submodule", "update", "--init", "--recursive"];
            self.run_with_retries("fetch the submodules of", self.target, &arguments).await?;
        }
        Ok(())
    }

    /// Returns the repository address to pass to `git`.
    fn address(&self) -> String {
        if self.has_login {
            self.checkout.address.plain()
        } else {
            self.checkout.address.argument().to_owned()
        }
    }

    /// Runs a Git command. Returns its output, or `None` if the command fails or prints nothing.
    async fn ask(&self, arguments: &[&str]) -> Result<Option<String>, CloneError> {
        let answer = self.git.run(self.target, arguments).await?;
        Ok(answer.ok().map(|answer| answer.trim().to_owned()).filter(|answer| !answer.is_empty()))
    }

    async fn run(&self, action: &'static str, arguments: &[&str]) -> Result<(), CloneError> {
        match self.git.run(self.target, arguments).await? {
            Ok(_) => Ok(()),
            Err(refusal) => Err(self.refused(action, &refusal)),
        }
    }

    /// Runs a Git command and retries it if the network fails.
    async fn run_with_retries(
        &self,
        action: &'static str,
        directory: &Path,
        arguments: &[&str],
    ) -> Result<(), CloneError> {
        for attempt in 1.. {
            match self.git.run(directory, arguments).await? {
                Ok(_) => break,
                Err(refusal) if attempt < ATTEMPTS && refusal.is_temporary() => {
                    tokio::time::sleep(RETRY_DELAY * attempt).await;
                }
                Err(refusal) => return Err(self.refused(action, &refusal)),
            }
        }
        Ok(())
    }

    fn refused(&self, action: &'static str, refusal: &Refusal) -> CloneError {
        CloneError::Refused {
            action,
            address: self.checkout.address.to_string(),
            code: refusal.code,
            message: refusal.message(),
            hint: refusal.hint(),
        }
    }
}

/// Checks whether the error means that the server does not have the requested commit.
fn is_unknown(error: &CloneError) -> bool {
    matches!(error, CloneError::Refused { message, .. } if message.contains("not our ref") || message.contains("bad object"))
}

#[cfg(test)]
mod tests;
