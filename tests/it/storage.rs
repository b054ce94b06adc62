//! Tests of object storage steps with servers that implement the APIs of S3, Google Cloud Storage and Azure.

use anyhow::Result;

use crate::support::{Sandbox, required_env};

/// Returns a project that pushes its code to a store and pulls it from there.
fn project(push: &str, pull: &str, inputs: &str) -> String {
    format!(
        "push:
- {push}: {{folder: code-UNIQUE, {inputs}}}
pull:
- {pull}: {{id: code, folder: code-UNIQUE, {inputs}}}
deployments:
- {{name: one, entrypoint: 'flow.py:hello', work_pool: {{name: pool}}}}
"
    )
}

fn sandbox() -> Result<Sandbox> {
    let sandbox = Sandbox::new()?
        .variable("AWS_ACCESS_KEY_ID", "testing")
        .variable("AWS_SECRET_ACCESS_KEY", "testing")
        .variable("AWS_DEFAULT_REGION", "us-east-1");
    sandbox.file(".prefectignore", "*.log\n.prefectignore\nprefect.yaml\n")?;
    sandbox.file("noise.log", "left out")?;
    sandbox.file("data/é %.txt", "odd name")?;
    sandbox.file("data/empty", "")?;
    sandbox.file("data/large", "0123456789".repeat(1_700_000))?;
    Ok(sandbox)
}

