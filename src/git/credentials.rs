//! Who we are at a Git host: from the blocks of four providers to a user and a password.

use super::address::{Address, Transport};
use crate::{
    secret::Secret,
    value::{Mapping, Value},
};

/// An access token, or the data of a credentials block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Credentials {
    username: Option<String>,
    secret: Secret,
}

/// What git is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Login {
    pub(super) username: String,
    pub(super) password: Secret,
}

/// Credentials that cannot be used; the first three texts are the reference's.
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
    #[error("credentials are not sent over http://, where everybody can read them: use https://")]
    NotEncrypted,
    #[error("credentials are for https:// addresses; '{0}' takes none, so leave them out")]
    NotHttps(String),
}

impl Credentials {
    pub(crate) fn token(secret: Secret) -> Self {
        Self { username: None, secret }
    }

    /// The data of a credentials block: `username`, and `access_token`, `token` or `password`. An empty text is as
    /// good as none.
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

    /// What the host of a repository wants to hear.
    ///
    /// GitHub, Azure DevOps and Gitea take a token as the password of any user; the others want a name of their own
    /// for it. Hosts are told by their names, as the reference tells them.
    fn login(&self, address: &Address) -> Result<Login, CredentialsError> {
        match address.transport() {
            Transport::Https => {}
            Transport::Http if address.is_loopback() => {}
            Transport::Http => return Err(CredentialsError::NotEncrypted),
            Transport::Ssh | Transport::Other => {
                return Err(CredentialsError::NotHttps(address.to_string()));
            }
        }
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
    /// From the credentials if there are any, else from the address itself.
    pub(super) fn of(
        address: &Address,
        credentials: Option<&Credentials>,
    ) -> Result<Option<Self>, CredentialsError> {
        if let Some(credentials) = credentials {
            return credentials.login(address).map(Some);
        }
        let user = address.user().unwrap_or_default().to_owned();
        Ok(address.password().map(|password| Self { username: user, password: password.clone() }))
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
    fn every_host_hears_what_it_wants() {
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
    fn credentials_that_are_no_use_are_errors() {
        for (url, block, error) in [
            ("https://h/r", "{username: me}", CredentialsError::NoSecretForUser),
            ("https://h/r", "{token: ''}", CredentialsError::NoSecret),
            ("https://bitbucketserver.a/r", "{token: t}", CredentialsError::BitbucketServerUser),
            ("http://h/r", "{token: t}", CredentialsError::NotEncrypted),
            ("git@h:o/r", "{token: t}", CredentialsError::NotHttps("git@h:o/r".into())),
            ("/srv/r", "{token: t}", CredentialsError::NotHttps("/srv/r".into())),
        ] {
            assert_eq!(login(url, block), Err(error), "{url} {block}");
        }
    }

    #[test]
    fn a_password_in_the_address_is_taken_out_of_it() {
        let address = Address::parse("https://u:p@h/r").unwrap();
        let login = Login::of(&address, None).unwrap().unwrap();
        assert_eq!((login.username.as_str(), login.password.expose()), ("u", "p"));
        assert_eq!(Login::of(&Address::parse("https://u@h/r").unwrap(), None), Ok(None));
    }
}
