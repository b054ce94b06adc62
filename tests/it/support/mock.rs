//! A mock API with predefined responses.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, body_partial_json, header, method, path},
};

/// A mock server on loopback. Dropping the value stops it.
pub(crate) struct MockApi {
    server: MockServer,
    runtime: Runtime,
}

impl MockApi {
    fn start() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        Ok(Self { server: runtime.block_on(MockServer::start()), runtime })
    }

    /// Returns a server that responds to every request with `status` and `detail`.
    pub(crate) fn answering(status: u16, detail: &str) -> Result<Self> {
        let api = Self::start()?;
        let answer = ResponseTemplate::new(status).set_body_json(json!({"detail": detail}));
        api.runtime.block_on(api.server.register(Mock::given(any()).respond_with(answer)));
        Ok(api)
    }

    /// Returns a server with only a process work pool named `pool`.
    pub(crate) fn with_pool() -> Result<Self> {
        let api = Self::start()?;
        let nothing = json!([]);
        let pool = json!([{
            "id": "00000000-0000-0000-0000-000000000001",
            "name": "pool",
            "type": "process",
            "base_job_template": {"variables": {"properties": {
                "env": {"type": "object"},
                "command": {"type": "string"},
                "stream_output": {"type": "boolean"},
            }}},
            "is_paused": false,
            "status": "READY",
        }]);
        let pools = move |request: &Request| {
            // The filter lists names, or selects everything.
            let asked = String::from_utf8_lossy(&request.body);
            let found = !asked.contains("any_") || asked.contains("\"pool\"");
            ResponseTemplate::new(200).set_body_json(if found { &pool } else { &nothing })
        };
        let filter = Mock::given(method("POST")).and(path("/api/work_pools/filter")).respond_with(pools);
        api.runtime.block_on(api.server.register(filter));
        let missing = ResponseTemplate::new(404).set_body_json(json!({"detail": "It is not there"}));
        let lookups = Mock::given(method("GET")).respond_with(missing);
        api.runtime.block_on(api.server.register(lookups));
        Ok(api)
    }

    /// Returns a mock of Prefect Cloud with two workspaces for the key `pnu_good`. Other keys are rejected with 401.
    pub(crate) fn cloud() -> Result<Self> {
        let api = Self::start()?;
        let workspace = |number: u128, handle: &str| {
            json!({
                "account_id": uuid::Uuid::from_u128(1), "account_name": "Acme", "account_handle": "acme",
                "workspace_id": uuid::Uuid::from_u128(number), "workspace_name": handle,
                "workspace_description": "", "workspace_handle": handle,
            })
        };
        let workspaces = json!([workspace(3, "prod"), workspace(2, "dev")]);
        let list = Mock::given(method("GET"))
            .and(path("/api/me/workspaces"))
            .and(header("authorization", "Bearer pnu_good"))
            .respond_with(ResponseTemplate::new(200).set_body_json(workspaces));
        api.runtime.block_on(api.server.register(list));
        let refusal = ResponseTemplate::new(401).set_body_json(json!({"detail": "Invalid credentials"}));
        api.runtime.block_on(api.server.register(Mock::given(any()).respond_with(refusal)));
        Ok(api)
    }

    /// Returns a server that has a process work pool named `pool`, and that stores created flows, deployments and
    /// automations.
    pub(crate) fn keeping() -> Result<Self> {
        let api = Self::with_pool()?;
        for collection in ["flows", "deployments", "automations"] {
            let kept = Arc::new(Mutex::new(Vec::new()));
            let listed = Arc::clone(&kept);
            let make = move |request: &Request| {
                let mut made: Value = request.body_json().unwrap_or_default();
                made["id"] = json!(uuid::Uuid::new_v4());
                kept.lock().unwrap_or_else(PoisonError::into_inner).push(made.clone());
                ResponseTemplate::new(201).set_body_json(made)
            };
            let filter = move |request: &Request| {
                let asked: Value = request.body_json().unwrap_or_default();
                let number = |key: &str| asked[key].as_u64().and_then(|number| usize::try_from(number).ok());
                let (offset, limit) = (number("offset").unwrap_or_default(), number("limit").unwrap_or(200));
                let all = listed.lock().unwrap_or_else(PoisonError::into_inner);
                let page: Vec<&Value> = all.iter().skip(offset).take(limit.min(200)).collect();
                ResponseTemplate::new(200).set_body_json(page)
            };
            let at = |path_end: &str| {
                Mock::given(method("POST")).and(path(format!("/api/{collection}/{path_end}")))
            };
            api.runtime.block_on(api.server.register(at("").respond_with(make)));
            api.runtime.block_on(api.server.register(at("filter").respond_with(filter)));
        }
        let workers = Mock::given(method("POST")).and(path("/api/work_pools/pool/workers/filter"));
        let none = ResponseTemplate::new(200).set_body_json(json!([]));
        api.runtime.block_on(api.server.register(workers.respond_with(none)));
        Ok(api)
    }

    /// Returns the number of requests so far.
    pub(crate) fn requests(&self) -> usize {
        self.runtime.block_on(self.server.received_requests()).unwrap_or_default().len()
    }

    /// Sets the response to `POST` requests to `endpoint` whose bodies contain `like`.
    pub(crate) fn answer(&self, endpoint: &str, like: Value, status: u16, body: &Value) {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        let mock = Mock::given(method("POST"))
            .and(path(format!("/api/{endpoint}")))
            .and(body_partial_json(like))
            .respond_with(answer);
        self.runtime.block_on(self.server.register(mock));
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/api", self.server.uri())
    }

    /// Returns the requests that may have changed the server.
    pub(crate) fn writes(&self) -> Vec<String> {
        let requests = self.runtime.block_on(self.server.received_requests()).unwrap_or_default();
        let shown = requests.iter().map(|request| format!("{} {}", request.method, request.url.path()));
        shown.filter(|request| !request.starts_with("GET ") && !request.ends_with("/filter")).collect()
    }
}
