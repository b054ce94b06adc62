//! Retry policy: which failed requests are retried, how often and after how long.

use std::{
    collections::BTreeSet,
    fmt,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reqwest::{
    StatusCode,
    header::{HeaderMap, RETRY_AFTER},
};

use super::{
    answer::{Answer, Failure},
    error,
    request::Request,
};

/// Limits on the number and the duration of retries.
#[derive(Debug, Clone)]
pub(crate) struct RetryPolicy {
    /// Maximum number of retries per request.
    pub(crate) max_retries: u32,
    /// Maximum random increase of a delay, as a fraction of the delay.
    pub(crate) jitter: f64,
    /// Status codes to retry in addition to the default status codes.
    pub(crate) extra_codes: BTreeSet<u16>,
    /// Delay before the first retry. Each further delay is longer by the factor [`RetryPolicy::GROWTH`].
    pub(crate) first_wait: Duration,
    /// Maximum time between the first attempt and the last retry.
    pub(crate) deadline: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 5,
            jitter: 0.2,
            extra_codes: BTreeSet::new(),
            first_wait: Duration::from_millis(250),
            deadline: Duration::from_mins(5),
        }
    }
}

impl RetryPolicy {
    /// Growth factor of the delays. The first delays suit brief failures, and the last delays are long enough for a
    /// server restart.
    const GROWTH: u32 = 4;
    const LONGEST: Duration = Duration::from_secs(20);
    /// Maximum number of retries before the server's first response. The URL may be wrong, so more retries would only
    /// delay the error.
    const FIRST_CONTACT_RETRIES: u32 = 2;
    /// Minimum delay between requests to a server in maintenance, because the number of these retries is not limited.
    const MAINTENANCE_WAIT: Duration = Duration::from_secs(1);
    /// Delay before the first retry if a server on SQLite responds with 503 because of concurrent writes.
    const BUSY_WAIT: Duration = Duration::from_millis(20);
    const BUSY_LONGEST: Duration = Duration::from_secs(2);
    /// Multiplier for the maximum number of retries when a server on SQLite is busy. The delays are much shorter in
    /// this case.
    const BUSY_RETRIES_FOR_ONE: u32 = 5;

    /// Returns the delay before the next retry, or `None` if the request must not be retried.
    pub(super) fn wait(&self, failure: &Failure, situation: &Situation) -> Option<Duration> {
        let (limit, asked) = match failure {
            Failure::Status(Answer { status, headers, .. }) => {
                if !self.is_retryable(*status, situation.repeatable) {
                    return None;
                }
                // During maintenance, the request is retried until the deadline.
                let maintenance = headers.get("prefect-maintenance").is_some_and(|value| value == "true");
                let asked = retry_after(headers, situation.now);
                if maintenance {
                    (u32::MAX, asked.map(|asked| asked.max(Self::MAINTENANCE_WAIT)))
                } else if failure.is_busy() {
                    (self.max_retries.saturating_mul(Self::BUSY_RETRIES_FOR_ONE), asked)
                } else {
                    (self.max_retries, asked)
                }
            }
            Failure::Exchange(error) => (self.exchange_limit(error, situation)?, None),
            Failure::Slow(_) if situation.repeatable => (self.max_retries, None),
            Failure::Slow(_) | Failure::Large | Failure::Setup(_) => return None,
        };
        if situation.retries >= limit {
            return None;
        }
        let wait = asked.unwrap_or_else(|| {
            if failure.is_busy() {
                backoff(Self::BUSY_WAIT, 2, situation.retries).min(Self::BUSY_LONGEST)
            } else {
                backoff(self.first_wait, Self::GROWTH, situation.retries).min(Self::LONGEST)
            }
        });
        let wait = wait.mul_f64(1.0 + self.jitter.clamp(0.0, 10.0) * situation.random);
        (situation.started.elapsed() + wait <= self.deadline).then_some(wait)
    }

