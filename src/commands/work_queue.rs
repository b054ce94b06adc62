//! `prefectl work-queue`.

use serde_json::{Value, json};

use super::{Context, connection};
use crate::{
    api::{ApiError, Client, JsonObject, NamedObject},
    cli::{ConsentArguments, OutputArguments, WhichQueue, WorkQueueCommand},
    error::{CommandError, Exit},
    python,
    ui::{Caption, marked},
    work_pool::{self, Queue, WorkPoolError},
};

pub(super) async fn run(command: WorkQueueCommand, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    match command {
        WorkQueueCommand::Ls { pool, prefix, output, .. } => {
            if let Some(pool) = &pool {
                work_pool::find(&client, pool).await.map_err(|error| no_pool(error, pool))?;
            }
            let mut queues = client.work_queues(pool.as_deref()).await?;
            queues.retain(|queue| prefix.as_deref().is_none_or(|prefix| queue.name.starts_with(prefix)));
            if context.is_prefect {
                // Prefect lists the newest queue first. The server's timestamps can be sorted as strings.
                queues.sort_by_key(|queue| std::cmp::Reverse(queue.text("created").to_owned()));
            }
            context.show(
                output,
                || table(&queues, pool.as_deref(), context),
                || queues.iter().map(|queue| Value::Object(queue.raw.clone())).collect(),
            );
        }
        WorkQueueCommand::Create { name, pool, limit, priority, output } => {
            let pool = pool_name(pool, context)?;
            let queue = create(&client, &pool, &name, limit, priority).await?;
            let fields = json!({"id": queue.id, "name": name, "work_pool": pool});
            context.done(output, "created", fields, || created(&queue, &pool, limit));
        }
        WorkQueueCommand::Inspect { which, output } => {
            let queue = find(&client, &which, context).await?.queue;
            let status = client.work_queue_status(queue.id).await?;
            let details = status.map(|status| ("status_details".to_owned(), Value::Object(status)));
            context.show_object(output, queue.raw.into_iter().chain(details).collect())?;
        }
        WorkQueueCommand::Delete { which, consent, output } => {
            delete(&find(&client, &which, context).await?, consent, output, &client, context).await?;
        }
        WorkQueueCommand::SetConcurrencyLimit { which, limit, output } => {
            let queue = find(&client, &which, context).await?;
            let change = Change { field: "concurrency_limit", value: json!(limit), action: "updated" };
            let text = format!("Concurrency limit of {limit} set on work queue {}", described(&queue));
            update(&queue, change, text, output, &client, context).await?;
        }
        WorkQueueCommand::ClearConcurrencyLimit { which, output } => {
            let queue = find(&client, &which, context).await?;
            let change = Change { field: "concurrency_limit", value: Value::Null, action: "updated" };
            let text = format!("Concurrency limits removed on work queue {}", described(&queue));
            update(&queue, change, text, output, &client, context).await?;
        }
        WorkQueueCommand::Preview { which, hours, output, .. } => {
            let Queue { pool, queue } = find(&client, &which, context).await?;
            super::work_pool::preview(&pool, Some(&queue.name), hours, output, &client, context).await?;
        }
        WorkQueueCommand::Pause { which, output } => pause(&which, true, output, &client, context).await?,
        WorkQueueCommand::Resume { which, output } => pause(&which, false, output, &client, context).await?,
    }
    Ok(Exit::Done)
}

/// Finds the queue in the specified work pool, or in the default work pool if none is specified.
async fn find(client: &Client, which: &WhichQueue, context: &Context) -> Result<Queue, WorkPoolError> {
    let default = context.settings.default_work_pool_name.value.as_deref();
    work_pool::find_queue(client, &which.name, which.pool.as_deref().or(default)).await
}

/// Reports that a work pool does not exist, in the words of Prefect's `work-queue ls`.
fn no_pool(error: WorkPoolError, pool: &str) -> CommandError {
    let is_missing = matches!(error, WorkPoolError::NotFound { .. });
    let error = CommandError::from(error);
    let message = format!("No work pool found: {}", python::quoted(pool));
    if is_missing { CommandError { message, ..error } } else { error }
}

/// Formats a queue's name and its pool, as in `'fast' in work pool 'k8s'`.
fn described(queue: &Queue) -> String {
    format!("{} in work pool {}", python::quoted(queue.name()), python::quoted(&queue.pool))
}

