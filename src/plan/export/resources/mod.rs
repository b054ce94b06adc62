//! Exports a server's resources as declarations for a project file's `prefectl` key.

mod pools;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::{protected, triggers};
use crate::{
    api::{ApiError, Automation, Client, JsonObject, NamedObject, WorkPool},
    base_job_template::pool_types,
    block_schema::{BlockReference, has_block_placeholder},
    deployment::{PreviewName, ProjectId, snapshot},
    project::resources::ACTION_LISTS,
    resource::{ReferenceKind, References, ResourceReference, SecretHashes, block_references},
    secret::MASK,
    template::placeholder::{Kind, Placeholder},
};

/// Name prefix of the limits that the server creates for deployments.
const DEPLOYMENT_LIMIT: &str = "deployment:";

/// The resources of a server.
#[derive(Debug)]
pub(super) struct LiveObjects {
    pools: Vec<WorkPool>,
    queues: Vec<NamedObject>,
    variables: Vec<NamedObject>,
    limits: Vec<NamedObject>,
    automations: Vec<Automation>,
    blocks: Vec<NamedObject>,
    /// Default base job templates, keyed by work pool type.
    templates: BTreeMap<String, JsonObject>,
}

/// A project file section, with notes about values that the file cannot contain.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) value: Json,
    pub(super) count: usize,
    pub(super) notes: Vec<String>,
}

impl LiveObjects {
    /// Reads all resources other than automations. The server masks block secrets.
    pub(super) async fn read(client: &Client, automations: Vec<Automation>) -> Result<Self, ApiError> {
        let (types, pools, queues, variables, limits, blocks) = tokio::try_join!(
            pool_types(client),
            client.work_pools(),
            client.work_queues(None),
            client.variables(usize::MAX),
            client.concurrency_limits(),
            client.block_documents(),
        )?;
        let templates = types.into_iter().map(|known| (known.name, known.base_job_template)).collect();
        Ok(Self { pools, queues, variables, limits, automations, blocks, templates })
    }

    /// Returns the declarations. Automations that are exported as deployment triggers are omitted. `deployments`
    /// contains the full names of all deployments.
    pub(super) fn section(&self, deployments: &BTreeMap<Uuid, String>) -> Section {
        let mut notes = Vec::new();
        let references = self.references(deployments);
        let pools: Vec<Json> = sorted(&self.pools, |pool| &pool.name)
            .map(|pool| pools::declaration(pool, &self.queues, self.templates.get(&pool.kind)))
            .collect();
        let is_own = |variable: &&NamedObject| {
            let name = variable.name.as_str();
            let is_record = ProjectId::is_record_name(name)
                || ProjectId::is_resource_record_name(name)
                || PreviewName::is_record_name(name)
                || snapshot::is_record_name(name)
                || SecretHashes::is_record_name(name);
            !is_record
        };
        let variables: Map<String, Json> = sorted(&self.variables, |variable| &variable.name)
            .filter(is_own)
            .map(|variable| (variable.name.clone(), escaped(&variable.raw["value"])))
            .collect();
        let limits: Vec<Json> = sorted(&self.limits, |limit| &limit.name)
            .filter(|limit| !limit.name.starts_with(DEPLOYMENT_LIMIT))
            .map(limit)
            .collect();
        let automations: Vec<Json> = sorted(&self.automations, |automation| &automation.name)
            .filter(|automation| !is_trigger(automation, deployments))
            .filter_map(|found| automation(found, &references, &mut notes))
            .collect();
        let mut variables_of_secrets = BTreeSet::new();
        let blocks: Vec<Json> = sorted(&self.blocks, |block| &block.name)
            .filter_map(|found| block(found, &mut variables_of_secrets, &mut notes))
            .collect();
        let count = pools.len() + variables.len() + limits.len() + automations.len() + blocks.len();
        let lists = [
            ("work_pools", Json::from(pools)),
            ("variables", Json::from(variables)),
            ("concurrency_limits", limits.into()),
            ("automations", automations.into()),
            ("blocks", blocks.into()),
        ];
        let is_empty = |value: &Json| {
            value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty)
        };
        let lists = lists.into_iter().filter(|(_, list)| !is_empty(list));
        let value = lists.map(|(key, list)| (key.to_owned(), list)).collect::<Map<_, _>>().into();
        Section { value, count, notes }
    }

    /// Returns the names of the resources and deployments that actions may refer to.
    fn references(&self, deployments: &BTreeMap<Uuid, String>) -> References {
        let reference = |kind, name: String| ResourceReference { kind, name };
        let queue = |queue: &NamedObject| format!("{}/{}", queue.text("work_pool_name"), queue.name);
        let block = |block: &NamedObject| format!("{}/{}", block_type(block), block.name);
        let deployments =
            deployments.iter().map(|(id, name)| (reference(ReferenceKind::Deployment, name.clone()), *id));
        let pools =
            self.pools.iter().map(|pool| (reference(ReferenceKind::WorkPool, pool.name.clone()), pool.id));
        let queues =
            self.queues.iter().map(|found| (reference(ReferenceKind::WorkQueue, queue(found)), found.id));
        let blocks =
            self.blocks.iter().map(|found| (reference(ReferenceKind::Block, block(found)), found.id));
        let automations = self
            .automations
            .iter()
            .map(|found| (reference(ReferenceKind::Automation, found.name.clone()), found.id));
        deployments.chain(pools).chain(queues).chain(blocks).chain(automations).collect()
    }
}

