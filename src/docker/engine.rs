//! Connects to the container engine.
//!
//! If `DOCKER_HOST` or a Docker context selects an engine, uses only that engine. Otherwise, tries the default
//! sockets of Docker and Podman in order, and uses the first engine that responds.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use bollard::{API_DEFAULT_VERSION, Docker};

use super::{
    config::{self, Config},
    error::{Attempt, DockerError},
};
use crate::environment::Environment;

/// Maximum response time for the first request to an engine.
const PATIENCE: Duration = Duration::from_secs(10);

/// Maximum response time for later requests. An engine responds to a build request only after it has received the
/// whole context.
const LONGEST_SILENCE: Duration = Duration::from_hours(24);

/// Address that the Docker command line uses by default.
const DEFAULT_ADDRESS: &str =
    if cfg!(windows) { "npipe:////./pipe/docker_engine" } else { "unix:///var/run/docker.sock" };

/// A connection to a container engine that has responded to a request.
#[derive(Debug, Clone)]
pub(crate) struct Engine {
    pub(super) client: Docker,
    /// Address of the engine, such as `unix:///var/run/docker.sock`.
    pub(crate) address: String,
    /// Whether the environment or a Docker context selects the engine.
    is_selected: bool,
}

/// An address where an engine may be listening.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Address {
    host: String,
    /// Directory with the client certificates. `None` if the connection does not use TLS.
    certificates: Option<PathBuf>,
}

impl Engine {
    /// Connects to the engine that the environment or the Docker configuration selects. If neither selects an engine,
    /// connects to the first engine that responds.
    ///
    /// # Errors
    ///
    /// Returns the addresses that were tried, each with the connection error.
    pub(crate) async fn connect(environment: &Environment, config: &Config) -> Result<Self, DockerError> {
        let selected = selected_address(environment, config)?;
        let is_selected = selected.is_some();
        let mut tried = Vec::new();
        for address in selected.map_or_else(|| default_addresses(environment), |address| vec![address]) {
            match address.connect().await {
                Ok(client) => return Ok(Self { client, address: address.host, is_selected }),
                Err(reason) => tried.push(Attempt { address: address.host, reason }),
            }
        }
        Err(DockerError::NoEngine { tried })
    }

    /// Returns the value of `DOCKER_HOST` that selects this engine for the Docker command line, or `None` if the
    /// command line uses this engine without the variable.
    pub(crate) fn docker_host(&self) -> Option<&str> {
        // The variable would hide the builder that `docker buildx use` has selected.
        (!self.is_selected && self.address != DEFAULT_ADDRESS).then_some(self.address.as_str())
    }

    /// Returns the details of an image in the engine.
    #[cfg(test)]
    pub(crate) async fn inspect(&self, reference: &str) -> Result<bollard::models::ImageInspect, String> {
        self.client.inspect_image(reference).await.map_err(|error| message(&error))
    }
}

impl Address {
    async fn connect(&self) -> Result<Docker, String> {
        let client = self.client().map_err(|error| explain(&error))?;
        match tokio::time::timeout(PATIENCE, client.ping()).await {
            Ok(Ok(_)) => Ok(client.with_timeout(LONGEST_SILENCE)),
            Ok(Err(error)) => Err(explain(&error)),
            Err(_) => Err(format!("no response within {} seconds", PATIENCE.as_secs())),
        }
    }

    fn client(&self) -> Result<Docker, bollard::errors::Error> {
        let seconds = LONGEST_SILENCE.as_secs();
        let host = self.host.as_str();
        match (host.split_once("://").map(|(scheme, _)| scheme), &self.certificates) {
            (Some("tcp" | "http" | "https"), Some(folder)) => Docker::connect_with_ssl(
                host.replacen("http://", "", 1).trim_end_matches('/'),
                &folder.join("key.pem"),
                &folder.join("cert.pem"),
                &folder.join("ca.pem"),
                seconds,
                API_DEFAULT_VERSION,
            ),
            (Some("tcp" | "http"), None) => {
                Docker::connect_with_http(host.trim_end_matches('/'), seconds, API_DEFAULT_VERSION)
            }
            _ => Docker::connect_with_socket(host, seconds, API_DEFAULT_VERSION),
        }
    }
}

