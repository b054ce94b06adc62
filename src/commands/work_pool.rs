//! `prefectl work-pool`.

use std::{fs, path::Path};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Context, connection};
use crate::{
    api::{Client, FlowRun, WorkPool},
    base_job_template::{Difference, pool_types},
    cli::{
        ConsentArguments, CreateArguments, OutputArguments, TemplateArguments, UpdateArguments,
        WorkPoolCommand,
    },
    error::{CommandError, Exit},
    flow_run,
    fs::FileError,
    names::counted,
    python, settings,
    ui::{Caption, marked},
    work_pool::{self, Changes, ConcurrencyLimit, CreateOptions, TemplateEdits, WorkPoolError},
};

pub(super) async fn run(command: WorkPoolCommand, context: &Context) -> Result<Exit, CommandError> {
    if let WorkPoolCommand::GetDefaultBaseJobTemplate { kind, file } = command {
        return default_template(kind.as_deref(), file.as_deref(), context).await;
    }
    let client = connection::client(context)?;
    match command {
        WorkPoolCommand::Create(arguments) => create(*arguments, &client, context).await?,
        WorkPoolCommand::Ls { output, .. } => {
            let pools = work_pool::list(&client).await?;
            context.show(
                output,
                || table(&pools, context),
                || pools.iter().map(|pool| json!(pool.raw)).collect(),
            );
        }
        WorkPoolCommand::Inspect { name, output } => {
            context.show_object(output, work_pool::find(&client, &name).await?.raw)?;
        }
        WorkPoolCommand::Update(arguments) => update(*arguments, &client, context).await?,
        WorkPoolCommand::Delete { name, consent, output } => {
            delete(&name, consent, output, &client, context).await?;
        }
        WorkPoolCommand::Pause { name, output } => {
            let changes = Changes { paused: Some(true), ..Changes::default() };
            let text = format!("Paused work pool {}", python::quoted(&name));
            change(&name, &changes, "paused", text, output, &client, context).await?;
        }
        WorkPoolCommand::Resume { name, output } => {
            let changes = Changes { paused: Some(false), ..Changes::default() };
            let text = format!("Resumed work pool {}", python::quoted(&name));
            change(&name, &changes, "resumed", text, output, &client, context).await?;
        }
        WorkPoolCommand::SetConcurrencyLimit { name, concurrency_limit: limit, output } => {
            let changes =
                Changes { concurrency_limit: Some(ConcurrencyLimit::Runs(limit)), ..Changes::default() };
            let text = format!("Set concurrency limit for work pool {} to {limit}", python::quoted(&name));
            change(&name, &changes, "updated", text, output, &client, context).await?;
        }
        WorkPoolCommand::ClearConcurrencyLimit { name, output } => {
            let changes = Changes { concurrency_limit: Some(ConcurrencyLimit::None), ..Changes::default() };
            let text = format!("Cleared concurrency limit for work pool {}", python::quoted(&name));
            change(&name, &changes, "updated", text, output, &client, context).await?;
        }
        WorkPoolCommand::Preview { name, hours, output, .. } => {
            preview(&name, None, hours, output, &client, context).await?;
        }
        WorkPoolCommand::Clear { name, queue, consent, output } => {
            clear(&name, queue.as_deref(), consent, output, &client, context).await?;
        }
        WorkPoolCommand::DiffTemplate { name, output } => {
            let differences = work_pool::template_differences(&client, &name).await?;
            context.show(output, || differences_text(&differences), || differences_document(&differences));
        }
        WorkPoolCommand::GetDefaultBaseJobTemplate { .. } => {} // handled above, because it needs no server
    }
    Ok(Exit::Done)
}

async fn create(arguments: CreateArguments, client: &Client, context: &Context) -> Result<(), CommandError> {
    let (output, set_as_default) = (arguments.output, arguments.set_as_default);
    let kind = match arguments.kind {
        None if context.can_run_wizard() && !exists(&arguments.name, client).await? => {
            let question = "What type of work pool infrastructure would you like to use?";
            Some(work_pool::ask_type(&context.ui, question, pool_types(client).await?).await?.name)
        }
        kind => kind,
    };
    let options = CreateOptions {
        name: arguments.name,
        kind,
        edits: edits(&arguments.template),
        base_job_template: arguments.template.base_job_template,
        paused: arguments.paused,
        overwrite: arguments.overwrite,
    };
    let created = work_pool::create(client, &context.ui, &options).await?;
    let links = connection::links(context);
    if set_as_default {
        let name = created.pool.name.as_str();
        context.settings.store([(&settings::DEFAULT_WORK_POOL_NAME, name)])?;
    }
    let action = if created.is_update { "updated" } else { "created" };
    let pool = &created.pool;
    let fields = json!({
        "id": pool.id, "name": pool.name, "type": pool.kind, "is_paused": pool.is_paused,
        "url": links.work_pool(&pool.name), "set_as_default": set_as_default,
    });
    context.done(output, action, fields, || {
        let default = format!(
            "\n\nSet {} as default work pool for profile {}",
            python::quoted(&pool.name),
            python::quoted(&context.settings.profile)
        );
        created.render(&links) + if set_as_default { &default } else { "" }
    });
    Ok(())
}

