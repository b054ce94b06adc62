//! Runs commands in a terminal and records what the screen shows.

use std::{
    io::{ErrorKind, Read as _},
    num::NonZeroU16,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use vt100::{Parser, Screen};

use super::Sandbox;

/// Rows and columns of a typical terminal.
pub(crate) const SIZE: (u16, u16) = (24, 80);
/// The escape sequence at the end of each update of the live view.
const END_OF_UPDATE: &[u8] = b"\x1b[?2026l";
/// Number of lines kept after they scroll off the screen.
const SCROLLBACK: usize = 1000;

/// The recorded output of a command in a terminal.
pub(crate) struct RecordedTerminal {
    pub(crate) code: i32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) took: Duration,
    size: (u16, u16),
}

impl Sandbox {
    /// Runs a command in a terminal of the given size. `set` can modify the command.
    pub(crate) fn run_at_terminal(
        &self,
        size: (u16, u16),
        line: &str,
        set: impl FnOnce(&mut Command),
    ) -> Result<RecordedTerminal> {
        let (mut pty, pts) = pty_process::blocking::open()?;
        pty.resize(pty_process::Size::new(size.0, size.1))?;
        let mut command = self.command(&line.split_whitespace().collect::<Vec<_>>());
        command.env("TERM", "xterm-256color");
        set(&mut command);
        let began = Instant::now();
        let mut child = pty_process::blocking::Command::from(command).spawn(pts)?;
        let mut bytes = Vec::new();
        // Linux reports an error when the last process has closed the terminal.
        if let Err(error) = pty.read_to_end(&mut bytes) {
            anyhow::ensure!(error.kind() != ErrorKind::Interrupted, "{error}");
        }
        let code = child.wait()?.code().context("the program was ended by a signal")?;
        Ok(RecordedTerminal { code, bytes, took: began.elapsed(), size })
    }
}

impl RecordedTerminal {
    fn parser(&self) -> Result<Parser> {
        let (rows, columns) = self.size;
        let [rows, columns] = [rows, columns].map(NonZeroU16::new);
        Ok(Parser::new(rows.context("no rows")?, columns.context("no columns")?, SCROLLBACK))
    }

    /// Returns the screen after each update of the live view.
    pub(crate) fn drawings(&self) -> Result<Vec<Screen>> {
        let mut parser = self.parser()?;
        let mut screens = Vec::new();
        let mut rest = &self.bytes[..];
        while let Some(at) = rest.windows(END_OF_UPDATE.len()).position(|window| window == END_OF_UPDATE) {
            let (drawing, after) = rest.split_at(at + END_OF_UPDATE.len());
            parser.process(drawing);
            screens.push(parser.screen().clone());
            rest = after;
        }
        Ok(screens)
    }

    /// Returns the text of the screen after each update.
    pub(crate) fn texts(&self) -> Result<Vec<String>> {
        Ok(self.drawings()?.iter().map(Screen::contents).collect())
    }

    /// Returns the final text of the terminal, including lines that scrolled off.
    pub(crate) fn last(&self) -> Result<String> {
        let mut parser = self.parser()?;
        parser.process(&self.bytes);
        let screen = parser.screen_mut();
        let mut text = String::new();
        for above in (1..=screen.scrollback_len()).rev() {
            screen.set_scrollback(above);
            text += screen.rows(0, self.size.1).next().unwrap_or_default().trim_end();
            text.push('\n');
        }
        screen.set_scrollback(0);
        Ok(text + &screen.contents())
    }

    /// Checks whether a line ever wrapped.
    pub(crate) fn wrapped(&self) -> Result<bool> {
        let is_wrapped = |screen: &Screen| (0..self.size.0).any(|row| screen.row_wrapped(row));
        Ok(self.drawings()?.iter().any(is_wrapped))
    }
}
