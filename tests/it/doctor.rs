//! Tests of `doctor`: its findings, and whether its exit code predicts the success of a deploy.

use anyhow::Result;
use serde_json::Value;

use crate::support::{Fault, FaultPlan, FaultServer, MockApi, Output, Sandbox};

const PROJECT: &str = "deployments:\n- {name: one, entrypoint: flow.py:hello, work_pool: {name: pool}}\n";

/// Returns the name and status of each check.
fn statuses(output: &Output) -> Result<Vec<String>> {
    let document = output.json()?;
    let shown = |check: &Value| {
        let [name, status] = ["name", "status"].map(|key| check[key].as_str().unwrap_or_default());
        format!("{name} {status}")
    };
    // The results of these checks depend on the machine.
    let of_machine = ["docker", "builder", "registry", "python", "git"];
    let checks = document["checks"].as_array().into_iter().flatten().map(shown);
    Ok(checks.filter(|check| !of_machine.iter().any(|name| check.starts_with(name))).collect())
}

#[test]
fn passes_with_a_healthy_server() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), PROJECT)?;
    let output = sandbox.run("doctor -o json")?.success()?;
    assert_eq!(
        statuses(&output)?,
        [
            "settings ok",
            "api ok",
            "clock skipped",
            "version ok",
            "authorization ok",
            "plan ok",
            "project ok",
            "work-pool warning"
        ]
    );
    let text = sandbox.run("doctor")?.success()?;
    assert!(text.stdout.contains("'pool' (process) has no online worker"), "{text}");
    assert!(text.stdout.contains("fix: start a worker with `prefect worker start --pool 'pool'`"), "{text}");
    Ok(())
}

#[test]
fn exit_code_reports_what_would_stop_a_deploy() -> Result<()> {
    let none = Sandbox::new()?.run("doctor")?;
    assert_eq!(none.code, 2, "{none}");
    assert!(none.stdout.contains("PREFECT_API_URL is not set"), "{none}");

    let sandbox =
        Sandbox::for_project("http://127.0.0.1:1/api", PROJECT)?.variable("PREFECT_CLIENT_MAX_RETRIES", "0");
    let gone = sandbox.run("doctor -o json")?;
    assert_eq!(gone.code, 6, "{gone}");
    assert_eq!(gone.json()?["deploy_would_work"], false);

    let refusing = MockApi::answering(401, "Unauthorized")?;
    let server = FaultServer::start()?;
    let other_pool = PROJECT.replace("pool}", "nope}");
    let missing = Sandbox::for_project(&refusing.url(), &other_pool)?.run("doctor -o json")?;
    assert_eq!(missing.json()?["deploy_would_work"], false);

    server.fail(Some(FaultPlan { fault: Fault::Status(403), at: 2, lasting: true }));
    let refused = Sandbox::for_project(&server.url(), PROJECT)?.run("doctor -o json")?;
    assert_eq!(refused.code, 5, "{refused}");

    let broken = Sandbox::for_project(&server.url(), "deployments: 3\n")?;
    server.heal()?;
    let broken = broken.run("doctor -o json")?;
    assert_eq!(broken.code, 2, "{broken}");
    Ok(())
}

const IMAGES: &str = "build:
- prefect_docker.deployments.steps.build_docker_image: {image_name: registry.example.com/a/b, dockerfile: auto}
deployments:
- {name: one, entrypoint: flow.py:hello, work_pool: {name: pool}}
";

/// Returns the status of a check and its suggested fix.
fn check(output: &Output, name: &str) -> Result<(String, String, String)> {
    let document = output.json()?;
    let found = document["checks"].as_array().into_iter().flatten().find(|check| check["name"] == name);
    let text = |key: &str| found.and_then(|check| check[key].as_str()).unwrap_or_default().to_owned();
    Ok((text("status"), text("detail"), text("fix")))
}

