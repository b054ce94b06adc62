//! `prefectl work-queue`.

use serde_json::{Value, json};

use super::{Context, connection};
use crate::{
    api::{ApiError, Client, JsonObject, NamedObject},
    cli::{OutputArguments, WhichQueue, WorkQueueCommand},
    error::{CommandError, Exit},
    python, ui, work_pool,
};

pub(super) async fn run(command: WorkQueueCommand, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    match command {
        WorkQueueCommand::Ls { pool, prefix, output } => {
            if let Some(pool) = &pool {
                work_pool::find(&client, pool).await?;
            }
            let mut queues = client.work_queues(pool.as_deref()).await?;
            queues.retain(|queue| prefix.as_deref().is_none_or(|prefix| queue.name.starts_with(prefix)));
            let header = ["Name", "Pool", "ID", "Priority", "Concurrency Limit", "Status"];
            context.show(
                output,
                || ui::table(header, queues.iter().map(row)),
                || queues.iter().map(|queue| Value::Object(queue.raw.clone())).collect(),
            );
        }
        WorkQueueCommand::Create { name, pool, limit, priority, output } => {
            let pool = pool_name(pool, context)?;
            let mut body = JsonObject::from_iter([("name".to_owned(), json!(name))]);
            for (key, value) in [("concurrency_limit", limit), ("priority", priority)] {
                if let Some(value) = value {
                    body.insert(key.to_owned(), json!(value));
                }
            }
            let queue = create(&client, &pool, &name, &body).await?;
            let fields = json!({"id": queue.id, "name": name, "work_pool": pool});
            context.done(output, "created", fields, || created(&queue, &pool, limit));
        }
        WorkQueueCommand::Pause { which, output } => pause(&client, which, true, output, context).await?,
        WorkQueueCommand::Resume { which, output } => pause(&client, which, false, output, context).await?,
    }
    Ok(Exit::Done)
}

fn row(queue: &NamedObject) -> [String; 6] {
    let number = |field: &str| queue.raw.get(field).map_or_else(String::new, python::json_text);
    [
        queue.name.clone(),
        queue.text("work_pool_name").to_owned(),
        queue.id.to_string(),
        number("priority"),
        number("concurrency_limit"),
        queue.text("status").to_owned(),
    ]
}

/// The pool of the option, or else of the settings.
fn pool_name(option: Option<String>, context: &Context) -> Result<String, CommandError> {
    option.or_else(|| context.settings.default_work_pool_name.value.clone()).ok_or_else(|| {
        CommandError::usage("The work pool of the queue is not known.")
            .help("name it with --pool, or set PREFECT_DEFAULT_WORK_POOL_NAME")
    })
}

async fn create(
    client: &Client,
    pool: &str,
    name: &str,
    body: &JsonObject,
) -> Result<NamedObject, CommandError> {
    let refusal = |message: String| CommandError::new(Exit::Failed, message);
    client.create_work_queue(pool, body).await.map_err(|error| match error {
        ApiError::Conflict { .. } => {
            refusal(format!("Work queue with name: {} already exists.", python::quoted(name)))
        }
        ApiError::NotFound { .. } => {
            refusal(format!("Work pool with name: {} not found.", python::quoted(pool)))
        }
        other => other.into(),
    })
}

fn created(queue: &NamedObject, pool: &str, limit: Option<u32>) -> String {
    let (name, id) = (&queue.name, queue.id);
    let limit = limit.map_or_else(|| "None".to_owned(), |limit| limit.to_string());
    format!(
        "Created work queue with properties:\n    name - '{name}'\n    work pool - '{pool}'\n    id - {id}\n    \
         concurrency limit - {limit}\nStart a worker to pick up flow runs from the work queue:\n    \
         prefect worker start -q '{name}' -p '{pool}'"
    )
}

async fn pause(
    client: &Client,
    which: WhichQueue,
    pause: bool,
    output: OutputArguments,
    context: &Context,
) -> Result<(), CommandError> {
    let name = which.name;
    let pool = pool_name(which.pool, context)?;
    let body = JsonObject::from_iter([("is_paused".to_owned(), json!(pause))]);
    if !client.update_work_queue(&pool, &name, &body).await? {
        let message =
            format!("No work queue found: {} in work pool {}", python::quoted(&name), python::quoted(&pool));
        return Err(CommandError::new(Exit::Failed, message));
    }
    let action = if pause { "paused" } else { "resumed" };
    context.done(output, action, json!({"name": name, "work_pool": pool}), || {
        format!("Work queue {} in work pool {} {action}", python::quoted(&name), python::quoted(&pool))
    });
    Ok(())
}
