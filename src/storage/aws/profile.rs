//! Profiles of the AWS command line, stored in `~/.aws/credentials` and `~/.aws/config`.

use std::{collections::BTreeMap, path::PathBuf};

use futures_util::future::BoxFuture;
use object_store::aws::AwsCredential;
use serde::Deserialize;

use super::{
    super::{Access, StorageError},
    assume_role::Role,
    environment_keys,
};
use crate::{
    environment::Environment,
    fs,
    process::{self, Program},
};

type Section = BTreeMap<String, String>;

/// Maximum length of a source profile chain.
const DEPTH: usize = 5;

/// All AWS profiles, and the name of the selected profile.
#[derive(Debug, Default)]
pub(super) struct Profiles {
    sections: BTreeMap<String, Section>,
    current: String,
    environment_region: Option<String>,
}

/// The JSON output of a `credential_process` program.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ProcessOutput {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

impl Profiles {
    /// Reads the AWS configuration files.
    ///
    /// # Errors
    ///
    /// Fails if `named` selects a profile that does not exist.
    pub(super) fn load(access: Access<'_>, named: Option<&str>) -> Result<Self, StorageError> {
        let environment = access.environment;
        let mut sections: BTreeMap<String, Section> = BTreeMap::new();
        for (variable, file) in
            [("AWS_CONFIG_FILE", "config"), ("AWS_SHARED_CREDENTIALS_FILE", "credentials")]
        {
            let Some(path) = path(environment, variable, file) else { continue };
            let Some(text) = fs::read_text_if_exists(&access.directory.join(path))? else { continue };
            for (name, section) in parse(&text) {
                let name = name.strip_prefix("profile ").map_or(name.as_str(), str::trim);
                sections.entry(name.to_owned()).or_default().extend(section);
            }
        }
        let chosen = named.or_else(|| environment.non_empty("AWS_PROFILE"));
        if let Some(name) = chosen.filter(|name| !sections.contains_key(*name)) {
            let known: Vec<&str> = sections.keys().map(String::as_str).collect();
            return Err(StorageError::Credentials {
                message: format!("AWS profile '{name}' does not exist"),
                help: format!("profiles in ~/.aws: {}", known.join(", ")),
            });
        }
        let region = ["AWS_REGION", "AWS_DEFAULT_REGION"].iter().find_map(|name| environment.non_empty(name));
        Ok(Self {
            sections,
            current: chosen.unwrap_or("default").to_owned(),
            environment_region: region.map(str::to_owned),
        })
    }

    fn profile_value(&self, key: &str) -> Option<String> {
        self.sections.get(&self.current)?.get(key).cloned()
    }

    /// Returns the region from the environment, or else from the profile.
    pub(super) fn region(&self) -> Option<String> {
        self.environment_region.clone().or_else(|| self.profile_value("region"))
    }

    pub(super) fn endpoint(&self) -> Option<String> {
        self.profile_value("endpoint_url")
    }

    /// Returns the selected profile's access keys, or `None` if the profile contains neither keys nor a source of keys.
    pub(super) async fn keys(
        &self,
        access: Access<'_>,
        region: &str,
    ) -> Result<Option<AwsCredential>, StorageError> {
        self.keys_of(&self.current, access, region, DEPTH).await
    }

