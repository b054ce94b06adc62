//! `prefectl worker`.

use jiff::Timestamp;
use serde_json::json;

use super::{Context, connection};
use crate::{
    api::NamedObject,
    cli::{ValuesArguments, WorkerCommand},
    diagnostics::{Code, Diagnostic},
    error::{CommandError, Exit},
    flow_run,
    progress::Progress as _,
    ui::Caption,
    work_pool::{self, WorkerApi, WorkerValues},
};

pub(super) async fn run(command: WorkerCommand, context: &Context) -> Result<Exit, CommandError> {
    match command {
        WorkerCommand::Ls { pool, output } => {
            let client = connection::client(context)?;
            work_pool::find(&client, &pool).await?;
            let workers = client.workers(&pool).await?;
            let now = context.clock.now();
            context.show(
                output,
                || {
                    context.ui.table(
                        Caption::new("Workers"),
                        ["Name", "Status", "Last Heartbeat", "ID"],
                        workers.iter().map(|worker| row(worker, now)),
                    )
                },
                || workers.iter().map(|worker| json!(worker.raw)).collect(),
            );
        }
        WorkerCommand::Values(arguments) => values(arguments, context).await?,
    }
    Ok(Exit::Done)
}

fn row(worker: &NamedObject, now: Timestamp) -> [String; 4] {
    let heartbeat: Option<Timestamp> = worker.text("last_heartbeat_time").parse().ok();
    [
        worker.name.clone(),
        worker.text("status").to_owned(),
        heartbeat.map_or_else(|| "never".to_owned(), |time| flow_run::relative(now, time)),
        worker.id.to_string(),
    ]
}

async fn values(arguments: ValuesArguments, context: &Context) -> Result<(), CommandError> {
    let client = connection::client(context)?;
    let pool = work_pool::find(&client, &arguments.pool).await?;
    if pool.kind != "kubernetes" {
        let message = format!(
            "work pool '{}' has type '{}', but the chart's workers serve pools of type 'kubernetes'",
            pool.name, pool.kind
        );
        context.ui.warn(&Diagnostic::warning(Code::WORK_POOL_TYPE, message));
    }
    let settings = &context.settings;
    let url = arguments.api_url.as_deref().unwrap_or_else(|| client.url());
    let api = WorkerApi::from_url(url, settings.is_cloud(), settings.api_auth_string.value.is_some());
    let values =
        WorkerValues { pool: pool.name, namespace: arguments.namespace, image: arguments.image, api };
    let text = values.render().map_err(|error| CommandError::new(Exit::Failed, error))?;
    context.ui.result(text.trim_end());
    Ok(())
}
