//! The steps `push_to_azure_blob_storage` and `pull_from_azure_blob_storage`.

use std::future;

use futures_util::future::BoxFuture;

use super::{FOLDER, IGNORE, Inputs, Provider, SHARING, Transfer};
use crate::{
    steps::{Input, Kind, LocalAccess, Section, Step, StepEntry, StepError, StepKind},
    storage::{
        Access, Bucket, StorageError,
        azure::{self, Credentials},
        ignore_file::Lines,
    },
    value::Mapping,
};

const CONTAINER: Input = Input::required("container", Kind::Text, "name of the container");
const CREDENTIALS: Input = Input::required(
    "credentials",
    Kind::Mapping,
    "`connection_string`, or `account_url`, optionally with a service principal",
);

pub(in crate::steps) const PUSH: StepEntry = StepEntry {
    name: "prefect_azure.deployments.steps.push_to_azure_blob_storage",
    aliases: &[],
    kind: StepKind::PushToAzure,
    section: Some(Section::Push),
    sharing: SHARING,
    access: |_| LocalAccess::Reads,
    inputs: &[CONTAINER, FOLDER, CREDENTIALS, IGNORE],
    outputs: &["container", "folder"],
    create: |mapping| Transfer::create(mapping, "container", Some(Lines::AsWritten), provider),
};

/// Creates a step that pulls a folder from Azure Blob Storage.
pub(in crate::steps) fn pull_from_azure(
    container: &str,
    folder: &str,
    credentials: Mapping,
) -> Result<Box<dyn Step>, StepError> {
    Transfer::pull("container", container, folder, credentials, provider)
}

pub(in crate::steps) const PULL: StepEntry = StepEntry {
    name: "prefect_azure.deployments.steps.pull_from_azure_blob_storage",
    aliases: &[],
    kind: StepKind::PullFromAzure,
    section: None,
    sharing: SHARING,
    access: |_| LocalAccess::Writes,
    inputs: &[CONTAINER, FOLDER, CREDENTIALS],
    outputs: &["container", "folder", "directory"],
    create: |mapping| Transfer::create(mapping, "container", None, provider),
};

struct Azure {
    container: String,
    credentials: Credentials,
}

fn provider(inputs: Inputs<Credentials>) -> Result<Box<dyn Provider>, StepError> {
    let credentials = inputs.credentials.unwrap_or_default();
    credentials.check()?;
    Ok(Box::new(Azure { container: inputs.bucket, credentials }))
}

impl Provider for Azure {
    fn open<'a>(&'a self, access: Access<'a>) -> BoxFuture<'a, Result<Bucket, StorageError>> {
        Box::pin(future::ready(azure::open(&self.container, &self.credentials, access)))
    }
}
