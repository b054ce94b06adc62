//! Registry credentials from a build step, from `docker login` or from credential helpers.

use std::{
    collections::{BTreeMap, HashMap},
    path::Path,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bollard::auth::DockerCredentials;
use futures_util::future::join_all;
use serde::Deserialize;

use super::{
    config::{Config, Login},
    error::DockerError,
    reference::{DOCKER_HUB, registry_host},
};
use crate::{
    environment::Environment,
    process::{self, Program},
    secret::Secret,
};

/// Key of the Docker Hub credentials in Docker's configuration.
const DOCKER_HUB_KEY: &str = "https://index.docker.io/v1/";

/// User name that credential helpers return to mark an identity token.
const TOKEN_USER: &str = "<token>";

/// Credentials for a container registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    Password {
        username: String,
        password: Secret,
    },
    /// A long-lived token that is exchanged for short-lived registry tokens.
    IdentityToken(Secret),
    /// A token that is sent to the registry unchanged.
    RegistryToken(Secret),
}

impl Credentials {
    /// Converts the credentials to the format of the Docker engine's API.
    pub(super) fn for_engine(&self, registry: &str) -> DockerCredentials {
        let serveraddress = Some(key(registry).to_owned());
        let given = DockerCredentials { serveraddress, ..DockerCredentials::default() };
        match self {
            Self::Password { username, password } => DockerCredentials {
                username: Some(username.clone()),
                password: Some(password.expose().to_owned()),
                ..given
            },
            Self::IdentityToken(token) => {
                DockerCredentials { identitytoken: Some(token.expose().to_owned()), ..given }
            }
            Self::RegistryToken(token) => {
                DockerCredentials { registrytoken: Some(token.expose().to_owned()), ..given }
            }
        }
    }

    fn from_login(registry: &str, login: &Login) -> Result<Option<Self>, DockerError> {
        let token =
            |token: &Option<String>| token.as_ref().filter(|token| !token.is_empty()).map(Secret::new);
        if let Some(token) = token(&login.identitytoken) {
            return Ok(Some(Self::IdentityToken(token)));
        }
        if let Some(token) = token(&login.registrytoken) {
            return Ok(Some(Self::RegistryToken(token)));
        }
        if let Some(auth) = login.auth.as_deref().filter(|auth| !auth.is_empty()) {
            let broken = || {
                DockerError::Credentials(format!(
                    "the Docker configuration has no valid credentials for '{registry}'"
                ))
            };
            let text = STANDARD.decode(auth.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
            let text = text.ok_or_else(broken)?;
            let (username, password) = text.split_once(':').ok_or_else(broken)?;
            // Some tools append NUL characters to the password.
            let password = Secret::new(password.trim_matches('\0'));
            return Ok(Some(Self::Password { username: username.to_owned(), password }));
        }
        Ok(login
            .username
            .clone()
            .zip(login.password.clone())
            .map(|(username, password)| Self::Password { username, password: Secret::new(password) }))
    }
}

/// Returns the key of a registry's credentials in the Docker configuration.
fn key(registry: &str) -> &str {
    match registry_host(registry) {
        DOCKER_HUB => DOCKER_HUB_KEY,
        host => host,
    }
}

/// Credentials from the Docker configuration and its credential helpers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CredentialStore<'a> {
    pub(crate) config: &'a Config,
    pub(crate) environment: &'a Environment,
}

