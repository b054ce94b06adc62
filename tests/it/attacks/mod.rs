//! Hostile input: files, names, templates, servers and addresses.
//!
//! Each command must end within limits of time and memory and with a documented exit code. It must not print
//! terminal control characters, must not read or write outside the project, and must not execute anything.

mod files;
mod irregular;
mod lines;
mod names;
mod servers;
mod templates;

use std::{
    fs,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::support::{FaultServer, Output, Sandbox};

/// Maximum duration of a command. The limit is generous because other tests may run concurrently.
const DEADLINE: Duration = Duration::from_secs(90);

/// Content of a file outside the project.
const OUTSIDE: &str = "nobody's business";

/// A hostile input and the expected outcome.
struct Attack {
    name: &'static str,
    plant: fn(Target) -> Result<Target>,
    /// The command line to run.
    line: &'static str,
    outcome: Outcome,
}

const fn attack(
    name: &'static str,
    outcome: Outcome,
    line: &'static str,
    plant: fn(Target) -> Result<Target>,
) -> Attack {
    Attack { name, plant, line, outcome }
}

/// Expected outcome of a command.
#[derive(Debug, Clone, Copy)]
enum Outcome {
    /// The command fails with a message that contains the given text.
    Refused(&'static str),
    /// The command succeeds and prints the given text.
    Shown(&'static str),
    /// The command succeeds and sends the given text to the server.
    Sent(&'static str),
    /// The command ends with any exit code.
    Ended,
}

/// The attacked project, and a server that may belong to the attacker.
struct Target {
    sandbox: Sandbox,
    server: FaultServer,
}

impl Target {
    fn new() -> Result<Self> {
        let server = FaultServer::start()?;
        let sandbox = Sandbox::for_project(&server.url(), &project(""))?
            .variable("PREFECT_API_REQUEST_TIMEOUT", "4")
            .variable("PREFECT_CLIENT_MAX_RETRIES", "0")
            .variable("DOCKER_HOST", "tcp://127.0.0.1:1");
        sandbox.file("../outside", OUTSIDE)?;
        Ok(Self { sandbox, server })
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.sandbox = self.sandbox.variable(name, value);
        self
    }

    fn file(self, path: &str, contents: impl AsRef<[u8]>) -> Result<Self> {
        self.sandbox.file(path, contents)?;
        Ok(self)
    }

    /// Writes a prefect.yaml with one deployment and the additional lines `more`.
    fn project(self, more: &str) -> Result<Self> {
        self.file("prefect.yaml", project(more))
    }

    /// Creates a symbolic link in the project.
    fn link(self, to: &str, path: &str) -> Result<Self> {
        let path = self.sandbox.directory().join(path);
        if path.exists() {
            fs::remove_file(&path)?;
        }
        std::os::unix::fs::symlink(to, path)?;
        Ok(self)
    }
}

/// Returns a prefect.yaml with one deployment that has the additional lines `more`.
fn project(more: &str) -> String {
    let [pool, entrypoint] =
        [("work_pool:", "  work_pool: {name: pool}\n"), ("entrypoint:", "  entrypoint: flow.py:hello\n")]
            .map(|(key, line)| if more.contains(key) { "" } else { line });
    format!("pull: []\ndeployments:\n- name: a\n{entrypoint}{pool}{more}\n")
}

fn attempt(attack: &Attack) -> Result<()> {
    let target = (attack.plant)(Target::new()?)?;
    let started = Instant::now();
    let output = target.sandbox.run_confined(attack.line)?;
    ensure!(started.elapsed() < DEADLINE, "it took {:?}", started.elapsed());
    let root = target.sandbox.directory().join("..");
    for file in [root.join("pwned"), root.join("project/pwned"), root.join("home/pwned")] {
        ensure!(!file.exists(), "{} was written", file.display());
    }
    ensure!(
        fs::read_to_string(root.join("outside"))? == OUTSIDE,
        "a file outside of the project was changed"
    );
    for (name, text) in [("standard output", &output.stdout), ("standard error", &output.stderr)] {
        let control = text.chars().find(|&character| acts_on_terminal(character));
        ensure!(control.is_none(), "{name} has {control:?}:\n{text:?}");
        ensure!(!text.contains(OUTSIDE), "{name} shows a file from outside of the project:\n{text}");
    }
    ensure!(!target.server.received().contains(OUTSIDE), "a file from outside of the project was sent");
    judge(attack.outcome, &output, &target.server.received()).with_context(|| shortened(&output))
}

fn judge(outcome: Outcome, output: &Output, heard: &str) -> Result<()> {
    match outcome {
        Outcome::Refused(words) => {
            ensure!((1..=7).contains(&output.code), "it ended with {}", output.code);
            ensure!(output.stderr.contains(words), "no word of {words:?}");
        }
        Outcome::Shown(words) => {
            ensure!(
                output.code == 0 && (output.stdout.contains(words) || output.stderr.contains(words)),
                "no {words:?}"
            );
        }
        Outcome::Sent(words) => {
            ensure!(output.code == 0 && heard.contains(words), "the server did not get {words:?}");
        }
        Outcome::Ended => ensure!((0..=7).contains(&output.code), "it ended with {}", output.code),
    }
    Ok(())
}

/// Checks whether a terminal would interpret the character instead of showing it, or would reorder the
/// following text.
fn acts_on_terminal(character: char) -> bool {
    let is_shown = matches!(character, '\n' | '\t');
    let reorders = matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    );
    (character.is_control() && !is_shown) || reorders
}

fn shortened(output: &Output) -> String {
    output.to_string().chars().take(2000).collect()
}

#[test]
fn withstands_all_attacks() -> Result<()> {
    let attacks: Vec<&Attack> = [files::ATTACKS, names::ATTACKS, servers::ATTACKS, templates::ATTACKS]
        .into_iter()
        .flatten()
        .collect();
    let next = AtomicUsize::new(0);
    let failures: Mutex<Vec<String>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(attack) = attacks.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(error) = attempt(attack) {
                        let failure = format!("{}: {error:#}", attack.name);
                        failures.lock().unwrap_or_else(PoisonError::into_inner).push(failure);
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
    if !failures.is_empty() {
        bail!("{} of {} attacks:\n\n{}", failures.len(), attacks.len(), failures.join("\n\n"));
    }
    println!("{} attacks, none with success", attacks.len());
    Ok(())
}
