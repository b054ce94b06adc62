//! Logs in to Prefect Cloud and stores the API key and the workspace in the active profile.

use std::sync::Arc;

use crate::{
    api::{ApiError, Client, ClientOptions, Credentials, Workspace},
    clock::Clock,
    environment::Environment,
    secret::Secret,
    settings::{ProfilesFile, Settings, SettingsError, names},
};

/// The error returned if a Prefect Cloud command fails. Messages that start with a capital letter are those of Prefect.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CloudError {
    #[error("no API key")]
    NoKey,
    #[error(
        "Cannot log in with a key when a different PREFECT_API_KEY is present as an environment variable that will \
         override it."
    )]
    OtherKey,
    #[error("Unable to authenticate with Prefect Cloud. {hint}")]
    Rejected { hint: &'static str },
    #[error("Workspace '{handle}' not found.{}", available(.handles))]
    UnknownWorkspace { handle: String, handles: Vec<String> },
    #[error("the API key has access to multiple workspaces")]
    SeveralWorkspaces { handles: Vec<String> },
    #[error("No workspaces found! Create a workspace in Prefect Cloud and try again.")]
    NoWorkspaces,
    #[error("Current profile is not logged into Prefect Cloud.")]
    NotLoggedIn,
    #[error(transparent)]
    Api(ApiError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

fn available(handles: &[String]) -> String {
    if handles.is_empty() {
        return String::new();
    }
    let quoted: Vec<String> = handles.iter().map(|handle| format!("'{handle}'")).collect();
    format!(" Available workspaces: {}", quoted.join(", "))
}

/// Returns the API key from the command line or the environment.
///
/// # Errors
///
/// Fails if both contain a key and the keys differ, or if neither contains a key.
pub(crate) fn key(given: Option<&str>, environment: Option<&str>) -> Result<Secret, CloudError> {
    match (given, environment) {
        (Some(given), Some(other)) if given != other => Err(CloudError::OtherKey),
        (Some(key), _) | (None, Some(key)) => Ok(Secret::new(key)),
        (None, None) => Err(CloudError::NoKey),
    }
}

/// Returns the workspaces that an API key can access.
pub(crate) async fn workspaces(
    settings: &Settings,
    environment: &Environment,
    key: &Secret,
    clock: &Clock,
) -> Result<Vec<Workspace>, CloudError> {
    let mut options = ClientOptions::for_cloud(settings, environment);
    options.credentials = Credentials::Bearer(key.clone());
    let client = Client::new(options, clock.clone(), Arc::new(|_| ())).map_err(CloudError::Api)?;
    client.workspaces().await.map_err(|error| match error {
        ApiError::Unauthorized { .. } | ApiError::Forbidden { .. } => {
            CloudError::Rejected { hint: hint(key.expose()) }
        }
        error => CloudError::Api(error),
    })
}

/// Returns the most likely reason why Prefect Cloud rejected a key.
fn hint(key: &str) -> &'static str {
    if key.starts_with("pcu") {
        "This looks like a key of Cloud 1 (https://cloud.prefect.io). Create a key at https://app.prefect.cloud."
    } else if key.starts_with("pnu_") || key.starts_with("pnb_") {
        "Please ensure your credentials are correct and unexpired."
    } else {
        "Your key is not in our expected format: 'pnu_' or 'pnb_'."
    }
}

/// Returns the workspace with the given handle. If no handle is given, returns the only workspace.
///
/// # Errors
///
/// Fails if the workspace does not exist, or if no handle is given and multiple workspaces exist.
pub(crate) fn choose<'a>(
    workspaces: &'a [Workspace],
    handle: Option<&str>,
) -> Result<&'a Workspace, CloudError> {
    let handles = || workspaces.iter().map(|workspace| workspace.handle.clone()).collect();
    match (handle, workspaces) {
        (Some(handle), _) => workspaces
            .iter()
            .find(|workspace| workspace.handle == handle)
            .ok_or_else(|| CloudError::UnknownWorkspace { handle: handle.to_owned(), handles: handles() }),
        (None, [only]) => Ok(only),
        (None, []) => Err(CloudError::NoWorkspaces),
        (None, _) => Err(CloudError::SeveralWorkspaces { handles: handles() }),
    }
}

/// Returns the workspace that the API URL in the settings refers to.
pub(crate) fn current<'a>(workspaces: &'a [Workspace], settings: &Settings) -> Option<&'a Workspace> {
    let url = settings.api_url.value.as_deref()?;
    workspaces.iter().find(|workspace| workspace.api_url(&settings.cloud_api_url.value) == url)
}

/// Saves a workspace and, if given, an API key in the active profile.
pub(crate) fn save_login(
    settings: &Settings,
    workspace: &Workspace,
    key: Option<&Secret>,
) -> Result<(), CloudError> {
    let url = workspace.api_url(&settings.cloud_api_url.value);
    let key = key.map(|key| (&names::API_KEY, key.expose()));
    Ok(settings.store(key.into_iter().chain([(&names::API_URL, url.as_str())]))?)
}

/// Removes the API key and the workspace from the active profile.
pub(crate) fn remove_login(settings: &Settings) -> Result<(), CloudError> {
    let mut file = ProfilesFile::open(&settings.profiles_path.value)?;
    if !file.has(&settings.profile) || !file.unset(&settings.profile, &names::API_KEY) {
        return Err(CloudError::NotLoggedIn);
    }
    file.unset(&settings.profile, &names::API_URL);
    Ok(file.save()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn workspace(handle: &str) -> Workspace {
        let (account, name) = handle.split_once('/').unwrap();
        let id = uuid::Uuid::nil();
        let workspace = json!({
            "account_id": id, "account_handle": account, "workspace_id": id, "workspace_handle": name,
        });
        serde_json::from_value(workspace).unwrap()
    }

    #[test]
    fn rejects_different_keys() {
        assert_eq!(key(Some("a"), None).unwrap().expose(), "a");
        assert_eq!(key(None, Some("b")).unwrap().expose(), "b");
        assert_eq!(key(Some("a"), Some("a")).unwrap().expose(), "a");
        assert!(matches!(key(Some("a"), Some("b")), Err(CloudError::OtherKey)));
        assert!(matches!(key(None, None), Err(CloudError::NoKey)));
    }

    #[test]
    fn chooses_the_only_workspace() {
        let [prod, dev] = ["acme/prod", "acme/dev"].map(workspace);
        assert_eq!(choose(std::slice::from_ref(&prod), None).unwrap().handle, "acme/prod");
        let both = [prod, dev];
        assert_eq!(choose(&both, Some("acme/dev")).unwrap().handle, "acme/dev");
        assert_eq!(
            choose(&both, Some("acme/nope")).unwrap_err().to_string(),
            "Workspace 'acme/nope' not found. Available workspaces: 'acme/prod', 'acme/dev'"
        );
        assert!(matches!(
            choose(&both, None),
            Err(CloudError::SeveralWorkspaces { handles }) if handles == ["acme/prod", "acme/dev"]
        ));
        assert!(matches!(choose(&[], None), Err(CloudError::NoWorkspaces)));
    }

    #[test]
    fn hints_depend_on_the_key() {
        for (key, expected) in [("pcu_1", "Cloud 1"), ("pnu_1", "unexpired"), ("xyz", "expected format")] {
            assert!(hint(key).contains(expected), "{key}");
        }
    }
}
