//! API requests for work pools, work queues, workers and worker types.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ApiError, Client, JsonObject, NamedObject, error::optional, page::Identified, request::Request};

/// A work pool that exists on the server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "JsonObject")]
pub(crate) struct WorkPool {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// Type of the work pool, such as `process`, `kubernetes` or `ecs:push`.
    pub(crate) kind: String,
    pub(crate) description: Option<String>,
    pub(crate) base_job_template: JsonObject,
    pub(crate) is_paused: bool,
    pub(crate) concurrency_limit: Option<u64>,
    /// Status of the work pool: `READY`, `NOT_READY` or `PAUSED`. Old servers do not report a status.
    pub(crate) status: Option<String>,
    /// The complete JSON object that the server returned, including the fields above.
    pub(crate) raw: JsonObject,
}

impl WorkPool {
    /// Checks whether the pool is a push pool. Push pools run flows on a serverless provider without a
    /// worker.
    pub(crate) fn is_push(&self) -> bool {
        self.kind.ends_with(":push")
    }

    /// Returns the JSON schema of the pool's job variables, or `None` if the pool has no valid schema.
    pub(crate) fn variables_schema(&self) -> Option<&Value> {
        variables_schema(&self.base_job_template)
    }

    /// Checks whether Prefect Cloud runs the pool's workers.
    pub(crate) fn is_managed(&self) -> bool {
        self.kind.ends_with(":managed")
    }
}

/// Returns the JSON schema of the job variables in a base job template, or `None` if the template has no
/// valid schema.
pub(crate) fn variables_schema(base_job_template: &JsonObject) -> Option<&Value> {
    base_job_template.get("variables").filter(|schema| schema.is_object())
}

impl TryFrom<JsonObject> for WorkPool {
    type Error = serde_json::Error;

    fn try_from(raw: JsonObject) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Fields {
            id: Uuid,
            name: String,
            r#type: String,
            description: Option<String>,
            base_job_template: Option<JsonObject>,
            #[serde(default)]
            is_paused: bool,
            concurrency_limit: Option<u64>,
            status: Option<String>,
        }
        let fields = Fields::deserialize(&raw)?;
        Ok(Self {
            id: fields.id,
            name: fields.name,
            kind: fields.r#type,
            description: fields.description,
            base_job_template: fields.base_job_template.unwrap_or_default(),
            is_paused: fields.is_paused,
            concurrency_limit: fields.concurrency_limit,
            status: fields.status,
            raw,
        })
    }
}

impl Identified for WorkPool {
    fn id(&self) -> Uuid {
        self.id
    }
}

/// A worker of a work pool.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Worker {
    pub(crate) id: Uuid,
    pub(crate) name: String,
}

impl Identified for Worker {
    fn id(&self) -> Uuid {
        self.id
    }
}

/// A worker type, such as `kubernetes`. Its work pools have the same type.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct WorkerType {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// Base job template for new work pools of this type.
    #[serde(default, rename = "default_base_job_configuration")]
    pub(crate) base_job_template: JsonObject,
    #[serde(default)]
    pub(crate) is_beta: bool,
}

impl Client {
    pub(crate) async fn work_pool(&self, name: &str) -> Result<Option<WorkPool>, ApiError> {
        optional(self.json(Request::get(&["work_pools", name])).await)
    }

    /// Returns all work pools in the server's order.
    pub(crate) async fn work_pools(&self) -> Result<Vec<WorkPool>, ApiError> {
        self.filter(&["work_pools", "filter"], JsonObject::new()).await
    }

    pub(crate) async fn work_pools_by_name(&self, names: &[String]) -> Result<Vec<WorkPool>, ApiError> {
        let filter = [("work_pools".to_owned(), json!({"name": {"any_": names}}))];
        self.filter(&["work_pools", "filter"], filter.into_iter().collect()).await
    }

    /// Creates a work pool.
    ///
    /// # Errors
    ///
    /// Returns a conflict error if a work pool with this name already exists.
    pub(crate) async fn create_work_pool(&self, body: &JsonObject) -> Result<WorkPool, ApiError> {
        self.json(Request::post(&["work_pools", ""], body.clone()).once()).await
    }

    /// Updates the work pool fields given in `body`.
    pub(crate) async fn update_work_pool(&self, name: &str, body: &JsonObject) -> Result<(), ApiError> {
        self.done(Request::patch(&["work_pools", name], body.clone())).await
    }

