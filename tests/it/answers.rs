//! Answers after which an image is built and pushed, or the code goes to a bucket: with a real engine and real stores.

use anyhow::{Result, ensure};
use serde_json::json;

use crate::support::{Api, Docker, Terminal, needed};

#[test]
fn an_image_is_built_and_pushed_as_answered() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let sandbox = api.sandbox("name: p\n")?;
    let Some(mut docker) = Docker::of_environment("PREFECTL_TEST_REGISTRY", &sandbox)? else { return Ok(()) };
    docker.image = format!("{}/team/{}", docker.registry, sandbox.unique("flows-UNIQUE"));
    let sandbox = docker.configure(sandbox);
    sandbox.file("Dockerfile", "FROM scratch\nLABEL sandbox=UNIQUE\nCOPY . /opt/prefect/p\n")?;

    let mut terminal = Terminal::start(&sandbox, "deploy flow.py:hello -n built")?;
    terminal.answers("Which work pool would you like to deploy this flow to?", "Create a new work pool")?;
    terminal.answers("What infrastructure type would you like to use for your new work pool?", "docker")?;
    terminal.answers("Work pool name", &sandbox.unique("docker-UNIQUE"))?;
    terminal.answers("Would you like to build a custom Docker image for this deployment?", "y")?;
    terminal.answers("Would you like to use the Dockerfile in the current directory?", "")?;
    terminal.answers("Repository name", "team")?;
    terminal.answers("Image name (built)", &sandbox.unique("flows-UNIQUE"))?;
    terminal.answers("Image tag (latest)", "v1")?;
    terminal.answers("Would you like to push this image to a remote registry?", "y")?;
    terminal.answers("Registry URL (docker.io)", &docker.registry)?;
    terminal.answers("Is this a private registry?", "n")?;
    terminal.answers("Does your Dockerfile have a line that copies", "y")?;
    terminal.answers("What is the path to your flow code in your Dockerfile?", "/opt/prefect/p")?;
    terminal.answers("Would you like to configure schedules", "n")?;
    terminal.answers("Would you like to save configuration", "y")?;
    let (code, seen) = terminal.ends()?;
    assert_eq!(code, 0, "{seen}");

    let tagged = format!("{}:v1", docker.image);
    let deployment = api.existing(&sandbox, "hello-UNIQUE/built")?;
    assert_eq!(deployment["job_variables"], json!({"image": tagged}));
    assert_eq!(
        deployment["pull_steps"],
        json!([{"prefect.deployments.steps.set_working_directory": {"directory": "/opt/prefect/p"}}])
    );
    // The registry has it: the engine can have it again.
    docker.ask(&["rmi", "--force", &tagged])?;
    docker.ask(&["pull", "--quiet", &tagged])?;
    assert_eq!(
        docker.ask(&["image", "inspect", "--format", "{{.Config.Labels.sandbox}}", &tagged])?,
        sandbox.unique("UNIQUE")
    );
    // What was saved says the same.
    let again = sandbox.run("deploy --all")?.success()?;
    ensure!(again.stdout.contains("(unchanged)"), "{again}");
    Ok(())
}

#[test]
fn the_code_goes_to_a_bucket_as_answered() -> Result<()> {
    let Some(api) = Api::of_environment()? else { return Ok(()) };
    let Some(url) = needed("PREFECTL_TEST_S3")? else { return Ok(()) };
    let sandbox = api
        .sandbox("name: p\n")?
        .variable("AWS_ENDPOINT_URL", url)
        .variable("AWS_DEFAULT_REGION", "us-east-1");
    let mut terminal = Terminal::start(&sandbox, "deploy flow.py:hello -n UNIQUE -p pool-UNIQUE")?;
    terminal.answers("remote storage location when running this flow?", "y")?;
    terminal.answers("Please select a remote code storage option.", "S3")?;
    terminal.answers("Bucket name", "prefectl")?;
    terminal.answers("Folder name", &sandbox.unique("answered-UNIQUE"))?;
    terminal.answers("Select from your existing S3 credential blocks", "Create a new")?;
    terminal.answers("aws_access_key_id", "testing")?;
    terminal.answers("aws_secret_access_key", "hunter2-testing")?;
    terminal.answers(
        "Give a name to your new credentials block",
        &sandbox.unique("store-UNIQUE").to_lowercase(),
    )?;
    terminal.answers("Would you like to configure schedules", "n")?;
    terminal.answers("Would you like to save configuration", "y")?;
    let (code, seen) = terminal.ends()?;
    assert_eq!(code, 0, "{seen}");
    ensure!(!seen.contains("hunter2"), "the key is shown:\n{seen}");

    // A worker gets it from there, with the key of the block.
    sandbox.run("steps run --pull -n UNIQUE --into pulled")?.success()?;
    assert_eq!(sandbox.read("pulled/flow.py")?, sandbox.read("flow.py")?);
    let again = sandbox.run("deploy --all")?.success()?;
    ensure!(again.stdout.contains("(unchanged)"), "{again}");
    Ok(())
}
