//! Tests of requests to servers that run different Prefect releases.

use serde_json::{Value, json};
use uuid::Uuid;
use wiremock::{
    Mock, MockServer,
    matchers::{method, path},
};

use super::{answer, requests};
use crate::{
    api::{ApiError, Client, ClientOptions, DeploymentSchedule, JsonObject, testing},
    value::json_object,
};

/// Starts a mock server that reports the given version and accepts all other requests.
async fn server(version: &str) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let mount = async |verb: &str, route: String, body: Value| {
        Mock::given(method(verb)).and(path(route)).respond_with(answer(200, body)).mount(&server).await;
    };
    let deployment = deployment();
    mount("GET", "/admin/version".to_owned(), json!(version)).await;
    mount("GET", format!("/deployments/{}", Uuid::nil()), deployment.clone()).await;
    mount("PATCH", format!("/deployments/{}", Uuid::nil()), Value::Null).await;
    mount("POST", "/deployments/".to_owned(), deployment).await;
    mount("POST", format!("/deployments/{}/schedules", Uuid::nil()), json!([])).await;
    mount("PATCH", format!("/deployments/{0}/schedules/{0}", Uuid::nil()), Value::Null).await;
    mount("POST", "/automations/".to_owned(), json!({"id": Uuid::nil(), "name": "a"})).await;
    mount("POST", "/variables/".to_owned(), json!({"id": Uuid::nil(), "name": "a-b", "value": 1})).await;
    let (client, _) = testing::client(testing::options(&server.uri()));
    (server, client)
}

fn deployment() -> Value {
    json!({
        "id": Uuid::nil(), "flow_id": Uuid::nil(), "name": "d", "pull_steps": [{"a": 1}], "tags": ["live"],
        "parameter_openapi_schema": {}, "created": "2026-01-01T00:00:00Z",
        "schedules": [{"id": Uuid::nil(), "schedule": {"cron": "@daily"}, "active": false}],
    })
}

fn schedule() -> DeploymentSchedule {
    serde_json::from_value(json!({"id": Uuid::nil(), "schedule": {"cron": "@daily"}})).unwrap()
}

/// Returns the body of the last request.
async fn last_body(server: &MockServer) -> Value {
    let received = server.received_requests().await.unwrap();
    serde_json::from_slice(&received.last().unwrap().body).unwrap()
}

fn object(value: Value) -> JsonObject {
    json_object(value)
}

#[tokio::test]
async fn omits_fields_that_the_release_rejects() {
    let schedule = json!({"schedule": {}, "slug": null, "parameters": {}, "replaces": null});
    let body =
        object(json!({"name": "d", "labels": {}, "version_info": {"type": "x"}, "schedules": [schedule]}));
    for (version, expected) in [
        ("3.0.11", json!({"name": "d", "schedules": [{"schedule": {}}]})),
        ("3.2.15", json!({"name": "d", "schedules": [{"schedule": {}}]})),
        ("3.9.1", json!({"name": "d", "version_info": {"type": "x"}, "schedules": [{"schedule": {}}]})),
        ("3.99.0", json!({"name": "d", "version_info": {"type": "x"}, "schedules": [{"schedule": {}}]})),
    ] {
        let (server, client) = server(version).await;
        client.create_deployment(&body).await.unwrap();
        client.create_deployment(&body).await.unwrap();
        assert_eq!(last_body(&server).await, expected, "{version}");
        let asked = requests(&server).await.iter().filter(|request| request.ends_with("/version")).count();
        assert_eq!(asked, 1, "the version is requested once");
    }
}

#[tokio::test]
async fn rejects_values_that_the_release_does_not_support() {
    let (server, client) = server("3.1.15").await;
    let error =
        client.create_schedules(Uuid::nil(), &[json!({"schedule": {}, "slug": "a"})]).await.unwrap_err();
    assert_eq!(error.to_string(), "schedule slugs require Prefect 3.2, but this server runs 3.1.15");
    let parameters = object(json!({"parameters": {"n": 1}}));
    let error = client.update_schedule(Uuid::nil(), &schedule(), &parameters).await.unwrap_err();
    assert_eq!(error.to_string(), "schedule parameters require Prefect 3.2, but this server runs 3.1.15");
    let variable = object(json!({"name": "a-b", "value": 1}));
    let error = client.create_variable(&variable).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "variable names with dashes require Prefect 3.4.2, but this server runs 3.1.15"
    );
    assert_eq!(requests(&server).await, ["GET /admin/version"], "nothing is written");

    client.update_schedule(Uuid::nil(), &schedule(), &object(json!({"active": false}))).await.unwrap();
    assert_eq!(last_body(&server).await, json!({"active": false}));
}

