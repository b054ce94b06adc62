use std::sync::Mutex;

use bollard::models::ImageId;
use futures_util::stream;

use super::*;
use crate::diagnostics::Diagnostic;

#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl Progress for Recorder {
    fn status(&self, line: &str) {
        self.0.lock().unwrap().push(format!("status: {line}"));
    }

    fn output(&self, _: OutputStream, line: &str) {
        self.0.lock().unwrap().push(line.to_owned());
    }

    fn warn(&self, _: &Diagnostic) {}
}

fn text(text: &str) -> BuildInfo {
    BuildInfo { stream: Some(text.to_owned()), ..BuildInfo::default() }
}

#[tokio::test]
async fn reports_output_and_returns_the_last_id() {
    let recorder = Recorder::default();
    let id = |id: &str| BuildInfo { aux: Some(ImageId { id: Some(id.to_owned()) }), ..BuildInfo::default() };
    let status = BuildInfo {
        status: Some("Pull complete".to_owned()),
        id: Some("0a1b".to_owned()),
        ..BuildInfo::default()
    };
    let events =
        [text("Step 1/1 : FROM"), status, text(" x\n"), id("sha256:1"), text(" ---> 1\n"), id("sha256:2")];
    let mut log = BuildLog::new(&recorder, false);
    log.follow(stream::iter(events.map(Ok))).await.unwrap();
    assert_eq!(log.image_id.as_deref(), Some("sha256:2"));
    assert_eq!(recorder.lines(), ["status: 0a1b: Pull complete", "Step 1/1 : FROM x", " ---> 1"]);
}

#[tokio::test]
async fn errors_have_the_message_the_step_and_the_last_lines() {
    let recorder = Recorder::default();
    let error = bollard::errors::Error::DockerStreamError { error: "returned a non-zero code: 1".to_owned() };
    let events = [
        text("Step 1/2 : FROM x\n ---> 1\nStep 2/2 : RUN make\n ---> Running in 7\n"),
        text("\u{1b}[91mno rule\n\u{1b}[0mRemoving intermediate container 7\n"),
    ];
    let events = stream::iter(events.map(Ok).into_iter().chain([Err(error)]));
    let error = BuildLog::new(&recorder, true).follow(events).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the image build failed: returned a non-zero code: 1\n  at Step 2/2 : RUN make\n  | no rule"
    );
    assert!(recorder.lines().is_empty(), "a quiet build prints nothing");
}

#[test]
fn fingerprint_contains_only_options_that_affect_the_image() {
    let tag = |options: &BuildOptions| {
        let mut fingerprint = Fingerprint::new();
        options.describe(&mut fingerprint);
        fingerprint.tag()
    };
    let built_for = |platforms: &[&str]| BuildOptions {
        platforms: platforms.iter().map(|&platform| platform.to_owned()).collect(),
        ..BuildOptions::default()
    };
    assert_eq!(tag(&built_for(&["a", "b"])), tag(&built_for(&["b", "a"])));
    assert_ne!(tag(&built_for(&["a", "b"])), tag(&built_for(&["a"])));
    assert_ne!(tag(&built_for(&["a"])), tag(&BuildOptions::default()));
    let other_cache = BuildOptions { no_cache: true, quiet: true, ..BuildOptions::default() };
    assert_eq!(tag(&other_cache), tag(&BuildOptions::default()));
}

#[test]
fn converts_options_to_request_parameters() {
    let options = BuildOptions {
        pull: true,
        remove: true,
        labels: [("a".to_owned(), "b".to_owned())].into(),
        cache_from: vec!["r/i:v1".to_owned()],
        platforms: vec!["linux/arm64".to_owned()],
        ..BuildOptions::default()
    };
    let query = options.query();
    assert!(query.rm && !query.q && !query.nocache);
    assert_eq!(query.pull.as_deref(), Some("true"));
    assert_eq!(query.labels.unwrap()["a"], "b");
    assert_eq!(query.cachefrom.unwrap(), ["r/i:v1"]);
    assert_eq!(query.platform, "linux/arm64");
    assert_eq!(BuildOptions::default().query().pull, None);
}

#[test]
fn adds_repeated_parameters_and_converts_credentials() {
    let options = BuildOptions {
        extra_hosts: vec!["a:10.0.0.1".to_owned(), "b:::1".to_owned()],
        isolation: Some("process".to_owned()),
        limits: Limits { memory: Some(5_000_000_000), ..Limits::default() },
        ..BuildOptions::default()
    };
    let request = |headers: &[(&'static str, &str)]| {
        let mut request = BollardRequest::new(body_full(Bytes::new()));
        *request.uri_mut() = "unix://00/build?rm=true".parse().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        request
    };
    let adjusted = adjust(&options)(request(&[("x-registry-config", "ab+/=="), ("x-other", "a+/")]));
    assert_eq!(
        adjusted.uri().query(),
        Some("rm=true&extrahosts=a%3A10.0.0.1&extrahosts=b%3A%3A%3A1&memory=5000000000&isolation=process")
    );
    assert_eq!(adjusted.headers()["x-registry-config"], "ab-_==");
    assert_eq!(adjusted.headers()["x-other"], "a+/");
    let unchanged = adjust(&BuildOptions::default())(request(&[]));
    assert_eq!(unchanged.uri().query(), Some("rm=true"));
}