#[test]
fn checks_what_the_steps_need() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), IMAGES)?.variable("DOCKER_HOST", "tcp://127.0.0.1:1");
    let output = sandbox.run("doctor -o json")?;
    let (status, _, fix) = check(&output, "docker")?;
    assert_eq!((output.code, status.as_str()), (1, "failed"), "{output}");
    assert!(fix.contains("DOCKER_HOST"), "{fix}");
    let (status, detail, fix) = check(&output, "registry")?;
    assert_eq!(status, "warning", "{output}");
    assert!(
        detail.contains("registry.example.com") && fix.contains("`docker login registry.example.com`"),
        "{detail} {fix}"
    );
    sandbox
        .file("../home/.docker/config.json", r#"{"auths": {"registry.example.com": {"auth": "YTpi"}}}"#)?;
    assert_eq!(check(&sandbox.run("doctor -o json")?, "registry")?.0, "ok");

    sandbox.file("prefect.yaml", IMAGES.replace("auto}", "auto, build_backend: buildx}"))?;
    let without = sandbox.variable("PATH", "/nonexistent").run("doctor -o json")?;
    let (status, _, fix) = check(&without, "builder")?;
    assert!(status == "failed" && fix.contains("buildx"), "{without}");

    let in_python = "build:\n- my_steps.build: {}\ndeployments: []\n";
    let sandbox =
        Sandbox::for_project(&server.url(), in_python)?.variable("PREFECTL_PYTHON", "/nonexistent/python");
    let output = sandbox.run("doctor -o json")?;
    let (status, detail, fix) = check(&output, "python")?;
    assert!(
        status == "failed" && detail.contains("my_steps.build") && fix.contains("PREFECTL_PYTHON"),
        "{output}"
    );
    assert_eq!(output.code, 1, "{output}");
    Ok(())
}

#[test]
fn reports_errors_in_the_project_file() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), &PROJECT.replace("flow.py:hello", "flow.py:nope"))?;
    let output = sandbox.run("doctor -o json")?;
    let (status, detail, fix) = check(&output, "project")?;
    assert_eq!((output.code, status.as_str()), (2, "failed"), "{output}");
    assert!(
        detail.starts_with("1 error: prefect.yaml:2: ") && fix.contains("prefectl check"),
        "{detail} {fix}"
    );
    Ok(())
}

#[test]
fn checks_all_project_files_with_an_environment() -> Result<()> {
    let server = FaultServer::start()?;
    let sandbox = Sandbox::for_project(&server.url(), PROJECT)?;
    sandbox.file("prefect.prod.yaml", "work_pool: {name: gpu}\n")?;
    sandbox.file("a/prefect.yaml", PROJECT)?;
    sandbox.file("a/flow.py", sandbox.read("flow.py")?)?;
    let pools = |output: &Output| -> Result<Vec<String>> {
        let document = output.json()?;
        let pools =
            document["checks"].as_array().into_iter().flatten().filter(|check| check["name"] == "work-pool");
        Ok(pools.map(|check| check["detail"].as_str().unwrap_or_default().to_owned()).collect())
    };
    let output = sandbox.run("doctor -o json --env prod")?;
    assert!(pools(&output)?.len() == 1 && pools(&output)?[0].starts_with("'gpu' "), "{output}");
    let output = sandbox.run("doctor -o json -f prefect.yaml -f a/*.yaml")?;
    let expected = "deployment 'hello-UNIQUE/one' is already declared in prefect.yaml:2";
    let (status, detail, _) = check(&output, "project")?;
    assert!(status == "failed" && detail.contains(&sandbox.unique(expected)), "{output}");
    sandbox.file("a/prefect.yaml", PROJECT.replace("one", "two"))?;
    sandbox.file("prefect.toml", "[prefectl]\nfiles = [\"*.yaml\", \"a/*.yaml\"]\n")?;
    let output = sandbox.run("doctor -o json")?.success()?;
    assert_eq!(check(&output, "project")?.1, "2 deployments in 2 files");
    sandbox.file("prefect.toml", "[prefectl]\nfiles = [\"b/*.yaml\"]\n")?;
    let output = sandbox.run("doctor -o json")?;
    assert_eq!(output.code, 2, "{output}");
    assert_eq!(check(&output, "project")?.1, "1 error: prefect.toml:2: no project file matches 'b/*.yaml'");
    let output = sandbox.run("doctor -o json -f prefect.yaml --env nowhere")?;
    assert_eq!(
        check(&output, "project")?.1,
        "environment 'nowhere' from --env is not defined for prefect.yaml"
    );
    Ok(())
}

#[test]
fn every_warning_and_failure_has_a_fix() -> Result<()> {
    let server = FaultServer::start()?;
    for fault in [Fault::Status(401), Fault::Status(403), Fault::Html, Fault::Status(500), Fault::NotHttp] {
        for at in 0..4 {
            server.fail(Some(FaultPlan { fault, at, lasting: true }));
            let sandbox =
                Sandbox::for_project(&server.url(), PROJECT)?.variable("PREFECT_CLIENT_MAX_RETRIES", "0");
            let output = sandbox.run("doctor -o json")?;
            for check in output.json()?["checks"].as_array().into_iter().flatten() {
                let is_wrong = check["status"] == "failed" || check["status"] == "warning";
                assert!(!is_wrong || check["fix"].is_string(), "{fault:?} at {at}: {check}");
            }
        }
    }
    Ok(())
}
