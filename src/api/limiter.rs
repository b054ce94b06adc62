//! An adaptive limit on the number of concurrent writes.
//!
//! The best number of writes in flight depends on both the server and the network. A server on SQLite rejects
//! concurrent writes, so it is fastest with one write at a time. On `PostgreSQL`, a single server process is
//! fastest with two to four writes, and two processes with four to eight. A distant server needs many more writes
//! in flight to be equally busy.
//!
//! [`Limiter`] separates these two influences. It controls the number of writes that the *server* processes at a
//! time by additive increase and multiplicative decrease, as in TCP Vegas. The number grows by one while writes do
//! not wait for each other, shrinks by one when they do, and is halved when the server rejects a write. The number
//! of writes *in flight* then follows from Little's law. A write takes `latency`, and the server works on it for
//! `latency - round trip`, so
//!
//! ```text
//! in flight = processed at a time * latency / (latency - round trip)
//! ```
//!
//! The limiter does not read a clock. Its caller measures all durations.

use std::time::Duration;

/// Initial number of writes in flight. Servers process two concurrent writes faster than two sequential writes, except
/// on SQLite.
const INITIAL: f64 = 2.0;
/// Minimum number of responses in a window. The latency is averaged over each window.
const MIN_WINDOW: u32 = 4;
/// Number of writes waiting at the server below which the limit may grow.
const FEW_WAITING: f64 = 1.5;
/// Number of writes waiting at the server above which the limit shrinks.
const MANY_WAITING: f64 = 3.0;
/// Weight of the newest response in the average latency.
const SMOOTHING: f64 = 0.2;
/// Number of successful writes that must follow the first rejection by a busy server before the limit may
/// grow again. Each further rejection doubles the number.
const FIRST_HOLD: u32 = 128;

/// The reason for a rejected write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rejection {
    /// Status code 429: the client has sent too many requests.
    RateLimited,
    /// Status code 503: the server was processing another write.
    Busy,
}

/// An adaptive limit on the number of writes in flight.
#[derive(Debug)]
pub(super) struct Limiter {
    /// Duration of the fastest request, which approximates the round-trip time of the network.
    round_trip: Duration,
    /// Lowest average latency of a window. A single fast write would be misleading: server processes that share a
    /// socket delay most response bodies until the client has acknowledged the headers.
    lowest: Duration,
    /// Moving average of write durations.
    latency: Duration,
    /// Target for the number of writes that the server processes at a time. The target can be less than 1 after rate
    /// limiting.
    concurrency: f64,
    /// Number and total duration of the responses in the current window.
    window: (u32, Duration),
    /// Number of responses to ignore. Their requests were sent before the limit last shrank.
    outdated: u32,
    /// Number of successful writes that are still required before `concurrency` may grow.
    hold: u32,
    next_hold: u32,
    /// Whether the server rejects concurrent writes, as it does on SQLite.
    is_serial: bool,
}

impl Default for Limiter {
    fn default() -> Self {
        Self {
            round_trip: Duration::MAX,
            lowest: Duration::MAX,
            latency: Duration::ZERO,
            concurrency: INITIAL,
            window: (0, Duration::ZERO),
            outdated: 0,
            hold: 0,
            next_hold: FIRST_HOLD,
            is_serial: false,
        }
    }
}

impl Limiter {
    pub(super) const MAX: usize = 32;

