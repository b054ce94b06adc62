//! A yaml-language-server with one open file, spoken to as editors do.

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

/// The server ends when it is dropped.
pub(super) struct LanguageServer {
    process: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    file: String,
    /// Counts requests and versions of the file.
    count: u64,
}

impl LanguageServer {
    /// Starts the server with this file open, and this text in it.
    pub(super) fn open(program: &str, file: &Path, text: &str) -> Result<Self> {
        let mut command = Command::new(program);
        command.arg("--stdio").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut process = command.spawn().with_context(|| format!("cannot run {program}"))?;
        let input = process.stdin.take().context("its input is ours")?;
        let output = process.stdout.take().context("its output is ours")?;
        let (sender, messages) = channel();
        thread::spawn(move || read_messages(output, &sender));
        let file = url::Url::from_file_path(file).ok().context("the path is absolute")?.into();
        let mut server = Self { process, input, messages, file, count: 0 };
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

    /// Writes another text into the file.
    pub(super) fn change(&mut self, text: &str) -> Result<()> {
        self.count += 1;
        let document = json!({"uri": self.file, "version": self.count});
        let params = json!({"textDocument": document, "contentChanges": [{"text": text}]});
        self.send(&json!({"method": "textDocument/didChange", "params": params}))
    }

    /// What is wrong with the text, once it is so many things: what is known of an earlier text may come first.
    pub(super) fn findings(&mut self, count: usize) -> Result<Vec<Value>> {
        let findings = |message: &Value| message["params"]["diagnostics"].as_array().cloned();
        let message = self.receive(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && findings(message).is_some_and(|found| found.len() == count)
        })?;
        findings(&message).context("a list")
    }

    /// Asks for `hover` or `completion` at a place.
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

    /// Waits for a message; what the server asks on the way has no answer but null.
    fn receive(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Result<Value> {
        loop {
            let message =
                self.messages.recv_timeout(Duration::from_mins(1)).context("the server is silent")?;
            if is_wanted(&message) {
                return Ok(message);
            }
            if let (Some(id), Some(_)) = (message.get("id"), message.get("method")) {
                let count = message["params"]["items"].as_array().map_or(0, Vec::len);
                self.send(&json!({"id": id, "result": vec![Value::Null; count]}))?;
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
        // It may have ended by itself.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Passes on what the server says, until it ends.
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

/// Where a word begins for the first time, as line and column from zero.
pub(super) fn position(text: &str, word: &str) -> Result<Value> {
    let Some((before, _)) = text.split_once(word) else { bail!("{word} is not in\n{text}") };
    let line = before.matches('\n').count();
    let character = before.lines().last().filter(|_| !before.ends_with('\n')).map_or(0, str::len);
    Ok(json!({"line": line, "character": character}))
}
