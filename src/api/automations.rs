//! API requests for automations, which include deployment triggers.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;

use super::{
    ApiError, Client, JsonObject, compatibility::Body, error::optional, page::Identified, request::Request,
};

/// An automation that exists on the server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "JsonObject")]
pub(crate) struct Automation {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    /// The complete JSON object that the server returned.
    pub(crate) raw: JsonObject,
}

impl Automation {
    /// Returns the automation's creation time, or `None` if the server does not report it.
    pub(crate) fn created(&self) -> Option<Timestamp> {
        self.raw.get("created")?.as_str()?.parse().ok()
    }
}

impl TryFrom<JsonObject> for Automation {
    type Error = serde_json::Error;

    fn try_from(raw: JsonObject) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Fields {
            id: Uuid,
            name: String,
        }
        let Fields { id, name } = Fields::deserialize(&raw)?;
        Ok(Self { id, name, raw })
    }
}

impl Identified for Automation {
    fn id(&self) -> Uuid {
        self.id
    }
}

/// Fields of the request that creates an automation, except its owner.
pub(crate) const AUTOMATION_FIELDS: [&str; 8] = [
    "name",
    "description",
    "enabled",
    "tags",
    "trigger",
    "actions",
    "actions_on_trigger",
    "actions_on_resolve",
];

/// Returns the resource ID that identifies a deployment in events and automations.
pub(super) fn deployment_resource(deployment: Uuid) -> String {
    format!("prefect.deployment.{deployment}")
}

impl Client {
    /// Returns the automation with the given ID, or `None` if the automation does not exist.
    pub(crate) async fn automation(&self, id: Uuid) -> Result<Option<Automation>, ApiError> {
        optional(self.json(Request::get(&["automations", &id.to_string()])).await)
    }

    /// Returns the automations that a deployment's events can trigger, and the automations that run the deployment.
    pub(crate) async fn automations_related_to(&self, deployment: Uuid) -> Result<Vec<Automation>, ApiError> {
        self.json(Request::get(&["automations", "related-to", &deployment_resource(deployment)])).await
    }

    pub(crate) async fn enable_automation(&self, id: Uuid, enabled: bool) -> Result<(), ApiError> {
        self.done(Request::patch(&["automations", &id.to_string()], json!({"enabled": enabled}))).await
    }

    /// Returns all automations of the server or workspace.
    pub(crate) async fn automations(&self) -> Result<Vec<Automation>, ApiError> {
        self.filter(&["automations", "filter"], JsonObject::new()).await
    }

    /// Returns the automations that have one of the given names.
    pub(crate) async fn automations_named(&self, names: &[&str]) -> Result<Vec<Automation>, ApiError> {
        let filter = [("automations".to_owned(), json!({"name": {"any_": names}}))];
        self.filter(&["automations", "filter"], filter.into_iter().collect()).await
    }

    pub(crate) async fn create_automation(&self, body: &JsonObject) -> Result<Automation, ApiError> {
        let body = self.accepted(Body::Automation, body.clone()).await?;
        self.json(Request::post(&["automations", ""], body).once()).await
    }

    /// Replaces all fields of an automation.
    pub(crate) async fn replace_automation(&self, id: Uuid, body: &JsonObject) -> Result<(), ApiError> {
        let body = self.accepted(Body::Automation, body.clone()).await?;
        self.done(Request::put(&["automations", &id.to_string()], body)).await
    }

    /// Deletes all automations that belong to a deployment.
    pub(crate) async fn delete_automations_owned_by(&self, deployment: Uuid) -> Result<(), ApiError> {
        self.done(Request::delete(&["automations", "owned-by", &deployment_resource(deployment)])).await
    }

    /// Deletes an automation. Returns `false` if the automation did not exist.
    pub(crate) async fn delete_automation(&self, id: Uuid) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["automations", &id.to_string()])).await)?.is_some())
    }
}
