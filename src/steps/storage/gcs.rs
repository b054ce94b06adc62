//! The steps `push_to_gcs` and `pull_from_gcs`.

use std::future;

use futures_util::future::BoxFuture;

use super::{FOLDER, IGNORE, Inputs, Provider, SHARING, Transfer};
use crate::{
    steps::{Input, Kind, LocalAccess, Section, Step, StepEntry, StepError, StepKind},
    storage::{
        Access, Bucket, StorageError,
        google::{self, Credentials},
        ignore_file::Lines,
    },
    value::Mapping,
};

const BUCKET: Input = Input::required("bucket", Kind::Text, "name of the bucket");
const PROJECT: Input =
    Input::optional("project", Kind::Text, "", "ignored: bucket names are globally unique");
const CREDENTIALS: Input = Input::optional(
    "credentials",
    Kind::Mapping,
    "Google's default credentials",
    "GCP credentials block: `service_account_info` or `service_account_file`",
);

pub(in crate::steps) const PUSH: StepEntry = StepEntry {
    name: "prefect_gcp.deployments.steps.push_to_gcs",
    aliases: &[],
    kind: StepKind::PushToGcs,
    section: Some(Section::Push),
    sharing: SHARING,
    access: |_| LocalAccess::Reads,
    inputs: &[BUCKET, FOLDER, PROJECT, CREDENTIALS, IGNORE],
    outputs: &["bucket", "folder"],
    create: |mapping| Transfer::create(mapping, "bucket", Some(Lines::AsWritten), provider),
};

/// Creates a step that pulls a folder from Google Cloud Storage.
pub(in crate::steps) fn pull_from_gcs(
    bucket: &str,
    folder: &str,
    credentials: Mapping,
) -> Result<Box<dyn Step>, StepError> {
    Transfer::pull("bucket", bucket, folder, credentials, provider)
}

pub(in crate::steps) const PULL: StepEntry = StepEntry {
    name: "prefect_gcp.deployments.steps.pull_from_gcs",
    aliases: &[],
    kind: StepKind::PullFromGcs,
    section: None,
    sharing: SHARING,
    access: |_| LocalAccess::Writes,
    inputs: &[BUCKET, FOLDER, PROJECT, CREDENTIALS],
    outputs: &["bucket", "folder", "directory"],
    create: |mapping| Transfer::create(mapping, "bucket", None, provider),
};

struct Gcs {
    bucket: String,
    credentials: Credentials,
}

#[expect(clippy::unnecessary_wraps, reason = "other providers can fail")]
fn provider(inputs: Inputs<Credentials>) -> Result<Box<dyn Provider>, StepError> {
    Ok(Box::new(Gcs { bucket: inputs.bucket, credentials: inputs.credentials.unwrap_or_default() }))
}

impl Provider for Gcs {
    fn open<'a>(&'a self, access: Access<'a>) -> BoxFuture<'a, Result<Bucket, StorageError>> {
        Box::pin(future::ready(google::open(&self.bucket, &self.credentials, access)))
    }
}
