use serde_json::{Value, json};

use super::*;
use crate::{json_schema, source::Source, value::to_json, yaml};

const CLOUD: &str = "https://api.prefect.cloud/api/accounts/A/workspaces/W";
const SELF_HOSTED: &str = "http://prefect.example.com/api";

fn worker(url: &str, has_login: bool, job_namespace: &str) -> ClusterWorker {
    let template = json!({"variables": {"properties": {"namespace": {"default": job_namespace}}}});
    let template = template.as_object().unwrap();
    ClusterWorker {
        pool: ServedPool::new("k8s", "kubernetes", template),
        namespace: "prefect".parse().unwrap(),
        image: "registry:5000/prefect:3".into(),
        api: WorkerApi::from_url(url, url == CLOUD, has_login),
    }
}

/// Parses a document as Kubernetes and Helm do: they use YAML 1.1, like Prefect.
fn parsed(text: &str) -> Value {
    let document = yaml::load(&Source::new("worker.yaml", text)).unwrap();
    to_json(&document.root.to_value().unwrap())
}

fn manifest(worker: &ClusterWorker) -> String {
    worker.manifest(&"prefect-worker".parse().unwrap())
}

fn objects(worker: &ClusterWorker) -> Vec<Value> {
    manifest(worker).split("\n---\n").map(parsed).collect()
}

#[test]
fn renders_values_for_prefect_cloud() {
    let text = worker(CLOUD, false, "prefect").values();
    let expected = json!({
        "namespaceOverride": "prefect",
        "worker": {
            "apiConfig": "cloud",
            "cloudApiConfig": {"accountId": "A", "workspaceId": "W"},
            "config": {"workPool": "k8s"},
            "image": {"repository": "registry:5000/prefect", "prefectTag": "3"},
        },
    });
    assert_eq!(parsed(&text), expected);
    assert!(
        text.contains("secret generic prefect-api-key --namespace prefect --from-literal=key=YOUR_API_KEY")
    );
}

#[test]
fn renders_values_for_a_self_hosted_server() {
    let text = worker(SELF_HOSTED, true, "jobs").values();
    let expected = json!({
        "namespaceOverride": "prefect",
        "worker": {
            "apiConfig": "selfHostedServer",
            "selfHostedServerApiConfig": {
                "apiUrl": SELF_HOSTED,
                "basicAuth": {"enabled": true, "existingSecret": "prefect-auth"},
            },
            "config": {"workPool": "k8s", "jobNamespace": "jobs"},
            "image": {"repository": "registry:5000/prefect", "prefectTag": "3"},
        },
        "role": {"namespace": "jobs"},
    });
    assert_eq!(parsed(&text), expected);
    assert!(!text.contains("--api-url"), "{text}");
    for namespace in ["prefect", "jobs"] {
        assert!(text.contains(&format!("secret generic prefect-auth --namespace {namespace} ")), "{text}");
    }
    for url in ["http://127.0.0.1:4200/api", "http://localhost:4200/api", "http://[::1]:4200/api"] {
        assert!(worker(url, false, "prefect").values().contains("--api-url"), "{url}");
    }
}

#[test]
fn ignores_job_namespaces_that_are_not_names() {
    for namespace in ["{{ prefect.variables.namespace }}", "", "Upper", "-a", "a-", &"a".repeat(64)] {
        assert_eq!(worker(SELF_HOSTED, false, namespace).pool.job_namespace, None, "{namespace}");
    }
}

#[test]
fn values_match_the_schema_of_the_chart() {
    let schema = include_str!("../../../tests/data/helm/prefect-worker.values.schema.json");
    let schema: Value = serde_json::from_str(schema).unwrap();
    assert_valid(&json!({"worker": {"config": {"workPol": "x"}}}), &schema, false);
    for worker in workers() {
        assert_valid(&parsed(&worker.values()), &schema, true);
    }
}

