//! Containers in Azure Blob Storage.

use std::{collections::BTreeMap, sync::Arc};

use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder, split_sas};
use serde::Deserialize;
use url::Url;

use super::{
    Access, Bucket, Proof, StorageError,
    client::{self, Connection},
};
use crate::{process, secret::Secret};

/// Connection string of Microsoft's storage emulator. Its key is public.
const EMULATOR: &str = "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1";

/// Contents of an Azure Blob Storage credentials block.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Credentials {
    connection_string: Option<Secret>,
    account_url: Option<String>,
    tenant_id: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Secret>,
}

/// The authorization method for requests to Azure.
enum Authorization {
    Key(Secret),
    SharedAccess(Secret),
    /// A service principal, with its tenant ID, client ID and client secret.
    Principal(String, String, Secret),
    /// The default credentials of this machine.
    Default,
}

/// An Azure storage account and its credentials.
struct Account {
    name: String,
    endpoint: String,
    authorization: Authorization,
}

impl Credentials {
    /// Validates the credentials without sending a request.
    pub(crate) fn check(&self) -> Result<(), StorageError> {
        self.account().map(|_| ())
    }

    fn account(&self) -> Result<Account, StorageError> {
        let wrong = |message: String| StorageError::input("credentials", message);
        if let Some(text) = &self.connection_string {
            return parse_connection_string(text.expose()).map_err(wrong);
        }
        let Some(text) = &self.account_url else {
            return Err(wrong("Credentials must contain either connection_string or account_url".to_owned()));
        };
        let url = Url::parse(text)
            .map_err(|error| wrong(format!("the account_url is not a valid URL: {error}")))?;
        let authorization = match (&self.tenant_id, &self.client_id, &self.client_secret) {
            (Some(tenant), Some(client), Some(secret)) => {
                Authorization::Principal(tenant.clone(), client.clone(), secret.clone())
            }
            _ => match url.query() {
                Some(query) => Authorization::SharedAccess(Secret::new(query)),
                None => Authorization::Default,
            },
        };
        let endpoint = text.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned();
        Ok(Account { name: account_name(&url), endpoint, authorization })
    }
}

/// Parses a connection string. Error messages contain only setting names, never their values.
fn parse_connection_string(text: &str) -> Result<Account, String> {
    let text = text.trim();
    if text.trim_end_matches(';').eq_ignore_ascii_case("UseDevelopmentStorage=true") {
        return parse_connection_string(EMULATOR);
    }
    let pairs: BTreeMap<String, &str> = text
        .split(';')
        .filter(|pair| !pair.trim().is_empty())
        .map(|pair| {
            pair.split_once('=').map(|(name, value)| (name.trim().to_ascii_lowercase(), value.trim()))
        })
        .collect::<Option<_>>()
        .ok_or("the connection_string is not a list of NAME=VALUE pairs separated by semicolons")?;
    let value = |name: &str| pairs.get(name).copied().filter(|value| !value.is_empty());
    let endpoint = match (value("blobendpoint"), value("accountname")) {
        (Some(endpoint), _) => endpoint.to_owned(),
        (None, Some(account)) => {
            let protocol = value("defaultendpointsprotocol").unwrap_or("https");
            let suffix = value("endpointsuffix").unwrap_or("core.windows.net");
            format!("{protocol}://{account}.blob.{suffix}")
        }
        (None, None) => {
            return Err("the connection_string has neither AccountName nor BlobEndpoint".to_owned());
        }
    };
    let url =
        Url::parse(&endpoint).map_err(|error| format!("the BlobEndpoint is not a valid URL: {error}"))?;
    let authorization = match (value("accountkey"), value("sharedaccesssignature")) {
        (Some(key), _) => Authorization::Key(Secret::new(key)),
        (None, Some(signature)) => Authorization::SharedAccess(Secret::new(signature)),
        (None, None) => {
            return Err("the connection_string has neither AccountKey nor SharedAccessSignature".to_owned());
        }
    };
    let name = value("accountname").map_or_else(|| account_name(&url), str::to_owned);
    Ok(Account { name, endpoint: endpoint.trim_end_matches('/').to_owned(), authorization })
}

/// Returns an endpoint's account name: the host name's first label, or the path's first component if the host is an IP
/// address or has only one label.
fn account_name(url: &Url) -> String {
    let first_component = || url.path_segments().and_then(|mut segments| segments.next()).map(str::to_owned);
    match url.domain() {
        Some(domain) if domain.contains('.') => domain.split('.').next().unwrap_or_default().to_owned(),
        _ => first_component().unwrap_or_default(),
    }
}

