//! API client for tests. It uses short retry delays and records its retry notices.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::tz::TimeZone;

use super::{Client, ClientOptions, Credentials, Proxies, RetryPolicy, TransportOptions};
use crate::clock::Clock;

/// Retry notices that a test client has recorded.
pub(crate) type Notices = Arc<Mutex<Vec<String>>>;

pub(crate) fn options(url: &str) -> ClientOptions {
    let retry = RetryPolicy { first_wait: Duration::from_millis(1), jitter: 0.0, ..RetryPolicy::default() };
    let timeout = Duration::from_secs(5);
    ClientOptions {
        url: url.to_owned(),
        is_cloud: false,
        credentials: Credentials::None,
        custom_headers: BTreeMap::new(),
        csrf: true,
        retry,
        max_requests_per_minute: None,
        transport: TransportOptions {
            timeout,
            certificates: None,
            skip_verification: false,
            http2: false,
            proxies: Proxies::default(),
        },
    }
}

pub(crate) fn clock() -> Clock {
    Clock::fixed("2026-11-23T14:00:00Z".parse().unwrap(), TimeZone::UTC)
}

pub(crate) fn client(options: ClientOptions) -> (Client, Notices) {
    let notices = Notices::default();
    let seen = Arc::clone(&notices);
    let notify = move |notice: &super::RetryNotice| seen.lock().unwrap().push(notice.to_string());
    (Client::new(options, clock(), Arc::new(notify)).unwrap(), notices)
}

impl Client {
    /// Returns the flow with the given name, or `None` if it does not exist. Only tests use this route.
    pub(crate) async fn flow_by_name(
        &self,
        name: &str,
    ) -> Result<Option<super::flows::Flow>, super::ApiError> {
        super::error::optional(self.json(super::request::Request::get(&["flows", "name", name])).await)
    }
}
