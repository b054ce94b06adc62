//! Secrets in the inputs of steps: credentials of repositories, registries and object stores.

use std::process::Command;

use anyhow::{Result, ensure};

use super::{
    super::{Proof, Scene, Shape, Source, source},
    project,
};

const PULL: &[&str] = &["check", "steps run --pull -n a"];
const DEPLOY: &[&str] = &["check", "deploy --all --output json", "deploy --all"];

/// Adds a deployment with the additional lines `lines`. `CANARY` is replaced with the secret. The connections of its
/// steps fail.
fn written(scene: Scene, secret: &str, lines: &str) -> Result<Scene> {
    scene
        .variable("AWS_EC2_METADATA_DISABLED", "true")
        .variable("DOCKER_HOST", "tcp://127.0.0.1:1")
        .file("prefect.yaml", &project(&lines.replace("CANARY", secret)))
}

fn clone(scene: Scene, secret: &str, inputs: &str) -> Result<Scene> {
    written(scene, secret, &format!("  pull:\n  - prefect.deployments.steps.git_clone: {inputs}"))
}

/// Adds a repository whose remote URL contains a login.
fn repository(mut scene: Scene, secret: &str) -> Result<Scene> {
    let url = format!("https://me:{secret}@git.invalid/a/b.git");
    for words in [
        &["init", "-q", "-b", "main"][..],
        &["remote", "add", "origin", &url],
        &["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "a"],
    ] {
        let status = Command::new("git").args(words).current_dir(scene.sandbox.directory()).status()?;
        ensure!(status.success(), "git {words:?}");
    }
    scene.planted.push(scene.sandbox.directory().join(".git/config").canonicalize()?);
    written(scene, secret, "  description: << git.remote >>")
}

pub(super) const SOURCES: &[Source] = &[
    source("the token of git_clone", (Shape::Plain, Proof::Refused), PULL, |scene, secret| {
        clone(scene, secret, "{repository: 'https://127.0.0.1:1/a/b.git', access_token: CANARY}")
    }),
    source("a login in the address of git_clone", (Shape::Plain, Proof::Refused), PULL, |scene, secret| {
        clone(scene, secret, "{repository: 'https://me:CANARY@127.0.0.1:1/a/b.git'}")
    }),
    source("a token for an unsafe address", (Shape::Plain, Proof::Refused), PULL, |scene, secret| {
        clone(scene, secret, "{repository: 'http://127.0.0.1:1/a/b.git', access_token: CANARY}")
    }),
    source(
        "a login in the remote of the repository",
        (Shape::Plain, Proof::Kept),
        &["check", "deploy --all --output json", "deploy --all --force"],
        repository,
    ),
    source("the secret key for S3", (Shape::Plain, Proof::Refused), DEPLOY, |scene, secret| {
        let step = "  push:\n  - prefect_aws.deployments.steps.push_to_s3:\n      bucket: b\n      folder: f\n      \
                    credentials: {aws_access_key_id: AKIA, aws_secret_access_key: CANARY, region_name: eu-west-1}\n      \
                    client_parameters: {endpoint_url: 'http://127.0.0.1:1'}";
        written(scene, secret, step)
    }),
    source("the connection string for Azure", (Shape::Plain, Proof::Refused), DEPLOY, |scene, secret| {
        let step = "  push:\n  - prefect_azure.deployments.steps.push_to_azure_blob_storage:\n      container: c\n      \
                    folder: f\n      credentials: {connection_string: 'DefaultEndpointsProtocol=http;\
                    AccountName=a;AccountKey=CANARY;BlobEndpoint=http://127.0.0.1:1/a'}";
        written(scene, secret, step)
    }),
    source("the service account for Google", (Shape::Plain, Proof::Refused), DEPLOY, |scene, secret| {
        let step = "  push:\n  - prefect_gcp.deployments.steps.push_to_gcs:\n      bucket: b\n      folder: f\n      \
                    credentials: {service_account_info: {type: service_account, private_key: CANARY, \
                    client_email: 'a@b', private_key_id: x}}";
        written(scene, secret, step)
    }),
    source("a build argument", (Shape::Plain, Proof::Refused), DEPLOY, |scene, secret| {
        let step = "  build:\n  - prefect_docker.deployments.steps.build_docker_image:\n      image_name: a\n      \
                    dockerfile: auto\n      buildargs: {TOKEN: CANARY}";
        written(scene, secret, step)
    }),
    source("the password of a registry", (Shape::Plain, Proof::Refused), DEPLOY, |scene, secret| {
        let step = "  push:\n  - prefect_docker.deployments.steps.push_docker_image:\n      image_name: a/b\n      \
                    credentials: {username: me, registry_url: registry.invalid, password: CANARY}";
        written(scene, secret, step)
    }),
];
