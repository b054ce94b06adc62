//! Runs the `git` program without prompts. Secrets are passed only through environment variables.

use std::{collections::BTreeMap, io, path::Path};

use super::{
    address::{Address, Transport},
    credentials::Login,
};
use crate::{
    environment::Environment,
    process::{self, Program},
};

/// Git credential helper that returns the contents of two environment variables.
///
/// Git runs the helper only if a server requires credentials, and only for the configured origin. After a
/// redirect to another host, no credentials are sent.
const HELPER: &str = r#"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$PREFECTL_GIT_USERNAME" "$PREFECTL_GIT_PASSWORD"; }; f"#;

/// The environment that `git` runs in for a particular repository.
#[derive(Debug)]
pub(super) struct Git {
    environment: Environment,
    variables: BTreeMap<String, String>,
}

/// A failed run of the `git` program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: i32,
    pub(super) stderr: String,
}

impl Git {
    /// Prepares the environment for a repository. `login` contains the credentials for the repository's
    /// origin.
    pub(super) fn new(environment: &Environment, address: &Address, login: Option<&Login>) -> Self {
        let mut variables: BTreeMap<String, String> = [
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GCM_INTERACTIVE", "never"),
            // Error messages of Git are matched in English.
            ("LC_ALL", "C"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        // An empty value disables prompts and prevents Git from using `SSH_ASKPASS`.
        if login.is_some() || environment.non_empty("GIT_ASKPASS").is_none() {
            variables.insert("GIT_ASKPASS".into(), String::new());
        }
        let has_ssh = ["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| environment.non_empty(name).is_some());
        if address.transport() == Transport::Ssh && !has_ssh {
            variables.insert("GIT_SSH_COMMAND".into(), "ssh -o BatchMode=yes".into());
        }
        if let Some(login) = login {
            variables.insert("PREFECTL_GIT_USERNAME".into(), login.username.clone());
            variables.insert("PREFECTL_GIT_PASSWORD".into(), login.password.expose().to_owned());
            let key = format!("credential.{}.helper", address.origin());
            // The empty value removes the user's own helpers, because they would store the credentials.
            // Without a proxy, unencrypted credentials for a loopback host stay on this machine.
            let mut entries = vec![(key.as_str(), ""), (key.as_str(), HELPER)];
            if address.transport() == Transport::Http {
                entries.push(("http.proxy", ""));
            }
            configure(&mut variables, environment, &entries);
        }
        Self { environment: environment.without_api_credentials(), variables }
    }

    /// Runs a Git command in a directory and returns its standard output.
    ///
    /// # Errors
    ///
    /// The outer error means that `git` could not be started. The inner error means that the command failed.
    pub(super) async fn run(
        &self,
        directory: &Path,
        arguments: &[&str],
    ) -> io::Result<Result<String, Refusal>> {
        let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let program = Program {
            program: "git",
            arguments: &arguments,
            directory,
            environment: &self.environment,
            variables: &self.variables,
        };
        let finished = process::run(&program, None).await?;
        Ok(match finished.code {
            0 => Ok(finished.stdout),
            code => Err(Refusal { code, stderr: finished.stderr }),
        })
    }
}

/// Adds Git configuration to the environment. The user's own `GIT_CONFIG` entries are kept.
fn configure(variables: &mut BTreeMap<String, String>, environment: &Environment, entries: &[(&str, &str)]) {
    let before: usize =
        environment.get("GIT_CONFIG_COUNT").and_then(|count| count.parse().ok()).unwrap_or_default();
    for (index, (key, value)) in (before..).zip(entries) {
        variables.insert(format!("GIT_CONFIG_KEY_{index}"), (*key).to_owned());
        variables.insert(format!("GIT_CONFIG_VALUE_{index}"), (*value).to_owned());
    }
    variables.insert("GIT_CONFIG_COUNT".into(), (before + entries.len()).to_string());
}

impl Refusal {
    /// Checks whether the failure is temporary, so that a retry may succeed.
    pub(super) fn is_temporary(&self) -> bool {
        const SIGNS: [&str; 9] = [
            "could not resolve host",
            "connection refused",
            "connection reset",
            "connection timed out",
            "operation timed out",
            "early eof",
            "rpc failed",
            "returned error: 5",
            "returned error: 429",
        ];
        let stderr = self.stderr.to_lowercase();
        SIGNS.iter().any(|sign| stderr.contains(sign))
    }

    /// Returns advice on how to fix the failure, if there is any.
    pub(super) fn hint(&self) -> Option<&'static str> {
        const HINTS: [(&str, &str); 9] = [
            (
                "authentication failed",
                "check that your credentials or access token are correct and have not expired",
            ),
            (
                "could not read username",
                "the repository is private or does not exist: set `access_token` or `credentials`",
            ),
            (
                "could not read password",
                "the repository is private or does not exist: set `access_token` or `credentials`",
            ),
            ("remote branch", "check the name of the branch or tag"),
            ("couldn't find remote ref", "check the name of the branch or tag"),
            ("could not resolve host", "check your network connectivity and DNS settings"),
            ("connection refused", "check your network connectivity and DNS settings"),
            ("permission denied", "check your SSH key or token permissions"),
            ("destination path", "a stale directory may exist: remove it and try again"),
        ];
        let stderr = self.stderr.to_lowercase();
        let missing = ["not found", "does not exist", "does not appear to be a git repository"];
        HINTS.iter().find(|(sign, _)| stderr.contains(sign)).map(|(_, hint)| *hint).or_else(|| {
            let is_missing = missing.iter().any(|sign| stderr.contains(sign));
            is_missing.then_some("check the address of the repository and that you have access to it")
        })
    }

    /// Returns the last three lines of stderr, joined to a single line.
    pub(super) fn message(&self) -> String {
        let lines: Vec<&str> = self.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(3)..].join(" | ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[test]
    fn passes_secrets_by_environment_for_one_host() {
        let environment = Environment::from_iter([("GIT_CONFIG_COUNT", "2"), ("GIT_ASKPASS", "/bin/ask")]);
        let address = Address::parse("https://h.com:8443/o/r").unwrap();
        let login = Login { username: "u".into(), password: Secret::new("p") };
        let git = Git::new(&environment, &address, Some(&login));
        let variable = |name: &str| git.variables.get(name).map(String::as_str);
        assert_eq!(variable("GIT_CONFIG_COUNT"), Some("4"));
        assert_eq!(variable("GIT_CONFIG_KEY_2"), Some("credential.https://h.com:8443.helper"));
        assert_eq!(
            (variable("GIT_CONFIG_VALUE_2"), variable("GIT_CONFIG_VALUE_3")),
            (Some(""), Some(HELPER))
        );
        assert_eq!((variable("GIT_ASKPASS"), variable("GIT_TERMINAL_PROMPT")), (Some(""), Some("0")));
        // Without a login, the askpass program of the user is kept.
        assert_eq!(Git::new(&environment, &address, None).variables.get("GIT_ASKPASS"), None);
    }

    #[test]
    fn disables_prompts_of_ssh_unless_the_user_configured_it() {
        let address = Address::parse("git@h:o/r").unwrap();
        let command = |environment: &Environment| {
            Git::new(environment, &address, None).variables.get("GIT_SSH_COMMAND").cloned()
        };
        assert_eq!(command(&Environment::default()).as_deref(), Some("ssh -o BatchMode=yes"));
        assert_eq!(command(&Environment::from_iter([("GIT_SSH_COMMAND", "ssh -i k")])), None);
    }

    #[test]
    fn gives_advice_for_known_failures() {
        let refusal = |stderr: &str| Refusal { code: 128, stderr: stderr.to_owned() };
        let branch = refusal("warning: x\nfatal: Remote branch nope not found in upstream origin\n");
        assert_eq!(branch.hint(), Some("check the name of the branch or tag"));
        assert!(!branch.is_temporary());
        assert!(refusal("fatal: unable to access 'x': Could not resolve host: x").is_temporary());
        let missing = refusal("a\nb\nc\nfatal: repository 'https://h/r/' not found\n");
        assert!(missing.hint().unwrap().contains("check the address"));
        assert_eq!(missing.message(), "b | c | fatal: repository 'https://h/r/' not found");
    }
}
