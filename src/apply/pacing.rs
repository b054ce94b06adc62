//! How many deployments are written at a time: as many as make it faster.
//!
//! A server on SQLite refuses a write that meets another one, and is fastest with one at a time; behind a network, or
//! with another database, it is requests in flight that count. What a write takes longer than the quickest request is
//! the server's work: so far apart, writes follow each other without meeting. From there on only trying helps: they are
//! sent twice as fast for as long as more are done in the same time. When that is no longer so they go back, and are
//! tried faster again after a while, each time a longer one.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// By how much more must be done when writes are sent faster.
const GAIN: f64 = 1.15;
/// How many must be done before the first look, and for each one at a time more.
const SAMPLE: u32 = 3;
/// After how many they are sent faster again, the first time.
const FIRST_STRETCH: u32 = 32;
/// So many may be refused of those that are sent faster, and twice as many besides one in [`REFUSED_OF`] of the others:
/// more show that the server cannot do so many at a time.
const REFUSED: u32 = 1;
const REFUSED_OF: u32 = 4;
/// Not every write is the same work, which is what is between them besides.
const SLACK: f64 = 1.25;
/// What is refused too often is sent so much slower.
const SLOWER: f64 = 1.25;

/// Lets tasks in, one for each permit.
#[derive(Debug)]
pub(crate) struct Pacer {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    inside: usize,
    /// How long a write takes when there is one at a time: the quickest, since what else a server was doing says nothing
    /// of the next ones.
    alone: Duration,
    /// How far apart writes are sent; nothing if there is one at a time.
    gap: Option<Duration>,
    trend: Trend,
    /// Done and refused since the gap last changed, and since when.
    done: u32,
    refused: u32,
    since: Option<Instant>,
    changed: Option<Instant>,
    /// How long the next settled stretch is.
    stretch: u32,
}

/// What is done with the gap.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trend {
    /// One at a time is as good as anything else: this is the beginning.
    First,
    /// Half as long as this one, with which one took `before`.
    Trying { from: Option<Duration>, before: Duration },
    /// The best that is known, for so many.
    Settled { stretch: u32 },
}

impl Default for Pacer {
    fn default() -> Self {
        let state = State {
            inside: 0,
            alone: Duration::ZERO,
            gap: None,
            trend: Trend::First,
            done: 0,
            refused: 0,
            since: None,
            changed: None,
            stretch: FIRST_STRETCH,
        };
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
                if state.inside < state.limit() {
                    state.inside += 1;
                    state.since.get_or_insert_with(Instant::now);
                    return Permit { pacer: self, began: Instant::now() };
                }
            }
            changed.await;
        }
    }

    /// The server asks for fewer requests.
    pub(crate) fn slow_down(&self) {
        self.state().slow_down(2.0);
    }

    /// The server has refused a write that met another one, which is now sent again.
    pub(crate) fn refused(&self) {
        self.state().refuse();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// As many as are sent while one is under way.
    fn limit(&self) -> usize {
        let Some(gap) = self.gap else { return 1 };
        let many = self.alone.as_nanos().div_ceil(gap.as_nanos().max(1));
        usize::try_from(many).unwrap_or(usize::MAX).clamp(2, Pacer::HIGHEST_LIMIT)
    }

    /// How many are enough to tell how fast they are.
    fn sample(&self) -> u32 {
        SAMPLE.saturating_mul(u32::try_from(self.limit()).unwrap_or(u32::MAX))
    }

    /// One more is done, of which each write took so long; the quickest request of all took that long.
    fn succeed(&mut self, write: Duration, quickest: Duration) {
        self.done += 1;
        if self.gap.is_none() {
            self.alone = if self.done > 1 { self.alone.min(write) } else { write };
        }
        let Some(since) = self.since else { return };
        let each = since.elapsed() / self.done;
        match self.trend {
            Trend::First if self.done >= SAMPLE => {
                let work = self.alone.saturating_sub(quickest);
                self.gap = self.apart(work.mul_f64(SLACK));
                if self.gap.is_some() {
                    self.settle(self.gap);
                } else {
                    self.speed_up(each);
                }
            }
            Trend::Trying { from, before } if self.done >= self.sample() => {
                if each.mul_f64(GAIN) <= before {
                    self.speed_up(each);
                } else {
                    self.settle(from);
                }
            }
            Trend::Settled { stretch } if self.done >= stretch => self.speed_up(each),
            _ => {}
        }
    }

    fn refuse(&mut self) {
        // Those that were on their way when the gap changed say nothing of it.
        if self.changed.is_some_and(|changed| changed.elapsed() <= 2 * self.alone) {
            return;
        }
        self.refused += 1;
        match self.trend {
            Trend::Trying { from, .. } if self.refused > REFUSED => self.settle(from),
            Trend::Settled { .. } if self.refused > 2 * REFUSED + self.done / REFUSED_OF => {
                self.slow_down(SLOWER);
            }
            _ => {}
        }
    }

    fn speed_up(&mut self, before: Duration) {
        if self.limit() < Pacer::HIGHEST_LIMIT {
            let from = self.gap;
            self.change(Some(from.unwrap_or(self.alone) / 2), Trend::Trying { from, before });
        } else {
            self.settle(self.gap);
        }
    }

    fn slow_down(&mut self, factor: f64) {
        if let Some(gap) = self.gap {
            self.settle(self.apart(gap.mul_f64(factor)));
        }
    }

    /// A gap that leaves room for two at least, or else none.
    fn apart(&self, gap: Duration) -> Option<Duration> {
        (gap.mul_f64(SLOWER) < self.alone).then_some(gap)
    }

    fn settle(&mut self, gap: Option<Duration>) {
        self.change(gap, Trend::Settled { stretch: self.stretch });
        self.stretch = self.stretch.saturating_mul(2);
    }

    fn change(&mut self, gap: Option<Duration>, trend: Trend) {
        let changed = Some(Instant::now());
        *self = Self { gap, trend, done: 0, refused: 0, since: None, changed, ..*self };
    }
}

