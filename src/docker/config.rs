//! Configuration of the Docker command line: `config.json` and Docker contexts.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Deserialize;

use super::{error::DockerError, reference::registry_host};
use crate::{
    digest::sha256_hex,
    environment::Environment,
    fs::{self, FileError},
};

/// The keys of `config.json` that prefectl supports.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Config {
    /// Credentials that `docker login` stores without a credential helper, keyed by registry.
    pub(super) auths: BTreeMap<String, Login>,
    /// Credential helpers, keyed by registry.
    pub(super) cred_helpers: BTreeMap<String, String>,
    /// Credential helper for registries without their own helper.
    pub(super) creds_store: Option<String>,
    pub(super) current_context: Option<String>,
    /// Proxy settings, keyed by engine address. The key `default` applies to all other engines.
    pub(super) proxies: BTreeMap<String, BTreeMap<String, String>>,
    #[serde(skip)]
    directory: PathBuf,
}

/// An entry of `auths` in `config.json`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Login {
    /// Base64-encoded `user:password`.
    pub(super) auth: Option<String>,
    pub(super) username: Option<String>,
    pub(super) password: Option<String>,
    pub(super) identitytoken: Option<String>,
    pub(super) registrytoken: Option<String>,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Login")
    }
}

/// Keys of a `proxies` section, each with the environment variable that it sets.
const PROXIES: [(&str, &str); 5] = [
    ("httpProxy", "http_proxy"),
    ("httpsProxy", "https_proxy"),
    ("ftpProxy", "ftp_proxy"),
    ("noProxy", "no_proxy"),
    ("allProxy", "all_proxy"),
];

/// The engine that a Docker context selects.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) host: String,
    /// Directory that contains `ca.pem`, `cert.pem` and `key.pem`. `None` if the directory does not exist.
    pub(crate) certificates: Option<PathBuf>,
}

impl Config {
    /// Reads the configuration file. A missing file results in an empty configuration.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be read or is not valid.
    pub(crate) fn load(environment: &Environment) -> Result<Self, DockerError> {
        let Some(directory) = directory(environment) else {
            return Ok(Self::default());
        };
        let path = directory.join("config.json");
        let config = match fs::read_text_if_exists(&path)? {
            Some(text) if !text.trim().is_empty() => serde_json::from_str(&text).map_err(|error| {
                DockerError::Configuration(format!(
                    "{} is not a valid Docker configuration: {error}",
                    path.display()
                ))
            })?,
            _ => Self::default(),
        };
        Ok(Self { directory, ..config })
    }

    /// Describes the source of a registry's credentials: `docker login` or a credential helper. Returns
    /// `None` if the configuration contains no credentials. Does not run the credential helper.
    pub(crate) fn login_source(&self, registry: &str) -> Option<String> {
        let registry = registry_host(registry);
        let is_registry = |name: &str| registry_host(name) == registry;
        let named = |helper: &String| format!("the credential helper docker-credential-{helper}");
        let own =
            self.cred_helpers.iter().find(|(name, _)| is_registry(name)).map(|(_, helper)| named(helper));
        let stored = || self.auths.keys().any(|name| is_registry(name)).then(|| "docker login".to_owned());
        own.or_else(stored).or_else(|| self.creds_store.as_ref().map(named))
    }

    /// Describes all sources of credentials: each registry in the configuration, and the credential helper
    /// for other registries.
    pub(crate) fn login_sources(&self) -> Vec<String> {
        let named =
            self.auths.keys().chain(self.cred_helpers.keys()).map(|name| registry_host(name).to_owned());
        let helper = self.creds_store.as_ref();
        let mut sources: Vec<String> = named.collect();
        sources.extend(helper.map(|helper| format!("the registries of docker-credential-{helper}")));
        sources.sort_unstable();
        sources.dedup();
        sources
    }

    /// Returns the engine of the Docker context with the given name.
    ///
    /// # Errors
    ///
    /// Fails if the context does not exist or cannot be read.
    pub(crate) fn endpoint(&self, context: &str) -> Result<Endpoint, DockerError> {
        let id = sha256_hex(context.as_bytes());
        let path = self.directory.join("contexts/meta").join(&id).join("meta.json");
        let text = fs::read_text(&path).map_err(|error| unknown_context(context, error))?;
        let metadata: ContextMetadata = serde_json::from_str(&text)
            .map_err(|error| DockerError::Address(format!("cannot read {}: {error}", path.display())))?;
        let host = metadata.endpoints.docker.and_then(|docker| docker.host).ok_or_else(|| {
            DockerError::Address(format!("the Docker context `{context}` does not specify an engine address"))
        })?;
        let certificates = self.directory.join("contexts/tls").join(&id).join("docker");
        Ok(Endpoint { host, certificates: certificates.is_dir().then_some(certificates) })
    }

