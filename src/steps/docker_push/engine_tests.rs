//! Tests for the image steps with a real Docker engine and real registries, which `tests/run` starts.
//!
//! The private registry has a single user.

use std::{path::Path, sync::Mutex};

use super::{super::docker_build, *};
use crate::{
    environment::Environment,
    progress::{Progress, Stream},
    steps::testing::TestContext,
    test_files,
};

/// Progress receiver that records all events.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Recorder {
    fn text(&self) -> String {
        self.0.lock().unwrap().join("\n")
    }

    fn note(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }
}

impl Progress for Recorder {
    fn status(&self, line: &str) {
        self.note(format!("* {line}"));
    }
    fn output(&self, _: Stream, line: &str) {
        self.note(line.to_owned());
    }
    fn warn(&self, diagnostic: &Diagnostic) {
        self.note(format!("! {}", diagnostic.code));
    }
}

async fn run(
    entry: &StepEntry,
    directory: &Path,
    environment: &Environment,
    yaml: &str,
) -> (Result<Mapping, StepError>, String) {
    let recorder = Recorder::default();
    let test = TestContext { environment: environment.clone(), ..TestContext::new(directory, &recorder) };
    let step = (entry.create)(serde_yaml::from_str(yaml).unwrap()).unwrap();
    let outcome = step.run(&mut test.context()).await.map(Option::unwrap_or_default);
    (outcome, recorder.text())
}

/// Returns the value of an environment variable set by `tests/run`. Panics if the variable is missing.
fn required_env(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: run this test with tests/run"))
}

