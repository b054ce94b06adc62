//! Tests of the commands for work pools, queues, workers and jobs against a real server.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::{
    deployment_commands::{PROJECT, deployed, document, succeed},
    support::{Api, Sandbox, assert_output},
};

#[test]
#[ignore = "needs services: run tests/run"]
fn update_changes_only_the_given_fields_of_a_work_pool() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let create = "work-pool create k-UNIQUE --type kubernetes --set namespace=prefect --set image_pull_policy=IfNotPresent \
                  --set finished_job_ttl=60 --set pod_watch_timeout_seconds=300 --add-variable cpu_request:string=500m \
                  --add-variable node_selector:object";
    let made = document(&sandbox, create)?;
    assert_eq!((&made["action"], &made["type"]), (&json!("created"), &json!("kubernetes")));
    let pool = || document(&sandbox, "work-pool inspect k-UNIQUE");
    succeed(&sandbox, "work-pool create k-UNIQUE --overwrite --set-as-default")?;
    let default = succeed(&sandbox, "config view")?.stdout;
    let expected = sandbox.unique("PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME='k-UNIQUE' (from profile)");
    assert!(default.contains(&expected), "{default}");
    let before = pool()?;
    let variables = &before["base_job_template"]["variables"]["properties"];
    assert_eq!(variables["namespace"]["default"], "prefect");
    assert_eq!(variables["finished_job_ttl"]["default"], 60);
    assert_eq!(variables["cpu_request"]["default"], "500m");
    let pod = &before["base_job_template"]["job_configuration"]["job_manifest"]["spec"]["template"]["spec"];
    assert_eq!(pod["nodeSelector"], "{{ node_selector }}");

    let differences = document(&sandbox, "work-pool diff-template k-UNIQUE")?;
    let paths =
        differences["differences"].as_array().context("a list")?.iter().map(|item| item["path"].clone());
    assert!(paths.collect::<Vec<_>>().contains(&json!("variables.properties.cpu_request.default")));
    assert!(
        succeed(&sandbox, "work-pool diff-template pool-UNIQUE")?
            .stdout
            .contains("is the same as the default")
    );

    succeed(&sandbox, "work-pool set-concurrency-limit k-UNIQUE 7")?;
    sandbox.run_words(&["work-pool", "update", "k-UNIQUE", "--description", "For k8s"])?.success()?;
    succeed(&sandbox, "work-pool pause k-UNIQUE")?;
    succeed(&sandbox, "work-pool create k-UNIQUE --type kubernetes --overwrite --set namespace=other")?;
    let after = pool()?;
    assert_eq!((&after["concurrency_limit"], &after["is_paused"]), (&json!(7), &json!(true)));
    assert_eq!(after["description"], "For k8s");
    assert_eq!(after["base_job_template"]["variables"]["properties"]["namespace"]["default"], "other");
    succeed(&sandbox, "work-pool update k-UNIQUE --concurrency-limit 0 --description=")?;
    assert_eq!((&pool()?["concurrency_limit"], &pool()?["description"]), (&json!(0), &json!("")));
    succeed(&sandbox, "work-pool clear-concurrency-limit k-UNIQUE")?;
    succeed(&sandbox, "work-pool resume k-UNIQUE")?;
    assert_eq!((&pool()?["concurrency_limit"], &pool()?["is_paused"]), (&Value::Null, &json!(false)));

    let refused = sandbox.run("work-pool update k-UNIQUE --set namespce=x")?;
    assert!(refused.code == 2 && refused.stderr.contains("did you mean 'namespace'?"), "{}", refused.stderr);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn a_deleted_work_pool_does_not_exist() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    succeed(&sandbox, "work-pool create k-UNIQUE --type process")?;
    let output = sandbox.run("work-pool delete k-UNIQUE -y")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Deleted work pool 'k-UNIQUE'
    ");
    let output = sandbox.run("work-pool delete k-UNIQUE -y")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Work pool 'k-UNIQUE' does not exist.
    ");
    let output = sandbox.run("work-pool pause k-UNIQUE")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: Work pool 'k-UNIQUE' not found!
    ");
    Ok(())
}

