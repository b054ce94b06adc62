//! Reads the journal of the last deploy.

use std::{
    collections::HashSet,
    fs::TryLockError,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::{Entry, Header, ProjectPreview, RecordedResources, SCHEMA};
use crate::{
    apply::journaled_deployment::JournaledDeployment,
    deployment::ProjectId,
    fs::{self, FileError},
    project::{EnvironmentName, ProjectFiles},
};

/// Error that makes a journal unusable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    #[error(
        "there is no directory for the journal: the user has no home directory and XDG_STATE_HOME is not set"
    )]
    NoDirectory,
    /// The journal cannot be written. Nothing was written to the server.
    #[error("cannot write the journal: {0}")]
    Write(FileError),
    #[error(transparent)]
    Read(FileError),
    #[error("the journal {} is damaged: {reason}", path.display())]
    Damaged { path: PathBuf, reason: String },
    #[error("the journal {} was written by another version of prefectl", .0.display())]
    OtherVersion(PathBuf),
    #[error("the journal {} is for {api} and the directory {}", path.display(), directory.display())]
    OtherDeploy { path: PathBuf, api: String, directory: PathBuf },
    #[error("the last deploy used the file {recorded}, not {requested}")]
    OtherFile { recorded: ProjectFiles, requested: ProjectFiles },
    #[error("the last deploy used {}, not environment '{requested}'", described(.recorded.as_ref()))]
    OtherEnvironment { recorded: Option<EnvironmentName>, requested: EnvironmentName },
    #[error("a deploy from this directory to this server is running")]
    Running,
}

fn described(environment: Option<&EnvironmentName>) -> String {
    environment.map_or_else(|| "no environment".to_owned(), |name| format!("environment '{name}'"))
}

/// The journal of an incomplete deploy.
#[derive(Debug)]
pub(crate) struct Recorded {
    path: PathBuf,
    run: Uuid,
    pub(crate) files: ProjectFiles,
    pub(crate) environment: Option<EnvironmentName>,
    /// The project of the deploy.
    pub(crate) project: Option<ProjectId>,
    /// The preview that was deployed.
    pub(crate) preview: Option<ProjectPreview>,
    pub(crate) is_resumable: bool,
    /// Full names of the deployments that have not been written. If all deployments have been written, contains the
    /// names of all deployments, because comparing them again is cheap.
    pub(crate) names: Vec<String>,
    pub(crate) records: Vec<JournaledDeployment>,
    pub(crate) resources: RecordedResources,
    /// Number of records that are missing because the journal is truncated.
    pub(crate) missing: usize,
}

impl Recorded {
    /// Removes the journal, unless another deploy has replaced it.
    pub(crate) fn finish(self) {
        remove(&self.path, self.run);
    }

    /// Checks that the deploy used the requested project files. [`ProjectFiles::Default`] accepts any files.
    ///
    /// # Errors
    ///
    /// Returns [`JournalError::OtherFile`] otherwise.
    pub(crate) fn require_files(&self, requested: &ProjectFiles) -> Result<(), JournalError> {
        if *requested == ProjectFiles::Default || self.files.is_same_selection(requested) {
            return Ok(());
        }
        Err(JournalError::OtherFile { recorded: self.files.clone(), requested: requested.clone() })
    }

    /// Checks that the deploy used the requested environment. `None` accepts any environment.
    ///
    /// # Errors
    ///
    /// Returns [`JournalError::OtherEnvironment`] otherwise.
    pub(crate) fn require_environment(
        &self,
        requested: Option<&EnvironmentName>,
    ) -> Result<(), JournalError> {
        match requested {
            Some(requested) if self.environment.as_ref() != Some(requested) => {
                let recorded = self.environment.clone();
                Err(JournalError::OtherEnvironment { recorded, requested: requested.clone() })
            }
            _ => Ok(()),
        }
    }
}

/// Reads the journal of an incomplete deploy. Returns `None` if the last deploy is complete.
///
/// # Errors
///
/// Fails if the deploy is still running, or if the file is unreadable or belongs to a different directory or
/// server.
pub(crate) fn read(path: &Path, api: &str, directory: &Path) -> Result<Option<Recorded>, JournalError> {
    let failed = |error| JournalError::Read(FileError::new("read", path, error));
    let file = match fs::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return Err(JournalError::Running);
    }
    let mut lines = BufReader::new(file).split(b'\n');
    let first = lines.next().transpose().map_err(failed)?.unwrap_or_default();
    let header = header(&first, path)?;
    if header.api != api || header.directory.as_path() != directory {
        let Header { api, directory, .. } = header;
        return Err(JournalError::OtherDeploy { path: path.to_owned(), api, directory: directory.into() });
    }
    let (mut records, mut resources, mut done) = (Vec::new(), Vec::new(), HashSet::new());
    for line in lines {
        match serde_json::from_slice(&line.map_err(failed)?) {
            Ok(Entry::Record(record)) => records.push(*record),
            Ok(Entry::Resource(record)) => resources.push(*record),
            Ok(Entry::Done(name)) => drop(done.insert(name)),
            // A crash has truncated this line.
            Err(_) => {}
        }
    }
    let project = header.project.map(|project| match &header.environment {
        Some(name) => project.in_environment(name),
        None => project,
    });
    let remaining: Vec<String> = header.names.iter().filter(|name| !done.contains(*name)).cloned().collect();
    Ok(Some(Recorded {
        path: path.to_owned(),
        run: header.run,
        files: ProjectFiles::restore(
            header.prefect_file.map(PathBuf::from),
            header.files.into_iter().map(PathBuf::from),
        ),
        environment: header.environment,
        project,
        preview: header.preview,
        is_resumable: header.is_resumable,
        names: if remaining.is_empty() { header.names } else { remaining },
        missing: header.records.saturating_sub(records.len())
            + header.resources.saturating_sub(resources.len()),
        records,
        resources: RecordedResources { records: resources, automations: header.automations },
    }))
}

fn header(line: &[u8], path: &Path) -> Result<Header, JournalError> {
    let damaged = |reason: String| JournalError::Damaged { path: path.to_owned(), reason };
    let value: serde_json::Value = serde_json::from_slice(line)
        .map_err(|error| damaged(format!("the first line is invalid: {error}")))?;
    if value["schema"] != SCHEMA {
        return Err(JournalError::OtherVersion(path.to_owned()));
    }
    serde_json::from_value(value).map_err(|error| damaged(error.to_string()))
}

/// Removes a run's journal. Keeps the journal of a different run.
pub(super) fn remove(path: &Path, run: Uuid) {
    let Ok(file) = fs::open(path) else { return };
    let mut line = Vec::new();
    let is_read = BufReader::new(file).read_until(b'\n', &mut line).is_ok();
    if is_read && header(&line, path).is_ok_and(|header| header.run == run) {
        // A remaining journal only causes another comparison.
        let _ = std::fs::remove_file(path);
    }
}
