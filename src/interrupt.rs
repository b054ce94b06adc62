//! Handling of Ctrl-C and SIGTERM.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::error::Exit;

/// Waits for Ctrl-C or SIGTERM, and returns the exit code for it.
pub(crate) async fn requested() -> Exit {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Exit::Interrupted,
            _ = terminate.recv() => return Exit::Terminated,
        }
    }
    let _ = tokio::signal::ctrl_c().await;
    Exit::Interrupted
}

/// Lets the next interrupt end the process without waiting for the cleanup.
pub(crate) fn exit_on_next() {
    tokio::spawn(async {
        exit_immediately(requested().await);
    });
}

/// Waits for the first interrupt, and lets the next one end the process.
pub(crate) async fn first() -> Exit {
    let exit = requested().await;
    exit_on_next();
    exit
}

#[expect(clippy::exit, reason = "the cleanup may take long")]
fn exit_immediately(exit: Exit) {
    std::process::exit(exit.code().into());
}

/// Decides whether an interrupt ends the command immediately or is handled by the command. Clones share their state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupts {
    left_to_command: Arc<AtomicUsize>,
}

impl Interrupts {
    /// Leaves the next interrupt to the command, which waits for [`requested`] itself. A second interrupt ends the command
    /// immediately.
    pub(crate) fn leave_first_to_command(&self) {
        self.left_to_command.store(1, Ordering::SeqCst);
    }

    /// Ends the exception of [`Self::leave_first_to_command`].
    pub(crate) fn leave_none_to_command(&self) {
        self.left_to_command.store(0, Ordering::SeqCst);
    }

    /// Waits for an interrupt that is not left to the command.
    pub(crate) async fn unhandled(&self) -> Exit {
        loop {
            let exit = requested().await;
            let is_left = self
                .left_to_command
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
            if is_left.is_err() {
                return exit;
            }
        }
    }
}
