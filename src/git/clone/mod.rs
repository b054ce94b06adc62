//! Bringing a repository into a directory, or the directory up to date.

use std::{io, path::Path, time::Duration};

use super::{
    address::Address,
    credentials::{Credentials, CredentialsError, Login},
    program::{Git, Refusal},
};
use crate::environment::Environment;

/// How often cloning is tried while the network is to blame, and the first wait.
const ATTEMPTS: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// What is wanted of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revision<'a> {
    /// The branch that the repository shows first.
    Default,
    /// A branch or a tag.
    Named(&'a str),
    /// A commit, by its id or the beginning of it.
    Commit(&'a str),
}

/// A repository to bring into a directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checkout<'a> {
    pub(crate) address: &'a Address,
    pub(crate) credentials: Option<&'a Credentials>,
    pub(crate) revision: Revision<'a>,
    pub(crate) submodules: bool,
    /// The only directories to check out, if there are any.
    pub(crate) directories: &'a [String],
    pub(crate) environment: &'a Environment,
}

/// Why a repository is not there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CloneError {
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error("the program git could not be started: {0}")]
    NotStarted(#[from] io::Error),
    #[error("The existing repository at {target} does not match the configured repository {address}")]
    OtherRepository { target: String, address: String },
    #[error("there is no commit {commit} in {address}")]
    NoSuchCommit { commit: String, address: String },
    #[error("Failed to {action} repository '{address}' with exit code {code}. git stderr: {said}")]
    Refused { action: &'static str, address: String, code: i32, said: String, hint: Option<&'static str> },
}

impl CloneError {
    /// What to do about it, where that is known.
    pub(crate) fn help(&self) -> Option<&'static str> {
        match self {
            Self::Refused { hint, .. } => *hint,
            Self::NotStarted(_) => Some("install git, and have it on PATH"),
            Self::OtherRepository { .. } => Some("remove the directory, or set `clone_directory_name`"),
            Self::NoSuchCommit { .. } => {
                Some("check the id; a short one is found only if it is part of a branch or tag")
            }
            Self::Credentials(_) => None,
        }
    }
}

impl Checkout<'_> {
    /// Has the repository in `target`, at the revision: clones it, or brings up to date what is there, over any
    /// changes to its files.
    ///
    /// # Errors
    ///
    /// When git refuses; while the network is to blame it is asked three times.
    pub(crate) async fn bring(&self, target: &Path) -> Result<(), CloneError> {
        let login = Login::of(self.address, self.credentials)?;
        let git = Git::new(self.environment, self.address, login.as_ref());
        let work = Work { wanted: self, git, target, login: login.is_some() };
        if target.join(".git").exists() { work.update().await } else { work.create().await }
    }
}

/// Bringing one repository into one directory.
struct Work<'a> {
    wanted: &'a Checkout<'a>,
    git: Git,
    target: &'a Path,
    /// Whether the user is known, and need not be in the address.
    login: bool,
}

