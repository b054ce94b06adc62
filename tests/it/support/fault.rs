//! Faults of a server, from refused connections to invalid JSON.

use std::{
    io::{self, Write},
    net::TcpStream,
    thread,
    time::Duration,
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use super::in_memory_api::Reply;

/// A fault that replaces or damages the response to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The server stops permanently.
    Refuse,
    /// The server stops and restarts after a moment.
    Restart,
    /// The connection is reset before the server handles the request.
    ResetBefore,
    /// The connection is reset after the server has handled the request.
    ResetAfter,
    HalfBody,
    ByteByByte,
    /// An HTML page with status 200.
    Html,
    InvalidJson,
    Empty,
    WrongContentType,
    NotHttp,
    Redirect(u16),
    Hang,
    /// Endless JSON.
    Endless,
    /// A small compressed body that expands to a large body.
    Unpacking,
    /// Endless headers.
    Headers,
    /// JSON with 100,000 nested levels.
    Deep,
    RedirectTo(&'static str),
    /// An error that repeats the whole request.
    Echo,
    Status(u16),
    /// Status 429 with the given `Retry-After` header.
    TooMany(&'static str),
}

use Fault::{
    ByteByByte, Deep, Echo, Empty, Endless, HalfBody, Hang, Headers, Html, InvalidJson, NotHttp, Redirect,
    RedirectTo, Refuse, ResetAfter, ResetBefore, Restart, Status, TooMany, Unpacking, WrongContentType,
};

pub(crate) const FAULTS: [Fault; 32] = [
    Refuse,
    Restart,
    ResetBefore,
    ResetAfter,
    HalfBody,
    ByteByByte,
    Html,
    InvalidJson,
    Empty,
    WrongContentType,
    NotHttp,
    Redirect(302),
    Redirect(307),
    Hang,
    Echo,
    Status(400),
    Status(401),
    Status(403),
    Status(404),
    Status(408),
    Status(409),
    Status(413),
    Status(422),
    Status(500),
    Status(502),
    Status(503),
    Status(504),
    TooMany("0"),
    TooMany("Mon, 23 Nov 2020 14:00:00 GMT"),
    TooMany("soon"),
    TooMany("3600"),
    TooMany("-1"),
];

impl Fault {
    /// Returns whether the server still handles the request.
    pub(crate) fn acts(self) -> bool {
        matches!(
            self,
            ResetAfter
                | HalfBody
                | ByteByByte
                | Html
                | InvalidJson
                | Empty
                | WrongContentType
                | NotHttp
                | Hang
        )
    }

    /// Sends the faulty response instead of `reply`. Returns whether the connection remains usable.
    pub(crate) fn send(self, stream: &mut TcpStream, reply: &Reply, target: &str) -> io::Result<bool> {
        let body = body_text(reply);
        match self {
            Refuse | Restart | ResetBefore | ResetAfter => return Ok(false),
            HalfBody => {
                send_half(stream, &body)?;
                return Ok(false);
            }
            ByteByByte => {
                for byte in response(reply.0, JSON, &body).as_bytes() {
                    stream.write_all(&[*byte])?;
                }
            }
            Html => stream.write_all(
                response(200, "content-type: text/html; charset=utf-8\r\n", "<!doctype html><p>Hi")
                    .as_bytes(),
            )?,
            InvalidJson => stream.write_all(response(200, JSON, "{\"id\": ").as_bytes())?,
            Empty => stream.write_all(response(200, JSON, "").as_bytes())?,
            WrongContentType => {
                let binary = "content-type: application/octet-stream\r\n";
                stream.write_all(response(reply.0, binary, &body).as_bytes())?;
            }
            NotHttp => {
                stream.write_all(b"220 mail.example.com ESMTP\r\n")?;
                return Ok(false);
            }
            Redirect(status) => {
                stream.write_all(response(status, &format!("location: {target}\r\n"), "").as_bytes())?;
            }
            Hang => {
                thread::sleep(Duration::from_secs(3));
                return Ok(false);
            }
            Endless => {
                write!(stream, "HTTP/1.1 200 OK\r\n{JSON}connection: close\r\n\r\n[")?;
                repeat(stream, b"null,")?;
                return Ok(false);
            }
            Unpacking => send_compressed(stream)?,
            Headers => {
                write!(stream, "HTTP/1.1 200 OK\r\n")?;
                repeat(stream, b"x: y\r\n")?;
                return Ok(false);
            }
            Deep => stream.write_all(response(200, JSON, &"[".repeat(100_000)).as_bytes())?,
            RedirectTo(place) => {
                stream.write_all(response(307, &format!("location: {place}\r\n"), "").as_bytes())?;
            }
            Echo => stream.write_all(response(reply.0, JSON, &body).as_bytes())?,
            Status(status) => stream.write_all(response(status, JSON, &error_body(status)).as_bytes())?,
            TooMany(wait) => {
                let headers = format!("{JSON}retry-after: {wait}\r\n");
                stream.write_all(response(429, &headers, &error_body(429)).as_bytes())?;
            }
        }
        Ok(true)
    }
}

/// Repeats the bytes until the client disconnects, up to one gigabyte.
fn repeat(stream: &mut TcpStream, part: &[u8]) -> io::Result<()> {
    let chunk = part.repeat(10_000);
    (0..(1 << 30) / chunk.len()).try_for_each(|_| stream.write_all(&chunk))
}

/// Returns the body that a Prefect server sends with an error status.
fn error_body(status: u16) -> String {
    let body = match status {
        401 => json!({"exception_message": "Unauthorized"}),
        422 => json!({
            "exception_message": "Invalid request received.",
            "exception_detail": [{"type": "missing", "loc": ["body", "name"], "msg": "Field required"}],
        }),
        500.. => json!({"exception_message": "It is broken"}),
        _ => json!({"detail": "It was refused"}),
    };
    body.to_string()
}

pub(crate) fn body_text((_, body): &Reply) -> String {
    if *body == Value::Null { String::new() } else { body.to_string() }
}

/// Formats an HTTP response. Each line of `headers` ends with CRLF.
pub(crate) fn response(status: u16, headers: &str, body: &str) -> String {
    let length = if status == 204 { String::new() } else { format!("content-length: {}\r\n", body.len()) };
    format!("HTTP/1.1 {status} Status\r\n{headers}{length}\r\n{body}")
}

const JSON: &str = "content-type: application/json\r\n";

/// Sends the first half of a body.
fn send_half(stream: &mut TcpStream, body: &str) -> io::Result<()> {
    let half = &body[..body.len() / 2];
    write!(stream, "HTTP/1.1 200 OK\r\n{JSON}content-length: {}\r\n\r\n{half}", body.len().max(2))
}

/// Sends a small body that decompresses to 512 MiB.
fn send_compressed(stream: &mut TcpStream) -> io::Result<()> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&vec![b' '; 1 << 20])?;
    // Concatenated gzip members are valid gzip.
    let packed = packer.finish()?.repeat(512);
    write!(
        stream,
        "HTTP/1.1 200 OK\r\n{JSON}content-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        packed.len()
    )?;
    stream.write_all(&packed)
}