#[test]
fn manifests_match_the_schemas_of_kubernetes() {
    let schemas = include_str!("../../../tests/data/kubernetes/schemas.json");
    let schemas: Value = serde_json::from_str(schemas).unwrap();
    let mut misspelled = objects(&worker(CLOUD, false, "prefect")).pop().unwrap();
    misspelled["spec"]["template"]["spec"]["containers"][0]["livenessprobe"] = json!({});
    let schema = |object: &Value| {
        let kind = object["kind"].as_str().unwrap();
        json!({"$ref": schemas["kinds"][kind]["$ref"], "$defs": schemas["$defs"]})
    };
    assert_valid(&misspelled, &schema(&misspelled), false);
    for worker in workers() {
        for object in objects(&worker) {
            assert_valid(&object, &schema(&object), true);
        }
    }
}

fn workers() -> Vec<ClusterWorker> {
    let urls = [CLOUD, SELF_HOSTED, "http://127.0.0.1:4200/api"];
    let images =
        ["prefecthq/prefect", "prefecthq/prefect:3-latest-kubernetes", "prefecthq/prefect@sha256:abc"];
    let mut workers = Vec::new();
    for url in urls {
        for has_login in [true, false] {
            for namespace in ["prefect", "jobs", "default"] {
                workers.extend(images.iter().map(|image| ClusterWorker {
                    image: (*image).to_owned(),
                    ..worker(url, has_login, namespace)
                }));
            }
        }
    }
    // Each of these names has a different type or is syntax in some version of YAML.
    for name in ["on", "010", "1_000", "1e3", "null", "~", "12:30:45", "a: b # c", "\"", "a\nkind: Pod"] {
        let worker = worker(SELF_HOSTED, false, "prefect");
        let pool = ServedPool { name: name.to_owned(), ..worker.pool };
        workers.push(ClusterWorker { pool, ..worker });
    }
    workers
}

fn assert_valid(value: &Value, schema: &Value, is_valid: bool) {
    let violations = json_schema::violations(value, schema, json_schema::Nullable::WithoutDefault);
    let messages: Vec<&str> = violations.iter().map(|violation| violation.message.as_str()).collect();
    assert_eq!(messages.is_empty(), is_valid, "{value}: {messages:?}");
}

#[test]
fn a_manifest_has_the_objects_of_the_chart() {
    insta::assert_snapshot!(manifest(&worker(SELF_HOSTED, true, "prefect")));
    let cloud = manifest(&worker(CLOUD, false, "prefect"));
    assert!(cloud.contains("name: PREFECT_API_KEY\n"), "{cloud}");
    assert!(cloud.contains(&format!("value: {CLOUD}\n")), "{cloud}");
}

#[test]
fn the_role_is_in_the_namespace_of_the_jobs() {
    let place = |object: &Value| {
        let metadata = &object["metadata"];
        let namespace = metadata["namespace"].as_str().unwrap_or_else(|| metadata["name"].as_str().unwrap());
        format!("{} {namespace}", object["kind"].as_str().unwrap())
    };
    let places = |namespace: &str| -> Vec<String> {
        objects(&worker(SELF_HOSTED, false, namespace)).iter().map(place).collect()
    };
    let others = |namespace: &str| {
        [
            "ServiceAccount prefect".to_owned(),
            format!("Role {namespace}"),
            format!("RoleBinding {namespace}"),
            "Deployment prefect".to_owned(),
        ]
    };
    assert_eq!(places("prefect")[..1], ["Namespace prefect"]);
    assert_eq!(places("prefect")[1..], others("prefect"));
    assert_eq!(places("jobs")[..2], ["Namespace prefect", "Namespace jobs"]);
    assert_eq!(places("jobs")[2..], others("jobs"));
    // Every cluster has the namespace `default`.
    assert_eq!(places("default")[..1], ["Namespace prefect"]);
    assert_eq!(places("default")[1..], others("default"));
}

#[test]
fn names_of_pools_remain_in_their_place() {
    let worker = worker(SELF_HOSTED, false, "prefect");
    for name in ["on", "010", "a: b # c", "a\nkind: Pod\n---\n"] {
        let pool = ServedPool { name: name.to_owned(), ..worker.pool.clone() };
        let worker = ClusterWorker { pool, ..worker.clone() };
        assert_eq!(parsed(&worker.values())["worker"]["config"]["workPool"], name);
        let objects = objects(&worker);
        assert_eq!(objects.len(), 5, "{objects:?}");
        let container = &objects[4]["spec"]["template"]["spec"]["containers"][0];
        assert!(container["args"].as_array().unwrap().contains(&json!(name)), "{container}");
    }
}
