//! Buckets in Amazon S3 and compatible stores such as `MinIO`.

mod assume_role;
mod profile;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use object_store::{
    ClientOptions, StaticCredentialProvider,
    aws::{AmazonS3Builder, AmazonS3ConfigKey, AwsCredential, resolve_bucket_region},
};
use serde::Deserialize;

use self::{assume_role::Role, profile::Profiles};
use super::{
    Access, Bucket, Proof, StorageError,
    client::{self, Connection},
};
use crate::{environment::Environment, secret::Secret};

/// Default region, which also applies to stores without regions.
const DEFAULT_REGION: &str = "us-east-1";

/// Contents of an AWS or `MinIO` credentials block.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Credentials {
    #[serde(alias = "minio_root_user")]
    aws_access_key_id: Option<Secret>,
    #[serde(alias = "minio_root_password")]
    aws_secret_access_key: Option<Secret>,
    aws_session_token: Option<Secret>,
    profile_name: Option<String>,
    region_name: Option<String>,
    assume_role_arn: Option<String>,
    assume_role_kwargs: Option<BTreeMap<String, serde_yaml::Value>>,
    aws_client_parameters: Option<ClientParameters>,
}

/// The supported parameters of boto3's S3 client.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct ClientParameters {
    endpoint_url: Option<String>,
    verify: Option<Verify>,
    verify_cert_path: Option<PathBuf>,
    config: Option<ClientConfiguration>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Verify {
    Enabled(bool),
    Certificates(PathBuf),
}

/// The supported fields of botocore's `Config`.
#[derive(Debug, Clone, Default, Deserialize)]
struct ClientConfiguration {
    region_name: Option<String>,
    signature_version: Option<String>,
    s3: Option<S3Configuration>,
}

#[derive(Debug, Clone, Default, Deserialize)]
struct S3Configuration {
    addressing_style: Option<String>,
}

impl Credentials {
    /// Validates the credentials without sending a request.
    pub(crate) fn check(&self) -> Result<(), StorageError> {
        match (&self.aws_access_key_id, &self.aws_secret_access_key) {
            (Some(_), None) => Err("an access key requires a secret key"),
            (None, Some(_)) => Err("a secret key requires an access key"),
            _ => Ok(()),
        }
        .map_err(|message| StorageError::input("credentials", message))
    }

    /// Returns the access keys in the credentials, or `None` if the key ID or the secret key is missing.
    fn keys(&self) -> Option<AwsCredential> {
        Some(AwsCredential {
            key_id: self.aws_access_key_id.as_ref()?.expose().to_owned(),
            secret_key: self.aws_secret_access_key.as_ref()?.expose().to_owned(),
            token: self.aws_session_token.as_ref().map(|token| token.expose().to_owned()),
        })
    }
}

