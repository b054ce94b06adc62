//! The journal of a deploy, from which an interrupted deploy can be resumed.
//!
//! The state directory contains a journal for each directory and server. The first line describes the deploy.
//! It is followed by the previous state of each deployment. Another line is added whenever a deployment has
//! been written. The file is removed when all deployments have been written. If a line is lost, the
//! deployment is only compared again.

use std::{
    collections::HashSet,
    fs::{File, OpenOptions},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::{
    apply::before::Before,
    digest::sha256_hex,
    environment::Environment,
    fs::{self, FileError},
    plan,
    secret::Redactor,
};

/// Journal of the running deploy.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    /// The open journal file. `None` if the deploy does not write anything.
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    path: PathBuf,
    run: Uuid,
    is_resumable: bool,
    file: Mutex<File>,
}

/// Description of a deploy.
#[derive(Debug)]
pub(crate) struct Begin<'a> {
    /// Path of the journal file, as returned by [`path`].
    pub(crate) path: PathBuf,
    pub(crate) api: &'a str,
    pub(crate) directory: &'a Path,
    pub(crate) prefect_file: Option<&'a Path>,
    /// Whether the names and the project file are sufficient to resume the deploy.
    pub(crate) is_resumable: bool,
}

/// First line of the journal.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    schema: u32,
    run: Uuid,
    api: String,
    directory: PathBuf,
    prefect_file: Option<PathBuf>,
    is_resumable: bool,
    /// Full names of the deployments to write.
    names: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Done {
    done: String,
}

/// An incomplete deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfinished {
    pub(crate) prefect_file: Option<PathBuf>,
    pub(crate) is_resumable: bool,
    /// Full names of the deployments that have not been written.
    pub(crate) names: Vec<String>,
}

/// Returns the path of the journal for a directory and a server. Returns `None` if there is no home
/// directory.
pub(crate) fn path(environment: &Environment, api: &str, directory: &Path) -> Option<PathBuf> {
    let state = match environment.non_empty("XDG_STATE_HOME") {
        Some(state) => PathBuf::from(state),
        None => Path::new(environment.non_empty("HOME")?).join(".local/state"),
    };
    let name = sha256_hex(format!("{api}\n{}", directory.display()).as_bytes());
    Some(state.join("prefectl/deploy").join(format!("{}.jsonl", &name[..16])))
}

impl Journal {
    /// Creates the journal and writes the previous states of all deployments, with secrets redacted. When
    /// this function returns, the data is safe from a crash.
    ///
    /// `names` are the names of the deployments in `before`, which is an iterator because the states may be
    /// too large to hold in memory.
    pub(crate) fn begin(
        begin: Begin<'_>,
        names: Vec<String>,
        before: impl Iterator<Item = Before>,
        redactor: &Redactor,
    ) -> Result<Self, FileError> {
        let Begin { path, api, directory, prefect_file, is_resumable } = begin;
        let run = Uuid::new_v4();
        let header = Header {
            schema: 2,
            run,
            api: api.to_owned(),
            directory: directory.to_owned(),
            prefect_file: prefect_file.map(Path::to_owned),
            is_resumable,
            names,
        };
        fs::write_private_by(&path, |file| {
            let mut file = BufWriter::new(file);
            writeln!(file, "{}", json!(header))?;
            for backup in before {
                let was = plan::redacted_value("before", &json!(backup), redactor);
                writeln!(file, "{}", json!({ "before": was }))?;
            }
            file.flush()
        })?;
        let file = OpenOptions::new().append(true).open(&path);
        let file = file.map_err(|error| FileError::new("write", &path, error))?;
        Ok(Self { open: Some(Open { path, run, is_resumable, file: Mutex::new(file) }) })
    }

    /// Records that a deployment has been written.
    pub(crate) fn done(&self, name: &str) {
        let Some(open) = &self.open else { return };
        let mut file = open.file.lock().unwrap_or_else(PoisonError::into_inner);
        // Without the line, the deployment is compared again.
        let _ = writeln!(file, "{}", json!(Done { done: name.to_owned() }));
    }