/// Formats queues as a table. The columns of Prefect's table depend on whether the command names a work pool.
fn table(queues: &[NamedObject], pool: Option<&str>, context: &Context) -> String {
    let title = match pool {
        Some(pool) => format!("Work Queues in Work Pool {}", python::quoted(pool)),
        None => "Work Queues".to_owned(),
    };
    let caption = Caption { title: &title, note: "(**) denotes a paused queue" };
    if !context.is_prefect {
        let header = ["Name", "Pool", "ID", "Priority", "Concurrency Limit", "Status"];
        return context.ui.table(caption, header, queues.iter().map(row));
    }
    let rows = queues.iter().map(|queue| {
        let [name, pool, id, priority, limit, _] = row(queue);
        (marked(name, queue.raw.get("is_paused") == Some(&json!(true))), pool, id, priority, limit)
    });
    if pool.is_some() {
        let rows = rows.map(|(name, _, _, priority, limit)| [name, priority, limit]);
        context.ui.table(caption, ["Name", "Priority", "Concurrency Limit"], rows)
    } else {
        let rows = rows.map(|(name, pool, id, _, limit)| [name, pool, id, limit]);
        context.ui.table(caption, ["Name", "Pool", "ID", "Concurrency Limit"], rows)
    }
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

/// Returns the work pool's name from the command-line option or the settings. Fails if neither is set.
fn pool_name(option: Option<String>, context: &Context) -> Result<String, CommandError> {
    option.or_else(|| context.settings.default_work_pool_name.value.clone()).ok_or_else(|| {
        CommandError::usage("no work pool given").help("pass --pool, or set PREFECT_DEFAULT_WORK_POOL_NAME")
    })
}

async fn create(
    client: &Client,
    pool: &str,
    name: &str,
    limit: Option<u32>,
    priority: Option<u32>,
) -> Result<NamedObject, CommandError> {
    let mut body = JsonObject::from_iter([("name".to_owned(), json!(name))]);
    for (key, value) in [("concurrency_limit", limit), ("priority", priority)] {
        body.extend(value.map(|value| (key.to_owned(), json!(value))));
    }
    let refusal = |message: String| CommandError::new(Exit::Failed, message);
    match client.create_work_queue(pool, &body).await {
        Err(ApiError::Conflict { .. }) => {
            Err(refusal(format!("Work queue with name: {} already exists.", python::quoted(name))))
        }
        Err(ApiError::NotFound { .. }) => {
            let similar = work_pool::similar(client, pool).await;
            let message = format!("Work pool with name: {} not found.", python::quoted(pool));
            Err(refusal(message).suggest(similar.as_deref()))
        }
        created => Ok(created?),
    }
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

/// A changed queue field, and the action name to report.
struct Change {
    field: &'static str,
    value: Value,
    action: &'static str,
}

/// Pauses or resumes a queue.
async fn pause(
    which: &WhichQueue,
    is_paused: bool,
    output: OutputArguments,
    client: &Client,
    context: &Context,
) -> Result<(), CommandError> {
    let queue = find(client, which, context).await?;
    let action = if is_paused { "paused" } else { "resumed" };
    let change = Change { field: "is_paused", value: json!(is_paused), action };
    let text = format!("Work queue {} {action}", described(&queue));
    update(&queue, change, text, output, client, context).await
}

async fn update(
    queue: &Queue,
    change: Change,
    text: String,
    output: OutputArguments,
    client: &Client,
    context: &Context,
) -> Result<(), CommandError> {
    let Change { field, value, action } = change;
    let body = JsonObject::from_iter([(field.to_owned(), value.clone())]);
    if !client.update_work_queue(queue.queue.id, &body).await? {
        return Err(not_found(queue));
    }
    let fields = json!({"name": queue.name(), "work_pool": queue.pool, field: value});
    context.done(output, action, fields, || text);
    Ok(())
}

async fn delete(
    queue: &Queue,
    consent: ConsentArguments,
    output: OutputArguments,
    client: &Client,
    context: &Context,
) -> Result<(), CommandError> {
    let question = format!("Are you sure you want to delete work queue {}?", described(queue));
    context.confirm_deletion(consent, &question, "Deletion aborted.").await?;
    let is_deleted = client.delete_work_queue(queue.queue.id).await.map_err(|error| match error {
        ApiError::Conflict { .. } => {
            let message =
                format!("work queue {} is the default queue and cannot be deleted", described(queue));
            CommandError::new(Exit::Failed, message).help("delete the work pool, or pause the queue")
        }
        other => other.into(),
    })?;
    if !is_deleted {
        return Err(not_found(queue));
    }
    context.done(output, "deleted", json!({"name": queue.name(), "work_pool": queue.pool}), || {
        format!("Successfully deleted work queue {}", described(queue))
    });
    Ok(())
}

/// Creates the error for a queue that was deleted before the request.
fn not_found(queue: &Queue) -> CommandError {
    WorkPoolError::NoQueue { queue: queue.name().to_owned(), pool: Some(queue.pool.clone()), similar: None }
        .into()
}
