//! Pulls a folder from any supported object store.

use std::{borrow::Cow, path::Path};

use super::{
    StepContext, StepError,
    storage::{pull_from_azure, pull_from_gcs, pull_from_s3},
};
use crate::{fs::FileError, value::Mapping};

/// A folder in a bucket, with credentials in the store's pull step format.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RemoteFolder {
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

impl RemoteFolder {
    /// Copies the folder to the directory `target`. Creates the directory if it does not exist.
    pub(super) async fn pull(&self, target: &Path, context: &StepContext<'_>) -> Result<(), StepError> {
        // These inputs do not come from the project file, so errors must not refer to them.
        let without_input = |error| match error {
            StepError::Input { message, .. } => StepError::failed(message),
            error @ (StepError::Failed { .. } | StepError::NotLocked(_)) => error,
        };
        let (bucket, folder, credentials) = (&self.bucket, &self.folder, self.credentials.clone());
        let step = match self.store {
            Store::S3 => pull_from_s3(bucket, folder, credentials),
            Store::Gcs => pull_from_gcs(bucket, folder, credentials),
            Store::Azure => pull_from_azure(bucket, folder, credentials),
        };
        let step = step.map_err(without_input)?;
        std::fs::create_dir_all(target).map_err(|error| FileError::new("create", target, error))?;
        let mut context = StepContext {
            directory: target.to_owned(),
            environment: Cow::Borrowed(&context.environment),
            ..*context
        };
        step.run(&mut context).await.map(drop).map_err(without_input)
    }
}
