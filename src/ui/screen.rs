//! Standard error as a screen with permanent lines and, below them, a live view that is redrawn in place.

use std::{
    fmt::Write as _,
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
    time::{Duration, Instant},
};

use anstream::{AutoStream, ColorChoice, adapter::strip_str};
use crossterm::{
    Command,
    cursor::{MoveToColumn, MoveUp},
    terminal::{self, BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate},
};

use super::live::{self, Size, State};

/// Minimum time between two frames.
const PERIOD: Duration = Duration::from_millis(100);
/// Size assumed for a terminal that does not report its size.
const DEFAULT_SIZE: Size = Size { width: 80, height: 24 };

/// Standard error and the state of the live view.
pub(super) struct Screen {
    stream: AutoStream<io::Stderr>,
    pub(super) state: State,
    view: Option<View>,
}

/// A live view that is shown on the terminal.
#[derive(Default)]
struct View {
    /// Lines that are currently displayed on the terminal.
    drawn: Vec<String>,
    drawn_at: Option<Instant>,
    /// Number of callers that currently need exclusive use of the terminal.
    suspended: usize,
}

impl Screen {
    pub(super) fn new(color: ColorChoice) -> Self {
        Self { stream: AutoStream::new(io::stderr(), color), state: State::default(), view: None }
    }

    /// Returns whether colors are enabled.
    pub(super) fn has_colors(&self) -> bool {
        self.stream.current_choice() != ColorChoice::Never
    }

    /// Returns whether a live view is active.
    pub(super) fn has_view(&self) -> bool {
        self.view.is_some()
    }

    /// Prints permanent lines above the live view.
    pub(super) fn print(&mut self, text: &str) {
        if self.view.as_ref().is_none_or(|view| view.suspended > 0) {
            // A write error cannot be reported, because stderr itself is not writable.
            let _ = writeln!(self.stream, "{text}");
            return;
        }
        // Redrawing the view after every line would slow down verbose programs.
        let is_due = self.is_due(Instant::now());
        let lines = if is_due { self.lines() } else { Vec::new() };
        self.frame(text, lines);
    }

    /// Starts the view.
    pub(super) fn begin(&mut self) {
        self.view = Some(View::default());
    }

    /// Removes the live view and marks unfinished work as stopped.
    pub(super) fn end(&mut self) {
        self.erase();
        self.view = None;
        self.state.stop(Instant::now());
    }

    /// Hides the live view until [`Screen::resume`] is called.
    pub(super) fn suspend(&mut self) {
        self.erase();
        if let Some(view) = &mut self.view {
            view.suspended += 1;
        }
    }

    pub(super) fn resume(&mut self) {
        if let Some(view) = &mut self.view {
            view.suspended = view.suspended.saturating_sub(1);
        }
    }

    fn is_due(&self, now: Instant) -> bool {
        let drawn_at = self.view.as_ref().and_then(|view| view.drawn_at);
        drawn_at.is_none_or(|then| now.saturating_duration_since(then) >= PERIOD)
    }

    /// Redraws the live view if its lines have changed. Returns `false` without a live view.
    fn tick(&mut self) -> bool {
        let Some(view) = &self.view else { return false };
        if view.suspended == 0 {
            let lines = self.lines();
            if self.view.as_ref().is_some_and(|view| view.drawn != lines) {
                self.frame("", lines);
            }
        }
        true
    }

    fn lines(&self) -> Vec<String> {
        let lines = live::view(&self.state, Instant::now(), size());
        if self.has_colors() {
            return lines;
        }
        lines.iter().map(|line| strip_str(line).to_string()).collect()
    }

    fn erase(&mut self) {
        if self.view.as_ref().is_some_and(|view| !view.drawn.is_empty()) {
            self.frame("", Vec::new());
        }
    }

    /// Replaces the live view with permanent lines and a new view below them. All lines are written at once
    /// to avoid flickering.
    fn frame(&mut self, text: &str, lines: Vec<String>) {
        let colors = self.has_colors();
        let Some(view) = &mut self.view else { return };
        let mut frame = String::new();
        push(&mut frame, &BeginSynchronizedUpdate);
        let up = rows(&view.drawn, size().width);
        if up > 0 {
            push(&mut frame, &MoveUp(up));
            push(&mut frame, &MoveToColumn(0));
        }
        if !text.is_empty() {
            push(&mut frame, &Clear(ClearType::FromCursorDown));
            for line in text.lines() {
                let line = if colors { line.to_owned() } else { strip_str(line).to_string() };
                let _ = write!(frame, "{line}\r\n");
            }
        }
        for line in &lines {
            let _ = write!(frame, "{line}");
            push(&mut frame, &Clear(ClearType::UntilNewLine));
            frame.push_str("\r\n");
        }
        push(&mut frame, &Clear(ClearType::FromCursorDown));
        push(&mut frame, &EndSynchronizedUpdate);
        view.drawn_at = (!lines.is_empty()).then(Instant::now).or(view.drawn_at);
        view.drawn = lines;
        // Writes to stderr directly, because the stream that strips colors would also remove cursor movements.
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(frame.as_bytes()).and_then(|()| stderr.flush());
    }
}

/// Starts a thread that redraws the live view periodically until the view ends.
pub(super) fn keep_drawing(screen: &Arc<Mutex<Screen>>) {
    let screen: Weak<Mutex<Screen>> = Arc::downgrade(screen);
    thread::spawn(move || {
        while let Some(screen) = screen.upgrade() {
            if !screen.lock().unwrap_or_else(PoisonError::into_inner).tick() {
                return;
            }
            drop(screen);
            thread::sleep(PERIOD);
        }
    });
}

/// Returns the current size of the terminal.
pub(super) fn size() -> Size {
    let known = terminal::size().ok().filter(|(width, height)| *width > 0 && *height > 0);
    known.map_or(DEFAULT_SIZE, |(width, height)| Size { width: width.into(), height: height.into() })
}

/// Returns the number of terminal rows that the lines occupy. Lines wrap if the terminal has become narrower
/// since they were drawn.
fn rows(lines: &[String], width: usize) -> u16 {
    let rows = lines.iter().map(|line| live::columns(line).div_ceil(width.max(1)).max(1)).sum::<usize>();
    u16::try_from(rows).unwrap_or(u16::MAX)
}

fn push(frame: &mut String, command: &impl Command) {
    // Writing to a string cannot fail.
    let _ = command.write_ansi(frame);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_rows_of_wrapped_lines() {
        let lines = ["x".repeat(30), "\u{1b}[31m日本\u{1b}[0m".into(), String::new()];
        assert_eq!([rows(&lines, 80), rows(&lines, 20), rows(&lines, 3), rows(&lines, 0)], [3, 4, 13, 35]);
        assert_eq!(rows(&[], 80), 0);
    }
}
