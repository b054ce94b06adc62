//! The journal of a deploy, which is used to resume or roll back an interrupted deploy.
//!
//! The state directory contains one journal per directory and server. The first line describes the deploy. Each
//! deployment then has a line with its record, and a second line once it has been written. The journal is removed
//! when all deployments have been written. If a deployment's second line is lost, the deployment is only compared
//! again.

mod reader;
mod session;
#[cfg(test)]
mod tests;

pub(crate) use reader::{JournalError, Recorded, read};
pub(crate) use session::{begin, earlier, finish_earlier, recorded};

use std::{
    collections::{BTreeSet, HashMap},
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    apply::{journaled_deployment::JournaledDeployment, journaled_resource::JournaledResource},
    deployment::{PreviewName, ProjectId},
    digest::sha256_hex,
    environment::Environment,
    fs::{self, FileError, StoredPath},
    project::{EnvironmentName, ProjectFiles},
    secret::Redactor,
};

/// Version of the journal format. Earlier versions recorded at most one intended state of a resource.
const SCHEMA: u32 = 4;

/// Journal of the running deploy.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    run: Uuid,
    /// Whether a later deploy can resume this deploy.
    pub(crate) is_resumable: bool,
    /// Locked while the deploy runs.
    file: Mutex<File>,
}

/// A preview of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProjectPreview {
    pub(crate) project: ProjectId,
    pub(crate) name: PreviewName,
}

/// Description of a deploy.
#[derive(Debug)]
pub(crate) struct NewJournal<'a> {
    /// Path of the journal file, as returned by [`path`].
    pub(crate) path: PathBuf,
    pub(crate) api: &'a str,
    pub(crate) directory: &'a Path,
    pub(crate) files: &'a ProjectFiles,
    pub(crate) environment: Option<&'a EnvironmentName>,
    /// The project that registers the deployments and resources, without the environment.
    pub(crate) project: Option<ProjectId>,
    pub(crate) preview: Option<ProjectPreview>,
    /// Whether the names and the project file are sufficient to resume the deploy.
    pub(crate) is_resumable: bool,
    /// Records of the deploy that this deploy resumes.
    pub(crate) earlier: &'a [JournaledDeployment],
    pub(crate) resources: &'a RecordedResources,
}

/// Declared resources in a journal.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RecordedResources {
    /// State of the resources before the first write.
    pub(crate) records: Vec<JournaledResource>,
    /// Names of all automations that the project files declare, and that therefore belong to no deployment.
    pub(crate) automations: BTreeSet<String>,
}

/// First line of the journal.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    schema: u32,
    run: Uuid,
    api: String,
    directory: StoredPath,
    /// Path of the project file, if the deploy had a single path.
    prefect_file: Option<StoredPath>,
    /// Paths and globs of the project files, if each file's directory is its project root. Otherwise empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    files: Vec<StoredPath>,
    #[serde(default)]
    environment: Option<EnvironmentName>,
    /// The project that registers the deployments and resources, without the environment. `None` in journals of earlier
    /// releases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<ProjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preview: Option<ProjectPreview>,
    is_resumable: bool,
    /// Full names of the deployments to write.
    names: Vec<String>,
    /// Number of records.
    #[serde(default)]
    records: usize,
    /// Number of resource records.
    #[serde(default)]
    resources: usize,
    /// Names of the automations that the project files declare.
    #[serde(default)]
    automations: BTreeSet<String>,
}

/// A line of the journal that follows the header.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Entry {
    /// State of a deployment before the first write, with secrets redacted.
    Record(Box<JournaledDeployment>),
    /// State of a declared resource before the first write, with secrets redacted.
    Resource(Box<JournaledResource>),
    /// Full name of a written deployment.
    Done(String),
}

/// Returns the path of the journal for a directory and a server.
///
/// # Errors
///
/// Fails if the user has no home directory and `XDG_STATE_HOME` is not set.
pub(crate) fn path(environment: &Environment, api: &str, directory: &Path) -> Result<PathBuf, JournalError> {
    let state = match environment.non_empty("XDG_STATE_HOME") {
        Some(state) => PathBuf::from(state),
        None => environment.home_directory().ok_or(JournalError::NoDirectory)?.join(".local/state"),
    };
    let name = sha256_hex(&[api.as_bytes(), b"\n", directory.as_os_str().as_encoded_bytes()].concat());
    Ok(state.join("prefectl/deploy").join(format!("{}.jsonl", &name[..16])))
}

impl Journal {
    /// Creates the journal and writes the records of all deployments with secrets redacted. After this function
    /// returns, the data survives a crash.
    ///
    /// `names` are the names of the deployments in `records`. `records` is an iterator, because the states may not
    /// fit in memory.
    pub(crate) fn begin(
        new: NewJournal<'_>,
        names: Vec<String>,
        records: impl Iterator<Item = JournaledDeployment>,
        redactor: &Redactor,
    ) -> Result<Self, JournalError> {
        let NewJournal { path, api, directory, files, environment, project, preview, .. } = new;
        let NewJournal { is_resumable, earlier, resources, .. } = new;
        let mut others: HashMap<String, &JournaledDeployment> =
            earlier.iter().map(|record| (record.full_name(), record)).collect();
        let known = names.iter().filter(|name| others.contains_key(*name)).count();
        let run = Uuid::new_v4();
        let header = Header {
            schema: SCHEMA,
            run,
            api: api.to_owned(),
            directory: directory.to_owned().into(),
            prefect_file: files.single().map(|path| path.to_owned().into()),
            files: files.patterns().into_iter().map(StoredPath::from).collect(),
            environment: environment.cloned(),
            project,
            preview,
            is_resumable,
            records: names.len() + others.len() - known,
            names,
            resources: resources.records.len(),
            automations: resources.automations.clone(),
        };
        fs::write_private_by(&path, |file| {
            let mut file = BufWriter::new(file);
            writeln!(file, "{}", json!(header))?;
            for record in records {
                let record = record.redacted(redactor).continuing(others.remove(&record.full_name()));
                writeln!(file, "{}", json!(Entry::Record(Box::new(record))))?;
            }
            for record in &resources.records {
                let record = Box::new(record.redacted(redactor));
                writeln!(file, "{}", json!(Entry::Resource(record)))?;
            }
            for record in earlier.iter().filter(|record| others.contains_key(&record.full_name())) {
                writeln!(file, "{}", json!(Entry::Record(Box::new(record.clone()))))?;
            }
            file.flush()
        })
        .map_err(JournalError::Write)?;
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(|error| JournalError::Write(FileError::new("write", &path, error)))?;
        // Some file systems do not support locks. On these file systems, a rollback cannot detect a running deploy.
        let _ = file.try_lock();
        Ok(Self { path, run, is_resumable, file: Mutex::new(file) })
    }

    /// Records that a deployment has been written.
    pub(crate) fn done(&self, name: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        // If the line is missing, the deployment is only compared again.
        let _ = writeln!(file, "{}", json!(Entry::Done(name.to_owned())));
    }

    /// Removes the journal, unless another deploy has replaced it.
    pub(crate) fn finish(self) {
        let Self { path, run, file, .. } = self;
        // On Windows, a locked file cannot be read.
        drop(file);
        reader::remove(&path, run);
    }
}
