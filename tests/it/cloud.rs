//! Tests of `cloud login` against a mock of Prefect Cloud's endpoints.

use std::fs;

use anyhow::Result;

use crate::support::{MockApi, Sandbox, assert_output, session};

fn sandbox(cloud: &MockApi) -> Result<Sandbox> {
    Ok(Sandbox::new()?.variable("PREFECT_CLOUD_API_URL", cloud.url()))
}

#[test]
fn login_stores_the_key_and_the_workspace_in_the_profile() -> Result<()> {
    let cloud = MockApi::cloud()?;
    let sandbox = sandbox(&cloud)?;
    let shown = session(
        &sandbox,
        &[
            "cloud workspace ls",
            "cloud login --key pnu_good",
            "cloud login --key pnu_good --workspace acme/nope",
            "cloud login -k pnu_good -w acme/prod",
            "cloud workspace ls",
            "cloud workspace set --workspace acme/dev",
            "config view",
        ],
    )?;
    assert_output!(shown, @r"
    $ prefectl cloud workspace ls
    exit 5
    --- stderr
    error: not logged in to Prefect Cloud: the active profile has no API key
    help: log in with `prefectl cloud login --key KEY`
    $ prefectl cloud login --key pnu_good
    exit 2
    --- stderr
    error: the API key has access to multiple workspaces
    help: choose one with --workspace: acme/dev, acme/prod
    $ prefectl cloud login --key pnu_good --workspace acme/nope
    exit 2
    --- stderr
    error: Workspace 'acme/nope' not found. Available workspaces: 'acme/dev', 'acme/prod'
    $ prefectl cloud login -k pnu_good -w acme/prod
    exit 0
    --- stdout
    Authenticated with Prefect Cloud! Using workspace 'acme/prod'.
    $ prefectl cloud workspace ls
    exit 0
    --- stdout
    Workspaces:
      acme/dev
    * acme/prod
    * active workspace
    $ prefectl cloud workspace set --workspace acme/dev
    exit 0
    --- stdout
    Successfully set workspace to 'acme/dev' in profile 'ephemeral'.
    $ prefectl config view
    exit 0
    --- stdout
    🚀 you are connected to:
    http://127.0.0.1:[PORT]/account/[ID]/workspace/[ID]
    PREFECT_PROFILE='ephemeral'
    PREFECT_API_KEY='********' (from profile)
    PREFECT_API_URL='http://127.0.0.1:[PORT]/api/accounts/[ID]/workspaces/[ID]' (from profile)
    PREFECT_CLOUD_API_URL='http://127.0.0.1:[PORT]/api' (from env)
    PREFECT_HOME='[PREFECT_HOME]' (from env)
    PREFECT_SERVER_EPHEMERAL_ENABLED='true' (from profile)
    ");
    let file = sandbox.directory().with_file_name("prefect").join("profiles.toml");
    let text = fs::read_to_string(&file)?;
    assert!(text.contains("PREFECT_API_KEY = \"pnu_good\""), "{text}");
    Ok(())
}

#[test]
fn logout_removes_the_key_from_the_profile() -> Result<()> {
    let cloud = MockApi::cloud()?;
    let sandbox = sandbox(&cloud)?;
    sandbox.run("cloud login -k pnu_good -w acme/prod")?.success()?;
    let file = sandbox.directory().with_file_name("prefect").join("profiles.toml");
    let shown = session(&sandbox, &["cloud logout", "cloud logout"])?;
    assert_output!(shown, @r"
    $ prefectl cloud logout
    exit 0
    --- stdout
    Logged out from Prefect Cloud.
    $ prefectl cloud logout
    exit 2
    --- stderr
    error: Current profile is not logged into Prefect Cloud.
    ");
    assert!(!fs::read_to_string(&file)?.contains("pnu_good"));
    Ok(())
}

#[test]
fn login_does_not_store_a_rejected_key() -> Result<()> {
    let cloud = MockApi::cloud()?;
    let sandbox = sandbox(&cloud)?;
    let shown = session(
        &sandbox,
        &[
            "cloud login",
            "cloud login --key pnu_bad -w acme/dev",
            "cloud login --key pcu_old",
            "cloud login --key x",
        ],
    )?;
    assert_output!(shown, @r"
    $ prefectl cloud login
    exit 2
    --- stderr
    error: no API key
    help: pass --key, or set PREFECT_API_KEY
    $ prefectl cloud login --key pnu_bad -w acme/dev
    exit 5
    --- stderr
    error: Unable to authenticate with Prefect Cloud. Please ensure your credentials are correct and unexpired.
    $ prefectl cloud login --key pcu_old
    exit 5
    --- stderr
    error: Unable to authenticate with Prefect Cloud. This looks like a key of Cloud 1 (https://cloud.prefect.io). Create a key at https://app.prefect.cloud.
    $ prefectl cloud login --key x
    exit 5
    --- stderr
    error: Unable to authenticate with Prefect Cloud. Your key is not in our expected format: 'pnu_' or 'pnb_'.
    ");
    let other = sandbox.variable("PREFECT_API_KEY", "pnu_other").run("cloud login --key pnu_good")?;
    assert_output!(other, @r"
    exit 2
    --- stderr
    error: Cannot log in with a key when a different PREFECT_API_KEY is present as an environment variable that will override it.
    ");
    Ok(())
}
