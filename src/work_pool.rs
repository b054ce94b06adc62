//! `work-pool create`, `ls`, `inspect` and `get-default-base-job-template`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::{
    api::{ApiError, Client, JsonObject, Links, WorkPool, WorkerType},
    diagnostics::{Code, Diagnostic},
    fs::{self, FileError},
    progress::Progress,
    python,
};

/// Characters that the server takes in no name.
const FORBIDDEN: [char; 5] = ['/', '%', '&', '>', '<'];

/// What the command line of `work-pool create` says.
#[derive(Debug, Clone, Default)]
pub(crate) struct CreateOptions {
    pub(crate) name: String,
    /// `--type`.
    pub(crate) kind: Option<String>,
    /// A JSON file; absent means the type's default.
    pub(crate) base_job_template: Option<PathBuf>,
    pub(crate) paused: bool,
    /// Change the pool if there is one.
    pub(crate) overwrite: bool,
}

/// Why a work pool command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkPoolError {
    #[error("Work pool name cannot be empty.")]
    EmptyName,
    #[error("Work pool name {} contains an invalid character: / % & > and < are not allowed.", python::quoted(.0))]
    ForbiddenName(String),
    #[error("Work pool named {} already exists. Use --overwrite to update it.", python::quoted(.0))]
    Exists(String),
    #[error("Work pool {} not found!", python::quoted(.0))]
    NotFound(String),
    #[error("When not using an interactive terminal, you must supply a `--type` value.")]
    NoType,
    #[error(
        "Unknown work pool type {}. Please choose from {}.",
        .kind.as_deref().map_or_else(|| "None".to_owned(), python::quoted),
        .known.join(", ")
    )]
    UnknownType { kind: Option<String>, known: Vec<String> },
    #[error("cannot use {} as a base job template: {reason}", .path.display())]
    Template { path: PathBuf, reason: String },
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// What `create` did.
#[derive(Debug)]
pub(crate) struct CreatedPool {
    pub(crate) pool: WorkPool,
    /// Whether it was there before.
    pub(crate) is_update: bool,
}

/// Creates a work pool. With `overwrite`, one that exists gets what the options give, and keeps everything else.
pub(crate) async fn create(
    client: &Client,
    progress: &dyn Progress,
    options: &CreateOptions,
) -> Result<CreatedPool, WorkPoolError> {
    check_name(&options.name)?;
    let template = options.base_job_template.as_deref().map(read_template).transpose()?;
    match client.work_pool(&options.name).await? {
        Some(_) if !options.overwrite => Err(WorkPoolError::Exists(options.name.clone())),
        Some(pool) => update(client, progress, options, pool, template).await,
        None => {
            let kind = options.kind.as_deref().ok_or(WorkPoolError::NoType)?;
            let mut types = client.worker_types().await?;
            let Some(worker) = types.remove(kind) else { return Err(unknown_type(Some(kind), &types)) };
            let template = template.unwrap_or(worker.base_job_template);
            let body = object([
                ("name", json!(options.name)),
                ("type", json!(kind)),
                ("base_job_template", Value::Object(template)),
                ("is_paused", json!(options.paused)),
            ]);
            let pool = match client.create_work_pool(&body).await {
                // Someone else was faster.
                Err(ApiError::Conflict { .. }) => return Err(WorkPoolError::Exists(options.name.clone())),
                other => other?,
            };
            Ok(CreatedPool { pool, is_update: false })
        }
    }
}

