//! Creates and updates work pools and their base job templates.

mod edits;
mod prompts;
mod queues;
mod worker;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::edits::TemplateEdits;
use self::edits::TemplateError;
pub(crate) use self::prompts::{ask_name, ask_type};
pub(crate) use self::queues::{Queue, find_queue};
pub(crate) use self::worker::{ClusterWorker, KubernetesName, ServedPool, WorkerApi};
use crate::{
    api::{ApiError, Client, FlowRun, FlowRunFilter, JsonObject, Links, StateType, WorkPool},
    base_job_template::{self, BaseJobTemplate, Difference, PoolType, pool_types},
    diagnostics::{Code, Diagnostic, similar_name},
    fs::{self, FileError},
    names::FORBIDDEN_CHARACTERS,
    progress::Progress,
    python,
};

/// Options of `work-pool create`.
#[derive(Debug, Clone, Default)]
pub(crate) struct CreateOptions {
    pub(crate) name: String,
    /// Value of `--type`.
    pub(crate) kind: Option<String>,
    /// JSON file with the base job template. If `None`, the type's default template is used.
    pub(crate) base_job_template: Option<PathBuf>,
    /// Edits of the template.
    pub(crate) edits: TemplateEdits,
    pub(crate) paused: bool,
    /// Whether to update the work pool if it already exists.
    pub(crate) overwrite: bool,
}

/// The error returned if a work pool command fails.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorkPoolError {
    #[error("Work pool name cannot be empty.")]
    EmptyName,
    #[error("Work pool name {} contains an invalid character: / % & > and < are not allowed.", python::quoted(.0))]
    ForbiddenName(String),
    #[error("Work pool named {} already exists. Please use --overwrite to update it.", python::quoted(.0))]
    Exists(String),
    #[error("Work pool {} not found!", python::quoted(.name))]
    NotFound { name: String, similar: Option<String> },
    #[error(
        "No work queue named {} found{}.",
        python::quoted(.queue),
        .pool.as_ref().map(|pool| format!(" in work pool {}", python::quoted(pool))).unwrap_or_default()
    )]
    NoQueue { queue: String, pool: Option<String>, similar: Option<String> },
    #[error(
        "There are work queues named {} in multiple work pools: {}. Specify the pool with --pool.",
        python::quoted(.queue),
        .pools.join(", ")
    )]
    SeveralQueues { queue: String, pools: Vec<String> },
    #[error("When not using an interactive terminal, you must supply a `--type` value.")]
    NoType,
    #[error(
        "Unknown work pool type {}. Please choose from {}.",
        .kind.as_deref().map_or_else(|| "None".to_owned(), python::quoted),
        .known.join(", ")
    )]
    UnknownType { kind: Option<String>, known: Vec<String> },
    #[error("{} is not a base job template: {reason}", .path.display())]
    Template { path: PathBuf, reason: String },
    #[error(transparent)]
    Edit(#[from] TemplateError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Api(#[from] ApiError),
}

/// Result of [`create`].
#[derive(Debug)]
pub(crate) struct CreatedPool {
    pub(crate) pool: WorkPool,
    /// Whether the pool existed before.
    pub(crate) is_update: bool,
}

/// Creates a work pool. If the pool exists and `overwrite` is set, updates the fields specified in the options.
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
            let template = match template {
                Some(template) => {
                    report_custom_type(client, progress, kind).await?;
                    template
                }
                None => default_base_job_template(Some(client), Some(kind)).await?,
            };
            let template = options.edits.apply(kind, &template)?;
            let body = object([
                ("name", json!(options.name)),
                ("type", json!(kind)),
                ("base_job_template", Value::Object(template)),
                ("is_paused", json!(options.paused)),
            ]);
            let pool = match client.create_work_pool(&body).await {
                // Another client has created the pool in the meantime.
                Err(ApiError::Conflict { .. }) => return Err(WorkPoolError::Exists(options.name.clone())),
                other => other?,
            };
            Ok(CreatedPool { pool, is_update: false })
        }
    }
}

