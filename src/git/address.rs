//! Git repository addresses. Credentials are stored separately from the address.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::secret::{Secret, has_token_prefix};

/// A Git repository address. For `http` and `https`, the displayed form omits the user information, and `git` arguments
/// never contain passwords or access tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The argument for `git`. For `http` and `https`, it omits user information that contains a secret.
    text: String,
    user: Option<String>,
    secret: Option<AddressSecret>,
    transport: Transport,
    /// Lower-case host name, including the port if specified.
    host: String,
}

/// A secret in the user information of an `http` or `https` address.
#[derive(Debug, Clone, PartialEq, Eq)]
enum AddressSecret {
    Password(Secret),
    /// An access token in place of the user name, without a password.
    Token(Secret),
}

/// The protocol of a repository address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Https,
    Http,
    /// SSH, with an address such as `ssh://host/path` or `user@host:path`.
    Ssh,
    /// A local path, or any other protocol that Git supports.
    Other,
}

/// The reason for rejecting a repository address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("the repository URL is empty")]
    Empty,
    #[error("the repository URL must not start with '-', because git would interpret it as an option")]
    Option,
    #[error("the repository URL must not contain control characters")]
    ControlCharacter,
    #[error("the repository URL must not name a helper program, such as `ext::`")]
    Helper,
}

/// Checks whether a string could be the name of a Git remote helper.
fn is_helper_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
}

