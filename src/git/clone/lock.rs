//! Lock files that prevent two processes from changing a clone concurrently.
//!
//! Prefect's workers use the same files: `DIRECTORY.lock` next to the clone, with the ID of the process that holds the
//! lock.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    time::{Duration, SystemTime},
};

use crate::{
    cleanup::OnAbort,
    fs::{FileError, read_text, write_new},
    progress::Progress,
};

/// Time between two checks of a lock that another process holds.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// Minimum age of a stale lock file without a process ID. A running process writes its ID immediately.
const STALE_AFTER: Duration = Duration::from_secs(5);

/// A held lock. Dropping the value releases the lock.
#[derive(Debug)]
pub(super) struct CloneLock {
    path: PathBuf,
    _on_abort: OnAbort,
}

impl CloneLock {
    /// Acquires the lock of a clone's directory. Waits while another process holds the lock.
    ///
    /// # Errors
    ///
    /// Fails if the lock file cannot be created, or if a stale lock file cannot be removed.
    pub(super) async fn acquire(directory: &Path, progress: &dyn Progress) -> Result<Self, FileError> {
        let path = lock_file(directory);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| FileError::new("create", parent, error))?;
        }
        let mut reported = None;
        while !create(&path)? {
            if let Some(id) = running_holder(&path)?.filter(|id| reported != Some(*id)) {
                progress.status(&format!("Waiting for process {id} to release {}", path.display()));
                reported = Some(id);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        let remaining = path.clone();
        Ok(Self { path, _on_abort: OnAbort::new(move |_| release(&remaining)) })
    }
}

impl Drop for CloneLock {
    fn drop(&mut self) {
        release(&self.path);
    }
}

/// Removes the lock file. If the removal fails, the lock becomes stale when this process ends.
fn release(path: &Path) {
    let _ = fs::remove_file(path);
}

fn lock_file(directory: &Path) -> PathBuf {
    let mut name = directory.file_name().unwrap_or_default().to_owned();
    name.push(".lock");
    directory.with_file_name(name)
}

/// Creates a lock file. Returns `false` if the file already exists.
fn create(path: &Path) -> Result<bool, FileError> {
    match write_new(path, &process::id().to_string()) {
        Err(error) if error.source.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        created => created.map(|()| true),
    }
}

/// Returns the ID of the process that holds a lock, or `None` if the ID is unknown. Removes a stale lock file.
fn running_holder(path: &Path) -> Result<Option<u32>, FileError> {
    // A file that cannot be read belongs to another user or has just been removed.
    let Ok((modified, contents)) = read(path) else { return Ok(None) };
    let is_stale = match contents.trim().parse() {
        Ok(id) if is_running(id) => return Ok(Some(id)),
        Ok(_) => true,
        Err(_) => modified.elapsed().is_ok_and(|age| age > STALE_AFTER),
    };
    // Another process may have replaced the stale file in the meantime.
    if is_stale && read(path).is_ok_and(|(now, _)| now == modified) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(FileError::new("remove", path, error));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Returns the modification time and the contents of a lock file.
fn read(path: &Path) -> io::Result<(SystemTime, String)> {
    Ok((fs::metadata(path)?.modified()?, read_text(path).map_err(|error| error.source)?))
}

/// Returns whether the process with the given ID is running and might hold the lock.
///
/// This process does not hold the lock while it waits. A lock file with this process's ID was written by an
/// earlier process with the same ID, for example before a container was restarted.
fn is_running(id: u32) -> bool {
    id != process::id() && exists(id)
}

#[cfg(unix)]
fn exists(id: u32) -> bool {
    use rustix::{
        io::Errno,
        process::{Pid, test_kill_process},
    };
    let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
    // Another error means that the process belongs to another user.
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

#[cfg(not(unix))]
fn exists(_: u32) -> bool {
    true
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::{fs::File, process::Command, sync::Mutex};

    use super::*;
    use crate::{diagnostics::Diagnostic, progress::Stream};

    /// Progress receiver that records status messages.
    #[derive(Default)]
    struct Messages(Mutex<Vec<String>>);

    impl Progress for Messages {
        fn status(&self, line: &str) {
            self.0.lock().unwrap().push(line.to_owned());
        }
        fn output(&self, _: Stream, _: &str) {}
        fn warn(&self, _: &Diagnostic) {}
    }

    #[tokio::test]
    async fn reports_once_that_another_process_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let clone = folder.path().join("nested/clone");
        let own = CloneLock::acquire(&clone, &Messages::default()).await.unwrap();
        let path = lock_file(&clone);
        assert_eq!(fs::read_to_string(&path).unwrap(), process::id().to_string());
        drop(own);
        assert!(!path.exists());

        let parent = std::os::unix::process::parent_id();
        fs::write(&path, parent.to_string()).unwrap();
        let messages = Messages::default();
        let waiting = CloneLock::acquire(&clone, &messages);
        assert!(tokio::time::timeout(3 * POLL_INTERVAL, waiting).await.is_err());
        let expected = format!("Waiting for process {parent} to release {}", path.display());
        assert_eq!(messages.0.into_inner().unwrap(), [expected]);
        assert!(path.exists());
    }

    #[test]
    fn removes_only_stale_lock_files() {
        let folder = tempfile::tempdir().unwrap();
        let path = lock_file(&folder.path().join("clone"));
        assert_eq!(path, folder.path().join("clone.lock"));
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        let (ended, own) = (child.id().to_string(), process::id().to_string());
        let parent = std::os::unix::process::parent_id();
        let (now, old) = (SystemTime::now(), SystemTime::now() - 2 * STALE_AFTER);
        for (contents, modified, holder, is_stale) in [
            (&*parent.to_string(), old, Some(parent), false),
            (&*ended, now, None, true),
            (&*own, now, None, true),
            ("0", now, None, true),
            ("", now, None, false),
            ("", old, None, true),
            ("-7", old, None, true),
        ] {
            fs::write(&path, contents).unwrap();
            File::options().write(true).open(&path).unwrap().set_modified(modified).unwrap();
            assert_eq!(running_holder(&path).unwrap(), holder, "{contents:?} {modified:?}");
            assert_eq!(path.exists(), !is_stale, "{contents:?} {modified:?}");
        }
    }
}