    fn is_retryable(&self, status: StatusCode, repeatable: bool) -> bool {
        match status.as_u16() {
            // The server has not processed the request, so a retry is always safe.
            429 | 503 => true,
            // A proxy timed out, so the server may already have processed the request.
            408 | 502 | 504 => repeatable,
            code => self.extra_codes.contains(&code),
        }
    }

    fn exchange_limit(&self, error: &reqwest::Error, situation: &Situation) -> Option<u32> {
        if error.is_builder() || error.is_redirect() || error::is_tls_failure(error) {
            return None;
        }
        match (error.is_connect(), situation.connected) {
            (true, true) => Some(self.max_retries),
            (true, false) if error.is_timeout() => None,
            (true, false) => Some(self.max_retries.min(Self::FIRST_CONTACT_RETRIES)),
            (false, _) => situation.repeatable.then_some(self.max_retries),
        }
    }
}

fn backoff(first: Duration, growth: u32, retries: u32) -> Duration {
    first.saturating_mul(growth.saturating_pow(retries))
}

/// Circumstances of a failed attempt, which determine whether and when to retry.
#[derive(Debug)]
pub(super) struct Situation {
    /// Number of retries sent so far.
    pub(super) retries: u32,
    /// Time of the first attempt.
    pub(super) started: Instant,
    pub(super) repeatable: bool,
    /// Whether the server has responded to any request of this client.
    pub(super) connected: bool,
    pub(super) now: Timestamp,
    /// Random number between 0 and 1 for computing the jitter.
    pub(super) random: f64,
}

/// Parses the `Retry-After` header: a number of seconds or a date. Returns `None` for other values.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let asked = if let Ok(seconds) = text.parse::<f64>() {
        Duration::try_from_secs_f64(seconds).ok()?
    } else {
        let date = http_date(text)?;
        Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO)
    };
    // The limit prevents an overflow. The deadline is always shorter.
    Some(asked.min(Duration::from_hours(24)))
}

/// Parses the date in an HTTP header, such as `Mon, 23 Nov 2026 14:00:30 GMT`. Returns `None` if the date is
/// invalid.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()
}

/// Notice to the user that a failed request will be retried.
#[derive(Debug, Clone)]
pub(crate) struct RetryNotice {
    /// Method and path of the request, such as `POST /deployments/`.
    pub(crate) request: String,
    /// Reason for the failure.
    pub(crate) reason: String,
    pub(crate) wait: Duration,
}

impl RetryNotice {
    pub(super) fn new(request: &Request, failure: &Failure, wait: Duration) -> Self {
        Self { request: request.summary(), reason: failure.to_string(), wait }
    }
}

