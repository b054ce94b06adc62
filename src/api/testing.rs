//! API client for tests, with short retry delays and recorded retry notices, and a mock server for variables.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use uuid::Uuid;
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers::any};

use super::{Client, ClientOptions, Credentials, Proxies, RetryPolicy, TransportOptions, Variable};
use crate::clock::Clock;

/// Retry notices that a test client has recorded.
pub(crate) type Notices = Arc<Mutex<Vec<String>>>;

pub(crate) fn options(url: &str) -> ClientOptions {
    let retry = RetryPolicy { first_wait: Duration::from_millis(1), jitter: 0.0, ..RetryPolicy::default() };
    let timeout = Duration::from_secs(5);
    ClientOptions {
        url: url.to_owned(),
        is_cloud: false,
        credentials: Credentials::None,
        custom_headers: BTreeMap::new(),
        csrf: true,
        retry,
        max_requests_per_minute: None,
        transport: TransportOptions {
            timeout,
            certificates: None,
            skip_verification: false,
            http2: false,
            proxies: Proxies::default(),
        },
    }
}

pub(crate) fn clock() -> Clock {
    Clock::fixed("2026-11-23T14:00:00Z".parse().unwrap(), TimeZone::UTC)
}

pub(crate) fn client(options: ClientOptions) -> (Client, Notices) {
    let notices = Notices::default();
    let seen = Arc::clone(&notices);
    let notify = move |notice: &super::RetryNotice| seen.lock().unwrap().push(notice.to_string());
    (Client::new(options, clock(), Arc::new(notify)).unwrap(), notices)
}

impl Client {
    /// Returns the flow with the given name, or `None` if the flow does not exist. Only tests use this route.
    pub(crate) async fn flow_by_name(
        &self,
        name: &str,
    ) -> Result<Option<super::flows::Flow>, super::ApiError> {
        super::error::optional(self.json(super::request::Request::get(&["flows", "name", name])).await)
    }
}

/// Returns a variable with the nil ID.
pub(crate) fn variable(name: &str, value: Value) -> Variable {
    Variable { id: Uuid::nil(), name: name.to_owned(), value }
}

/// A mock server that stores variables. Like a Prefect server, it rejects values that are too long and names that are
/// in use.
#[derive(Debug, Clone, Default)]
pub(crate) struct VariableServer {
    variables: Arc<Mutex<BTreeMap<String, (Uuid, Value)>>>,
    read_delay: Duration,
}

impl VariableServer {
    /// Returns a server that delays its responses to filter requests. The responses contain the variables at the time
    /// of the request.
    pub(crate) fn with_slow_reads() -> Self {
        Self { read_delay: Duration::from_millis(50), ..Self::default() }
    }

    /// Starts the server and creates a client for the server.
    pub(crate) async fn start(&self) -> (MockServer, Client) {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(self.clone()).mount(&server).await;
        let (client, _) = client(options(&server.uri()));
        (server, client)
    }

    /// Returns the values of the variables, keyed by name.
    pub(crate) fn values(&self) -> BTreeMap<String, Value> {
        let variables = self.variables.lock().unwrap();
        variables.iter().map(|(name, (_, value))| (name.clone(), value.clone())).collect()
    }

    fn page(variables: &BTreeMap<String, (Uuid, Value)>, body: &Value) -> Vec<Value> {
        let number = |key: &str| body[key].as_u64().and_then(|number| usize::try_from(number).ok());
        let page = variables.iter().skip(number("offset").unwrap_or(0)).take(number("limit").unwrap_or(200));
        page.map(|(name, (id, value))| json!({"id": id, "name": name, "value": value})).collect()
    }
}

impl Respond for VariableServer {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut variables = self.variables.lock().unwrap();
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if body["value"].to_string().len() > 5000 {
            return ResponseTemplate::new(422);
        }
        let path: Vec<&str> = request.url.path().trim_start_matches('/').split('/').collect();
        let name = match path.as_slice() {
            ["variables", "name", name] => Some((*name).to_owned()),
            ["variables", ""] => body["name"].as_str().map(str::to_owned),
            ["variables", id] => {
                let found = variables.iter().find(|(_, (known, _))| known.to_string() == *id);
                found.map(|(name, _)| name.clone())
            }
            _ => None,
        };
        let id = name.as_ref().and_then(|name| variables.get(name)).map(|(id, _)| *id);
        match (request.method.as_str(), path.as_slice(), name, id) {
            ("GET", ["admin", "version"], ..) => ResponseTemplate::new(200).set_body_json("3.9.1"),
            ("POST", ["variables", "filter"], ..) => ResponseTemplate::new(200)
                .set_body_json(Self::page(&variables, &body))
                .set_delay(self.read_delay),
            ("POST", _, Some(name), None) => {
                variables.insert(name, (Uuid::new_v4(), body["value"].clone()));
                ResponseTemplate::new(201).set_body_json(json!({}))
            }
            ("POST", _, Some(_), Some(_)) => ResponseTemplate::new(409)
                .set_body_json(json!({"detail": "A variable with the name exists."})),
            ("PATCH", _, Some(name), Some(id)) => {
                variables.insert(name, (id, body["value"].clone()));
                ResponseTemplate::new(204)
            }
            ("DELETE", _, Some(name), Some(_)) => {
                variables.remove(&name);
                ResponseTemplate::new(204)
            }
            _ => ResponseTemplate::new(404).set_body_json(json!({"detail": "Variable not found."})),
        }
    }
}