/// Opens a bucket. `parameters` are ignored if the credentials contain their own client parameters.
///
/// If there are no credentials, looks up keys in the same order as boto3: environment variables, profiles, web
/// identity, container and machine.
pub(crate) async fn open(
    bucket: &str,
    credentials: &Credentials,
    parameters: Option<&ClientParameters>,
    access: Access<'_>,
) -> Result<Bucket, StorageError> {
    let no_parameters = ClientParameters::default();
    let parameters = credentials.aws_client_parameters.as_ref().or(parameters).unwrap_or(&no_parameters);
    let profiles = Profiles::load(access, credentials.profile_name.as_deref())?;
    let endpoint = parameters.endpoint(&profiles, access);
    let options = parameters.connection(endpoint.as_deref(), access).options(access)?;
    let region = region(bucket, credentials, parameters, &profiles, endpoint.as_deref(), &options).await;

    let mut builder = AmazonS3Builder::new();
    // Variables that configure web identity, containers and machines. Access keys are set separately below.
    for (name, value) in access.environment.iter().filter(|(name, _)| is_provider_variable(name)) {
        if let Ok(key) = name.to_ascii_lowercase().parse() {
            builder = builder.with_config(key, value);
        }
    }
    let virtual_host = parameters.virtual_host(bucket, endpoint.as_deref());
    let endpoint = endpoint.or_else(|| is_in_china(&region).then(|| service("s3", &region)));
    if access.environment.non_empty("AWS_ENDPOINT_URL_STS").is_none() {
        builder = builder.with_config(AmazonS3ConfigKey::StsEndpoint, service("sts", &region));
    }
    builder = builder
        .with_bucket_name(bucket)
        .with_region(&region)
        .with_virtual_hosted_style_request(virtual_host)
        .with_skip_signature(parameters.is_unsigned())
        .with_client_options(options.clone())
        .with_retry(client::retries());
    if let Some(endpoint) = &endpoint {
        builder =
            builder.with_endpoint(if virtual_host { with_host(endpoint, bucket) } else { endpoint.clone() });
    }
    let keys = keys(credentials, &profiles, access, &region).await?;
    if let Some(keys) = role(credentials, keys, access, &region).await? {
        builder = builder.with_credentials(Arc::new(StaticCredentialProvider::new(keys)));
    }
    let url = format!("s3://{bucket}");
    let store = builder.build().map_err(|error| StorageError::store(format!("open {url}"), error))?;
    Ok(Bucket { store: Arc::new(store), url, proof: Proof::ETag })
}

/// Returns the access keys from the credentials, the environment or a profile. Returns `None` if the
/// container or the machine provides the keys.
async fn keys(
    credentials: &Credentials,
    profiles: &Profiles,
    access: Access<'_>,
    region: &str,
) -> Result<Option<AwsCredential>, StorageError> {
    if let Some(keys) = credentials.keys() {
        return Ok(Some(keys));
    }
    let environment = access.environment;
    if credentials.profile_name.is_none() {
        if let Some(keys) = environment_keys(environment) {
            return Ok(Some(keys));
        }
        if environment.non_empty("AWS_WEB_IDENTITY_TOKEN_FILE").is_some() {
            return Ok(None);
        }
    }
    let keys = profiles.keys(access, region).await?;
    if keys.is_none() {
        check_container(environment)?;
    }
    Ok(keys)
}

/// Returns the access keys from the environment variables, or `None` if the key ID or the secret key is not set.
fn environment_keys(environment: &Environment) -> Option<AwsCredential> {
    let variable = |name: &str| environment.non_empty(name).map(str::to_owned);
    Some(AwsCredential {
        key_id: variable("AWS_ACCESS_KEY_ID")?,
        secret_key: variable("AWS_SECRET_ACCESS_KEY")?,
        token: variable("AWS_SESSION_TOKEN"),
    })
}

