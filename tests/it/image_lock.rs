//! Tests of image locks. A deploy with a lock uses exactly the images that an earlier deploy has pushed.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Docker, Output, Sandbox, assert_output};

const PROJECT: &str = r#"
build:
- prefect_docker.deployments.steps.build_docker_image:
    id: image-build
    image_name: "{{ $IMAGE }}"
    tag: auto
    dockerfile: Dockerfile
push:
- prefect_docker.deployments.steps.push_docker_image:
    id: image-push
    image_name: "{{ image-build.image_name }}"
    tag: "{{ image-build.tag }}"
pull: []
deployments:
- name: one
  entrypoint: flow.py:hello
  version: "{{ image-build.tag }}"
  work_pool:
    name: pool-UNIQUE
    job_variables: {env: {BUILT: "{{ image-build.image }}", PUSHED: "{{ image-push.image_by_digest }}"}}
"#;

const DOCKERFILE: &str = "FROM scratch\nLABEL sandbox=UNIQUE\nCOPY flow.py /\n";

/// A lock with one image of the repository `r/a`.
fn lock() -> Value {
    let digest = format!("sha256:{}", "a".repeat(64));
    let image = json!({
        "repository": "r/a", "tag": "v1", "digest": digest, "reference": format!("r/a@{digest}"), "platforms": [],
        "deployments": [],
    });
    json!({"schema": 1, "images": [image]})
}

