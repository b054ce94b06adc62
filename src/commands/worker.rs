//! `prefectl worker`.

use jiff::Timestamp;
use serde_json::json;

use super::{Context, connection};
use crate::{
    api::NamedObject,
    cli::{ManifestArguments, WorkerArguments, WorkerCommand},
    diagnostics::{Code, Diagnostic},
    error::{CommandError, Exit},
    flow_run,
    progress::Progress as _,
    ui::Caption,
    work_pool::{self, ClusterWorker, ServedPool, WorkerApi},
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
        WorkerCommand::Values(arguments) => {
            context.ui.result(cluster_worker(arguments, context).await?.values().trim_end());
        }
        WorkerCommand::Manifest(ManifestArguments { worker, name }) => {
            context.ui.result(cluster_worker(worker, context).await?.manifest(&name).trim_end());
        }
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

/// Describes the worker of a pool.
async fn cluster_worker(
    arguments: WorkerArguments,
    context: &Context,
) -> Result<ClusterWorker, CommandError> {
    let client = connection::client(context)?;
    let pool = work_pool::find(&client, &arguments.pool).await?;
    let pool = ServedPool::new(&pool.name, &pool.kind, &pool.base_job_template);
    if pool.kind != "kubernetes" {
        let message = format!(
            "work pool '{}' has type '{}', but workers in Kubernetes serve pools of type 'kubernetes'",
            pool.name, pool.kind
        );
        context.ui.warn(&Diagnostic::warning(Code::WORK_POOL_TYPE, message));
    }
    let settings = &context.settings;
    let url = arguments.api_url.as_deref().unwrap_or_else(|| client.url());
    let api = WorkerApi::from_url(url, settings.is_cloud(), settings.api_auth_string.value.is_some());
    Ok(ClusterWorker { pool, namespace: arguments.namespace, image: arguments.image, api })
}
