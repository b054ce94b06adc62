use std::{
    path::{Path, PathBuf},
    sync::Mutex,
};

use super::*;
use crate::{
    environment::Environment,
    progress::{Progress, Silent, Stream},
    steps::testing::TestContext,
    test_files,
};

fn mapping(yaml: &str) -> Mapping {
    serde_yaml::from_str(yaml).unwrap()
}

fn inputs(yaml: &str) -> Inputs {
    Inputs::parse(mapping(yaml)).unwrap()
}

fn refused(yaml: &str) -> (Option<String>, String) {
    match Inputs::parse(mapping(yaml)).unwrap_err() {
        StepError::Input { key, message } => (key, message),
        other => panic!("{other}"),
    }
}

/// Progress receiver that records warnings.
#[derive(Default)]
struct Warnings(Mutex<Vec<Diagnostic>>);

impl Progress for Warnings {
    fn status(&self, _: &str) {}
    fn output(&self, _: Stream, _: &str) {}
    fn warn(&self, diagnostic: &Diagnostic) {
        self.0.lock().unwrap().push(diagnostic.clone());
    }
}

/// Creates a project directory named `flows` that contains the given files.
fn project(files: &[(&str, &str)]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("flows");
    std::fs::create_dir(&root).unwrap();
    test_files::write(&root, files);
    (folder, root)
}

fn auto_dockerfile(root: &Path, yaml: &str, progress: &dyn Progress) -> Result<String, StepError> {
    let test = TestContext { environment: Environment::default(), ..TestContext::new(root, progress) };
    let inputs = inputs(&format!("{{image_name: i, dockerfile: auto, {yaml}}}"));
    let path = root.join(inputs.path.clone().unwrap_or_default());
    BuildDockerImage { inputs }.auto_dockerfile(&test.context(), &path, "3.9.1")
}

#[test]
fn validates_names_and_tags_before_running() {
    assert_eq!(refused("{image_name: a b}").0.as_deref(), Some("image_name"));
    assert_eq!(refused("{image_name: Img}").0.as_deref(), Some("image_name"));
    assert_eq!(refused("{image_name: i, tag: a/b}").0.as_deref(), Some("tag"));
    assert_eq!(
        refused("{image_name: i, additional_tags: [ok, 'not ok']}").0.as_deref(),
        Some("additional_tags")
    );
    assert_eq!(
        refused("{image_name: i, build_backend: kaniko}").1,
        "Invalid build_backend 'kaniko'. Expected 'docker-py' or 'buildx'."
    );
}

#[test]
fn rejects_inputs_of_the_other_backend() {
    let classic = refused("{image_name: i, push: true, build_backend: docker-py}").1;
    assert_eq!(classic, "`push` requires `build_backend: buildx`");
    for backend in ["build_backend: buildx", "backend: buildkit", "backend: auto"] {
        assert!(inputs(&format!("{{image_name: i, push: true, {backend}}}")).buildkit_options().push);
    }
    assert!(inputs("{image_name: i, provenance: false, sbom: false}").needs_buildkit().is_none());
    assert_eq!(inputs("{image_name: i, provenance: mode=max}").needs_buildkit(), Some("provenance"));
    for inputs in ["backend: buildkit, squash: true", "secrets: id=a, isolation: process"] {
        let (key, message) = refused(&format!("{{image_name: i, {inputs}}}"));
        assert!(message.contains("BuildKit does not support"), "{key:?} {message}");
    }
    for (input, name) in [
        ("platforms: [linux/amd64, linux/arm64]", "platforms"),
        ("platform: [linux/amd64, linux/arm64]", "platform"),
        ("platform: 'linux/amd64, linux/arm64'", "platform"),
    ] {
        let (key, message) = refused(&format!("{{image_name: i, build_backend: buildx, {input}}}"));
        assert_eq!(key.as_deref(), Some(name), "{input}");
        assert!(message.contains("set `push: true`"), "{input}: {message}");
    }
}

#[test]
fn content_tags_require_inputs_that_can_be_read() {
    for (input, name, expected) in [
        ("path: 'https://github.com/o/r.git'", "tag", "requires a directory"),
        (
            "build_contexts: {a: ../a, b: 'https://github.com/o/r.git'}",
            "build_contexts",
            "`b` to be a directory",
        ),
    ] {
        let (key, message) = refused(&format!("{{image_name: i, tag: auto, {input}}}"));
        assert_eq!(key.as_deref(), Some(name), "{input}");
        assert!(message.contains(expected), "{input}: {message}");
        inputs(&format!("{{image_name: i, tag: v1, {input}}}"));
    }
    inputs("{image_name: i, tag: auto, build_contexts: {a: ../a, b: 'docker-image://python:3.12'}}");
}