/// Reports a work pool type that the server does not know. The type might belong to a custom worker whose template the
/// user has specified.
async fn report_custom_type(
    client: &Client,
    progress: &dyn Progress,
    kind: &str,
) -> Result<(), WorkPoolError> {
    let types = pool_types(client).await?;
    let names = || types.iter().map(|known| known.name.as_str());
    if !names().any(|name| name == kind) {
        let similar = similar_name(kind, names()).map(|name| format!("; did you mean '{name}'?"));
        let similar = similar.unwrap_or_default();
        progress.status(&format!(
            "the server does not know the work pool type '{kind}': only a custom worker can run its flows{similar}"
        ));
    }
    Ok(())
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
            format!(
                "the type '{kind}' is ignored because work pool '{}' already has the type '{}'",
                pool.name, pool.kind
            ),
        ));
    }
    let template = edited(&options.edits, &pool, template)?;
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

/// Applies edits to the given template, or to the current template of the pool. Returns `None` if the
/// template does not change.
fn edited(
    edits: &TemplateEdits,
    pool: &WorkPool,
    given: Option<JsonObject>,
) -> Result<Option<JsonObject>, TemplateError> {
    if edits.is_empty() {
        return Ok(given);
    }
    edits.apply(&pool.kind, given.as_ref().unwrap_or(&pool.base_job_template)).map(Some)
}

fn object(entries: impl IntoIterator<Item = (&'static str, Value)>) -> JsonObject {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// Checks that a name is valid for a work pool.
pub(crate) fn check_name(name: &str) -> Result<(), WorkPoolError> {
    if name.trim_matches(['\'', '"', ' ']).is_empty() {
        Err(WorkPoolError::EmptyName)
    } else if name.contains(FORBIDDEN_CHARACTERS) {
        Err(WorkPoolError::ForbiddenName(name.to_owned()))
    } else {
        Ok(())
    }
}

fn read_template(path: &Path) -> Result<JsonObject, WorkPoolError> {
    serde_json::from_str(&fs::read_text_or_pipe(path)?)
        .map_err(|error| WorkPoolError::Template { path: path.to_owned(), reason: error.to_string() })
}

fn unknown_type(kind: Option<&str>, types: &[PoolType]) -> WorkPoolError {
    let mut known: Vec<String> = types.iter().map(|known| known.name.clone()).collect();
    known.sort_unstable();
    WorkPoolError::UnknownType { kind: kind.map(str::to_owned), known }
}

/// Returns all work pools, sorted from newest to oldest.
pub(crate) async fn list(client: &Client) -> Result<Vec<WorkPool>, WorkPoolError> {
    let mut pools = client.work_pools().await?;
    // The server's timestamps can be sorted as strings.
    let created = |pool: &WorkPool| pool.raw.get("created").and_then(Value::as_str).unwrap_or("").to_owned();
    pools.sort_by_key(|pool| std::cmp::Reverse(created(pool)));
    Ok(pools)
}

/// Returns the work pool with the given name.
///
/// # Errors
///
/// Fails if the work pool does not exist.
pub(crate) async fn find(client: &Client, name: &str) -> Result<WorkPool, WorkPoolError> {
    match client.work_pool(name).await? {
        Some(pool) => Ok(pool),
        None => Err(WorkPoolError::NotFound { name: name.to_owned(), similar: similar(client, name).await }),
    }
}

/// Returns the work pool name that is most similar to a misspelled name.
pub(crate) async fn similar(client: &Client, name: &str) -> Option<String> {
    let pools = client.work_pools().await.ok()?;
    similar_name(name, pools.iter().map(|pool| pool.name.as_str())).map(str::to_owned)
}

/// Returns the default base job template of a work pool type.
///
/// If `client` is `None`, the bundled template is returned.
pub(crate) async fn default_base_job_template(
    client: Option<&Client>,
    kind: Option<&str>,
) -> Result<JsonObject, WorkPoolError> {
    let Some(client) = client else {
        let template = BaseJobTemplate::bundled(kind.unwrap_or_default());
        return template.map(BaseJobTemplate::into_document).map_err(|error| WorkPoolError::UnknownType {
            kind: kind.map(str::to_owned),
            known: error.known,
        });
    };
    let mut types = pool_types(client).await?;
    match types.iter().position(|known| Some(known.name.as_str()) == kind) {
        Some(index) => Ok(types.swap_remove(index).base_job_template),
        None => Err(unknown_type(kind, &types)),
    }
}

/// A new concurrency limit for a work pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConcurrencyLimit {
    Runs(u64),
    None,
}

impl From<ConcurrencyLimit> for Value {
    fn from(limit: ConcurrencyLimit) -> Self {
        match limit {
            ConcurrencyLimit::Runs(limit) => limit.into(),
            ConcurrencyLimit::None => Self::Null,
        }
    }
}

/// Changes made by `work-pool update`. Fields that are `None` are not changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    pub(crate) base_job_template: Option<PathBuf>,
    pub(crate) edits: TemplateEdits,
    pub(crate) description: Option<String>,
    pub(crate) concurrency_limit: Option<ConcurrencyLimit>,
    pub(crate) paused: Option<bool>,
}