/// Fails if the environment names an unsupported source of container credentials. Otherwise, requests would use the
/// machine's credentials.
fn check_container(environment: &Environment) -> Result<(), StorageError> {
    let is_set = |name: &str| environment.non_empty(name).is_some();
    if is_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")
        || !is_set("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        || is_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
    {
        return Ok(());
    }
    Err(StorageError::Credentials {
        message: "AWS_CONTAINER_CREDENTIALS_FULL_URI requires AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
            .to_owned(),
        help: "write the token to a file and set the variable, or set AWS_ACCESS_KEY_ID and \
               AWS_SECRET_ACCESS_KEY"
            .to_owned(),
    })
}

/// Returns the assumed role's temporary keys, or `keys` unchanged if the credentials name no role.
async fn role(
    credentials: &Credentials,
    keys: Option<AwsCredential>,
    access: Access<'_>,
    region: &str,
) -> Result<Option<AwsCredential>, StorageError> {
    let Some(arn) = &credentials.assume_role_arn else { return Ok(keys) };
    let Some(keys) = keys else {
        let message = "assuming a role requires access keys or a profile".to_owned();
        let help =
            "set access keys in addition to assume_role_arn, set AWS_ACCESS_KEY_ID, or select a profile"
                .to_owned();
        return Err(StorageError::Credentials { message, help });
    };
    let role = Role::new(arn, credentials.assume_role_kwargs.as_ref());
    role.assume(&keys, region, access).await.map(Some)
}

/// Returns the configured region. If no region is configured, asks Amazon for the bucket's region.
async fn region(
    bucket: &str,
    credentials: &Credentials,
    parameters: &ClientParameters,
    profiles: &Profiles,
    endpoint: Option<&str>,
    options: &ClientOptions,
) -> String {
    let configured = parameters.config.as_ref().and_then(|config| config.region_name.clone());
    let named = credentials.region_name.clone().or(configured).or_else(|| profiles.region());
    match (named, endpoint) {
        (Some(region), _) => region,
        (None, Some(_)) => DEFAULT_REGION.to_owned(),
        // If the lookup fails, the first request to the bucket reports the problem.
        (None, None) => {
            resolve_bucket_region(bucket, options).await.unwrap_or_else(|_| DEFAULT_REGION.to_owned())
        }
    }
}

impl ClientParameters {
    fn endpoint(&self, profiles: &Profiles, access: Access<'_>) -> Option<String> {
        let variable = |name| access.environment.non_empty(name).map(str::to_owned);
        self.endpoint_url
            .clone()
            .or_else(|| variable("AWS_ENDPOINT_URL_S3"))
            .or_else(|| variable("AWS_ENDPOINT_URL"))
            .or_else(|| profiles.endpoint())
            .map(|endpoint| endpoint.trim_end_matches('/').to_owned())
    }

    fn connection(&self, endpoint: Option<&str>, access: Access<'_>) -> Connection {
        let (skip_verification, bundle) = match &self.verify {
            Some(Verify::Enabled(verify)) => (!verify, None),
            Some(Verify::Certificates(path)) => (false, Some(path.clone())),
            None => (false, None),
        };
        let bundle = self.verify_cert_path.clone().or(bundle);
        let environment_bundle = || access.environment.non_empty("AWS_CA_BUNDLE").map(PathBuf::from);
        Connection {
            skip_verification,
            certificates: bundle.or_else(environment_bundle).filter(|_| !skip_verification),
            ..Connection::to(endpoint)
        }
    }

    fn is_unsigned(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.signature_version.as_deref() == Some("unsigned"))
    }

    /// Returns `true` if requests should contain the bucket in the host name. Amazon requires this style, but
    /// other stores rarely support it.
    fn virtual_host(&self, bucket: &str, endpoint: Option<&str>) -> bool {
        let style = self.config.as_ref().and_then(|config| config.s3.as_ref()?.addressing_style.as_deref());
        match style {
            Some("virtual") => true,
            Some("path") => false,
            // Amazon's certificates do not cover bucket names that contain dots.
            _ => endpoint.is_none() && !bucket.contains('.'),
        }
    }
}

/// Returns the URL of an Amazon service in a region.
fn service(name: &str, region: &str) -> String {
    let domain = if is_in_china(region) { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://{name}.{region}.{domain}")
}

/// Checks whether a region belongs to AWS in China, which has its own domain.
fn is_in_china(region: &str) -> bool {
    region.starts_with("cn-")
}

/// Adds the bucket to the host name of an endpoint.
fn with_host(endpoint: &str, bucket: &str) -> String {
    match endpoint.split_once("://") {
        Some((scheme, host)) => format!("{scheme}://{bucket}.{host}"),
        None => endpoint.to_owned(),
    }
}

fn is_provider_variable(name: &str) -> bool {
    matches!(
        name,
        "AWS_WEB_IDENTITY_TOKEN_FILE"
            | "AWS_ROLE_ARN"
            | "AWS_ROLE_SESSION_NAME"
            | "AWS_ENDPOINT_URL_STS"
            | "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
            | "AWS_CONTAINER_CREDENTIALS_FULL_URI"
            | "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"
    )
}

#[cfg(test)]
mod tests;
