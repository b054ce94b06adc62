//! Buckets in Google Cloud Storage.

use std::{path::PathBuf, sync::Arc};

use object_store::{
    StaticCredentialProvider,
    gcp::{GcpCredential, GoogleCloudStorageBuilder},
};
use serde::Deserialize;
use serde_json::Value as Json;

use super::{
    Access, Bucket, Proof, StorageError,
    client::{self, Connection},
};
use crate::{
    fs,
    secret::Secret,
    value::{self, Value},
};

/// Contents of a GCP credentials block.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Credentials {
    service_account_info: Option<ServiceAccount>,
    service_account_file: Option<PathBuf>,
    /// Whether to send requests without credentials, for a public bucket.
    #[serde(default)]
    is_anonymous: bool,
}

/// A service account's JSON key.
#[derive(Debug, Clone)]
struct ServiceAccount(Secret);

impl<'de> Deserialize<'de> for ServiceAccount {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(Secret::new(match Value::deserialize(deserializer)? {
            Value::String(text) => text,
            other => value::to_json(&other).to_string(),
        })))
    }
}

/// Opens a bucket.
///
/// If there are no credentials, uses Google's default credentials from `GOOGLE_APPLICATION_CREDENTIALS`, from `gcloud`
/// or from the metadata server.
pub(crate) fn open(
    bucket: &str,
    credentials: &Credentials,
    access: Access<'_>,
) -> Result<Bucket, StorageError> {
    let environment = access.environment;
    let emulator = environment.non_empty("STORAGE_EMULATOR_HOST").map(|host| match host {
        url if url.contains("://") => url.trim_end_matches('/').to_owned(),
        host => format!("http://{host}"),
    });
    let options = Connection::to(emulator.as_deref()).options(access)?;
    let mut builder = GoogleCloudStorageBuilder::new()
        .with_bucket_name(bucket)
        .with_client_options(options)
        .with_retry(client::retries());
    let given = match credentials {
        Credentials { service_account_info: Some(ServiceAccount(info)), .. } => {
            Some(info.expose().to_owned())
        }
        Credentials { service_account_file: Some(path), .. } => {
            Some(fs::read_text(&access.directory.join(expanded(path, access)))?)
        }
        _ => None,
    };
    if let Some(endpoint) = &emulator {
        builder = builder.with_base_url(endpoint);
    }
    if emulator.is_some() || credentials.is_anonymous {
        let nobody = StaticCredentialProvider::new(GcpCredential { bearer: String::new() });
        builder = builder.with_credentials(Arc::new(nobody)).with_skip_signature(true);
    } else if let Some(key) = given {
        check("credentials", &key)?;
        builder = builder.with_service_account_key(key);
    } else if let Some(path) = default_credentials(access) {
        check_default(&path)?;
        builder = builder.with_application_credentials(path.to_string_lossy());
    }
    let url = format!("gs://{bucket}");
    let store = builder.build().map_err(|error| StorageError::store(format!("open {url}"), error))?;
    Ok(Bucket { store: Arc::new(store), url, proof: Proof::Metadata })
}

/// Replaces a leading `~` in a path with the home directory.
fn expanded(path: &std::path::Path, access: Access<'_>) -> PathBuf {
    match (path.strip_prefix("~"), access.environment.home_directory()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

/// Returns the path of the file with the default credentials, or `None` if the file does not exist.
fn default_credentials(access: Access<'_>) -> Option<PathBuf> {
    let environment = access.environment;
    if let Some(path) = environment.non_empty("GOOGLE_APPLICATION_CREDENTIALS") {
        return Some(access.directory.join(path));
    }
    let folder = environment.non_empty("CLOUDSDK_CONFIG").map(PathBuf::from);
    let folder = folder.or_else(|| Some(environment.home_directory()?.join(".config/gcloud")))?;
    Some(folder.join("application_default_credentials.json")).filter(|path| path.is_file())
}

/// Checks that a service account key has all required fields. Error messages never contain parts of the key.
fn check(input: &'static str, key: &str) -> Result<(), StorageError> {
    let json: Json = serde_json::from_str(key)
        .map_err(|_| StorageError::input(input, "the service account key is not valid JSON"))?;
    for field in ["client_email", "private_key", "private_key_id"] {
        if json[field].as_str().is_none_or(str::is_empty) {
            let message = format!("the service account key does not contain '{field}'");
            return Err(StorageError::input(input, message));
        }
    }
    Ok(())
}

/// Fails if the default credentials are of an unsupported type.
fn check_default(path: &std::path::Path) -> Result<(), StorageError> {
    let text = fs::read_text(path)?;
    let kind =
        serde_json::from_str::<Json>(&text).ok().and_then(|json| Some(json["type"].as_str()?.to_owned()));
    let unusable = |message: String| StorageError::Credentials {
        message: format!("Google's default credentials in {} {message}", path.display()),
        help: "use the key file of a service account: `credentials: {service_account_file: key.json}`".into(),
    };
    match kind.as_deref() {
        Some("service_account" | "authorized_user") => Ok(()),
        Some(other) => Err(unusable(format!("have the unsupported type '{other}'"))),
        None => Err(unusable("cannot be read".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::environment::Environment;

    fn error(credentials: &str, environment: &Environment, directory: &Path) -> String {
        let credentials: Credentials = serde_yaml::from_str(credentials).unwrap();
        let access = Access { environment, directory };
        match open("b", &credentials, access) {
            Ok(bucket) => bucket.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn errors_show_no_credentials() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("external.json"), r#"{"type": "external_account"}"#).unwrap();
        let nothing = Environment::default();
        let external = [("GOOGLE_APPLICATION_CREDENTIALS", "external.json")].into_iter().collect();
        let emulator = [("STORAGE_EMULATOR_HOST", "127.0.0.1:1")].into_iter().collect();
        for (credentials, environment, expected) in [
            ("{service_account_info: 'hunter2'}", &nothing, "the service account key is not valid JSON"),
            (
                "{service_account_info: {client_email: a@b, private_key: hunter2}}",
                &nothing,
                "the service account key does not contain 'private_key_id'",
            ),
            ("{service_account_file: none.json}", &nothing, "cannot read"),
            ("{}", &external, "have the unsupported type 'external_account'"),
            ("{is_anonymous: true}", &external, "gs://b"),
            ("{}", &emulator, "gs://b"),
        ] {
            let message = error(credentials, environment, folder.path());
            assert!(message.contains(expected) && !message.contains("hunter2"), "{message}");
        }
    }
}
