//! Tests, with a real Docker engine and real object stores, of wizard answers that build and push an image or store the
//! code in a bucket.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::support::{Api, Docker, Sandbox, Terminal, required_env};

/// Creates a project with a Dockerfile, and the name of the image to build.
fn with_dockerfile(api: &Api, registry: &str) -> Result<(Sandbox, Docker)> {
    let sandbox = api.sandbox("name: p\n")?;
    let mut docker = Docker::from_env(registry, &sandbox)?;
    docker.image = format!("{}/team/{}", docker.registry, sandbox.unique("flows-UNIQUE"));
    let sandbox = docker.configure(sandbox);
    sandbox.file("Dockerfile", "FROM scratch\nLABEL sandbox=UNIQUE\nCOPY . /opt/prefect/p\n")?;
    Ok((sandbox, docker))
}

/// Answers the questions about the work pool and the image, up to the registry's login.
fn describe_image(terminal: &mut Terminal, sandbox: &Sandbox, registry: &str) -> Result<()> {
    terminal.answers("Which work pool would you like to deploy this flow to?", "Create a new work pool")?;
    terminal.answers("What infrastructure type would you like to use for your new work pool?", "docker")?;
    terminal.answers("Work pool name", &sandbox.unique("docker-UNIQUE"))?;
    terminal.answers("Would you like to build a custom Docker image for this deployment?", "y")?;
    terminal.answers("Would you like to use the Dockerfile in the current directory?", "")?;
    terminal.answers("Repository name", "team")?;
    terminal.answers("Image name (built)", &sandbox.unique("flows-UNIQUE"))?;
    terminal.answers("Image tag (latest)", "v1")?;
    terminal.answers("Would you like to push this image to a remote registry?", "y")?;
    terminal.answers("Registry URL (docker.io)", registry)
}

/// Answers the remaining questions about the image. Returns everything that the terminal showed.
fn finish_image(mut terminal: Terminal) -> Result<String> {
    terminal.answers("Does your Dockerfile have a line that copies", "y")?;
    terminal.answers("What is the path to your flow code in your Dockerfile?", "/opt/prefect/p")?;
    finish(terminal)
}

/// Answers the last questions, which are asked for every deployment. Returns everything that the terminal
/// showed.
fn finish(mut terminal: Terminal) -> Result<String> {
    terminal.answers("Would you like to configure schedules", "n")?;
    terminal.answers("Would you like to save configuration", "y")?;
    let (code, seen) = terminal.ends()?;
    ensure!(code == 0, "exit {code}:\n{seen}");
    Ok(seen)
}

