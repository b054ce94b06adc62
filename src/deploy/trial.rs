//! Steps run for their own sake: nothing is registered.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Failure, Surroundings, check,
    desired::Desired,
    examine,
    lookup::ApiLookup,
    prepare::Prepared,
    render,
    steps::{self, Sections},
    workspace::{self, Pulled, Stored},
};
use crate::{
    api::{Client, Deployment},
    diagnostics::{Code, Diagnostic},
    fs::FileError,
    pointer::Pointer,
    project::{Findings, Project},
    template::Resolver,
    value::{self, Mapping, Value},
};

/// Which steps to run.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sought {
    pub(crate) build: bool,
    pub(crate) push: bool,
    pub(crate) pull: bool,
    /// Where to pull to; a temporary directory if nowhere.
    pub(crate) into: Option<PathBuf>,
}

/// What the steps of a deployment gave.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) deployment: String,
    pub(crate) outputs: Mapping,
    pub(crate) pulled: Option<Found>,
}

/// What pull steps brought, and the flow in it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) pulled: Pulled,
    pub(crate) flow: Option<String>,
}

/// Runs steps of the deployments that the options pick, as a deploy would, or a worker.
///
/// # Errors
///
/// Anything that would end a deploy, a step that fails, or a flow that is not in what was pulled.
pub(crate) async fn run_steps(
    with: &Surroundings<'_>,
    client: Option<&Client>,
    sought: &Sought,
) -> Result<Vec<Trial>, Failure> {
    let loaded = examine::load(with)?;
    let project = &loaded.project;
    let mut findings = loaded.findings();
    let lookup = ApiLookup(client);
    let resolver = Resolver::new(&lookup, with.redactor.clone());
    let mut prepared = examine::prepare(project, with, &resolver, &mut findings).await?;
    for (_, sections) in &mut prepared {
        sections.build.retain(|_| sought.build);
        sections.push.retain(|_| sought.push);
        check::unset_inputs(sections, with.environment, &mut findings);
    }
    examine::stop_on_errors(&mut findings, with)?;
    if sought.into.is_some() && prepared.len() > 1 {
        return Err(only_one(prepared.len()));
    }
    let outputs = steps::run(&prepared, with, &resolver, &mut Vec::new()).await;
    let outputs = outputs.map_err(|failure| Failure::step(failure, project))?;
    let mut trials = Vec::new();
    for ((one, sections), outputs) in prepared.iter().zip(outputs) {
        let mut trial = Trial { deployment: one.full_name(), outputs, pulled: None };
        if sought.pull {
            let stored = would_be_stored(one, sections, &trial.outputs, with, &mut findings);
            examine::stop_on_errors(&mut findings, with)?;
            let Some(stored) = stored else { continue };
            let place = Workspace::new(sought.into.as_deref())?;
            let pulled = pull(&stored, place.path(), with, &resolver, Some(project)).await?;
            trial.pulled = Some(pulled);
        }
        trials.push(trial);
    }
    Ok(trials)
}

/// Runs the pull steps that the server has of a deployment.
///
/// # Errors
///
/// No such deployment, a step that fails, or a flow that is not in what was pulled.
pub(crate) async fn run_stored(
    names: &[String],
    with: &Surroundings<'_>,
    client: &Client,
    into: Option<&Path>,
) -> Result<Vec<Trial>, Failure> {
    if into.is_some() && names.len() > 1 {
        return Err(only_one(names.len()));
    }
    let lookup = ApiLookup(Some(client));
    let resolver = Resolver::new(&lookup, with.redactor.clone());
    let mut trials = Vec::new();
    for name in names {
        let missing = || usage(format!("there is no deployment '{name}' on the server; write FLOW/NAME"));
        let (flow, own) = name.split_once('/').ok_or_else(missing)?;
        let deployment = client.deployment_by_name(flow, own).await?.ok_or_else(missing)?;
        let place = Workspace::new(into)?;
        let found = pull(&stored(name, flow, &deployment), place.path(), with, &resolver, None).await?;
        let deployment = name.clone();
        trials.push(Trial { deployment, outputs: Mapping::new(), pulled: Some(found) });
    }
    Ok(trials)
}

/// Proves that workers will find the flows of these deployments: each distinct list of pull steps runs once.
///
/// # Errors
///
/// A step that fails, or all flows that are not in what was pulled.
pub(crate) async fn verify(
    stored: &[Stored],
    with: &Surroundings<'_>,
    resolver: &Resolver<'_>,
    project: &Project,
) -> Result<(), Failure> {
    let mut groups: BTreeMap<(String, bool), Vec<&Stored>> = BTreeMap::new();
    for one in stored {
        let steps = value::to_json(&Value::Sequence(one.steps.clone())).to_string();
        groups.entry((steps, one.has_image)).or_default().push(one);
    }
    let mut errors = Vec::new();
    for group in groups.values() {
        let Some(first) = group.first() else { continue };
        let place = Workspace::new(None)?;
        let pulled = workspace::pull(first, place.path(), with, resolver).await;
        match pulled.map_err(|failure| Failure::step(failure, project))? {
            Pulled::OutOfReach { reason } => {
                let message =
                    format!("the pull steps of '{}' cannot be verified here: {reason}", first.deployment);
                with.progress.warn(&Diagnostic::warning(Code::PULL_NOT_VERIFIED, message));
            }
            Pulled::Code { directory, .. } => {
                for one in group {
                    errors.extend(one.find_flow(&directory, with).err());
                    if let Some(warning) = one.is_older(&directory, with) {
                        with.progress.warn(&warning);
                    }
                }
            }
        }
    }
    if errors.is_empty() { Ok(()) } else { Err(Failure::Findings(errors)) }
}

