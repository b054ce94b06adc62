//! API requests for Prefect Cloud workspaces.

use serde::Deserialize;
use uuid::Uuid;

use super::{ApiError, Client, JsonObject, request::Request};

/// A Prefect Cloud workspace that an API key can access.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "JsonObject")]
pub(crate) struct Workspace {
    account_id: Uuid,
    workspace_id: Uuid,
    /// Handle of the workspace, as `account/workspace`.
    pub(crate) handle: String,
    /// The complete JSON object that the server returned, including the fields above.
    pub(crate) raw: JsonObject,
}

impl Workspace {
    /// Returns the API URL of the workspace. `cloud` is the URL of the Prefect Cloud API.
    pub(crate) fn api_url(&self, cloud: &str) -> String {
        let cloud = cloud.trim_end_matches('/');
        format!("{cloud}/accounts/{}/workspaces/{}", self.account_id, self.workspace_id)
    }
}

impl TryFrom<JsonObject> for Workspace {
    type Error = serde_json::Error;

    fn try_from(raw: JsonObject) -> Result<Self, Self::Error> {
        #[derive(Deserialize)]
        struct Fields {
            account_id: Uuid,
            account_handle: String,
            workspace_id: Uuid,
            workspace_handle: String,
        }
        let Fields { account_id, account_handle, workspace_id, workspace_handle } =
            Fields::deserialize(serde_json::Value::Object(raw.clone()))?;
        Ok(Self { account_id, workspace_id, handle: format!("{account_handle}/{workspace_handle}"), raw })
    }
}

impl Client {
    /// Returns the workspaces that the API key can access, sorted by handle. The client must use the account
    /// API of Prefect Cloud.
    pub(crate) async fn workspaces(&self) -> Result<Vec<Workspace>, ApiError> {
        let mut workspaces: Vec<Workspace> = self.json(Request::get(&["me", "workspaces"])).await?;
        workspaces.sort_unstable_by(|a, b| a.handle.cmp(&b.handle));
        Ok(workspaces)
    }
}