/// Opens a container.
///
/// # Errors
///
/// Fails if the credentials are invalid.
pub(crate) fn open(
    container: &str,
    credentials: &Credentials,
    access: Access<'_>,
) -> Result<Bucket, StorageError> {
    let account = credentials.account()?;
    let options = Connection::to(Some(&account.endpoint)).options(access)?;
    let url = format!("{}/{container}", account.endpoint);
    let failed = |error| StorageError::store(format!("open {url}"), error);
    let mut builder = MicrosoftAzureBuilder::new()
        .with_account(&account.name)
        .with_container_name(container)
        .with_endpoint(account.endpoint.clone())
        .with_client_options(options)
        .with_retry(client::retries());
    builder = match account.authorization {
        Authorization::Key(key) => builder.with_access_key(key.expose()),
        Authorization::SharedAccess(signature) => {
            let signature = signature.expose().trim_start_matches('?');
            builder.with_sas_authorization(split_sas(signature).map_err(failed)?)
        }
        Authorization::Principal(tenant, client, secret) => {
            builder.with_client_secret_authorization(client, secret.expose(), tenant)
        }
        Authorization::Default => with_default_credentials(builder, access),
    };
    let store = builder.build().map_err(failed)?;
    Ok(Bucket { store: Arc::new(store), url, proof: Proof::Metadata })
}

/// Configures the same default credentials as Azure's own libraries, in the same order: environment
/// variables, Azure CLI and machine.
fn with_default_credentials(mut builder: MicrosoftAzureBuilder, access: Access<'_>) -> MicrosoftAzureBuilder {
    let environment = access.environment;
    let variables = [
        ("AZURE_CLIENT_ID", AzureConfigKey::ClientId),
        ("AZURE_TENANT_ID", AzureConfigKey::AuthorityId),
        ("AZURE_CLIENT_SECRET", AzureConfigKey::ClientSecret),
        ("AZURE_FEDERATED_TOKEN_FILE", AzureConfigKey::FederatedTokenFile),
        ("AZURE_AUTHORITY_HOST", AzureConfigKey::AuthorityHost),
        ("IDENTITY_ENDPOINT", AzureConfigKey::MsiEndpoint),
    ];
    for (name, key) in variables {
        if let Some(value) = environment.non_empty(name) {
            builder = builder.with_config(key, value);
        }
    }
    let is_configured = ["AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE", "IDENTITY_ENDPOINT"]
        .iter()
        .any(|name| environment.non_empty(name).is_some());
    let command = process::find_on_path("az", environment.get("PATH"), access.directory);
    builder.with_use_azure_cli(!is_configured && command.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(text: &str) -> Result<String, String> {
        parse_connection_string(text).map(|account| {
            let kind = match account.authorization {
                Authorization::Key(key) => format!("key {}", key.expose()),
                Authorization::SharedAccess(signature) => format!("sas {}", signature.expose()),
                _ => unreachable!("a connection string has one of these"),
            };
            format!("{} {} {kind}", account.name, account.endpoint)
        })
    }

    #[test]
    fn parses_connection_strings_as_azure_does() {
        for (text, expected) in [
            (
                "DefaultEndpointsProtocol=https;AccountName=me;AccountKey=a2V5==;EndpointSuffix=core.windows.net",
                "me https://me.blob.core.windows.net key a2V5==",
            ),
            ("accountname=me;accountkey=a2V5", "me https://me.blob.core.windows.net key a2V5"),
            (
                "AccountName=me;AccountKey=k;EndpointSuffix=core.chinacloudapi.cn;",
                "me https://me.blob.core.chinacloudapi.cn key k",
            ),
            (
                "BlobEndpoint=https://me.blob.core.windows.net/;SharedAccessSignature=sv=2021&sig=a%3D",
                "me https://me.blob.core.windows.net sas sv=2021&sig=a%3D",
            ),
            (
                "AccountName=me;AccountKey=k;BlobEndpoint=http://127.0.0.1:10000/me",
                "me http://127.0.0.1:10000/me key k",
            ),
        ] {
            assert_eq!(account(text).unwrap(), expected);
        }
        let emulator = account("UseDevelopmentStorage=true;").unwrap();
        assert!(emulator.starts_with("devstoreaccount1 http://127.0.0.1:10000/devstoreaccount1 key "));
    }

    #[test]
    fn errors_show_no_keys() {
        for text in [
            "hunter2",
            "AccountKey=hunter2",
            "AccountName=a",
            "BlobEndpoint=x;AccountKey=hunter2",
            "a;hunter2=b",
        ] {
            let error = account(text).unwrap_err();
            assert!(!error.contains("hunter2"), "{error}");
        }
        let nothing = Credentials::default().check().unwrap_err().to_string();
        assert_eq!(nothing, "Credentials must contain either connection_string or account_url");
    }

    #[test]
    fn finds_the_account_in_a_url() {
        for (url, name) in [
            ("https://me.blob.core.windows.net/", "me"),
            ("http://127.0.0.1:10000/devstoreaccount1", "devstoreaccount1"),
            ("http://localhost:10000/devstoreaccount1", "devstoreaccount1"),
        ] {
            assert_eq!(account_name(&Url::parse(url).unwrap()), name);
        }
    }
}
