//! `prefectl work-pool`.

use std::{fs, path::Path};

use comfy_table::{Table, presets::UTF8_FULL_CONDENSED};
use serde_json::Value;

use super::{Context, connection};
use crate::{
    api::WorkPool,
    cli::{CreateArguments, OutputFormat, WorkPoolCommand},
    error::{CommandError, Exit},
    fs::FileError,
    work_pool::{self, CreateOptions},
};

pub(super) async fn run(command: WorkPoolCommand, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    match command {
        WorkPoolCommand::Create(arguments) => {
            let created = work_pool::create(&client, &context.ui, &options(arguments)).await?;
            context.ui.result(&created.render(&connection::links(context)));
        }
        WorkPoolCommand::Ls { output } => {
            let pools = work_pool::list(&client).await?;
            match output {
                OutputFormat::Text => context.ui.result(&table(&pools)),
                OutputFormat::Json => {
                    context.ui.result(&pretty(&pools.into_iter().map(|pool| pool.raw).collect::<Vec<_>>())?);
                }
            }
        }
        WorkPoolCommand::Inspect { name, output } => {
            let pool = work_pool::find(&client, &name).await?;
            match output {
                OutputFormat::Text => context.ui.result(yaml(&pool)?.trim_end()),
                OutputFormat::Json => context.ui.result(&pretty(&pool.raw)?),
            }
        }
        WorkPoolCommand::GetDefaultBaseJobTemplate { kind, file } => {
            let template = pretty(&work_pool::default_base_job_template(&client, kind.as_deref()).await?)?;
            match file {
                Some(file) => write(&file, &template)?,
                None => context.ui.result(&template),
            }
        }
    }
    Ok(Exit::Done)
}

fn options(arguments: CreateArguments) -> CreateOptions {
    CreateOptions {
        name: arguments.name,
        kind: arguments.kind,
        base_job_template: arguments.base_job_template,
        paused: arguments.paused,
        overwrite: arguments.overwrite,
    }
}

fn table(pools: &[WorkPool]) -> String {
    if pools.is_empty() {
        return "No work pools found.".to_owned();
    }
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(["Name", "Type", "ID", "Concurrency Limit", "Status"]);
    for pool in pools {
        let limit = pool.concurrency_limit.map_or_else(|| "None".to_owned(), |limit| limit.to_string());
        let status = if pool.is_paused { "PAUSED" } else { pool.status.as_deref().unwrap_or("") };
        table.add_row([pool.name.as_str(), pool.kind.as_str(), &pool.id.to_string(), limit.as_str(), status]);
    }
    table.to_string()
}

fn pretty(value: &impl serde::Serialize) -> Result<String, CommandError> {
    serde_json::to_string_pretty(value).map_err(|error| CommandError::new(Exit::Failed, error))
}

fn yaml(pool: &WorkPool) -> Result<String, CommandError> {
    serde_yaml::to_string(&Value::Object(pool.raw.clone()))
        .map_err(|error| CommandError::new(Exit::Failed, error))
}

fn write(file: &Path, text: &str) -> Result<(), CommandError> {
    let written = fs::write(file, format!("{text}\n"));
    written.map_err(|error| CommandError::new(Exit::Failed, FileError::new("write", file, error)))
}