fn build_of(inputs: &Inputs, root: &Path, environment: &Environment, config: &str) -> Build {
    Build {
        root: root.to_owned(),
        generated: None,
        options: inputs.options(environment),
        buildkit: inputs.buildkit_options(),
        config: serde_json::from_str(config).unwrap(),
    }
}

#[test]
fn classic_builds_receive_the_configured_proxies() {
    let config = r#"{"proxies": {"default": {"httpProxy": "http://p:1"}}}"#;
    for (yaml, expected) in [
        ("", Some("http://p:1")),
        ("use_config_proxy: true", Some("http://p:1")),
        ("use_config_proxy: false", None),
        ("buildargs: {HTTP_PROXY: mine}", Some("mine")),
    ] {
        let inputs = inputs(&format!("{{image_name: i, {yaml}}}"));
        let build = build_of(&inputs, Path::new("/"), &Environment::default(), config);
        let options = BuildDockerImage { inputs }.with_proxies(&build, "unix:///var/run/docker.sock");
        assert_eq!(options.build_arguments.get("HTTP_PROXY").map(String::as_str), expected, "{yaml}");
        assert!(!build.options.build_arguments.contains_key("http_proxy"), "{yaml}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs services: run tests/run"]
async fn content_tags_depend_on_everything_that_affects_the_image() {
    let (_folder, root) = project(&[("Dockerfile", "FROM scratch\nCOPY . /\n"), ("../shared/a", "1")]);
    let environment = Environment::from_process();
    let engine = Engine::connect(&environment, &Config::default()).await.unwrap();
    let registry = std::env::var("PREFECTL_TEST_REGISTRY").expect("run this test with tests/run");
    let registries = Registries { engine, credentials: std::collections::HashMap::new() };
    let tag = async |yaml: &str| {
        let inputs = inputs(&format!("{{image_name: i, tag: auto, push: true, {yaml}}}"));
        let build = build_of(&inputs, &root, &environment, "{}");
        registries.content_tag(&build, Dockerfile::Path("Dockerfile"), &root).await.unwrap()
    };
    let first = tag("").await;
    assert_eq!(tag("cache_to: type=inline, provenance: false, nocache: true").await, first);
    let mut seen = vec![first];
    let image = format!("build_contexts: {{shared: 'docker-image://{registry}/none:x'}}");
    for yaml in [
        "platforms: linux/amd64",
        "platforms: [linux/amd64, linux/arm64]",
        "builder: remote",
        "provenance: mode=max",
        "sbom: true",
        "attest: {type: provenance, mode: max}",
        "build_contexts: {shared: ../shared}",
        "build_contexts: {other: ../shared}",
        &image,
    ] {
        let tag = tag(yaml).await;
        assert!(!seen.contains(&tag), "{yaml}");
        seen.push(tag);
    }
    assert_eq!(tag("platform: 'linux/arm64,linux/amd64'").await, seen[2]);
    std::fs::write(root.join("../shared/a"), "2").unwrap();
    assert!(!seen.contains(&tag("build_contexts: {shared: ../shared}").await));
}

#[test]
fn validates_inputs_of_generated_dockerfiles() {
    assert_eq!(refused("{image_name: i, requirements: r.txt}").0.as_deref(), Some("requirements"));
    let (key, _) = refused("{image_name: i, dockerfile: auto, path: 'https://github.com/o/r.git'}");
    assert_eq!(key.as_deref(), Some("path"));
    assert_eq!(inputs("{image_name: i, path: 'git@github.com:o/r'}").remote(), Some("git@github.com:o/r"));
    assert_eq!(inputs("{image_name: i, path: src}").remote(), None);
}

#[test]
fn converts_inputs_to_build_options() {
    let inputs = inputs(
        "{image_name: i, tag: 7, additional_tags: latest, nocache: true, target: run, platform: linux/amd64,
          buildargs: {A: text, B: 1, TOKEN: null, ABSENT: null}, labels: {team: data}, cache_from: r/i:v1,
          extra_hosts: {db: 10.0.0.1}, shmsize: 1000, container_limits: {memory: 5}}",
    );
    assert_eq!(Tag::of(inputs.tag.as_ref()).unwrap().value(), Value::from(7));
    assert_eq!(inputs.additional_tags.0.iter().map(Tag::text).collect::<Vec<_>>(), ["latest"]);
    let options = inputs.options(&[("TOKEN", "t")].into_iter().collect());
    let arguments: Vec<(&str, &str)> =
        options.build_arguments.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(arguments, [("A", "text"), ("B", "1"), ("TOKEN", "t")]);
    assert!(options.pull && options.no_cache && !options.squash);
    for (yaml, no_cache) in [("nocache: false", false), ("cache: true", false), ("cache: false", true)] {
        let inputs = self::inputs(&format!("{{image_name: i, {yaml}}}"));
        assert_eq!(inputs.options(&Environment::default()).no_cache, no_cache, "{yaml}");
    }
    assert_eq!(options.cache_from, ["r/i:v1"]);
    assert_eq!(options.platforms, ["linux/amd64"]);
    assert_eq!(options.extra_hosts, ["db:10.0.0.1"]);
    assert_eq!(options.limits.memory, Some(5));
    assert_eq!((options.target.as_deref(), options.shared_memory), (Some("run"), Some(1000)));
}

#[test]
fn uses_the_time_as_default_tag() {
    for (time, tag) in [
        ("2026-11-23T14:57:10.936277Z", "2026-11-23t14-57-10-936277-00-00"),
        ("2026-11-23T14:57:10.000123456Z", "2026-11-23t14-57-10-000123-00-00"),
        ("2026-11-23T14:57:10Z", "2026-11-23t14-57-10-00-00"),
    ] {
        assert_eq!(time_tag(time.parse().unwrap()), tag);
        assert_eq!(crate::docker::reference::check_tag(tag), Ok(()));
    }
}

#[test]
fn installs_requirements_of_the_root_or_the_named_file() {
    let (_folder, root) = project(&[("requirements.txt", ""), ("etl/requirements.txt", "")]);
    let text = auto_dockerfile(&root, "", &Silent).unwrap();
    assert!(text.contains("RUN uv pip install -r /opt/prefect/flows/requirements.txt\n"), "{text}");
    let text = auto_dockerfile(&root, "requirements: etl/requirements.txt", &Silent).unwrap();
    assert!(text.contains("RUN uv pip install -r /opt/prefect/flows/etl/requirements.txt\n"), "{text}");
    let (_other, root) = project(&[("pyproject.toml", "[project]\ndependencies = ['x']\n")]);
    let text = auto_dockerfile(&root, "pyproject: true", &Silent).unwrap();
    assert!(text.contains("COPY pyproject.toml /opt/prefect/flows/pyproject.toml\nRUN uv pip install -r /opt/prefect/flows/pyproject.toml\n"), "{text}");
    for path in ["nope.txt", "../flows/requirements.txt"] {
        let error = auto_dockerfile(&root, &format!("requirements: {path}"), &Silent).unwrap_err();
        assert!(matches!(error, StepError::Input { key: Some(key), .. } if key == "requirements"));
    }
    assert!(!root.join("Dockerfile").exists());
}

#[test]
fn warns_about_requirements_that_are_not_installed() {
    let (_folder, root) = project(&[("flows/requirements.txt", "")]);
    let warnings = Warnings::default();
    assert!(!auto_dockerfile(&root, "", &warnings).unwrap().contains("RUN"));
    let warnings = warnings.0.into_inner().unwrap();
    assert_eq!(
        warnings.iter().map(|warning| warning.code.name()).collect::<Vec<_>>(),
        ["auto-requirements-elsewhere"]
    );
    assert!(warnings[0].help.as_deref().unwrap().contains("requirements: flows/requirements.txt"));
}

#[test]
fn writes_the_dockerfile_on_request() {
    let (_folder, root) = project(&[]);
    let text = auto_dockerfile(&root, "persist_dockerfile: true", &Silent).unwrap();
    assert_eq!(std::fs::read_to_string(root.join("Dockerfile.generated")).unwrap(), text);
    let error = auto_dockerfile(&root, "persist_dockerfile: true, dockerfile_output_path: no/x", &Silent);
    assert!(error.unwrap_err().to_string().starts_with("cannot write "));
}
