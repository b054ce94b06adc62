//! When requests may be sent: within a budget for each minute, and not while the server wants a pause.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

const MINUTE: Duration = Duration::from_mins(1);

/// Lets requests through, one by one.
#[derive(Debug)]
pub(super) struct Throttle {
    budget: Option<NonZeroUsize>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// When the requests of the last minute were sent, no more of them than the budget has.
    sent: VecDeque<Instant>,
    /// The end of the pause that the server asked for.
    paused_until: Option<Instant>,
}

impl Throttle {
    pub(super) fn new(max_per_minute: Option<NonZeroUsize>) -> Self {
        Self { budget: max_per_minute, state: Mutex::default() }
    }

    /// Waits until a request may be sent, which then counts as sent.
    pub(super) async fn turn(&self) {
        while let Some(until) = self.take() {
            tokio::time::sleep_until(until).await;
        }
    }

    /// No request is sent for so long.
    pub(super) fn pause(&self, wait: Duration) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.paused_until = state.paused_until.max(Instant::now().checked_add(wait));
    }

    /// `None` when a request may go now; else when to ask again.
    fn take(&self) -> Option<Instant> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if let Some(until) = state.paused_until.filter(|until| *until > now) {
            return Some(until);
        }
        let budget = self.budget?.get();
        if state.sent.len() >= budget {
            let free = *state.sent.front()? + MINUTE;
            if free > now {
                return Some(free);
            }
            state.sent.pop_front();
        }
        state.sent.push_back(now);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn no_minute_has_more_than_the_budget() {
        let throttle = Throttle::new(NonZeroUsize::new(3));
        let mut at = Vec::new();
        let start = Instant::now();
        for _ in 0..7 {
            throttle.turn().await;
            at.push(start.elapsed().as_secs());
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        assert_eq!(at, [0, 10, 20, 60, 70, 80, 120]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_for_all_requests() {
        let throttle = Throttle::new(None);
        let start = Instant::now();
        throttle.turn().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        throttle.pause(Duration::from_secs(7));
        throttle.pause(Duration::from_secs(3));
        throttle.turn().await;
        assert_eq!(start.elapsed(), Duration::from_secs(7));
    }
}
