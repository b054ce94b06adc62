//! The `pull_from_remote_storage` step copies a folder from a URL into the working directory.

use std::path::{Component, Path};

use serde::Deserialize;

use super::{
    Input, Kind, LocalAccess, RunFuture, Sharing, Step, StepContext, StepEntry, StepError, StepKind, inputs,
    remote_folder::{RemoteFolder, Store},
};
use crate::{
    diagnostics::{Code, Diagnostic},
    progress::Progress,
    python,
    value::{Mapping, Value},
};

pub(super) const ENTRY: StepEntry = StepEntry {
    name: "prefect.deployments.steps.pull_from_remote_storage",
    aliases: &["prefect.deployments.steps.pull.pull_from_remote_storage"],
    kind: StepKind::PullFromRemoteStorage,
    section: None,
    sharing: Sharing::SameInputs,
    access: |_| LocalAccess::Writes,
    inputs: &[
        Input::required(
            "url",
            Kind::Text,
            "URL of the folder to pull, such as `s3://bucket/path`; supports `s3://`, `gs://` and `az://`",
        ),
        Input::optional(
            Input::ANY_OTHER,
            Kind::Any,
            "",
            "fsspec settings of the store, such as `key`, `secret` and `endpoint_url` for S3",
        ),
    ],
    outputs: &["directory"],
    create: |mapping| Ok(Box::new(RemoteStorage::new(inputs::typed(mapping)?)?)),
};

#[derive(Deserialize)]
struct Inputs {
    url: String,
    #[serde(flatten)]
    settings: Mapping,
}

struct RemoteStorage {
    remote: RemoteUrl,
    settings: Mapping,
}

/// A parsed storage URL in fsspec syntax.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RemoteUrl {
    scheme: String,
    /// Bucket name. In Azure URLs, the name may end with `@` and the account.
    bucket: String,
    path: String,
}

impl RemoteStorage {
    fn new(inputs: Inputs) -> Result<Self, StepError> {
        let remote = RemoteUrl::parse(&inputs.url).map_err(|message| StepError::input("url", message))?;
        Ok(Self { remote, settings: inputs.settings })
    }

    async fn pull(&self, context: &StepContext<'_>) -> Result<Mapping, StepError> {
        let folder = self.remote.folder(&self.settings)?;
        self.remote.warn_about_ignored(&self.settings, context.progress);
        let directory = self.remote.directory();
        folder.pull(&context.directory.join(&directory), context).await?;
        Ok(Mapping::from_iter([("directory".into(), directory.into())]))
    }
}

impl Step for RemoteStorage {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a> {
        Box::pin(async move { self.pull(context).await.map(Some) })
    }
}

