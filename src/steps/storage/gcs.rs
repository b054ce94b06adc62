//! `push_to_gcs` and `pull_from_gcs`.

use std::future;

use futures_util::future::BoxFuture;

use super::{FOLDER, IGNORE, Inputs, Provider, SHARING, Transfer};
use crate::{
    steps::{Input, Kind, Phase, StepEntry, StepError},
    storage::{
        Bucket, StorageError, Surroundings,
        google::{self, Credentials},
        ignore_file::Lines,
    },
};

const BUCKET: Input = Input::required("bucket", Kind::Text, "the bucket's name");
const PROJECT: Input =
    Input::optional("project", Kind::Text, "", "accepted; a bucket's name is enough to find it");
const CREDENTIALS: Input = Input::optional(
    "credentials",
    Kind::Mapping,
    "Google's default credentials",
    "as a GCP credentials block: `service_account_info` or `service_account_file`",
);

pub(in crate::steps) const PUSH: StepEntry = StepEntry {
    name: "prefect_gcp.deployments.steps.push_to_gcs",
    aliases: &[],
    phase: Phase::Push,
    sharing: SHARING,
    inputs: &[BUCKET, FOLDER, PROJECT, CREDENTIALS, IGNORE],
    outputs: &["bucket", "folder"],
    create: |mapping| Transfer::create(mapping, "bucket", Some(Lines::AsWritten), provider),
};

pub(in crate::steps) const PULL: StepEntry = StepEntry {
    name: "prefect_gcp.deployments.steps.pull_from_gcs",
    aliases: &[],
    phase: Phase::Any,
    sharing: SHARING,
    inputs: &[BUCKET, FOLDER, PROJECT, CREDENTIALS],
    outputs: &["bucket", "folder", "directory"],
    create: |mapping| Transfer::create(mapping, "bucket", None, provider),
};

struct Gcs {
    bucket: String,
    credentials: Credentials,
}

#[expect(clippy::unnecessary_wraps, reason = "the other stores can refuse their credentials")]
fn provider(inputs: Inputs<Credentials>) -> Result<Box<dyn Provider>, StepError> {
    Ok(Box::new(Gcs { bucket: inputs.bucket, credentials: inputs.credentials.unwrap_or_default() }))
}

impl Provider for Gcs {
    fn open<'a>(&'a self, surroundings: Surroundings<'a>) -> BoxFuture<'a, Result<Bucket, StorageError>> {
        Box::pin(future::ready(google::open(&self.bucket, &self.credentials, surroundings)))
    }
}
