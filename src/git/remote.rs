//! Checks whether a remote repository accepts the user's credentials.

use std::{collections::BTreeMap, path::Path, time::Duration};

use super::{
    Facts,
    program::{SSH_WITHOUT_PROMPTS, has_ssh_command},
};
use crate::{
    environment::Environment,
    fs,
    process::{self, Program},
    secret::MASK,
};

/// Maximum time that the remote server may take to respond.
const TIME_LIMIT: Duration = Duration::from_secs(15);

/// The error returned if a remote repository is inaccessible.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RemoteError {
    #[error("cannot start git: {0}")]
    NotStarted(#[source] std::io::Error),
    #[error("remote `origin` is not accessible: {0}")]
    Refused(String),
    #[error("remote `origin` did not respond within {} s", TIME_LIMIT.as_secs())]
    TimedOut,
}

/// Requests the `HEAD` of a remote repository, without prompting for a password.
///
/// Git runs in an empty directory because the project repository's configuration can specify programs to run, such as
/// `core.sshCommand`, `core.fsmonitor` or a credential helper. Git still uses helpers from the user's own
/// configuration.
///
/// # Errors
///
/// Fails if `git` cannot be started, if the remote server denies access, or if it does not respond in time.
pub(crate) async fn check_remote(
    facts: &Facts,
    url: &str,
    environment: &Environment,
) -> Result<(), RemoteError> {
    let folder = fs::private_folder("prefectl-git-").map_err(RemoteError::NotStarted)?;
    let url = absolute_url(url, &facts.root);
    let arguments = ["ls-remote", "--exit-code", "--", url.as_str(), "HEAD"].map(str::to_owned);
    let parent = folder.path().parent().unwrap_or(folder.path()).display().to_string();
    let mut variables: BTreeMap<String, String> = [
        ("GIT_CEILING_DIRECTORIES", parent.as_str()),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_ASKPASS", ""),
        // The `ext` transport would run any program named in the URL.
        ("GIT_ALLOW_PROTOCOL", "file:git:http:https:ssh"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let environment = process::environment_outside(environment, &facts.root);
    if !has_ssh_command(None, &environment).await.map_err(RemoteError::NotStarted)? {
        variables.insert("GIT_SSH_COMMAND".to_owned(), SSH_WITHOUT_PROMPTS.to_owned());
    }
    let program = Program {
        program: "git",
        arguments: &arguments,
        directory: folder.path(),
        environment: &environment,
        variables: &variables,
    };
    let finished = tokio::time::timeout(TIME_LIMIT, process::run_with_input(&program, b""))
        .await
        .map_err(|_| RemoteError::TimedOut)?
        .map_err(RemoteError::NotStarted)?;
    if finished.code == 0 {
        return Ok(());
    }
    let reason = finished.stderr.lines().next_back().unwrap_or("git printed no reason");
    Err(RemoteError::Refused(without_login(reason, &url)))
}

/// Returns the URL of a remote. A relative path is resolved against the root of the repository.
fn absolute_url(url: &str, root: &Path) -> String {
    let is_path = !url.contains("://") && !url.split('/').next().is_some_and(|first| first.contains(':'));
    if is_path { root.join(url).display().to_string() } else { url.to_owned() }
}

/// Masks the user name and the password of `url` in a message from Git.
fn without_login(message: &str, url: &str) -> String {
    let authority = url.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    let login = authority.and_then(|authority| authority.rsplit_once('@')).map(|(login, _)| login);
    match login.filter(|login| !login.is_empty()) {
        Some(login) => message.replace(login, MASK),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_relative_remotes_against_the_repository() {
        for (url, expected) in [
            ("../other.git", "/projects/repo/../other.git"),
            ("/srv/git/a.git", "/srv/git/a.git"),
            ("https://h/o/r", "https://h/o/r"),
            ("git@h:o/r", "git@h:o/r"),
            ("host:8/o/r", "host:8/o/r"),
        ] {
            assert_eq!(absolute_url(url, Path::new("/projects/repo")), expected, "{url}");
        }
    }

    #[test]
    fn masks_the_login_of_a_url_in_messages() {
        let message = "fatal: unable to access 'https://u:p@h/r/': no";
        assert_eq!(
            without_login(message, "https://u:p@h/r"),
            format!("fatal: unable to access 'https://{MASK}@h/r/': no")
        );
        assert_eq!(without_login("x", "https://h/r@2"), "x");
    }
}