    /// Deletes a work pool. Returns `false` if the pool did not exist.
    pub(crate) async fn delete_work_pool(&self, name: &str) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["work_pools", name])).await)?.is_some())
    }

    /// Returns all workers of a work pool, including offline workers.
    pub(crate) async fn workers(&self, pool: &str) -> Result<Vec<NamedObject>, ApiError> {
        self.filter(&["work_pools", pool, "workers", "filter"], JsonObject::new()).await
    }

    /// Returns the work queues of a work pool, or all work queues if `pool` is `None`.
    pub(crate) async fn work_queues(&self, pool: Option<&str>) -> Result<Vec<NamedObject>, ApiError> {
        match pool {
            Some(pool) => self.filter(&["work_pools", pool, "queues", "filter"], JsonObject::new()).await,
            None => self.filter(&["work_queues", "filter"], JsonObject::new()).await,
        }
    }

    /// Creates a work queue in a work pool.
    ///
    /// # Errors
    ///
    /// Returns a conflict error if the pool already has a queue with this name.
    pub(crate) async fn create_work_queue(
        &self,
        pool: &str,
        body: &JsonObject,
    ) -> Result<NamedObject, ApiError> {
        self.json(Request::post(&["work_pools", pool, "queues"], body.clone()).once()).await
    }

    pub(crate) async fn work_queue(&self, pool: &str, name: &str) -> Result<Option<NamedObject>, ApiError> {
        optional(self.json(Request::get(&["work_pools", pool, "queues", name])).await)
    }

    pub(crate) async fn work_queue_by_id(&self, id: Uuid) -> Result<Option<NamedObject>, ApiError> {
        optional(self.json(Request::get(&["work_queues", &id.to_string()])).await)
    }

    /// Returns a work queue's health and its number of late runs, or `None` if the queue does not exist.
    pub(crate) async fn work_queue_status(&self, id: Uuid) -> Result<Option<JsonObject>, ApiError> {
        optional(self.json(Request::get(&["work_queues", &id.to_string(), "status"])).await)
    }

    /// Updates the work queue fields given in `body`. Returns `false` if the queue does not exist.
    pub(crate) async fn update_work_queue(&self, id: Uuid, body: &JsonObject) -> Result<bool, ApiError> {
        let request = Request::patch(&["work_queues", &id.to_string()], body.clone());
        Ok(optional(self.done(request).await)?.is_some())
    }

    /// Updates fields of a work pool's queue. Returns `false` if the queue does not exist.
    ///
    /// If another queue already has the new priority, the server changes the priorities of the pool's other queues. In
    /// contrast, [`Client::update_work_queue`] leaves two queues with the same priority.
    pub(crate) async fn update_pool_queue(
        &self,
        pool: &str,
        name: &str,
        body: &JsonObject,
    ) -> Result<bool, ApiError> {
        let request = Request::patch(&["work_pools", pool, "queues", name], body.clone());
        Ok(optional(self.done(request).await)?.is_some())
    }

    /// Deletes a work queue. Returns `false` if the queue did not exist.
    ///
    /// # Errors
    ///
    /// Returns a conflict error for a work pool's default queue, which cannot be deleted.
    pub(crate) async fn delete_work_queue(&self, id: Uuid) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["work_queues", &id.to_string()])).await)?.is_some())
    }

    /// Returns the online workers of a work pool.
    pub(crate) async fn online_workers(&self, pool: &str) -> Result<Vec<Worker>, ApiError> {
        let filter = [("workers".to_owned(), json!({"status": {"any_": ["ONLINE"]}}))];
        self.filter(&["work_pools", pool, "workers", "filter"], filter.into_iter().collect()).await
    }

    /// Returns whether a work pool requires a worker but has no online worker. Returns `false` if the workers cannot be
    /// listed.
    pub(crate) async fn is_idle(&self, pool: &WorkPool) -> bool {
        if pool.is_push() || pool.is_managed() {
            return false;
        }
        self.online_workers(&pool.name).await.is_ok_and(|workers| workers.is_empty())
    }

    /// Returns the worker types that the server offers, in the order of its response.
    pub(crate) async fn worker_types(&self) -> Result<Vec<WorkerType>, ApiError> {
        let path: &[&str] = if self.is_cloud() {
            &["collections", "work_pool_types"]
        } else {
            &["collections", "views", "aggregate-worker-metadata"]
        };
        let collections: IndexMap<String, IndexMap<String, Value>> = self.json(Request::get(path)).await?;
        // Entries with an unexpected structure are skipped, because the other worker types are still usable.
        let types = collections.into_values().flat_map(IndexMap::into_values);
        let types = types.filter_map(|entry| WorkerType::deserialize(entry).ok());
        let types: IndexMap<String, WorkerType> = types.map(|entry| (entry.kind.clone(), entry)).collect();
        Ok(types.into_values().collect())
    }
}
