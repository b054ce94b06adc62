//! Renders the requests that a deploy would send, without connecting to a server.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::{
    api::Capabilities,
    deploy::{
        Failure,
        preparation::{self, Preparation},
        preview,
    },
    deployment::{DeployContext, DesiredDeployment},
    plan::{PlannedStep, redacted_value},
    template::{Resolver, pending},
    value::json_object,
};

/// The requests that a deploy would send to an empty server.
#[derive(Debug, Serialize)]
pub(crate) struct Rendered {
    /// Version of the document's schema.
    schema: u32,
    deployments: Vec<RenderedDeployment>,
    /// Distinct steps that would run.
    steps: Vec<PlannedStep>,
}

#[derive(Debug, Serialize)]
struct RenderedDeployment {
    name: String,
    requests: Vec<RenderedRequest>,
}

#[derive(Debug, Serialize)]
struct RenderedRequest {
    method: &'static str,
    path: &'static str,
    body: Json,
}

/// Renders the requests for the selected deployments. References to blocks, variables and other values from
/// the server are not resolved.
///
/// # Errors
///
/// Fails if the validation without a server finds errors.
pub(crate) async fn requests(ctx: &DeployContext<'_>) -> Result<Rendered, Failure> {
    let loaded = preparation::load(ctx)?;
    let mut findings = loaded.findings();
    let resolver = Resolver::offline(ctx.redactor.clone());
    let prepared = preparation::prepare(&loaded.project, ctx, &resolver, &mut findings).await?;
    let warnings = preparation::stop_on_errors(&mut findings, ctx)?;
    let preparation =
        Preparation { prepared, pools: BTreeMap::new(), capabilities: Capabilities::new(None), warnings };
    let (previews, steps) =
        preview::previews(&loaded.project, &preparation, ctx, &resolver, &mut findings).await?;
    preparation::stop_on_errors(&mut findings, ctx)?;
    let deployment = |desired: &DesiredDeployment| RenderedDeployment {
        name: pending::show(&desired.full_name()).into_owned(),
        requests: of_deployment(desired, ctx),
    };
    let deployments = previews.iter().map(|(_, preview)| deployment(&preview.desired)).collect();
    Ok(Rendered { schema: 1, deployments, steps })
}

/// Returns the requests in order. Ids that are only known from responses are replaced by a description.
fn of_deployment(desired: &DesiredDeployment, ctx: &DeployContext<'_>) -> Vec<RenderedRequest> {
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
