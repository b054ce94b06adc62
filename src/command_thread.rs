//! Runs the command on a separate thread, so that signals are handled even if the command blocks.

use std::{future, io, panic, pin::pin, thread, time::Duration};

use tokio::{
    runtime::{Handle, Runtime},
    sync::oneshot,
    time::timeout,
};

/// Time that an interrupted command has to exit before it is abandoned.
const REACTION_TIME: Duration = Duration::from_secs(1);

/// Stack size of the thread in bytes, equal to the usual stack size of a main thread.
const STACK_SIZE: usize = 8 << 20;

/// Runs a command until it finishes or until `interrupted` completes. Returns the output of the future that
/// completes first.
///
/// Drops an interrupted command, which ends its child processes. Abandons a command that does not react, because a pipe
/// without a writer or an unreachable network drive may block it.
///
/// # Errors
///
/// Fails if the thread cannot be created.
pub(crate) fn run<C, F>(
    runtime: &Runtime,
    interrupted: impl Future<Output = F::Output>,
    command: C,
) -> io::Result<F::Output>
where
    C: FnOnce() -> F + Send + 'static,
    F: Future,
    F::Output: Send + 'static,
{
    runtime.block_on(async {
        let mut interrupted = pin!(interrupted);
        // The first poll installs the signal handlers, before the command starts anything.
        tokio::select! {
            biased;
            output = &mut interrupted => return Ok(output),
            () = future::ready(()) => {}
        }
        let (cancel, cancelled) = oneshot::channel::<()>();
        let (react, reacted) = oneshot::channel();
        let (finish, finished) = oneshot::channel();
        let handle = Handle::current();
        let body = move || {
            let output = handle.block_on(async {
                let cancelled = async {
                    // Dropping `cancel` signals the cancellation, which results in an error here.
                    let _ = cancelled.await;
                    // The receiver no longer exists if the command took too long to react.
                    let _ = react.send(());
                };
                tokio::select! {
                    biased;
                    () = cancelled => None,
                    output = command() => Some(output),
                }
            });
            let _ = finish.send(output);
        };
        let thread = thread::Builder::new().name("command".into()).stack_size(STACK_SIZE).spawn(body)?;
        let mut finished = pin!(finished);
        tokio::select! {
            biased;
            output = interrupted => {
                drop(cancel);
                if matches!(timeout(REACTION_TIME, reacted).await, Ok(Ok(()))) {
                    // The command is ending its child processes.
                    let _ = finished.await;
                }
                Ok(output)
            }
            result = &mut finished => match result {
                Ok(Some(output)) => Ok(output),
                // The thread only ends without a result if it panics.
                _ => match thread.join() {
                    Err(payload) => panic::resume_unwind(payload),
                    Ok(()) => Err(io::Error::other("the command was cancelled")),
                },
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicBool, Ordering},
        },
        time::Instant,
    };

    use super::*;

    fn runtime() -> Runtime {
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
    }

    #[test]
    fn returns_the_output_of_the_command() {
        assert_eq!(run(&runtime(), future::pending(), || async { 1 }).unwrap(), 1);
    }

    #[test]
    fn drops_an_interrupted_command_and_waits_for_its_cleanup() {
        struct Cleanup(Arc<AtomicBool>);
        impl Drop for Cleanup {
            fn drop(&mut self) {
                thread::sleep(2 * REACTION_TIME);
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let is_cleaned_up = Arc::new(AtomicBool::new(false));
        let cleanup = Cleanup(Arc::clone(&is_cleaned_up));
        let command = move || async move {
            let _cleanup = cleanup;
            future::pending::<u8>().await
        };
        let interrupted = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            2
        };
        assert_eq!(run(&runtime(), interrupted, command).unwrap(), 2);
        assert!(is_cleaned_up.load(Ordering::SeqCst));
    }

    #[test]
    fn abandons_a_blocked_command() {
        let (_keep, blocked) = std::sync::mpsc::channel::<u8>();
        let started = Instant::now();
        let runtime = runtime();
        let command = move || async move { blocked.recv().unwrap_or_default() };
        let interrupted = async {
            tokio::time::sleep(Duration::from_millis(10)).await;
            3
        };
        assert_eq!(run(&runtime, interrupted, command).unwrap(), 3);
        assert!(started.elapsed() < 10 * REACTION_TIME, "{:?}", started.elapsed());
        runtime.shutdown_background();
    }

    #[test]
    #[should_panic(expected = "a bug")]
    fn passes_on_a_panic_of_the_command() {
        let _ = run(&runtime(), future::pending::<u8>(), || async { panic!("a bug") });
    }
}
