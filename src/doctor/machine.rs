//! Checks the Docker engine, the image builder, the registry credentials and Python on this machine.

use std::collections::BTreeSet;

use super::{Check, Subject};
use crate::{
    docker::{buildkit::BuildKitProgram, config::Config, engine::Engine, reference::registry_of},
    interpreter::{self, Search, SearchScope},
    process,
    project::{Project, StepList},
    steps::{Section, registry::find as step_entry},
    value::{Mapping, Value},
};

/// Steps that require a Docker engine.
const DOCKER_STEPS: [&str; 2] = ["build_docker_image", "push_docker_image"];

/// Checks the Docker engine, the image builder and the registry credentials. The checks only fail if the
/// project builds or pushes images.
pub(super) async fn docker(subject: &Subject<'_>) -> Vec<Check> {
    let steps: Vec<_> = subject.projects().iter().flat_map(|loaded| steps(&loaded.project)).collect();
    let images: Vec<&Mapping> = steps
        .iter()
        .filter(|(name, _)| DOCKER_STEPS.iter().any(|step| name.ends_with(step)))
        .map(|(_, inputs)| inputs)
        .collect();
    let is_needed = !images.is_empty();
    let problem = |detail: String, fix: &str| {
        if is_needed { Check::failed("docker", detail, fix) } else { Check::warning("docker", detail, fix) }
    };
    let config = match Config::load(subject.environment) {
        Ok(config) => config,
        Err(error) => return vec![problem(error.to_string(), "correct Docker's config.json")],
    };
    let engine = match Engine::connect(subject.environment, &config).await {
        Ok(engine) => Check::ok("docker", format!("Docker engine running at {}", engine.address)),
        Err(_) if !is_needed => Check::skipped("docker", "not running; the project does not require it"),
        Err(error) => {
            problem(error.to_string().replace('\n', " "), "start Docker or Podman, or set DOCKER_HOST")
        }
    };
    vec![engine, builder(subject, &images).await, logins(&config, &images)]
}

/// Checks the image builder. Builds that use secrets, caches or multiple platforms require BuildKit. Other
/// builds only require a Docker engine.
async fn builder(subject: &Subject<'_>, images: &[&Mapping]) -> Check {
    let environment = process::environment_outside(subject.environment, subject.directory);
    match BuildKitProgram::find(subject.directory, &environment).await {
        Ok(BuildKitProgram::Buildx) => Check::ok("builder", "docker buildx is available"),
        Ok(BuildKitProgram::DockerBuild) => Check::ok("builder", "docker build with BuildKit is available"),
        Err(error) => {
            let requires_buildkit = |inputs: &&Mapping| {
                ["backend", "build_backend"]
                    .iter()
                    .filter_map(|key| inputs.get(*key).and_then(Value::as_str))
                    .any(|backend| matches!(backend, "buildx" | "buildkit"))
            };
            let detail = error.to_string().replace('\n', " ");
            if images.iter().any(requires_buildkit) {
                let fix = "install docker buildx, for example from the package docker-buildx-plugin";
                Check::failed("builder", detail, fix)
            } else {
                Check::skipped(
                    "builder",
                    format!("BuildKit is not available; using the builder of the Docker engine: {detail}"),
                )
            }
        }
    }
}

/// Checks that `docker login` has stored credentials for each registry that the project pushes to.
///
/// Credential helpers are reported but not run, because they are programs that return secrets.
fn logins(config: &Config, images: &[&Mapping]) -> Check {
    let missing: Vec<&str> =
        registries(images).into_iter().filter(|registry| config.login_source(registry).is_none()).collect();
    if let Some(first) = missing.first() {
        let detail =
            format!("no credentials for {}, although the project pushes images there", missing.join(", "));
        return Check::warning(
            "registry",
            detail,
            format!("run `docker login {first}`, unless the registry accepts anonymous pushes"),
        );
    }
    let mut sources = config.login_sources();
    sources.sort_unstable();
    if sources.is_empty() {
        Check::skipped(
            "registry",
            "no registry credentials found; only registries that do not require authentication accept pushes",
        )
    } else {
        Check::ok("registry", format!("credentials found for {}", sources.join(", ")))
    }
}

/// Returns the registries of images with literal names. Ignores steps that contain credentials.
fn registries<'a>(images: &[&'a Mapping]) -> BTreeSet<&'a str> {
    let lacks_credentials = |inputs: &&&Mapping| inputs.get("credentials").is_none();
    let names =
        images.iter().filter(lacks_credentials).filter_map(|inputs| inputs.get("image_name")?.as_str());
    names.filter(|name| !name.contains("{{") && !name.contains("<<")).map(registry_of).collect()
}

/// Returns the names and inputs of all build and push steps in a project and its deployments.
fn steps(project: &Project) -> Vec<(String, Mapping)> {
    let deployment_sections = project
        .deployments
        .iter()
        .flat_map(|deployment| Section::LOCAL.map(|section| deployment.fields.steps(section)));
    let sections = deployment_sections.chain([project.build.clone(), project.push.clone()]);
    let steps = sections.flat_map(|section| match section {
        StepList::Steps(steps) => steps,
        StepList::Absent | StepList::Null => Vec::new(),
    });
    let named = steps.filter_map(|step| step.as_mapping().cloned()).flatten();
    named
        .filter_map(|(name, inputs)| Some((name.as_str()?.to_owned(), inputs.as_mapping()?.clone())))
        .collect()
}

/// Checks for a Python interpreter with Prefect installed. Python steps, some flows and a local server require it.
///
/// Does not run project code. Only inspects the files in the project's `.venv`.
pub(super) async fn python(subject: &Subject<'_>) -> Check {
    let search = |scope| Search {
        chosen: None,
        scope,
        environment: subject.environment,
        directory: subject.directory,
    };
    let found = match search(SearchScope::Selected).find(&["prefect"]).await {
        Ok(found) => Ok(found),
        Err(_) if interpreter::project_has_module("prefect", subject.directory) => {
            return Check::ok("python", "the project's .venv contains Prefect (doctor does not run it)");
        }
        Err(error) if search(SearchScope::Selected).is_chosen() => Err(error),
        Err(_) => search(SearchScope::Installed).find(&["prefect"]).await,
    };
    let error = match found {
        Ok(found) => {
            let (version, origin, program) = (found.version, found.origin, found.program);
            return Check::ok("python", format!("Python {version} with Prefect from {origin}: {program}"));
        }
        Err(error) => error.to_string().lines().map(str::trim).collect::<Vec<_>>().join("; "),
    };
    let mut steps = subject.projects().iter().flat_map(|loaded| steps(&loaded.project));
    let python_step = steps.find_map(|(name, _)| step_entry(&name).is_none().then_some(name));
    match python_step {
        Some(step) => Check::failed(
            "python",
            format!("required by the step {step}: {error}"),
            "install Prefect into the project's virtual environment, or set PREFECTL_PYTHON",
        ),
        None => Check::skipped("python", format!("{error}; not required by the project")),
    }
}