impl RemoteUrl {
    /// Parses a storage URL such as `s3://bucket/folder`.
    ///
    /// # Errors
    ///
    /// Fails with a message if the URL does not refer to a bucket or a folder in a bucket.
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Err(format!("'{url}' must start with `s3://`, `gs://` or `az://`"));
        };
        if matches!(scheme, "file" | "local") {
            return Err(format!(
                "workers cannot copy files from '{url}'; use `set_working_directory` or a storage block"
            ));
        }
        let (bucket, path) = rest.split_once('/').unwrap_or((rest, ""));
        let remote = Self {
            scheme: scheme.to_owned(),
            bucket: bucket.to_owned(),
            path: path.trim_matches('/').to_owned(),
        };
        let is_below = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if bucket.is_empty() || !Path::new(&remote.directory()).components().all(is_below) {
            return Err(format!("'{url}' does not refer to a folder in a bucket"));
        }
        Ok(remote)
    }

    /// Returns the target directory: the bucket name followed by the path in the bucket, as on Prefect workers.
    fn directory(&self) -> String {
        if self.path.is_empty() { self.bucket.clone() } else { format!("{}/{}", self.bucket, self.path) }
    }

    /// Returns the folder at the URL. Converts the fsspec settings to the credentials format of the store's pull step.
    pub(super) fn folder(&self, settings: &Mapping) -> Result<RemoteFolder, StepError> {
        let (store, bucket, credentials) = match self.scheme.as_str() {
            "s3" | "s3a" => (Store::S3, self.bucket.as_str(), s3_credentials(settings)),
            "gs" | "gcs" => (Store::Gcs, self.bucket.as_str(), gcs_credentials(settings)),
            "az" | "abfs" | "abfss" => {
                let (container, account) = match self.bucket.split_once('@') {
                    Some((container, host)) => (container, host.split('.').next()),
                    None => (self.bucket.as_str(), None),
                };
                (Store::Azure, container, azure_credentials(settings, account))
            }
            scheme => {
                let message =
                    format!("prefectl cannot pull from `{scheme}://`; use `s3://`, `gs://` or `az://`");
                return Err(StepError::input("url", message));
            }
        };
        Ok(RemoteFolder { store, bucket: bucket.to_owned(), folder: self.path.clone(), credentials })
    }

    /// Warns about unsupported settings, which prefectl ignores.
    pub(super) fn warn_about_ignored(&self, settings: &Mapping, progress: &dyn Progress) {
        let ignored = self.ignored(settings);
        if !ignored.is_empty() {
            let message = format!(
                "unsupported settings of `{}://` storage are ignored: {}",
                self.scheme,
                ignored.join(", ")
            );
            let help = "remove the settings, or pull the code with a Python function as a step";
            progress.warn(&Diagnostic::warning(Code::REMOTE_STORAGE_SETTING, message).help(help));
        }
    }

    /// Returns the names of unsupported settings. Nested names contain dots.
    fn ignored(&self, settings: &Mapping) -> Vec<String> {
        let known: &[&str] = match self.scheme.as_str() {
            "s3" | "s3a" => &S3_SETTINGS,
            "gs" | "gcs" => &GCS_SETTINGS,
            _ => &AZURE_SETTINGS,
        };
        let mut names = Vec::new();
        add_names("", settings, known, &mut names);
        names.retain(|name| !known.contains(&name.as_str()));
        names
    }
}

/// Supported settings of s3fs.
const S3_SETTINGS: [&str; 15] = [
    "anon",
    "client_kwargs.endpoint_url",
    "client_kwargs.region_name",
    "client_kwargs.verify",
    "config_kwargs.region_name",
    "config_kwargs.s3.addressing_style",
    "config_kwargs.signature_version",
    "endpoint_url",
    "key",
    "password",
    "profile",
    "secret",
    "token",
    "use_ssl",
    "username",
];

/// Supported settings of gcsfs. The project only matters for requests that create or list buckets.
const GCS_SETTINGS: [&str; 2] = ["project", "token"];

/// Supported settings of adlfs.
const AZURE_SETTINGS: [&str; 7] = [
    "account_key",
    "account_name",
    "client_id",
    "client_secret",
    "connection_string",
    "sas_token",
    "tenant_id",
];

/// Adds the names of all settings with a value. Searches a mapping if `known` contains names of its entries.
fn add_names(prefix: &str, settings: &Mapping, known: &[&str], names: &mut Vec<String>) {
    for (key, value) in settings.iter().filter(|(_, value)| !value.is_null()) {
        let name = format!("{prefix}{}", python::to_text(key));
        let inside = format!("{name}.");
        match value {
            Value::Mapping(inner) if known.iter().any(|known| known.starts_with(&inside)) => {
                add_names(&inside, inner, known, names);
            }
            _ => names.push(name),
        }
    }
}

/// Creates a mapping from the entries with a value.
fn present<'v>(entries: impl IntoIterator<Item = (&'static str, Option<&'v Value>)>) -> Mapping {
    let present = entries.into_iter().filter_map(|(key, value)| Some((key.into(), value?.clone())));
    present.filter(|(_, value): &(Value, Value)| !value.is_null()).collect()
}

/// Converts fsspec settings for S3 (s3fs) to credentials.
fn s3_credentials(settings: &Mapping) -> Mapping {
    let client_setting = |key: &str| settings.get("client_kwargs").and_then(|client| client.get(key));
    let mut credentials = present([
        ("aws_access_key_id", settings.get("key").or_else(|| settings.get("username"))),
        ("aws_secret_access_key", settings.get("secret").or_else(|| settings.get("password"))),
        ("aws_session_token", settings.get("token")),
        ("profile_name", settings.get("profile")),
        ("region_name", client_setting("region_name")),
    ]);
    let endpoint = settings.get("endpoint_url").or_else(|| client_setting("endpoint_url"));
    let mut configuration =
        settings.get("config_kwargs").and_then(Value::as_mapping).cloned().unwrap_or_default();
    if settings.get("anon").and_then(Value::as_bool) == Some(true) {
        configuration.insert("signature_version".into(), "unsigned".into());
    }
    let mut client = present([("endpoint_url", endpoint), ("verify", client_setting("verify"))]);
    if !configuration.is_empty() {
        client.insert("config".into(), configuration.into());
    }
    if !client.is_empty() {
        credentials.insert("aws_client_parameters".into(), client.into());
    }
    credentials
}

