//! Deploys `examples/monorepo` to the real server, engine and registry.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::support::{Api, Docker, Output, Sandbox};

/// The flows and the work pools that the example registers. No other test uses them.
const FLOWS: [&str; 4] = ["invoices", "monthly", "summary", "sync"];
const POOLS: [&str; 2] = ["monorepo", "monorepo-prod"];

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

/// Deletes the flows and the work pools of the example.
fn forget(api: &Api) -> Result<()> {
    let flows = api.post("/flows/filter", &json!({"flows": {"name": {"any_": FLOWS}}}))?;
    for flow in flows.as_array().context("a list")? {
        api.delete(&format!("/flows/{}", flow["id"].as_str().context("an id")?))?;
    }
    POOLS.iter().try_for_each(|pool| api.delete(&format!("/work_pools/{pool}")))
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

/// Commits all files of the sandbox's project.
fn commit(sandbox: &Sandbox, message: &str) -> Result<()> {
    let repository = git2::Repository::init(sandbox.directory())?;
    let mut index = repository.index()?;
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None)?;
    index.write()?;
    let tree = repository.find_tree(index.write_tree()?)?;
    let author = git2::Signature::now("Ada", "ada@example.com")?;
    let head = repository.head().ok().and_then(|head| head.peel_to_commit().ok());
    repository.commit(Some("HEAD"), &author, &author, message, &tree, &head.iter().collect::<Vec<_>>())?;
    Ok(())
}

/// Returns a sandbox with a Git repository that contains the example.
fn repository() -> Result<Sandbox> {
    let sandbox = Sandbox::new()?;
    fs::remove_file(sandbox.directory().join("flow.py"))?;
    copy(&sandbox, &Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/monorepo"), "")?;
    commit(&sandbox, "Add services")?;
    Ok(sandbox)
}

/// Deploys each service in its directory.
fn deploy_each_service(sandbox: &Sandbox) -> Result<()> {
    for (service, expected) in [
        ("billing", &["invoices/billing-dev created"][..]),
        ("orders", &["sync/orders-dev created", "summary/summary-dev created"]),
        ("reports", &["monthly/monthly-dev created"]),
    ] {
        let line = format!("deploy --all --env dev --project-dir services/{service} --output json");
        assert_eq!(statuses(&sandbox.run(&line)?.success()?.json()?), expected);
    }
    Ok(())
}

/// Returns the branch that a deployment clones.
fn branch(api: &Api, sandbox: &Sandbox, name: &str) -> Result<Value> {
    let mut deployment = api.existing(sandbox, name)?;
    Ok(deployment["pull_steps"][0]["prefect.deployments.steps.git_clone"]["branch"].take())
}

/// Deploys a preview of the last commit and then deletes the preview. The preview clones the pull request's
/// branch.
fn deploy_preview(api: &Api, sandbox: &Sandbox) -> Result<()> {
    let (preview, project) = (sandbox.unique("pr-UNIQUE"), sandbox.unique("monorepo-UNIQUE"));
    let line = format!("--env dev --select changed:HEAD~1...HEAD --preview {preview} --project {project}");
    let variables = [("BRANCH", "change".to_owned())];
    let copies = sandbox.run_with(&variables, &format!("deploy {line} --output json"))?.success()?.json()?;
    assert_eq!(statuses(&copies), [format!("monthly/monthly-dev--{preview} created")]);
    assert_eq!(branch(api, sandbox, &format!("monthly/monthly-dev--{preview}"))?, "change");
    assert_eq!(branch(api, sandbox, "monthly/monthly-dev")?, "main");
    sandbox.run(&format!("preview delete {preview} --yes --project {project}"))?.success()?;
    Ok(())
}

/// Deletes the deployments and the images of the example.
fn clean_up(sandbox: &Sandbox, docker: &Docker) -> Result<()> {
    for environment in ["dev", "prod"] {
        sandbox.run(&format!("destroy --all --yes --env {environment}"))?.success()?;
    }
    for image in ["etl", "reports"] {
        let images = docker.ask(&["images", "--quiet", &format!("{}/monorepo-{image}", docker.image)])?;
        let ids: Vec<&str> = images.lines().collect();
        docker.ask(&[&["rmi", "--force"][..], &ids[..]].concat())?;
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn deploys_each_service_and_all_services() -> Result<()> {
    let api = Api::from_env()?;
    forget(&api)?;
    let sandbox = repository()?.variable("PREFECT_API_URL", api.url());
    let docker = Docker::from_env("PREFECTL_TEST_REGISTRY", &sandbox)?;
    let sandbox = docker
        .configure(sandbox)
        .variable("IMAGE_REGISTRY", docker.image.clone())
        .variable("REPOSITORY", "https://git.example.com/team/monorepo.git");
    for pool in POOLS {
        sandbox.run(&format!("work-pool create {pool} --type docker")).and_then(Output::success)?;
    }
    sandbox.run("check --strict")?.success()?;
    let deploy = |options: &str| sandbox.run(&format!("deploy --output json {options}"))?.success()?.json();

    deploy_each_service(&sandbox)?;
    // All services: each of the two images is built and pushed once.
    let all = deploy("--all --env dev --image-lock images.lock.json")?;
    let expected = [
        "invoices/billing-dev unchanged",
        "sync/orders-dev unchanged",
        "summary/summary-dev unchanged",
        "monthly/monthly-dev unchanged",
    ];
    assert_eq!(statuses(&all), expected);
    let expected = ["build_docker_image", "build_docker_image", "push_docker_image", "push_docker_image"];
    assert_eq!(steps(&all), expected.map(|step| (step.to_owned(), 2)));
    let image =
        |name: &str| -> Result<Value> { Ok(api.existing(&sandbox, name)?["job_variables"]["image"].take()) };
    assert_eq!(image("invoices/billing-dev")?, image("sync/orders-dev")?);
    assert_eq!(image("monthly/monthly-dev")?, image("summary/summary-dev")?);
    assert!(image("sync/orders-dev")?.as_str().is_some_and(|image| image.contains("monorepo-etl@sha256:")));

    // A commit that touches one service changes only the deployment whose flow it changes.
    let flow = sandbox.read("services/reports/flow.py")?;
    sandbox.file("services/reports/flow.py", flow.replace("1000", "2000"))?;
    commit(&sandbox, "Change the report")?;
    deploy_preview(&api, &sandbox)?;
    let changed = deploy("--env dev --select changed:HEAD~1...HEAD")?;
    assert_eq!(statuses(&changed), ["monthly/monthly-dev updated"]);

    // The images of dev are deployed to prod, with the work pool and the schedules of prod.
    let prod = deploy("--all --env prod --skip-build --image-lock images.lock.json")?;
    assert!(statuses(&prod).iter().all(|status| status.ends_with(" created")), "{prod}");
    assert_eq!(image("invoices/billing")?, image("invoices/billing-dev")?);
    let billing = api.existing(&sandbox, "invoices/billing")?;
    assert_eq!(
        (&billing["work_pool_name"], &billing["tags"]),
        (&json!("monorepo-prod"), &json!(["etl", "billing", "prod"]))
    );
    assert_eq!(billing["schedules"].as_array().map(Vec::len), Some(1));

    clean_up(&sandbox, &docker)?;
    forget(&api)
}