/// Returns the engine address selected by `DOCKER_HOST` or a Docker context, or `None` if neither selects an address.
fn selected_address(environment: &Environment, config: &Config) -> Result<Option<Address>, DockerError> {
    let named = match environment.non_empty("DOCKER_HOST") {
        Some(host) => Some(Address { host: host.to_owned(), certificates: certificates(environment, host) }),
        None => context_address(environment, config)?,
    };
    named.map(|address| Ok(Address { host: normalize(&address.host)?, ..address })).transpose()
}

fn context_address(environment: &Environment, config: &Config) -> Result<Option<Address>, DockerError> {
    let name = environment.non_empty("DOCKER_CONTEXT").or(config.current_context.as_deref());
    match name {
        None | Some("" | "default") => Ok(None),
        Some(name) => {
            let endpoint = config.endpoint(name)?;
            Ok(Some(Address { host: endpoint.host, certificates: endpoint.certificates }))
        }
    }
}

/// Returns the directory with the client certificates for the engine that `DOCKER_HOST` specifies. Returns `None`
/// unless `DOCKER_TLS_VERIFY` is set or the address starts with `https://`.
fn certificates(environment: &Environment, host: &str) -> Option<PathBuf> {
    let wanted = environment.non_empty("DOCKER_TLS_VERIFY").is_some() || host.starts_with("https://");
    let folder = || match environment.non_empty("DOCKER_CERT_PATH") {
        Some(folder) => Some(PathBuf::from(folder)),
        None => config::directory(environment),
    };
    wanted.then(folder).flatten()
}

/// Adds a missing scheme to the address of an engine.
///
/// # Errors
///
/// Fails if the scheme is not supported.
fn normalize(host: &str) -> Result<String, DockerError> {
    match host.split_once("://") {
        None if host.starts_with('/') => Ok(format!("unix://{host}")),
        None => Ok(format!("tcp://{host}")),
        Some(("unix" | "npipe" | "tcp" | "http" | "https", rest)) if !rest.is_empty() => Ok(host.to_owned()),
        Some(("ssh", target)) => Err(DockerError::Address(format!(
            "ssh:// addresses are not supported; forward the socket of the engine with `ssh -nNT -L \
             /tmp/docker.sock:/var/run/docker.sock {target}` and set DOCKER_HOST=unix:///tmp/docker.sock"
        ))),
        Some(_) => {
            Err(DockerError::Address(format!("`{host}` is not a valid address of a container engine")))
        }
    }
}

/// Returns the default addresses of Docker and Podman, in connection order.
fn default_addresses(environment: &Environment) -> Vec<Address> {
    let address = |host| Address { host, certificates: None };
    if cfg!(windows) {
        return vec![address(DEFAULT_ADDRESS.to_owned())];
    }
    let runtime = environment.non_empty("XDG_RUNTIME_DIR").map(Path::new);
    let home = environment.home_directory();
    let sockets = [
        Some(PathBuf::from("/var/run/docker.sock")),
        runtime.map(|folder| folder.join("docker.sock")),
        home.map(|folder| folder.join(".docker/run/docker.sock")),
        home.map(|folder| folder.join(".docker/desktop/docker.sock")),
        runtime.map(|folder| folder.join("podman/podman.sock")),
        Some(PathBuf::from("/run/podman/podman.sock")),
    ];
    sockets.into_iter().flatten().map(|path| address(format!("unix://{}", path.display()))).collect()
}

