//! Commands at a terminal, and what its screen shows.

use std::{
    io::{ErrorKind, Read as _},
    num::NonZeroU16,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use vt100::{Parser, Screen};

use super::Sandbox;

/// The rows and columns of a usual terminal.
pub(crate) const SIZE: (u16, u16) = (24, 80);
/// What ends each drawing of the live view.
const END_OF_UPDATE: &[u8] = b"\x1b[?2026l";
/// Lines that have left the screen at the top and are kept.
const SCROLLBACK: usize = 1000;

/// What a command wrote to its terminal.
pub(crate) struct OnTerminal {
    pub(crate) code: i32,
    pub(crate) bytes: Vec<u8>,
    pub(crate) took: Duration,
    size: (u16, u16),
}

impl Sandbox {
    /// Runs a command at a terminal of so many rows and columns; `set` gives it other variables.
    pub(crate) fn run_at_terminal(
        &self,
        size: (u16, u16),
        line: &str,
        set: impl FnOnce(&mut Command),
    ) -> Result<OnTerminal> {
        let (mut pty, pts) = pty_process::blocking::open()?;
        pty.resize(pty_process::Size::new(size.0, size.1))?;
        let mut command = self.command(&line.split_whitespace().collect::<Vec<_>>());
        command.env("TERM", "xterm-256color");
        set(&mut command);
        let began = Instant::now();
        let mut child = pty_process::blocking::Command::from(command).spawn(pts)?;
        let mut bytes = Vec::new();
        // Linux tells with an error that nobody has the terminal open any more.
        if let Err(error) = pty.read_to_end(&mut bytes) {
            anyhow::ensure!(error.kind() != ErrorKind::Interrupted, "{error}");
        }
        let code = child.wait()?.code().context("the program was ended by a signal")?;
        Ok(OnTerminal { code, bytes, took: began.elapsed(), size })
    }
}

impl OnTerminal {
    fn parser(&self) -> Result<Parser> {
        let (rows, columns) = self.size;
        let [rows, columns] = [rows, columns].map(NonZeroU16::new);
        Ok(Parser::new(rows.context("no rows")?, columns.context("no columns")?, SCROLLBACK))
    }

    /// The screen after each drawing of the live view.
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

    /// The texts of the screen after each drawing.
    pub(crate) fn texts(&self) -> Result<Vec<String>> {
        Ok(self.drawings()?.iter().map(Screen::contents).collect())
    }

    /// Everything that was left on the terminal in the end, with what has scrolled away.
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

    /// Whether a line of the screen was ever continued on the next one.
    pub(crate) fn wrapped(&self) -> Result<bool> {
        let is_wrapped = |screen: &Screen| (0..self.size.0).any(|row| screen.row_wrapped(row));
        Ok(self.drawings()?.iter().any(is_wrapped))
    }
}
