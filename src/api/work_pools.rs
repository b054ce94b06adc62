//! Work pools, their workers, and the types of workers there are.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{ApiError, Client, JsonObject, NamedObject, error::optional, page::Identified, request::Request};

/// A work pool as the server has it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "JsonObject")]
pub(crate) struct WorkPool {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// `process`, `kubernetes`, `ecs:push`, ...
    pub(crate) kind: String,
    pub(crate) description: Option<String>,
    pub(crate) base_job_template: JsonObject,
    pub(crate) is_paused: bool,
    pub(crate) concurrency_limit: Option<u64>,
    /// `READY`, `NOT_READY` or `PAUSED`; absent on old servers.
    pub(crate) status: Option<String>,
    /// All that the server sent, these fields included.
    pub(crate) raw: JsonObject,
}

impl WorkPool {
    /// Whether runs are started by a serverless provider instead of a worker.
    pub(crate) fn is_push(&self) -> bool {
        self.kind.ends_with(":push")
    }

    /// Whether Prefect Cloud runs the workers.
    pub(crate) fn is_managed(&self) -> bool {
        self.kind.ends_with(":managed")
    }
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

/// A worker that serves a pool.
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

/// A type of worker, and so of work pool.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct WorkerType {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) display_name: Option<String>,
    #[serde(default)]
    pub(crate) description: Option<String>,
    /// The base job template of pools that name none.
    #[serde(default, rename = "default_base_job_configuration")]
    pub(crate) base_job_template: JsonObject,
    #[serde(default)]
    pub(crate) is_beta: bool,
}

impl Client {
    pub(crate) async fn work_pool(&self, name: &str) -> Result<Option<WorkPool>, ApiError> {
        optional(self.json(Request::get(&["work_pools", name])).await)
    }

    /// All work pools, in the server's order.
    pub(crate) async fn work_pools(&self) -> Result<Vec<WorkPool>, ApiError> {
        self.filter(&["work_pools", "filter"], JsonObject::new()).await
    }

    pub(crate) async fn work_pools_by_name(&self, names: &[String]) -> Result<Vec<WorkPool>, ApiError> {
        let filter = [("work_pools".to_owned(), json!({"name": {"any_": names}}))];
        self.filter(&["work_pools", "filter"], filter.into_iter().collect()).await
    }

    /// Creates a work pool; a conflict if there is one of that name.
    pub(crate) async fn create_work_pool(&self, body: &JsonObject) -> Result<WorkPool, ApiError> {
        self.json(Request::post(&["work_pools", ""], body.clone()).once()).await
    }

    /// Changes the fields in `body`.
    pub(crate) async fn update_work_pool(&self, name: &str, body: &JsonObject) -> Result<(), ApiError> {
        self.done(Request::patch(&["work_pools", name], body.clone())).await
    }

    /// Whether there was such a work pool.
    pub(crate) async fn delete_work_pool(&self, name: &str) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["work_pools", name])).await)?.is_some())
    }

    /// All workers that a pool has had of late.
    pub(crate) async fn workers(&self, pool: &str) -> Result<Vec<NamedObject>, ApiError> {
        self.filter(&["work_pools", pool, "workers", "filter"], JsonObject::new()).await
    }

    /// The queues of a pool, or of all pools.
    pub(crate) async fn work_queues(&self, pool: Option<&str>) -> Result<Vec<NamedObject>, ApiError> {
        match pool {
            Some(pool) => self.filter(&["work_pools", pool, "queues", "filter"], JsonObject::new()).await,
            None => self.filter(&["work_queues", "filter"], JsonObject::new()).await,
        }
    }

    /// Creates a queue in a pool; a conflict if there is one of that name.
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

    /// How a queue is: whether it is healthy, and how many runs in it are late.
    pub(crate) async fn work_queue_status(&self, id: Uuid) -> Result<Option<JsonObject>, ApiError> {
        optional(self.json(Request::get(&["work_queues", &id.to_string(), "status"])).await)
    }

    /// Changes the fields in `body` of a queue. Whether there was one.
    pub(crate) async fn update_work_queue(&self, id: Uuid, body: &JsonObject) -> Result<bool, ApiError> {
        let request = Request::patch(&["work_queues", &id.to_string()], body.clone());
        Ok(optional(self.done(request).await)?.is_some())
    }

    /// Whether there was such a queue; a conflict if it is the pool's default one.
    pub(crate) async fn delete_work_queue(&self, id: Uuid) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["work_queues", &id.to_string()])).await)?.is_some())
    }

    /// The workers of a pool that are there now.
    pub(crate) async fn online_workers(&self, pool: &str) -> Result<Vec<Worker>, ApiError> {
        let filter = [("workers".to_owned(), json!({"status": {"any_": ["ONLINE"]}}))];
        self.filter(&["work_pools", pool, "workers", "filter"], filter.into_iter().collect()).await
    }

    /// The types of workers that the server knows, by type.
    pub(crate) async fn worker_types(&self) -> Result<BTreeMap<String, WorkerType>, ApiError> {
        let path: &[&str] = if self.is_cloud() {
            &["collections", "work_pool_types"]
        } else {
            &["collections", "views", "aggregate-worker-metadata"]
        };
        let collections: BTreeMap<String, BTreeMap<String, Value>> = self.json(Request::get(path)).await?;
        // An entry of a shape we do not know is a type we cannot create, not a reason to fail.
        let types = collections.into_values().flat_map(BTreeMap::into_values);
        let types = types.filter_map(|entry| WorkerType::deserialize(entry).ok());
        Ok(types.map(|entry| (entry.kind.clone(), entry)).collect())
    }
}