/// Room for one task; given back when dropped.
#[derive(Debug)]
pub(crate) struct Permit<'a> {
    pacer: &'a Pacer,
    began: Instant,
}

impl Permit<'_> {
    /// It is written now. Gives how far apart writes are to be sent.
    pub(crate) fn begin(&mut self) -> Duration {
        self.began = Instant::now();
        self.pacer.state().gap.unwrap_or_default()
    }

    /// The task went well with so many writes, one after the other; the quickest request of all took that long.
    pub(crate) fn succeed(self, writes: u32, quickest: Duration) {
        self.pacer.state().succeed(self.began.elapsed() / writes.max(1), quickest);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pacer.state().inside -= 1;
        self.pacer.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::{StreamExt, stream};

    use super::*;

    /// How long the way to the server and back takes.
    const WAY: Duration = Duration::from_millis(100);

    /// Does `count` things that take as long as `takes` says for that many at a time.
    async fn run(pacer: &Pacer, count: usize, takes: fn(usize) -> Duration) {
        stream::iter(0..count)
            .map(async |_| {
                let mut permit = pacer.enter().await;
                permit.begin();
                let inside = pacer.state().inside;
                tokio::time::sleep(takes(inside)).await;
                permit.succeed(1, Duration::from_millis(1));
            })
            .buffer_unordered(2 * Pacer::HIGHEST_LIMIT)
            .collect::<Vec<_>>()
            .await;
    }

    /// Does `count` things of so many writes at a distant server that works for 30 ms on each write, and refuses one that
    /// comes meanwhile. Gives how many it has refused.
    async fn run_afar(pacer: &Pacer, count: usize, writes: u32) -> u32 {
        let (next, busy, refused) = (Cell::new(Instant::now()), Cell::new(false), Cell::new(0));
        let write = async |gap| loop {
            let turn = next.get().max(Instant::now());
            next.set(turn + gap);
            tokio::time::sleep_until(turn).await;
            tokio::time::sleep(WAY / 2).await;
            let refuses = busy.replace(true);
            if !refuses {
                tokio::time::sleep(Duration::from_millis(30)).await;
                busy.set(false);
            }
            tokio::time::sleep(WAY / 2).await;
            if !refuses {
                return;
            }
            refused.set(refused.get() + 1);
            pacer.refused();
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        stream::iter(0..count)
            .map(async |_| {
                let mut permit = pacer.enter().await;
                let gap = permit.begin();
                for _ in 0..writes {
                    write(gap).await;
                }
                permit.succeed(writes, WAY);
            })
            .buffer_unordered(2 * Pacer::HIGHEST_LIMIT)
            .collect::<Vec<_>>()
            .await;
        refused.get()
    }

    fn limit(pacer: &Pacer) -> usize {
        pacer.state().limit()
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
        assert_eq!(limit(&pacer), 1);
        assert!(matches!(pacer.state().trend, Trend::Settled { .. }));
        let started = Instant::now();
        run(&pacer, 300, one_by_one).await;
        assert!(started.elapsed() < Duration::from_secs(36), "trying costs little: {:?}", started.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn what_a_distant_server_does_one_after_the_other_is_under_way_together() {
        for writes in [1, 3] {
            let pacer = Pacer::default();
            let started = Instant::now();
            let refused = run_afar(&pacer, 300 / writes as usize, writes).await;
            let each = started.elapsed() / 300;
            assert!(each < Duration::from_millis(50), "{writes}: {each:?} for each of 130 ms");
            assert!(refused < 60, "{writes}: {refused} of 300 refused");
        }
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
        second.await.succeed(1, Duration::ZERO);
    }
}
