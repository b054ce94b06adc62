//! A loopback server that serves an in-memory API and injects faults.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use anyhow::Result;
use serde_json::{Value, json};

use super::{
    edition::Edition,
    fault::{Fault, body_text, response},
    in_memory_api::{InMemoryApi, Reply},
};

/// Time between stop and restart of a server.
const RESTART: Duration = Duration::from_millis(100);

/// The request that fails, and the fault.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FaultPlan {
    pub(crate) fault: Fault,
    /// Zero-based index of the request.
    pub(crate) at: usize,
    /// Whether all later requests fail too.
    pub(crate) lasting: bool,
}

/// A running server. Dropping the value stops it.
pub(crate) struct FaultServer {
    shared: Arc<Shared>,
}

struct Shared {
    address: SocketAddr,
    edition: Edition,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    in_memory_api: InMemoryApi,
    plan: Option<FaultPlan>,
    /// `METHOD path` of each request, in order.
    requests: Vec<String>,
    /// Headers and bodies of all requests.
    received: String,
    /// Whether the server refuses connections.
    down: bool,
    /// Whether the server has stopped permanently.
    gone: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the accepting thread so that it notices that the server is down.
    fn wake(&self) {
        let _ = TcpStream::connect(self.address);
    }
}

impl FaultServer {
    pub(crate) fn start() -> Result<Self> {
        Self::start_as(Edition::SelfHosted)
    }

    pub(crate) fn start_as(edition: Edition) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let shared = Arc::new(Shared { address: listener.local_addr()?, edition, state: Mutex::default() });
        let server = Arc::clone(&shared);
        thread::spawn(move || accept(listener, &server));
        Ok(Self { shared })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.shared.address, self.shared.edition.base_path())
    }

    /// Clears the recorded requests and sets the next fault.
    pub(crate) fn fail(&self, plan: Option<FaultPlan>) {
        let mut state = self.shared.state();
        state.requests.clear();
        state.plan = plan;
    }

    /// Removes the fault and restarts the server if it is down.
    pub(crate) fn heal(&self) -> Result<()> {
        self.fail(None);
        let was_down = std::mem::take(&mut self.shared.state().down);
        if was_down {
            let listener = bind(self.shared.address)?;
            let server = Arc::clone(&self.shared);
            thread::spawn(move || accept(listener, &server));
        }
        Ok(())
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.state().requests.clone()
    }

    /// Returns the headers and bodies of all requests so far.
    pub(crate) fn received(&self) -> String {
        self.shared.state().received.clone()
    }

    /// Modifies the state of the server.
    pub(crate) fn change(&self, change: impl FnOnce(&mut InMemoryApi)) {
        change(&mut self.shared.state().in_memory_api);
    }

    /// Reads the state of the server.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&InMemoryApi) -> T) -> T {
        look(&self.shared.state().in_memory_api)
    }
}

impl Drop for FaultServer {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        (state.down, state.gone) = (true, true);
        drop(state);
        self.shared.wake();
    }
}

/// Binds the server's port again. Old connections may block the port for a moment.
fn bind(address: SocketAddr) -> std::io::Result<TcpListener> {
    for _ in 0..50 {
        if let Ok(listener) = TcpListener::bind(address) {
            return Ok(listener);
        }
        thread::sleep(Duration::from_millis(20));
    }
    TcpListener::bind(address)
}

fn accept(listener: TcpListener, server: &Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept() {
        if server.state().down {
            break;
        }
        let server = Arc::clone(server);
        thread::spawn(move || {
            // A client may disconnect at any time.
            let _ = serve(stream, &server);
        });
    }
    // Without a listener, connections are refused.
    drop(listener);
}

/// Handles the requests of a connection.
fn serve(mut stream: TcpStream, server: &Arc<Shared>) -> Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    while let Some(Request { method, path, body, text }) = read_request(&mut reader)? {
        let (fault, reply) = {
            let mut state = server.state();
            if state.down {
                break;
            }
            let number = state.requests.len();
            state.requests.push(format!("{method} {path}"));
            state.received += &text;
            let hit = |plan: &FaultPlan| plan.at == number || (plan.lasting && plan.at < number);
            let fault = state.plan.filter(hit).map(|plan| plan.fault);
            let acts = fault.is_none_or(Fault::acts);
            // Requests to a proxy contain the whole URL.
            let path = path.split_once("/api/").map_or("", |(_, path)| path);
            let reply = if fault == Some(Fault::Echo) {
                echo(&text)
            } else if acts {
                server.edition.handle(&mut state.in_memory_api, (&method, path), &text, &body)
            } else {
                (200, Value::Null)
            };
            (fault, reply)
        };
        let Some(fault) = fault else {
            let answer = response(reply.0, "content-type: application/json\r\n", &body_text(&reply));
            stream.write_all(answer.as_bytes())?;
            continue;
        };
        go_down(fault, server);
        if !fault.send(&mut stream, &reply, &path)? {
            break;
        }
    }
    // If unread data remains, the kernel resets the connection. Otherwise the connection is closed. The
    // client must handle both cases.
    let _ = stream.shutdown(Shutdown::Both);
    Ok(())
}

fn go_down(fault: Fault, server: &Arc<Shared>) {
    if !matches!(fault, Fault::Refuse | Fault::Restart) {
        return;
    }
    server.state().down = true;
    server.wake();
    if fault == Fault::Restart {
        let server = Arc::clone(server);
        thread::spawn(move || {
            thread::sleep(RESTART);
            let Ok(listener) = bind(server.address) else { return };
            let mut state = server.state();
            if state.gone {
                return;
            }
            state.down = false;
            drop(state);
            accept(listener, &server);
        });
    }
}

/// A request from a client.
struct Request {
    method: String,
    path: String,
    body: Value,
    /// Headers and body as received.
    text: String,
}

/// Reads the next request. Returns `None` at the end of the connection.
fn read_request(reader: &mut BufReader<TcpStream>) -> Result<Option<Request>> {
    let mut text = String::new();
    if reader.read_line(&mut text)? == 0 {
        return Ok(None);
    }
    let mut words = text.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return Ok(None) };
    let mut length = 0;
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        text += &header;
        match header.trim().split_once(':') {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse()?;
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    text += &String::from_utf8_lossy(&body);
    // Some tests send bodies that are not JSON.
    let body = serde_json::from_slice(&body).unwrap_or_default();
    Ok(Some(Request { method, path, body, text }))
}

/// Returns an error that repeats the request.
fn echo(text: &str) -> Reply {
    let detail = json!([{"type": "value_error", "loc": ["body", text], "msg": text, "input": text}]);
    (422, json!({"exception_message": text, "exception_detail": detail, "request_body": text}))
}
