use std::{sync::Mutex, time::Duration};

use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{body_partial_json, method, path, path_regex},
};

use super::*;
use crate::{
    api::{Links, testing},
    progress::Silent,
};

const DEPLOYMENT: &str = "0b7a5a3e-0000-4000-8000-000000000001";
const FLOW: &str = "0b7a5a3e-0000-4000-8000-000000000002";
const RUN: &str = "0b7a5a3e-0000-4000-8000-a323bd2c1d1e";

fn answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

fn deployment(properties: &Value) -> Value {
    json!({
        "id": DEPLOYMENT, "name": "dep", "flow_id": FLOW, "parameters": {"name": "Marvin"},
        "parameter_openapi_schema": {"type": "object", "properties": properties},
    })
}

async fn server(properties: &Value) -> (MockServer, Client) {
    let server = MockServer::start().await;
    let mount = async |route: &str, body: Value| {
        Mock::given(method("GET")).and(path(route)).respond_with(answer(200, body)).mount(&server).await;
    };
    mount("/deployments/name/hello/dep", deployment(properties)).await;
    mount(&format!("/deployments/{DEPLOYMENT}"), deployment(properties)).await;
    mount(&format!("/flows/{FLOW}"), json!({"id": FLOW, "name": "hello"})).await;
    let missing = answer(404, json!({"detail": "Deployment not found"}));
    Mock::given(method("GET")).respond_with(missing).with_priority(9).mount(&server).await;
    let (client, _) = testing::client(testing::options(&server.uri()));
    (server, client)
}

async fn prepared(client: &Client, options: &RunOptions) -> Result<PreparedRun, CreateRunError> {
    let prepared = prepare(client, &testing::clock(), &Silent, options, &mut std::io::empty()).await?;
    let [run] = <[PreparedRun; 1]>::try_from(prepared).expect("one name prepares one run");
    Ok(run)
}

fn named(name: &str) -> RunOptions {
    RunOptions { names: vec![name.into()], ..RunOptions::default() }
}

