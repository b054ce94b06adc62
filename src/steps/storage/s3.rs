//! The steps `push_to_s3` and `pull_from_s3`.

use futures_util::future::BoxFuture;

use super::{FOLDER, IGNORE, Inputs, Provider, SHARING, Transfer};
use crate::{
    steps::{Input, Kind, LocalAccess, Section, Step, StepEntry, StepError, StepKind},
    storage::{
        Access, Bucket, StorageError,
        aws::{self, ClientParameters, Credentials},
        ignore_file::Lines,
    },
    value::Mapping,
};

const BUCKET: Input = Input::required("bucket", Kind::Text, "name of the bucket");
const CREDENTIALS: Input = Input::optional(
    "credentials",
    Kind::Mapping,
    "credentials of the AWS command line",
    "AWS or MinIO credentials block",
);
const PARAMETERS: Input = Input::optional(
    "client_parameters",
    Kind::Mapping,
    "",
    "client parameters such as `endpoint_url`; ignored if the credentials contain `aws_client_parameters`",
);

pub(in crate::steps) const PUSH: StepEntry = StepEntry {
    name: "prefect_aws.deployments.steps.push_to_s3",
    aliases: &[],
    kind: StepKind::PushToS3,
    section: Some(Section::Push),
    sharing: SHARING,
    access: |_| LocalAccess::Reads,
    inputs: &[BUCKET, FOLDER, CREDENTIALS, PARAMETERS, IGNORE],
    outputs: &["bucket", "folder"],
    create: |mapping| Transfer::create(mapping, "bucket", Some(Lines::Trimmed), provider),
};

/// Creates a step that pulls a folder from Amazon S3 or a compatible store.
pub(in crate::steps) fn pull_from_s3(
    bucket: &str,
    folder: &str,
    credentials: Mapping,
) -> Result<Box<dyn Step>, StepError> {
    Transfer::pull("bucket", bucket, folder, credentials, provider)
}

pub(in crate::steps) const PULL: StepEntry = StepEntry {
    name: "prefect_aws.deployments.steps.pull_from_s3",
    aliases: &[],
    kind: StepKind::PullFromS3,
    section: None,
    sharing: SHARING,
    access: |_| LocalAccess::Writes,
    inputs: &[BUCKET, FOLDER, CREDENTIALS, PARAMETERS],
    outputs: &["bucket", "folder", "directory"],
    create: |mapping| Transfer::create(mapping, "bucket", None, provider),
};

struct S3 {
    bucket: String,
    credentials: Credentials,
    parameters: Option<ClientParameters>,
}

fn provider(inputs: Inputs<Credentials>) -> Result<Box<dyn Provider>, StepError> {
    let credentials = inputs.credentials.unwrap_or_default();
    credentials.check()?;
    let parameters = inputs.client_parameters.map(serde_yaml::from_value).transpose();
    let parameters = parameters.map_err(|error| StepError::input("client_parameters", error.to_string()))?;
    Ok(Box::new(S3 { bucket: inputs.bucket, credentials, parameters }))
}

impl Provider for S3 {
    fn open<'a>(&'a self, access: Access<'a>) -> BoxFuture<'a, Result<Bucket, StorageError>> {
        Box::pin(aws::open(&self.bucket, &self.credentials, self.parameters.as_ref(), access))
    }
}
