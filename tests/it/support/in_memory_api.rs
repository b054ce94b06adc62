//! An in-memory implementation of the parts of the Prefect API that a deploy uses.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

/// State of the server.
#[derive(Debug, Default)]
pub(crate) struct InMemoryApi {
    flows: Vec<Value>,
    deployments: Vec<Value>,
    automations: Vec<Value>,
    pub(crate) runs: Vec<Value>,
    /// Data of block documents, keyed by `type/name`.
    pub(crate) blocks: BTreeMap<String, Value>,
    /// Fixed responses, keyed by path. They take precedence over the state.
    pub(crate) answers: BTreeMap<String, Value>,
    /// Names of work pools that exist only after they have been created.
    pub(crate) missing_pools: BTreeSet<String>,
    created_pools: Vec<Value>,
    ids: u128,
    /// Number of changes so far.
    pub(crate) writes: usize,
}

/// A status code and a JSON body.
pub(crate) type Reply = (u16, Value);

impl InMemoryApi {
    /// Handles a request. `path` is the part after `/api/`.
    pub(crate) fn handle(&mut self, method: &str, path: &str, body: &Value) -> Reply {
        if let Some(answer) = self.answers.get(path) {
            return (200, answer.clone());
        }
        let segments: Vec<&str> = path.split('/').collect();
        match (method, segments.as_slice()) {
            ("GET", ["health"]) => (200, json!(true)),
            ("GET", ["admin", "version"]) => (200, json!("3.9.1")),
            ("POST", ["work_pools", "filter"]) => {
                let all = if self.missing_pools.is_empty() { vec![pool("pool")] } else { Vec::new() };
                page([all, self.created_pools.clone()].concat(), body)
            }
            ("GET", ["block_types", "slug", kind, "block_documents", "name", name]) => {
                let name = name.split('?').next().unwrap_or_default();
                let data = self.blocks.get(&format!("{kind}/{name}"));
                found(data.map(|data| json!({"id": uuid::Uuid::nil(), "name": name, "data": data})).as_ref())
            }
            ("GET", ["work_pools", name]) if self.missing_pools.contains(*name) => found(None),
            ("GET", ["work_pools", name]) => (200, pool(name)),
            ("POST", ["work_pools", ""]) => {
                self.writes += 1;
                let name = body["name"].as_str().unwrap_or_default();
                self.missing_pools.remove(name);
                let mut pool = pool(name);
                pool["id"] = self.id();
                self.created_pools.push(pool.clone());
                (201, pool)
            }
            ("POST", ["work_pools", _, "workers", "filter"] | ["variables", "filter"]) => (200, json!([])),
            ("POST", ["flows", "filter"]) => page(matching(&self.flows, body, "flows"), body),
            ("POST", ["flows", ""]) => self.flow(body),
            ("GET", ["flows", id]) => found(self.flows.iter().find(|flow| flow["id"] == *id)),
            ("POST", ["deployments", "filter"]) => self.filter_deployments(body),
            ("POST", ["deployments", ""]) => self.deployment(body),
            ("GET", ["deployments", "name", flow, name]) => {
                let flow = self
                    .flows
                    .iter()
                    .find(|item| item["name"] == *flow)
                    .map_or(&Value::Null, |flow| &flow["id"]);
                found(self.deployments.iter().find(|item| item["flow_id"] == *flow && item["name"] == *name))
            }
            ("POST", ["deployments", id, "create_flow_run"]) => self.run(id, body),
            ("GET", ["deployments", id]) => found(self.deployments.iter().find(|item| item["id"] == *id)),
            (_, ["deployments", id, rest @ ..]) => self.change_deployment(method, id, rest, body),
            ("POST", ["automations", "filter"]) => page(self.automations.clone(), body),
            ("POST", ["automations", ""]) => self.automation(body),
            ("GET", ["automations", "related-to", resource]) => {
                let id = resource.trim_start_matches("prefect.deployment.");
                let runs = |item: &&Value| item["actions"][0]["deployment_id"] == *id;
                (200, json!(self.automations.iter().filter(runs).collect::<Vec<_>>()))
            }
            ("DELETE", ["automations", "owned-by", _]) => (204, Value::Null),
            ("DELETE", ["automations", id]) => {
                self.writes += 1;
                self.automations.retain(|item| item["id"] != *id);
                (204, Value::Null)
            }
            _ => (404, json!({"detail": "Not Found"})),
        }
    }

    /// Returns the state without IDs, to compare servers.
    pub(crate) fn state(&self) -> String {
        let mut text = Vec::new();
        for kind in [&self.flows, &self.deployments, &self.automations] {
            let mut lines: Vec<String> = kind.iter().map(|item| self.without_ids(item)).collect();
            lines.sort();
            text.extend(lines);
        }
        text.join("\n")
    }

    /// Returns the deployments without IDs, to compare servers.
    pub(crate) fn deployments(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.deployments.iter().map(|item| self.without_ids(item)).collect();
        lines.sort();
        lines
    }

    fn without_ids(&self, object: &Value) -> String {
        let mut object = object.clone();
        remove_ids(&mut object);
        let named = self.flows.iter().chain(&self.deployments);
        named.fold(object.to_string(), |text, one| {
            let [id, name] = ["id", "name"].map(|key| one[key].as_str().unwrap_or_default());
            text.replace(id, name)
        })
    }

    fn id(&mut self) -> Value {
        self.ids += 1;
        json!(uuid::Uuid::from_u128(self.ids))
    }

