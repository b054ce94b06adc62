//! Reads and writes resources with the API requests for each kind.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize as _;
use serde_json::json;
use uuid::Uuid;

use super::{
    BlockSecrets, DesiredResource, LiveResource, References, ResourceKey,
    ResourceKind::{Automation, Block, ConcurrencyLimit, Variable, WorkPool, WorkQueue},
    block_references,
    concurrent_reads::read_each,
    references,
};
use crate::{
    api::{self, ApiError, Client, JsonObject, NamedObject},
    value::json_object,
};

/// Name of the block field that contains the block schema ID.
pub(crate) const BLOCK_SCHEMA: &str = "block_schema_id";

/// The resources that exist on the server, keyed by identity.
pub(crate) type LiveResources = BTreeMap<ResourceKey, LiveResource>;

/// A live work pool queue.
#[derive(Debug, Clone)]
pub(crate) struct PoolQueue {
    pub(crate) name: String,
    pub(crate) id: Uuid,
    pub(crate) priority: u64,
}

/// The queues of work pools, keyed by pool.
pub(crate) type PoolQueues = BTreeMap<String, Vec<PoolQueue>>;

/// Reads the resources that exist on the server. If multiple automations have the same name, returns the automation
/// with the given ID.
///
/// # Errors
///
/// Fails if a request fails or if multiple automations have the same name and no ID is given.
pub(crate) async fn read<'a>(
    client: &Client,
    keys: impl IntoIterator<Item = (&'a ResourceKey, Option<Uuid>)>,
) -> Result<LiveResources, ApiError> {
    Ok(read_with_queues(client, keys).await?.0)
}

/// Reads the resources that exist on the server, like [`read`], and all queues in the given queues' work pools.
pub(super) async fn read_with_queues<'a>(
    client: &Client,
    keys: impl IntoIterator<Item = (&'a ResourceKey, Option<Uuid>)>,
) -> Result<(LiveResources, PoolQueues), ApiError> {
    let ids: BTreeMap<&ResourceKey, Option<Uuid>> = keys.into_iter().collect();
    let found = read_each(Read::all(&ids), |read| read.send(client)).await?;
    let mut live: LiveResources = found.into_iter().flatten().collect();
    let mut queues = PoolQueues::new();
    for (key, found) in &live {
        let names = key.pool_of_queue().zip(key.queue());
        if let (Some((pool, name)), Some(priority)) = (names, found.priority()) {
            let queue = PoolQueue { name: name.to_owned(), id: found.id, priority };
            queues.entry(pool.to_owned()).or_default().push(queue);
        }
    }
    live.retain(|key, _| ids.contains_key(key));
    Ok((live, queues))
}

