//! Rate limits of requests: a maximum per minute, pauses that the server requests, and a gap between writes.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
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
    /// What is between two writes, and when the next one may be sent.
    gap: Duration,
    next_write: Option<Instant>,
}

impl Throttle {
    pub(super) fn new(max_per_minute: Option<NonZeroUsize>) -> Self {
        Self { budget: max_per_minute, state: Mutex::default() }
    }

    /// Waits until a request may be sent, which then counts as sent.
    pub(super) async fn turn(&self, writes: bool) {
        while let Some(until) = self.take(writes) {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Writes are sent so far apart from now on.
    pub(super) fn space_writes(&self, gap: Duration) {
        self.state().gap = gap;
    }

    /// No request is sent for so long.
    pub(super) fn pause(&self, wait: Duration) {
        let mut state = self.state();
        state.paused_until = state.paused_until.max(Instant::now().checked_add(wait));
    }

    /// `None` when a request may go now; else when to ask again.
    fn take(&self, writes: bool) -> Option<Instant> {
        let mut state = self.state();
        let now = Instant::now();
        let next_write = state.next_write.filter(|_| writes);
        if let Some(until) = state.paused_until.max(next_write).filter(|until| *until > now) {
            return Some(until);
        }
        if let Some(budget) = self.budget {
            if state.sent.len() >= budget.get() {
                let free = *state.sent.front()? + MINUTE;
                if free > now {
                    return Some(free);
                }
                state.sent.pop_front();
            }
            state.sent.push_back(now);
        }
        if writes {
            state.next_write = Some(now + state.gap);
        }
        None
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
            throttle.turn(true).await;
            at.push(start.elapsed().as_secs());
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        assert_eq!(at, [0, 10, 20, 60, 70, 80, 120]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_for_all_requests() {
        let throttle = Throttle::new(None);
        let start = Instant::now();
        throttle.turn(true).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        throttle.pause(Duration::from_secs(7));
        throttle.pause(Duration::from_secs(3));
        throttle.turn(true).await;
        assert_eq!(start.elapsed(), Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn writes_are_so_far_apart_and_reads_are_not() {
        let throttle = Throttle::new(None);
        throttle.space_writes(Duration::from_secs(2));
        let start = Instant::now();
        let mut at = Vec::new();
        for writes in [true, false, true, false, true] {
            throttle.turn(writes).await;
            at.push(start.elapsed().as_secs());
        }
        assert_eq!(at, [0, 0, 2, 2, 4]);
    }
}
