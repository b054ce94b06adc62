//! Tests of `config` and `profile`: their output and the files they write.

use std::{fs, path::PathBuf};

use anyhow::Result;

use crate::support::{Sandbox, assert_output, session};

pub(crate) fn profiles(sandbox: &Sandbox) -> PathBuf {
    sandbox.directory().with_file_name("prefect").join("profiles.toml")
}

#[test]
fn sets_a_setting() -> Result<()> {
    let sandbox = Sandbox::new()?.variable("PREFECT_API_URL", "http://env/api");
    fs::write(
        profiles(&sandbox),
        "# mine\nactive = \"ci\"\n\n[profiles.ci]\nPREFECT_CLI_COLORS = false # no\n",
    )?;
    let set = sandbox.run(
        "config set PREFECT_API_KEY=pnu_secret PREFECT_DEFAULT_WORK_POOL_NAME=pool PREFECT_API_URL=http://x/api",
    )?;
    assert_output!(set, @r"
    exit 0
    --- stdout
    Set 'PREFECT_API_KEY' to '********'.
    Set 'PREFECT_DEFAULT_WORK_POOL_NAME' to 'pool'.
    Set 'PREFECT_API_URL' to 'http://x/api'.
    Updated profile 'ci'.
    --- stderr
    PREFECT_API_URL is also set by an environment variable which will override your config value. Run `unset PREFECT_API_URL` to clear it.
    ");
    insta::assert_snapshot!(fs::read_to_string(profiles(&sandbox))?, @r#"
    # mine
    active = "ci"

    [profiles.ci]
    PREFECT_CLI_COLORS = false # no
    PREFECT_API_KEY = "pnu_secret"
    PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME = "pool"
    PREFECT_API_URL = "http://x/api"
    "#);
    Ok(())
}

/// A file with the active profile `ci`.
const PROFILE: &str = "active = \"ci\"\n\n[profiles.ci]\nPREFECT_CLI_COLORS = false\nPREFECT_API_KEY = \"pnu_secret\"\n\
 PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME = \"pool\"\nPREFECT_API_URL = \"http://x/api\"\n";

#[test]
fn shows_settings() -> Result<()> {
    let sandbox = Sandbox::new()?.variable("PREFECT_API_URL", "http://env/api");
    fs::write(profiles(&sandbox), PROFILE)?;
    let shown = session(&sandbox, &["config view", "config view --show-secrets --hide-sources -o json"])?;
    assert_output!(shown, @r#"
    $ prefectl config view
    exit 0
    --- stdout
    🚀 you are connected to:
    http://env
    PREFECT_PROFILE='ci'
    PREFECT_API_KEY='********' (from profile)
    PREFECT_API_URL='http://env/api' (from env)
    PREFECT_CLI_COLORS='false' (from profile)
    PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME='pool' (from profile)
    PREFECT_HOME='[PREFECT_HOME]' (from env)
    $ prefectl config view --show-secrets --hide-sources -o json
    exit 0
    --- stdout
    {
      "schema": 1,
      "profile": "ci",
      "settings": [
        {
          "name": "PREFECT_API_KEY",
          "value": "pnu_secret"
        },
        {
          "name": "PREFECT_API_URL",
          "value": "http://env/api"
        },
        {
          "name": "PREFECT_CLI_COLORS",
          "value": "false"
        },
        {
          "name": "PREFECT_DEPLOYMENTS_DEFAULT_WORK_POOL_NAME",
          "value": "pool"
        },
        {
          "name": "PREFECT_HOME",
          "value": "[PREFECT_HOME]"
        }
      ],
      "ui_url": "http://env"
    }
    "#);
    let all = sandbox.run("config view --show-defaults")?.success()?;
    assert!(all.stdout.contains("\nPREFECT_CLIENT_MAX_RETRIES='5' (from defaults)\n"), "{all}");
    Ok(())
}

#[test]
fn unsets_a_setting() -> Result<()> {
    let sandbox = Sandbox::new()?;
    fs::write(profiles(&sandbox), PROFILE)?;
    let shown = session(
        &sandbox,
        &[
            "config unset PREFECT_API_KEY PREFECT_CLI_COLORS PREFECT_API_KEY",
            "config unset PREFECT_API_KEY",
            "config validate",
        ],
    )?;
    assert_output!(shown, @r"
    $ prefectl config unset PREFECT_API_KEY PREFECT_CLI_COLORS PREFECT_API_KEY
    exit 0
    --- stdout
    Unset 'PREFECT_API_KEY'.
    Unset 'PREFECT_CLI_COLORS'.
    Updated profile 'ci'.
    $ prefectl config unset PREFECT_API_KEY
    exit 2
    --- stderr
    error: 'PREFECT_API_KEY' is not set in profile 'ci'.
    $ prefectl config validate
    exit 0
    --- stdout
    Configuration valid!
    ");
    Ok(())
}

#[cfg(unix)]
#[test]
fn file_with_a_secret_is_readable_only_by_its_owner() -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new()?;
    fs::write(profiles(&sandbox), "")?;
    fs::set_permissions(profiles(&sandbox), fs::Permissions::from_mode(0o644))?;
    sandbox.run("config set PREFECT_API_KEY=pnu_1")?.success()?;
    assert_eq!(fs::metadata(profiles(&sandbox))?.permissions().mode() & 0o777, 0o600);
    Ok(())
}

#[test]
fn rejects_invalid_settings_without_writing() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let shown = session(
        &sandbox,
        &[
            "config set PREFECT_API_REQUEST_TIMEOUT=soon PREFECT_LOGGING_LEVEL=loud PREFECT_CLI_COLORS=yes",
            "config set PREFECT_API_KEY",
            "config set PREFECT_HOME=x",
            "config set API_URL=x",
        ],
    )?;
    assert_output!(shown, @r"
    $ prefectl config set PREFECT_API_REQUEST_TIMEOUT=soon PREFECT_LOGGING_LEVEL=loud PREFECT_CLI_COLORS=yes
    exit 2
    --- stderr
    error: Validation error(s) for setting PREFECT_API_REQUEST_TIMEOUT: Input should be a valid number, unable to parse string as a number
      Validation error(s) for setting PREFECT_LOGGING_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'
    $ prefectl config set PREFECT_API_KEY
    exit 2
    --- stderr
    error: Failed to parse an argument. Use the format 'VAR=VAL'.
    $ prefectl config set PREFECT_HOME=x
    exit 2
    --- stderr
    error: Setting 'PREFECT_HOME' cannot be changed with this command. Use an environment variable instead.
    $ prefectl config set API_URL=x
    exit 2
    --- stderr
    error: Unknown setting name 'API_URL'.
    help: run `prefectl config view --show-defaults` to list all settings
    ");
    assert!(!profiles(&sandbox).exists());
    fs::write(
        profiles(&sandbox),
        "[profiles.ephemeral]\nPREFECT_CLI_WRAP_LINES = 'perhaps'\nPREFECT_OLD = 1\n",
    )?;
    let shown = session(&sandbox, &["config validate"])?;
    assert_output!(shown, @r"
    $ prefectl config validate
    exit 2
    --- stderr
    warning[unknown-setting]: unknown setting is ignored: PREFECT_OLD (from profile)
    error: Validation error(s) for setting PREFECT_CLI_WRAP_LINES: Input should be a valid boolean, unable to interpret input
    ");
    Ok(())
}

#[test]
fn accepts_unknown_prefect_settings_with_a_warning() -> Result<()> {
    let sandbox = Sandbox::new()?;
    let commands = [
        "config set PREFECT_API_URI=x PREFECT_NEXT_TOKEN=secret",
        "config unset PREFECT_API_URI --yes",
        "config unset PREFECT_API_URI --yes",
    ];
    let shown = session(&sandbox, &commands)?;
    assert_output!(shown, @r"
    $ prefectl config set PREFECT_API_URI=x PREFECT_NEXT_TOKEN=secret
    exit 0
    --- stdout
    Set 'PREFECT_API_URI' to 'x'.
    Set 'PREFECT_NEXT_TOKEN' to '********'.
    Updated profile 'ephemeral'.
    --- stderr
    warning: Setting 'PREFECT_API_URI' is not recognized; did you mean PREFECT_API_URL?
    warning: Setting 'PREFECT_NEXT_TOKEN' is not recognized; run `prefectl config view --show-defaults` to list all settings
    $ prefectl config unset PREFECT_API_URI --yes
    exit 0
    --- stdout
    Unset 'PREFECT_API_URI'.
    Updated profile 'ephemeral'.
    --- stderr
    warning[unknown-setting]: unknown settings are ignored: PREFECT_API_URI (from profile), PREFECT_NEXT_TOKEN (from profile)
    help: did you mean PREFECT_API_URL?
    $ prefectl config unset PREFECT_API_URI --yes
    exit 2
    --- stderr
    warning[unknown-setting]: unknown setting is ignored: PREFECT_NEXT_TOKEN (from profile)
    error: 'PREFECT_API_URI' is not set in profile 'ephemeral'.
    ");
    Ok(())
}

#[test]
fn one_warning_lists_the_unknown_settings_of_all_sources() -> Result<()> {
    let sandbox = Sandbox::new()?
        .variable("PREFECT_NEXT_YEAR", "secret-1")
        .variable("PREFECT__FLOW_RUN_ID", "x")
        .variable("PREFECT_REDIS_MESSAGING_HOST", "redis");
    let files = [
        (".env", "PREFECT_NEXT_MONTH=secret-2\nOTHER=1\n"),
        ("prefect.toml", "[api]\nrequest_timeout = 3\nnext_week = 'secret-3'\n"),
        ("pyproject.toml", "[tool.other]\nx = 1\n[tool.prefect]\nnext_day = 'secret-4'\n"),
    ];
    for (name, text) in files {
        fs::write(sandbox.directory().join(name), text)?;
    }
    fs::write(profiles(&sandbox), "[profiles.ephemeral]\nPREFECT_NEXT_HOUR = 'secret-5'\n")?;
    let shown = session(&sandbox, &["config view --hide-sources -o json"])?;
    assert_output!(shown, @r#"
    $ prefectl config view --hide-sources -o json
    exit 0
    --- stdout
    {
      "schema": 1,
      "profile": "ephemeral",
      "settings": [
        {
          "name": "PREFECT_API_REQUEST_TIMEOUT",
          "value": "3"
        },
        {
          "name": "PREFECT_HOME",
          "value": "[PREFECT_HOME]"
        },
        {
          "name": "PREFECT_SERVER_EPHEMERAL_ENABLED",
          "value": "true"
        }
      ]
    }
    --- stderr
    warning[unknown-setting]: unknown settings are ignored: PREFECT_NEXT_YEAR (from env), PREFECT_NEXT_MONTH (from .env file), api.next_week (from prefect.toml), next_day (from pyproject.toml), PREFECT_NEXT_HOUR (from profile)
    "#);
    Ok(())
}

#[test]
fn check_applies_the_default_namespace_of_images() -> Result<()> {
    let setting = "PREFECT_DEPLOYMENTS_DEFAULT_DOCKER_BUILD_NAMESPACE";
    let sandbox = Sandbox::new()?.variable(setting, "team");
    let deployment = |name: &str, image: &str, target: &str| {
        format!(
            "- name: {name}
  entrypoint: flow.py:hello
  work_pool: {{name: p}}
  pull: []
  build: [{{prefect_docker.deployments.steps.build_docker_image: {{image_name: {image}, tag: t, target: {target}}}}}]
"
        )
    };
    let (first, second) = (deployment("a", "app", "x"), deployment("b", "team/app", "y"));
    sandbox.file("Dockerfile", "FROM scratch\n")?;
    sandbox.file("prefect.yaml", format!("deployments:\n{first}{second}"))?;
    let output = sandbox.run("check")?;
    let expected = "image 'team/app:t' is already built from other inputs in prefect.yaml:6";
    assert!(output.code == 2 && output.stderr.contains(expected), "{output}");
    Ok(())
}