/// A request that reads resources. One request reads all resources of a kind, if the API allows it.
enum Read<'a> {
    WorkPools(Vec<String>),
    /// A work pool's queues.
    WorkQueues(&'a str),
    ConcurrencyLimit(&'a str),
    Variables(Vec<&'a str>),
    Block(&'a ResourceKey),
    /// Maps each automation's name to its ID. The ID selects an automation if multiple automations have the same name.
    Automations(BTreeMap<&'a str, Option<Uuid>>),
}

impl<'a> Read<'a> {
    /// Returns the requests that read the given resources.
    fn all(ids: &BTreeMap<&'a ResourceKey, Option<Uuid>>) -> Vec<Self> {
        let (mut pools, mut variables) = (Vec::new(), Vec::new());
        let (mut queues, mut automations) = (BTreeSet::new(), BTreeMap::new());
        let mut reads = Vec::new();
        for (&key, id) in ids {
            let name = key.name.as_str();
            match key.kind {
                WorkPool => pools.push(name.to_owned()),
                WorkQueue => queues.extend(key.pool_of_queue().filter(|pool| !pool.is_empty())),
                ConcurrencyLimit => reads.push(Self::ConcurrencyLimit(name)),
                Variable => variables.push(name),
                Block => reads.push(Self::Block(key)),
                Automation => _ = automations.insert(name, *id),
            }
        }
        reads.extend(queues.into_iter().map(Self::WorkQueues));
        reads.extend((!pools.is_empty()).then_some(Self::WorkPools(pools)));
        reads.extend((!variables.is_empty()).then_some(Self::Variables(variables)));
        reads.extend((!automations.is_empty()).then_some(Self::Automations(automations)));
        reads
    }

    /// Returns the requested resources that exist. May return additional resources.
    async fn send(self, client: &Client) -> Result<Vec<(ResourceKey, LiveResource)>, ApiError> {
        Ok(match self {
            Self::WorkPools(names) => {
                let pools = client.work_pools_by_name(&names).await?.into_iter();
                pools
                    .map(|pool| (ResourceKey::new(WorkPool, pool.name), resource(pool.id, pool.raw)))
                    .collect()
            }
            Self::WorkQueues(pool) => {
                let queues = match client.work_queues(Some(pool)).await {
                    Err(ApiError::NotFound { .. }) => Vec::new(),
                    queues => queues?,
                };
                let queues = queues.into_iter();
                queues.map(|queue| (ResourceKey::queue_of(pool, &queue.name), object(queue))).collect()
            }
            Self::ConcurrencyLimit(name) => {
                let found = client.concurrency_limit(name).await?.into_iter();
                found.map(|limit| (ResourceKey::new(ConcurrencyLimit, name), object(limit))).collect()
            }
            Self::Variables(names) => {
                let variables = client.variables_named(&names).await?.into_iter();
                let key = |found: &NamedObject| ResourceKey::new(Variable, found.name.clone());
                variables.map(|found| (key(&found), object(found))).collect()
            }
            Self::Block(key) => {
                let (kind, name) = key.parts();
                let found = client.hidden_block_document(kind, name).await?.into_iter();
                let declared =
                    found.map(|found| resource(found.id, block_references::as_declared(found.raw)));
                declared.map(|block| (key.clone(), block)).collect()
            }
            Self::Automations(ids) => {
                let names: Vec<&str> = ids.keys().copied().collect();
                let mut automations = Vec::new();
                for (name, found) in automations_by_name(client, &names).await? {
                    let id = ids.get(name.as_str()).copied().flatten();
                    let found = selected_automation(&name, found, id)?;
                    automations
                        .extend(found.map(|found| {
                            (ResourceKey::new(Automation, name), resource(found.id, found.raw))
                        }));
                }
                automations
            }
        })
    }
}

/// Returns the automations with any of the given names. The server allows multiple automations with the same name.
pub(crate) async fn automations_by_name(
    client: &Client,
    names: &[&str],
) -> Result<BTreeMap<String, Vec<api::Automation>>, ApiError> {
    let mut automations: BTreeMap<String, Vec<api::Automation>> = BTreeMap::new();
    if !names.is_empty() {
        for found in client.automations_named(names).await? {
            automations.entry(found.name.clone()).or_default().push(found);
        }
    }
    Ok(automations)
}

/// Returns the only automation in a list. If the list contains multiple automations, returns the automation with the
/// given ID, or `None` if no automation has this ID.
fn selected_automation(
    name: &str,
    mut found: Vec<api::Automation>,
    id: Option<Uuid>,
) -> Result<Option<api::Automation>, ApiError> {
    match id {
        _ if found.len() < 2 => Ok(found.pop()),
        Some(id) => Ok(found.into_iter().find(|automation| automation.id == id)),
        None => {
            let ids: Vec<String> = found.iter().map(|automation| automation.id.to_string()).collect();
            let detail = format!("the server has multiple automations named '{name}': {}", ids.join(", "));
            Err(ApiError::Conflict { detail })
        }
    }
}

fn resource(id: Uuid, fields: JsonObject) -> LiveResource {
    LiveResource { id, fields }
}

fn object(object: NamedObject) -> LiveResource {
    resource(object.id, object.raw)
}

/// Creates a resource.
///
/// # Errors
///
/// Fails with a conflict error if the resource already exists.
pub(crate) async fn create(
    client: &Client,
    key: &ResourceKey,
    fields: &JsonObject,
    secrets: &BlockSecrets,
    references: &References,
) -> Result<LiveResource, ApiError> {
    let (first, last) = key.parts();
    let body = || named(fields, last);
    Ok(match key.kind {
        WorkPool => {
            let pool = client.create_work_pool(&body()).await?;
            resource(pool.id, pool.raw)
        }
        WorkQueue => object(client.create_work_queue(first, &body()).await?),
        ConcurrencyLimit => object(client.create_concurrency_limit(&body()).await?),
        Variable => object(client.create_variable(&body()).await?),
        Block => {
            let data = block_data(block_references::with_ids(data_of(fields), references)?, secrets);
            object(client.create_block(first, last, &data).await?)
        }
        Automation => {
            let automation = client.create_automation(&references.with_ids(&body())?).await?;
            resource(automation.id, automation.raw)
        }
    })
}

/// Returns the path and body of the request that creates a resource. Replaces IDs that are only known from responses
/// with descriptions.
pub(crate) fn creation(resource: &DesiredResource) -> (String, JsonObject) {
    let DesiredResource { key, fields, secrets, .. } = resource;
    let (first, last) = key.parts();
    let path = match key.kind {
        WorkPool => "/work_pools/".to_owned(),
        WorkQueue => format!("/work_pools/{first}/queues"),
        ConcurrencyLimit => "/v2/concurrency_limits/".to_owned(),
        Variable => "/variables/".to_owned(),
        Block => "/block_documents/".to_owned(),
        Automation => "/automations/".to_owned(),
    };
    let body = match key.kind {
        Block => json_object(json!({
            "name": last,
            "data": block_data(block_references::with_described_ids(data_of(fields)), secrets),
            "block_type_id": format!("(id of the block type '{first}')"),
            "block_schema_id": format!("(id of the schema of the block type '{first}')"),
        })),
        Automation => references::with_described_ids(&named(fields, &key.name)),
        _ => named(fields, last),
    };
    (path, body)
}

/// Updates the given fields of a resource. An automation update requires all fields. A block gets its type's newest
/// schema unless the fields contain a schema.
pub(crate) async fn update(
    client: &Client,
    key: &ResourceKey,
    live: &LiveResource,
    fields: &JsonObject,
    secrets: &BlockSecrets,
    references: &References,
) -> Result<(), ApiError> {
    match key.kind {
        WorkPool => {
            let mut body = fields.clone();
            body.shift_remove("type");
            client.update_work_pool(&key.name, &body).await
        }
        WorkQueue => {
            let (pool, name) = key.parts();
            client.update_pool_queue(pool, name, fields).await.and_then(require)
        }
        ConcurrencyLimit => client.update_concurrency_limit(&key.name, fields).await,
        Variable => client.update_variable(&key.name, fields).await,
        Block => {
            let mut data = data_of(fields);
            block_references::keep(&mut data, &live.fields);
            let data = block_data(block_references::with_ids(data, references)?, secrets);
            // The declaration has been checked against the newest schema. A rollback restores the recorded schema.
            let recorded = fields.get(BLOCK_SCHEMA).and_then(|id| Uuid::deserialize(id).ok());
            let schema = match recorded {
                Some(schema) => schema,
                None => client.newest_block_schema(key.parts().0).await?,
            };
            client.update_block(live.id, &data, schema).await
        }
        Automation => {
            let body = references.with_ids(&named(fields, &key.name))?;
            client.replace_automation(live.id, &body).await
        }
    }
}

/// Deletes a resource. Returns `false` if the resource did not exist.
pub(crate) async fn delete(client: &Client, key: &ResourceKey, id: Uuid) -> Result<bool, ApiError> {
    match key.kind {
        WorkPool => client.delete_work_pool(&key.name).await,
        WorkQueue => client.delete_work_queue(id).await,
        ConcurrencyLimit => client.delete_concurrency_limit(&key.name).await,
        Variable => client.delete_variable(&key.name).await,
        Block => client.delete_block(id).await,
        Automation => client.delete_automation(id).await,
    }
}

fn require(exists: bool) -> Result<(), ApiError> {
    if exists {
        Ok(())
    } else {
        Err(ApiError::NotFound { detail: "the work queue does not exist".to_owned() })
    }
}

fn named(fields: &JsonObject, name: &str) -> JsonObject {
    let name = [("name".to_owned(), json!(name))];
    name.into_iter().chain(fields.iter().map(|(key, value)| (key.clone(), value.clone()))).collect()
}

/// Returns a block's public and secret fields.
fn block_data(mut data: JsonObject, secrets: &BlockSecrets) -> JsonObject {
    secrets.add_to(&mut data);
    data
}

/// Returns a block's public fields.
fn data_of(fields: &JsonObject) -> JsonObject {
    json_object(fields.get("data").cloned().unwrap_or_default())
}