#[tokio::test]
async fn creates_a_run_with_all_options() {
    let (server, client) = server(&json!({"name": {}, "n": {}})).await;
    let run = json!({
        "id": RUN, "name": "horned-lizard", "parameters": {"name": "Marvin", "n": 3}, "job_variables": {"a.b": true},
    });
    Mock::given(method("POST"))
        .and(path(format!("/deployments/{DEPLOYMENT}/create_flow_run")))
        .and(body_partial_json(json!({
            "state": {"type": "SCHEDULED", "state_details": {"scheduled_time": "2026-11-23T14:10:00Z"}},
            "name": "run-Marvin-3", "parameters": {"n": 3}, "tags": ["t"], "job_variables": {"a.b": true},
        })))
        .respond_with(answer(201, run))
        .expect(1)
        .mount(&server)
        .await;
    let options = RunOptions {
        param: vec!["n=3".into()],
        params: Some(r#"{"n": 1}"#.into()),
        job_variable: vec!["a.b=true".into()],
        tags: vec!["t".into()],
        flow_run_name: Some("run-{name}-{n}".into()),
        start: Some("2026-11-23T14:10:00Z".parse().unwrap()),
        ..named("hello/dep")
    };
    let prepared = prepared(&client, &options).await.unwrap();
    assert_eq!(prepared.announcement(), "Creating flow run for deployment 'hello/dep'...");
    let created = prepared.create(&client).await.unwrap();
    assert_eq!(
        created.render(&testing::clock(), &Links::new(Some("http://ui"))),
        format!(
            "Created flow run 'horned-lizard'.\n\
             └── UUID: {RUN}\n\
             └── Parameters: {{'name': 'Marvin', 'n': 3}}\n\
             └── Job Variables: {{'a.b': True}}\n\
             └── Scheduled start time: 2026-11-23 14:10:00 UTC (in 10 minutes)\n\
             └── URL: http://ui/runs/flow-run/{RUN}"
        )
    );
    let sent = server.received_requests().await.unwrap().pop().unwrap();
    let body: Value = serde_json::from_slice(&sent.body).unwrap();
    assert!(body["idempotency_key"].as_str().is_some_and(|key| key.len() == 36));
}

#[tokio::test]
async fn errors_match_prefect() {
    let (_server, client) = server(&json!({"name": {}, "n": {}})).await;
    let with = |param: &str| RunOptions { param: vec![param.into()], ..named("hello/dep") };
    let cases = [
        (RunOptions::default(), "Must provide a deployed flow's name or id"),
        (
            RunOptions { id: Some(Uuid::nil()), ..named("hello/dep") },
            "Only provide a deployed flow's name or id",
        ),
        (named("hello"), "Invalid deployment name. Expected '<flow-name>/<deployment-name>', got 'hello'"),
        (named("hello/nope"), "Deployment 'hello/nope' not found!"),
        (
            RunOptions { id: Some(Uuid::nil()), ..RunOptions::default() },
            "Deployment '00000000-0000-0000-0000-000000000000' not found!",
        ),
        (
            with("bogus=1"),
            "The following parameters were specified but not found on the deployment: 'bogus'\n  \
             The following parameters are available on the deployment: 'name', 'n'",
        ),
        (
            RunOptions { flow_run_name: Some("{zzz}".into()), ..named("hello/dep") },
            "Missing parameter for flow run name: 'zzz' is undefined",
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(prepared(&client, &options).await.unwrap_err().to_string(), expected);
    }
}

#[tokio::test]
async fn finds_deployments_by_id_and_rejects_unknown_parameters() {
    let (_server, client) = server(&json!({})).await;
    let by_id = RunOptions { id: Some(DEPLOYMENT.parse().unwrap()), ..RunOptions::default() };
    let found = prepared(&client, &by_id).await.unwrap();
    assert_eq!(found.announcement(), "Creating flow run for deployment 'hello/dep'...");
    let options = RunOptions { param: vec!["a=1".into()], ..by_id };
    let message = prepared(&client, &options).await.unwrap_err().to_string();
    assert!(message.ends_with("\n  This deployment does not accept parameters."), "{message}");
}

#[test]
fn formats_time_differences_in_one_unit() {
    let now: Timestamp = "2026-11-23T14:00:00Z".parse().unwrap();
    let cases = [
        ("2026-11-23T14:00:00Z", "now"),
        ("2026-11-23T14:00:01Z", "in 1 second"),
        ("2026-11-23T14:09:59.9Z", "in 10 minutes"),
        ("2026-11-23T16:00:00Z", "in 2 hours"),
        ("2026-11-24T14:00:00Z", "in 1 day"),
        ("2026-11-23T13:55:00Z", "5 minutes ago"),
        ("2019-11-23T14:00:00Z", "7 years ago"),
    ];
    for (time, expected) in cases {
        assert_eq!(relative(now, time.parse().unwrap()), expected);
    }
}

fn state(n: u128, kind: &str, second: u32) -> Value {
    let timestamp = format!("2026-11-23T14:00:{second:02}.250Z");
    json!({"id": Uuid::from_u128(n), "type": kind, "name": null, "timestamp": timestamp, "message": "why"})
}

fn log(n: u128, message: &str) -> Value {
    json!({
        "id": Uuid::from_u128(n), "name": "prefect", "level": 20, "message": message,
        "timestamp": "2026-11-23T14:00:02Z", "flow_run_id": RUN,
    })
}

/// Watches a run whose states and logs change after the first request.
async fn watched(
    first: (Value, Value),
    later: (Value, Value),
    timeout: Option<Duration>,
) -> (Watched, Vec<String>) {
    let server = MockServer::start().await;
    for ((states, logs), priority) in [(first, 1), (later, 2)] {
        let limit = if priority == 1 { 1 } else { u64::MAX };
        for (route, body) in [("/flow_run_states/", states), ("/logs/filter", logs)] {
            let mock = Mock::given(path(route)).respond_with(answer(200, body)).with_priority(priority);
            mock.up_to_n_times(limit).mount(&server).await;
        }
    }
    let (client, _) = testing::client(testing::options(&server.uri()));
    let lines = Mutex::new(Vec::new());
    let options = WatchOptions { interval: Duration::from_millis(10), timeout };
    let clock = testing::clock();
    let mut on_event = |event: WatchEvent<'_>| lines.lock().unwrap().push(event.render(&clock));
    let watched = watch(&client, &clock, RUN.parse().unwrap(), options, &mut on_event).await.unwrap();
    (watched, lines.into_inner().unwrap())
}

#[tokio::test]
async fn reports_every_state_and_line_once_and_the_final_state_last() {
    let first = (json!([state(1, "PENDING", 1), state(2, "PAUSED", 2)]), json!([log(10, "one")]));
    let later = (
        json!([state(2, "PAUSED", 2), state(1, "PENDING", 1), state(3, "FAILED", 3)]),
        json!([log(10, "one"), log(11, "two\nmore")]),
    );
    let (watched, lines) = watched(first, later, None).await;
    assert_eq!(
        lines,
        [
            "● 14:00:01.250 a323bd2c1d1e prefect.flow-run.Pending",
            "● 14:00:02.250 a323bd2c1d1e prefect.flow-run.Paused",
            "▪ 14:00:02.000 a323bd2c1d1e one",
            "▪ 14:00:02.000 a323bd2c1d1e two\n                            more",
            "● 14:00:03.250 a323bd2c1d1e prefect.flow-run.Failed: why",
        ]
    );
    assert_eq!(watched.end, RunEnd::Failed);
    assert_eq!(watched.render(true), "Flow run finished in state 'Failed'.");
}

#[tokio::test]
async fn reports_success_with_the_name_of_the_state() {
    let mut cached = state(1, "COMPLETED", 1);
    cached["name"] = json!("Cached");
    let answers = (json!([cached]), json!([]));
    let (watched, _) = watched(answers.clone(), answers, None).await;
    assert_eq!(watched.render(true), "Flow run finished successfully in 'Cached'.");
}

/// A run that ended long ago sends no more log lines, so the log is read once.
#[tokio::test]
async fn does_not_wait_for_log_lines_of_an_old_run() {
    let mut ended = state(1, "COMPLETED", 1);
    ended["timestamp"] = json!("2026-11-23T13:59:30Z");
    let started = std::time::Instant::now();
    let first = (json!([ended]), json!([log(10, "one")]));
    let later = (json!([ended]), json!([log(10, "one"), log(11, "two")]));
    let (watched, lines) = watched(first, later, None).await;
    assert_eq!((watched.end, lines.len()), (RunEnd::Completed, 2));
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn watching_times_out() {
    let answers = (json!([state(1, "RUNNING", 1)]), json!([]));
    let (watched, _) = watched(answers.clone(), answers, Some(Duration::from_millis(200))).await;
    assert_eq!(watched.render(true), format!("Flow run with ID {RUN} exceeded watch timeout of 0.2 seconds"));
    assert_eq!(watched.state.unwrap().name(), "Running");
}

/// Sixty runs are cancelled with two requests, or one by one if the server has no bulk route.
#[tokio::test]
async fn cancels_many_runs_in_bulk() {
    let ids: Vec<Uuid> = (1..=60).map(Uuid::from_u128).collect();
    let cancelled = json!({"status": "ACCEPT", "state": null, "details": {}});
    let refused = json!({"status": "ABORT", "state": null, "details": {"reason": "it has ended"}});

    let server = MockServer::start().await;
    let answer = move |request: &wiremock::Request| {
        let body: Value = request.body_json().unwrap();
        let asked = body["flow_runs"]["id"]["any_"].as_array().unwrap().clone();
        assert!(asked.len() <= 50 && body["limit"] == 50, "{body}");
        let results: Vec<Value> = asked
            .iter()
            .map(|id| {
                let mut result =
                    if *id == json!(Uuid::from_u128(7)) { refused.clone() } else { cancelled.clone() };
                result["flow_run_id"] = id.clone();
                result
            })
            .collect();
        ResponseTemplate::new(200).set_body_json(json!({"results": results}))
    };
    Mock::given(path("/flow_runs/bulk_set_state")).respond_with(answer).expect(2).mount(&server).await;
    let (client, _) = testing::client(testing::options(&server.uri()));
    let done = runs::cancel_all(&client, &ids).await.unwrap();
    assert_eq!(done.len(), 59);
    assert!(!done.contains(&Uuid::from_u128(7)));

    let old = MockServer::start().await;
    Mock::given(path("/flow_runs/bulk_set_state")).respond_with(ResponseTemplate::new(405)).mount(&old).await;
    let accepted = json!({"status": "ACCEPT", "state": null, "details": {}});
    Mock::given(path_regex("^/flow_runs/[0-9a-f-]+/set_state$"))
        .respond_with(ResponseTemplate::new(200).set_body_json(accepted))
        .expect(60)
        .mount(&old)
        .await;
    let (client, _) = testing::client(testing::options(&old.uri()));
    assert_eq!(runs::cancel_all(&client, &ids).await.unwrap(), ids);
}
