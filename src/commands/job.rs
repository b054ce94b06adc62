//! `prefectl job`.

use serde_json::Value;
use uuid::Uuid;

use super::{Context, connection};
use crate::{
    cli::{JobCommand, OutputFormat, PreviewArguments},
    deployment,
    diagnostics::{Code, Diagnostic},
    error::{CommandError, Exit},
    escape, flow_run,
    job::{self, JobError, Run, Subject},
    json_schema::{self, Nullable},
    progress::Progress as _,
    work_pool,
};

pub(super) async fn run(command: JobCommand, context: &Context) -> Result<Exit, CommandError> {
    match command {
        JobCommand::Preview(arguments) => preview(&arguments, context).await,
    }
}

async fn preview(arguments: &PreviewArguments, context: &Context) -> Result<Exit, CommandError> {
    let job_variables = flow_run::job_variables(&arguments.job_variable).map_err(CommandError::usage)?;
    let client = connection::client(context)?;
    let found = deployment::find(&client, &arguments.name).await?;
    let Some(pool) = &found.deployment.work_pool_name else {
        let message = format!("deployment '{}' has no work pool", arguments.name);
        return Err(CommandError::new(Exit::Failed, message));
    };
    let pool = work_pool::find(&client, pool).await?;
    let schema = pool.base_job_template.get("variables").filter(|schema| schema.is_object());
    let given = Value::Object(job_variables.clone());
    for problem in
        schema.map(|schema| json_schema::violations(&given, schema, Nullable::All)).unwrap_or_default()
    {
        let message = format!(
            "invalid job variable '{}' for work pool '{}': {}",
            problem.path.join("."),
            pool.name,
            problem.message
        );
        context.ui.warn(&Diagnostic::warning(Code::JOB_VARIABLE_TYPE, message));
    }
    let version = client.capabilities().await?.version();
    let run = Run { id: Uuid::nil().to_string(), name: "example-run".to_owned(), job_variables };
    let subject = Subject {
        pool: &pool,
        deployment: &found.deployment,
        flow_name: &found.flow,
        run,
        version: version.unwrap_or("3"),
    };
    let job = job::prepare(&subject)?.submitted();
    if arguments.output.output == OutputFormat::Text {
        let subject =
            format!("a run of '{}' in work pool '{}' of type {}", arguments.name, pool.name, pool.kind);
        context.ui.result(&format!(
            "# Job for {}. The ID and name of the run are examples. The worker\n# adds its own settings, such as \
             PREFECT_API_URL, to the environment.",
            escape::line(&subject)
        ));
    }
    context.show_object(arguments.output, job.as_object().cloned().unwrap_or_default())?;
    Ok(Exit::Done)
}

impl From<JobError> for CommandError {
    fn from(error: JobError) -> Self {
        Self::new(Exit::Failed, error).help("inspect the base job template with `prefectl work-pool inspect`")
    }
}