#[test]
fn default_templates_need_no_server() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let template = succeed(&sandbox, "work-pool get-default-base-job-template --type process")?.json()?;
    assert!(template["job_configuration"].is_object());
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn lists_queues_and_workers_of_a_pool() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let made = document(&sandbox, "work-queue create fast -p pool-UNIQUE -l 3 -q 1")?;
    assert_eq!(made["action"], "created");
    let queue = || -> Result<Value> {
        let queues = document(&sandbox, "work-queue ls -p pool-UNIQUE --match fa")?;
        Ok(queues[0].clone())
    };
    assert_eq!((&queue()?["name"], &queue()?["concurrency_limit"]), (&json!("fast"), &json!(3)));
    succeed(&sandbox, "work-queue pause fast -p pool-UNIQUE")?;
    assert_eq!(queue()?["is_paused"], true);
    succeed(&sandbox, "work-queue resume fast -p pool-UNIQUE")?;
    assert_eq!(queue()?["is_paused"], false);
    let again = sandbox.run("work-queue create fast -p pool-UNIQUE")?;
    assert!(again.code == 1 && again.stderr.contains("Work queue with name: 'fast' already exists."));

    api.post(&sandbox.unique("/work_pools/pool-UNIQUE/workers/heartbeat"), &json!({"name": "w1"}))?;
    let workers = document(&sandbox, "worker ls -p pool-UNIQUE")?;
    assert_eq!((&workers[0]["name"], &workers[0]["status"]), (&json!("w1"), &json!("ONLINE")));
    let values = succeed(&sandbox, "worker values -p pool-UNIQUE --api-url http://prefect.example/api")?;
    assert!(values.stdout.contains("apiUrl: http://prefect.example/api"), "{}", values.stdout);
    assert!(values.stdout.contains(&sandbox.unique("workPool: pool-UNIQUE")), "{}", values.stdout);
    assert!(values.stderr.contains("has type 'process'"), "{}", values.stderr);
    let manifest = succeed(&sandbox, "worker manifest -p pool-UNIQUE --name w --namespace jobs")?;
    assert!(
        manifest.stdout.contains("\nkind: Deployment\nmetadata:\n  name: w\n  namespace: jobs\n"),
        "{}",
        manifest.stdout
    );
    let invalid = sandbox.run("worker manifest -p pool-UNIQUE --namespace Prefect")?;
    assert!(
        invalid.code == 2 && invalid.stderr.contains("Kubernetes names consist of"),
        "{}",
        invalid.stderr
    );
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn previews_the_job_of_a_run() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = deployed(&api)?;
    let job = document(&sandbox, "job preview hello-UNIQUE/a --job-variable env={\"A\":1}")?;
    assert_eq!((&job["command"], &job["env"]["A"]), (&json!("python -m prefect.engine"), &json!("1")));
    assert_eq!(job["labels"]["prefect.io/flow-name"], json!(sandbox.unique("hello-UNIQUE")));
    let text = succeed(&sandbox, "job preview hello-UNIQUE/a")?.stdout;
    assert!(
        text.starts_with("# Job for a run of ") && text.contains("\ncommand: python -m prefect.engine\n"),
        "{text}"
    );
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn finds_and_updates_a_work_queue_by_name() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    succeed(&sandbox, "work-queue create fast-UNIQUE --pool pool-UNIQUE --limit 3")?;
    let output = sandbox.run("work-queue set-concurrency-limit fast-UNIQUE 7 --pool pool-UNIQUE")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Concurrency limit of 7 set on work queue 'fast-UNIQUE' in work pool 'pool-UNIQUE'
    ");
    // The queue's name is unique, so the command does not need the pool's name.
    let shown = document(&sandbox, "work-queue inspect fast-UNIQUE")?;
    assert_eq!(
        (&shown["concurrency_limit"], &shown["status_details"]["healthy"]),
        (&json!(7), &json!(false))
    );
    let id = shown["id"].as_str().context("an id")?;
    let cleared = document(&sandbox, &format!("work-queue clear-concurrency-limit {id}"))?;
    assert_eq!((&cleared["action"], &cleared["concurrency_limit"]), (&json!("updated"), &Value::Null));
    for hours in [1, u32::MAX] {
        let preview = format!("work-queue preview fast-UNIQUE --pool pool-UNIQUE --hours {hours}");
        assert_eq!(document(&sandbox, &preview)?, json!([]));
    }

    let several = sandbox.run("work-queue inspect default")?;
    assert!(several.code == 2 && several.stderr.contains("in multiple work pools"), "{several}");
    let kept = sandbox.run("work-queue delete default --pool pool-UNIQUE --yes")?;
    assert_output!(kept, @r"
    exit 1
    --- stderr
    error: work queue 'default' in work pool 'pool-UNIQUE' is the default queue and cannot be deleted
    help: delete the work pool, or pause the queue
    ");
    let unasked = sandbox.run("work-queue delete fast-UNIQUE --pool pool-UNIQUE")?;
    assert_eq!(unasked.code, 4, "{unasked}");
    let output = sandbox.run("work-queue delete fast-UNIQUE --pool pool-UNIQUE --yes")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    Successfully deleted work queue 'fast-UNIQUE' in work pool 'pool-UNIQUE'
    ");
    let output = sandbox.run("work-queue pause fast-UNIQUE --pool pool-UNIQUE")?;
    assert_output!(output, @r"
    exit 1
    --- stderr
    error: No work queue named 'fast-UNIQUE' found in work pool 'pool-UNIQUE'.
    ");
    Ok(())
}

#[test]
fn describes_a_worker_for_a_declared_pool() -> Result<()> {
    const FILE: &str = "prefectl:\n  work_pools:\n  - {name: k8s, type: kubernetes, namespace: jobs}\n";
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", FILE)?;
    let values =
        sandbox.run("worker values --for-pool k8s --api-url http://prefect.example/api")?.success()?;
    assert!(values.stdout.contains("jobNamespace: jobs\n"), "{values}");
    let manifest =
        sandbox.run("worker manifest --for-pool k8s --api-url http://prefect.example/api")?.success()?;
    assert!(
        manifest.stdout.contains("kind: Role\nmetadata:\n  name: prefect-worker\n  namespace: jobs\n"),
        "{manifest}"
    );
    for (line, code, expected) in [
        ("worker values --for-pool k8", 1, "the project file declares no work pool 'k8'"),
        ("worker values --for-pool k8s", 2, "PREFECT_API_URL"),
        ("worker values", 2, "--pool"),
    ] {
        let output = sandbox.run(line)?;
        assert!(output.code == code && output.stderr.contains(expected), "{output}");
    }
    sandbox.file("prefect.yaml", FILE.replace("namespace", "namspace"))?;
    let output = sandbox.run("worker values --for-pool k8s --api-url http://prefect.example/api")?;
    assert!(output.code != 0 && output.stderr.contains("did you mean 'namespace'?"), "{output}");
    Ok(())
}
