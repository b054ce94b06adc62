//! Handles Ctrl-C, SIGTERM, SIGHUP and SIGQUIT.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{
    cleanup::{self, Urgency},
    error::Exit,
};

/// Waits for Ctrl-C, SIGTERM, SIGHUP or SIGQUIT. Returns the corresponding exit code.
pub(crate) async fn requested() -> Exit {
    #[cfg(unix)]
    if let Ok(terminated) = terminated() {
        tokio::select! {
            _ = tokio::signal::ctrl_c() => return Exit::Interrupted,
            () = terminated => return Exit::Terminated,
        }
    }
    let _ = tokio::signal::ctrl_c().await;
    Exit::Interrupted
}

/// Waits for SIGTERM, and for SIGHUP and SIGQUIT unless the process ignores them.
#[cfg(unix)]
fn terminated() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{Signal, SignalKind, signal};

    async fn receive(signal: &mut Option<Signal>) -> Option<()> {
        signal.as_mut()?.recv().await
    }

    let mut terminate = signal(SignalKind::terminate())?;
    let ignored = ignored_signals();
    let unless_ignored = |kind: SignalKind| {
        let is_ignored = ignored & (1 << (kind.as_raw_value() - 1)) != 0;
        (!is_ignored).then(|| signal(kind)).transpose()
    };
    let (mut hangup, mut quit) = (unless_ignored(SignalKind::hangup())?, unless_ignored(SignalKind::quit())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            Some(()) = receive(&mut hangup) => {}
            Some(()) = receive(&mut quit) => {}
        }
    })
}

/// Returns a bit mask of the signals that the process ignores, for example SIGHUP under `nohup`. Bit 0 stands for signal 1.
///
/// All bits are set on systems without `/proc`, where SIGHUP and SIGQUIT then keep their default effects.
#[cfg(unix)]
fn ignored_signals() -> u64 {
    let status = std::fs::read("/proc/self/status").unwrap_or_default();
    let status = String::from_utf8_lossy(&status);
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(u64::MAX)
}

/// Makes the next interrupt end the process immediately. Child processes are killed.
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

#[expect(clippy::exit, reason = "the process must exit even if the command is still running")]
fn exit_immediately(exit: Exit) {
    cleanup::run(Urgency::Immediate);
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
