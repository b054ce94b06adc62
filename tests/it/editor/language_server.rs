//! A client for yaml-language-server with one open file.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// A running server. Dropping the value stops it.
pub(super) struct LanguageServer {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    file: String,
    /// Number of requests and file versions so far.
    count: u64,
    /// Settings of the editor, by section.
    settings: Value,
}

impl LanguageServer {
    /// Starts the server and opens `file` with the given text.
    pub(super) fn open(program: &str, file: &Path, text: &str) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("--stdio").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().with_context(|| format!("cannot run {program}"))?;
        let input = process.stdin.take().context("its input is ours")?;
        let output = process.stdout.take().context("its output is ours")?;
        let (sender, messages) = channel();
        thread::spawn(move || read_messages(output, &sender));
        let file = url::Url::from_file_path(file).ok().context("the path is absolute")?.into();
        let mut server = Self { process, input, messages, file, count: 0, settings: json!({}) };
        let capabilities = json!({"textDocument": {"hover": {}, "completion": {}, "publishDiagnostics": {}}});
        server.request(
            "initialize",
            &json!({"processId": null, "rootUri": null, "capabilities": capabilities}),
        )?;
        server.send(&json!({"method": "initialized", "params": {}}))?;
        let document = json!({"uri": server.file, "languageId": "yaml", "version": 0, "text": text});
        server.send(&json!({"method": "textDocument/didOpen", "params": {"textDocument": document}}))?;
        Ok(server)
    }

    /// Changes the settings.
    pub(super) fn configure(&mut self, settings: &Value) -> Result<()> {
        self.settings = settings.clone();
        self.send(&json!({"method": "workspace/didChangeConfiguration", "params": {"settings": settings}}))
    }

    /// Replaces the text of the file.
    pub(super) fn change(&mut self, text: &str) -> Result<()> {
        self.count += 1;
        let document = json!({"uri": self.file, "version": self.count});
        let params = json!({"textDocument": document, "contentChanges": [{"text": text}]});
        self.send(&json!({"method": "textDocument/didChange", "params": params}))
    }

    /// Waits until the server reports `count` diagnostics and returns these diagnostics. Diagnostics of an earlier text
    /// may arrive first.
    pub(super) fn findings(&mut self, count: usize) -> Result<Vec<Value>> {
        let findings = |message: &Value| message["params"]["diagnostics"].as_array().cloned();
        let message = self.receive(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && findings(message).is_some_and(|found| found.len() == count)
        })?;
        findings(&message).context("a list")
    }

    /// Sends a `hover` or `completion` request for a position.
    pub(super) fn ask(&mut self, what: &str, position: &Value) -> Result<Value> {
        let params = json!({"textDocument": {"uri": self.file}, "position": position});
        self.request(&format!("textDocument/{what}"), &params)
    }

    fn request(&mut self, method: &str, params: &Value) -> Result<Value> {
        self.count += 1;
        let id = self.count;
        self.send(&json!({"id": id, "method": method, "params": params}))?;
        let answer = self.receive(|message| message["id"] == id && message.get("method").is_none())?;
        answer.get("result").cloned().with_context(|| format!("{method} was answered with {answer}"))
    }

    /// Waits for a message. Responds to the server's requests with the requested settings, or with null.
    fn receive(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        loop {
            let message =
                self.messages.recv_timeout(Duration::from_mins(1)).context("the server is silent")?;
            if is_wanted(&message) {
                return Ok(message);
            }
            if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
                let items = message["params"]["items"].as_array().map(Vec::as_slice).unwrap_or_default();
                let section =
                    |item: &Value| self.settings[item["section"].as_str().unwrap_or_default()].clone();
                let result: Vec<Value> = items.iter().map(section).collect();
                self.send(&json!({"id": id, "result": result}))?;
            }
        }
    }

    fn send(&mut self, message: &Value) -> Result<()> {
        let mut message = message.clone();
        message["jsonrpc"] = json!("2.0");
        let text = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{text}", text.len())?;
        Ok(self.input.flush()?)
    }
}

impl Drop for LanguageServer {
    fn drop(&mut self) {
        // The process may already have ended.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Forwards messages of the server until it ends.
fn read_messages(output: ChildStdout, sender: &Sender<Value>) -> Result<()> {
    let mut output = BufReader::new(output);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if output.read_line(&mut line)? == 0 {
                return Ok(());
            }
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", number)) => length = number.parse()?,
                Some(_) => {}
                None => break,
            }
        }
        let mut text = vec![0; length];
        output.read_exact(&mut text)?;
        sender.send(serde_json::from_slice(&text)?)?;
    }
}

/// Returns the position of the first occurrence of a word, as zero-based line and column.
pub(super) fn position(text: &str, word: &str) -> Result<Value> {
    let Some((before, _)) = text.split_once(word) else { bail!("{word} is not in\n{text}") };
    let line = before.matches('\n').count();
    let character = before.lines().last().filter(|_| !before.ends_with('\n')).map_or(0, str::len);
    Ok(json!({"line": line, "character": character}))
}
