//! The API client, which sends requests with retries, CSRF tokens and rate limiting.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use bytes::Bytes;
use rand::Rng as _;
use reqwest::{
    StatusCode,
    header::{ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use url::Url;

use super::{
    ApiError, ClientOptions, Credentials, RetryNotice, RetryPolicy,
    answer::{Answer, Failure},
    auth,
    capabilities::Capabilities,
    csrf::{self, CsrfToken, CsrfTokens},
    error::Peer,
    limiter::Limiter,
    request::{Access, Request},
    retry::Situation,
    throttle::{Throttle, WriteSlot},
    transport::Transport,
};
use crate::{
    clock::Clock,
    loopback::is_loopback,
    secret::{MASK, Secret},
    value::{rounded_integer, with_exact_integers},
};

/// Maximum total duration of a response, as a multiple of the timeout. Without this limit, a response that arrives
/// byte by byte would never time out.
const RESPONSE_TIMEOUTS: u32 = 5;

/// Callback that is invoked before each retry.
pub(crate) type Notify = Arc<dyn Fn(&RetryNotice) + Send + Sync>;

/// Callback that receives a log line for every completed request.
pub(crate) type Log = Box<dyn Fn(&str) + Send + Sync>;

/// Client for the API of a Prefect server or a Prefect Cloud workspace.
pub(crate) struct Client {
    base: Url,
    peer: Peer,
    headers: HeaderMap,
    csrf: Option<CsrfTokens>,
    retry: RetryPolicy,
    throttle: Throttle,
    transport: Transport,
    /// The server's features, requested at most once.
    pub(super) capabilities: OnceCell<Capabilities>,
    /// Whether the server has responded to at least one request.
    connected: AtomicBool,
    /// Number of requests sent so far, including retries.
    requests: AtomicU64,
    clock: Clock,
    notify: Notify,
    log: Option<Log>,
    ignored_headers: Vec<String>,
}

impl Client {
    /// Maximum number of concurrent sequences of write requests.
    pub(crate) const MAX_WRITES: usize = Limiter::MAX;

    /// Creates a client without sending a request. Loads TLS certificates only for `https://` URLs.
    ///
    /// # Errors
    ///
    /// Fails if the options are invalid.
    pub(crate) fn new(options: ClientOptions, clock: Clock, notify: Notify) -> Result<Self, ApiError> {
        let (base, login) = parse_base(&options.url)?;
        let credentials = login.unwrap_or(options.credentials);
        let (mut headers, ignored_headers) = auth::headers(&credentials, &options.custom_headers)?;
        if base.host_str().is_some_and(is_loopback) {
            // Compression costs the server more time than it saves during the transfer.
            headers.entry(ACCEPT_ENCODING).or_insert(HeaderValue::from_static("identity"));
        }
        let peer = Peer {
            url: base.to_string(),
            is_cloud: options.is_cloud,
            timeout: options.transport.timeout,
            proxy: options.transport.proxies.description(&base),
        };
        let transport = Transport::new(options.transport);
        transport.prepare(&base)?;
        Ok(Self {
            base,
            peer,
            headers,
            csrf: (options.csrf && !options.is_cloud).then(CsrfTokens::new),
            retry: options.retry,
            throttle: Throttle::new(options.max_requests_per_minute),
            transport,
            capabilities: OnceCell::new(),
            connected: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            clock,
            notify,
            log: None,
            ignored_headers,
        })
    }

    /// Sets the callback that logs every request.
    #[must_use]
    pub(crate) fn logging(self, log: Option<Log>) -> Self {
        Self { log, ..self }
    }

    /// Returns the API URL without credentials.
    pub(crate) fn url(&self) -> &str {
        &self.peer.url
    }

    pub(crate) fn is_cloud(&self) -> bool {
        self.peer.is_cloud
    }

    /// Returns the number of requests sent so far, including retries.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Returns the names of ignored custom headers. prefectl sets these headers itself.
    pub(crate) fn ignored_headers(&self) -> &[String] {
        &self.ignored_headers
    }

    /// Waits until another sequence of write requests may start. The sequence ends when the returned slot is
    /// dropped.
    pub(crate) async fn write_slot(&self) -> WriteSlot<'_> {
        self.throttle.write_slot().await
    }

    /// Returns the current limit on concurrent sequences of write requests.
    pub(crate) fn write_limit(&self) -> usize {
        self.throttle.write_limit()
    }

    /// Sends a request and parses the response body as JSON.
    pub(super) async fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, ApiError> {
        Ok(self.json_with_body(request).await?.0)
    }

    /// Sends a request and parses the response body as JSON. Also returns the body.
    ///
    /// Integers that do not fit in 64 bits become strings, because they would be rounded.
    pub(super) async fn json_with_body<T: DeserializeOwned>(
        &self,
        request: Request,
    ) -> Result<(T, Bytes), ApiError> {
        let answer = self.send(&request).await?;
        let parsed = match std::str::from_utf8(&answer.body).map(with_exact_integers) {
            Ok(text) => serde_json::from_str(&text),
            Err(_) => serde_json::from_slice(&answer.body),
        };
        let error = match parsed {
            Ok(object) => return Ok((object, answer.body)),
            Err(error) => error,
        };
        if answer.is_web_page() || error.is_syntax() || error.is_eof() {
            return Err(ApiError::NotJson { url: self.url().to_owned() });
        }
        let error = ApiError::Unexpected { request: request.summary(), reason: error.to_string() };
        Err(self.explained(error, &request).await)
    }

    /// Sends a request and parses the response body as JSON without loss. Used for objects that are sent back to the
    /// server.
    ///
    /// # Errors
    ///
    /// Fails if an integer does not fit in 64 bits. [`Self::json`] converts such an integer to a string.
    pub(super) async fn exact_json<T: DeserializeOwned>(&self, request: Request) -> Result<T, ApiError> {
        let summary = request.summary();
        let (object, body) = self.json_with_body(request).await?;
        if std::str::from_utf8(&body).ok().and_then(rounded_integer).is_none() {
            return Ok(object);
        }
        // The integer may be secret.
        let reason = "it contains an integer that does not fit in 64 bits".to_owned();
        Err(ApiError::Unexpected { request: summary, reason })
    }

    /// Replaces the error with a clearer error if the server runs Prefect 2.
    async fn explained(&self, error: ApiError, request: &Request) -> ApiError {
        let may_be_old = matches!(
            error,
            ApiError::Invalid { .. } | ApiError::Unexpected { .. } | ApiError::NoSuchRoute { .. }
        );
        if !may_be_old || self.is_cloud() || request.is_for_version() {
            return error;
        }
        match Box::pin(self.capabilities()).await {
            Err(old @ ApiError::Prefect2 { .. }) => old,
            _ => error,
        }
    }

    /// Sends a request and discards the response body.
    pub(super) async fn done(&self, request: Request) -> Result<(), ApiError> {
        let answer = self.send(&request).await?;
        if answer.is_web_page() { Err(ApiError::NotJson { url: self.url().to_owned() }) } else { Ok(()) }
    }

    /// Sends a request and retries it if the failure is temporary.
    ///
    /// # Errors
    ///
    /// Returns the error of the last attempt.
    pub(super) async fn send(&self, request: &Request) -> Result<Answer, ApiError> {
        let url = request.url(&self.base)?;
        let started = Instant::now();
        let mut retries = 0;
        loop {
            let failure = match self.attempt(request, &url).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let situation = Situation {
                retries,
                started,
                repeatable: request.repeatable,
                connected: self.connected.load(Ordering::Relaxed),
                now: self.clock.now(),
                random: rand::rng().random(),
            };
            let Some(wait) = self.retry.wait(&failure, &situation) else {
                let error = failure.into_error(request, &self.peer);
                return Err(self.explained(error, request).await);
            };
            (self.notify)(&RetryNotice::new(request, &failure, wait));
            if failure.status() == Some(StatusCode::TOO_MANY_REQUESTS.as_u16()) {
                self.throttle.pause(wait); // the rate limit applies to all requests
            }
            tokio::time::sleep(wait).await;
            retries += 1;
        }
    }

    /// Sends a request once. Fetches a CSRF token and sends the request again if the server requires one.
    async fn attempt(&self, request: &Request, url: &Url) -> Result<Answer, Failure> {
        let Some(tokens) = self.csrf.as_ref().filter(|_| request.changes()) else {
            return self.exchange(request, url, None).await;
        };
        let token = tokens.current().await;
        match self.exchange(request, url, token.as_ref()).await {
            Err(Failure::Status(answer))
                if answer.status == StatusCode::FORBIDDEN && csrf::requires_token(&answer.body) =>
            {
                let fresh = tokens.renew(token.as_ref(), async || self.fetch_token(tokens).await).await?;
                self.exchange(request, url, Some(&fresh)).await
            }
            other => other,
        }
    }

    async fn fetch_token(&self, tokens: &CsrfTokens) -> Result<CsrfToken, Failure> {
        let request = tokens.request();
        let answer = self.exchange(&request, &request.url(&self.base)?, None).await?;
        Ok(tokens.parse(&answer.body).ok_or_else(|| ApiError::Unexpected {
            request: request.summary(),
            reason: "the token is missing".to_owned(),
        })?)
    }

    /// Sends a request without retries and reads the complete response.
    async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        token: Option<&CsrfToken>,
    ) -> Result<Answer, Failure> {
        self.throttle.turn(request.access()).await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let result = self.exchange_now(request, url, token).await;
        match &result {
            Ok(_) => self.throttle.succeeded(request.access(), began.elapsed()),
            Err(failure) if request.access() == Access::Write => {
                failure.rejection().into_iter().for_each(|rejection| self.throttle.rejected(rejection));
            }
            Err(_) => {}
        }
        if let Some(log) = &self.log {
            let end = match &result {
                Ok(answer) | Err(Failure::Status(answer)) => answer.status.to_string(),
                Err(_) => "no response".to_owned(),
            };
            log(&format!("{}: {end} ({} ms)", request.summary(), began.elapsed().as_millis()));
        }
        result
    }

    async fn exchange_now(
        &self,
        request: &Request,
        url: &Url,
        token: Option<&CsrfToken>,
    ) -> Result<Answer, Failure> {
        let exchange = async {
            let response = self.transport.execute(self.message(request, url, token)).await?;
            self.connected.store(true, Ordering::Relaxed);
            Answer::read(response).await
        };
        let limit = self.peer.timeout.saturating_mul(RESPONSE_TIMEOUTS);
        let answer = tokio::time::timeout(limit, exchange).await.map_err(|_| Failure::Slow(limit))??;
        if answer.status.is_success() { Ok(answer) } else { Err(Failure::Status(answer)) }
    }

    fn message(&self, request: &Request, url: &Url, token: Option<&CsrfToken>) -> reqwest::Request {
        let mut message = reqwest::Request::new(request.method.clone(), url.clone());
        let headers = message.headers_mut();
        headers.clone_from(&self.headers);
        if let Some(CsrfToken { token, client }) = token {
            headers.insert("prefect-csrf-token", token.clone());
            headers.insert("prefect-csrf-client", client.clone());
        }
        if let Some(body) = request.body() {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *message.body_mut() = Some(body.into());
        }
        message
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("url", &self.peer.url).finish_non_exhaustive()
    }
}

/// Splits a URL such as `http://user:password@host/api` into the URL without credentials and the credentials.
fn parse_base(text: &str) -> Result<(Url, Option<Credentials>), ApiError> {
    let valid =
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // Even an invalid URL may contain a password.
    let Some(mut url) = valid else { return Err(ApiError::InvalidUrl { url: mask_password(text) }) };
    if url.username().is_empty() && url.password().is_none() {
        return Ok((url, None));
    }
    let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    let login = format!("{}:{}", decode(url.username()), decode(url.password().unwrap_or_default()));
    // Removing the credentials fails only for URLs without a host.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    Ok((url, Some(Credentials::Basic(Secret::new(login)))))
}

fn mask_password(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}{MASK}{}", &text[..scheme + 3], &text[at..]),
        _ => text.to_owned(),
    }
}
