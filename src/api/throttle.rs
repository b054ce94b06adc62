//! Request throttling. Enforces the request limit per minute, the pauses that the server requests, and the limit on
//! concurrent writes.

use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::Instant,
};

use super::{
    limiter::{Limiter, Rejection},
    request::Access,
};

const MINUTE: Duration = Duration::from_mins(1);

/// A throttle that delays requests until they may be sent.
#[derive(Debug)]
pub(super) struct Throttle {
    /// Maximum number of requests per minute, or `None` for no limit.
    budget: Option<NonZeroUsize>,
    state: Mutex<State>,
    slots: Semaphore,
}

#[derive(Debug)]
struct State {
    /// Times of the requests sent in the last minute. Empty if the number of requests is not limited.
    sent: VecDeque<Instant>,
    /// End of the pause that the server requested.
    paused_until: Option<Instant>,
    /// Earliest time of the next write request.
    next_write: Option<Instant>,
    limiter: Limiter,
    /// Number of semaphore permits, whether available or in use.
    slots: usize,
}

/// Permission to send a sequence of write requests. Another sequence may start when the slot is dropped.
#[derive(Debug)]
pub(crate) struct WriteSlot<'a> {
    throttle: &'a Throttle,
    permit: Option<SemaphorePermit<'a>>,
}

impl Throttle {
    pub(super) fn new(max_per_minute: Option<NonZeroUsize>) -> Self {
        let limiter = Limiter::default();
        let slots = limiter.limit();
        let state = State { sent: VecDeque::new(), paused_until: None, next_write: None, limiter, slots };
        Self { budget: max_per_minute, state: Mutex::new(state), slots: Semaphore::new(slots) }
    }

    /// Waits until a request may be sent, and counts the request as sent.
    pub(super) async fn turn(&self, access: Access) {
        while let Some(until) = self.take(access) {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Waits until another sequence of write requests may start. Callers are served in the order of their
    /// calls.
    pub(super) async fn write_slot(&self) -> WriteSlot<'_> {
        // Acquiring a permit cannot fail, because the semaphore is never closed.
        WriteSlot { throttle: self, permit: self.slots.acquire().await.ok() }
    }

    /// Returns the maximum number of concurrent sequences of write requests.
    pub(super) fn write_limit(&self) -> usize {
        self.state().limiter.limit()
    }

    /// Records the duration of a successful request.
    pub(super) fn succeeded(&self, access: Access, duration: Duration) {
        let limiter = &mut self.state().limiter;
        match access {
            Access::Read => limiter.on_round_trip(duration),
            Access::Write => limiter.on_success(duration),
        }
    }

    /// Records that the server rejected a write request with status code 429 or 503.
    pub(super) fn rejected(&self, rejection: Rejection) {
        self.state().limiter.on_rejected(rejection);
    }

    /// Delays all requests by at least the given time.
    pub(super) fn pause(&self, wait: Duration) {
        let mut state = self.state();
        state.paused_until = state.paused_until.max(Instant::now().checked_add(wait));
    }

    /// Returns `None` and counts the request as sent if the limits allow the request now. Otherwise, returns the time
    /// of the next attempt.
    fn take(&self, access: Access) -> Option<Instant> {
        let mut state = self.state();
        let now = Instant::now();
        let next_write = state.next_write.filter(|_| access == Access::Write);
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
        if access == Access::Write {
            state.next_write = Some(now + state.limiter.interval());
        }
        None
    }

    /// Releases the permit of a finished sequence and adjusts the number of permits to the current limit.
    fn release(&self, permit: Option<SemaphorePermit<'_>>) {
        let mut state = self.state();
        let limit = state.limiter.limit();
        if state.slots > limit {
            permit.into_iter().for_each(SemaphorePermit::forget);
            state.slots -= 1;
        } else {
            drop(permit);
            self.slots.add_permits(limit - state.slots);
            state.slots = limit;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for WriteSlot<'_> {
    fn drop(&mut self) {
        self.throttle.release(self.permit.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn sends_no_more_requests_per_minute_than_the_budget() {
        let throttle = Throttle::new(NonZeroUsize::new(3));
        let mut at = Vec::new();
        let start = Instant::now();
        for _ in 0..7 {
            throttle.turn(Access::Write).await;
            at.push(start.elapsed().as_secs());
            tokio::time::sleep(Duration::from_secs(10)).await;
        }
        assert_eq!(at, [0, 10, 20, 60, 70, 80, 120]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_applies_to_all_requests() {
        let throttle = Throttle::new(None);
        let start = Instant::now();
        throttle.turn(Access::Write).await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        throttle.pause(Duration::from_secs(7));
        throttle.pause(Duration::from_secs(3));
        throttle.turn(Access::Read).await;
        assert_eq!(start.elapsed(), Duration::from_secs(7));
    }

    #[tokio::test(start_paused = true)]
    async fn spreads_writes_but_not_reads_after_a_collision() {
        let throttle = Throttle::new(None);
        throttle.succeeded(Access::Read, Duration::from_secs(4));
        throttle.succeeded(Access::Write, Duration::from_secs(6));
        throttle.rejected(Rejection::Busy);
        assert_eq!(throttle.write_limit(), 3);
        let start = Instant::now();
        let mut at = Vec::new();
        for access in [Access::Write, Access::Read, Access::Write, Access::Read, Access::Write] {
            throttle.turn(access).await;
            at.push(start.elapsed());
        }
        let seconds: Vec<f64> = at.iter().map(|at| at.as_secs_f64().round()).collect();
        assert_eq!(seconds, [0.0, 0.0, 2.0, 2.0, 4.0]);
    }

    #[tokio::test]
    async fn lends_as_many_slots_as_the_limit() {
        let throttle = Throttle::new(None);
        let first = [throttle.write_slot().await, throttle.write_slot().await];
        assert!(throttle.slots.try_acquire().is_err());
        throttle.succeeded(Access::Read, Duration::from_secs(5));
        throttle.succeeded(Access::Write, Duration::from_secs(15));
        drop(first);
        let slots = [throttle.write_slot().await, throttle.write_slot().await, throttle.write_slot().await];
        assert!(throttle.slots.try_acquire().is_err());
        throttle.rejected(Rejection::RateLimited);
        drop(slots);
        assert_eq!(throttle.slots.available_permits(), throttle.write_limit());
    }
}
