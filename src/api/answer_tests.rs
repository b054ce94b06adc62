//! Property tests: every response body is either parsed or turned into a one-line error.

use proptest::prelude::*;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{
    Automation, Deployment, FlowRun, WorkPool,
    error::{self, Peer},
    flows::Flow,
};

/// Returns a JSON object that every model can parse.
fn valid_object() -> Value {
    let id = uuid::Uuid::nil();
    json!({
        "id": id, "name": "a", "flow_id": id, "paused": false, "tags": ["x"], "type": "process",
        "work_pool_name": "pool", "parameters": {"a": 1}, "job_variables": {"env": {"A": "b"}},
        "parameter_openapi_schema": {"properties": {"a": {"type": "integer"}}},
        "schedules": [{"id": id, "schedule": {"interval": 60.0, "anchor_date": "2026-01-01T00:00:00Z"}, "active": true}],
        "base_job_template": {"variables": {"properties": {}}, "job_configuration": {}},
        "state": {"type": "COMPLETED", "name": "Completed", "timestamp": "2026-01-01T00:00:00Z"},
        "actions": [{"type": "run-deployment", "deployment_id": id}], "trigger": {"expect": ["a"]},
        "detail": "It is not there.", "exception_message": "Invalid request received.",
        "exception_detail": [{"loc": ["body", "name", 0], "msg": "Field required", "type": "missing"}],
    })
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!("00000000-0000-0000-0000-000000000000")),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec(("[a-z_]{0,8}", inner), 0..4)
                .prop_map(|fields| fields.into_iter().collect()),
        ]
    })
}

/// Generates a valid object with one value replaced.
fn damaged_object() -> impl Strategy<Value = Value> {
    (any::<prop::sample::Index>(), any_json()).prop_map(|(at, other)| {
        let mut answer = valid_object();
        let pointers = pointers(&answer, String::new());
        if let Some(value) = answer.pointer_mut(&pointers[at.index(pointers.len())]) {
            *value = other;
        }
        answer
    })
}

/// Returns the JSON pointers of all values in a document.
fn pointers(value: &Value, at: String) -> Vec<String> {
    let below: Vec<String> = match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(index, item)| pointers(item, format!("{at}/{index}")))
            .collect(),
        Value::Object(fields) => {
            fields.iter().flat_map(|(key, value)| pointers(value, format!("{at}/{key}"))).collect()
        }
        _ => Vec::new(),
    };
    [at].into_iter().chain(below).collect()
}

/// Parses a body as a single object and as a list of objects. Ignores errors, so that only a panic fails the test.
fn parse<T: DeserializeOwned>(body: &[u8]) {
    let _ = serde_json::from_slice::<T>(body);
    let _ = serde_json::from_slice::<Vec<T>>(&[b"[", body, b"]"].concat());
}

fn check(body: &[u8]) {
    parse::<Flow>(body);
    parse::<Deployment>(body);
    parse::<WorkPool>(body);
    parse::<FlowRun>(body);
    parse::<Automation>(body);
    let timeout = std::time::Duration::from_secs(1);
    let peer = Peer { url: "http://h/api".to_owned(), is_cloud: false, timeout, proxy: None };
    for status in [400, 401, 403, 404, 405, 409, 422, 429, 500, 503] {
        let status = StatusCode::from_u16(status).unwrap();
        let message = error::from_answer(status, body, "GET /flows/".to_owned(), &peer).to_string();
        assert!(!message.is_empty() && !message.contains('\n'), "{status}: {message:?}");
    }
}

proptest! {
    #[test]
    fn parses_or_rejects_any_bytes(body in any::<Vec<u8>>()) {
        check(&body);
    }

    #[test]
    fn parses_or_rejects_any_document(body in prop_oneof![damaged_object(), any_json()]) {
        check(body.to_string().as_bytes());
    }
}