/// Returns whether a work pool exists. Returns `true` for an invalid name, because a later check rejects it.
async fn exists(name: &str, client: &Client) -> Result<bool, CommandError> {
    Ok(work_pool::check_name(name).is_err() || client.work_pool(name).await?.is_some())
}

fn edits(template: &TemplateArguments) -> TemplateEdits {
    TemplateEdits {
        set: template.set.clone(),
        add: template.add_variable.clone(),
        places: template.place.clone(),
    }
}

async fn update(arguments: UpdateArguments, client: &Client, context: &Context) -> Result<(), CommandError> {
    let changes = Changes {
        edits: edits(&arguments.template),
        base_job_template: arguments.template.base_job_template,
        description: arguments.description,
        concurrency_limit: arguments.concurrency_limit.map(ConcurrencyLimit::Runs),
        paused: None,
    };
    let name = arguments.name;
    let text = format!("Updated work pool {}", python::quoted(&name));
    let changed = change(&name, &changes, "updated", text, arguments.output, client, context).await;
    changed.map_err(|error| match error {
        WorkPoolError::NotFound { name, similar } => {
            let message = format!("Work pool named {} does not exist.", python::quoted(&name));
            CommandError::new(Exit::Failed, message).suggest(similar.as_deref())
        }
        other => other.into(),
    })
}

async fn change(
    name: &str,
    changes: &Changes,
    action: &str,
    text: String,
    output: OutputArguments,
    client: &Client,
    context: &Context,
) -> Result<(), WorkPoolError> {
    let fields = work_pool::change(client, name, changes).await?;
    context.done(output, action, json!({"name": name, "fields": fields}), || text);
    Ok(())
}

async fn delete(
    name: &str,
    consent: ConsentArguments,
    output: OutputArguments,
    client: &Client,
    context: &Context,
) -> Result<(), CommandError> {
    let quoted = python::quoted(name);
    let missing = || CommandError::new(Exit::Failed, format!("Work pool {quoted} does not exist."));
    if client.work_pool(name).await?.is_none() {
        return Err(missing().suggest(work_pool::similar(client, name).await.as_deref()));
    }
    let question = format!("Are you sure you want to delete work pool with name {quoted}?");
    context.confirm_deletion(consent, &question, "Deletion aborted.").await?;
    if !client.delete_work_pool(name).await? {
        return Err(missing());
    }
    context.done(output, "deleted", json!({"name": name}), || format!("Deleted work pool {quoted}"));
    Ok(())
}

async fn clear(
    name: &str,
    queue: Option<&str>,
    consent: ConsentArguments,
    output: OutputArguments,
    client: &Client,
    context: &Context,
) -> Result<(), CommandError> {
    let runs = work_pool::waiting_runs(client, name, queue, Some(context.clock.now())).await?;
    if !runs.is_empty() {
        let question = format!(
            "Are you sure you want to cancel {} of work pool {}?",
            counted(runs.len(), "late run"),
            python::quoted(name)
        );
        context.confirm(consent, &question, "Clearing aborted.").await?;
    }
    let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
    let cancelled = flow_run::runs::cancel_all(client, &ids).await;
    let cancelled = cancelled.map_err(|incomplete| incomplete.report("cancelled"))?;
    context.done(output, "cancelled", json!({"work_pool": name, "flow_runs": cancelled}), || {
        format!("Cancelled {} of work pool {}.", counted(cancelled.len(), "late run"), python::quoted(name))
    });
    Ok(())
}