/// Pushes twice, changes a file, pushes again, and pulls the code as a worker would.
fn there_and_back(sandbox: &Sandbox) -> Result<()> {
    for (copied, unchanged) in [(4, 0), (0, 4)] {
        let output = sandbox.run("steps run --push -n one")?.success()?;
        let summary = format!("{copied} copied, {unchanged} unchanged");
        assert!(output.stderr.contains(&summary), "{output}");
    }
    sandbox.file("data/empty", "no more")?;
    let output = sandbox.run("steps run --push -n one")?.success()?;
    assert!(output.stderr.contains("1 copied, 3 unchanged"), "{output}");

    let output = sandbox.run("steps run --pull -n one --into pulled --output json")?.success()?;
    let pull = output.json()?["deployments"][0]["pull"].take();
    assert_eq!(pull["status"], "verified", "{output}");
    // The reference's S3 steps append a slash.
    let folder = pull["outputs"]["code"]["folder"].as_str().unwrap_or_default().trim_end_matches('/');
    assert_eq!(folder, sandbox.unique("code-UNIQUE"), "{output}");
    for file in ["flow.py", "data/é %.txt", "data/empty", "data/large"] {
        assert!(sandbox.read(file)? == sandbox.read(&format!("pulled/{file}"))?, "{file}");
    }
    for absent in ["pulled/noise.log", "pulled/prefect.yaml"] {
        assert!(!sandbox.directory().join(absent).exists(), "{absent}");
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn pushes_to_and_pulls_from_s3() -> Result<()> {
    let url = required_env("PREFECTL_TEST_S3")?;
    let sandbox = sandbox()?;
    let inputs = format!("bucket: prefectl, client_parameters: {{endpoint_url: '{url}'}}");
    let [push, pull] =
        ["push_to_s3", "pull_from_s3"].map(|name| format!("prefect_aws.deployments.steps.{name}"));
    sandbox.file("prefect.yaml", project(&push, &pull, &inputs))?;
    there_and_back(&sandbox)?;

    // A pull by URL finds the same files.
    let remote = format!(
        "pull:
- prefect.deployments.steps.pull_from_remote_storage:
    url: s3://prefectl/code-UNIQUE
    client_kwargs: {{endpoint_url: '{url}'}}
deployments:
- {{name: one, entrypoint: 'flow.py:hello', work_pool: {{name: pool}}}}
"
    );
    sandbox.file("prefect.yaml", remote)?;
    sandbox.run("steps run --pull -n one --into by-url")?.success()?;
    assert_eq!(sandbox.read(&sandbox.unique("by-url/prefectl/code-UNIQUE/data/empty"))?, "no more");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn pushes_to_and_pulls_from_gcs() -> Result<()> {
    let url = required_env("PREFECTL_TEST_GCS")?;
    let sandbox = sandbox()?.variable("STORAGE_EMULATOR_HOST", url);
    let [push, pull] =
        ["push_to_gcs", "pull_from_gcs"].map(|name| format!("prefect_gcp.deployments.steps.{name}"));
    sandbox.file("prefect.yaml", project(&push, &pull, "bucket: prefectl, project: ours"))?;
    there_and_back(&sandbox)
}

#[test]
#[ignore = "needs services: run tests/run"]
fn pushes_to_and_pulls_from_azure() -> Result<()> {
    let connection = required_env("PREFECTL_TEST_AZURE")?;
    let sandbox = sandbox()?.variable("CONNECTION", connection.clone());
    let steps = ["push_to_azure_blob_storage", "pull_from_azure_blob_storage"];
    let [push, pull] = steps.map(|name| format!("prefect_azure.deployments.steps.{name}"));
    let inputs = "container: prefectl, credentials: {connection_string: '{{ $CONNECTION }}'}";
    sandbox.file("prefect.yaml", project(&push, &pull, inputs))?;
    there_and_back(&sandbox)?;

    let wrong = connection.replacen("AccountKey=Eby8", "AccountKey=AAAA", 1);
    let output = sandbox.variable("CONNECTION", wrong).run("steps run --push -n one")?;
    assert_eq!(output.code, 7, "{output}");
    let key =
        connection.split("AccountKey=").nth(1).and_then(|rest| rest.split(';').next()).unwrap_or_default();
    assert!(!output.stderr.contains(key.get(8..).unwrap_or(key)), "{output}");
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn pushes_the_files_of_each_deployment() -> Result<()> {
    let url = required_env("PREFECTL_TEST_S3")?;
    let sandbox = sandbox()?;
    let inputs = format!("bucket: prefectl, client_parameters: {{endpoint_url: '{url}'}}");
    // Each deployment replaces the same file before its push. The push `both` is written once.
    let deployment = |name: &str| {
        format!(
            "- name: {name}
  entrypoint: flow.py:hello
  work_pool: {{name: pool}}
  build:
  - prefect.deployments.steps.run_shell_script: {{script: cp {name}.yml settings.yml}}
  push:
  - *both
  - prefect_aws.deployments.steps.push_to_s3: {{folder: {name}-UNIQUE, {inputs}}}
  pull:
  - prefect_aws.deployments.steps.pull_from_s3: {{folder: {name}-UNIQUE, {inputs}}}
"
        )
    };
    let both = format!("{{prefect_aws.deployments.steps.push_to_s3: {{folder: both-UNIQUE, {inputs}}}}}");
    let deployments = ["a", "b"].map(deployment).concat();
    sandbox.file("prefect.yaml", format!("definitions:\n- &both {both}\ndeployments:\n{deployments}"))?;
    sandbox.file("a.yml", "of a")?;
    sandbox.file("b.yml", "of b")?;
    let output = sandbox.run("steps run --build --push --all")?.success()?;
    let pushes = |folder: &str| output.stderr.matches(&sandbox.unique(&format!("prefectl/{folder}"))).count();
    assert_eq!([pushes("both-UNIQUE"), pushes("a-UNIQUE"), pushes("b-UNIQUE")], [2, 1, 1], "{output}");
    for name in ["a", "b"] {
        sandbox.run(&format!("steps run --pull -n {name} --into pulled-{name}"))?.success()?;
        assert_eq!(sandbox.read(&format!("pulled-{name}/settings.yml"))?, format!("of {name}"));
    }
    Ok(())
}

#[test]
#[ignore = "needs services: run tests/run"]
fn pull_of_an_empty_folder_fails() -> Result<()> {
    let url = required_env("PREFECTL_TEST_S3")?;
    let sandbox = sandbox()?;
    let inputs = format!("bucket: prefectl, client_parameters: {{endpoint_url: '{url}'}}");
    let [push, pull] =
        ["push_to_s3", "pull_from_s3"].map(|name| format!("prefect_aws.deployments.steps.{name}"));
    sandbox.file("prefect.yaml", project(&push, &pull, &inputs))?;
    let output = sandbox.run("steps run --pull -n one --into pulled")?;
    assert!(output.code == 7 && output.stderr.contains("the folder 'code-"), "{output}");
    Ok(())
}
