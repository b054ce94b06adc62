//! `prefectl worker`.

use jiff::Timestamp;
use serde_json::json;

use super::{Context, connection, target::deploy_context};
use crate::{
    api::{NamedObject, WorkPool},
    cli::{EnvironmentOption, ManifestArguments, WorkerArguments, WorkerCommand},
    deployment::Options,
    diagnostics::{Code, Diagnostic, similar_name},
    error::{CommandError, Exit},
    flow_run,
    progress::Progress as _,
    project::ProjectFiles,
    ui::Caption,
    validate::declared,
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

/// Creates the description of a Kubernetes worker for the selected work pool.
async fn cluster_worker(
    arguments: WorkerArguments,
    context: &Context,
) -> Result<ClusterWorker, CommandError> {
    let pool = match (&arguments.for_pool, &arguments.pool) {
        (Some(name), _) => declared_pool(name, &arguments, context).await?,
        (None, name) => {
            work_pool::find(&connection::client(context)?, name.as_deref().unwrap_or_default()).await?
        }
    };
    let pool = ServedPool::new(&pool.name, &pool.kind, &pool.base_job_template);
    if pool.kind != "kubernetes" {
        let message = format!(
            "work pool '{}' has type '{}', but workers in Kubernetes serve pools of type 'kubernetes'",
            pool.name, pool.kind
        );
        context.ui.warn(&Diagnostic::warning(Code::WORK_POOL_TYPE, message));
    }
    let settings = &context.settings;
    let url = match &arguments.api_url {
        Some(url) => url,
        None => connection::api_url(context)?,
    };
    let api = WorkerApi::from_url(url, settings.is_cloud(), settings.api_auth_string.value.is_some());
    Ok(ClusterWorker { pool, namespace: arguments.namespace, image: arguments.image, api })
}

/// Returns the work pool that the project file declares under the given name.
///
/// # Errors
///
/// Fails if the file is invalid or does not declare the work pool.
async fn declared_pool(
    name: &str,
    arguments: &WorkerArguments,
    context: &Context,
) -> Result<WorkPool, CommandError> {
    let options = Options {
        all: true,
        resources: true,
        files: ProjectFiles::from_arguments(&arguments.prefect_file),
        environment: EnvironmentOption::selected(arguments.env.as_ref()),
        ..Options::default()
    };
    let mut pools = declared::work_pools(&deploy_context(&options, context)).await?;
    let Some(index) = pools.iter().position(|pool| pool.name == name) else {
        let similar = similar_name(name, pools.iter().map(|pool| pool.name.as_str()));
        let message = format!("the project file declares no work pool '{name}'");
        return Err(CommandError::new(Exit::Failed, message).suggest(similar));
    };
    Ok(pools.swap_remove(index))
}