/// Prints the default base job template of a work pool type, or writes it to `file`. Uses the built-in template if no
/// server is configured.
async fn default_template(
    kind: Option<&str>,
    file: Option<&Path>,
    context: &Context,
) -> Result<Exit, CommandError> {
    let client = match context.settings.require_api_url() {
        Ok(_) => Some(connection::client(context)?),
        Err(_) => None,
    };
    let template = work_pool::default_base_job_template(client.as_ref(), kind).await?;
    let template = Value::Object(template);
    match file {
        Some(file) => {
            let written = fs::write(file, format!("{template:#}\n"));
            written.map_err(|error| CommandError::new(Exit::Failed, FileError::new("write", file, error)))?;
        }
        None => context.ui.json(template),
    }
    Ok(Exit::Done)
}

fn table(pools: &[WorkPool], context: &Context) -> String {
    if pools.is_empty() {
        return "No work pools found.".to_owned();
    }
    let caption = Caption { title: "Work Pools", note: "(**) denotes a paused pool" };
    let row = |pool: &WorkPool| {
        let limit = pool.concurrency_limit.map_or_else(|| "None".to_owned(), |limit| limit.to_string());
        let status = if pool.is_paused { "PAUSED" } else { pool.status.as_deref().unwrap_or("") };
        [pool.name.clone(), pool.kind.clone(), pool.id.to_string(), limit, status.to_owned()]
    };
    if !context.is_prefect {
        let header = ["Name", "Type", "ID", "Concurrency Limit", "Status"];
        return context.ui.table(caption, header, pools.iter().map(row));
    }
    let rows = pools.iter().map(|pool| {
        let [name, kind, id, limit, _] = row(pool);
        [marked(name, pool.is_paused), kind, id, limit]
    });
    context.ui.table(caption, ["Name", "Type", "ID", "Concurrency Limit"], rows)
}

/// Shows the runs that a work pool or one of its queues will start within the given number of hours.
pub(super) async fn preview(
    pool: &str,
    queue: Option<&str>,
    hours: u32,
    output: OutputArguments,
    client: &Client,
    context: &Context,
) -> Result<(), CommandError> {
    let hours = SignedDuration::from_hours(hours.into());
    let until = context.clock.now().checked_add(hours).unwrap_or(Timestamp::MAX);
    let runs = work_pool::waiting_runs(client, pool, queue, Some(until)).await?;
    context.show(output, || runs_table(&runs, context), || runs.iter().map(|run| json!(run.raw)).collect());
    Ok(())
}

/// Formats scheduled runs as a table.
fn runs_table(runs: &[FlowRun], context: &Context) -> String {
    let now = context.clock.now();
    if runs.is_empty() {
        return "No runs found - try increasing how far into the future you preview with the --hours flag"
            .to_owned();
    }
    let caption = Caption { title: "", note: "(**) denotes a late run" };
    if context.is_prefect {
        let row = |run: &FlowRun| {
            let start = run.expected_start_time;
            let is_late = start.is_some_and(|start| start < now);
            let deployment = run.raw.get("deployment_id").map_or_else(String::new, python::json_text);
            let start = start.map_or_else(|| "None".to_owned(), python::timestamp);
            [marked(start, is_late), run.id.to_string(), run.name.clone(), deployment]
        };
        let header = ["Scheduled Start Time", "Run ID", "Name", "Deployment ID"];
        return context.ui.table(caption, header, runs.iter().map(row));
    }
    let row = |run: &FlowRun| {
        let queue = run.raw.get("work_queue_name").map_or_else(String::new, python::json_text);
        let start = run.expected_start_time;
        let when = start.map_or_else(String::new, |start| flow_run::relative(now, start));
        [
            start.map_or_else(String::new, |start| start.to_string()),
            when,
            run.id.to_string(),
            run.name.clone(),
            queue,
        ]
    };
    context.ui.table(
        caption,
        ["Scheduled Start Time", "When", "Run ID", "Name", "Queue"],
        runs.iter().map(row),
    )
}

fn differences_document(differences: &[Difference]) -> Value {
    let entry = |difference: &Difference| json!({"path": difference.path, "default": difference.before, "pool": difference.after});
    json!({"schema": 1, "differences": differences.iter().map(entry).collect::<Vec<_>>()})
}

fn differences_text(differences: &[Difference]) -> String {
    if differences.is_empty() {
        return "The base job template is the same as the default.".to_owned();
    }
    let side = |mark: char, value: &Option<Value>| {
        value.as_ref().map_or_else(String::new, |value| format!("  {mark} {value}\n"))
    };
    let line = |difference: &Difference| {
        let (before, after) = (side('-', &difference.before), side('+', &difference.after));
        format!("{}\n{before}{after}", difference.path)
    };
    differences.iter().map(line).collect()
}
