//! Tests of the client against a mock server.

mod pages;
mod releases;

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use uuid::Uuid;
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{header, header_exists, method, path, query_param},
};

use super::{
    ApiError, Client, Credentials, JsonObject, RetryPolicy,
    testing::{self, Notices},
};
use crate::secret::Secret;

async fn server() -> (MockServer, Client, Notices) {
    let server = MockServer::start().await;
    let (client, notices) = testing::client(testing::options(&format!("{}/api", server.uri())));
    (server, client, notices)
}

fn answer(status: u16, body: Value) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(body)
}

/// Mock responder that returns the given responses in order, and repeats the last response.
struct InTurn {
    answers: Vec<ResponseTemplate>,
    next: AtomicUsize,
}

fn in_turn(answers: impl IntoIterator<Item = ResponseTemplate>) -> InTurn {
    InTurn { answers: answers.into_iter().collect(), next: AtomicUsize::new(0) }
}

impl Respond for InTurn {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        self.answers[turn.min(self.answers.len() - 1)].clone()
    }
}

fn flow(name: &str) -> Value {
    json!({"id": Uuid::nil(), "name": name, "tags": [], "labels": {}, "something_new": 1})
}

async fn requests(server: &MockServer) -> Vec<String> {
    let received = server.received_requests().await.unwrap();
    received.iter().map(|request| format!("{} {}", request.method, request.url.path())).collect()
}

#[tokio::test]
async fn sends_headers_and_body() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/api/flows/"))
        .and(header("authorization", "Bearer pnu_1"))
        .and(header("x-prefect-api-version", "0.8.4"))
        .and(header("content-type", "application/json"))
        .and(header("user-agent", concat!("prefectl/", env!("CARGO_PKG_VERSION"))))
        .respond_with(answer(201, flow("hello")))
        .expect(1)
        .mount(&server)
        .await;
    let credentials = Credentials::Bearer(Secret::new("pnu_1"));
    let options = testing::options(&format!("{}/api/", server.uri()));
    let (client, _) = testing::client(super::ClientOptions { credentials, ..options });
    assert_eq!(client.create_flow("hello").await.unwrap().name, "hello");
    // The client does not request a CSRF token until the server requires one.
    assert_eq!(requests(&server).await, ["POST /api/flows/"]);
    let sent = &server.received_requests().await.unwrap()[0];
    assert_eq!(sent.body, br#"{"name":"hello","tags":[]}"#);
}

#[tokio::test]
async fn sends_credentials_of_the_url_and_hides_them() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Basic YWRtaW46cEBzcw=="))
        .respond_with(answer(200, json!([])))
        .mount(&server)
        .await;
    let (client, _) = testing::client(testing::options(&server.uri().replace("://", "://admin:p%40ss@")));
    assert!(client.work_pools().await.unwrap().is_empty());
    assert_eq!(client.url(), format!("{}/", server.uri()));
}

#[tokio::test]
async fn fetches_a_csrf_token_once_when_required() {
    let (server, client, _) = server().await;
    Mock::given(method("GET"))
        .and(path("/api/csrf-token"))
        .respond_with(answer(
            200,
            json!({"token": "t1", "client": "c", "expiration": "2026-11-23T15:00:00Z"}),
        ))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(header("prefect-csrf-token", "t1"))
        .and(header_exists("prefect-csrf-client"))
        .respond_with(answer(201, flow("hello")))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .respond_with(answer(403, json!({"detail": "Missing CSRF token."})))
        .mount(&server)
        .await;

    let together = futures_util::future::join(client.create_flow("hello"), client.create_flow("hello")).await;
    together.0.unwrap();
    together.1.unwrap();
    client.create_flow("hello").await.unwrap();
    let fetched = requests(&server).await.iter().filter(|request| request.ends_with("csrf-token")).count();
    assert_eq!(fetched, 1);
    assert_eq!(requests(&server).await.len(), 6);
}

