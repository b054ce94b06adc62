//! Deploys `examples/monorepo` to the real server, engine and registry.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Docker, Output, Sandbox};

/// The flows and the work pool that the example registers. No other test uses them.
const FLOWS: [&str; 4] = ["invoices", "monthly", "summary", "sync"];
const POOL: &str = "monorepo";

/// Copies the files of a directory to a directory of the sandbox.
fn copy(sandbox: &Sandbox, from: &Path, to: &str) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name().into_string().ok().context("a name in UTF-8")?;
        let to = if to.is_empty() { name } else { format!("{to}/{name}") };
        if entry.file_type()?.is_dir() {
            copy(sandbox, &entry.path(), &to)?;
        } else {
            sandbox.file(&to, fs::read(entry.path())?)?;
        }
    }
    Ok(())
}

/// Deletes the flows and the work pool of the example.
fn forget(api: &Api) -> Result<()> {
    let flows = api.post("/flows/filter", &json!({"flows": {"name": {"any_": FLOWS}}}))?;
    for flow in flows.as_array().context("a list")? {
        api.delete(&format!("/flows/{}", flow["id"].as_str().context("an id")?))?;
    }
    api.delete(&format!("/work_pools/{POOL}"))
}

/// Returns the names and statuses of the deployments of a deploy.
fn statuses(document: &Value) -> Vec<String> {
    let deployments = document["deployments"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shown = |entry: &Value| format!("{} {}", entry["name"], entry["status"]).replace('"', "");
    deployments.iter().map(shown).collect()
}

/// Returns each step of a deploy with the number of deployments that use it.
fn steps(document: &Value) -> Vec<(String, usize)> {
    let steps = document["steps"].as_array().map(Vec::as_slice).unwrap_or_default();
    let users = |step: &Value| step["deployments"].as_array().map_or(0, Vec::len);
    steps.iter().map(|step| (step["step"].as_str().unwrap_or_default().to_owned(), users(step))).collect()
}

#[test]
#[ignore = "needs services: run tests/run"]
fn deploys_each_service_and_all_services() -> Result<()> {
    let api = Api::from_env()?;
    forget(&api)?;
    let sandbox = Sandbox::new()?.variable("PREFECT_API_URL", api.url());
    fs::remove_file(sandbox.directory().join("flow.py"))?;
    copy(&sandbox, &Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/monorepo"), "")?;
    git2::Repository::init(sandbox.directory())?;
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let sandbox = docker
        .configure(sandbox)
        .variable("IMAGE_REGISTRY", docker.image.clone())
        .variable("REPOSITORY", "https://git.example.com/team/monorepo.git");
    sandbox.run("work-pool create monorepo --type docker").and_then(Output::success)?;
    sandbox.run("check --strict")?.success()?;

    // A service alone.
    let alone = sandbox.run("deploy --all --project-dir services/billing --output json")?.success()?;
    assert_eq!(statuses(&alone.json()?), ["invoices/billing created"]);

    // All services: each of the two images is built and pushed once.
    let all = sandbox.run("deploy --all --output json")?.success()?.json()?;
    assert_eq!(
        statuses(&all),
        [
            "invoices/billing unchanged",
            "sync/orders created",
            "summary/summary created",
            "monthly/monthly created"
        ]
    );
    let expected = ["build_docker_image", "build_docker_image", "push_docker_image", "push_docker_image"];
    assert_eq!(steps(&all), expected.map(|step| (step.to_owned(), 2)));
    let image =
        |name: &str| -> Result<Value> { Ok(api.existing(&sandbox, name)?["job_variables"]["image"].take()) };
    assert_eq!(image("invoices/billing")?, image("sync/orders")?);
    assert_eq!(image("monthly/monthly")?, image("summary/summary")?);
    assert!(image("sync/orders")?.as_str().is_some_and(|image| image.contains("monorepo-etl@sha256:")));

    // A change of one service changes only its deployments.
    let flow = sandbox.read("services/orders/flow.py")?;
    sandbox.file("services/orders/flow.py", flow.replace("size: int = 100", "size: int = 200"))?;
    let changed = sandbox.run("deploy --all --output json")?.success()?.json()?;
    assert_eq!(
        statuses(&changed),
        [
            "invoices/billing unchanged",
            "sync/orders updated",
            "summary/summary updated",
            "monthly/monthly unchanged"
        ]
    );
    sandbox.run("destroy --all --yes")?.success()?;
    for image in ["etl", "reports"] {
        let images = docker.ask(&["images", "--quiet", &format!("{}/monorepo-{image}", docker.image)])?;
        let ids: Vec<&str> = images.lines().collect();
        docker.ask(&[&["rmi", "--force"][..], &ids[..]].concat())?;
    }
    forget(&api)
}
