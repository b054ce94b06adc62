//! A Git server on loopback: `git http-backend` behind a minimal HTTP server.

use std::{
    collections::HashMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    thread,
};

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use tempfile::TempDir;

/// Serves repositories. Repositories under `private/` require the password.
pub(crate) struct GitServer {
    root: Arc<TempDir>,
    /// Base URL, such as `http://127.0.0.1:8080`.
    pub(crate) url: String,
}

pub(crate) const USER: &str = "ada";
pub(crate) const PASSWORD: &str = "s3cret-~%40-token";

impl GitServer {
    pub(crate) fn start() -> Result<Self> {
        let root = Arc::new(TempDir::with_prefix("prefectl-git-")?);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let url = format!("http://{}", listener.local_addr()?);
        let served = Arc::clone(&root);
        // The thread ends with the test process.
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = Arc::clone(&served);
                thread::spawn(move || answer(&stream, served.path()));
            }
        });
        Ok(Self { root, url })
    }

    /// Creates a repository with one commit that contains `files`.
    pub(crate) fn repository(&self, name: &str, files: &[(&str, &str)]) -> Result<Repository> {
        let repository = Repository { path: self.root.path().join(name) };
        fs::create_dir_all(&repository.path)?;
        repository.git(&["init", "--quiet", "--initial-branch", "main"])?;
        repository.git(&["config", "uploadpack.allowFilter", "true"])?;
        repository.commit(files)?;
        Ok(repository)
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("{}/{name}/.git", self.url)
    }
}

/// A repository of the server, with a working tree for commits.
pub(crate) struct Repository {
    path: PathBuf,
}

impl Repository {
    /// Commits files. Returns the hash of the commit.
    pub(crate) fn commit(&self, files: &[(&str, &str)]) -> Result<String> {
        for (path, text) in files {
            let file = self.path.join(path);
            fs::create_dir_all(file.parent().context("a file has a folder")?)?;
            fs::write(file, text)?;
        }
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "a commit"])?;
        self.git(&["rev-parse", "HEAD"])
    }

    /// Runs Git in the working tree. Returns its output.
    pub(crate) fn git(&self, arguments: &[&str]) -> Result<String> {
        let output = Command::new("git")
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgSign=false"])
            .args(arguments)
            .current_dir(&self.path)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "git {arguments:?}: {stderr}");
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }
}

/// Handles one request and closes the connection. Does not respond to an invalid request.
fn answer(stream: &TcpStream, root: &Path) {
    let _ = respond(stream, root);
}

fn respond(mut stream: &TcpStream, root: &Path) -> Result<()> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next().context("a method")?, words.next().context("a target")?);
    let headers = headers(&mut reader)?;
    let header = |name: &str| headers.get(name).map(String::as_str).unwrap_or_default();
    let body = body(&mut reader, &headers)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
    if path.starts_with("/private/") && header("authorization") != format!("Basic {expected}") {
        let refusal = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"git\"\r\nContent-Length: 0\r\n\
                       Connection: close\r\n\r\n";
        return Ok(stream.write_all(refusal.as_bytes())?);
    }
    let mut backend = Command::new("git")
        .arg("http-backend")
        .envs([("GIT_HTTP_EXPORT_ALL", "1"), ("PATH_INFO", path), ("QUERY_STRING", query)])
        .envs([
            ("REQUEST_METHOD", method),
            ("REMOTE_ADDR", "127.0.0.1"),
            ("CONTENT_TYPE", header("content-type")),
        ])
        .env("GIT_PROJECT_ROOT", root)
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header("content-encoding"))
        .env("GIT_PROTOCOL", header("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    backend.stdin.take().context("its input")?.write_all(&body)?;
    let answer = backend.wait_with_output()?.stdout;
    let end = answer.windows(4).position(|part| part == b"\r\n\r\n").context("the end of its headers")?;
    let fields = String::from_utf8_lossy(&answer[..end]).into_owned();
    let status = fields.lines().find_map(|line| line.strip_prefix("Status: ")).unwrap_or("200 OK");
    write!(stream, "HTTP/1.1 {status}\r\n{fields}\r\nConnection: close\r\n\r\n")?;
    Ok(stream.write_all(&answer[end + 4..])?)
}

/// Reads the headers. Their names are converted to lowercase.
fn headers(reader: &mut impl BufRead) -> Result<HashMap<String, String>> {
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { return Ok(headers) };
        if name.eq_ignore_ascii_case("expect") {
            anyhow::bail!("nobody here says to go on");
        }
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
}

/// Reads the body by its content length or its chunks.
fn body(reader: &mut impl BufRead, headers: &HashMap<String, String>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    if let Some(length) = headers.get("content-length") {
        reader.take(length.parse()?).read_to_end(&mut body)?;
    } else if headers.get("transfer-encoding").is_some_and(|encoding| encoding == "chunked") {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size)?;
            let size = u64::from_str_radix(size.trim(), 16)?;
            reader.take(size).read_to_end(&mut body)?;
            reader.read_line(&mut String::new())?;
            if size == 0 {
                break;
            }
        }
    }
    Ok(body)
}
