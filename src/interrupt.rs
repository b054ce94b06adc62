//! Ctrl-C and requests to end, and who acts on them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::error::Exit;

/// Waits until the user or the system wants the program to end.
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

/// Decides whether an interrupt ends the command at once, or is the command's own business. Clones share it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Interrupts {
    left_to_command: Arc<AtomicUsize>,
}

impl Interrupts {
    /// From now on the command waits for [`requested`] itself, and ends soon after. A second interrupt ends it at
    /// once all the same.
    pub(crate) fn leave_first_to_command(&self) {
        self.left_to_command.store(1, Ordering::SeqCst);
    }

    /// Waits for the interrupt that ends the command.
    pub(crate) async fn ending(&self) -> Exit {
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