/// Updates a work pool. Returns the names of the fields that were updated.
pub(crate) async fn change(
    client: &Client,
    name: &str,
    changes: &Changes,
) -> Result<Vec<String>, WorkPoolError> {
    let template = changes.base_job_template.as_deref().map(read_template).transpose()?;
    let pool = find(client, name).await?;
    let template = edited(&changes.edits, &pool, template)?;
    let fields = [
        ("base_job_template", template.map(Value::Object)),
        ("description", changes.description.as_ref().map(|text| json!(text))),
        ("concurrency_limit", changes.concurrency_limit.map(Value::from)),
        ("is_paused", changes.paused.map(Value::Bool)),
    ];
    let body = object(fields.into_iter().filter_map(|(key, value)| Some((key, value?))));
    if !body.is_empty() {
        client.update_work_pool(name, &body).await?;
    }
    Ok(body.keys().cloned().collect())
}

/// Returns the differences between a work pool's base job template and its type's default template.
pub(crate) async fn template_differences(
    client: &Client,
    name: &str,
) -> Result<Vec<Difference>, WorkPoolError> {
    let pool = find(client, name).await?;
    let default = default_base_job_template(Some(client), Some(&pool.kind)).await?;
    Ok(base_job_template::differences(&default.into(), &pool.base_job_template.into()))
}

/// Returns the scheduled runs of a work pool that start before the given time, sorted by start time.
///
/// Does not use the API route that workers poll, because that route marks the pool's queues as served by a worker.
pub(crate) async fn waiting_runs(
    client: &Client,
    name: &str,
    queue: Option<&str>,
    before: Option<Timestamp>,
) -> Result<Vec<FlowRun>, WorkPoolError> {
    find(client, name).await?;
    if let Some(queue) = queue {
        let known = client.work_queues(Some(name)).await?;
        if !known.iter().any(|known| known.name == queue) {
            return Err(queues::missing(queue, Some(name), &known));
        }
    }
    let filter = FlowRunFilter {
        work_pools: vec![name.to_owned()],
        work_queues: queue.map(str::to_owned).into_iter().collect(),
        state_types: vec![StateType::Scheduled],
        scheduled_before: before,
        ..FlowRunFilter::default()
    };
    let mut runs = client.flow_runs(&filter, usize::MAX).await?;
    runs.sort_by_key(|run| run.expected_start_time);
    Ok(runs)
}

impl CreatedPool {
    /// Formats the message about a created or updated pool, including lines that scripts match.
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