impl fmt::Display for RetryNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; retrying in {:.1} s", self.request, self.reason, self.wait.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn situation(retries: u32) -> Situation {
        Situation {
            retries,
            started: Instant::now(),
            repeatable: true,
            connected: true,
            now: "2026-11-23T14:00:00Z".parse().unwrap(),
            random: 0.0,
        }
    }

    fn wait(
        policy: &RetryPolicy,
        status: u16,
        headers: &[(&'static str, &'static str)],
        at: &Situation,
    ) -> Option<f64> {
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), HeaderValue::from_static(value)))
            .collect();
        let status = StatusCode::from_u16(status).unwrap();
        let answer = Answer { status, headers, body: bytes::Bytes::new() };
        policy.wait(&Failure::Status(answer), at).map(|wait| wait.as_secs_f64())
    }

    proptest::proptest! {
        #[test]
        fn every_delay_ends_before_the_deadline(
            text in r"[-+]?[0-9]{0,20}(\.[0-9]{0,3})?(e[0-9]{1,3})?|[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{1,5} [0-9:]{8} GMT|\PC{0,12}",
        ) {
            let Ok(value) = HeaderValue::from_str(&text) else { return Ok(()) };
            let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
            let answer = Answer { status: StatusCode::TOO_MANY_REQUESTS, headers, body: bytes::Bytes::new() };
            let policy = RetryPolicy { jitter: 5.0, ..RetryPolicy::default() };
            let at = Situation { random: 1.0, ..situation(0) };
            let wait = policy.wait(&Failure::Status(answer), &at);
            proptest::prop_assert!(wait.is_none_or(|wait| wait <= policy.deadline), "{text}: {wait:?}");
        }
    }

    #[test]
    fn does_not_retry_after_excessive_delays() {
        assert_eq!(
            wait(&RetryPolicy::default(), 429, &[("retry-after", "18000000000000000000")], &situation(0)),
            None
        );
    }

    #[test]
    fn retries_busy_servers_soon_and_often() {
        let body = r#"{"exception_message":"Service Unavailable"}"#.into();
        let busy = Failure::Status(Answer {
            status: StatusCode::SERVICE_UNAVAILABLE,
            headers: HeaderMap::new(),
            body,
        });
        let wait = |retries| RetryPolicy::default().wait(&busy, &situation(retries));
        let waits: Vec<u128> = (0..30).map_while(wait).map(|wait| wait.as_millis()).collect();
        assert_eq!(waits.len(), 25);
        assert_eq!(waits[..4], [20, 40, 80, 160]);
        assert_eq!(waits[24], 2000);
    }

    #[test]
    fn retries_temporary_statuses_until_the_limit() {
        let policy = RetryPolicy { extra_codes: [418].into(), ..RetryPolicy::default() };
        for (status, expected) in
            [(429, true), (503, true), (502, true), (504, true), (408, true), (418, true)]
        {
            assert_eq!(wait(&policy, status, &[], &situation(0)).is_some(), expected, "{status}");
        }
        for status in [400, 401, 403, 404, 409, 422, 500] {
            assert_eq!(wait(&policy, status, &[], &situation(0)), None, "{status}");
        }
        assert!(wait(&policy, 503, &[], &situation(4)).is_some());
        assert_eq!(wait(&policy, 503, &[], &situation(5)), None);
        let maintenance = ("prefect-maintenance", "true");
        assert!(wait(&policy, 503, &[maintenance], &situation(50)).is_some());
        assert_eq!(wait(&policy, 503, &[maintenance, ("retry-after", "0")], &situation(50)), Some(1.0));
        assert_eq!(wait(&policy, 503, &[maintenance, ("retry-after", "7")], &situation(50)), Some(7.0));
    }

    #[test]
    fn retries_unrepeatable_requests_only_if_unprocessed() {
        let once = Situation { repeatable: false, ..situation(0) };
        let policy = RetryPolicy::default();
        let retried: Vec<u16> = [408, 429, 502, 503, 504]
            .into_iter()
            .filter(|status| wait(&policy, *status, &[], &once).is_some())
            .collect();
        assert_eq!(retried, [429, 503]);
    }

    #[test]
    fn delays_grow_and_follow_retry_after() {
        let policy = RetryPolicy::default();
        let waits: Vec<_> =
            (0..5).filter_map(|retries| wait(&policy, 503, &[], &situation(retries))).collect();
        assert_eq!(waits, [0.25, 1.0, 4.0, 16.0, 20.0]);
        let cases = [
            ("7", Some(7.0)),
            ("0.5", Some(0.5)),
            ("Mon, 23 Nov 2026 14:00:30 GMT", Some(30.0)),
            ("Mon, 23 Nov 2026 13:00:00 GMT", Some(0.0)),
            ("soon", Some(0.25)),
            ("inf", Some(0.25)),
            ("NaN", Some(0.25)),
            ("Mon, 23 Nov 2026 25:00:00 GMT", Some(0.25)),
            ("-1", Some(0.25)),
            ("100000", None),
        ];
        for (header, expected) in cases {
            let answer = wait(&policy, 429, &[("retry-after", header)], &situation(0));
            assert_eq!(answer, expected, "{header}");
        }
    }

    #[test]
    fn jitter_only_extends_delays() {
        let latest = Situation { random: 1.0, ..situation(0) };
        assert_eq!(wait(&RetryPolicy::default(), 429, &[("retry-after", "10")], &latest), Some(12.0));
        let steady = RetryPolicy { jitter: 0.0, ..RetryPolicy::default() };
        assert_eq!(wait(&steady, 429, &[("retry-after", "10")], &latest), Some(10.0));
    }
}
