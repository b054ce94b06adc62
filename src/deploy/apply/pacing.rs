//! How many deployments are written at a time: as many as the server bears.
//!
//! A server on SQLite answers 503 as soon as two writes meet, and is fastest with one at a time; behind a network it
//! is requests in flight that count. So the limit starts small, doubles while all goes well, halves when the server
//! is busy, and then grows by one at a time, each time after a longer stretch of success.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

const FIRST_LIMIT: usize = 1;
/// How many successes in a row the limit must have seen before it is tried higher after the server was busy.
const FIRST_STRETCH: usize = 16;

/// Lets tasks in, one for each permit.
#[derive(Debug)]
pub(crate) struct Pacer {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    limit: usize,
    inside: usize,
    /// Successes since the limit last changed.
    successes: usize,
    /// After how many the limit grows; `None` until the server has been busy, and then the limit doubles.
    stretch: Option<usize>,
}

impl Default for Pacer {
    fn default() -> Self {
        let state = State { limit: FIRST_LIMIT, inside: 0, successes: 0, stretch: None };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }
}

impl Pacer {
    /// More are never inside.
    pub(crate) const HIGHEST_LIMIT: usize = 32;

    /// Waits until there is room.
    pub(crate) async fn enter(&self) -> Permit<'_> {
        loop {
            let changed = self.changed.notified();
            {
                let mut state = self.state();
                if state.inside < state.limit {
                    state.inside += 1;
                    return Permit(self);
                }
            }
            changed.await;
        }
    }

    /// The server is busy: fewer at a time from now on.
    pub(crate) fn slow_down(&self) {
        let mut state = self.state();
        if state.successes == 0 && state.stretch.is_some() {
            return; // one more answer to what was sent before the limit fell
        }
        state.limit = (state.limit / 2).max(1);
        state.stretch = Some(state.stretch.map_or(FIRST_STRETCH, |stretch| stretch.saturating_mul(2)));
        state.successes = 0;
    }

    fn succeed(&self) {
        let mut state = self.state();
        state.successes += 1;
        let grown = match state.stretch {
            None if state.successes >= state.limit => state.limit * 2,
            Some(stretch) if state.successes >= stretch => state.limit + 1,
            _ => return,
        };
        state.limit = grown.min(Pacer::HIGHEST_LIMIT);
        state.successes = 0;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Room for one task; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a>(&'a Pacer);

impl Permit<'_> {
    /// The task went well.
    pub(crate) fn succeed(self) {
        self.0.succeed();
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.state().inside -= 1;
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn succeed(pacer: &Pacer, times: usize) {
        for _ in 0..times {
            pacer.enter().await.succeed();
        }
    }

    #[tokio::test]
    async fn the_limit_doubles_until_the_server_is_busy_and_then_grows_slowly() {
        let pacer = Pacer::default();
        let limit = || pacer.state().limit;
        succeed(&pacer, 1).await;
        assert_eq!(limit(), 2);
        succeed(&pacer, 2).await;
        assert_eq!(limit(), 4);
        succeed(&pacer, 4 + 8).await;
        assert_eq!(limit(), 16);
        pacer.slow_down();
        pacer.slow_down(); // of the same wave
        assert_eq!(limit(), 8);
        succeed(&pacer, FIRST_STRETCH).await;
        assert_eq!(limit(), 9);
        succeed(&pacer, 1).await;
        pacer.slow_down();
        assert_eq!(limit(), 4);
        succeed(&pacer, FIRST_STRETCH).await;
        assert_eq!(limit(), 4);
        succeed(&pacer, FIRST_STRETCH).await;
        assert_eq!(limit(), 5);
    }

    #[tokio::test]
    async fn nobody_enters_above_the_limit() {
        let pacer = Pacer::default();
        let first = pacer.enter().await;
        let second = pacer.enter();
        tokio::pin!(second);
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(first);
        second.await.succeed();
    }
}