impl Address {
    /// Parses a repository address from `prefect.yaml`.
    ///
    /// # Errors
    ///
    /// Fails if `git` would interpret the string as an option or as the name of a helper program.
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        match text.chars().next() {
            None => return Err(AddressError::Empty),
            Some('-') => return Err(AddressError::Option),
            Some(_) if text.contains(char::is_control) => return Err(AddressError::ControlCharacter),
            Some(_) => {}
        }
        if text.split_once("::").is_some_and(|(helper, _)| is_helper_name(helper)) {
            return Err(AddressError::Helper);
        }
        let Some((scheme, rest)) = text.split_once("://") else { return Ok(Self::without_scheme(text)) };
        let transport = match scheme.to_ascii_lowercase().as_str() {
            "https" => Transport::Https,
            "http" => Transport::Http,
            "ssh" | "git+ssh" => Transport::Ssh,
            _ => Transport::Other,
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user_info, host) = authority.rsplit_once('@').map_or((None, authority), |(u, h)| (Some(u), h));
        let user_info = user_info.map(|info| match info.split_once(':') {
            Some((user, password)) => (decoded(user), Some(decoded(password))),
            None => (decoded(info), None),
        });
        let plain = format!("{scheme}://{host}{}", &rest[authority.len()..]);
        // For other protocols, Git needs the secret in the address, because prefectl cannot provide it.
        let is_http = matches!(transport, Transport::Https | Transport::Http);
        let (user, secret) = match user_info {
            Some((user, Some(password))) if is_http => {
                (Some(user), Some(AddressSecret::Password(Secret::new(password))))
            }
            Some((user, None)) if is_http && has_token_prefix(&user) => {
                (None, Some(AddressSecret::Token(Secret::new(user))))
            }
            Some((user, _)) => (Some(user), None),
            None => (None, None),
        };
        Ok(Self {
            text: if secret.is_some() { plain } else { text.to_owned() },
            user: user.filter(|user| !user.is_empty()),
            secret,
            transport,
            host: host.to_ascii_lowercase(),
        })
    }

    /// Parses `user@host:path` or a local path. A colon before the first slash marks an SSH address, as in Git.
    fn without_scheme(text: &str) -> Self {
        let before_slash = text.split('/').next().unwrap_or_default();
        let (transport, host) = match before_slash.split_once(':') {
            Some((host, _)) => (Transport::Ssh, host.rsplit('@').next().unwrap_or(host)),
            None => (Transport::Other, ""),
        };
        Self { text: text.to_owned(), user: None, secret: None, transport, host: host.to_ascii_lowercase() }
    }

    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// Returns the user name in the address, or `None` if the address contains no user name.
    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Returns the login in an `http` or `https` address, or `None` if the address contains no secret.
    pub(super) fn login(&self) -> Option<(&str, &str)> {
        match self.secret.as_ref()? {
            AddressSecret::Password(password) => {
                Some((self.user.as_deref().unwrap_or_default(), password.expose()))
            }
            AddressSecret::Token(token) => Some((token.expose(), "")),
        }
    }

    /// Returns the password or access token in an `http` or `https` address, or `None` if the address contains neither.
    pub(crate) fn secret(&self) -> Option<&Secret> {
        match self.secret.as_ref()? {
            AddressSecret::Password(secret) | AddressSecret::Token(secret) => Some(secret),
        }
    }

    /// Returns the address to pass to `git`, which may contain a user name, but no secret.
    pub(super) fn argument(&self) -> &str {
        &self.text
    }

    /// Returns the address without the user name and the password.
    pub(crate) fn plain(&self) -> String {
        match self.text.split_once("://") {
            Some((scheme, rest)) => {
                let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
                let host = authority.rsplit('@').next().unwrap_or(authority);
                format!("{scheme}://{host}{}", &rest[authority.len()..])
            }
            None => self.text.clone(),
        }
    }

    /// Returns the origin that credentials are valid for, such as `https://host:8443`.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.transport == Transport::Https { "https" } else { "http" };
        format!("{scheme}://{}", self.host)
    }

    /// Checks whether two addresses refer to the same repository. Ignores user names, trailing slashes and
    /// the suffix `.git`.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let bare = |address: &Self| {
            let plain = address.plain();
            let plain = plain.trim_end_matches('/');
            plain.strip_suffix(".git").unwrap_or(plain).to_owned()
        };
        bare(self) == bare(other)
    }

    /// Returns a clone's default directory name: the last path component without `.git`, followed by the branch.
    /// Returns `None` if the path ends with a slash.
    ///
    /// Later steps refer to the name that Prefect workers derive, so this function derives exactly the same
    /// name. For example, it removes every `.git`, so `my.github.io.git` becomes `myhub.io`.
    pub(crate) fn directory_name(&self, branch: Option<&str>) -> Option<String> {
        let path = match self.text.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
            // Python's URL parser treats the string before the colon as a scheme.
            None => match self.text.split_once(':') {
                Some((host, path)) if is_scheme(host) => path,
                _ => &self.text,
            },
        };
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default().replace(".git", "");
        let branch = branch.map(|branch| format!("-{}", branch.replace('/', "-"))).unwrap_or_default();
        (!name.is_empty()).then(|| name + &branch)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.transport {
            Transport::Https | Transport::Http => f.write_str(&self.plain()),
            Transport::Ssh | Transport::Other => f.write_str(&self.text),
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_secrets_from_the_address() {
        for (text, argument, user, login) in [
            ("https://github.com/o/r.git", "https://github.com/o/r.git", None, None),
            ("https://u:p%40ss@h.com:8443/o/r", "https://h.com:8443/o/r", Some("u"), Some(("u", "p@ss"))),
            (
                "https://ghp_0123456789abcdef@h.com/o/r",
                "https://h.com/o/r",
                None,
                Some(("ghp_0123456789abcdef", "")),
            ),
            (
                "https://org-0123456789abcdef@h/r",
                "https://org-0123456789abcdef@h/r",
                Some("org-0123456789abcdef"),
                None,
            ),
            (
                "https://org@dev.azure.com/o/p/_git/r",
                "https://org@dev.azure.com/o/p/_git/r",
                Some("org"),
                None,
            ),
            ("ssh://git@h.com/o/r", "ssh://git@h.com/o/r", Some("git"), None),
            ("git@github.com:o/r.git", "git@github.com:o/r.git", None, None),
            ("/srv/a@b:c/r.git", "/srv/a@b:c/r.git", None, None),
        ] {
            let address = Address::parse(text).unwrap();
            assert_eq!(
                (address.argument(), address.user(), address.login()),
                (argument, user, login),
                "{text}"
            );
            assert_eq!(
                address.to_string().contains('@'),
                !text.starts_with("https://") && text.contains('@')
            );
        }
    }

    #[test]
    fn rejects_addresses_that_git_would_misread() {
        for (text, error) in [
            ("", AddressError::Empty),
            ("  ", AddressError::Empty),
            ("--upload-pack=touch x", AddressError::Option),
            ("https://h/x\ny", AddressError::ControlCharacter),
        ] {
            assert_eq!(Address::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn names_directories_as_workers_do() {
        for (text, branch, expected) in [
            ("https://github.com/o/r.git", None, Some("r")),
            ("https://github.com/o/r", Some("feature/x"), Some("r-feature-x")),
            ("git@github.com:o/r.git", None, Some("r")),
            ("https://github.com/o/my.github.io.git", None, Some("myhub.io")),
            ("host:r.git", None, Some("r")),
            ("/srv/git/r.git", None, Some("r")),
            ("https://h/r.git?x=1#f", None, Some("r")),
            ("https://github.com/o/r/", None, None),
            ("https://github.com", None, None),
        ] {
            assert_eq!(Address::parse(text).unwrap().directory_name(branch).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn compares_addresses_of_the_same_repository() {
        let address = |text| Address::parse(text).unwrap();
        let repository = address("https://u:p@h.com/o/r.git");
        assert!(repository.is_same(&address("https://tok@h.com/o/r/")));
        assert!(!repository.is_same(&address("https://h.com/o/r2")));
        assert_eq!(address("https://u@h.com:1/o/r").origin(), "https://h.com:1");
    }
}
