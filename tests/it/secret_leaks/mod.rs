//! Tests that secrets from every source do not leak into the output of a command, into remaining files, or to unrelated
//! servers.
//!
//! Each source has its own canary value and commands that use it. The test also proves that the canary was used.
//! Otherwise, a command that never reads the secret would pass.

mod declared;
mod sources;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use anyhow::{Context as _, Result, bail, ensure};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::support::{FaultServer, Output, Sandbox};

/// A source of a secret and the commands that use it.
struct Source {
    name: &'static str,
    shape: Shape,
    /// Stores the secret in the source.
    plant: fn(Scene, &str) -> Result<Scene>,
    /// The commands, in order. `CANARY` is replaced with the secret.
    lines: &'static [&'static str],
    proof: Proof,
}

const fn source(
    name: &'static str,
    (shape, proof): (Shape, Proof),
    lines: &'static [&'static str],
    plant: fn(Scene, &str) -> Result<Scene>,
) -> Source {
    Source { name, shape, plant, lines, proof }
}

/// The characters of a secret.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Plain,
    /// Characters that JSON and URLs escape.
    Odd,
    Lines,
    Number,
}

/// Proof that a command used the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// The server received the secret.
    Sent,
    /// The server did not receive the secret, which is still in its file.
    Kept,
    /// A step wrote the secret to the file `witness`.
    Witnessed,
    /// The last command failed because of the secret.
    Refused,
    /// The last command failed and left a journal.
    Journaled,
}

/// A project with a server. Tracks the files that may contain secrets.
struct Scene {
    sandbox: Sandbox,
    server: FaultServer,
    planted: Vec<PathBuf>,
}

impl Scene {
    fn new() -> Result<Self> {
        let server = FaultServer::start()?;
        let sandbox = Sandbox::new()?
            .variable("PREFECT_API_URL", server.url())
            .variable("PREFECT_API_REQUEST_TIMEOUT", "2")
            .variable("PREFECT_CLIENT_MAX_RETRIES", "0");
        let scene = Self { sandbox, server, planted: Vec::new() };
        scene.file("prefect.yaml", &sources::project(""))
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.variable(name, value);
        self
    }

    /// Writes a file that may contain the secret.
    fn file(mut self, path: &str, text: &str) -> Result<Self> {
        self.sandbox.file(path, text)?;
        self.planted.push(self.sandbox.directory().join(path).canonicalize()?);
        Ok(self)
    }

    fn root(&self) -> PathBuf {
        self.sandbox.directory().join("..")
    }
}

impl Shape {
    fn secret(self, number: usize) -> String {
        let random = uuid::Uuid::new_v4().simple().to_string();
        match self {
            Self::Plain => format!("canary{number:02}{random}"),
            Self::Odd => format!("can \"{number:02}\" \\{random}/é%&'"),
            Self::Lines => format!("canary {number:02}\n{random}\nend {random}"),
            // The number is valid in JSON and cannot be part of an ID or a time.
            Self::Number => {
                (700_000_000_000_000 + uuid::Uuid::new_v4().as_u128() % 90_000_000_000_000).to_string()
            }
        }
    }
}

/// Checks whether a text contains the secret or a line of it, in any encoding.
fn shows(text: &str, secret: &str) -> bool {
    let lines = secret.lines().filter(|line| line.len() > 12);
    lines.chain([secret]).any(|part| forms(part).iter().any(|form| text.contains(form)))
}

/// Returns the text unchanged and in its encodings: JSON, URL, and base64 at each of the three offsets.
fn forms(text: &str) -> Vec<String> {
    let json = serde_json::Value::from(text).to_string();
    let url = percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
    let in_base64 = (0..3).map(|offset| {
        let encoded = STANDARD.encode([&vec![0; offset], text.as_bytes()].concat());
        // The first and last characters depend on the surrounding bytes.
        encoded.trim_end_matches('=')[4.min(offset * 4)..encoded.trim_end_matches('=').len() - 1].to_owned()
    });
    [text.to_owned(), json[1..json.len() - 1].to_owned(), url].into_iter().chain(in_base64).collect()
}

/// Returns the files in a directory that contain the secret.
fn files_with(directory: &Path, secret: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files_with(&path, secret)?);
        } else if path.is_file() && shows(&String::from_utf8_lossy(&fs::read(&path)?), secret) {
            found.push(path.canonicalize()?);
        }
    }
    Ok(found)
}

/// Tests one source. Fails if the secret leaks or if no command used it.
fn check_source(source: &Source, secret: &str) -> Result<()> {
    let scene = (source.plant)(Scene::new()?, secret)?;
    let mut last = None;
    for line in source.lines {
        let words: Vec<String> = line.split_whitespace().map(|word| word.replace("CANARY", secret)).collect();
        let output = scene.sandbox.run_words(&words.iter().map(String::as_str).collect::<Vec<_>>())?;
        for (stream, text) in [("standard output", &output.stdout), ("standard error", &output.stderr)] {
            ensure!(!shows(text, secret), "{line}: {stream} shows it:\n{text}");
        }
        last = Some(output);
    }
    let witness = scene.root().join("witness");
    let found = files_with(&scene.root(), secret)?;
    let stranger = found.iter().find(|file| !scene.planted.contains(file) && !file.ends_with("witness"));
    ensure!(
        stranger.is_none(),
        "it was left in {}",
        stranger.map_or("", |file| file.to_str().unwrap_or("?"))
    );
    let last = last.context("a source has commands")?;
    prove(source.proof, &scene, secret, &last, found.contains(&witness.canonicalize().unwrap_or(witness)))
        .with_context(|| last.to_string())
}

fn prove(proof: Proof, scene: &Scene, secret: &str, last: &Output, is_witnessed: bool) -> Result<()> {
    let is_sent = shows(&scene.server.received(), secret);
    match proof {
        Proof::Sent => ensure!(is_sent, "the server never got it"),
        Proof::Kept => ensure!(!is_sent && last.code == 0, "it was sent, or the command failed"),
        Proof::Witnessed => ensure!(is_witnessed && !is_sent, "no step got it, or it was sent"),
        Proof::Refused => ensure!(last.code != 0, "the command succeeded"),
        Proof::Journaled => {
            let journals = fs::read_dir(scene.root().join("home/.local/state/prefectl/deploy"))?.count();
            ensure!(last.code != 0 && journals == 1, "the command succeeded, or left no journal");
        }
    }
    Ok(())
}

#[test]
fn leaks_no_secret() -> Result<()> {
    let sources: Vec<&Source> = sources::all().collect();
    ensure!(sources.len() >= 50, "there are only {} sources", sources.len());
    let next = AtomicUsize::new(0);
    let failures: Mutex<Vec<String>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(source) = sources.get(number) else { break };
                    if let Err(error) = check_source(source, &source.shape.secret(number)) {
                        let failure = format!("{}: {error:#}", source.name);
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !failures.is_empty() {
        bail!("{} of {} canaries:\n\n{}", failures.len(), sources.len(), failures.join("\n\n"));
    }
    println!("{} canaries, none seen", sources.len());
    Ok(())
}

#[test]
fn finds_a_secret_in_every_encoding() {
    let secret = "can \"1\"/é";
    for text in [
        "it is can \"1\"/é.",
        r#"{"a": "x can \"1\"/é"}"#,
        "http://h/can%20%221%22%2F%C3%A9",
        &STANDARD.encode(format!("{secret}!")),
        &STANDARD.encode(format!("a{secret}!")),
        &STANDARD.encode(format!("ab{secret}!")),
    ] {
        assert!(shows(text, secret), "{text}");
    }
    assert!(!shows("can 1", secret));
}
