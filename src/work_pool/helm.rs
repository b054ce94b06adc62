//! Renders values for `prefect/prefect-worker`, the official Helm chart for workers.

use serde_json::{Value, json};
use url::{Host, Url};

use crate::api::JsonObject;

/// Options for a worker that runs in a Kubernetes cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WorkerValues {
    pub(crate) pool: String,
    pub(crate) namespace: String,
    pub(crate) image: String,
    pub(crate) api: WorkerApi,
}

/// The API of a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WorkerApi {
    Cloud {
        account: String,
        workspace: String,
    },
    SelfHosted {
        url: String,
        /// Whether the API requires a username and a password.
        has_login: bool,
    },
}

impl WorkerApi {
    /// Creates the API settings for a URL. A Prefect Cloud URL contains an account and a workspace.
    pub(crate) fn from_url(url: &str, is_cloud: bool, has_login: bool) -> Self {
        let after = |key: &str| {
            let mut parts = url.split('/').skip_while(|part| *part != key).skip(1);
            parts.next().filter(|id| !id.is_empty()).map(str::to_owned)
        };
        match (after("accounts"), after("workspaces")) {
            (Some(account), Some(workspace)) if is_cloud => Self::Cloud { account, workspace },
            _ => Self::SelfHosted { url: url.to_owned(), has_login },
        }
    }

    /// Returns whether the API has a loopback address. In a cluster, such an address refers to the pod
    /// itself.
    fn is_loopback(&self) -> bool {
        let Self::SelfHosted { url, .. } = self else { return false };
        match Url::parse(url).ok().as_ref().and_then(Url::host) {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback() || address.is_unspecified(),
            Some(Host::Ipv6(address)) => address.is_loopback() || address.is_unspecified(),
            None => false,
        }
    }
}

impl WorkerValues {
    /// Renders the `values.yaml` file. Secrets are not included: comments show how to create them in the
    /// cluster.
    pub(crate) fn render(&self) -> Result<String, serde_yaml::Error> {
        let (repository, tag) = split_image(&self.image);
        let mut worker = JsonObject::new();
        let mut comments =
            vec![format!("Values of prefect/prefect-worker for the work pool '{}'.", self.pool)];
        match &self.api {
            WorkerApi::Cloud { account, workspace } => {
                worker.insert("apiConfig".to_owned(), json!("cloud"));
                let api = json!({"accountId": account, "workspaceId": workspace});
                worker.insert("cloudApiConfig".to_owned(), api);
                comments.push(
                    "The API key must be stored in a Kubernetes secret. Create the secret with:".to_owned(),
                );
                comments.push(self.secret_command("prefect-api-key", "key", "YOUR_API_KEY"));
            }
            WorkerApi::SelfHosted { url, has_login } => {
                worker.insert("apiConfig".to_owned(), json!("selfHostedServer"));
                let mut api = json!({"apiUrl": url});
                if *has_login {
                    api["basicAuth"] = json!({"enabled": true, "existingSecret": "prefect-auth"});
                    comments.push(
                        "The username and password must be stored in a Kubernetes secret. Create the secret \
                         with:"
                            .to_owned(),
                    );
                    comments.push(self.secret_command("prefect-auth", "auth-string", "USER:PASSWORD"));
                }
                worker.insert("selfHostedServerApiConfig".to_owned(), api);
            }
        }
        if self.api.is_loopback() {
            comments.push(
                "In a cluster, this address refers to the pod itself. Set the address of the server with \
                 --api-url."
                    .to_owned(),
            );
        }
        let mut image = json!({"repository": repository});
        if let Some(tag) = tag {
            image["prefectTag"] = json!(tag);
        }
        worker.insert("config".to_owned(), json!({"workPool": self.pool}));
        worker.insert("image".to_owned(), image);
        let values = json!({"namespaceOverride": self.namespace, "worker": Value::Object(worker)});
        let comments: String = comments.iter().flat_map(|line| ["# ", line, "\n"]).collect();
        Ok(comments + &serde_yaml::to_string(&values)?)
    }

    fn secret_command(&self, name: &str, key: &str, value: &str) -> String {
        let namespace = &self.namespace;
        format!("  kubectl create secret generic {name} --namespace {namespace} --from-literal={key}={value}")
    }
}

/// Splits an image into its repository and its tag.
///
/// An image without a tag gets the tag `latest`, because the default tag of the chart only exists for
/// Prefect's own image.
fn split_image(image: &str) -> (&str, Option<&str>) {
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (image, (!image.contains('@')).then_some("latest")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(url: &str, is_cloud: bool, has_login: bool) -> (String, Value) {
        let values = WorkerValues {
            pool: "k8s".into(),
            namespace: "prefect".into(),
            image: "registry:5000/prefect:3".into(),
            api: WorkerApi::from_url(url, is_cloud, has_login),
        };
        let text = values.render().unwrap();
        let parsed = serde_yaml::from_str(&text).unwrap();
        (text, parsed)
    }

    #[test]
    fn renders_values_for_prefect_cloud() {
        let (text, parsed) = values("https://api.prefect.cloud/api/accounts/A/workspaces/W", true, false);
        let expected = json!({
            "namespaceOverride": "prefect",
            "worker": {
                "apiConfig": "cloud",
                "cloudApiConfig": {"accountId": "A", "workspaceId": "W"},
                "config": {"workPool": "k8s"},
                "image": {"repository": "registry:5000/prefect", "prefectTag": "3"},
            },
        });
        assert_eq!(parsed, expected);
        assert!(text.contains("--from-literal=key=YOUR_API_KEY"), "{text}");
    }

    #[test]
    fn renders_values_for_a_self_hosted_server() {
        let (text, parsed) = values("http://prefect.example.com/api", false, true);
        let api = &parsed["worker"]["selfHostedServerApiConfig"];
        assert_eq!(api["apiUrl"], "http://prefect.example.com/api");
        assert_eq!(api["basicAuth"]["existingSecret"], "prefect-auth");
        assert!(!text.contains("--api-url"), "{text}");
        for url in ["http://127.0.0.1:4200/api", "http://localhost:4200/api", "http://[::1]:4200/api"] {
            assert!(values(url, false, false).0.contains("--api-url"), "{url}");
        }
    }
}
