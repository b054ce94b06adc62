//! Tests of the `profile` commands.

use std::fs;

use anyhow::Result;

use crate::{
    settings::profiles,
    support::{MockApi, Sandbox, assert_output, session},
};

const COMMANDS: [&str; 7] = [
    "profile ls",
    "profile create ci --from local",
    "profile create ci",
    "--profile ci config set PREFECT_API_KEY=pnu_1",
    "profile inspect ci",
    "profile inspect ci --show-secrets -o json",
    "profile inspect",
];

#[test]
fn creates_and_shows_profiles() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let shown = session(&sandbox, &COMMANDS)?;
    assert_output!(shown, @r#"
    $ prefectl profile ls
    exit 0
    --- stdout
    Available Profiles:

    (* marks the active profile)
    $ prefectl profile create ci --from local
    exit 0
    --- stdout

    Created profile with properties:
        name - 'ci'
        from name - local

    Use created profile for future, subsequent commands:
        prefectl profile use 'ci'

    Use created profile temporarily for a single command:
        prefectl -p 'ci' config view
    $ prefectl profile create ci
    exit 2
    --- stderr
    error: Profile 'ci' already exists.
    help: delete the existing profile before you create the new profile: prefectl profile delete 'ci'
    $ prefectl --profile ci config set PREFECT_API_KEY=pnu_1
    exit 0
    --- stdout
    Set 'PREFECT_API_KEY' to '********'.
    Updated profile 'ci'.
    $ prefectl profile inspect ci
    exit 0
    --- stdout
    PREFECT_API_URL='http://127.0.0.1:[PORT]/api'
    PREFECT_API_KEY='********'
    --- stderr
    secrets are masked; use --show-secrets to print them
    $ prefectl profile inspect ci --show-secrets -o json
    exit 0
    --- stdout
    {
      "PREFECT_API_URL": "http://127.0.0.1:[PORT]/api",
      "PREFECT_API_KEY": "pnu_1"
    }
    $ prefectl profile inspect
    exit 0
    --- stdout
    PREFECT_SERVER_EPHEMERAL_ENABLED='true'
    --- stderr
    No name provided, defaulting to 'ephemeral'
    "#);
    Ok(())
}

#[test]
fn renames_and_deletes_profiles() -> Result<()> {
    let sandbox = Sandbox::new()?;
    sandbox.run("profile create ci --from local")?.success()?;
    let shown = session(
        &sandbox,
        &[
            "profile create x --from nope",
            "profile rename ci pipeline",
            "-p pipeline profile delete pipeline",
            "profile ls -o json",
            "profile delete pipeline",
            "profile delete local",
            "profile delete pipeline",
        ],
    )?;
    assert_output!(shown, @r#"
    $ prefectl profile create x --from nope
    exit 2
    --- stderr
    error: Profile 'nope' not found.
    help: list the profiles with `prefectl profile ls`
    $ prefectl profile rename ci pipeline
    exit 0
    --- stdout
    Renamed profile 'ci' to 'pipeline'.
    $ prefectl -p pipeline profile delete pipeline
    exit 2
    --- stderr
    error: Profile 'pipeline' is the active profile. You must switch profiles before it can be deleted.
    $ prefectl profile ls -o json
    exit 0
    --- stdout
    [
      {
        "name": "pipeline",
        "active": false
      }
    ]
    $ prefectl profile delete pipeline
    exit 0
    --- stdout
    Removed profile 'pipeline'.
    $ prefectl profile delete local
    exit 2
    --- stderr
    error: profile 'local' is built in and cannot be deleted
    $ prefectl profile delete pipeline
    exit 2
    --- stderr
    error: Profile 'pipeline' not found.
    help: list the profiles with `prefectl profile ls`
    "#);
    Ok(())
}

/// Returns profiles whose servers accept the credentials, reject the credentials, or do not exist.
fn profiles_of(accepting: &str, refusing: &str) -> String {
    format!(
        "[profiles.good]\nPREFECT_API_URL = '{accepting}'\n[profiles.bad]\nPREFECT_API_URL = '{refusing}'\n\
         PREFECT_API_KEY = 'k'\n[profiles.gone]\nPREFECT_API_URL = 'http://127.0.0.1:1/api'\n[profiles.empty]\n"
    )
}

#[test]
fn use_checks_the_connection_of_the_profile() -> Result<()> {
    let api = MockApi::with_pool()?;
    let refusing = MockApi::answering(401, "Unauthorized")?;
    let sandbox = Sandbox::new()?;
    fs::write(profiles(&sandbox), profiles_of(&api.url(), &refusing.url()))?;
    let shown = session(
        &sandbox,
        &[
            "profile use good",
            "config view",
            "profile use bad",
            "profile use gone",
            "profile use empty",
            "profile use ephemeral",
            "profile use nope",
        ],
    )?;
    assert_output!(shown, @r"
    $ prefectl profile use good
    exit 0
    --- stdout
    Connected to Prefect server using profile 'good'
    --- stderr
    Checking API connectivity...
    $ prefectl config view
    exit 0
    --- stdout
    🚀 you are connected to:
    http://127.0.0.1:[PORT]
    PREFECT_PROFILE='good'
    PREFECT_API_URL='http://127.0.0.1:[PORT]/api' (from profile)
    PREFECT_HOME='[PREFECT_HOME]' (from env)
    $ prefectl profile use bad
    exit 5
    --- stderr
    Checking API connectivity...
    error: Error authenticating with Prefect server using profile 'bad': the Prefect API at http://127.0.0.1:[PORT]/api rejected the credentials (401 Unauthorized); check PREFECT_API_KEY or PREFECT_API_AUTH_STRING
    $ prefectl profile use gone
    exit 6
    --- stderr
    Checking API connectivity...
    error: Error connecting to Prefect server using profile 'gone': cannot reach the Prefect API at http://127.0.0.1:[PORT]/api: Connection refused (os error 111)
    help: check that the server is running and that PREFECT_API_URL is correct
    $ prefectl profile use empty
    exit 2
    --- stderr
    error: Prefect server URL not configured using profile 'empty' - please configure the server URL or enable ephemeral mode.
    $ prefectl profile use ephemeral
    exit 0
    --- stdout
    No Prefect server specified using profile 'ephemeral' - the API will run in ephemeral mode.
    $ prefectl profile use nope
    exit 2
    --- stderr
    error: Profile 'nope' not found.
    help: list the profiles with `prefectl profile ls`
    ");
    Ok(())
}
