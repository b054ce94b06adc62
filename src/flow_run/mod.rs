//! Creates flow runs from deployments, and watches, finds and cancels flow runs.

mod arguments;
mod name_format;
mod parameters;
mod report;
pub(crate) mod runs;
mod watch;

use std::{collections::BTreeSet, io::Read};

use jiff::Timestamp;
use uuid::Uuid;

use self::parameters::ParameterError;
pub(crate) use self::{
    arguments::ArgumentError,
    name_format::NameError,
    report::relative,
    watch::{RunEnd, WatchEvent, WatchOptions, Watched, watch},
};
use crate::{
    api::{ApiError, Client, Deployment, FlowRun, JsonObject, NewFlowRun, StateType},
    clock::Clock,
    deployment::{self, DeploymentError, NamedDeployment},
    diagnostics::{Code, Diagnostic},
    progress::Progress,
    python,
};

/// Options of `deployment run`.
#[derive(Debug, Clone, Default)]
pub(crate) struct RunOptions {
    /// Names of deployments, as `flow/deployment`, or patterns such as `flow/*`.
    pub(crate) names: Vec<String>,
    pub(crate) id: Option<Uuid>,
    /// Values of `--param`: `key=value`.
    pub(crate) param: Vec<String>,
    /// Value of `--params`: JSON, `-` for stdin, or `@file`.
    pub(crate) params: Option<String>,
    /// Values of `--job-variable`: `key=value`.
    pub(crate) job_variable: Vec<String>,
    pub(crate) tags: Vec<String>,
    /// Name of the run. Parameter names in braces are replaced by their values.
    pub(crate) flow_run_name: Option<String>,
    /// Start time. `None` means now.
    pub(crate) start: Option<Timestamp>,
}

/// The error returned if a run cannot be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateRunError {
    #[error("Must provide a deployed flow's name or id")]
    NoDeployment,
    #[error("Only provide a deployed flow's name or id")]
    NameAndId,
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    #[error(transparent)]
    Parameters(#[from] ParameterError),
    #[error(transparent)]
    RunName(#[from] NameError),
    #[error(transparent)]
    Argument(#[from] ArgumentError),
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// A validated run that has not been created yet.
#[derive(Debug)]
pub(crate) struct PreparedRun {
    deployment: NamedDeployment,
    run: NewFlowRun,
    /// Whether the user specified a start time.
    is_delayed: bool,
}

/// A created run.
#[derive(Debug)]
pub(crate) struct CreatedRun {
    /// Deployment name, as `flow/deployment`.
    pub(crate) deployment: String,
    pub(crate) run: FlowRun,
    pub(crate) scheduled_time: Timestamp,
    is_delayed: bool,
}

/// Parses the arguments, finds the deployments, and validates each run's parameters. Does not create any run.
///
/// Reads `input` if the value of `--params` is `-`.
pub(crate) async fn prepare(
    client: &Client,
    clock: &Clock,
    progress: &dyn Progress,
    options: &RunOptions,
    input: &mut (dyn Read + Send),
) -> Result<Vec<PreparedRun>, CreateRunError> {
    match (options.names.as_slice(), options.id) {
        ([], None) => return Err(CreateRunError::NoDeployment),
        ([_, ..], Some(_)) => return Err(CreateRunError::NameAndId),
        _ => {}
    }
    for name in &options.names {
        deployment::split_name(name)?;
    }
    let given = merge_parameters(options, progress, input)?;
    let job_variables = job_variables(&options.job_variable)?;
    let deployments = match options.id {
        Some(id) => vec![deployment::find_by_id(client, id).await?],
        None => deployment::find_all(client, &options.names).await?,
    };
    let scheduled_time = options.start.unwrap_or_else(|| clock.now());
    let prepare = |deployment: NamedDeployment| {
        parameters::check(&deployment.deployment, &given)?;
        let run = NewFlowRun {
            scheduled_time,
            name: run_name(options, &deployment.deployment, &given)?,
            parameters: given.clone(),
            tags: options.tags.clone(),
            job_variables: job_variables.clone(),
            idempotency_key: Uuid::new_v4().to_string(),
        };
        Ok(PreparedRun { deployment, run, is_delayed: options.start.is_some() })
    };
    deployments.into_iter().map(prepare).collect()
}

/// Returns the run name with parameter values inserted, or `None` if the options do not specify a name.
fn run_name(
    options: &RunOptions,
    deployment: &Deployment,
    given: &JsonObject,
) -> Result<Option<String>, NameError> {
    let Some(template) = &options.flow_run_name else { return Ok(None) };
    let mut values = deployment.parameters.clone();
    values.extend(given.clone());
    name_format::format(template, &values).map(Some)
}

impl PreparedRun {
    /// Returns the message that is printed before the run is created.
    pub(crate) fn announcement(&self) -> String {
        format!("Creating flow run for deployment '{}'...", self.deployment.full_name())
    }

    /// Returns the name of the deployment's work pool.
    pub(crate) fn work_pool(&self) -> Option<&str> {
        self.deployment.deployment.work_pool_name.as_deref()
    }

    /// Creates the run. An idempotency key prevents a retried request from creating a second run.
    pub(crate) async fn create(&self, client: &Client) -> Result<CreatedRun, CreateRunError> {
        let run = client.create_flow_run(self.deployment.deployment.id, &self.run).await?;
        Ok(CreatedRun {
            deployment: self.deployment.full_name(),
            run,
            scheduled_time: self.run.scheduled_time,
            is_delayed: self.is_delayed,
        })
    }
}

/// Parses the `KEY=VALUE` arguments of `--job-variable`.
pub(crate) fn job_variables(arguments: &[String]) -> Result<JsonObject, ArgumentError> {
    arguments::key_values(arguments, "job variable")
}

/// Merges the parameters from `--param` and `--params`. If both options set a parameter, `--param` takes precedence and
/// a warning is reported.
fn merge_parameters(
    options: &RunOptions,
    progress: &dyn Progress,
    input: &mut (dyn Read + Send),
) -> Result<JsonObject, CreateRunError> {
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

/// Returns a state name in the server's capitalization, such as `Late` for `late`. Returns unknown names unchanged.
pub(crate) fn state_name(name: &str) -> String {
    let known = STATE_NAMES.iter().find(|known| known.eq_ignore_ascii_case(name));
    known.map_or_else(|| name.to_owned(), |known| (*known).to_owned())
}

/// Names of the states that Prefect defines.
pub(crate) const STATE_NAMES: [&str; 13] = [
    "Scheduled",
    "Pending",
    "Running",
    "Completed",
    "Failed",
    "Cancelled",
    "Crashed",
    "Paused",
    "Cancelling",
    "Suspended",
    "AwaitingRetry",
    "Retrying",
    "Late",
];

/// Returns the time when a run is scheduled to start, or the time when it entered its current state.
pub(crate) fn when(run: &FlowRun) -> Option<Timestamp> {
    let state = run.state.as_ref()?;
    match state.kind {
        StateType::Scheduled => run.expected_start_time.or(Some(state.timestamp)),
        _ => Some(state.timestamp),
    }
}

#[cfg(test)]
mod tests;