    /// Returns whether a later deploy can resume this deploy.
    pub(crate) fn is_resumable(&self) -> bool {
        self.open.as_ref().is_some_and(|open| open.is_resumable)
    }

    /// Removes the journal, unless another deploy has replaced it.
    pub(crate) fn finish(self) {
        let Some(Open { path, run, .. }) = self.open else { return };
        if read_header(&path).is_some_and(|(header, _)| header.run == run) {
            let _ = std::fs::remove_file(&path);
        }
    }
}

/// Returns the last deploy if it was not completed. Returns `None` if it was completed or if there was no
/// deploy.
///
/// If all deployments have been written but the journal still exists, all of them are returned. Comparing
/// them again is cheap.
pub(crate) fn unfinished(path: &Path) -> Option<Unfinished> {
    let (header, rest) = read_header(path)?;
    let done: HashSet<String> =
        rest.iter().filter_map(|line| Some(serde_json::from_str::<Done>(line).ok()?.done)).collect();
    let all = header.names.clone();
    let left: Vec<String> = header.names.into_iter().filter(|name| !done.contains(name)).collect();
    // The process ended after the last deployment was done.
    let names = if left.is_empty() { all } else { left };
    Some(Unfinished { prefect_file: header.prefect_file, is_resumable: header.is_resumable, names })
}

fn read_header(path: &Path) -> Option<(Header, Vec<String>)> {
    let text = fs::read_text(path).ok()?;
    let mut lines = text.lines();
    let header = serde_json::from_str(lines.next()?).ok()?;
    Some((header, lines.map(str::to_owned).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn before(name: &str, password: &str) -> Before {
        let mut before = Before { flow: "hello".into(), name: name.into(), was: None };
        before.was = Some(crate::apply::Was::for_test(json!({"job_variables": {"x": password}})));
        before
    }

    fn begin(path: &Path, before: &[Before], redactor: &Redactor) -> Journal {
        let begin = Begin {
            path: path.to_owned(),
            api: "http://h/api",
            directory: Path::new("/project"),
            prefect_file: Some(Path::new("x.yaml")),
            is_resumable: true,
        };
        let names = before.iter().map(|backup| format!("{}/{}", backup.flow, backup.name)).collect();
        Journal::begin(begin, names, before.iter().cloned(), redactor).unwrap()
    }

    #[test]
    fn what_is_not_done_is_unfinished() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state/journal.jsonl");
        assert_eq!(unfinished(&path), None);
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2"));
        let all = [before("a", "hunter2"), before("b", "c"), before("c", "d")];
        let journal = begin(&path, &all, &redactor);
        journal.done("hello/b");
        let text = fs::read_text(&path).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
        let expected = Unfinished {
            prefect_file: Some("x.yaml".into()),
            is_resumable: true,
            names: vec!["hello/a".into(), "hello/c".into()],
        };
        assert_eq!(unfinished(&path), Some(expected));
        // A truncated line after a crash.
        std::fs::write(&path, format!("{text}{{\"done\":\"hel")).unwrap();
        assert_eq!(unfinished(&path).unwrap().names.len(), 2);
        journal.finish();
        assert_eq!(unfinished(&path), None);
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        begin(&path, &[], &Redactor::default());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn another_deploy_keeps_its_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let first = begin(&path, &[], &Redactor::default());
        let second = begin(&path, &[], &Redactor::default());
        first.finish();
        assert!(path.exists());
        second.finish();
        assert!(!path.exists());
    }

    #[test]
    fn each_directory_and_server_has_its_own() {
        let environment = Environment::from_iter([("HOME", "/home/ada")]);
        let here = path(&environment, "http://a/api", Path::new("/p")).unwrap();
        assert!(here.starts_with("/home/ada/.local/state/prefectl/deploy"), "{}", here.display());
        assert_ne!(Some(&here), path(&environment, "http://b/api", Path::new("/p")).as_ref());
        let state = Environment::from_iter([("HOME", "/home/ada"), ("XDG_STATE_HOME", "/state")]);
        assert!(path(&state, "", Path::new("/")).unwrap().starts_with("/state/prefectl"));
    }
}
