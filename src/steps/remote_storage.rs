//! `pull_from_remote_storage`: copies a folder that a URL names into the current directory.

use std::path::{Component, Path};

use futures_util::future::BoxFuture;
use serde::Deserialize;

use super::{
    Input, Kind, Phase, Sharing, Step, StepContext, StepEntry, StepError, inputs,
    objects::{Objects, Store},
};
use crate::value::{Mapping, Value};

pub(super) const ENTRY: StepEntry = StepEntry {
    name: "prefect.deployments.steps.pull_from_remote_storage",
    aliases: &["prefect.deployments.steps.pull.pull_from_remote_storage"],
    phase: Phase::Any,
    sharing: Sharing::SameInputs,
    inputs: &[
        Input::required(
            "url",
            Kind::Text,
            "what to pull: `s3://`, `gs://` or `az://`, a bucket and a folder",
        ),
        Input::optional(
            Input::ANY_OTHER,
            Kind::Any,
            "",
            "settings of the store as fsspec takes them, such as `key`, `secret` and `endpoint_url` of S3",
        ),
    ],
    outputs: &["directory"],
    create: |mapping| Ok(Box::new(RemoteStorage::of(inputs::typed(mapping)?)?)),
};

#[derive(Deserialize)]
struct Given {
    url: String,
    #[serde(flatten)]
    settings: Mapping,
}

struct RemoteStorage {
    remote: Remote,
    settings: Mapping,
}

/// A URL of fsspec in its parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Remote {
    scheme: String,
    /// The bucket; Azure's own addresses have the account behind an `@`.
    place: String,
    path: String,
}

impl RemoteStorage {
    fn of(given: Given) -> Result<Self, StepError> {
        let remote = Remote::parse(&given.url).map_err(|message| StepError::input("url", message))?;
        Ok(Self { remote, settings: given.settings })
    }

    async fn pull(&self, context: &StepContext<'_>) -> Result<Mapping, StepError> {
        let objects = self.remote.objects(&self.settings)?;
        let directory = self.remote.directory();
        objects.pull(&context.directory.join(&directory), context).await?;
        Ok(Mapping::from_iter([("directory".into(), directory.into())]))
    }
}

impl Step for RemoteStorage {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> BoxFuture<'a, Result<Mapping, StepError>> {
        Box::pin(self.pull(context))
    }
}

impl Remote {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(format!("'{url}' is no URL; it starts with `s3://`, `gs://` or `az://`"));
        };
        if matches!(scheme, "file" | "local") {
            return Err(format!("workers copy nothing from '{url}': use set_working_directory, or a block"));
        }
        let (place, path) = rest.split_once('/').unwrap_or((rest, ""));
        let remote = Self {
            scheme: scheme.to_owned(),
            place: place.to_owned(),
            path: path.trim_matches('/').to_owned(),
        };
        let is_below = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if place.is_empty() || !Path::new(&remote.directory()).components().all(is_below) {
            return Err(format!("'{url}' does not name a bucket and a folder in it"));
        }
        Ok(remote)
    }

    /// Where it is copied to, as workers do: a folder called like the bucket, and the path in it.
    fn directory(&self) -> String {
        if self.path.is_empty() { self.place.clone() } else { format!("{}/{}", self.place, self.path) }
    }

    /// The folder of a store, with fsspec's settings in the words of the store's own step.
    pub(super) fn objects(&self, settings: &Mapping) -> Result<Objects, StepError> {
        let (store, bucket, credentials) = match self.scheme.as_str() {
            "s3" | "s3a" => (Store::S3, self.place.as_str(), s3_credentials(settings)),
            "gs" | "gcs" => (Store::Gcs, self.place.as_str(), gcs_credentials(settings)),
            "az" | "abfs" | "abfss" => {
                let (container, account) = match self.place.split_once('@') {
                    Some((container, host)) => (container, host.split('.').next()),
                    None => (self.place.as_str(), None),
                };
                (Store::Azure, container, azure_credentials(settings, account))
            }
            scheme => {
                let message = format!("prefectl cannot pull from `{scheme}://`, only from s3, gs and az");
                return Err(StepError::input("url", message));
            }
        };
        Ok(Objects { store, bucket: bucket.to_owned(), folder: self.path.clone(), credentials })
    }
}

/// A mapping of those of these values that are there.
fn present<'v>(entries: impl IntoIterator<Item = (&'static str, Option<&'v Value>)>) -> Mapping {
    let present = entries.into_iter().filter_map(|(key, value)| Some((key.into(), value?.clone())));
    present.filter(|(_, value): &(Value, Value)| !value.is_null()).collect()
}