/// Returns the message of an error's root cause, which is usually the most specific message.
fn explain(error: &bollard::errors::Error) -> String {
    use bollard::errors::Error;
    if let Error::SocketNotFoundError(_) = error {
        return "the socket does not exist".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Returns the message in an error response of the engine.
pub(super) fn message(error: &bollard::errors::Error) -> String {
    use bollard::errors::Error;
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.trim().to_owned(),
        Error::HyperResponseError { .. } | Error::IOError { .. } | Error::HttpClientError { .. } => {
            format!("the connection to the engine was lost: {}", explain(error))
        }
        other => explain(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(pairs: &[(&str, &str)]) -> Vec<String> {
        let environment = pairs.iter().copied().collect();
        let selected = selected_address(&environment, &Config::default()).unwrap();
        let addresses = selected.map_or_else(|| default_addresses(&environment), |address| vec![address]);
        addresses.into_iter().map(|address| address.host).collect()
    }

    #[test]
    #[cfg(unix)]
    fn tries_the_default_sockets_in_order() {
        assert_eq!(
            hosts(&[("XDG_RUNTIME_DIR", "/run/user/7"), ("HOME", "/home/u")]),
            [
                "unix:///var/run/docker.sock",
                "unix:///run/user/7/docker.sock",
                "unix:///home/u/.docker/run/docker.sock",
                "unix:///home/u/.docker/desktop/docker.sock",
                "unix:///run/user/7/podman/podman.sock",
                "unix:///run/podman/podman.sock",
            ]
        );
        assert_eq!(hosts(&[]), ["unix:///var/run/docker.sock", "unix:///run/podman/podman.sock"]);
    }

    #[test]
    fn docker_host_takes_precedence_over_contexts() {
        for (value, host) in [
            ("unix:///x.sock", "unix:///x.sock"),
            ("/x.sock", "unix:///x.sock"),
            ("10.0.0.1:2375", "tcp://10.0.0.1:2375"),
            ("tcp://10.0.0.1:2375", "tcp://10.0.0.1:2375"),
        ] {
            assert_eq!(hosts(&[("DOCKER_HOST", value), ("DOCKER_CONTEXT", "other")]), [host]);
        }
        assert_eq!(hosts(&[("DOCKER_HOST", ""), ("DOCKER_CONTEXT", "default")])[0], hosts(&[])[0]);
    }

    #[test]
    fn errors_of_unsupported_addresses_give_advice() {
        let error = normalize("ssh://me@host").unwrap_err().to_string();
        assert!(error.contains("ssh -nNT -L") && error.contains("me@host"), "{error}");
        assert!(normalize("fd://").is_err());
        let environment = [("DOCKER_CONTEXT", "missing")].into_iter().collect();
        let error = selected_address(&environment, &Config::default()).unwrap_err().to_string();
        assert!(error.contains("Docker context `missing` does not exist"), "{error}");
    }

    #[test]
    fn uses_tls_if_requested() {
        let folder = |pairs: &[(&str, &str)], host| certificates(&pairs.iter().copied().collect(), host);
        assert_eq!(folder(&[("DOCKER_CERT_PATH", "/certs")], "tcp://h:1"), None);
        let asked = [("DOCKER_TLS_VERIFY", "1"), ("DOCKER_CERT_PATH", "/certs")];
        assert_eq!(folder(&asked, "tcp://h:1"), Some("/certs".into()));
        assert_eq!(folder(&[("HOME", "/home/u")], "https://h:1"), Some("/home/u/.docker".into()));
    }

    #[test]
    fn command_line_needs_the_address_of_other_sockets() {
        let client = Docker::connect_with_http("tcp://127.0.0.1:1", 1, API_DEFAULT_VERSION).unwrap();
        for (address, is_selected, expected) in [
            (DEFAULT_ADDRESS, false, None),
            ("unix:///run/podman/podman.sock", false, Some("unix:///run/podman/podman.sock")),
            ("tcp://10.0.0.1:2375", true, None),
        ] {
            let engine = Engine { client: client.clone(), address: address.to_owned(), is_selected };
            assert_eq!(engine.docker_host(), expected, "{address}");
        }
    }

    #[tokio::test]
    async fn errors_list_every_address() {
        let environment = [("DOCKER_HOST", "unix:///nonexistent/docker.sock")].into_iter().collect();
        let error = Engine::connect(&environment, &Config::default()).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no container engine responded\n  unix:///nonexistent/docker.sock: the socket does not exist"
        );
        assert!(error.help().unwrap().contains("DOCKER_HOST"));
    }
}
