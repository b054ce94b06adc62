//! A proxy in front of the real server. Tests use the proxy to run code before or after a particular request.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result};

/// A recorded request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) line: String,
    pub(crate) body: String,
    /// Number of earlier writes. `None` if the request only reads.
    pub(crate) write: Option<usize>,
    /// Status code of the server's response. `None` until the response arrives.
    pub(crate) status: Option<u16>,
}

/// The proxy's reaction to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Pass,
    /// Responds with 500 and does not forward the request.
    Refuse,
    /// Forwards the request, and responds with 500.
    PassAndRefuse,
}

/// Time of a decision: before the request is forwarded, or after the server has responded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Before,
    After,
}

/// A point in time during a command: before or after the n-th matching request. Ignores rejected requests,
/// because the command sends them again.
#[derive(Debug, Clone, Copy)]
pub(crate) struct When {
    pub(crate) moment: Moment,
    pub(crate) nth: usize,
    /// Checks the method and the path.
    pub(crate) matches: fn(&str) -> bool,
}

impl When {
    /// The first read of deployments belongs to the comparison, and the second read to the conflict check.
    pub(crate) const BEFORE_CONFLICT_CHECK: Self =
        Self { moment: Moment::Before, nth: 2, matches: |line| line == "POST /api/deployments/filter" };

    /// Returns a function that detects the point in time. The function counts the requests, and returns
    /// `true` exactly once.
    pub(crate) fn detector(self) -> impl Fn(&Seen, Moment) -> bool + Send + Sync {
        let count = AtomicUsize::new(0);
        move |seen, moment| {
            let is_rejected = seen.status.is_some_and(|status| status >= 500);
            let is_match = moment == self.moment && !is_rejected && (self.matches)(&seen.line);
            is_match && count.fetch_add(1, SeqCst) + 1 == self.nth
        }
    }
}

type Decide = dyn Fn(&Seen, Moment) -> Verdict + Send + Sync;

/// A running proxy that ends with the test process.
pub(crate) struct Proxy {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Proxy {
    /// Starts a proxy in front of the API at the given URL.
    pub(crate) fn start(
        url: &str,
        decide: impl Fn(&Seen, Moment) -> Verdict + Send + Sync + 'static,
    ) -> Result<Self> {
        let upstream = url.trim_start_matches("http://").split('/').next().context("a host")?.to_owned();
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let port = listener.local_addr()?.port();
        let seen = Arc::default();
        let (all, decide): (_, Arc<Decide>) = (Arc::clone(&seen), Arc::new(decide));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (upstream, seen, decide) = (upstream.clone(), Arc::clone(&all), Arc::clone(&decide));
                // Disconnects of killed clients are not errors.
                thread::spawn(move || drop(forward(&stream, &upstream, &seen, &*decide)));
            }
        });
        Ok(Self { port, seen })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/api", self.port)
    }

    /// Returns the recorded requests that write.
    pub(crate) fn writes(&self) -> Vec<Seen> {
        lock(&self.seen).iter().filter(|item| item.write.is_some()).cloned().collect()
    }

    /// Returns the number of requests, except requests that a busy server rejected with 503.
    pub(crate) fn requests(&self) -> usize {
        lock(&self.seen).iter().filter(|item| item.status != Some(503)).count()
    }

    /// Waits until the server has responded to all requests, including requests from killed clients.
    pub(crate) fn settle(&self) {
        while lock(&self.seen).iter().any(|item| item.status.is_none()) {
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Forwards one request. The connection is not reused.
fn forward(client: &TcpStream, upstream: &str, seen: &Mutex<Vec<Seen>>, decide: &Decide) -> Result<()> {
    let mut reader = BufReader::new(client);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut head = line.clone();
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        head += &header;
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;

    let (number, request) = note(seen, &line, &body);
    let verdict = decide(&request, Moment::Before);
    let mut answer = Vec::new();
    if verdict != Verdict::Refuse {
        let passed = pass(upstream, &format!("{head}connection: close\r\n\r\n"), &body, &mut answer);
        let answered = Seen { status: Some(status(&answer)), ..request };
        decide(&answered, Moment::After);
        lock(seen)[number].status = answered.status;
        passed?;
    }
    lock(seen)[number].status.get_or_insert(500);
    if verdict != Verdict::Pass {
        let text = r#"{"exception_message":"Internal Server Error"}"#;
        let length = text.len();
        answer = format!(
            "HTTP/1.1 500 Internal Server Error\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\nconnection: close\r\n\r\n{text}"
        )
        .into();
    }
    let mut client = client;
    client.write_all(&answer)?;
    Ok(())
}

/// Sends a request to the server and reads the response.
fn pass(upstream: &str, head: &str, body: &[u8], answer: &mut Vec<u8>) -> Result<()> {
    let mut server = TcpStream::connect(upstream)?;
    server.write_all(head.as_bytes())?;
    server.write_all(body)?;
    server.read_to_end(answer)?;
    Ok(())
}

/// Parses the status code of a response such as `HTTP/1.1 201 Created`. Returns 0 if the response has no
/// status code.
fn status(answer: &[u8]) -> u16 {
    let code = answer.get(9..12).and_then(|code| std::str::from_utf8(code).ok());
    code.and_then(|code| code.parse().ok()).unwrap_or(0)
}

/// Records a request. Returns its index and the record.
fn note(seen: &Mutex<Vec<Seen>>, line: &str, body: &[u8]) -> (usize, Seen) {
    let changes = !line.starts_with("GET ") && !line.contains("/filter ");
    let mut seen = lock(seen);
    let writes = seen.iter().filter(|item| item.write.is_some()).count();
    let request = Seen {
        line: line.trim_end().trim_end_matches(" HTTP/1.1").to_owned(),
        body: String::from_utf8_lossy(body).into_owned(),
        write: changes.then_some(writes),
        status: None,
    };
    seen.push(request.clone());
    (seen.len() - 1, request)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