#[tokio::test]
async fn replaces_an_expired_csrf_token() {
    let (server, client, notices) = server().await;
    let token = |text: &str| answer(200, json!({"token": text}));
    Mock::given(path("/api/csrf-token"))
        .respond_with(in_turn([token("t1"), token("t2")]))
        .mount(&server)
        .await;
    let invalid = || answer(403, json!({"detail": "Invalid CSRF token or client identifier."}));
    let answers = [
        answer(403, json!({"detail": "Missing CSRF token."})),
        answer(201, flow("a")),
        invalid(),
        answer(201, flow("b")),
    ];
    Mock::given(path("/api/flows/")).respond_with(in_turn(answers)).mount(&server).await;
    client.create_flow("a").await.unwrap();
    client.create_flow("b").await.unwrap();
    let last = server.received_requests().await.unwrap().pop().unwrap();
    assert_eq!(last.headers["prefect-csrf-token"], "t2");
    assert!(notices.lock().unwrap().is_empty());
}

#[tokio::test]
async fn reports_the_csrf_error_without_csrf_support() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .respond_with(answer(403, json!({"detail": "Missing CSRF token."})))
        .expect(1)
        .mount(&server)
        .await;
    let (client, _) =
        testing::client(super::ClientOptions { csrf: false, ..testing::options(&server.uri()) });
    assert!(matches!(client.create_flow("a").await, Err(ApiError::Forbidden { .. })));
}

#[tokio::test]
async fn retries_with_notices_while_the_server_is_busy() {
    let (server, client, notices) = server().await;
    let answers = [
        ResponseTemplate::new(429).insert_header("retry-after", "0"),
        ResponseTemplate::new(503),
        answer(200, flow("hello")),
    ];
    Mock::given(path("/api/flows/name/hello")).respond_with(in_turn(answers)).mount(&server).await;
    assert!(client.flow_by_name("hello").await.unwrap().is_some());
    assert_eq!(
        *notices.lock().unwrap(),
        [
            "GET /flows/name/hello: the server responded with 429 Too Many Requests; retrying in 0.0 s",
            "GET /flows/name/hello: the server responded with 503 Service Unavailable; retrying in 0.0 s",
        ]
    );
}

