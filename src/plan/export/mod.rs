//! Exports existing deployments as a `prefect.yaml` file.

mod resources;
mod schedules;
mod triggers;

use self::resources::LiveObjects;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use crate::{
    api::{ApiError, Automation, Client, Deployment, DeploymentFilter},
    deployment::{PreviewName, flow_names_by_id, snapshot},
    project::{ConcurrencyLimit, resources::SECTION},
    target::NamePattern,
    template::{
        is_run_time_placeholder, literal,
        placeholder::{BLOCK_PREFIX, Kind, Placeholder, VARIABLE_PREFIX},
    },
    yaml,
};

/// An exported file, with notes about values that the file cannot contain.
#[derive(Debug)]
pub(crate) struct Export {
    pub(crate) text: String,
    /// Number of exported deployments.
    pub(crate) count: usize,
    /// Number of exported resources, not counting work queues.
    pub(crate) resources: usize,
    /// Notes about values that the file cannot contain.
    pub(crate) notes: Vec<String>,
}

/// Exports the deployments that match any of the patterns. Without patterns, exports all deployments except preview
/// copies. If `includes_resources` is set, also exports work pools, variables, concurrency limits, automations and
/// blocks.
pub(crate) async fn export(
    client: &Client,
    patterns: &[String],
    includes_resources: bool,
) -> Result<Export, ApiError> {
    let filter = DeploymentFilter::default();
    let (deployments, automations) = tokio::try_join!(client.deployments(&filter), client.automations())?;
    let flow_ids: BTreeSet<Uuid> = deployments.iter().map(|deployment| deployment.flow_id).collect();
    let flows = flow_names_by_id(client, flow_ids).await?;
    let automations_of = snapshot::by_deployment(automations.clone());
    let wanted: Vec<NamePattern<'_>> = patterns.iter().map(|pattern| NamePattern::new(pattern)).collect();
    let mut picked: BTreeMap<(&str, &str), &Deployment> = BTreeMap::new();
    for deployment in &deployments {
        let flow = flows.get(&deployment.flow_id).map_or("", String::as_str);
        let is_default = wanted.is_empty() && !PreviewName::is_copy(&deployment.name, &deployment.tags);
        if is_default || wanted.iter().any(|wanted| wanted.matches_names(flow, &deployment.name)) {
            picked.insert((flow, &deployment.name), deployment);
        }
    }
    let mut notes = Vec::new();
    let items: Vec<Json> = picked
        .iter()
        .map(|((flow, name), deployment)| {
            let automations = automations_of.get(&deployment.id).map_or(&[][..], Vec::as_slice);
            let mut item = Item { name: format!("{flow}/{name}"), notes: &mut notes, includes_resources };
            item.fields(deployment, automations)
        })
        .collect();
    let count = items.len();
    let mut document = json!({"deployments": items});
    let mut resources = 0;
    if includes_resources {
        let name = |deployment: &Deployment| {
            let flow = flows.get(&deployment.flow_id).map_or("", String::as_str);
            (deployment.id, format!("{flow}/{}", deployment.name))
        };
        // The future is large.
        let objects = Box::pin(LiveObjects::read(client, automations)).await?;
        let section = objects.section(&deployments.iter().map(name).collect());
        resources = section.count;
        notes.extend(section.notes);
        document = json!({"deployments": document["deployments"], SECTION: section.value});
    }
    Ok(Export { text: yaml::write(&document), count, resources, notes })
}

/// A builder for the list item of a deployment.
struct Item<'a> {
    name: String,
    notes: &'a mut Vec<String>,
    /// Whether automations that are not triggers are exported as resources.
    includes_resources: bool,
}

