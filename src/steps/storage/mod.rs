//! Steps that copy files between the working directory and a folder in a bucket.

mod azure;
mod gcs;
mod s3;

use std::path::{Path, PathBuf};

use futures_util::future::BoxFuture;
use serde::{Deserialize, de::DeserializeOwned};

use super::{Input, Kind, RunFuture, Sharing, Step, StepContext, StepError, inputs};
use crate::{
    diagnostics::{Code, Diagnostic},
    storage::{
        Access, Bucket, Folder, LocalFiles, StorageError,
        ignore_file::{self, IgnoreFile, Lines},
    },
    value::{Mapping, Value},
};

pub(super) use self::{
    azure::{PULL as PULL_FROM_AZURE, PUSH as PUSH_TO_AZURE, pull_from_azure},
    gcs::{PULL as PULL_FROM_GCS, PUSH as PUSH_TO_GCS, pull_from_gcs},
    s3::{PULL as PULL_FROM_S3, PUSH as PUSH_TO_S3, pull_from_s3},
};

/// Path of the default ignore file. A missing default file is not an error.
const IGNORE_FILE: &str = ignore_file::NAME;

/// Private files and directories that may be pushed accidentally without an ignore file.
const PRIVATE: [&str; 3] = [".env", ".git", ".venv"];

/// Two pushes with identical inputs only share a run if they come from the same position in the project file. Other
/// deployments' steps that run between separate pushes may change the files.
const SHARING: Sharing = Sharing::SamePlace;

const FOLDER: Input =
    Input::required("folder", Kind::Text, "folder to copy to or from, without a leading slash");
const IGNORE: Input = Input::optional(
    "ignore_file",
    Kind::Text,
    IGNORE_FILE,
    "file with patterns of files to skip; null pushes all files",
);

/// A provider of object storage, which opens the source or target bucket of a step.
trait Provider: Send + Sync {
    fn open<'a>(&'a self, access: Access<'a>) -> BoxFuture<'a, Result<Bucket, StorageError>>;
}

/// Inputs for all storage steps. `C` is the store's credentials type.
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

/// The `ignore_file` input. Null disables the ignore file. An absent input selects the default file.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
struct IgnoreInput(Option<String>);

impl Default for IgnoreInput {
    fn default() -> Self {
        Self(Some(IGNORE_FILE.to_owned()))
    }
}

/// The direction of a transfer between the working directory and a bucket.
enum Direction {
    Push { ignore_file: Option<String>, lines: Lines },
    Pull,
}

/// A step that copies files between the working directory and a folder in a bucket.
struct Transfer {
    provider: Box<dyn Provider>,
    /// Outputs that repeat the step's inputs.
    outputs: Mapping,
    folder: Folder,
    direction: Direction,
}

impl Transfer {
    /// Creates a storage step from its inputs. `bucket_key` is the name of the bucket input. `lines` is the ignore file
    /// syntax, or `None` for a pull.
    fn create<C: DeserializeOwned>(
        mapping: Mapping,
        bucket_key: &'static str,
        lines: Option<Lines>,
        provider: impl FnOnce(Inputs<C>) -> Result<Box<dyn Provider>, StepError>,
    ) -> Result<Box<dyn Step>, StepError> {
        let inputs: Inputs<C> = inputs::typed(mapping)?;
        if inputs.bucket.is_empty() {
            return Err(StepError::input(
                bucket_key,
                format!("the name of the {bucket_key} must not be empty"),
            ));
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

    /// Creates a pull step for a folder in a bucket.
    fn pull<C: DeserializeOwned>(
        bucket_key: &'static str,
        bucket: &str,
        folder: &str,
        credentials: Mapping,
        provider: impl FnOnce(Inputs<C>) -> Result<Box<dyn Provider>, StepError>,
    ) -> Result<Box<dyn Step>, StepError> {
        let mut inputs =
            Mapping::from_iter([(bucket_key.into(), Value::from(bucket)), ("folder".into(), folder.into())]);
        if !credentials.is_empty() {
            inputs.insert("credentials".into(), credentials.into());
        }
        Self::create(inputs, bucket_key, None, provider)
    }

    async fn transfer(&self, context: &StepContext<'_>) -> Result<Mapping, StepError> {
        let access = Access { environment: &context.environment, directory: &context.directory };
        let bucket = self.provider.open(access).await?;
        let mut outputs = self.outputs.clone();
        let summary = match &self.direction {
            Direction::Push { ignore_file, lines } => {
                let ignore = read_ignore_file(context, ignore_file.as_deref(), *lines)?;
                let files = LocalFiles::list(&context.directory, &self.folder, &ignore)?;
                for link in files.links_outside() {
                    let message = format!(
                        "the symbolic link '{}' points outside the pushed directory; the push includes its \
                         target",
                        link.display()
                    );
                    context.progress.warn(&Diagnostic::warning(Code::LINK_LEADS_OUT, message));
                }
                context.progress.status(&format!("Pushing to {bucket}/{}", self.folder));
                bucket.push(files, context.progress).await?
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
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a> {
        Box::pin(async move { self.transfer(context).await.map(Some) })
    }
}

/// Reads a push's ignore file. If the file does not exist, all files are pushed. Reports a warning if the step
/// specifies the missing file or the directory contains private files.
fn read_ignore_file(
    context: &StepContext<'_>,
    file: Option<&str>,
    lines: Lines,
) -> Result<IgnoreFile, StorageError> {
    let Some(file) = file.filter(|file| !file.is_empty()) else { return Ok(IgnoreFile::default()) };
    let path: PathBuf = context.directory.join(file);
    let read = IgnoreFile::read(&path, lines)?;
    if read.is_none()
        && let Some(message) = missing_ignore_file(file, &context.directory)
    {
        context.progress.warn(&Diagnostic::warning(Code::IGNORE_FILE_MISSING, message));
    }
    Ok(read.unwrap_or_default())
}

/// Returns the warning for a missing ignore file, or `None` if the default file is missing and `directory` contains no
/// private files.
fn missing_ignore_file(file: &str, directory: &Path) -> Option<String> {
    if file != IGNORE_FILE {
        return Some(format!("ignore file '{file}' does not exist; all files are pushed"));
    }
    let private: Vec<&str> = PRIVATE.into_iter().filter(|name| directory.join(name).exists()).collect();
    let names = private.join(", ");
    (!private.is_empty()).then(|| format!("{IGNORE_FILE} does not exist; the push includes {names}"))
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
