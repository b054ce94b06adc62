//! Tests of `--select changed:...` on real Git repositories.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::support::{Output, Sandbox, assert_output};

const PROJECT: &str = r#"
pull: []
definitions:
  schedule: &nightly {cron: 0 1 * * *}
deployments:
- name: billing
  entrypoint: services/billing/flow.py:billing
  work_pool: {name: process}
  schedules: [*nightly]
- name: orders
  entrypoint: services/orders/flow.py:orders
  work_pool: {name: docker, job_variables: {image: "{{ image.image }}"}}
  build:
  - prefect_docker.deployments.steps.build_docker_image:
      {id: image, image_name: orders, path: services/orders, dockerfile: Dockerfile}
"#;

const BILLING: &str =
    "from prefect import flow\nfrom shared.tables import load\n\n@flow\ndef billing(): ...\n";
const ORDERS: &str = "from prefect import flow\n\n@flow\ndef orders(): ...\n";

struct Repository(Sandbox);

impl Repository {
    fn new() -> Result<Self> {
        let sandbox = Sandbox::new()?;
        let repository = Self(sandbox);
        for (path, text) in [
            ("prefect.yaml", PROJECT),
            ("services/billing/flow.py", BILLING),
            ("services/orders/flow.py", ORDERS),
            ("services/orders/Dockerfile", "FROM scratch\n"),
            ("services/orders/.dockerignore", "*.md\n"),
            ("shared/__init__.py", ""),
            ("shared/tables.py", "def load(): ...\n"),
            ("README.md", "A project.\n"),
        ] {
            repository.0.file(path, text)?;
        }
        repository.git(&["init", "--quiet", "--initial-branch", "main"])?;
        repository.commit()?;
        Ok(repository)
    }

    fn git(&self, arguments: &[&str]) -> Result<()> {
        let output = Command::new("git")
            .current_dir(self.0.directory())
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")])
            .output()
            .context("cannot run git")?;
        ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn commit(&self) -> Result<()> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--message", "x"])
    }

    /// Returns the names of the deployments that a selector selects.
    fn selected(&self, selector: &str) -> Result<Vec<String>> {
        let output =
            self.0.run(&format!("render --output json --select {selector}")).and_then(Output::success)?;
        let document: Value = serde_json::from_str(&output.stdout)?;
        let names = document["deployments"].as_array().into_iter().flatten();
        let name = |name: &Value| name.as_str()?.split_once('/').map(|(_, name)| name.to_owned());
        Ok(names.filter_map(|deployment| name(&deployment["name"])).collect())
    }
}

#[test]
fn selects_deployments_that_changed_in_the_working_tree() -> Result<()> {
    let repository = Repository::new()?;
    assert_eq!(repository.selected("changed:HEAD")?, [""; 0]);
    for (path, text, expected) in [
        ("README.md", "Changed.\n", &[][..]),
        ("services/orders/README.md", "Ignored by .dockerignore.\n", &[]),
        ("shared/tables.py", "def load(): return 1\n", &["billing"]),
        ("shared/__init__.py", "X = 1\n", &["billing"]),
        ("services/orders/data.csv", "untracked\n", &["orders"]),
        ("services/orders/Dockerfile", "FROM scratch\nCOPY . .\n", &["orders"]),
        ("services/orders/.dockerignore", "*.txt\n", &["orders"]),
        ("prefect.yaml", &PROJECT.replace("0 1 * * *", "0 2 * * *"), &["billing"]),
        ("prefect.yaml", &PROJECT.replace("name: docker", "name: k8s"), &["orders"]),
        ("prefect.yaml", &PROJECT.replace("pull: []", "pull: null"), &["billing", "orders"]),
        ("prefect.yaml", &format!("# A comment.\n{PROJECT}"), &[]),
    ] {
        repository.0.file(path, text)?;
        assert_eq!(repository.selected("changed:HEAD")?, expected, "{path}: {text}");
        repository.git(&["stash", "--quiet", "--include-untracked"])?;
    }
    Ok(())
}

#[test]
fn selects_deployments_that_changed_between_commits() -> Result<()> {
    let repository = Repository::new()?;
    repository.git(&["branch", "topic"])?;
    repository.0.file("services/orders/data.csv", "1\n")?;
    repository.commit()?;
    repository.git(&["switch", "--quiet", "topic"])?;
    std::fs::remove_file(repository.0.directory().join("shared/tables.py"))?;
    repository.commit()?;
    assert_eq!(repository.selected("changed:main...HEAD")?, ["billing"]);
    assert_eq!(repository.selected("changed:main..HEAD")?, ["billing", "orders"]);
    assert_eq!(repository.selected("changed:main...,pool:docker")?, [""; 0]);
    assert_eq!(repository.selected("!changed:main...HEAD")?, ["orders"]);
    // A file that could not be parsed counts as changed.
    repository.0.file("prefect.yaml", "deployments: [\n")?;
    repository.commit()?;
    repository.0.file("prefect.yaml", PROJECT)?;
    assert_eq!(repository.selected("changed:HEAD")?, ["billing", "orders"]);
    assert_eq!(repository.selected("changed:topic~1")?, [""; 0]);
    Ok(())
}

#[test]
fn unchanged_deployments_are_not_an_error() -> Result<()> {
    let repository = Repository::new()?;
    let output = repository.0.run("render --select changed:HEAD,pool:docker")?;
    assert_output!(output, @r"
    exit 0
    --- stdout
    schema: 1
    deployments: []
    steps: []
    --- stderr
    no matching deployment has changed
    ");
    let output = repository.0.run("render --select changed:HEAD,pool:other")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: no deployment matches changed:HEAD,pool:other
    help: the work pools are: docker, process
    ");
    Ok(())
}

#[test]
fn explains_why_changes_are_unknown() -> Result<()> {
    let repository = Repository::new()?;
    let output = repository.0.run("render --select changed:origin/main...HEAD")?;
    assert_output!(output, @r"
    exit 2
    --- stderr
    error: unknown revision 'origin/main'
    help: fetch it, for example with `git fetch origin main`
    ");
    let sandbox = Sandbox::new()?;
    sandbox.file("prefect.yaml", PROJECT)?;
    let output = sandbox.run("render --select changed:HEAD")?;
    assert_eq!(output.code, 2, "{output}");
    assert!(output.stderr.contains("is not in a Git repository"), "{output}");
    Ok(())
}

#[test]
fn compares_the_values_of_the_selected_environment() -> Result<()> {
    let repository = Repository::new()?;
    repository.0.file("prefect.prod.yaml", "name_suffix: -prod\n")?;
    repository.commit()?;
    assert_eq!(repository.selected("changed:HEAD --env prod")?, [""; 0]);
    let overlay = "name_suffix: -prod\ndeployments:\n- {name: orders, tags: [x]}\n";
    repository.0.file("prefect.prod.yaml", overlay)?;
    assert_eq!(repository.selected("changed:HEAD --env prod")?, ["orders-prod"]);
    assert_eq!(repository.selected("changed:HEAD")?, [""; 0]);
    repository.commit()?;
    repository.0.file("prefect.yaml", PROJECT.replace("0 1 * * *", "0 2 * * *"))?;
    assert_eq!(repository.selected("changed:HEAD --env prod")?, ["billing-prod"]);
    assert_eq!(repository.selected("changed:HEAD~2 --env prod")?, ["billing-prod", "orders-prod"]);
    Ok(())
}