impl Item<'_> {
    fn note(&mut self, text: &str) {
        self.notes.push(format!("{}: {text}", self.name));
    }

    /// Returns a deployment's keys. Omits keys with default values.
    fn fields(&mut self, deployment: &Deployment, automations: &[Automation]) -> Json {
        let raw = |key: &str| deployment.raw.get(key).filter(|value| !value.is_null()).cloned();
        let mut fields = Map::new();
        let mut set = |key: &str, value: Option<Json>| {
            if let Some(value) = value {
                fields.insert(key.to_owned(), value);
            }
        };
        set("name", Some(templated(&json!(deployment.name))));
        for key in ["version", "description"] {
            set(key, raw(key).filter(|text| text != "").map(|text| templated(&text)));
        }
        set("entrypoint", raw("entrypoint").map(|text| templated(&text)));
        set("tags", (!deployment.tags.is_empty()).then(|| templated(&json!(deployment.tags))));
        set("paused", deployment.paused.then_some(Json::Bool(true)));
        set("concurrency_limit", concurrency_limit(deployment));
        set(
            "parameters",
            (!deployment.parameters.is_empty()).then(|| templated(&json!(deployment.parameters))),
        );
        let enforced = raw("enforce_parameter_schema").filter(|enforced| *enforced == json!(false));
        set("enforce_parameter_schema", enforced);
        set("work_pool", Some(work_pool(deployment)));
        let schedules: Vec<Json> = deployment.schedules.iter().map(schedules::item).collect();
        set("schedules", (!schedules.is_empty()).then(|| templated(&json!(schedules))));
        let triggers: Vec<Json> = automations.iter().filter_map(triggers::item).collect();
        let retained = triggers.len();
        set("triggers", (!triggers.is_empty()).then(|| trigger_templates(&triggers)));
        // Without the key, a deploy would generate pull steps for the local machine.
        set("pull", Some(raw("pull_steps").map_or_else(|| json!([]), |steps| pull_templates(&steps))));
        self.add_notes(deployment, automations.len() - retained);
        Json::Object(fields)
    }

    /// Adds notes about values that the file cannot contain. `others` is the number of automations that are not
    /// triggers.
    fn add_notes(&mut self, deployment: &Deployment, others: usize) {
        if deployment.schedules.iter().any(|schedule| schedule.max_scheduled_runs.is_some()) {
            self.note("the `max_scheduled_runs` of a schedule cannot be written in a file");
        }
        if others > 0 && !self.includes_resources {
            self.note("automations that cannot be written as triggers are omitted");
        }
        if deployment.entrypoint().is_none() {
            self.note("the deployment has no entrypoint; add an `entrypoint` to deploy it");
        }
        if deployment.work_pool_name.is_none() {
            self.note("the deployment has no work pool; add a `work_pool` to deploy it");
        }
        for key in ["path", "storage_document_id", "infrastructure_document_id"] {
            if deployment.raw.get(key).is_some_and(|value| !value.is_null()) {
                self.note(&format!("`{key}` cannot be written in a file"));
            }
        }
    }
}

fn concurrency_limit(deployment: &Deployment) -> Option<Json> {
    let limit = deployment.concurrency_limit();
    let Some(options) = deployment.concurrency_options() else { return limit.cloned() };
    let mut mapping = Map::new();
    mapping.extend(limit.map(|limit| ("limit".to_owned(), limit.clone())));
    let known = ConcurrencyLimit::OPTIONS.into_iter().filter_map(|key| Some((key, options.get(key)?)));
    mapping.extend(
        known.filter(|(_, value)| !value.is_null()).map(|(key, value)| (key.to_owned(), value.clone())),
    );
    Some(Json::Object(mapping))
}

fn work_pool(deployment: &Deployment) -> Json {
    let mut pool = Map::new();
    pool.extend(deployment.work_pool_name.as_ref().map(|name| ("name".to_owned(), templated(&json!(name)))));
    let queue = deployment.work_queue_name.as_ref().filter(|queue| *queue != "default");
    pool.extend(queue.map(|queue| ("work_queue_name".to_owned(), templated(&json!(queue)))));
    if !deployment.job_variables.is_empty() {
        pool.insert("job_variables".to_owned(), templated(&json!(deployment.job_variables)));
    }
    Json::Object(pool)
}

/// Escapes the strings in a value so that template rendering does not change them.
fn templated(value: &Json) -> Json {
    protected(value, &|placeholder| is_run_time_placeholder(placeholder.name))
}

/// Escapes triggers. Does not escape placeholders in parameters if they refer to the event rather than to a block or
/// variable.
fn trigger_templates(triggers: &[Json]) -> Json {
    let refers_to_event = |placeholder: &Placeholder<'_>| {
        placeholder.name.contains('.')
            && ![BLOCK_PREFIX, VARIABLE_PREFIX].iter().any(|prefix| placeholder.name.starts_with(prefix))
    };
    let protect = |(key, value): (&String, &Json)| {
        let value = if key == "parameters" { protected(value, &refers_to_event) } else { templated(value) };
        (key.clone(), value)
    };
    triggers
        .iter()
        .map(|trigger| Json::Object(trigger.as_object().into_iter().flatten().map(protect).collect()))
        .collect()
}

/// Escapes pull steps. Only escapes environment variable placeholders, because the worker resolves all other
/// placeholders.
fn pull_templates(steps: &Json) -> Json {
    protected(steps, &|placeholder| placeholder.kind() != Kind::Environment)
}

fn protected(value: &Json, keeps: &impl Fn(&Placeholder<'_>) -> bool) -> Json {
    match value {
        Json::String(text) => Json::String(literal::written(text, keeps).into_owned()),
        Json::Array(items) => items.iter().map(|item| protected(item, keeps)).collect(),
        Json::Object(entries) => {
            entries.iter().map(|(key, value)| (key.clone(), protected(value, keeps))).collect()
        }
        other => other.clone(),
    }
}
