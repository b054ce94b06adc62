//! A Kubernetes manifest with the objects that the official Helm chart creates by default.

use serde_json::{Value, json};

use super::{ClusterWorker, KubernetesName, comments};
use crate::yaml;

/// The namespace that exists in every cluster.
const DEFAULT_NAMESPACE: &str = "default";

/// User and group of the worker's process.
const USER: u32 = 1001;

/// Home directory of the worker, which is writable, unlike the rest of the image.
const HOME: &str = "/home/prefect";

/// Port for health probes of a worker with `--with-healthcheck`.
const HEALTH_PORT: u16 = 8080;

const RBAC: &str = "rbac.authorization.k8s.io";

impl ClusterWorker {
    /// Renders a manifest. Its objects have the given name. Secrets are not included: comments show how to
    /// create them in the cluster.
    pub(crate) fn manifest(&self, name: &KubernetesName) -> String {
        let mut lines = vec![
            format!("A worker for the work pool '{}'.", self.pool.name),
            "Save this manifest as worker.yaml and run `kubectl apply -f worker.yaml`.".to_owned(),
        ];
        if self.api.secret().is_some() {
            lines.push("The worker starts as soon as its secret exists.".to_owned());
        }
        lines.extend(self.notes());
        let namespaces = self.namespaces().into_iter();
        let namespaces = namespaces.filter(|name| name.to_string() != DEFAULT_NAMESPACE).map(namespace);
        let objects = Objects { worker: self, name }.all();
        let documents: Vec<String> = namespaces.chain(objects).map(|object| yaml::write(&object)).collect();
        comments(&lines) + &documents.join("---\n")
    }
}

/// The Kubernetes objects for a worker.
struct Objects<'a> {
    worker: &'a ClusterWorker,
    name: &'a KubernetesName,
}

impl Objects<'_> {
    fn all(&self) -> [Value; 4] {
        [self.service_account(), self.role(), self.role_binding(), self.deployment()]
    }

    fn metadata(&self, namespace: &KubernetesName) -> Value {
        json!({"name": self.name, "namespace": namespace, "labels": self.labels()})
    }

    fn labels(&self) -> Value {
        json!({
            "app.kubernetes.io/name": "prefect-worker",
            "app.kubernetes.io/instance": self.name,
            "app.kubernetes.io/component": "worker",
        })
    }

    fn service_account(&self) -> Value {
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": self.metadata(&self.worker.namespace)})
    }

    /// Returns the role with the permissions to create jobs, and to observe jobs and their pods.
    fn role(&self) -> Value {
        let observe = json!(["get", "list", "watch"]);
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": "Role",
            "metadata": self.metadata(self.worker.job_namespace()),
            "rules": [
                {
                    "apiGroups": ["batch"],
                    "resources": ["jobs"],
                    "verbs": ["get", "list", "watch", "create", "update", "patch", "delete"],
                },
                {"apiGroups": ["batch"], "resources": ["jobs/status"], "verbs": observe},
                {"apiGroups": [""], "resources": ["events", "pods", "pods/log", "pods/status"], "verbs": observe},
            ],
        })
    }

    fn role_binding(&self) -> Value {
        json!({
            "apiVersion": format!("{RBAC}/v1"),
            "kind": "RoleBinding",
            "metadata": self.metadata(self.worker.job_namespace()),
            "roleRef": {"apiGroup": RBAC, "kind": "Role", "name": self.name},
            "subjects": [{"kind": "ServiceAccount", "name": self.name, "namespace": self.worker.namespace}],
        })
    }

    fn deployment(&self) -> Value {
        json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": self.metadata(&self.worker.namespace),
            "spec": {
                "replicas": 1,
                "selector": {"matchLabels": self.labels()},
                "template": {
                    "metadata": {"labels": self.labels()},
                    "spec": {
                        "serviceAccountName": self.name,
                        "securityContext": {
                            "runAsUser": USER,
                            "runAsNonRoot": true,
                            "fsGroup": USER,
                            "seccompProfile": {"type": "RuntimeDefault"},
                        },
                        "containers": [self.container()],
                        "volumes": [{"name": "scratch", "emptyDir": {}}],
                    },
                },
            },
        })
    }

    fn container(&self) -> Value {
        let pool = &self.worker.pool;
        let arguments = ["prefect", "worker", "start", "--type", &pool.kind, "--pool", &pool.name];
        let options = ["--install-policy", "never", "--with-healthcheck"];
        json!({
            "name": "prefect-worker",
            "image": self.worker.image,
            "imagePullPolicy": "IfNotPresent",
            "args": arguments.iter().chain(&options).collect::<Vec<_>>(),
            "workingDir": HOME,
            "env": self.environment(),
            "resources": {
                "requests": {"cpu": "100m", "memory": "256Mi"},
                "limits": {"cpu": "1000m", "memory": "1Gi"},
            },
            "livenessProbe": {
                "httpGet": {"path": "/health", "port": HEALTH_PORT},
                "initialDelaySeconds": 30,
                "periodSeconds": 10,
                "timeoutSeconds": 5,
                "failureThreshold": 3,
            },
            "securityContext": {
                "runAsUser": USER,
                "runAsNonRoot": true,
                "readOnlyRootFilesystem": true,
                "allowPrivilegeEscalation": false,
                "capabilities": {"drop": ["ALL"]},
            },
            "volumeMounts": [
                {"name": "scratch", "mountPath": HOME, "subPath": "home"},
                {"name": "scratch", "mountPath": "/tmp", "subPath": "tmp"},
            ],
        })
    }

    /// Returns the environment variables of the container. Jobs refer to the same secret as the worker, so that their
    /// specifications do not contain credentials.
    fn environment(&self) -> Vec<Value> {
        let variable = |name: &str, value: &str| json!({"name": name, "value": value});
        let jobs = self.worker.job_namespace().to_string();
        let mut variables = vec![
            variable("HOME", HOME),
            variable("PREFECT_API_URL", self.worker.api.url()),
            variable("PREFECT_INTEGRATIONS_KUBERNETES_OBSERVER_NAMESPACES", &jobs),
        ];
        if let Some(secret) = self.worker.api.secret() {
            let reference = json!({"secretKeyRef": {"name": secret.name, "key": secret.key}});
            variables.push(json!({"name": secret.variable, "valueFrom": reference}));
            variables.push(variable(&format!("{}_NAME", secret.job_setting), secret.name));
            variables.push(variable(&format!("{}_KEY", secret.job_setting), secret.key));
        }
        variables
    }
}

fn namespace(name: &KubernetesName) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
}
