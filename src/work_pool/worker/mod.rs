//! Installs workers in Kubernetes clusters: values for the official Helm chart, and plain manifests.

mod api;
mod manifest;
mod name;
mod values;

use serde_json::Value;

pub(crate) use self::api::WorkerApi;
pub(crate) use self::name::KubernetesName;
use crate::{
    api::JsonObject,
    base_job_template::{BaseJobTemplate, Variable},
};

/// A worker that runs in a Kubernetes cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ClusterWorker {
    pub(crate) pool: ServedPool,
    pub(crate) namespace: KubernetesName,
    pub(crate) image: String,
    pub(crate) api: WorkerApi,
}

/// The work pool that a worker serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ServedPool {
    pub(crate) name: String,
    /// Type of the work pool.
    pub(crate) kind: String,
    /// The jobs' namespace, or `None` if it is the worker's namespace.
    pub(crate) job_namespace: Option<KubernetesName>,
}

impl ServedPool {
    /// Reads the jobs' namespace from the default of the variable `namespace` in a base job template.
    ///
    /// Ignores a default that is not a valid name, such as a template.
    pub(crate) fn new(name: &str, kind: &str, template: &JsonObject) -> Self {
        let template = BaseJobTemplate::new(kind, template.clone());
        let namespace = template.variable("namespace").ok().and_then(Variable::default);
        let job_namespace = namespace.and_then(Value::as_str).and_then(|name| name.parse().ok());
        Self { name: name.to_owned(), kind: kind.to_owned(), job_namespace }
    }
}

impl ClusterWorker {
    fn job_namespace(&self) -> &KubernetesName {
        self.pool.job_namespace.as_ref().unwrap_or(&self.namespace)
    }

    /// Returns the namespaces of the worker and its jobs, without duplicates.
    fn namespaces(&self) -> Vec<&KubernetesName> {
        let mut namespaces = vec![&self.namespace, self.job_namespace()];
        namespaces.dedup();
        namespaces
    }

    /// Returns comments about the API's credentials and address.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(secret) = self.api.secret() {
            let namespaces = self.namespaces();
            let (place, object) = match namespaces[..] {
                [_] => ("in a Kubernetes secret", "secret"),
                _ => ("in a Kubernetes secret in both namespaces", "secrets"),
            };
            notes.push(format!("{} must be stored {place}. Create the {object} with:", secret.content));
            notes.extend(namespaces.into_iter().map(|namespace| secret.command(namespace)));
        }
        if self.api.is_loopback() {
            notes.push(format!(
                "In a cluster, the API URL {} refers to the pod itself. Set the URL of the server with --api-url.",
                self.api.url()
            ));
        }
        notes
    }
}

/// Formats lines as comments. Control characters are replaced, so that a name cannot start a new line.
fn comments(lines: &[String]) -> String {
    let printable: Vec<String> = lines.iter().map(|line| line.replace(char::is_control, " ")).collect();
    printable.iter().flat_map(|line| ["# ", line, "\n"]).collect()
}

#[cfg(test)]
mod tests;