#[tokio::test]
async fn does_not_wait_after_the_last_attempt() {
    let server = MockServer::start().await;
    Mock::given(method("GET")).respond_with(ResponseTemplate::new(503)).expect(3).mount(&server).await;
    let retry = RetryPolicy { max_retries: 2, ..testing::options("").retry };
    let (client, notices) =
        testing::client(super::ClientOptions { retry, ..testing::options(&server.uri()) });
    let error = client.flow_by_name("a").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the Prefect API failed to process GET /flows/name/a (503 Service Unavailable): Service Unavailable"
    );
    assert_eq!(notices.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn does_not_retry_permanent_failures() {
    for status in [400, 401, 403, 409, 422, 500] {
        let (server, client, _) = server().await;
        Mock::given(method("POST"))
            .respond_with(answer(status, json!({"detail": "no"})))
            .expect(1)
            .mount(&server)
            .await;
        client.create_deployment(&JsonObject::new()).await.unwrap_err();
    }
}

#[tokio::test]
async fn does_not_retry_unrepeatable_requests() {
    let server = MockServer::start().await;
    let late = answer(201, json!({})).set_delay(Duration::from_secs(5));
    Mock::given(method("POST")).respond_with(late).expect(1).mount(&server).await;
    let mut options = testing::options(&server.uri());
    options.transport.timeout = Duration::from_millis(100);
    let (client, _) = testing::client(options);
    let error = client.create_automation(&JsonObject::new()).await.unwrap_err();
    assert_eq!(error.to_string(), "the Prefect API did not respond to POST /automations/ within 0.1 s");
}

#[tokio::test]
async fn explains_web_pages() {
    let (server, client, _) = server().await;
    let page = || ResponseTemplate::new(200).set_body_raw("<!doctype html>", "text/html; charset=utf-8");
    Mock::given(path("/api/work_pools/p")).respond_with(page()).mount(&server).await;
    let error = client.work_pool("p").await.unwrap_err();
    assert!(matches!(error, ApiError::NotJson { .. }), "{error:?}");
    assert!(matches!(client.update_work_pool("p", &JsonObject::new()).await, Err(ApiError::NotJson { .. })));
    Mock::given(path("/api/work_pools/q")).respond_with(answer(200, json!({"id": 7}))).mount(&server).await;
    assert!(matches!(client.work_pool("q").await, Err(ApiError::Unexpected { .. })));
}

#[tokio::test]
async fn reports_unreachable_servers_quickly() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    drop(listener);
    let mut options = testing::options(&url);
    options.retry = RetryPolicy::default();
    let (client, notices) = testing::client(options);
    let started = Instant::now();
    let error = client.work_pool("p").await.unwrap_err();
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(matches!(error, ApiError::Unreachable { .. }));
    assert!(
        error.to_string().starts_with(&format!("cannot reach the Prefect API at {url}: Connection refused"))
    );
    assert_eq!(notices.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn removes_credentials_on_redirects_to_other_origins() {
    let (elsewhere, _, _) = server().await;
    Mock::given(method("POST")).respond_with(answer(201, flow("f"))).mount(&elsewhere).await;
    let server = MockServer::start().await;
    let target = format!("{}/other/", elsewhere.uri());
    let redirect = ResponseTemplate::new(307).insert_header("location", target.as_str());
    Mock::given(header("authorization", "Bearer key")).respond_with(redirect).mount(&server).await;
    let credentials = Credentials::Bearer(Secret::new("key"));
    let custom_headers = [("X-Gate".to_owned(), Secret::new("open"))].into();
    let options = testing::options(&server.uri());
    let (client, _) = testing::client(super::ClientOptions { credentials, custom_headers, ..options });
    client.create_flow("f").await.unwrap();
    let received = &elsewhere.received_requests().await.unwrap()[0];
    assert!(!received.headers.contains_key("authorization"));
    assert!(!received.headers.contains_key("x-gate"), "custom headers may contain keys");
    assert!(received.headers.contains_key("x-prefect-api-version"));
    assert!(!received.body.is_empty());
}

#[tokio::test]
async fn missing_objects_are_none() {
    let (server, client, _) = server().await;
    Mock::given(method("GET"))
        .and(query_param("include_secrets", "true"))
        .respond_with(answer(200, json!({"id": Uuid::nil(), "data": {"value": "s"}})))
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .respond_with(answer(404, json!({"detail": "Variable not found."})))
        .mount(&server)
        .await;
    assert_eq!(client.block_document("secret", "a").await.unwrap(), Some(json!({"value": "s"})));
    assert_eq!(client.variable("a").await.unwrap(), None);
    assert_eq!(client.variable("a/b").await.unwrap(), None);
}

#[test]
fn rejects_invalid_urls_without_their_password() {
    let cases = [
        ("127.0.0.1:4200/api", "127.0.0.1:4200/api"),
        ("localhost:4200/api", "localhost:4200/api"),
        ("ftp://user:secret@host/api", "ftp://********@host/api"),
        ("http://", "http://"),
    ];
    for (url, shown) in cases {
        let created = Client::new(testing::options(url), testing::clock(), std::sync::Arc::new(|_| ()));
        let message = created.unwrap_err().to_string();
        assert_eq!(
            message,
            format!(
                "`{shown}` is not a valid API URL: PREFECT_API_URL must look like http://127.0.0.1:4200/api"
            )
        );
    }
}

#[test]
fn rejects_unreadable_certificates_before_any_request() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    for (file, reason) in [
        (empty, "the file does not contain a certificate"),
        (directory.path().join("none.pem"), "No such file"),
    ] {
        let mut options = testing::options("https://host/api");
        options.transport.certificates = Some(file);
        let created = Client::new(options, testing::clock(), std::sync::Arc::new(|_| ()));
        let message = created.unwrap_err().to_string();
        assert!(message.starts_with("PREFECT_API_SSL_CERT_FILE: cannot use "), "{message}");
        assert!(message.contains(reason), "{message}");
    }
}

#[tokio::test]
async fn gives_up_on_endless_responses() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        for mut stream in listener.incoming().flatten() {
            // If the server responded before it had read the request, the client would report a different
            // error.
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n");
            // Each pause between two bytes is shorter than the timeout.
            while stream.write_all(b" ").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    });
    let mut options = testing::options(&url);
    options.transport.timeout = Duration::from_millis(600);
    options.retry.max_retries = 0;
    let (client, _) = testing::client(options);
    let error = client.flow_by_name("f").await.unwrap_err();
    assert_eq!(error.to_string(), "the Prefect API did not respond to GET /flows/name/f within 3 s");
}