fn sorted<T>(items: &[T], name: impl Fn(&T) -> &String) -> impl Iterator<Item = &T> {
    let mut items: Vec<&T> = items.iter().collect();
    items.sort_by(|a, b| name(a).cmp(name(b)));
    items.into_iter()
}

/// Returns whether an automation is exported as a deployment trigger: its only action runs the deployment.
fn is_trigger(automation: &Automation, deployments: &BTreeMap<Uuid, String>) -> bool {
    let action = automation.raw.get("actions").and_then(|actions| actions.get(0));
    let runs = action.filter(|action| action["type"] == "run-deployment");
    let id = runs.and_then(|action| action["deployment_id"].as_str()?.parse().ok());
    id.is_some_and(|id| deployments.contains_key(&id)) && triggers::item(automation).is_some()
}

/// Escapes the strings in a value. Placeholders for Prefect variables and environment variables are also escaped
/// because a deploy would replace them. Other placeholders are not escaped.
fn escaped(value: &Json) -> Json {
    let keeps = |found: &Placeholder<'_>| !matches!(found.kind(), Kind::Variable | Kind::Environment);
    protected(value, &keeps)
}

/// Returns the fields of an object that are neither null nor equal to their defaults.
fn set_fields<'a>(
    raw: &'a JsonObject,
    defaults: &'a [(&'static str, &'static str, Json)],
) -> impl Iterator<Item = (String, Json)> + 'a {
    let field = |(key, field, default): &'a (&'static str, &'static str, Json)| {
        let value = raw.get(*field).filter(|value| !value.is_null() && *value != default)?;
        Some(((*key).to_owned(), escaped(value)))
    };
    defaults.iter().filter_map(field)
}

fn limit(limit: &NamedObject) -> Json {
    let mut item = Map::from_iter([("name".to_owned(), escaped(&json!(limit.name)))]);
    let fields = [
        ("limit", "limit", Json::Null),
        ("slot_decay_per_second", "slot_decay_per_second", json!(0.0)),
        ("active", "active", json!(true)),
    ];
    item.extend(set_fields(&limit.raw, &fields));
    item.into()
}