#[tokio::test]
async fn replaces_a_deployment_if_the_release_cannot_update_pull_steps() {
    let (server, client) = server("3.1.15").await;
    let same = object(json!({"tags": ["new"], "pull_steps": [{"a": 1}], "parameter_openapi_schema": {}}));
    client.update_deployment(Uuid::nil(), &same).await.unwrap();
    assert_eq!(last_body(&server).await, json!({"tags": ["new"]}));
    assert!(requests(&server).await.last().unwrap().starts_with("PATCH"));

    let changed = object(json!({"tags": ["new"], "pull_steps": [{"a": 2}], "parameter_openapi_schema": {}}));
    client.update_deployment(Uuid::nil(), &changed).await.unwrap();
    assert_eq!(requests(&server).await.last().unwrap(), "POST /deployments/");
    assert_eq!(
        last_body(&server).await,
        json!({
            "name": "d", "flow_id": Uuid::nil(), "tags": ["new"], "pull_steps": [{"a": 2}],
            "parameter_openapi_schema": {},
            "schedules": [{"schedule": {"cron": "@daily"}, "active": false, "max_scheduled_runs": null}],
        })
    );
}

#[tokio::test]
async fn updates_pull_steps_in_place_if_the_release_can() {
    let (server, client) = server("3.2.0").await;
    let changed = object(json!({"pull_steps": [{"a": 2}]}));
    client.update_deployment(Uuid::nil(), &changed).await.unwrap();
    assert_eq!(
        requests(&server).await,
        ["GET /admin/version", &format!("PATCH /deployments/{}", Uuid::nil())]
    );
}

#[tokio::test]
async fn does_not_request_the_version_without_need() {
    let (server, client) = server("3.0.11").await;
    client.update_deployment(Uuid::nil(), &object(json!({"paused": true}))).await.unwrap();
    client.create_automation(&object(json!({"name": "a", "tags": []}))).await.unwrap();
    assert_eq!(last_body(&server).await, json!({"name": "a"}));
    assert!(!requests(&server).await.contains(&"GET /admin/version".to_owned()));
}

#[tokio::test]
async fn explains_errors_of_prefect_2() {
    let server = MockServer::start().await;
    let reject = answer(422, json!({"exception_detail": [{"loc": ["body", "x"], "msg": "extra fields"}]}));
    Mock::given(method("POST")).respond_with(reject).mount(&server).await;
    Mock::given(path("/admin/version")).respond_with(answer(200, json!("2.20.27"))).mount(&server).await;
    let (client, _) = testing::client(testing::options(&server.uri()));
    let error = client.create_flow("f").await.unwrap_err();
    assert!(matches!(&error, ApiError::Prefect2 { version, .. } if version == "2.20.27"), "{error:?}");
    assert!(matches!(client.capabilities().await, Err(ApiError::Prefect2 { .. })));
}

#[tokio::test]
async fn unknown_versions_support_every_feature() {
    for version in [json!("0+unknown"), json!({"not": "a version"})] {
        let server = MockServer::start().await;
        Mock::given(path("/admin/version")).respond_with(answer(200, version)).mount(&server).await;
        let (client, _) = testing::client(testing::options(&server.uri()));
        assert!(!client.replaces_deployments().await.unwrap());
    }
    // No version request is sent to Prefect Cloud.
    let server = MockServer::start().await;
    let options = ClientOptions { is_cloud: true, ..testing::options(&server.uri()) };
    assert!(!testing::client(options).0.replaces_deployments().await.unwrap());
    assert_eq!(requests(&server).await, Vec::<String>::new());
}