async fn update(
    client: &Client,
    progress: &dyn Progress,
    options: &CreateOptions,
    pool: WorkPool,
    template: Option<JsonObject>,
) -> Result<CreatedPool, WorkPoolError> {
    if let Some(kind) = options.kind.as_deref().filter(|kind| *kind != pool.kind) {
        progress.warn(&Diagnostic::warning(
            Code::WORK_POOL_TYPE,
            format!("work pool '{}' stays of type '{}': the type '{kind}' is ignored", pool.name, pool.kind),
        ));
    }
    let template = template.map(|template| ("base_job_template", Value::Object(template)));
    let paused = options.paused.then_some(("is_paused", json!(true)));
    let body = object(template.into_iter().chain(paused));
    let pool = if body.is_empty() {
        pool
    } else {
        client.update_work_pool(&options.name, &body).await?;
        find(client, &options.name).await?
    };
    Ok(CreatedPool { pool, is_update: true })
}

fn object(entries: impl IntoIterator<Item = (&'static str, Value)>) -> JsonObject {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn check_name(name: &str) -> Result<(), WorkPoolError> {
    if name.trim_matches(['\'', '"', ' ']).is_empty() {
        Err(WorkPoolError::EmptyName)
    } else if name.contains(FORBIDDEN) {
        Err(WorkPoolError::ForbiddenName(name.to_owned()))
    } else {
        Ok(())
    }
}

fn read_template(path: &Path) -> Result<JsonObject, WorkPoolError> {
    serde_json::from_str(&fs::read_text(path)?)
        .map_err(|error| WorkPoolError::Template { path: path.to_owned(), reason: error.to_string() })
}

fn unknown_type(kind: Option<&str>, types: &BTreeMap<String, WorkerType>) -> WorkPoolError {
    WorkPoolError::UnknownType { kind: kind.map(str::to_owned), known: types.keys().cloned().collect() }
}

/// All work pools, the newest first.
pub(crate) async fn list(client: &Client) -> Result<Vec<WorkPool>, WorkPoolError> {
    let mut pools = client.work_pools().await?;
    // Times of one server sort as texts.
    let created = |pool: &WorkPool| pool.raw.get("created").and_then(Value::as_str).unwrap_or("").to_owned();
    pools.sort_by_key(|pool| std::cmp::Reverse(created(pool)));
    Ok(pools)
}

/// One work pool.
pub(crate) async fn find(client: &Client, name: &str) -> Result<WorkPool, WorkPoolError> {
    client.work_pool(name).await?.ok_or_else(|| WorkPoolError::NotFound(name.to_owned()))
}

/// The base job template that pools of a type get if they name none.
pub(crate) async fn default_base_job_template(
    client: &Client,
    kind: Option<&str>,
) -> Result<JsonObject, WorkPoolError> {
    let mut types = client.worker_types().await?;
    match kind.and_then(|kind| types.remove(kind)) {
        Some(worker) => Ok(worker.base_job_template),
        None => Err(unknown_type(kind, &types)),
    }
}

impl CreatedPool {
    /// The lines about the pool, as scripts expect them.
    pub(crate) fn render(&self, links: &Links) -> String {
        let pool = &self.pool;
        let verb = if self.is_update { "Updated" } else { "Created" };
        let needs_worker = !pool.is_paused && !pool.is_push() && !pool.is_managed();
        let hint = if needs_worker {
            let name = &pool.name;
            format!("To start a worker for this work pool, run:\n\n\tprefect worker start --pool {name}\n\n")
        } else {
            String::new()
        };
        format!(
            "{verb} work pool {}!\n\n{hint}\
             └── UUID: {}\n\
             └── Type: {}\n\
             └── Description: {}\n\
             └── Status: {}\n\
             └── URL: {}",
            python::quoted(&pool.name),
            pool.id,
            pool.kind,
            pool.description.as_deref().unwrap_or("None"),
            status_name(pool),
            links.work_pool(&pool.name).as_deref().unwrap_or("<no dashboard available>"),
        )
    }
}

fn status_name(pool: &WorkPool) -> &str {
    match pool.status.as_deref() {
        Some("READY") => "Ready",
        Some("NOT_READY") => "Not ready",
        Some("PAUSED") => "Paused",
        Some(other) => other,
        None if pool.is_paused => "Paused",
        None => "Unknown",
    }
}

#[cfg(test)]
mod tests;