/// Returns an automation's declaration, or `None` if the trigger cannot be declared.
fn automation(automation: &Automation, references: &References, notes: &mut Vec<String>) -> Option<Json> {
    let mut item = Map::from_iter([("name".to_owned(), escaped(&json!(automation.name)))]);
    let fields = [
        ("description", "description", json!("")),
        ("enabled", "enabled", json!(true)),
        ("tags", "tags", json!([])),
    ];
    item.extend(set_fields(&automation.raw, &fields));
    let Some(condition) = automation.raw.get("trigger").and_then(triggers::condition) else {
        notes.push(format!("automation '{}': the trigger cannot be written in a file", automation.name));
        return None;
    };
    item.insert("trigger".to_owned(), escaped(&condition.into()));
    let named = references.with_names(&automation.raw);
    for key in ACTION_LISTS {
        let actions: Vec<Json> =
            named.get(key).and_then(Json::as_array).into_iter().flatten().map(action).collect();
        if !actions.is_empty() {
            item.insert(key.to_owned(), actions.into());
        }
    }
    Some(item.into())
}

/// Returns an action without default values.
fn action(action: &Json) -> Json {
    let entries = action.as_object().into_iter().flatten();
    let is_set = |(key, value): &(&String, &Json)| {
        let is_default = match key.as_str() {
            "schedule_after" => value.as_f64() == Some(0.0),
            "source" => *value == "selected",
            "force" => *value == &json!(false),
            _ => false,
        };
        !value.is_null() && !is_default
    };
    entries.filter(is_set).map(|(key, value)| (key.clone(), escaped(value))).collect::<Map<_, _>>().into()
}

fn block_type(block: &NamedObject) -> &str {
    let slug = block.raw.get("block_type").and_then(|kind| kind.get("slug")).and_then(Json::as_str);
    slug.unwrap_or_default()
}

/// Returns a block's declaration. The declaration reads secret fields from environment variables whose names derive
/// from the block name. `taken` contains the environment variables already used by other blocks. Returns `None` if a
/// nested value is secret or refers to a block without a name.
fn block(block: &NamedObject, taken: &mut BTreeSet<String>, notes: &mut Vec<String>) -> Option<Json> {
    let kind = block_type(block);
    let label = format!("block '{kind}/{}'", block.name);
    let (mut values, mut sources) = (Map::new(), Map::new());
    let references = block.raw.get(block_references::REFERENCES);
    let is_reference = |field: &str| references.is_some_and(|references| references.get(field).is_some());
    let document = block_references::as_declared(block.raw.clone());
    for (field, value) in document.get("data").and_then(Json::as_object).into_iter().flatten() {
        if is_masked(value) {
            let field_name = if kind == "secret" { "" } else { field };
            let short = environment_name([&block.name, field_name]);
            let variable = if taken.contains(&short) {
                environment_name([kind, &block.name, field_name])
            } else {
                short
            };
            taken.insert(variable.clone());
            notes.push(format!("{label}: set the environment variable {variable} to the secret `{field}`"));
            sources.insert(field.clone(), format!("env:{variable}").into());
        } else if is_reference(field) && BlockReference::parse(value).is_some() {
            values.insert(field.clone(), value.clone());
        } else if contains_mask(value) || value.get("$ref").is_some() || has_block_placeholder(value) {
            notes.push(format!("{label}: the field `{field}` cannot be written in a file"));
            return None;
        } else if !value.is_null() {
            values.insert(field.clone(), escaped(value));
        }
    }
    let mut item = Map::from_iter([("type".to_owned(), json!(kind)), ("name".to_owned(), json!(block.name))]);
    match sources.get("value") {
        Some(source) if kind == "secret" => drop(item.insert("value_from".to_owned(), source.clone())),
        _ if sources.is_empty() => {}
        _ => drop(item.insert("value_from".to_owned(), sources.into())),
    }
    if !values.is_empty() {
        item.insert("values".to_owned(), values.into());
    }
    Some(item.into())
}

fn is_masked(value: &Json) -> bool {
    value.as_str() == Some(MASK)
}

fn contains_mask(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(contains_mask),
        Json::Object(entries) => entries.values().any(contains_mask),
        other => is_masked(other),
    }
}

/// Joins non-empty name segments into an environment variable name.
fn environment_name<const N: usize>(parts: [&str; N]) -> String {
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("_").replace('-', "_").to_uppercase()
}

#[cfg(test)]
mod tests;
