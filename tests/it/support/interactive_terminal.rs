//! An interactive terminal: a test reads what the command prints and types the answers.

use std::{
    num::NonZeroU16,
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result};
use rexpect::{
    process::WaitStatus,
    reader::{Options, ReadUntil},
    session::{PtySession, spawn_with_options},
};

use vt100::Parser;

use super::{Sandbox, program};

/// Timeout for expected output, in milliseconds.
const PATIENCE: u64 = 30_000;

/// Rows and columns of a terminal that is wide enough for every question.
const WIDE: (u16, u16) = (40, 400);

/// A running command in a terminal.
pub(crate) struct Terminal {
    session: PtySession,
    /// Process ID of the shell that runs the command.
    shell: String,
    /// Everything shown so far.
    seen: String,
    size: (u16, u16),
}

impl Terminal {
    /// Starts a command line, split at spaces. Escape sequences are removed from the output.
    pub(crate) fn start(sandbox: &Sandbox, line: &str) -> Result<Self> {
        Self::with(sandbox, line, WIDE, true)
    }

    /// Starts a command line as [`Self::start`] does, but keeps the escape sequences.
    pub(crate) fn start_raw(sandbox: &Sandbox, line: &str) -> Result<Self> {
        Self::with(sandbox, line, WIDE, false)
    }

    /// Starts a command line in a terminal with the given numbers of rows and columns, and keeps the escape sequences.
    pub(crate) fn start_sized(sandbox: &Sandbox, line: &str, size: (u16, u16)) -> Result<Self> {
        Self::with(sandbox, line, size, false)
    }

    fn with(sandbox: &Sandbox, line: &str, size: (u16, u16), strips: bool) -> Result<Self> {
        // After the command, prints whether the terminal is in line mode again.
        const SCRIPT: &str = "stty rows $ROWS cols $WIDTH; echo shell=$$; \"$0\" \"$@\"; code=$?; \
                              stty -a | grep -o -- '-*icanon'; exit $code";
        let program = program();
        let program = program.to_str().context("the program has a name")?;
        let words: Vec<&str> = ["-c", SCRIPT, program].into_iter().chain(line.split_whitespace()).collect();
        let mut command = sandbox.command_as("/bin/sh".as_ref(), &words);
        command.env("TERM", "xterm").stdin(Stdio::inherit());
        command.env("ROWS", size.0.to_string()).env("WIDTH", size.1.to_string());
        let options = Options::new().timeout_ms(Some(PATIENCE)).strip_ansi_escape_codes(strips);
        let mut session = spawn_with_options(command, options)?;
        let (_, line) = session.exp_regex("shell=[0-9]+")?;
        let shell = line.trim_start_matches("shell=").to_owned();
        Ok(Self { session, shell, seen: String::new(), size })
    }

    /// Waits for a text. Returns the output before it.
    pub(crate) fn sees(&mut self, text: &str) -> Result<String> {
        let before = self.session.exp_string(text)?;
        self.seen += &before;
        self.seen += text;
        Ok(before)
    }

    /// Waits for any of the strings. Returns the string that appeared.
    pub(crate) fn sees_one_of(&mut self, texts: &[&str]) -> Result<String> {
        let needles = texts.iter().map(|text| ReadUntil::String((*text).to_owned())).collect();
        let (before, text) = self.session.exp_any(needles)?;
        self.seen += &before;
        self.seen += &text;
        Ok(text)
    }

    /// Waits for a question and answers it. An empty answer accepts the default.
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

    /// Returns the screen's text after the last string that the test has waited for. Requires a terminal that
    /// keeps the escape sequences.
    pub(crate) fn screen(&self) -> Result<String> {
        let [rows, columns] = [self.size.0, self.size.1].map(NonZeroU16::new);
        let mut parser = Parser::new(rows.context("no rows")?, columns.context("no columns")?, 0);
        // rexpect turns each byte into a character.
        let bytes: Vec<u8> = self.seen.chars().map(u8::try_from).collect::<Result<_, _>>()?;
        parser.process(&bytes);
        Ok(parser.screen().contents())
    }

    /// Sends a signal, such as `TERM`, to the command.
    pub(crate) fn signals(&self, name: &str) -> Result<()> {
        let listed = Command::new("ps").args(["-o", "pid=", "--ppid", &self.shell]).output()?;
        let child = String::from_utf8(listed.stdout)?;
        let status = Command::new("kill").arg(format!("-{name}")).arg(child.trim()).status()?;
        anyhow::ensure!(status.success(), "kill ended with {status}");
        Ok(())
    }

    /// Waits for the command to end. Returns its exit code and everything shown. Fails if the terminal is not
    /// restored.
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
