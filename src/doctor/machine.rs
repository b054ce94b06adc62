//! What the machine has: a container engine, a builder, logins, a Python.

use super::{Check, Subject};
use crate::{
    docker::{auth::CredentialStore, config::Config, engine::Engine},
    interpreter::Search,
    project::{Project, Section},
    value::Value,
};

/// The steps that need a container engine.
const DOCKER_STEPS: [&str; 2] = ["build_docker_image", "push_docker_image"];

/// The engine, the builder and the logins; a failure only if the project builds or pushes images.
pub(super) async fn docker(subject: &Subject<'_>) -> Vec<Check> {
    let is_needed = matches!(&subject.project, Some(Ok(project)) if builds_images(project));
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
    vec![engine, builder(subject), logins(subject, &config).await]
}

/// Builds with secrets, caches or several platforms need `buildx`; all others need the engine alone.
fn builder(subject: &Subject<'_>) -> Check {
    let path = subject.environment.get("PATH");
    if crate::process::find_on_path("docker", path, subject.directory).is_some() {
        Check::ok("builder", "the docker command line, for builds with buildx")
    } else {
        Check::skipped("builder", "no docker command line: the engine builds, without buildx")
    }
}

async fn logins(subject: &Subject<'_>, config: &Config) -> Check {
    let store = CredentialStore { config, environment: subject.environment };
    let (logins, troubles) = store.all().await;
    if let Some(trouble) = troubles.first() {
        let fix =
            "log in again with `docker login`, or correct the credential helper in Docker's config.json";
        return Check::warning("registry", trouble.to_string(), fix);
    }
    let mut hosts: Vec<&str> = logins.keys().map(String::as_str).collect();
    hosts.sort_unstable();
    if hosts.is_empty() {
        Check::skipped("registry", "no logins: only registries that let everybody in can be pushed to")
    } else {
        Check::ok("registry", format!("logins for {}", hosts.join(", ")))
    }
}

fn builds_images(project: &Project) -> bool {
    let of_deployments = project
        .deployments
        .iter()
        .flat_map(|deployment| ["build", "push"].map(|section| Section::of(&deployment.fields, section)));
    of_deployments.chain([project.build.clone(), project.push.clone()]).any(|section| {
        let Section::Steps(steps) = section else { return false };
        let names = steps.iter().filter_map(Value::as_mapping).flat_map(|step| step.keys());
        names.filter_map(Value::as_str).any(|name| DOCKER_STEPS.iter().any(|step| name.ends_with(step)))
    })
}

/// Python is needed for steps and flows that ask it, and for a server of one's own.
pub(super) async fn python(subject: &Subject<'_>) -> Check {
    let search = Search { chosen: None, environment: subject.environment, directory: subject.directory };
    match search.find(&["prefect"]).await {
        Ok(found) => Check::ok(
            "python",
            format!("Python {} with Prefect from {}: {}", found.version, found.origin, found.program),
        ),
        Err(error) => Check::skipped(
            "python",
            format!("{}; a deploy does without", error.to_string().replace('\n', ";")),
        ),
    }
}