impl CredentialStore<'_> {
    /// Returns the credentials for a registry, or `None` if the registry has no credentials. Runs the registry's
    /// credential helper if the configuration specifies a helper.
    pub(crate) async fn get(&self, registry: &str) -> Result<Option<Credentials>, DockerError> {
        let registry = registry_host(registry);
        if let Some(program) = self.helper(registry)
            && let Some(found) = self.ask(program, key(registry)).await?
        {
            return Ok(Some(found));
        }
        match self.config.auths.iter().find(|(name, _)| registry_host(name) == registry) {
            Some((name, login)) => Credentials::from_login(name, login),
            None => Ok(None),
        }
    }

    /// Returns the credentials of all configured registries, indexed by host. Also returns the errors of
    /// registries whose credentials cannot be read.
    pub(crate) async fn all(&self) -> (HashMap<String, Credentials>, Vec<DockerError>) {
        let mut errors = Vec::new();
        let mut registries: Vec<String> =
            self.config.auths.keys().map(|name| registry_host(name).to_owned()).collect();
        registries.extend(self.config.cred_helpers.keys().map(|name| registry_host(name).to_owned()));
        if let Some(program) = &self.config.creds_store {
            match self.list(program).await {
                Ok(stored) => registries.extend(stored.iter().map(|name| registry_host(name).to_owned())),
                Err(error) => errors.push(error),
            }
        }
        registries.sort_unstable();
        registries.dedup();
        let mut found = HashMap::new();
        let answers = join_all(registries.iter().map(|registry| self.get(registry))).await;
        for (registry, answer) in registries.into_iter().zip(answers) {
            match answer {
                Ok(Some(credentials)) => drop(found.insert(registry, credentials)),
                Ok(None) => {}
                Err(error) => errors.push(error),
            }
        }
        (found, errors)
    }

    fn helper(&self, registry: &str) -> Option<&str> {
        let mut own = self.config.cred_helpers.iter().filter(|(name, _)| registry_host(name) == registry);
        own.next().map(|(_, program)| program).or(self.config.creds_store.as_ref()).map(String::as_str)
    }

    /// Requests the credentials for a registry from a credential helper.
    async fn ask(&self, program: &str, registry: &str) -> Result<Option<Credentials>, DockerError> {
        let Some(answer) = self.run(program, "get", registry).await? else {
            return Ok(None);
        };
        let answer: HelperAnswer = serde_json::from_str(&answer).map_err(|_| invalid_output(program))?;
        let secret = Secret::new(answer.secret);
        Ok(Some(if answer.username == TOKEN_USER {
            Credentials::IdentityToken(secret)
        } else {
            Credentials::Password { username: answer.username, password: secret }
        }))
    }

    /// Requests the list of registries for which a credential helper has credentials.
    async fn list(&self, program: &str) -> Result<Vec<String>, DockerError> {
        let answer = self.run(program, "list", "").await?.unwrap_or_default();
        let users: HashMap<String, String> =
            serde_json::from_str(&answer).map_err(|_| invalid_output(program))?;
        Ok(users.into_keys().collect())
    }

    /// Runs `docker-credential-<helper> <action>` with `input` as its stdin. Returns its stdout, or `None` if the
    /// helper has no matching credentials.
    async fn run(&self, helper: &str, action: &str, input: &str) -> Result<Option<String>, DockerError> {
        let name = format!("docker-credential-{helper}");
        let failed = |error: &dyn std::fmt::Display| {
            DockerError::Credentials(format!("the credential helper {name} failed: {error}"))
        };
        let program = Program {
            program: &name,
            arguments: &[action.to_owned()],
            directory: Path::new("."),
            environment: &self.environment.without_api_credentials(),
            variables: &BTreeMap::new(),
        };
        let finished =
            process::run_with_input(&program, input.as_bytes()).await.map_err(|error| failed(&error))?;
        if finished.code == 0 {
            return Ok(Some(finished.stdout));
        }
        // Helpers print errors to stdout. In case of an error, stdout contains no secrets.
        let output = if finished.stdout.is_empty() { finished.stderr } else { finished.stdout };
        let message = output.trim();
        if message.contains("credentials not found") { Ok(None) } else { Err(failed(&message)) }
    }
}

/// The response of a credential helper to the `get` action.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    username: String,
    secret: String,
}

fn invalid_output(program: &str) -> DockerError {
    DockerError::Credentials(format!(
        "the credential helper docker-credential-{program} printed invalid output"
    ))
}

#[cfg(test)]
mod tests;