/// Returns the environment of the test process, with a Docker configuration stored in `folder`.
fn environment_with_config(folder: &Path, config: &serde_json::Value) -> Environment {
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let process = Environment::from_process();
    let variables = process.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    variables.chain([("DOCKER_CONFIG".to_owned(), folder.to_str().unwrap().to_owned())]).collect()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs services: run tests/run"]
async fn builds_and_pushes_an_image_with_tags_and_labels() {
    let root = test_files::directory(&[
        ("docker/Dockerfile", "FROM scratch\nARG WHO\nCOPY flows /flows\nENV WHO=$WHO\n"),
        ("flows/hello.py", "code"),
    ]);
    let registry = required_env("PREFECTL_TEST_REGISTRY");
    let environment = Environment::from_process();
    let name = format!("{registry}/prefectl-test/flows");
    let yaml = format!(
        "{{image_name: '{name}', tag: 7, additional_tags: [v1, latest], dockerfile: docker/Dockerfile, prefect_version: 3.8.4,
           buildargs: {{WHO: me}}, labels: {{team: data}}, extra_hosts: {{a: 10.0.0.1, b: 10.0.0.2}}}}"
    );
    let (outputs, log) = run(&docker_build::ENTRY, root.path(), &environment, &yaml).await;
    let outputs = outputs.unwrap();
    assert!(log.contains("Step 1/6 : FROM scratch") && log.contains("Successfully tagged"), "{log}");
    assert_eq!(outputs["image"], Value::from(format!("{name}:7")));
    assert_eq!(outputs["tag"], Value::from(7));
    let id = outputs["image_id"].as_str().unwrap();

    let engine = Engine::connect(&environment, &Config::default()).await.unwrap();
    for tag in ["7", "v1", "latest"] {
        let image = engine.inspect(&format!("{name}:{tag}")).await.unwrap();
        assert_eq!(image.id.as_deref(), Some(id));
        let config = image.config.unwrap();
        assert!(config.env.unwrap().contains(&"WHO=me".to_owned()));
        let labels = config.labels.unwrap();
        assert_eq!((labels["team"].as_str(), labels["io.prefect.version"].as_str()), ("data", "3.8.4"));
    }

    let yaml = format!("{{image_name: '{name}', tag: 7, additional_tags: [v1, latest]}}");
    let (outputs, log) = run(&ENTRY, root.path(), &environment, &yaml).await;
    let outputs = outputs.unwrap();
    assert!(
        log.contains("The push refers to repository") && log.contains("latest: digest: sha256:"),
        "{log}"
    );
    let digest = outputs["digest"].as_str().unwrap();
    assert!(digest.starts_with("sha256:"));
    assert_eq!(outputs["image_by_digest"], Value::from(format!("{name}@{digest}")));

    let (outputs, log) = run(&ENTRY, root.path(), &environment, &format!("{{image_name: '{name}'}}")).await;
    assert_eq!(outputs.unwrap()["tag"], Value::Null);
    for tag in ["7", "v1", "latest"] {
        assert!(log.contains(&format!("{tag}: digest: ")), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs services: run tests/run"]
async fn errors_have_the_message_of_the_engine() {
    let registry = required_env("PREFECTL_TEST_REGISTRY");
    let environment = Environment::from_process();
    let failure = async |files: &[(&str, &str)], yaml: &str| {
        let root = test_files::directory(files);
        let (outcome, _) = run(&docker_build::ENTRY, root.path(), &environment, yaml).await;
        outcome.unwrap_err().to_string()
    };
    let yaml = "{image_name: prefectl-test/failing, tag: t}";
    for (dockerfile, expected) in [
        ("FROM scratch\nCOPY zz /\n", "COPY failed: file not found in build context"),
        ("FRM scratch\n", "unknown instruction: FRM"),
        ("FROM scratch\nCOPY . /\nRUN [\"/nothing\"]\n", "at Step 3/4 : RUN [\"/nothing\"]"),
    ] {
        let message = failure(&[("Dockerfile", dockerfile)], yaml).await;
        assert!(message.contains(expected), "{message}");
    }

    let root = test_files::directory(&[]);
    let yaml = format!("{{image_name: '{registry}/prefectl-test/none', tag: zzz}}");
    let (outcome, _) = run(&ENTRY, root.path(), &environment, &yaml).await;
    let StepError::Failed { message, help } = outcome.unwrap_err() else { panic!() };
    assert!(message.contains("does not exist locally"), "{message}");
    assert!(help.unwrap().contains("build the image first"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs services: run tests/run"]
async fn uses_credentials_for_pushes_and_base_images() {
    use base64::{Engine as _, engine::general_purpose::STANDARD};

    let registry = required_env("PREFECTL_TEST_PRIVATE_REGISTRY");
    let user = required_env("PREFECTL_TEST_PRIVATE_REGISTRY_USER");
    let password = required_env("PREFECTL_TEST_PRIVATE_REGISTRY_PASSWORD");
    let folder = tempfile::tempdir().unwrap();
    let nothing = environment_with_config(folder.path(), &serde_json::json!({}));
    let root = test_files::directory(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", "a")]);
    let base = format!("{registry}/prefectl-test/base");
    let build = format!("{{image_name: '{base}', tag: t}}");
    run(&docker_build::ENTRY, root.path(), &nothing, &build).await.0.unwrap();

    let credentials = |password: &str| {
        format!(
            "credentials: {{username: {user}, password: '{password}', registry_url: 'http://{registry}'}}"
        )
    };
    for (more, expected) in
        [(String::new(), "no basic auth credentials"), (credentials("wrong"), "authentication required")]
    {
        let push = format!("{{image_name: '{base}', tag: t, {more}}}");
        let error = run(&ENTRY, root.path(), &nothing, &push).await.0.unwrap_err();
        let StepError::Failed { message, help } = error else { panic!() };
        assert!(message.contains(expected), "{message}");
        assert!(help.unwrap().contains("docker login"));
    }
    let push = format!("{{image_name: '{base}', tag: t, {}}}", credentials(&password));
    run(&ENTRY, root.path(), &nothing, &push).await.0.unwrap();

    let auth = STANDARD.encode(format!("{user}:{password}"));
    let login = serde_json::json!({"auths": {&registry: {"auth": auth}}});
    let logged_in_folder = tempfile::tempdir().unwrap();
    let logged_in = environment_with_config(logged_in_folder.path(), &login);
    let push = format!("{{image_name: '{base}', tag: t}}");
    run(&ENTRY, root.path(), &logged_in, &push).await.0.unwrap();

    let root = test_files::directory(&[("Dockerfile", &format!("FROM {base}:t\nCOPY Dockerfile /\n"))]);
    let build = "{image_name: prefectl-test/derived, tag: t}";
    run(&docker_build::ENTRY, root.path(), &logged_in, build).await.0.unwrap();
    let error = run(&docker_build::ENTRY, root.path(), &nothing, build).await.0.unwrap_err();
    assert!(error.to_string().contains("no basic auth credentials"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs services: run tests/run"]
async fn generated_dockerfiles_leave_the_directory_unchanged() {
    required_env("PREFECTL_TEST_BASE_IMAGE");
    let files = [("requirements.txt", "# nothing\n"), ("hello.py", "code"), (".dockerignore", "*.pyc\n")];
    let root = test_files::directory(&files);
    let environment = Environment::from_process();
    let yaml = "{image_name: prefectl-test/auto, tag: t, dockerfile: auto, nocache: true}";
    let (outputs, log) = run(&docker_build::ENTRY, root.path(), &environment, yaml).await;
    outputs.unwrap();
    assert!(log.contains("RUN uv pip install -r /opt/prefect/"), "{log}");
    let files: Vec<_> =
        std::fs::read_dir(root.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(files.len(), 3, "{files:?}");
    let engine = Engine::connect(&environment, &Config::default()).await.unwrap();
    let image = engine.inspect("prefectl-test/auto:t").await.unwrap();
    let name = root.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(image.config.unwrap().working_dir.unwrap(), format!("/opt/prefect/{name}/"));
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs services: run tests/run"]
async fn builds_that_push_do_not_reuse_a_local_image() {
    let content = uuid::Uuid::new_v4().to_string();
    let root = test_files::directory(&[("Dockerfile", "FROM scratch\nCOPY a /\n"), ("a", &content)]);
    let registry = required_env("PREFECTL_TEST_REGISTRY");
    let environment = Environment::from_process();
    for (push, is_reused) in [(false, false), (false, true), (true, false)] {
        let yaml = format!(
            "{{image_name: '{registry}/prefectl-test/local', tag: auto, push: {push}, prefect_version: 3.9.1}}"
        );
        // Only buildx can push, but it may not be installed.
        let (_, log) = run(&docker_build::ENTRY, root.path(), &environment, &yaml).await;
        assert_eq!(log.contains("reusing"), is_reused, "{yaml}: {log}");
    }
}
