//! Handles Ctrl-C and SIGTERM.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::error::Exit;

/// Waits for Ctrl-C or SIGTERM. Returns the corresponding exit code.
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

/// Makes the next interrupt end the process immediately, without any cleanup.
pub(crate) fn exit_on_next() {
    tokio::spawn(async {
        exit_immediately(requested().await);
    });
}

/// Waits for the first interrupt. The next interrupt then ends the process immediately.
pub(crate) async fn first() -> Exit {
    let exit = requested().await;
    exit_on_next();
    exit
}

#[expect(clippy::exit, reason = "cleaning up may take a long time")]
fn exit_immediately(exit: Exit) {
    std::process::exit(exit.code().into());
}

/// Mode of interrupt handling: an interrupt ends the command immediately, or the command handles the
/// interrupt. Clones share their state.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupts {
    left_to_command: Arc<AtomicUsize>,
}

impl Interrupts {
    /// Lets the command handle the next interrupt. The command must wait for it with [`requested`]. A second
    /// interrupt ends the command immediately.
    pub(crate) fn leave_first_to_command(&self) {
        self.left_to_command.store(1, Ordering::SeqCst);
    }

    /// Reverts the effect of [`Self::leave_first_to_command`].
    pub(crate) fn leave_none_to_command(&self) {
        self.left_to_command.store(0, Ordering::SeqCst);
    }

    /// Waits for an interrupt that the command does not handle.
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