    fn flow(&mut self, body: &Value) -> Reply {
        if let Some(flow) = self.flows.iter().find(|flow| flow["name"] == body["name"]) {
            return (200, flow.clone());
        }
        self.writes += 1;
        let flow = json!({"id": self.id(), "name": body["name"], "tags": []});
        self.flows.push(flow.clone());
        (201, flow)
    }

    fn filter_deployments(&self, body: &Value) -> Reply {
        let flows = matching(&self.flows, body, "flows");
        let of_flows = |one: &Value| flows.iter().any(|flow| flow["id"] == one["flow_id"]);
        let found = matching(&self.deployments, body, "deployments");
        page(found.into_iter().filter(of_flows).collect(), body)
    }

    fn deployment(&mut self, body: &Value) -> Reply {
        self.writes += 1;
        let schedules = body["schedules"].as_array().cloned().unwrap_or_default();
        let schedules = self.with_ids(&schedules);
        let same = |one: &Value| one["flow_id"] == body["flow_id"] && one["name"] == body["name"];
        let index = self.deployments.iter().position(same);
        let id = index.map(|index| self.deployments[index]["id"].clone());
        let id = id.unwrap_or_else(|| self.id());
        let mut fields = body.as_object().cloned().unwrap_or_default();
        fields.insert("id".into(), id);
        fields.insert("schedules".into(), json!(schedules));
        fields.entry("paused").or_insert(json!(false));
        let deployment = Value::Object(fields);
        match index {
            Some(index) => self.deployments[index] = deployment.clone(),
            None => self.deployments.push(deployment.clone()),
        }
        (if index.is_some() { 200 } else { 201 }, deployment)
    }

    fn with_ids(&mut self, schedules: &[Value]) -> Vec<Value> {
        let identified = schedules.iter().map(|schedule| {
            let mut schedule: Map<String, Value> = schedule.as_object().cloned().unwrap_or_default();
            schedule.insert("id".into(), self.id());
            schedule.entry("active").or_insert(json!(true));
            Value::Object(schedule)
        });
        identified.collect()
    }

    fn change_deployment(&mut self, method: &str, id: &str, rest: &[&str], body: &Value) -> Reply {
        let Some(index) = self.deployments.iter().position(|item| item["id"] == id) else {
            return (404, json!({"detail": "Deployment not found"}));
        };
        self.writes += 1;
        let added = if rest == ["schedules"] {
            self.with_ids(body.as_array().map_or(&[], Vec::as_slice))
        } else {
            Vec::new()
        };
        let deployment = &mut self.deployments[index];
        match (method, rest) {
            ("PATCH", []) => merge(deployment, body),
            ("POST", ["schedules"]) => {
                if let Some(schedules) = deployment["schedules"].as_array_mut() {
                    schedules.extend(added.iter().cloned());
                }
                return (201, json!(added));
            }
            ("PATCH", ["schedules", schedule]) => {
                let schedules = deployment["schedules"].as_array_mut();
                if let Some(item) = schedules.into_iter().flatten().find(|item| item["id"] == *schedule) {
                    merge(item, body);
                }
            }
            ("DELETE", ["schedules", schedule]) => {
                if let Some(schedules) = deployment["schedules"].as_array_mut() {
                    schedules.retain(|item| item["id"] != *schedule);
                }
            }
            _ => return (404, json!({"detail": "Not Found"})),
        }
        (204, Value::Null)
    }

    /// Creates a flow run. A second request with the same idempotency key returns the first run.
    fn run(&mut self, deployment: &str, body: &Value) -> Reply {
        let key = &body["idempotency_key"];
        if let Some(run) = self.runs.iter().find(|run| key.is_string() && run["idempotency_key"] == *key) {
            return (200, run.clone());
        }
        self.writes += 1;
        let mut run = body.clone();
        run["id"] = self.id();
        run["deployment_id"] = json!(deployment);
        run["name"] = json!("made-up");
        run["state"]["id"] = self.id();
        run["state"]["timestamp"] = json!("2026-11-23T14:00:00Z");
        self.runs.push(run.clone());
        (201, run)
    }

    fn automation(&mut self, body: &Value) -> Reply {
        self.writes += 1;
        let mut automation = body.clone();
        automation["id"] = self.id();
        // The real server adds this default.
        if automation["tags"].is_null() {
            automation["tags"] = json!([]);
        }
        self.automations.push(automation.clone());
        (201, automation)
    }
}

fn pool(name: &str) -> Value {
    json!({
        "id": "00000000-0000-0000-0000-0000000000ff", "name": name, "type": "process", "is_paused": false,
        "status": "READY", "base_job_template": {"variables": {"properties": {"env": {"type": "object"}}}},
    })
}

fn found(object: Option<&Value>) -> Reply {
    object.map_or_else(|| (404, json!({"detail": "It is not there"})), |object| (200, object.clone()))
}

/// Returns the objects whose names the filter lists, or all objects if the filter lists no names.
fn matching(objects: &[Value], filter: &Value, kind: &str) -> Vec<Value> {
    let Some(names) = filter[kind]["name"]["any_"].as_array() else { return objects.to_vec() };
    objects.iter().filter(|object| names.contains(&object["name"])).cloned().collect()
}

/// Returns the objects on the first page, and nothing on later pages.
fn page(objects: Vec<Value>, filter: &Value) -> Reply {
    (200, json!(if filter["offset"].as_u64().unwrap_or(0) == 0 { objects } else { Vec::new() }))
}

fn merge(object: &mut Value, changes: &Value) {
    for (key, value) in changes.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
}

fn remove_ids(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("id");
            fields.values_mut().for_each(remove_ids);
        }
        Value::Array(items) => items.iter_mut().for_each(remove_ids),
        _ => {}
    }
}
