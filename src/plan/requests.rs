//! Renders the requests that a deploy would send, without connecting to a server.

use serde::Serialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    build::Previews,
    deployment::{DeployContext, DesiredDeployment},
    plan::{PlannedStep, creation::planned_steps, redacted_value},
    template::pending,
    value::json_object,
};

/// The requests that a deploy would send to an empty server.
#[derive(Debug, Serialize)]
pub(crate) struct RenderedRequests {
    /// Version of the document's schema.
    schema: u32,
    deployments: Vec<RenderedDeployment>,
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
struct RenderedRequest {
    method: &'static str,
    path: &'static str,
    body: Json,
}

impl RenderedRequests {
    /// Renders the requests for deployments whose steps have not been run.
    pub(crate) fn new(previews: &Previews, ctx: &DeployContext<'_>) -> Self {
        let deployment = |desired: &DesiredDeployment| RenderedDeployment {
            name: pending::show(&desired.full_name()).into_owned(),
            file: desired.file.as_deref().map(str::to_owned),
            requests: requests(desired, ctx),
        };
        let deployments = previews.deployments.iter().map(|preview| deployment(&preview.desired));
        let deployments = deployments.collect();
        Self { schema: 1, deployments, steps: planned_steps(previews, ctx.redactor) }
    }
}

/// Returns the requests in order. Ids that are only known from responses are replaced by a description.
fn requests(desired: &DesiredDeployment, ctx: &DeployContext<'_>) -> Vec<RenderedRequest> {
    let request = |path, body: Json| {
        let body = redacted_value("", &pending::show_json(&body), ctx.redactor);
        RenderedRequest { method: "POST", path, body }
    };
    let flow = json!({"name": desired.flow_name, "tags": []});
    let mut body = json_object(desired.create_body(Uuid::nil(), ctx.clock.now()));
    body.insert("flow_id".into(), "(id of the flow)".into());
    let mut requests = vec![request("/flows/", flow), request("/deployments/", Json::Object(body))];
    for trigger in &desired.triggers {
        let text = trigger.automation_body(Uuid::nil()).to_string();
        let body = text.replace(&Uuid::nil().to_string(), "(id of the deployment)");
        // The string was serialized above.
        requests.push(request("/automations/", serde_json::from_str(&body).unwrap_or_default()));
    }
    requests
}
