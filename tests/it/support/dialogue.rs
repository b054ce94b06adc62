//! The executable at a terminal, with somebody who reads and types.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result};
use rexpect::{
    process::WaitStatus,
    reader::{Options, ReadUntil},
    session::{PtySession, spawn_with_options},
};

use super::{Sandbox, program};

/// How long something may take to be seen, in milliseconds.
const PATIENCE: u64 = 30_000;

/// A terminal of 40 lines and 250 columns with a running command.
pub(crate) struct Terminal {
    session: PtySession,
    /// The process that the command is a child of.
    shell: String,
    /// All that was shown.
    seen: String,
}

impl Terminal {
    /// Starts a command line, split at spaces.
    pub(crate) fn start(sandbox: &Sandbox, line: &str) -> Result<Self> {
        Self::with(sandbox, line, true)
    }

    /// The same, and what is seen has the sequences with which the terminal is told how to show it.
    pub(crate) fn start_raw(sandbox: &Sandbox, line: &str) -> Result<Self> {
        Self::with(sandbox, line, false)
    }

    fn with(sandbox: &Sandbox, line: &str, strips: bool) -> Result<Self> {
        // Afterwards, whether what is typed comes in lines again.
        const SCRIPT: &str = "stty rows 40 cols 250; echo shell=$$; \"$0\" \"$@\"; code=$?; stty -a | grep -o -- '-*icanon'; \
                              exit $code";
        let program = program();
        let program = program.to_str().context("the program has a name")?;
        let words: Vec<&str> = ["-c", SCRIPT, program].into_iter().chain(line.split_whitespace()).collect();
        let mut command = sandbox.command_as("/bin/sh".as_ref(), &words);
        command.env("TERM", "xterm").stdin(Stdio::inherit());
        let options = Options::new().timeout_ms(Some(PATIENCE)).strip_ansi_escape_codes(strips);
        let mut session = spawn_with_options(command, options)?;
        let (_, line) = session.exp_regex("shell=[0-9]+")?;
        let shell = line.trim_start_matches("shell=").to_owned();
        Ok(Self { session, shell, seen: String::new() })
    }

    /// Waits until a text is seen, and gives what was seen before.
    pub(crate) fn sees(&mut self, text: &str) -> Result<String> {
        let before = self.session.exp_string(text)?;
        self.seen += &before;
        self.seen += text;
        Ok(before)
    }

    /// Waits until one of the texts is seen, and gives which.
    pub(crate) fn sees_one_of(&mut self, texts: &[&str]) -> Result<String> {
        let needles = texts.iter().map(|text| ReadUntil::String((*text).to_owned())).collect();
        let (before, text) = self.session.exp_any(needles)?;
        self.seen += &before;
        self.seen += &text;
        Ok(text)
    }

    /// Waits for a question and answers it; an empty answer takes the default.
    pub(crate) fn answers(&mut self, question: &str, answer: &str) -> Result<()> {
        self.sees(question)?;
        self.types(&format!("{answer}\r"))
    }

    pub(crate) fn types(&mut self, keys: &str) -> Result<()> {
        self.session.send(keys)?;
        Ok(self.session.flush()?)
    }

    pub(crate) fn presses_control_c(&mut self) -> Result<()> {
        Ok(self.session.send_control('c')?)
    }

    /// Sends a signal, named as `TERM`, to the command.
    pub(crate) fn signals(&self, name: &str) -> Result<()> {
        let listed = Command::new("ps").args(["-o", "pid=", "--ppid", &self.shell]).output()?;
        let child = String::from_utf8(listed.stdout)?;
        let status = Command::new("kill").arg(format!("-{name}")).arg(child.trim()).status()?;
        anyhow::ensure!(status.success(), "kill ended with {status}");
        Ok(())
    }

    /// Waits for the end: the exit code, and all that was seen. The terminal must be as it was.
    pub(crate) fn ends(mut self) -> Result<(i32, String)> {
        let seen = self.seen + &self.session.exp_eof()?;
        anyhow::ensure!(
            seen.trim_end().ends_with("icanon") && !seen.contains("-icanon"),
            "the terminal is raw:\n{seen}"
        );
        anyhow::ensure!(!seen.contains("panicked at"), "a panic:\n{seen}");
        match self.session.process().wait()? {
            WaitStatus::Exited(_, code) => Ok((code, seen)),
            other => anyhow::bail!("it ended with {other:?}"),
        }
    }
}