    /// Returns the maximum number of writes in flight, from 1 to [`Self::MAX`].
    pub(super) fn limit(&self) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the value is between 1 and MAX"
        )]
        let limit = self.in_flight() as usize;
        limit
    }

    /// Returns the minimum time between the starts of two writes. The time is zero until the server rejects a
    /// write because of a concurrent write. From then on, the writes in flight are spread evenly.
    pub(super) fn interval(&self) -> Duration {
        if self.is_serial && self.limit() > 1 {
            self.latency.div_f64(self.in_flight())
        } else {
            Duration::ZERO
        }
    }

    /// Records a successful request's duration, for requests of any kind.
    pub(super) fn on_round_trip(&mut self, duration: Duration) {
        self.round_trip = self.round_trip.min(duration);
    }

    /// Records the duration of a successful write.
    pub(super) fn on_success(&mut self, duration: Duration) {
        self.on_round_trip(duration);
        self.latency = if self.latency.is_zero() {
            duration
        } else {
            self.latency.mul_f64(1.0 - SMOOTHING) + duration.mul_f64(SMOOTHING)
        };
        self.hold = self.hold.saturating_sub(1);
        if self.is_outdated() {
            return;
        }
        self.window = (self.window.0 + 1, self.window.1 + duration);
        if self.window.0 >= MIN_WINDOW.max(u32::try_from(self.limit()).unwrap_or(u32::MAX)) {
            self.adjust(self.window.1 / self.window.0);
            self.window = (0, Duration::ZERO);
        }
    }

    /// Records that the server rejected a write. If multiple concurrent writes are rejected, only the first
    /// rejection lowers the limit.
    pub(super) fn on_rejected(&mut self, rejection: Rejection) {
        let limit = self.limit();
        self.is_serial |= rejection == Rejection::Busy && limit > 1;
        if self.is_outdated() || limit == 1 {
            return;
        }
        let lowest = match rejection {
            Rejection::RateLimited => 0.0,
            Rejection::Busy => 1.0,
        };
        if rejection == Rejection::Busy && self.concurrency > lowest {
            self.hold = self.next_hold;
            self.next_hold = self.next_hold.saturating_mul(2);
        }
        self.concurrency = (self.concurrency / 2.0).max(lowest);
        self.outdated = u32::try_from(limit).unwrap_or(u32::MAX);
        self.window = (0, Duration::ZERO);
    }

    /// Adjusts the limit to the average latency of a window. The difference from the lowest average is the time that
    /// writes spend waiting.
    fn adjust(&mut self, average: Duration) {
        self.lowest = self.lowest.min(average);
        let waiting = self.concurrency * (1.0 - self.work(self.lowest) / self.work(average));
        if waiting > MANY_WAITING {
            self.concurrency = (self.concurrency - 1.0).max(1.0);
        } else if waiting < FEW_WAITING && self.hold == 0 && self.limit() < Self::MAX {
            self.concurrency = (self.concurrency + 1.0).min(2.0 * self.concurrency);
        }
    }

    /// Estimates the server's processing time for a write, in seconds: the latency without the network round
    /// trip, but at least 1/64 of the latency.
    fn work(&self, latency: Duration) -> f64 {
        let work = latency.saturating_sub(self.round_trip).max(latency / 64);
        work.as_secs_f64().max(f64::MIN_POSITIVE)
    }

    /// Returns the unrounded number of writes in flight according to Little's law. Assumes a round-trip time of zero
    /// if no latency has been recorded.
    fn in_flight(&self) -> f64 {
        let in_flight = if self.latency.is_zero() {
            self.concurrency
        } else {
            self.concurrency * self.latency.as_secs_f64() / self.work(self.latency)
        };
        in_flight.clamp(1.0, f64::from(u8::try_from(Self::MAX).unwrap_or(u8::MAX)))
    }

    /// Checks whether a response belongs to a request that was sent before the limit last shrank. Counts the response
    /// as received.
    fn is_outdated(&mut self) -> bool {
        let is_outdated = self.outdated > 0;
        self.outdated = self.outdated.saturating_sub(1);
        is_outdated
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// A simulated server behind a network. The server processes `parallel` writes at a time, each for the duration
    /// `work`.
    struct Server {
        round_trip: Duration,
        work: Duration,
        parallel: u32,
    }

    impl Server {
        /// Simulates a number of writes, each with the latency that results from the current limit.
        fn write(&self, limiter: &mut Limiter, count: u32) {
            limiter.on_round_trip(self.round_trip);
            for _ in 0..count {
                let limit = u32::try_from(limiter.limit()).unwrap();
                limiter.on_success((self.round_trip + self.work).max(self.work * limit / self.parallel));
            }
        }
    }

    #[test]
    fn starts_with_two_writes() {
        assert_eq!(Limiter::default().limit(), 2);
        assert_eq!(Limiter::default().interval(), Duration::ZERO);
    }

    #[test]
    fn keeps_a_serial_local_server_busy_with_few_writes() {
        let mut limiter = Limiter::default();
        Server { round_trip: ms(2), work: ms(20), parallel: 1 }.write(&mut limiter, 500);
        assert!((2..=4).contains(&limiter.limit()), "{limiter:?}");
    }

    #[test]
    fn fills_the_network_before_the_server() {
        let mut limiter = Limiter::default();
        Server { round_trip: ms(100), work: ms(20), parallel: 1 }.write(&mut limiter, 1);
        assert_eq!(limiter.limit(), 12);
        assert_eq!(limiter.interval(), Duration::ZERO);
    }

    #[test]
    fn spreads_writes_after_a_collision() {
        let mut limiter = Limiter::default();
        Server { round_trip: ms(100), work: ms(20), parallel: 1 }.write(&mut limiter, 1);
        limiter.on_rejected(Rejection::Busy);
        assert_eq!((limiter.limit(), limiter.interval()), (6, ms(20)));
    }

    #[test]
    fn grows_to_the_maximum_while_latency_stays_the_same() {
        let mut limiter = Limiter::default();
        Server { round_trip: ms(2), work: ms(20), parallel: 64 }.write(&mut limiter, 1000);
        assert_eq!(limiter.limit(), Limiter::MAX);
    }

    #[test]
    fn a_single_fast_write_does_not_slow_the_others_down() {
        let mut limiter = Limiter::default();
        limiter.on_success(ms(20));
        Server { round_trip: ms(2), work: ms(80), parallel: 8 }.write(&mut limiter, 500);
        assert!(limiter.limit() >= 8, "{limiter:?}");
    }

    #[test]
    fn shrinks_when_latency_grows() {
        let mut limiter = Limiter::default();
        Server { round_trip: ms(2), work: ms(20), parallel: 16 }.write(&mut limiter, 1000);
        let before = limiter.limit();
        Server { round_trip: ms(2), work: ms(20), parallel: 2 }.write(&mut limiter, 1000);
        assert!(before >= 16 && limiter.limit() <= 8, "{before} {limiter:?}");
    }

    #[test]
    fn a_busy_server_gets_one_write_at_a_time_again() {
        let server = Server { round_trip: ms(1), work: ms(20), parallel: 1 };
        let mut limiter = Limiter::default();
        let mut rejected = 0;
        for _ in 0..1000 {
            server.write(&mut limiter, 1);
            if limiter.limit() > 1 {
                limiter.on_rejected(Rejection::Busy);
                rejected += 1;
            }
        }
        assert_eq!(limiter.limit(), 1);
        assert!(rejected <= 4, "{rejected} of 1000 writes rejected");
    }

    #[test]
    fn a_busy_distant_server_keeps_the_network_filled() {
        let mut limiter = Limiter::default();
        Server { round_trip: ms(100), work: ms(20), parallel: 1 }.write(&mut limiter, 1);
        for _ in 0..20 {
            limiter.on_rejected(Rejection::Busy);
        }
        assert_eq!(limiter.limit(), 6);
    }

    #[test]
    fn rate_limiting_halves_the_limit_once_per_round_and_lets_it_recover() {
        let server = Server { round_trip: ms(100), work: ms(10), parallel: 64 };
        let mut limiter = Limiter::default();
        server.write(&mut limiter, 3);
        let before = limiter.limit();
        for _ in 0..before {
            limiter.on_rejected(Rejection::RateLimited);
        }
        assert_eq!(limiter.limit(), before / 2);
        for _ in 0..1000 {
            limiter.on_rejected(Rejection::RateLimited);
        }
        assert_eq!(limiter.limit(), 1);
        server.write(&mut limiter, 100);
        assert!(limiter.limit() >= before, "{limiter:?}");
    }
}
