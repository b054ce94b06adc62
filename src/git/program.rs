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
/// Git runs the helper only if a server requires credentials, and only for the configured origin. Git sends no
/// credentials after a redirect to another host.
const HELPER: &str = r#"!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "$PREFECTL_GIT_USERNAME" "$PREFECTL_GIT_PASSWORD"; }; f"#;

/// Value of `GIT_SSH_COMMAND` that disables the prompts of ssh.
pub(super) const SSH_WITHOUT_PROMPTS: &str = "ssh -o BatchMode=yes";

/// Messages from Git, ssh and curl that indicate a network failure, in lower case.
const NETWORK_FAILURES: [&str; 18] = [
    "could not resolve host",
    "temporary failure in name resolution",
    "failed to connect to",
    "could not connect",
    "couldn't connect",
    "connection refused",
    "connection reset",
    "connection timed out",
    "connection closed by",
    "operation timed out",
    "timeout was reached",
    "empty reply from server",
    "hung up unexpectedly",
    "early eof",
    "rpc failed",
    "http/2 stream",
    "gnutls_handshake",
    "tls connection was non-properly terminated",
];

/// The environment for running `git` in a particular repository.
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
    /// Prepares the environment for a repository. `login` contains the credentials for the repository's origin. `clone`
    /// is an existing clone whose configuration may contain an ssh command.
    ///
    /// # Errors
    ///
    /// Fails if `git` cannot be started.
    pub(super) async fn new(
        environment: &Environment,
        address: &Address,
        login: Option<&Login>,
        clone: Option<&Path>,
    ) -> io::Result<Self> {
        let mut environment = environment.without_api_credentials();
        environment.remove_git_repository();
        let mut variables: BTreeMap<String, String> = [
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GCM_INTERACTIVE", "never"),
            // Git's error messages are matched in English.
            ("LC_ALL", "C"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        // An empty value disables prompts and prevents Git from using `SSH_ASKPASS`.
        if login.is_some() || environment.non_empty("GIT_ASKPASS").is_none() {
            variables.insert("GIT_ASKPASS".into(), String::new());
        }
        if address.transport() == Transport::Ssh && !has_ssh_command(clone, &environment).await? {
            variables.insert("GIT_SSH_COMMAND".into(), SSH_WITHOUT_PROMPTS.into());
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
            configure(&mut variables, &environment, &entries);
        }
        Ok(Self { environment, variables })
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

/// Checks whether the user has configured the ssh command: with an environment variable, in the user's
/// configuration, or in the configuration of an existing clone.
pub(super) async fn has_ssh_command(clone: Option<&Path>, environment: &Environment) -> io::Result<bool> {
    if ["GIT_SSH_COMMAND", "GIT_SSH"].iter().any(|name| environment.non_empty(name).is_some()) {
        return Ok(true);
    }
    let arguments = ["config", "--get", "core.sshCommand"].map(str::to_owned);
    let program = Program {
        program: "git",
        arguments: &arguments,
        // Without a clone, the configuration of a surrounding repository does not apply.
        directory: clone.unwrap_or(Path::new("/")),
        environment,
        variables: &BTreeMap::new(),
    };
    Ok(process::run(&program, None).await?.code == 0)
}

/// Adds Git configuration entries to the environment. Keeps the user's own `GIT_CONFIG` entries.
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
        const BUSY_SERVER: [&str; 2] = ["returned error: 5", "returned error: 429"];
        let stderr = self.stderr.to_lowercase();
        NETWORK_FAILURES.iter().chain(&BUSY_SERVER).any(|sign| stderr.contains(sign))
    }

    /// Returns a hint for fixing the failure, or `None` if there is no hint.
    pub(super) fn hint(&self) -> Option<&'static str> {
        const HINTS: [(&str, &str); 7] = [
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
            ("permission denied", "check your SSH key or token permissions"),
            ("destination path", "a stale directory may exist: remove it and try again"),
        ];
        let stderr = self.stderr.to_lowercase();
        let contains_any = |signs: &[&str]| signs.iter().any(|sign| stderr.contains(sign));
        if let Some((_, hint)) = HINTS.iter().find(|(sign, _)| stderr.contains(sign)) {
            Some(*hint)
        } else if contains_any(&NETWORK_FAILURES) {
            Some("check your network connectivity and DNS settings")
        } else if contains_any(&["not found", "does not exist", "does not appear to be a git repository"]) {
            Some("check the repository URL and your access permissions")
        } else {
            None
        }
    }

    /// Returns the last three lines of stderr, joined into a single line.
    pub(super) fn message(&self) -> String {
        let lines: Vec<&str> = self.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(3)..].join(" | ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    #[tokio::test]
    async fn passes_secrets_by_environment_for_one_host() {
        let environment = Environment::from_iter([("GIT_CONFIG_COUNT", "2"), ("GIT_ASKPASS", "/bin/ask")]);
        let address = Address::parse("https://h.com:8443/o/r").unwrap();
        let login = Login { username: "u".into(), password: Secret::new("p") };
        let git = Git::new(&environment, &address, Some(&login), None).await.unwrap();
        let variable = |name: &str| git.variables.get(name).map(String::as_str);
        assert_eq!(variable("GIT_CONFIG_COUNT"), Some("4"));
        assert_eq!(variable("GIT_CONFIG_KEY_2"), Some("credential.https://h.com:8443.helper"));
        assert_eq!(
            (variable("GIT_CONFIG_VALUE_2"), variable("GIT_CONFIG_VALUE_3")),
            (Some(""), Some(HELPER))
        );
        assert_eq!((variable("GIT_ASKPASS"), variable("GIT_TERMINAL_PROMPT")), (Some(""), Some("0")));
        // Without a login, the user's askpass program is kept.
        let git = Git::new(&environment, &address, None, None).await.unwrap();
        assert_eq!(git.variables.get("GIT_ASKPASS"), None);
    }

    #[tokio::test]
    async fn disables_prompts_of_ssh_unless_the_user_configured_it() {
        let folder = tempfile::tempdir().unwrap();
        let (empty, configured) = (folder.path().join("empty"), folder.path().join("configured"));
        std::fs::write(&empty, "").unwrap();
        std::fs::write(&configured, "[core]\n\tsshCommand = ssh -i k\n").unwrap();
        let path = std::env::var("PATH").unwrap();
        for (address, configuration, variable, expected) in [
            ("git@h:o/r", &empty, ("X", ""), Some(SSH_WITHOUT_PROMPTS)),
            ("git@h:o/r", &empty, ("GIT_SSH_COMMAND", "ssh -i k"), None),
            ("git@h:o/r", &empty, ("GIT_SSH", "plink"), None),
            ("git@h:o/r", &configured, ("X", ""), None),
            ("https://h/o/r", &empty, ("X", ""), None),
        ] {
            let configuration = configuration.to_str().unwrap();
            let variables = [("GIT_CONFIG_GLOBAL", configuration), ("PATH", &path), variable];
            let address = Address::parse(address).unwrap();
            let git = Git::new(&variables.into_iter().collect(), &address, None, None).await.unwrap();
            let command = git.variables.get("GIT_SSH_COMMAND").map(String::as_str);
            assert_eq!(command, expected, "{address} {configuration} {variable:?}");
        }
    }

    #[tokio::test]
    async fn recognizes_a_closed_port() {
        let url = "http://127.0.0.1:1/r";
        let environment = [("PATH", std::env::var("PATH").unwrap())].into_iter().collect();
        let git = Git::new(&environment, &Address::parse(url).unwrap(), None, None).await.unwrap();
        let refusal = git.run(Path::new("/"), &["ls-remote", url]).await.unwrap().unwrap_err();
        assert!(refusal.is_temporary() && refusal.hint().is_some(), "{refusal:?}");
    }

    #[test]
    fn gives_advice_for_known_failures() {
        let refusal = |stderr: &str| Refusal { code: 128, stderr: stderr.to_owned() };
        let branch = refusal("warning: x\nfatal: Remote branch nope not found in upstream origin\n");
        assert_eq!(branch.hint(), Some("check the name of the branch or tag"));
        assert!(!branch.is_temporary());
        for message in [
            "fatal: unable to access 'x': Could not resolve host: x",
            "fatal: unable to access 'x': Failed to connect to h port 443 after 1 ms: Couldn't connect to server",
            "fatal: unable to access 'x': Failed to connect to h port 443 after 1 ms: Could not connect to server",
            "fatal: unable to access 'x': Timeout was reached",
            "fatal: unable to access 'x': Empty reply from server",
            "fatal: unable to access 'x': gnutls_handshake() failed: Error in the pull function.",
            "ssh: Could not resolve hostname h: Temporary failure in name resolution",
            "kex_exchange_identification: Connection closed by remote host",
            "fatal: the remote end hung up unexpectedly",
        ] {
            let failure = refusal(message);
            assert!(failure.is_temporary(), "{message}");
            assert_eq!(failure.hint(), Some("check your network connectivity and DNS settings"), "{message}");
        }
        assert!(refusal("fatal: unable to access 'x': The requested URL returned error: 503").is_temporary());
        let missing = refusal("a\nb\nc\nfatal: repository 'https://h/r/' not found\n");
        assert!(missing.hint().unwrap().contains("check the repository URL"));
        assert_eq!(missing.message(), "b | c | fatal: repository 'https://h/r/' not found");
    }
}