/// The settings of s3fs.
fn s3_credentials(settings: &Mapping) -> Mapping {
    let of_client = |key: &str| settings.get("client_kwargs").and_then(|client| client.get(key));
    let mut credentials = present([
        ("aws_access_key_id", settings.get("key")),
        ("aws_secret_access_key", settings.get("secret")),
        ("aws_session_token", settings.get("token")),
        ("profile_name", settings.get("profile")),
        ("region_name", of_client("region_name")),
    ]);
    let endpoint = settings.get("endpoint_url").or_else(|| of_client("endpoint_url"));
    let client = present([("endpoint_url", endpoint)]);
    if !client.is_empty() {
        credentials.insert("aws_client_parameters".into(), client.into());
    }
    credentials
}

/// The settings of gcsfs: a token is a service account, or the path of its file.
fn gcs_credentials(settings: &Mapping) -> Mapping {
    match settings.get("token") {
        Some(token @ Value::Mapping(_)) => present([("service_account_info", Some(token))]),
        Some(token @ Value::String(path)) if path.contains(['/', '.']) => {
            present([("service_account_file", Some(token))])
        }
        _ => Mapping::new(),
    }
}

/// The settings of adlfs.
fn azure_credentials(settings: &Mapping, account: Option<&str>) -> Mapping {
    let text = |key: &str| settings.get(key).and_then(Value::as_str);
    if text("connection_string").is_some() {
        return present([("connection_string", settings.get("connection_string"))]);
    }
    let Some(account) = text("account_name").or(account) else { return Mapping::new() };
    let url = format!("https://{account}.blob.core.windows.net");
    let secret = match (text("account_key"), text("sas_token")) {
        (Some(key), _) => Some(format!("AccountKey={key};EndpointSuffix=core.windows.net")),
        (None, Some(token)) => Some(format!("BlobEndpoint={url};SharedAccessSignature={token}")),
        (None, None) => None,
    };
    match secret {
        Some(secret) => {
            let text = format!("DefaultEndpointsProtocol=https;AccountName={account};{secret}");
            present([("connection_string", Some(&text.into()))])
        }
        None => present([
            ("account_url", Some(&url.into())),
            ("tenant_id", settings.get("tenant_id")),
            ("client_id", settings.get("client_id")),
            ("client_secret", settings.get("client_secret")),
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(url: &str, settings: &str) -> Objects {
        Remote::parse(url).unwrap().objects(&serde_yaml::from_str(settings).unwrap()).unwrap()
    }

    #[test]
    fn urls_and_settings_become_the_inputs_of_a_stores_own_step() {
        for (url, settings, store, bucket, folder, credentials) in [
            (
                "s3://b/a/c/",
                "{key: k, secret: s, client_kwargs: {endpoint_url: 'http://h', region_name: r}}",
                Store::S3,
                "b",
                "a/c",
                "{aws_access_key_id: k, aws_secret_access_key: s, region_name: r, aws_client_parameters: {endpoint_url: 'http://h'}}",
            ),
            ("s3://b", "{anon: false}", Store::S3, "b", "", "{}"),
            ("gs://b/x", "{token: /k.json}", Store::Gcs, "b", "x", "{service_account_file: /k.json}"),
            ("gcs://b/x", "{token: google_default}", Store::Gcs, "b", "x", "{}"),
            ("az://c/x", "{connection_string: s}", Store::Azure, "c", "x", "{connection_string: s}"),
            (
                "abfs://c@acct.dfs.core.windows.net/x",
                "{account_key: k}",
                Store::Azure,
                "c",
                "x",
                "{connection_string: DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=k;EndpointSuffix=core.windows.net}",
            ),
        ] {
            let credentials: Mapping = serde_yaml::from_str(credentials).unwrap();
            let expected = Objects { store, bucket: bucket.into(), folder: folder.into(), credentials };
            assert_eq!(objects(url, settings), expected, "{url}");
        }
    }

    #[test]
    fn urls_that_bring_nothing_are_refused() {
        for (url, text) in [
            ("file:///srv/flows", "workers copy nothing"),
            ("bucket/folder", "is no URL"),
            ("s3://", "does not name a bucket"),
            ("s3://b/../../x", "does not name a bucket"),
        ] {
            let error = Remote::parse(url).unwrap_err();
            assert!(error.contains(text), "{url}: {error}");
        }
        let ftp = Remote::parse("ftp://h/x").unwrap().objects(&Mapping::new()).unwrap_err();
        assert!(ftp.to_string().contains("cannot pull from `ftp://`"), "{ftp}");
        assert_eq!(Remote::parse("s3://b/a/c/").unwrap().directory(), "b/a/c");
    }
}
