use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_json, method, path},
};

use super::*;
use crate::{api::testing, progress::Silent};

fn answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn pool(changes: &Value) -> Value {
    let mut pool = json!({
        "id": "46210725-d5de-4d1e-8b33-5a32dca3c5c2", "name": "wp1", "type": "process", "description": null,
        "base_job_template": {"variables": {}}, "is_paused": false, "concurrency_limit": null, "status": "NOT_READY",
    });
    for (key, value) in changes.as_object().unwrap() {
        pool[key] = value.clone();
    }
    pool
}

/// A server with two worker types and, if given, the pool `wp1`.
async fn server(existing: Option<Value>) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let types = json!({
        "prefect-aws": {"ecs": {"type": "ecs", "default_base_job_configuration": {"variables": {"p": 1}}}},
        "prefect-docker": {"docker": {"type": "docker", "default_base_job_configuration": {}}, "odd": {"shape": 1}},
    });
    Mock::given(path("/collections/views/aggregate-worker-metadata"))
        .respond_with(answer(200, types))
        .mount(&server)
        .await;
    let found = match existing {
        Some(pool) => answer(200, pool),
        None => answer(404, json!({"detail": "Work pool \"wp1\" not found."})),
    };
    Mock::given(method("GET")).and(path("/work_pools/wp1")).respond_with(found).mount(&server).await;
    let (client, _) = testing::client(testing::options(&server.uri()));
    (server, client)
}

fn options() -> CreateOptions {
    CreateOptions { name: "wp1".into(), kind: Some("ecs".into()), ..CreateOptions::default() }
}

#[test]
fn rejects_invalid_names() {
    for name in ["", "  ", "''", "\" \""] {
        assert_eq!(check_name(name).unwrap_err().to_string(), "Work pool name cannot be empty.");
    }
    for name in ["a/b", "50%", "a&b", "<a>"] {
        assert!(matches!(check_name(name), Err(WorkPoolError::ForbiddenName(_))), "{name}");
    }
    check_name("my pool").unwrap();
}

#[tokio::test]
async fn new_pools_get_the_template_of_their_type() {
    let (server, client) = server(None).await;
    let template = json!({"variables": {"p": 1}});
    Mock::given(method("POST"))
        .and(path("/work_pools/"))
        .and(body_json(
            json!({"name": "wp1", "type": "ecs", "base_job_template": template, "is_paused": false}),
        ))
        .respond_with(answer(201, pool(&json!({}))))
        .mount(&server)
        .await;
    let created = create(&client, &Silent, &options()).await.unwrap();
    assert_eq!(
        created.render(&Links::new(Some("http://ui"))),
        "Created work pool 'wp1'!\n\nTo start a worker for this work pool, run:\n\n\
         \tprefect worker start --pool wp1\n\n\
         └── UUID: 46210725-d5de-4d1e-8b33-5a32dca3c5c2\n\
         └── Type: process\n\
         └── Description: None\n\
         └── Status: Not ready\n\
         └── URL: http://ui/work-pools/work-pool/wp1"
    );
}

#[tokio::test]
async fn pools_of_custom_workers_need_a_template() {
    let (server, client) = server(None).await;
    let custom = CreateOptions { kind: Some("my-worker".into()), ..options() };
    let error = create(&client, &Silent, &custom).await.unwrap_err().to_string();
    assert_eq!(error, "Unknown work pool type 'my-worker'. Please choose from docker, ecs.");

    let directory = tempfile::tempdir().unwrap();
    let template = directory.path().join("template.json");
    std::fs::write(&template, r#"{"variables": {"q": 1}}"#).unwrap();
    let body = json!({
        "name": "wp1", "type": "my-worker", "base_job_template": {"variables": {"q": 1}}, "is_paused": false,
    });
    Mock::given(method("POST"))
        .and(path("/work_pools/"))
        .and(body_json(body))
        .respond_with(answer(201, pool(&json!({}))))
        .expect(1)
        .mount(&server)
        .await;
    let custom = CreateOptions { base_job_template: Some(template), ..custom };
    create(&client, &Silent, &custom).await.unwrap();
}

#[tokio::test]
async fn overwrite_updates_only_given_fields() {
    let (server, client) = server(Some(pool(&json!({"is_paused": true, "status": "PAUSED"})))).await;
    Mock::given(method("PATCH"))
        .and(path("/work_pools/wp1"))
        .and(body_json(json!({"base_job_template": {"variables": {}}})))
        .respond_with(ResponseTemplate::new(204))
        .expect(1)
        .mount(&server)
        .await;
    let overwrite = CreateOptions { overwrite: true, ..options() };
    let unchanged = create(&client, &Silent, &overwrite).await.unwrap();
    assert!(unchanged.is_update);

    let directory = tempfile::tempdir().unwrap();
    let template = directory.path().join("template.json");
    std::fs::write(&template, r#"{"variables": {}}"#).unwrap();
    let changes = CreateOptions { base_job_template: Some(template), ..overwrite };
    let text = create(&client, &Silent, &changes).await.unwrap().render(&Links::default());
    assert!(text.starts_with("Updated work pool 'wp1'!\n\n└── UUID:"), "{text}");
    assert!(text.ends_with("└── Status: Paused\n└── URL: <no dashboard available>"), "{text}");
}

#[tokio::test]
async fn errors_match_prefect() {
    let (_server, client) = server(Some(pool(&json!({})))).await;
    let message = |result: Result<CreatedPool, WorkPoolError>| result.unwrap_err().to_string();
    assert_eq!(
        message(create(&client, &Silent, &options()).await),
        "Work pool named 'wp1' already exists. Please use --overwrite to update it."
    );
    let (_empty, client) = server(None).await;
    assert_eq!(
        message(create(&client, &Silent, &CreateOptions { kind: None, ..options() }).await),
        "When not using an interactive terminal, you must supply a `--type` value."
    );
    assert_eq!(
        message(create(&client, &Silent, &CreateOptions { kind: Some("x".into()), ..options() }).await),
        "Unknown work pool type 'x'. Please choose from docker, ecs."
    );
    assert_eq!(
        default_base_job_template(Some(&client), None).await.unwrap_err().to_string(),
        "Unknown work pool type None. Please choose from docker, ecs."
    );
    assert_eq!(find(&client, "wp1").await.unwrap_err().to_string(), "Work pool 'wp1' not found!");
}

#[tokio::test]
async fn lists_newest_pools_first() {
    let (server, client) = server(None).await;
    let entry = |name: &str, n: u128, created: &str| {
        pool(&json!({"name": name, "id": uuid::Uuid::from_u128(n), "created": created}))
    };
    let listed = json!([entry("old", 1, "2026-01-01T00:00:00Z"), entry("new", 2, "2026-02-01T00:00:00Z")]);
    Mock::given(path("/work_pools/filter")).respond_with(answer(200, listed)).mount(&server).await;
    let names: Vec<String> = list(&client).await.unwrap().into_iter().map(|pool| pool.name).collect();
    assert_eq!(names, ["new", "old"]);
}
