//! Renders the requests that a deploy would send, without connecting to a server.

use serde::Serialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    build::{UnbuiltDeployment, UnbuiltDeployments},
    deployment::{DeployContext, DesiredDeployment},
    plan::{PlannedStep, creation::planned_steps, redacted_value},
    resource::{DesiredResource, ResourceKey, ResourceKind, requests::creation},
    secret::Redactor,
    template::pending,
    value::json_object,
};

/// The requests that a deploy would send to an empty server.
#[derive(Debug, Serialize)]
pub(crate) struct RenderedRequests {
    /// Version of the document schema.
    schema: u32,
    deployments: Vec<RenderedDeployment>,
    /// Declared resources, in write order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    resources: Vec<RenderedResource>,
    /// Distinct steps that would run.
    steps: Vec<PlannedStep>,
}

#[derive(Debug, Serialize)]
struct RenderedDeployment {
    name: String,
    /// Path of the project file. `None` if the command has only one project file.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    requests: Vec<RenderedRequest>,
}

#[derive(Debug, Serialize)]
struct RenderedResource {
    kind: ResourceKind,
    /// Name of the resource. The name of a queue includes its work pool, and the name of a block includes its type.
    name: String,
    requests: Vec<RenderedRequest>,
}

#[derive(Debug, Serialize)]
struct RenderedRequest {
    method: &'static str,
    path: String,
    body: Json,
}

impl RenderedRequests {
    /// Renders the requests for resources and for deployments whose steps have not run.
    pub(crate) fn new(
        unbuilt: UnbuiltDeployments,
        resources: &[DesiredResource],
        ctx: &DeployContext<'_>,
    ) -> Self {
        let steps = planned_steps(&unbuilt, ctx.redactor);
        let deployment = |UnbuiltDeployment { desired, .. }: UnbuiltDeployment| RenderedDeployment {
            name: pending::show(&desired.full_name()).into_owned(),
            file: desired.file.as_deref().map(str::to_owned),
            requests: requests(&desired, ctx),
        };
        let deployments = unbuilt.deployments.into_iter().map(deployment).collect();
        let resources = resources.iter().map(|resource| rendered_resource(resource, ctx.redactor)).collect();
        Self { schema: 1, deployments, resources, steps }
    }
}

fn rendered_resource(resource: &DesiredResource, redactor: &Redactor) -> RenderedResource {
    let ResourceKey { kind, name } = &resource.key;
    let (path, mut body) = creation(resource);
    if let (ResourceKind::Variable, Some(value)) = (kind, body.get_mut("value")) {
        // The name of a variable determines whether its value is secret.
        *value = redacted_value(name, value, redactor);
    }
    let body = redacted_value("", &pending::show_json(&Json::Object(body)), redactor);
    let requests = vec![RenderedRequest { method: "POST", path, body }];
    RenderedResource { kind: *kind, name: name.clone(), requests }
}

/// Returns the requests in order. IDs that are only known from responses are replaced with descriptions.
fn requests(desired: &DesiredDeployment, ctx: &DeployContext<'_>) -> Vec<RenderedRequest> {
    let request = |path: &str, body: Json| {
        let body = redacted_value("", &pending::show_json(&body), ctx.redactor);
        RenderedRequest { method: "POST", path: path.to_owned(), body }
    };
    let flow = json!({"name": desired.flow_name, "tags": []});
    let mut body = json_object(desired.create_body(Uuid::nil(), ctx.clock.now()));
    body.insert("flow_id".into(), "(id of the flow)".into());
    let mut requests = vec![request("/flows/", flow), request("/deployments/", Json::Object(body))];
    for trigger in &desired.triggers {
        requests.push(request("/automations/", trigger.planned_body()));
    }
    requests
}