fn environment(api: &Api, sandbox: &Sandbox) -> Result<Value> {
    Ok(api.existing(sandbox, "hello-UNIQUE/one")?["job_variables"]["env"].take())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn locked_images_are_deployed_without_an_engine() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox(PROJECT)?;
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let sandbox = docker.configure(sandbox);
    sandbox.file("Dockerfile", DOCKERFILE)?;
    sandbox.file(".dockerignore", "images.lock.json\n")?;
    sandbox.run("deploy --all --quiet --image-lock images.lock.json").and_then(Output::success)?;
    let text = sandbox.read("images.lock.json")?;
    let lock: Value = serde_json::from_str(&text)?;
    let image = &lock["images"][0];
    let digest = image["digest"].as_str().context("a digest")?;
    let pinned = format!("{}@{digest}", docker.image);
    assert_eq!(lock["schema"], 1);
    assert_eq!((&image["repository"], &image["reference"]), (&json!(docker.image), &json!(pinned)));
    assert!(image["tag"].as_str().is_some_and(|tag| tag.starts_with("auto-")), "{lock:#}");
    assert!(
        image["platforms"][0].as_str().is_some_and(|platform| platform.starts_with("linux/")),
        "{lock:#}"
    );
    assert_eq!(environment(&api, &sandbox)?["PUSHED"], json!(pinned));
    // The digest matches the registry's digest.
    docker.ask(&["pull", "--quiet", &pinned])?;

    // An unchanged image is reused and results in the same lock.
    sandbox.run("deploy --all --quiet --image-lock images.lock.json").and_then(Output::success)?;
    assert_eq!(sandbox.read("images.lock.json")?, text);

    let sandbox = sandbox.variable("DOCKER_HOST", "tcp://127.0.0.1:9");
    let plan = sandbox.run("plan --all --skip-build --image-lock images.lock.json --output json")?.json()?;
    let changes = plan["deployments"][0]["changes"].as_array().context("changes")?;
    assert_eq!(changes[0]["new"]["env"]["BUILT"], json!(pinned), "{plan:#}");
    sandbox
        .run("deploy --all --quiet --skip-build --image-lock images.lock.json")
        .and_then(Output::success)?;
    assert_eq!(environment(&api, &sandbox)?, json!({"BUILT": pinned, "PUSHED": pinned}));
    let deployment = api.existing(&sandbox, "hello-UNIQUE/one")?;
    assert_eq!(deployment["version"], image["tag"], "the lock has the tag of the image");
    assert_eq!(sandbox.read("images.lock.json")?, text, "a lock that is read is not written");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn partial_deploy_keeps_the_images_of_other_deployments() -> Result<()> {
    let api = Api::from_env()?;
    let sandbox = api.sandbox("")?;
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let sandbox = docker.configure(sandbox);
    sandbox.file("Dockerfile", DOCKERFILE)?;
    sandbox.file(".dockerignore", "images.lock.json\n")?;
    let project = PROJECT.replace("tag: auto", "tag: '1.0'");
    let two = project.replace("name: one", "name: two").replace("flow.py:hello", "flow.py:goodbye");
    sandbox.file("prefect.yaml", &project)?;
    sandbox.run("deploy --all --quiet --image-lock images.lock.json").and_then(Output::success)?;
    let first = sandbox.read("images.lock.json")?;
    sandbox.file("prefect.yaml", two.replace("'1.0'", "'2.0'"))?;
    sandbox.run("deploy --all --quiet --image-lock images.lock.json").and_then(Output::success)?;
    let lock: Value = serde_json::from_str(&sandbox.read("images.lock.json")?)?;
    let tags: Vec<&Value> =
        lock["images"].as_array().into_iter().flatten().map(|image| &image["tag"]).collect();
    assert_eq!(tags, ["1.0", "2.0"]);

    // A fixed tag must be in the lock. Another deployment's image does not replace the missing image.
    sandbox.file("images.lock.json", first)?;
    let output = sandbox.run("deploy --all --quiet --skip-build --image-lock images.lock.json")?;
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains(":2.0'\n --> prefect.yaml:6:10\n"), "{output}");
    sandbox.file("prefect.yaml", project)?;
    let plan = "plan --all --skip-build --image-lock images.lock.json --output json";
    assert_eq!(sandbox.run(plan)?.json()?["steps"], json!([]), "no step would run");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn image_that_was_not_pushed_is_not_locked() -> Result<()> {
    let api = Api::from_env()?;
    let project =
        PROJECT.replace("image-push.image_by_digest", "image-build.image").replace("push:", "other:");
    let sandbox = api.sandbox(&project)?;
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let sandbox = docker.configure(sandbox);
    sandbox.file("Dockerfile", DOCKERFILE)?;
    let output = sandbox.run("deploy --all --quiet --image-lock images.lock.json")?;
    assert_eq!(output.code, 2, "{output}");
    assert!(
        output.stderr.contains("has not been pushed, so the image lock cannot contain its digest"),
        "{output}"
    );
    assert!(!sandbox.directory().join("images.lock.json").exists());
    assert_eq!(api.registered(&sandbox)?, [""; 0]);
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn unusable_locks_are_reported_before_anything_is_written() -> Result<()> {
    let api = Api::from_env()?;
    let script = "- prefect.deployments.steps.run_shell_script: {script: touch it-ran}\n";
    let sandbox = api.sandbox(&PROJECT.replace("build:\n", &format!("build:\n{script}")))?;
    let sandbox = sandbox.variable("DOCKER_HOST", "tcp://127.0.0.1:9").variable("IMAGE", "r/b");
    sandbox.file("lock.json", lock().to_string())?;
    sandbox.file("damaged.json", "{\"schema\": 1, \"images\": [")?;
    for command in ["deploy", "plan"] {
        let output = sandbox.run(&format!("{command} --all --quiet --skip-build --image-lock lock.json"))?;
        assert_eq!(output.code, 2, "{output}");
        for expected in ["has no image for the repository 'r/b'\n --> prefect.yaml:6:", "the lock has r/a"] {
            assert!(output.stderr.contains(expected), "{command}: {output}");
        }
    }
    for (options, expected) in [
        ("--skip-build --image-lock missing.json", "missing.json: No such file"),
        ("--skip-build --image-lock damaged.json", "damaged.json:1:25: EOF while parsing"),
        ("--skip-build --image-lock lock.json --image r/a:v2", "both specify an image for repository 'r/a'"),
        ("--image-lock missing/lock.json", "the directory does not exist"),
        ("--image-lock lock.json --image r/a:v2", "--skip-build"),
    ] {
        let output = sandbox.run(&format!("deploy --all --quiet {options}"))?;
        assert_eq!(output.code, 2, "{options}: {output}");
        assert!(output.stderr.contains(expected), "{options}: {output}");
    }
    assert!(!sandbox.directory().join("it-ran").exists(), "no step runs");
    assert_eq!(api.registered(&sandbox)?, [""; 0]);

    // An image from the options complements the lock.
    let options = "--skip-build --image-lock lock.json --image r/b:v2";
    sandbox.run(&format!("deploy --all --quiet {options}")).and_then(Output::success)?;
    assert_eq!(environment(&api, &sandbox)?["BUILT"], "r/b:v2");
    Ok(())
}

#[test]
fn plan_shows_locked_images() -> Result<()> {
    let sandbox = Sandbox::new()?.variable("IMAGE", "r/a");
    sandbox.file("prefect.yaml", PROJECT)?;
    sandbox.file("lock.json", lock().to_string())?;
    let output = sandbox.run("render --all --skip-build --image-lock lock.json --output json")?.json()?;
    let deployment = &output["deployments"][0]["requests"][1]["body"];
    let reference = lock()["images"][0]["reference"].clone();
    assert_eq!(deployment["job_variables"]["env"], json!({"BUILT": reference, "PUSHED": reference}));
    assert_eq!(deployment["version"], "v1");
    let output = sandbox
        .run_with(&[("IMAGE", "r/b".to_owned())], "render --all --skip-build --image-lock lock.json")?;
    assert_output!(output, @r#"
    exit 2
    --- stderr
    error[image-not-locked]: the image lock lock.json has no image for the repository 'r/b'
     --> prefect.yaml:5:17
      |
    5 |     image_name: "{{ $IMAGE }}"
      |                 ^^^^^^^^^^^^^^
    help: the lock has r/a; create it again, or pass the image with --image
    error: no requests: 1 error
    "#);
    Ok(())
}
