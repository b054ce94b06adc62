//! A folder of an object store, pulled by the store's own step for those that only name it.

use std::{borrow::Cow, path::Path};

use super::{StepContext, StepError, registry};
use crate::{
    fs::FileError,
    value::{Mapping, Value},
};

/// A folder of a bucket, with credentials as the store's own step takes them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Objects {
    pub(super) store: Store,
    pub(super) bucket: String,
    pub(super) folder: String,
    pub(super) credentials: Mapping,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    S3,
    Gcs,
    Azure,
}

impl Objects {
    /// Copies the folder into a directory, which is made if it is not there.
    pub(super) async fn pull(&self, target: &Path, context: &StepContext<'_>) -> Result<(), StepError> {
        let (name, bucket) = match self.store {
            Store::S3 => ("prefect_aws.deployments.steps.pull_from_s3", "bucket"),
            Store::Gcs => ("prefect_gcp.deployments.steps.pull_from_gcs", "bucket"),
            Store::Azure => ("prefect_azure.deployments.steps.pull_from_azure_blob_storage", "container"),
        };
        let entry = registry::find(name)
            .ok_or_else(|| StepError::failed(format!("this needs the step {name}, which cannot run here")))?;
        let mut inputs = Mapping::from_iter([
            (bucket.into(), Value::from(self.bucket.as_str())),
            ("folder".into(), self.folder.as_str().into()),
        ]);
        if !self.credentials.is_empty() {
            inputs.insert("credentials".into(), self.credentials.clone().into());
        }
        // Its inputs are not those that the user has written.
        let plainly = |error| match error {
            StepError::Input { message, .. } => StepError::failed(message),
            error @ StepError::Failed { .. } => error,
        };
        let step = (entry.create)(inputs).map_err(plainly)?;
        std::fs::create_dir_all(target)
            .map_err(|error| StepError::failed(FileError::new("make", target, error).to_string()))?;
        let mut inside = StepContext {
            directory: target.to_owned(),
            environment: Cow::Borrowed(&context.environment),
            ..*context
        };
        step.run(&mut inside).await.map(drop).map_err(plainly)
    }
}
