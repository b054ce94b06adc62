//! How many deployments are written at a time: as many as make it faster.
//!
//! A server on SQLite refuses a write that meets another one, and is fastest with one at a time; behind a network, or
//! with another database, it is requests in flight that count. Which it is only shows by trying: the limit starts
//! with one and doubles for as long as more are done in the same time. When that is no longer so it goes back, and is
//! tried higher again after a while, each time a longer one.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// By how much a higher limit must be faster.
const GAIN: f64 = 1.15;
/// How many must be done before the first look, and for each one at a time more.
const SAMPLE: u32 = 4;
/// After how many the limit is tried higher again, the first time.
const FIRST_STRETCH: u32 = 32;

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
    /// Done since the limit last changed, and since when.
    done: u32,
    since: Option<Instant>,
    trend: Trend,
    /// How long the next settled stretch is.
    stretch: u32,
}

/// What the limit is doing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trend {
    /// One is as good as any other: this is the first.
    First,
    /// Twice as high as when one took that long.
    Trying { before: Duration },
    /// The best that is known.
    Settled,
}

impl Default for Pacer {
    fn default() -> Self {
        let state =
            State { limit: 1, inside: 0, done: 0, since: None, trend: Trend::First, stretch: FIRST_STRETCH };
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
                    state.since.get_or_insert_with(Instant::now);
                    return Permit(self);
                }
            }
            changed.await;
        }
    }

    /// The server asks for fewer requests.
    pub(crate) fn slow_down(&self) {
        let mut state = self.state();
        if state.limit > 1 {
            let half = state.limit / 2;
            state.settle(half);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// One more is done.
    fn succeed(&mut self) {
        self.done += 1;
        let Some(since) = self.since else { return };
        let each = since.elapsed() / self.done;
        let enough = SAMPLE.saturating_mul(u32::try_from(self.limit).unwrap_or(u32::MAX));
        match self.trend {
            Trend::First if self.done >= SAMPLE => self.try_higher(each),
            Trend::Trying { before } if self.done >= enough => {
                if each.mul_f64(GAIN) <= before {
                    self.try_higher(each);
                } else {
                    self.settle(self.limit / 2);
                }
            }
            Trend::Settled if self.done >= self.stretch => {
                self.stretch = self.stretch.saturating_mul(2);
                self.try_higher(each);
            }
            _ => {}
        }
    }

    fn try_higher(&mut self, each: Duration) {
        let higher = (self.limit * 2).min(Pacer::HIGHEST_LIMIT);
        let trend = if higher > self.limit { Trend::Trying { before: each } } else { Trend::Settled };
        self.change(higher, trend);
    }

    fn settle(&mut self, limit: usize) {
        self.change(limit, Trend::Settled);
    }

    fn change(&mut self, limit: usize, trend: Trend) {
        *self = Self { limit, trend, done: 0, since: None, ..*self };
    }
}

/// Room for one task; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a>(&'a Pacer);

impl Permit<'_> {
    /// The task went well.
    pub(crate) fn succeed(self) {
        self.0.state().succeed();
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
    use futures_util::{StreamExt, stream};

    use super::*;

    /// Does `count` things that take as long as `takes` says for that many at a time.
    async fn run(pacer: &Pacer, count: usize, takes: fn(usize) -> Duration) {
        stream::iter(0..count)
            .map(async |_| {
                let permit = pacer.enter().await;
                let inside = pacer.state().inside;
                tokio::time::sleep(takes(inside)).await;
                permit.succeed();
            })
            .buffer_unordered(2 * Pacer::HIGHEST_LIMIT)
            .collect::<Vec<_>>()
            .await;
    }

    fn limit(pacer: &Pacer) -> usize {
        pacer.state().limit
    }

    #[tokio::test(start_paused = true)]
    async fn the_limit_grows_for_as_long_as_that_is_faster() {
        let pacer = Pacer::default();
        run(&pacer, 500, |_| Duration::from_millis(100)).await;
        assert_eq!(limit(&pacer), Pacer::HIGHEST_LIMIT);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_one_after_the_other_gets_one_after_the_other() {
        let pacer = Pacer::default();
        let one_by_one = |inside: usize| Duration::from_millis(100) * u32::try_from(inside).unwrap();
        run(&pacer, 30, one_by_one).await;
        assert_eq!((limit(&pacer), pacer.state().trend), (1, Trend::Settled));
        let started = Instant::now();
        run(&pacer, 300, one_by_one).await;
        assert!(started.elapsed() < Duration::from_secs(36), "trying costs little: {:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn asked_to_slow_down_it_halves() {
        let pacer = Pacer::default();
        run(&pacer, 60, |_| Duration::from_millis(100)).await;
        let before = limit(&pacer);
        pacer.slow_down();
        assert_eq!(limit(&pacer), before / 2);
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
