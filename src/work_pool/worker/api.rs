//! The API that a worker uses, and the Kubernetes secret that contains the credentials.

use url::{Host, Url};

use super::KubernetesName;

/// The API of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WorkerApi {
    Cloud {
        url: String,
        account: String,
        workspace: String,
    },
    SelfHosted {
        url: String,
        /// Whether the API requires a username and a password.
        has_login: bool,
    },
}

/// A Kubernetes secret that contains credentials. The manifest refers to the secret but does not contain the
/// credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SecretReference {
    pub(super) name: &'static str,
    pub(super) key: &'static str,
    /// Description of the secret's content, used as the subject of a sentence.
    pub(super) content: &'static str,
    /// Example of a value.
    example: &'static str,
    /// Environment variable of the worker that contains the value.
    pub(super) variable: &'static str,
    /// Prefix of the settings that the worker's jobs use to refer to the secret.
    pub(super) job_setting: &'static str,
}

const API_KEY: SecretReference = SecretReference {
    name: "prefect-api-key",
    key: "key",
    content: "The API key",
    example: "YOUR_API_KEY",
    variable: "PREFECT_API_KEY",
    job_setting: "PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_KEY_SECRET",
};

const LOGIN: SecretReference = SecretReference {
    name: "prefect-auth",
    key: "auth-string",
    content: "The username and password",
    example: "USER:PASSWORD",
    variable: "PREFECT_API_AUTH_STRING",
    job_setting: "PREFECT_INTEGRATIONS_KUBERNETES_WORKER_API_AUTH_STRING_SECRET",
};

impl SecretReference {
    /// Returns the command that creates the secret in a namespace.
    pub(super) fn command(self, namespace: &KubernetesName) -> String {
        let Self { name, key, example, .. } = self;
        format!(
            "  kubectl create secret generic {name} --namespace {namespace} --from-literal={key}={example}"
        )
    }
}

impl WorkerApi {
    /// Creates the API settings for a URL. A Prefect Cloud URL contains an account and a workspace.
    pub(crate) fn from_url(url: &str, is_cloud: bool, has_login: bool) -> Self {
        let after = |key: &str| {
            let mut parts = url.split('/').skip_while(|part| *part != key).skip(1);
            parts.next().filter(|id| !id.is_empty()).map(str::to_owned)
        };
        let url = url.to_owned();
        match (after("accounts"), after("workspaces")) {
            (Some(account), Some(workspace)) if is_cloud => Self::Cloud { url, account, workspace },
            _ => Self::SelfHosted { url, has_login },
        }
    }

    pub(super) fn url(&self) -> &str {
        match self {
            Self::Cloud { url, .. } | Self::SelfHosted { url, .. } => url,
        }
    }

    /// Returns the secret with the credentials, or `None` if the API requires no credentials.
    pub(super) fn secret(&self) -> Option<SecretReference> {
        match self {
            Self::Cloud { .. } => Some(API_KEY),
            Self::SelfHosted { has_login: true, .. } => Some(LOGIN),
            Self::SelfHosted { has_login: false, .. } => None,
        }
    }

    /// Returns whether the API has a loopback address. In a cluster, a loopback address refers to the pod
    /// itself.
    pub(super) fn is_loopback(&self) -> bool {
        let Self::SelfHosted { url, .. } = self else { return false };
        match Url::parse(url).ok().as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
            Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
            None => false,
        }
    }
}