#[tokio::test]
async fn reuses_connections() {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/api", listener.local_addr().unwrap());
    let connections = std::sync::Arc::new(AtomicUsize::new(0));
    let seen = std::sync::Arc::clone(&connections);
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            seen.fetch_add(1, Ordering::Relaxed);
            let body = flow("f").to_string();
            while stream.read(&mut [0; 4096]).is_ok_and(|length| length > 0) {
                let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
                let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        }
    });
    let (client, _) = testing::client(testing::options(&url));
    for _ in 0..5 {
        client.flow_by_name("f").await.unwrap();
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn reads_compressed_responses() {
    use base64::Engine as _;
    const FLOW: &str = "H4sIAAAAAAAC/6tWykxRslJQMoACXSwEDCjpKCjlJeamgtSnKdUCANSEEMo7AAAA";
    let (server, client, _) = server().await;
    let bytes = base64::engine::general_purpose::STANDARD.decode(FLOW).unwrap();
    let compressed =
        ResponseTemplate::new(200).set_body_bytes(bytes).insert_header("content-encoding", "gzip");
    Mock::given(header_exists("accept-encoding")).respond_with(compressed).mount(&server).await;
    assert_eq!(client.flow_by_name("f").await.unwrap().unwrap().name, "f");
}

#[tokio::test]
async fn does_not_request_compression_on_this_machine() {
    let (server, client, _) = server().await;
    let flow = json!({"id": Uuid::nil(), "name": "f"});
    let plain = ResponseTemplate::new(200).set_body_json(flow);
    Mock::given(header("accept-encoding", "identity")).respond_with(plain).mount(&server).await;
    assert_eq!(client.flow_by_name("f").await.unwrap().unwrap().name, "f");
}

#[tokio::test]
async fn limits_redirects() {
    let (server, client, notices) = server().await;
    let around = ResponseTemplate::new(307).insert_header("location", "/api/flows/name/f");
    Mock::given(method("GET")).respond_with(around).expect(21).mount(&server).await;
    let error = client.flow_by_name("f").await.unwrap_err();
    assert!(matches!(error, ApiError::TooManyRedirects { .. }), "{error:?}");
    assert!(notices.lock().unwrap().is_empty());
}

#[tokio::test]
async fn sets_a_variable_that_another_client_creates_at_the_same_time() {
    let (server, client, _) = server().await;
    let value = "/api/variables/name/v";
    let change = in_turn([answer(404, json!({"detail": "Variable not found."})), ResponseTemplate::new(204)]);
    Mock::given(method("PATCH")).and(path(value)).respond_with(change).mount(&server).await;
    let taken = answer(409, json!({"detail": "A variable with the name 'v' already exists."}));
    Mock::given(method("POST")).and(path("/api/variables/")).respond_with(taken).mount(&server).await;

    client.set_variable("v", &json!(1)).await.unwrap();
    let expected = [format!("PATCH {value}"), "POST /api/variables/".to_owned(), format!("PATCH {value}")];
    assert_eq!(requests(&server).await, expected);
}