/// Converts fsspec settings for Google Cloud Storage (gcsfs) to credentials. The token is a service account key or a
/// key file path.
fn gcs_credentials(settings: &Mapping) -> Mapping {
    match settings.get("token") {
        Some(token @ Value::Mapping(_)) => present([("service_account_info", Some(token))]),
        Some(Value::String(token)) if token == "anon" => {
            Mapping::from_iter([("is_anonymous".into(), true.into())])
        }
        Some(token @ Value::String(path)) if path.contains(['/', '.']) => {
            present([("service_account_file", Some(token))])
        }
        _ => Mapping::new(),
    }
}

/// Converts fsspec settings for Azure (adlfs) to credentials.
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

    fn folder(url: &str, settings: &str) -> RemoteFolder {
        RemoteUrl::parse(url).unwrap().folder(&serde_yaml::from_str(settings).unwrap()).unwrap()
    }

    #[test]
    fn converts_urls_and_settings_to_the_inputs_of_each_store() {
        for (url, settings, store, bucket, path, credentials) in [
            (
                "s3://b/a/c/",
                "{key: k, secret: s, client_kwargs: {endpoint_url: 'http://h', region_name: r}}",
                Store::S3,
                "b",
                "a/c",
                "{aws_access_key_id: k, aws_secret_access_key: s, region_name: r, aws_client_parameters: {endpoint_url: 'http://h'}}",
            ),
            ("s3://b", "{anon: false}", Store::S3, "b", "", "{}"),
            (
                "s3://b",
                "{anon: true, client_kwargs: {verify: false}, config_kwargs: {s3: {addressing_style: virtual}}}",
                Store::S3,
                "b",
                "",
                "{aws_client_parameters: {verify: false, config: {s3: {addressing_style: virtual}, signature_version: unsigned}}}",
            ),
            (
                "s3://b",
                "{username: k, password: s}",
                Store::S3,
                "b",
                "",
                "{aws_access_key_id: k, aws_secret_access_key: s}",
            ),
            ("gs://b", "{token: anon}", Store::Gcs, "b", "", "{is_anonymous: true}"),
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
            let expected = RemoteFolder { store, bucket: bucket.into(), folder: path.into(), credentials };
            assert_eq!(folder(url, settings), expected, "{url}");
        }
    }

    #[test]
    fn names_settings_that_have_no_effect() {
        for (url, settings, expected) in [
            ("s3://b", "{key: k, anon: false, client_kwargs: {region_name: r}}", &[][..]),
            ("s3://b", "{requester_pays: true, version_aware: null}", &["requester_pays"]),
            ("s3://b", "{client_kwargs: {api_version: '1'}}", &["client_kwargs.api_version"]),
            ("s3://b", "{config_kwargs: {proxies: {http: x}}}", &["config_kwargs.proxies"]),
            ("gs://b", "{token: anon, key: k}", &["key"]),
            ("az://c", "{account_name: a, anon: true}", &["anon"]),
        ] {
            let remote = RemoteUrl::parse(url).unwrap();
            assert_eq!(remote.ignored(&serde_yaml::from_str(settings).unwrap()), expected, "{settings}");
        }
    }

    #[test]
    fn rejects_unusable_urls() {
        for (url, text) in [
            ("file:///srv/flows", "workers cannot copy"),
            ("bucket/folder", "must start with `s3://`"),
            ("s3://", "does not refer to a folder"),
            ("s3://b/../../x", "does not refer to a folder"),
        ] {
            let error = RemoteUrl::parse(url).unwrap_err();
            assert!(error.contains(text), "{url}: {error}");
        }
        let ftp = RemoteUrl::parse("ftp://h/x").unwrap().folder(&Mapping::new()).unwrap_err();
        assert!(ftp.to_string().contains("cannot pull from `ftp://`"), "{ftp}");
        assert_eq!(RemoteUrl::parse("s3://b/a/c/").unwrap().directory(), "b/a/c");
    }
}
