//! The one way in which requests are sent.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rand::Rng as _;
use reqwest::{
    StatusCode,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
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
    request::Request,
    retry::Situation,
    throttle::Throttle,
    transport::Transport,
};
use crate::{
    clock::Clock,
    secret::{MASK, Secret},
};

/// How many of the pauses that are allowed in an answer the whole of it may take: one that comes byte by byte
/// ends too.
const TIMEOUTS_OF_AN_ANSWER: u32 = 5;

/// Told before a request is sent again.
pub(crate) type Notify = Arc<dyn Fn(&RetryNotice) + Send + Sync>;

/// Told of every request once it is over, in a line.
pub(crate) type Log = Box<dyn Fn(&str) + Send + Sync>;

/// A connection to one Prefect API.
pub(crate) struct Client {
    base: Url,
    peer: Peer,
    headers: HeaderMap,
    csrf: Option<CsrfTokens>,
    retry: RetryPolicy,
    throttle: Throttle,
    transport: Transport,
    /// Asked for once.
    pub(super) capabilities: OnceCell<Capabilities>,
    /// Whether the server has ever answered.
    connected: AtomicBool,
    /// How many requests were sent, those that were sent again included.
    requests: AtomicU64,
    /// In nanoseconds.
    quickest: AtomicU64,
    clock: Clock,
    notify: Notify,
    log: Option<Log>,
    refused_headers: Vec<String>,
}

impl Client {
    /// Checks the options. Nothing is sent, and for `http://` nothing read.
    pub(crate) fn new(options: ClientOptions, clock: Clock, notify: Notify) -> Result<Self, ApiError> {
        let (base, login) = parse_base(&options.url)?;
        let credentials = login.unwrap_or(options.credentials);
        let (headers, refused_headers) = auth::headers(&credentials, &options.custom_headers)?;
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
            quickest: AtomicU64::new(u64::MAX),
            clock,
            notify,
            log: None,
            refused_headers,
        })
    }

    /// Tells of every request.
    #[must_use]
    pub(crate) fn logging(self, log: Option<Log>) -> Self {
        Self { log, ..self }
    }

    /// The API's URL, without credentials.
    pub(crate) fn url(&self) -> &str {
        &self.peer.url
    }

    pub(crate) fn is_cloud(&self) -> bool {
        self.peer.is_cloud
    }

    /// How many requests were sent so far.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How long the quickest request took: about as long as the way to the server and back.
    pub(crate) fn quickest(&self) -> Duration {
        Duration::from_nanos(self.quickest.load(Ordering::Relaxed))
    }

    /// The custom headers that were left out because this program sets them itself.
    pub(crate) fn refused_headers(&self) -> &[String] {
        &self.refused_headers
    }

    /// Writes, also those that are sent again, are so far apart from now on.
    pub(crate) fn space_writes(&self, gap: Duration) {
        self.throttle.space_writes(gap);
    }

    /// Sends a request and reads the JSON of the answer.
    pub(super) async fn json<T: DeserializeOwned>(&self, request: Request) -> Result<T, ApiError> {
        let answer = self.send(&request).await?;
        let error = match serde_json::from_slice(&answer.body) {
            Ok(object) => return Ok(object),
            Err(error) => error,
        };
        if answer.is_web_page() || error.is_syntax() || error.is_eof() {
            return Err(ApiError::NotJson { url: self.url().to_owned() });
        }
        let error = ApiError::Unexpected { request: request.summary(), reason: error.to_string() };
        Err(self.explained(error, &request).await)
    }

    /// Replaces an error that may come from a server of Prefect 2 by one that says so.
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

    /// Sends a request whose answer says nothing.
    pub(super) async fn done(&self, request: Request) -> Result<(), ApiError> {
        let answer = self.send(&request).await?;
        if answer.is_web_page() { Err(ApiError::NotJson { url: self.url().to_owned() }) } else { Ok(()) }
    }

    /// Sends a request, again if need be, until it succeeds or there is no hope.
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
                self.throttle.pause(wait); // it is meant for all requests
            }
            tokio::time::sleep(wait).await;
            retries += 1;
        }
    }

    /// One try, with a CSRF token if the server wants one.
    async fn attempt(&self, request: &Request, url: &Url) -> Result<Answer, Failure> {
        let Some(tokens) = self.csrf.as_ref().filter(|_| request.changes()) else {
            return self.exchange(request, url, None).await;
        };
        let token = tokens.current().await;
        match self.exchange(request, url, token.as_ref()).await {
            Err(Failure::Status(answer))
                if answer.status == StatusCode::FORBIDDEN && csrf::asks_for_token(&answer.body) =>
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
            reason: "it holds no token".to_owned(),
        })?)
    }

    /// Sends a request as it is and waits for the whole answer.
    async fn exchange(
        &self,
        request: &Request,
        url: &Url,
        token: Option<&CsrfToken>,
    ) -> Result<Answer, Failure> {
        self.throttle.turn(request.writes()).await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let began = Instant::now();
        let result = self.exchange_now(request, url, token).await;
        if result.is_ok() {
            let took = u64::try_from(began.elapsed().as_nanos()).unwrap_or(u64::MAX);
            self.quickest.fetch_min(took, Ordering::Relaxed);
        }
        if let Some(log) = &self.log {
            let end = match &result {
                Ok(answer) | Err(Failure::Status(answer)) => answer.status.to_string(),
                Err(_) => "no answer".to_owned(),
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
        let limit = self.peer.timeout.saturating_mul(TIMEOUTS_OF_AN_ANSWER);
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

/// Splits `http://user:password@host/api` into the URL and the credentials in it.
fn parse_base(text: &str) -> Result<(Url, Option<Credentials>), ApiError> {
    let usable =
        Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    // What cannot be read as a URL may still hold a password.
    let Some(mut url) = usable else { return Err(ApiError::InvalidUrl { url: mask_password(text) }) };
    if url.username().is_empty() && url.password().is_none() {
        return Ok((url, None));
    }
    let decode = |part: &str| percent_encoding::percent_decode_str(part).decode_utf8_lossy().into_owned();
    let login = format!("{}:{}", decode(url.username()), decode(url.password().unwrap_or_default()));
    // Cannot fail for a URL with a host.
    let _ = url.set_username("").and_then(|()| url.set_password(None));
    Ok((url, Some(Credentials::Basic(Secret::new(login)))))
}

fn mask_password(text: &str) -> String {
    match (text.find("://"), text.rfind('@')) {
        (Some(scheme), Some(at)) if scheme < at => format!("{}{MASK}{}", &text[..scheme + 3], &text[at..]),
        _ => text.to_owned(),
    }
}
