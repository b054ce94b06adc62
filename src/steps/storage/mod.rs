//! Steps that copy the current directory into a bucket, and a bucket's folder into the current directory.

mod azure;
mod gcs;
mod s3;

use std::path::PathBuf;

use futures_util::future::BoxFuture;
use serde::{Deserialize, de::DeserializeOwned};

use super::{Input, Kind, Sharing, Step, StepContext, StepError, inputs};
use crate::{
    diagnostics::{Code, Diagnostic},
    storage::{
        self, Bucket, Folder, StorageError, Surroundings,
        ignore_file::{IgnoreFile, Lines},
    },
    value::{Mapping, Value},
};

pub(super) use self::{
    azure::{PULL as PULL_FROM_AZURE, PUSH as PUSH_TO_AZURE},
    gcs::{PULL as PULL_FROM_GCS, PUSH as PUSH_TO_GCS},
    s3::{PULL as PULL_FROM_S3, PUSH as PUSH_TO_S3},
};

/// The ignore file that needs not be there.
const IGNORE_FILE: &str = ".prefectignore";

/// Pushing again is cheap, but a script between two pushes may have changed the directory.
const SHARING: Sharing = Sharing::SamePlace;

const FOLDER: Input = Input::required("folder", Kind::Text, "the folder in it, without a slash at the start");
const IGNORE: Input = Input::optional(
    "ignore_file",
    Kind::Text,
    IGNORE_FILE,
    "patterns of files to leave out; null pushes everything",
);

/// A store, which knows how its buckets are opened.
trait Provider: Send + Sync {
    fn open<'a>(&'a self, surroundings: Surroundings<'a>) -> BoxFuture<'a, Result<Bucket, StorageError>>;
}

/// What the steps of all stores take; `C` is how a store takes its credentials.
#[derive(Debug, Deserialize)]
struct Inputs<C> {
    #[serde(alias = "container")]
    bucket: String,
    folder: String,
    #[serde(default = "Option::default")]
    credentials: Option<C>,
    #[serde(default)]
    ignore_file: IgnoreInput,
    client_parameters: Option<Value>,
}

/// The ignore file that a step names; null is none, which is not the same as not saying.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
struct IgnoreInput(Option<String>);

impl Default for IgnoreInput {
    fn default() -> Self {
        Self(Some(IGNORE_FILE.to_owned()))
    }
}

/// Which way the files go.
enum Direction {
    Push { ignore_file: Option<String>, lines: Lines },
    Pull,
}

/// One transfer.
struct Transfer {
    provider: Box<dyn Provider>,
    /// The outputs of the step that are its inputs.
    outputs: Mapping,
    folder: Folder,
    direction: Direction,
}

impl Transfer {
    /// A transfer between the current directory and a folder of the store that `provider` makes of the bucket's
    /// name and the credentials. `bucket_key` is what the store calls its buckets.
    fn create<C: DeserializeOwned>(
        mapping: Mapping,
        bucket_key: &'static str,
        lines: Option<Lines>,
        provider: impl FnOnce(Inputs<C>) -> Result<Box<dyn Provider>, StepError>,
    ) -> Result<Box<dyn Step>, StepError> {
        let inputs: Inputs<C> = inputs::typed(mapping)?;
        if inputs.bucket.is_empty() {
            return Err(StepError::input(bucket_key, format!("the {bucket_key} has no name")));
        }
        let folder = Folder::parse(&inputs.folder).map_err(|message| StepError::input("folder", message))?;
        let outputs = Mapping::from_iter([
            (bucket_key.into(), inputs.bucket.as_str().into()),
            ("folder".into(), inputs.folder.as_str().into()),
        ]);
        let direction = match lines {
            Some(lines) => Direction::Push { ignore_file: inputs.ignore_file.0.clone(), lines },
            None => Direction::Pull,
        };
        Ok(Box::new(Self { provider: provider(inputs)?, outputs, folder, direction }))
    }

    async fn transfer(&self, context: &StepContext<'_>) -> Result<Mapping, StepError> {
        let surroundings = Surroundings { environment: &context.environment, directory: &context.directory };
        let bucket = self.provider.open(surroundings).await?;
        let mut outputs = self.outputs.clone();
        let summary = match &self.direction {
            Direction::Push { ignore_file, lines } => {
                let ignore = ignored(context, ignore_file.as_deref(), *lines)?;
                for link in storage::links_out_of(&context.directory, &self.folder, &ignore)? {
                    let message = format!(
                        "the link {} leads out of the folder that is pushed, and is followed",
                        link.display()
                    );
                    context.progress.warn(&Diagnostic::warning(Code::LINK_LEADS_OUT, message));
                }
                context.progress.status(&format!("Pushing to {bucket}/{}", self.folder));
                bucket.push(&context.directory, &self.folder, &ignore).await?
            }
            Direction::Pull => {
                context.progress.status(&format!("Pulling from {bucket}/{}", self.folder));
                let summary = bucket.pull(&self.folder, &context.directory).await?;
                outputs.insert("directory".into(), context.directory.to_string_lossy().as_ref().into());
                summary
            }
        };
        context.progress.status(&format!("   {summary}"));
        Ok(outputs)
    }
}

impl Step for Transfer {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> BoxFuture<'a, Result<Mapping, StepError>> {
        Box::pin(self.transfer(context))
    }
}

/// What a push leaves out. A file that is named and missing is worth a warning: everything is pushed then.
fn ignored(context: &StepContext<'_>, file: Option<&str>, lines: Lines) -> Result<IgnoreFile, StorageError> {
    let Some(file) = file.filter(|file| !file.is_empty()) else { return Ok(IgnoreFile::default()) };
    let path: PathBuf = context.directory.join(file);
    let read = IgnoreFile::read(&path, lines)?;
    if read.is_none() && file != IGNORE_FILE {
        let message = format!("there is no ignore file '{file}', so every file is pushed");
        context.progress.warn(&Diagnostic::warning(Code::IGNORE_FILE_MISSING, message));
    }
    Ok(read.unwrap_or_default())
}

impl From<StorageError> for StepError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Input { key, message } => Self::input(key, message),
            error => Self::Failed { message: error.to_string(), help: error.help() },
        }
    }
}

#[cfg(test)]
mod tests;