    fn keys_of<'a>(
        &'a self,
        name: &'a str,
        access: Access<'a>,
        region: &'a str,
        depth: usize,
    ) -> BoxFuture<'a, Result<Option<AwsCredential>, StorageError>> {
        Box::pin(async move {
            let Some(section) = self.sections.get(name) else { return Ok(None) };
            let value = |key: &str| section.get(key).map(String::as_str);
            if let Some(arn) = value("role_arn") {
                let keys = self.keys_for_role(name, section, access, region, depth).await?;
                let more = [("external_id", "ExternalId"), ("role_session_name", "RoleSessionName")];
                let more =
                    more.iter().filter_map(|(key, name)| Some(((*name).to_owned(), value(key)?.into())));
                let role = Role::new(arn, Some(&more.collect()));
                return role.assume(&keys, region, access).await.map(Some);
            }
            if let Some(keys) = static_keys(section) {
                return Ok(Some(keys));
            }
            if let Some(command) = value("credential_process") {
                return from_process(command, access)
                    .await
                    .map(Some)
                    .map_err(|message| unusable(name, &message, "run its credential_process manually"));
            }
            if section.keys().any(|key| key.starts_with("sso_")) {
                let help = format!("run `aws sso login --profile {name}`, then {}", export(name));
                return Err(unusable(name, "signing in through a browser is required", &help));
            }
            Ok(None)
        })
    }

    /// Returns the keys that a profile uses to assume its role.
    ///
    /// # Errors
    ///
    /// Fails if the source of the keys is missing or unsupported. Otherwise, requests would use the machine's
    /// credentials.
    async fn keys_for_role(
        &self,
        name: &str,
        section: &Section,
        access: Access<'_>,
        region: &str,
        depth: usize,
    ) -> Result<AwsCredential, StorageError> {
        let value = |key: &str| section.get(key).map(String::as_str);
        let (keys, message, help) = match (value("source_profile"), value("credential_source")) {
            (Some(source), _) => {
                // A profile that names itself as its source uses its own keys.
                let keys = match () {
                    () if source == name => static_keys(section),
                    () if depth == 0 => None,
                    () => self.keys_of(source, access, region, depth - 1).await?,
                };
                let message = format!("its source_profile '{source}' does not contain access keys");
                (keys, message, "correct ~/.aws/config".to_owned())
            }
            (None, Some("Environment")) => {
                let message = "its credential_source 'Environment' does not contain access keys".to_owned();
                let help = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY".to_owned();
                (environment_keys(access.environment), message, help)
            }
            (None, Some(source)) => {
                let message = format!("its credential_source '{source}' is not supported");
                (None, message, format!("set source_profile, or run {}", export(name)))
            }
            (None, None) => {
                let message = "its role requires a source_profile".to_owned();
                (None, message, format!("set source_profile, or run {}", export(name)))
            }
        };
        keys.ok_or_else(|| unusable(name, &message, &help))
    }
}

fn unusable(profile: &str, message: &str, help: &str) -> StorageError {
    StorageError::Credentials {
        message: format!("the AWS profile '{profile}' cannot be used: {message}"),
        help: help.to_owned(),
    }
}

/// Returns the command that sets the access keys of a profile in the environment.
fn export(profile: &str) -> String {
    format!("`eval \"$(aws configure export-credentials --profile {profile} --format env)\"`")
}

fn static_keys(section: &Section) -> Option<AwsCredential> {
    Some(AwsCredential {
        key_id: section.get("aws_access_key_id")?.clone(),
        secret_key: section.get("aws_secret_access_key")?.clone(),
        token: section.get("aws_session_token").cloned(),
    })
}

/// Runs a `credential_process` program and returns the keys that it prints. Error messages never contain the
/// output.
async fn from_process(command: &str, access: Access<'_>) -> Result<AwsCredential, String> {
    let arguments = ["-c", command].map(str::to_owned);
    let program = Program {
        program: "/bin/sh",
        arguments: &arguments,
        directory: access.directory,
        environment: &access.environment.without_api_credentials(),
        variables: &BTreeMap::new(),
    };
    let finished = process::run(&program, None).await.map_err(|error| error.to_string())?;
    if finished.code != 0 {
        return Err(format!("its credential_process failed with exit code {}", finished.code));
    }
    let output: ProcessOutput = serde_json::from_str(&finished.stdout)
        .map_err(|_| "its credential_process did not print any credentials".to_owned())?;
    Ok(AwsCredential {
        key_id: output.access_key_id,
        secret_key: output.secret_access_key,
        token: output.session_token,
    })
}

fn path(environment: &Environment, variable: &str, file: &str) -> Option<PathBuf> {
    let home = || Some(environment.home_directory()?.join(".aws").join(file));
    environment.non_empty(variable).map(PathBuf::from).or_else(home)
}

/// Parses the sections of a configuration file. Indented lines are ignored, because they contain settings of
/// individual services.
fn parse(text: &str) -> BTreeMap<String, Section> {
    let mut sections: BTreeMap<String, Section> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        if let Some(name) = line.trim().strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let name = name.0.trim().to_owned();
            sections.entry(name.clone()).or_default();
            current = Some(name);
        } else if line.starts_with([' ', '\t', '#', ';']) {
            // Skip comments and the settings of individual services.
        } else if let (Some((key, value)), Some(section)) =
            (line.split_once('='), current.as_ref().and_then(|name| sections.get_mut(name)))
        {
            section.insert(key.trim().to_ascii_lowercase(), value.trim().to_owned());
        }
    }
    sections
}