/// Runs pull steps and looks for the flow.
async fn pull(
    stored: &Stored,
    workspace: &Path,
    with: &Surroundings<'_>,
    resolver: &Resolver<'_>,
    project: Option<&Project>,
) -> Result<Found, Failure> {
    with.progress.remark(&format!("Running {} deployment pull step(s)", stored.steps.len()));
    let nothing = Project::empty();
    let pulled = workspace::pull(stored, workspace, with, resolver).await;
    let pulled = pulled.map_err(|failure| Failure::step(failure, project.unwrap_or(&nothing)))?;
    let flow = match &pulled {
        Pulled::OutOfReach { .. } => None,
        Pulled::Code { directory, .. } => {
            let flow = stored
                .find_flow(directory, with)
                .map_err(|diagnostic| Failure::Findings(vec![diagnostic]))?;
            if let Some(warning) = project.and_then(|_| stored.is_older(directory, with)) {
                with.progress.warn(&warning);
            }
            Some(flow)
        }
    };
    Ok(Found { pulled, flow })
}

/// What a deploy would store of a deployment's way to its code.
fn would_be_stored(
    one: &Prepared,
    sections: &Sections,
    outputs: &Mapping,
    with: &Surroundings<'_>,
    findings: &mut Findings<'_>,
) -> Option<Stored> {
    let steps = render::pull_steps(one, sections, outputs, with, findings)?;
    let image = one.fields.get("work_pool").and_then(|pool| pool.get("job_variables")?.get("image"));
    Some(Stored {
        deployment: one.full_name(),
        entrypoint: one.text("entrypoint")?.to_owned(),
        flow_name: one.flow.as_ref().map(|flow| flow.name.clone()),
        steps: listed(steps.as_ref()),
        pointer: sections.pull_pointer.clone(),
        has_image: image.is_some_and(|image| !image.is_null()),
    })
}

/// What is about to be stored.
pub(super) fn of_desired(desired: &Desired, sections: &Sections) -> Stored {
    Stored {
        deployment: desired.full_name(),
        entrypoint: desired.entrypoint.clone(),
        flow_name: Some(desired.flow_name.clone()),
        steps: listed(desired.pull_steps.as_ref()),
        pointer: sections.pull_pointer.clone(),
        has_image: desired.job_variables.get("image").is_some_and(|image| !image.is_null()),
    }
}

/// What the server has stored.
fn stored(name: &str, flow: &str, deployment: &Deployment) -> Stored {
    let image = deployment.job_variables.get("image");
    Stored {
        deployment: name.to_owned(),
        entrypoint: deployment
            .raw
            .get("entrypoint")
            .and_then(|text| text.as_str())
            .unwrap_or_default()
            .into(),
        flow_name: Some(flow.to_owned()),
        steps: listed(deployment.raw.get("pull_steps")),
        pointer: Pointer::root().join("pull"),
        has_image: image.is_some_and(|image| !image.is_null()),
    }
}

/// Stored pull steps as values; none where there are none.
fn listed(steps: Option<&serde_json::Value>) -> Vec<Value> {
    let steps = steps.and_then(|steps| steps.as_array()).map(Vec::as_slice).unwrap_or_default();
    steps.iter().map(value::from_json).collect()
}

/// Where pull steps run.
enum Workspace {
    /// Goes away with its contents.
    Temporary(tempfile::TempDir),
    Kept(PathBuf),
}

impl Workspace {
    /// An empty directory: the one that is named, or a new one.
    fn new(into: Option<&Path>) -> Result<Self, Failure> {
        let Some(path) = into else {
            let made = tempfile::Builder::new().prefix("prefectl-pull-").tempdir();
            let failed = |error| {
                usage(FileError::new("make a directory in", &std::env::temp_dir(), error).to_string())
            };
            return made.map(Self::Temporary).map_err(failed);
        };
        let made = fs::create_dir_all(path).and_then(|()| path.canonicalize());
        let made = made.map_err(|error| usage(FileError::new("make", path, error).to_string()))?;
        let is_empty =
            |entries: io::Result<fs::ReadDir>| entries.is_ok_and(|mut entries| entries.next().is_none());
        if is_empty(fs::read_dir(&made)) {
            Ok(Self::Kept(made))
        } else {
            Err(usage(format!(
                "the directory {} is not empty: a worker starts in an empty one",
                path.display()
            )))
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Temporary(directory) => directory.path(),
            Self::Kept(path) => path,
        }
    }
}

fn only_one(count: usize) -> Failure {
    usage(format!("--into is for one deployment, not for {count}"))
}

fn usage(message: impl Into<String>) -> Failure {
    Failure::Findings(vec![Diagnostic::error(Code::OPTIONS, message.into())])
}
