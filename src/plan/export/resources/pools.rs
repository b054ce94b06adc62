//! Exports work pools and their queues.

use serde_json::{Map, Value as Json, json};

use super::{escaped, set_fields};
use crate::{
    api::{JsonObject, NamedObject, WorkPool},
    base_job_template::{BaseJobTemplate, NewVariable},
    project::resources::POOL_KEYS,
};

/// Name and description of a work pool's default queue.
const DEFAULT_QUEUE: &str = "default";
const DEFAULT_DESCRIPTION: &str = "The work pool's default queue.";

/// Returns a work pool's declaration. `default` is the default base job template for the work pool type.
pub(super) fn declaration(pool: &WorkPool, queues: &[NamedObject], default: Option<&JsonObject>) -> Json {
    let mut item = Map::from_iter([
        ("name".to_owned(), escaped(&json!(pool.name))),
        ("type".to_owned(), escaped(&json!(pool.kind))),
    ]);
    let fields = [
        ("description", "description", json!("")),
        ("paused", "is_paused", json!(false)),
        ("concurrency_limit", "concurrency_limit", Json::Null),
    ];
    item.extend(set_fields(&pool.raw, &fields));
    match default.and_then(|default| Customizations::between(default, pool)) {
        Some(customizations) => item.extend(customizations.entries()),
        None => drop(item.insert("base_job_template".to_owned(), escaped(&json!(pool.base_job_template)))),
    }
    let mut own: Vec<&NamedObject> =
        queues.iter().filter(|queue| queue.text("work_pool_name") == pool.name).collect();
    own.sort_by_key(|queue| queue.raw.get("priority").and_then(Json::as_u64));
    let queues: Vec<Json> = own.into_iter().filter_map(queue).collect();
    if !queues.is_empty() {
        item.insert("queues".to_owned(), queues.into());
    }
    item.into()
}

/// Returns a queue's declaration, or `None` for an unchanged default queue.
fn queue(queue: &NamedObject) -> Option<Json> {
    let is_default = queue.name == DEFAULT_QUEUE;
    let fields = [
        ("description", "description", json!(if is_default { DEFAULT_DESCRIPTION } else { "" })),
        ("paused", "is_paused", json!(false)),
        ("priority", "priority", if is_default { json!(1) } else { Json::Null }),
        ("concurrency_limit", "concurrency_limit", Json::Null),
    ];
    let mut item = Map::from_iter([("name".to_owned(), escaped(&json!(queue.name)))]);
    item.extend(set_fields(&queue.raw, &fields));
    (!is_default || item.len() > 1).then(|| item.into())
}

/// Changes to the default base job template that variable declarations can express.
struct Customizations {
    added: Vec<NewVariable>,
    /// Changed variable defaults.
    defaults: Vec<(String, Json)>,
}

impl Customizations {
    /// Returns the changes from the default template to a pool's template, or `None` if variable declarations cannot
    /// express the changes.
    fn between(default: &JsonObject, pool: &WorkPool) -> Option<Self> {
        let before = BaseJobTemplate::new(&pool.kind, default.clone());
        let after = BaseJobTemplate::new(&pool.kind, pool.base_job_template.clone());
        let mut found = Self { added: Vec::new(), defaults: Vec::new() };
        for variable in after.variables() {
            let (name, default) = (variable.name.to_owned(), variable.default().cloned());
            match before.variable(&name) {
                Ok(known) if known.default() == default.as_ref() => {}
                Ok(_) => found.defaults.push((name, default?)),
                Err(_) => {
                    let kind = variable.schema.get("type")?.as_str()?.parse().ok()?;
                    let place = Some(after.place_of(&name)?);
                    found.added.push(NewVariable { name, kind, default, place });
                }
            }
        }
        let mut edited = before;
        for variable in &found.added {
            edited.add_variable(variable).ok()?;
        }
        for (name, default) in &found.defaults {
            edited.set_default(name, default.clone()).ok()?;
        }
        (edited.into_document() == pool.base_job_template).then_some(found)
    }

    /// Returns the declaration's keys. Variables with the same name as a work pool key are nested in `variables`.
    fn entries(self) -> Map<String, Json> {
        let (nested, mut entries): (Map<String, Json>, Map<String, Json>) = self
            .defaults
            .into_iter()
            .map(|(name, default)| (name, escaped(&default)))
            .partition(|(name, _)| POOL_KEYS.contains(&name.as_str()));
        if !nested.is_empty() {
            entries.insert("variables".to_owned(), nested.into());
        }
        let added = |NewVariable { name, kind, default, place }: NewVariable| {
            let mut variable = Map::from_iter([("type".to_owned(), json!(kind))]);
            variable.extend(default.map(|default| ("default".to_owned(), escaped(&default))));
            variable.extend(place.map(|place| ("place".to_owned(), place.into())));
            (name, variable.into())
        };
        let added: Map<String, Json> = self.added.into_iter().map(added).collect();
        if !added.is_empty() {
            entries.insert("add_variables".to_owned(), added.into());
        }
        entries
    }
}
