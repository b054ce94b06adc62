//! The address of a repository: what it names, and what of it may be shown.

use std::fmt;

use percent_encoding::percent_decode_str;

use crate::secret::Secret;

/// Where a repository is. What is shown of it, and given to `git`, has no password in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    /// The address without a password; the user stays, except where a password belongs to it.
    text: String,
    user: Option<String>,
    password: Option<Secret>,
    transport: Transport,
    /// With the port.
    host: String,
}

/// How a repository is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Https,
    Http,
    /// `ssh://host/path` and `user@host:path`.
    Ssh,
    /// A path, or one of git's other protocols.
    Other,
}

/// An address that cannot be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AddressError {
    #[error("the address of the repository is empty")]
    Empty,
    #[error("the address of a repository cannot start with '-': git would take it for an option")]
    Option,
    #[error("the address of a repository cannot have line ends in it")]
    LineEnd,
    #[error("the address of a repository cannot name a helper program, as `ext::` does")]
    Helper,
}

/// Whether a text could be the name of one of git's helpers.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character.is_ascii_alphanumeric() || character == '-')
}

impl Address {
    pub(crate) fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        match text.chars().next() {
            None => return Err(AddressError::Empty),
            Some('-') => return Err(AddressError::Option),
            Some(_) if text.contains(char::is_control) => return Err(AddressError::LineEnd),
            Some(_) => {}
        }
        if text.split_once("::").is_some_and(|(helper, _)| is_word(helper)) {
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
        let (user, password) = user_info.map_or((None, None), |info| match info.split_once(':') {
            Some((user, password)) => (Some(decoded(user)), Some(Secret::new(decoded(password)))),
            None => (Some(decoded(info)), None),
        });
        let plain = format!("{scheme}://{host}{}", &rest[authority.len()..]);
        let is_http = matches!(transport, Transport::Https | Transport::Http);
        Ok(Self {
            // What is not HTTP has its own ways with users and passwords.
            text: if password.is_some() && is_http { plain } else { text.to_owned() },
            user: user.filter(|user| !user.is_empty()),
            password: password.filter(|_| is_http),
            transport,
            host: host.to_ascii_lowercase(),
        })
    }

    /// `user@host:path`, or a path: git tells them apart by a colon before the first slash.
    fn without_scheme(text: &str) -> Self {
        let before_slash = text.split('/').next().unwrap_or_default();
        let (transport, host) = match before_slash.split_once(':') {
            Some((host, _)) => (Transport::Ssh, host.rsplit('@').next().unwrap_or(host)),
            None => (Transport::Other, ""),
        };
        Self { text: text.to_owned(), user: None, password: None, transport, host: host.to_ascii_lowercase() }
    }

    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The user that the address itself names.
    pub(crate) fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    pub(crate) fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// Whether what is sent there stays on this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        let host = self.host.rsplit_once(':').map_or(self.host.as_str(), |(host, _)| host);
        host == "localhost" || host.starts_with("127.") || host == "[::1]"
    }

    /// The address with neither user nor password.
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

    /// The part that credentials are for: `https://host:port`.
    pub(crate) fn origin(&self) -> String {
        let scheme = if self.transport == Transport::Https { "https" } else { "http" };
        format!("{scheme}://{}", self.host)
    }

    /// Whether both name one repository: `.git` and a slash at the end do not count, nor do users.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let bare = |address: &Self| {
            let plain = address.plain();
            let plain = plain.trim_end_matches('/');
            plain.strip_suffix(".git").unwrap_or(plain).to_owned()
        };
        bare(self) == bare(other)
    }

    /// The directory that a clone goes to if nothing else is said: the last part of the path without any `.git` in
    /// it, and the branch.
    ///
    /// Workers work it out in the same way, and later steps name it, so that its oddities have to stay:
    /// `my.github.io.git` gives `myhub.io`. Nothing where the path ends in a slash.
    pub(crate) fn directory_name(&self, branch: Option<&str>) -> Option<String> {
        let path = match self.text.split_once("://") {
            Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
            // Python takes `host:` for a scheme, if it can be one.
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
        f.write_str(&self.text)
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
    fn passwords_leave_the_address() {
        for (text, shown, user, password) in [
            ("https://github.com/o/r.git", "https://github.com/o/r.git", None, None),
            ("https://u:p%40ss@h.com:8443/o/r", "https://h.com:8443/o/r", Some("u"), Some("p@ss")),
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
            let known = address.password().map(Secret::expose);
            assert_eq!(
                (address.to_string().as_str(), address.user(), known),
                (shown, user, password),
                "{text}"
            );
        }
    }

    #[test]
    fn what_git_would_misread_is_refused() {
        for (text, error) in [
            ("", AddressError::Empty),
            ("  ", AddressError::Empty),
            ("--upload-pack=touch x", AddressError::Option),
            ("https://h/x\ny", AddressError::LineEnd),
        ] {
            assert_eq!(Address::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn directories_are_named_as_workers_do() {
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
    fn the_same_repository_can_be_written_differently() {
        let address = |text| Address::parse(text).unwrap();
        let one = address("https://u:p@h.com/o/r.git");
        assert!(one.is_same(&address("https://tok@h.com/o/r/")));
        assert!(!one.is_same(&address("https://h.com/o/r2")));
        assert!(address("http://127.0.0.1:80/x").is_loopback() && !one.is_loopback());
        assert_eq!(address("https://u@h.com:1/o/r").origin(), "https://h.com:1");
    }
}
