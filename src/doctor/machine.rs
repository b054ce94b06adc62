//! What the machine has: a container engine, a builder, logins, a Python.

use std::collections::BTreeSet;

use super::{Check, Subject};
use crate::{
    docker::{
        auth::CredentialStore, buildkit::BuildKitProgram, config::Config, engine::Engine, error::DockerError,
        reference::registry_of,
    },
    interpreter::Search,
    project::{Project, Section},
    steps::registry::find as step_entry,
    value::{Mapping, Value},
};

/// The steps that need a container engine.
const DOCKER_STEPS: [&str; 2] = ["build_docker_image", "push_docker_image"];

/// The engine, the builder and the logins; a failure only if the project builds or pushes images.
pub(super) async fn docker(subject: &Subject<'_>) -> Vec<Check> {
    let steps =
        subject.project.as_ref().and_then(|project| project.as_ref().ok()).map(|project| steps(project));
    let images: Vec<&Mapping> = steps
        .iter()
        .flatten()
        .filter(|(name, _)| DOCKER_STEPS.iter().any(|step| name.ends_with(step)))
        .map(|(_, inputs)| inputs)
        .collect();
    let is_needed = !images.is_empty();
    let problem = |detail: String, fix: &str| {
        if is_needed { Check::failed("docker", detail, fix) } else { Check::warning("docker", detail, fix) }
    };
    let config = match Config::load(subject.environment) {
        Ok(config) => config,
        Err(error) => return vec![problem(error.to_string(), "mend Docker's config.json")],
    };
    let engine = match Engine::connect(subject.environment, &config).await {
        Ok(engine) => Check::ok("docker", format!("an engine answers at {}", engine.address)),
        Err(_) if !is_needed => {
            Check::skipped("docker", "no engine answers; no step of the project needs one")
        }
        Err(error) => {
            problem(error.to_string().replace('\n', " "), "start Docker or Podman, or set DOCKER_HOST")
        }
    };
    vec![engine, builder(subject, &images).await, logins(subject, &config, &images).await]
}

/// Builds with secrets, caches or several platforms need BuildKit; all others need the engine alone.
async fn builder(subject: &Subject<'_>, images: &[&Mapping]) -> Check {
    match BuildKitProgram::find(subject.directory, subject.environment).await {
        Ok(BuildKitProgram::Buildx) => Check::ok("builder", "docker buildx, and the engine's own"),
        Ok(BuildKitProgram::DockerBuild) => {
            Check::ok("builder", "docker build with BuildKit, and the engine's own")
        }
        Err(error) => {
            let asks = |inputs: &&Mapping| {
                ["backend", "build_backend"]
                    .iter()
                    .filter_map(|key| inputs.get(*key).and_then(Value::as_str))
                    .any(|backend| matches!(backend, "buildx" | "buildkit"))
            };
            let detail = error.to_string().replace('\n', " ");
            if images.iter().any(asks) {
                Check::failed("builder", detail, "install docker buildx (the package docker-buildx-plugin)")
            } else {
                Check::skipped("builder", format!("the engine's own alone: {detail}"))
            }
        }
    }
}

/// The logins that Docker knows, and whether there is one for each registry that the project pushes to.
async fn logins(subject: &Subject<'_>, config: &Config, images: &[&Mapping]) -> Check {
    const FIX: &str =
        "log in again with `docker login`, or correct the credential helper in Docker's config.json";
    let store = CredentialStore { config, environment: subject.environment };
    let mut missing = Vec::new();
    for registry in registries(images) {
        match store.get(registry).await {
            Ok(Some(_)) => {}
            Ok(None) => missing.push(registry),
            Err(error) => return trouble(&error, FIX),
        }
    }
    if let Some(first) = missing.first() {
        let detail = format!("no login for {}, to which the project pushes", missing.join(", "));
        let fix = format!("docker login {first}, unless it lets everybody in");
        return Check::warning("registry", detail, fix);
    }
    let (logins, troubles) = store.all().await;
    if let Some(error) = troubles.first() {
        return trouble(error, FIX);
    }
    let mut hosts: Vec<&str> = logins.keys().map(String::as_str).collect();
    hosts.sort_unstable();
    if hosts.is_empty() {
        Check::skipped("registry", "no logins: only registries that let everybody in can be pushed to")
    } else {
        Check::ok("registry", format!("logins for {}", hosts.join(", ")))
    }
}

fn trouble(error: &DockerError, fix: &str) -> Check {
    Check::warning("registry", error.to_string(), fix)
}

/// The registries of the images that the file names without templates, where the step has no login of its own.
fn registries<'a>(images: &[&'a Mapping]) -> BTreeSet<&'a str> {
    let is_open = |inputs: &&&Mapping| inputs.get("credentials").is_none();
    let names = images.iter().filter(is_open).filter_map(|inputs| inputs.get("image_name")?.as_str());
    names.filter(|name| !name.contains("{{") && !name.contains("<<")).map(registry_of).collect()
}

/// The build and push steps of a project and of its deployments: their names and inputs.
fn steps(project: &Project) -> Vec<(String, Mapping)> {
    let of_deployments = project
        .deployments
        .iter()
        .flat_map(|deployment| ["build", "push"].map(|section| Section::of(&deployment.fields, section)));
    let sections = of_deployments.chain([project.build.clone(), project.push.clone()]);
    let steps = sections.flat_map(|section| match section {
        Section::Steps(steps) => steps,
        Section::Absent | Section::Null => Vec::new(),
    });
    let named = steps.filter_map(|step| step.as_mapping().cloned()).flatten();
    named
        .filter_map(|(name, inputs)| Some((name.as_str()?.to_owned(), inputs.as_mapping()?.clone())))
        .collect()
}

/// Python is needed for steps and flows that ask it, and for a server of one's own.
pub(super) async fn python(subject: &Subject<'_>) -> Check {
    let search = Search { chosen: None, environment: subject.environment, directory: subject.directory };
    let error = match search.find(&["prefect"]).await {
        Ok(found) => {
            let (version, origin, program) = (found.version, found.origin, found.program);
            return Check::ok("python", format!("Python {version} with Prefect from {origin}: {program}"));
        }
        Err(error) => error.to_string().replace('\n', ";"),
    };
    let project = subject.project.as_ref().and_then(|project| project.as_ref().ok());
    let in_python = project.and_then(|project| {
        steps(project).into_iter().map(|(name, _)| name).find(|name| step_entry(name).is_none())
    });
    match in_python {
        Some(step) => Check::failed(
            "python",
            format!("the step {step} is written in Python, and {error}"),
            "install Prefect into the project's virtual environment, or set PREFECTL_PYTHON",
        ),
        None => Check::skipped("python", format!("{error}; a deploy does without")),
    }
}
