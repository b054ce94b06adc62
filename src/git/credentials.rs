//! Credentials for Git hosts, from access tokens or from the credentials blocks of four providers.

use super::address::{Address, Transport};
use crate::{
    loopback::is_loopback,
    secret::Secret,
    value::{Mapping, Value},
};

/// An access token, or the contents of a credentials block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    username: Option<String>,
    secret: Secret,
}

/// The user name and the password that Git requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(super) username: String,
    pub(super) password: Secret,
}

/// The error returned if credentials cannot be used. The first three messages are identical to Prefect's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CredentialsError {
    #[error("If a username is provided, an access token or password must also be provided.")]
    NoSecretForUser,
    #[error("Please provide a `token` or `password` in your Credentials block to clone a repo.")]
    NoSecret,
    #[error(
        "Please provide a `username` and a `password` or `token` in your BitBucketCredentials block to clone a repo \
         from BitBucket Server."
    )]
    BitbucketServerUser,
    #[error("credentials are not sent over unencrypted http://; use https://")]
    NotEncrypted,
    #[error("credentials require an https:// address, but the repository is '{0}'; remove the credentials")]
    NotHttps(String),
}

impl Credentials {
    pub(crate) fn token(secret: Secret) -> Self {
        Self { username: None, secret }
    }

    /// Creates credentials from the contents of a block: `username`, and `access_token`, `token` or
    /// `password`. Empty strings count as missing.
    pub(crate) fn from_block(data: &Mapping) -> Result<Self, CredentialsError> {
        let text = |key: &str| data.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let username = text("username").map(str::to_owned);
        match ["access_token", "token", "password"].into_iter().find_map(text) {
            Some(secret) => Ok(Self { username, secret: Secret::new(secret) }),
            None if username.is_some() => Err(CredentialsError::NoSecretForUser),
            None => Err(CredentialsError::NoSecret),
        }
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Returns the user name and password for the host of a repository.
    ///
    /// GitHub, Azure DevOps and Gitea accept a token as the password of any user, but Bitbucket and GitLab require a
    /// specific user name. The host name identifies the provider, as in Prefect.
    fn login(&self, address: &Address) -> Result<Login, CredentialsError> {
        check_transport(address)?;
        let login = |username: &str, password: &str| Login {
            username: username.to_owned(),
            password: Secret::new(password),
        };
        let secret = self.secret.expose();
        if let Some(username) = &self.username {
            return Ok(login(username, secret));
        }
        if let Some((username, password)) = secret.split_once(':') {
            return Ok(login(username, password));
        }
        let host = address.host();
        if host.contains("bitbucketserver") {
            return Err(CredentialsError::BitbucketServerUser);
        }
        let username = if host.contains("bitbucket") {
            "x-token-auth"
        } else if host.contains("gitlab") {
            "oauth2"
        } else {
            address.user().unwrap_or("x-access-token")
        };
        Ok(login(username, secret))
    }
}

impl Login {
    /// Creates a login from the credentials or, without credentials, from the address. Returns `None` if neither
    /// contains a secret.
    ///
    /// # Errors
    ///
    /// Fails if the credentials are not suitable for the address, or would be sent unencrypted to another machine.
    pub(super) fn new(
        address: &Address,
        credentials: Option<&Credentials>,
    ) -> Result<Option<Self>, CredentialsError> {
        if let Some(credentials) = credentials {
            return credentials.login(address).map(Some);
        }
        let Some((username, password)) = address.login() else { return Ok(None) };
        check_transport(address)?;
        Ok(Some(Self { username: username.to_owned(), password: Secret::new(password) }))
    }
}

/// Checks that an address supports credentials. The connection must be encrypted unless the host is this machine.
fn check_transport(address: &Address) -> Result<(), CredentialsError> {
    match address.transport() {
        Transport::Https => Ok(()),
        Transport::Http if is_loopback(address.host()) => Ok(()),
        Transport::Http => Err(CredentialsError::NotEncrypted),
        Transport::Ssh | Transport::Other => Err(CredentialsError::NotHttps(address.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(url: &str, block: &str) -> Result<(String, String), CredentialsError> {
        let block: Mapping = serde_yaml::from_str(block).unwrap();
        let login = Credentials::from_block(&block)?.login(&Address::parse(url).unwrap())?;
        Ok((login.username, login.password.expose().to_owned()))
    }

    #[test]
    fn chooses_the_user_name_of_each_provider() {
        for (url, block, username, password) in [
            ("https://github.com/o/r", "{token: t}", "x-access-token", "t"),
            ("https://github.com/o/r", "{access_token: t, password: no}", "x-access-token", "t"),
            ("https://gitlab.com/o/r", "{token: t, url: x}", "oauth2", "t"),
            ("https://gitlab.com/o/r", "{token: 'oauth2:t'}", "oauth2", "t"),
            ("https://gitlab.com/o/r", "{token: 'deployer:t'}", "deployer", "t"),
            ("https://bitbucket.org/o/r", "{token: t}", "x-token-auth", "t"),
            ("https://bitbucket.org/o/r", "{username: me, token: t}", "me", "t"),
            ("https://bitbucket.org/o/r", "{username: me, password: 'p:w'}", "me", "p:w"),
            ("https://bitbucketserver.acme.com/scm/o/r", "{token: 'u:t'}", "u", "t"),
            ("https://dev.azure.com/o/p/_git/r", "{token: t}", "x-access-token", "t"),
            ("https://org@dev.azure.com/o/p/_git/r", "{token: t}", "org", "t"),
            ("http://127.0.0.1:8080/r", "{username: a, password: b}", "a", "b"),
        ] {
            assert_eq!(login(url, block), Ok((username.into(), password.into())), "{url} {block}");
        }
    }

    #[test]
    fn rejects_unusable_credentials() {
        for (url, block, error) in [
            ("https://h/r", "{username: me}", CredentialsError::NoSecretForUser),
            ("https://h/r", "{token: ''}", CredentialsError::NoSecret),
            ("https://bitbucketserver.a/r", "{token: t}", CredentialsError::BitbucketServerUser),
            ("http://h/r", "{token: t}", CredentialsError::NotEncrypted),
            ("http://127.evil.example/r", "{token: t}", CredentialsError::NotEncrypted),
            ("git@h:o/r", "{token: t}", CredentialsError::NotHttps("git@h:o/r".into())),
            ("/srv/r", "{token: t}", CredentialsError::NotHttps("/srv/r".into())),
        ] {
            assert_eq!(login(url, block), Err(error), "{url} {block}");
        }
    }

    #[test]
    fn uses_a_password_in_the_address_only_if_it_is_encrypted() {
        let login = |url| Login::new(&Address::parse(url).unwrap(), None);
        for url in ["https://u:p@h/r", "http://u:p@127.0.0.1:1/r", "http://u:p@localhost/r"] {
            let login = login(url).unwrap().unwrap();
            assert_eq!((login.username.as_str(), login.password.expose()), ("u", "p"), "{url}");
        }
        let token = login("https://ghp_0123456789abcdef@h/r").unwrap().unwrap();
        assert_eq!((token.username.as_str(), token.password.expose()), ("ghp_0123456789abcdef", ""));
        for url in [
            "http://u:p@evil.example/r",
            "http://u:p@127.evil.example/r",
            "http://:p@h/r",
            "http://ghp_0123456789abcdef@h/r",
        ] {
            assert_eq!(login(url), Err(CredentialsError::NotEncrypted), "{url}");
        }
        assert_eq!(login("https://u@h/r"), Ok(None));
    }
}
