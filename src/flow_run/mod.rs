//! Flow runs of deployments: creates a run of a deployment, and follows it if asked.

mod arguments;
mod name_format;
mod report;
mod watch;

use std::{collections::BTreeSet, io::Read};

use jiff::Timestamp;
use uuid::Uuid;

use self::arguments::ArgumentError;
pub(crate) use self::{
    name_format::NameError,
    watch::{RunEnd, WatchEvent, WatchOptions, Watched, watch},
};
use crate::{
    api::{ApiError, Client, Deployment, FlowRun, JsonObject, NewFlowRun},
    clock::Clock,
    diagnostics::{Code, Diagnostic},
    progress::Progress,
    python,
};

/// What the command line says.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunOptions {
    /// `flow/deployment`.
    pub(crate) name: Option<String>,
    pub(crate) id: Option<Uuid>,
    /// `--param`: `key=value` each.
    pub(crate) param: Vec<String>,
    /// `--params`: JSON, `-` or `@file`.
    pub(crate) params: Option<String>,
    /// `--job-variable`: `key=value` each.
    pub(crate) job_variable: Vec<String>,
    pub(crate) tags: Vec<String>,
    /// May name parameters in braces.
    pub(crate) flow_run_name: Option<String>,
    /// When the run should start; now if absent.
    pub(crate) start: Option<Timestamp>,
}

/// Why no run was created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error("Must provide a deployed flow's name or id")]
    NoDeployment,
    #[error("Only provide a deployed flow's name or id")]
    NameAndId,
    #[error("Invalid deployment name format: '{0}'. Expected '<flow-name>/<deployment-name>'")]
    NameFormat(String),
    #[error("Deployment '{0}' not found!")]
    NotFound(String),
    #[error(
        "The following parameters were specified but not found on the deployment: {unknown}\n{available}"
    )]
    UnknownParameters { unknown: String, available: String },
    #[error(transparent)]
    RunName(#[from] NameError),
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// A run that is checked and ready to be created.
#[derive(Debug)]
pub(crate) struct PreparedRun {
    deployment: Deployment,
    flow_name: String,
    run: NewFlowRun,
    /// Whether a start was asked for.
    is_delayed: bool,
}

/// A run that exists.
#[derive(Debug)]
pub(crate) struct CreatedRun {
    pub(crate) run: FlowRun,
    pub(crate) scheduled_time: Timestamp,
    is_delayed: bool,
}

/// Which deployment is meant.
enum Wanted<'a> {
    Name { flow: &'a str, deployment: &'a str },
    Id(Uuid),
}

/// Reads the arguments, finds the deployment and checks the parameters against it. `input` is for `--params -`.
pub(crate) async fn prepare(
    client: &Client,
    clock: &Clock,
    progress: &dyn Progress,
    options: &RunOptions,
    input: &mut (dyn Read + Send),
) -> Result<PreparedRun, RunError> {
    let wanted = wanted(options)?;
    let parameters = merge_parameters(options, progress, input)?;
    let job_variables = arguments::key_values(&options.job_variable, "job variable")?;
    let (deployment, flow_name) = find(client, &wanted).await?;
    check_parameters(&deployment, &parameters)?;
    let name = match &options.flow_run_name {
        Some(template) => {
            let mut values = deployment.parameters.clone();
            values.extend(parameters.clone());
            Some(name_format::format(template, &values)?)
        }
        None => None,
    };
    let run = NewFlowRun {
        scheduled_time: options.start.unwrap_or_else(|| clock.now()),
        name,
        parameters,
        tags: options.tags.clone(),
        job_variables,
        idempotency_key: Uuid::new_v4().to_string(),
    };
    Ok(PreparedRun { deployment, flow_name, run, is_delayed: options.start.is_some() })
}

impl PreparedRun {
    /// The line to show before the run is created.
    pub(crate) fn announcement(&self) -> String {
        format!("Creating flow run for deployment '{}/{}'...", self.flow_name, self.deployment.name)
    }

    /// Creates the run; a repeated request makes no second one.
    pub(crate) async fn create(&self, client: &Client) -> Result<CreatedRun, RunError> {
        let run = client.create_flow_run(self.deployment.id, &self.run).await?;
        Ok(CreatedRun { run, scheduled_time: self.run.scheduled_time, is_delayed: self.is_delayed })
    }
}

fn wanted(options: &RunOptions) -> Result<Wanted<'_>, RunError> {
    match (options.name.as_deref(), options.id) {
        (None, None) => Err(RunError::NoDeployment),
        (Some(_), Some(_)) => Err(RunError::NameAndId),
        (None, Some(id)) => Ok(Wanted::Id(id)),
        (Some(name), None) => match name.split_once('/') {
            Some((flow, deployment)) if !deployment.contains('/') => Ok(Wanted::Name { flow, deployment }),
            _ => Err(RunError::NameFormat(name.to_owned())),
        },
    }
}

/// `--param` over `--params`.
fn merge_parameters(
    options: &RunOptions,
    progress: &dyn Progress,
    input: &mut (dyn Read + Send),
) -> Result<JsonObject, RunError> {
    let mut parameters = match options.params.as_deref() {
        Some(argument) if !argument.is_empty() => arguments::parameters(argument, input)?,
        _ => JsonObject::new(),
    };
    let single = arguments::key_values(&options.param, "parameter")?;
    let twice: BTreeSet<&str> =
        single.keys().filter(|key| parameters.contains_key(*key)).map(String::as_str).collect();
    if !twice.is_empty() {
        progress.warn(&Diagnostic::warning(
            Code::PARAMETER_GIVEN_TWICE,
            format!(
                "The following parameters were specified by `--param` and `--params`, \
                 the `--param` value will be used: {{{}}}",
                python::names(twice)
            ),
        ));
    }
    parameters.extend(single);
    Ok(parameters)
}

/// The deployment and the name of its flow.
async fn find(client: &Client, wanted: &Wanted<'_>) -> Result<(Deployment, String), RunError> {
    match *wanted {
        Wanted::Name { flow, deployment: name } => match client.deployment_by_name(flow, name).await? {
            Some(deployment) => Ok((deployment, flow.to_owned())),
            None => Err(RunError::NotFound(format!("{flow}/{name}"))),
        },
        Wanted::Id(id) => {
            let Some(deployment) = client.deployment(id).await? else {
                return Err(RunError::NotFound(id.to_string()));
            };
            let flow = client.flow(deployment.flow_id).await?;
            Ok((deployment, flow.map_or_else(String::new, |flow| flow.name)))
        }
    }
}

/// Every parameter must be one of the deployment's.
fn check_parameters(deployment: &Deployment, parameters: &JsonObject) -> Result<(), RunError> {
    let schema = deployment.parameter_openapi_schema.as_ref();
    let known = schema.and_then(|schema| schema.get("properties")?.as_object());
    let is_known = |name: &str| known.is_some_and(|known| known.contains_key(name));
    let unknown: Vec<&str> = parameters.keys().map(String::as_str).filter(|name| !is_known(name)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    let available = match known.filter(|known| !known.is_empty()) {
        Some(known) => format!(
            "The following parameters are available on the deployment: {}",
            python::names(known.keys().map(String::as_str))
        ),
        None => "This deployment does not accept parameters.".to_owned(),
    };
    Err(RunError::UnknownParameters { unknown: python::names(unknown), available })
}

#[cfg(test)]
mod tests;