/// Checks that the saved prefect.yaml deploys without changes.
fn deploys_again_unchanged(sandbox: &Sandbox) -> Result<()> {
    let again = sandbox.run("deploy --all")?.success()?;
    ensure!(again.stdout.contains("(unchanged)"), "{again}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn builds_and_pushes_the_image_from_the_answers() -> Result<()> {
    let api = Api::from_env()?;
    let (sandbox, docker) = with_dockerfile(&api, "PREFECTL_TEST_REGISTRY")?;
    let mut terminal = Terminal::start(&sandbox, "deploy flow.py:hello -n built")?;
    describe_image(&mut terminal, &sandbox, &docker.registry)?;
    terminal.answers("Is this a private registry?", "n")?;
    finish_image(terminal)?;

    let tagged = format!("{}:v1", docker.image);
    let deployment = api.existing(&sandbox, "hello-UNIQUE/built")?;
    assert_eq!(deployment["job_variables"], json!({"image": tagged}));
    assert_eq!(
        deployment["pull_steps"],
        json!([{"prefect.deployments.steps.set_working_directory": {"directory": "/opt/prefect/p"}}])
    );
    // Pull the image back from the registry.
    docker.ask(&["rmi", "--force", &tagged])?;
    docker.ask(&["pull", "--quiet", &tagged])?;
    assert_eq!(
        docker.ask(&["image", "inspect", "--format", "{{.Config.Labels.sandbox}}", &tagged])?,
        sandbox.unique("UNIQUE")
    );
    deploys_again_unchanged(&sandbox)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn logs_in_to_a_private_registry_with_the_answers() -> Result<()> {
    let api = Api::from_env()?;
    let (sandbox, docker) = with_dockerfile(&api, "PREFECTL_TEST_PRIVATE_REGISTRY")?;
    let user = required_env("PREFECTL_TEST_PRIVATE_REGISTRY_USER")?;
    let password = required_env("PREFECTL_TEST_PRIVATE_REGISTRY_PASSWORD")?;
    let mut terminal = Terminal::start(&sandbox, "deploy flow.py:hello -n built")?;
    describe_image(&mut terminal, &sandbox, &docker.registry)?;
    terminal.answers("Is this a private registry?", "y")?;
    terminal.answers("prefect-docker to manage Docker registry credentials?", "y")?;
    terminal.answers("Docker registry username", &user)?;
    terminal.answers("Docker registry password", &password)?;
    let seen = finish_image(terminal)?;
    ensure!(!seen.contains(&password), "the password is shown:\n{seen}");

    // The registry requires the login. The engine uses a separate configuration directory, so it has no other
    // login.
    let tagged = format!("{}:v1", docker.image);
    let block = sandbox.unique("deployment-built-docker-UNIQUE-registry-creds").to_lowercase();
    let reference = format!("{{{{ prefect.blocks.docker-registry-credentials.{block} }}}}");
    ensure!(sandbox.read("prefect.yaml")?.contains(&reference), "{}", sandbox.read("prefect.yaml")?);
    docker.ask(&["rmi", "--force", &tagged])?;
    let folder = sandbox.directory().join("login");
    let folder = folder.to_str().context("a name")?;
    docker.ask(&[
        "--config",
        folder,
        "login",
        "--username",
        &user,
        "--password",
        &password,
        &docker.registry,
    ])?;
    docker.ask(&["--config", folder, "pull", "--quiet", &tagged])?;
    assert_eq!(
        docker.ask(&["image", "inspect", "--format", "{{.Config.Labels.sandbox}}", &tagged])?,
        sandbox.unique("UNIQUE")
    );
    std::fs::remove_dir_all(folder)?;
    deploys_again_unchanged(&sandbox)
}

/// Answers the questions about code storage with a bucket whose credentials become a new block. Then pulls
/// the code as a worker would, with that block.
fn goes_to_a_bucket(sandbox: &Sandbox, title: &str, fields: &[(&str, &str)], secret: &str) -> Result<()> {
    let mut terminal = Terminal::start(sandbox, "deploy flow.py:hello -n UNIQUE -p pool-UNIQUE")?;
    terminal.answers("remote storage location when running this flow?", "y")?;
    terminal.answers("Please select a remote code storage option.", title)?;
    terminal.answers("Bucket name", "prefectl")?;
    terminal.answers("Folder name", &sandbox.unique("answered-UNIQUE"))?;
    // Other tests may have left such blocks on the server.
    let details = "Provide details on your new";
    if terminal.sees_one_of(&[details, "n to select none"])? != details {
        terminal.types("n")?;
    }
    for (field, value) in fields {
        terminal.answers(&format!("{field} (string)"), value)?;
    }
    let block = sandbox.unique("store-UNIQUE").to_lowercase();
    terminal.answers("Give a name to your new credentials block", &block)?;
    let seen = finish(terminal)?;
    ensure!(!seen.contains(secret), "the key is shown:\n{seen}");

    sandbox.run("steps run --pull -n UNIQUE --into pulled")?.success()?;
    assert_eq!(sandbox.read("pulled/flow.py")?, sandbox.read("flow.py")?);
    deploys_again_unchanged(sandbox)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn stores_code_in_s3_with_the_answers() -> Result<()> {
    let api = Api::from_env()?;
    let url = required_env("PREFECTL_TEST_S3")?;
    let sandbox = api
        .sandbox("name: p\n")?
        .variable("AWS_ENDPOINT_URL", url)
        .variable("AWS_DEFAULT_REGION", "us-east-1");
    let key = "hunter2-testing";
    goes_to_a_bucket(&sandbox, "S3", &[("aws_access_key_id", "testing"), ("aws_secret_access_key", key)], key)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn stores_code_in_gcs_with_the_answers() -> Result<()> {
    let api = Api::from_env()?;
    let url = required_env("PREFECTL_TEST_GCS")?;
    let sandbox = api.sandbox("name: p\n")?.variable("STORAGE_EMULATOR_HOST", url);
    sandbox.file("key.json", r#"{"private_key": "hunter2-testing"}"#)?;
    sandbox.file(".prefectignore", "key.json\n")?;
    let key = sandbox.directory().join("key.json");
    let fields = [("service_account_file", key.to_str().context("a name")?), ("project", "ours")];
    goes_to_a_bucket(&sandbox, "GCS", &fields, "hunter2")
}

#[test]
#[ignore = "needs services: run tests/run"]
fn stores_code_in_azure_with_the_answers() -> Result<()> {
    let api = Api::from_env()?;
    let connection = required_env("PREFECTL_TEST_AZURE")?;
    let sandbox = api.sandbox("name: p\n")?;
    goes_to_a_bucket(
        &sandbox,
        "Azure Blob Storage",
        &[("connection_string", &connection), ("account_url", "")],
        "AccountKey",
    )
}
