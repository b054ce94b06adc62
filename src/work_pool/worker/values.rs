//! Values for `prefect/prefect-worker`, the official Helm chart for workers.

use serde_json::{Value, json};

use super::{ClusterWorker, WorkerApi, comments};
use crate::yaml;

impl ClusterWorker {
    /// Renders the `values.yaml` file. Secrets are not included: comments show how to create them in the cluster.
    pub(crate) fn values(&self) -> String {
        let mut lines =
            vec![format!("Values of prefect/prefect-worker for the work pool '{}'.", self.pool.name)];
        lines.extend(self.notes());
        let mut worker = match &self.api {
            WorkerApi::Cloud { account, workspace, .. } => json!({
                "apiConfig": "cloud",
                "cloudApiConfig": {"accountId": account, "workspaceId": workspace},
            }),
            WorkerApi::SelfHosted { url, .. } => json!({
                "apiConfig": "selfHostedServer",
                "selfHostedServerApiConfig": {"apiUrl": url},
            }),
        };
        if let (WorkerApi::SelfHosted { .. }, Some(secret)) = (&self.api, self.api.secret()) {
            worker["selfHostedServerApiConfig"]["basicAuth"] =
                json!({"enabled": true, "existingSecret": secret.name});
        }
        worker["config"] = json!({"workPool": self.pool.name});
        worker["image"] = image(&self.image);
        let mut values = json!({"namespaceOverride": self.namespace, "worker": worker});
        let jobs = self.job_namespace();
        if *jobs != self.namespace {
            values["worker"]["config"]["jobNamespace"] = json!(jobs);
            values["role"] = json!({"namespace": jobs});
        }
        comments(&lines) + &yaml::write(&values)
    }
}

/// Splits an image into its repository and its tag.
///
/// An image without a tag gets the tag `latest`, because the default tag of the chart only exists for Prefect's own
/// image.
fn image(image: &str) -> Value {
    match image.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => json!({"repository": repository, "prefectTag": tag}),
        _ if image.contains('@') => json!({"repository": image}),
        _ => json!({"repository": image, "prefectTag": "latest"}),
    }
}