    /// Returns the build arguments that pass the configured proxies to the builds of an engine.
    pub(crate) fn proxy_arguments(&self, host: &str) -> BTreeMap<String, String> {
        let Some(proxies) = self.proxies.get(host).or_else(|| self.proxies.get("default")) else {
            return BTreeMap::new();
        };
        let both_cases = |(entry, name): (&str, &str)| {
            let value = proxies.get(entry)?;
            Some([(name.to_owned(), value.clone()), (name.to_uppercase(), value.clone())])
        };
        PROXIES.into_iter().filter_map(both_cases).flatten().collect()
    }
}

/// Returns the configuration directory: `$DOCKER_CONFIG`, or `.docker` in the home directory.
pub(super) fn directory(environment: &Environment) -> Option<PathBuf> {
    match environment.non_empty("DOCKER_CONFIG") {
        Some(directory) => Some(PathBuf::from(directory)),
        None => environment.home_directory().map(|home| home.join(".docker")),
    }
}

fn unknown_context(context: &str, error: FileError) -> DockerError {
    if error.is_not_found() {
        let list = "run `docker context ls` to list the contexts";
        DockerError::Address(format!("Docker context `{context}` does not exist; {list}"))
    } else {
        error.into()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContextMetadata {
    #[serde(default)]
    endpoints: Endpoints,
}

#[derive(Default, Deserialize)]
struct Endpoints {
    docker: Option<DockerEndpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DockerEndpoint {
    host: Option<String>,
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn environment(directory: &Path) -> Environment {
        [("DOCKER_CONFIG", directory.to_str().unwrap())].into_iter().collect()
    }

    #[test]
    fn treats_a_missing_configuration_as_empty() {
        let directory = tempfile::tempdir().unwrap();
        let config = Config::load(&environment(directory.path())).unwrap();
        assert!(config.auths.is_empty() && config.creds_store.is_none());
        assert!(Config::load(&Environment::default()).is_ok());
    }

    #[test]
    fn errors_name_an_invalid_configuration() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("config.json"), "{").unwrap();
        let error = Config::load(&environment(directory.path())).unwrap_err().to_string();
        assert!(error.contains("config.json is not a valid Docker configuration"), "{error}");
    }

    #[test]
    fn reads_host_and_certificates_of_a_context() {
        let directory = tempfile::tempdir().unwrap();
        // The directory of a Docker context is named after the SHA-256 digest of the context name.
        let id = "b71199ebd070b36beab7317920c2c2f1d777df8d05e5527d8458fda57cb17a7a";
        let meta = directory.path().join("contexts/meta").join(id);
        std::fs::create_dir_all(&meta).unwrap();
        let text = r#"{"Name":"remote","Metadata":{},"Endpoints":{"docker":{"Host":"tcp://10.0.0.1:2376"}}}"#;
        std::fs::write(meta.join("meta.json"), text).unwrap();
        let config = Config::load(&environment(directory.path())).unwrap();
        let endpoint = Endpoint { host: "tcp://10.0.0.1:2376".to_owned(), certificates: None };
        assert_eq!(config.endpoint("remote").unwrap(), endpoint);

        let certificates = directory.path().join("contexts/tls").join(id).join("docker");
        std::fs::create_dir_all(&certificates).unwrap();
        assert_eq!(config.endpoint("remote").unwrap().certificates, Some(certificates));
        let error = config.endpoint("other").unwrap_err().to_string();
        assert!(error.starts_with("Docker context `other` does not exist"), "{error}");
    }

    #[test]
    fn passes_proxies_as_build_arguments_in_both_cases() {
        let text = r#"{"proxies": {"default": {"httpProxy": "http://p:1", "noProxy": "localhost"}}}"#;
        let config: Config = serde_json::from_str(text).unwrap();
        let arguments = config.proxy_arguments("unix:///var/run/docker.sock");
        let names: Vec<&str> = arguments.keys().map(String::as_str).collect();
        assert_eq!(names, ["HTTP_PROXY", "NO_PROXY", "http_proxy", "no_proxy"]);
        assert_eq!(arguments["HTTP_PROXY"], "http://p:1");
    }
}