impl Work<'_> {
    async fn create(&self) -> Result<(), CloneError> {
        let address = self.address();
        let target = self.target.to_string_lossy();
        let mut arguments = vec!["clone"];
        match self.wanted.revision {
            Revision::Default => arguments.extend(["--depth", "1"]),
            Revision::Named(name) => arguments.extend(["--depth", "1", "--branch", name]),
            Revision::Commit(_) => arguments.extend(["--filter=blob:none", "--no-checkout"]),
        }
        if !self.wanted.directories.is_empty() {
            arguments.push("--sparse");
        }
        arguments.extend(["--", &address, &target]);
        let parent = self.target.parent().unwrap_or(self.target);
        self.patiently("clone", parent, &arguments).await?;
        self.narrow().await?;
        if let Revision::Commit(commit) = self.wanted.revision {
            self.check_out(commit).await?;
        }
        self.submodules().await
    }

    async fn update(&self) -> Result<(), CloneError> {
        let origin = self.ask(&["config", "--get", "remote.origin.url"]).await?.unwrap_or_default();
        if !Address::parse(&origin).is_ok_and(|origin| origin.is_same(self.wanted.address)) {
            return Err(CloneError::OtherRepository {
                target: self.target.display().to_string(),
                address: self.wanted.address.to_string(),
            });
        }
        // The address that is there may have a token in it.
        self.run("configure", &["remote", "set-url", "origin", &self.address()]).await?;
        self.narrow().await?;
        match self.wanted.revision {
            Revision::Commit(commit) => self.check_out(commit).await?,
            Revision::Default | Revision::Named(_) => {
                let name = if let Revision::Named(name) = self.wanted.revision { name } else { "HEAD" };
                self.patiently("update", self.target, &["fetch", "--depth", "1", "origin", name]).await?;
                self.run("update", &["reset", "--hard", "FETCH_HEAD"]).await?;
            }
        }
        self.submodules().await
    }

    /// Checks out the directories that are wanted, and no others.
    async fn narrow(&self) -> Result<(), CloneError> {
        let directories = self.wanted.directories;
        if !directories.is_empty() {
            let mut arguments = vec!["sparse-checkout", "set", "--"];
            arguments.extend(directories.iter().map(String::as_str));
            self.run("narrow", &arguments).await?;
        } else if self.ask(&["config", "--get", "core.sparseCheckout"]).await?.as_deref() == Some("true") {
            self.run("widen", &["sparse-checkout", "disable"]).await?;
        }
        Ok(())
    }

    /// Checks a commit out, after fetching it if it is not there.
    async fn check_out(&self, commit: &str) -> Result<(), CloneError> {
        let mut id = self.resolve(commit).await?;
        if id.is_none() {
            let is_whole = matches!(commit.len(), 40 | 64);
            let is_shallow = self.ask(&["rev-parse", "--is-shallow-repository"]).await?;
            let mut arguments = vec!["fetch"];
            match (is_whole, is_shallow.as_deref()) {
                // An abbreviated id cannot be asked for: it takes the whole history to find what it stands for.
                (false, Some("true")) => arguments.extend(["--unshallow", "origin"]),
                (false, _) => arguments.push("origin"),
                (true, _) => arguments.extend(["origin", commit]),
            }
            if let Err(error) = self.patiently("fetch", self.target, &arguments).await
                && !(is_whole && is_unknown(&error))
            {
                return Err(error);
            }
            id = self.resolve(commit).await?;
        }
        let Some(id) = id else {
            let address = self.wanted.address.to_string();
            return Err(CloneError::NoSuchCommit { commit: commit.to_owned(), address });
        };
        self.run("check out a commit of", &["checkout", "--force", "--detach", &id]).await
    }

    async fn resolve(&self, commit: &str) -> Result<Option<String>, CloneError> {
        // A lazily filled repository would ask the server about an id that it does not know.
        self.ask(&["rev-parse", "--verify", "--quiet", &format!("{commit}^{{commit}}")]).await
    }

    async fn submodules(&self) -> Result<(), CloneError> {
        if self.wanted.submodules {
            let arguments = ["submodule", "update", "--init", "--recursive"];
            self.patiently("fetch the submodules of", self.target, &arguments).await?;
        }
        Ok(())
    }

    /// The address to hand to git.
    fn address(&self) -> String {
        if self.login { self.wanted.address.plain() } else { self.wanted.address.to_string() }
    }

    /// What git answers to a question, without blanks; nothing if it has no answer.
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

    /// Runs git again while the network is to blame.
    async fn patiently(
        &self,
        action: &'static str,
        directory: &Path,
        arguments: &[&str],
    ) -> Result<(), CloneError> {
        for attempt in 1.. {
            match self.git.run(directory, arguments).await? {
                Ok(_) => break,
                Err(refusal) if attempt < ATTEMPTS && refusal.is_passing() => {
                    tokio::time::sleep(FIRST_WAIT * attempt).await;
                }
                Err(refusal) => return Err(self.refused(action, &refusal)),
            }
        }
        Ok(())
    }

    fn refused(&self, action: &'static str, refusal: &Refusal) -> CloneError {
        CloneError::Refused {
            action,
            address: self.wanted.address.to_string(),
            code: refusal.code,
            said: refusal.said(),
            hint: refusal.hint(),
        }
    }
}

/// Whether a server does not have the commit that was asked for.
fn is_unknown(error: &CloneError) -> bool {
    matches!(error, CloneError::Refused { said, .. } if said.contains("not our ref") || said.contains("bad object"))
}

#[cfg(test)]
mod tests;
