//! Time limits for libgit2.
//!
//! libgit2 opens the files of a repository and its working tree without checking that they are regular files. A pipe
//! without a writer, such as `.git/config` or `.gitignore` of an untrusted project, would block it forever.

use std::{io, panic, sync::mpsc, thread, time::Duration};

/// Maximum time for reading references, commits and configuration files, whose number does not depend on the size of
/// the project.
pub(super) const FEW_FILES: Duration = Duration::from_secs(10);

/// Maximum time for comparing all files of a working tree.
pub(super) const ALL_FILES: Duration = Duration::from_mins(1);

/// Stack size of the thread in bytes, equal to the usual stack size of a main thread.
const STACK_SIZE: usize = 8 << 20;

/// The error returned if a repository cannot be read within a time limit.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LimitError {
    #[error("cannot start a thread: {0}")]
    Thread(#[from] io::Error),
    #[error("timed out after {} s; a file of the repository may be a pipe", .0.as_secs_f64())]
    TimedOut(Duration),
}

/// Runs `read` on a separate thread and returns its result.
///
/// A blocked thread cannot be stopped, so it is abandoned. It ends together with the process.
///
/// # Errors
///
/// Fails if `read` takes longer than `limit`, or if the thread cannot be created.
pub(super) fn within<T: Send + 'static>(
    limit: Duration,
    read: impl FnOnce() -> T + Send + 'static,
) -> Result<T, LimitError> {
    let (finish, finished) = mpsc::sync_channel(1);
    let body = move || {
        // The receiver no longer exists after the time limit.
        let _ = finish.send(read());
    };
    let thread = thread::Builder::new().name("git".to_owned()).stack_size(STACK_SIZE).spawn(body)?;
    match finished.recv_timeout(limit) {
        Ok(result) => Ok(result),
        Err(mpsc::RecvTimeoutError::Timeout) => Err(LimitError::TimedOut(limit)),
        // The thread only ends without a result if it panics.
        Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
            Err(payload) => panic::resume_unwind(payload),
            Ok(()) => Err(io::Error::other("the thread ended without a result").into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn returns_the_result_or_abandons_a_blocked_thread() {
        assert_eq!(within(FEW_FILES, || 1).unwrap(), 1);
        let (_keep, blocked) = mpsc::channel::<u8>();
        let started = Instant::now();
        let error = within(Duration::from_millis(100), move || blocked.recv()).unwrap_err();
        assert_eq!(error.to_string(), "timed out after 0.1 s; a file of the repository may be a pipe");
        assert!(started.elapsed() < FEW_FILES, "{:?}", started.elapsed());
    }

    #[test]
    #[should_panic(expected = "a bug")]
    fn passes_on_a_panic() {
        within(FEW_FILES, || -> u8 { panic!("a bug") }).unwrap();
    }
}
