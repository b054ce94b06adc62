//! Standard error, the one place where anything is drawn: lines that stay, and below them the live view, which is drawn
//! over itself.

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

/// How often the view is drawn at most.
const PERIOD: Duration = Duration::from_millis(100);
/// What a terminal has that does not tell.
const USUAL: Size = Size { width: 80, height: 24 };

/// Standard error, and what is known for the view.
pub(super) struct Screen {
    stream: AutoStream<io::Stderr>,
    pub(super) state: State,
    view: Option<View>,
}

/// The view, while there is one.
#[derive(Default)]
struct View {
    /// The lines that are on the terminal.
    drawn: Vec<String>,
    drawn_at: Option<Instant>,
    /// How many want the terminal for themselves.
    suspended: usize,
}

impl Screen {
    pub(super) fn new(color: ColorChoice) -> Self {
        Self { stream: AutoStream::new(io::stderr(), color), state: State::default(), view: None }
    }

    /// Whether colours are shown.
    pub(super) fn has_colors(&self) -> bool {
        self.stream.current_choice() != ColorChoice::Never
    }

    /// Whether there is a view, which shows what steps say.
    pub(super) fn has_view(&self) -> bool {
        self.view.is_some()
    }

    /// Prints lines that stay.
    pub(super) fn say(&mut self, text: &str) {
        if self.view.as_ref().is_none_or(|view| view.suspended > 0) {
            // A failing stream leaves nobody to tell.
            let _ = writeln!(self.stream, "{text}");
            return;
        }
        // What says a lot is not slowed down by a view after each line.
        let is_due = self.is_due(Instant::now());
        let lines = if is_due { self.lines() } else { Vec::new() };
        self.frame(text, lines);
    }

    /// Starts the view.
    pub(super) fn begin(&mut self) {
        self.view = Some(View::default());
    }

    /// Takes the view away. What still ran is broken off.
    pub(super) fn end(&mut self) {
        self.erase();
        self.view = None;
        self.state.stop(Instant::now());
    }

    /// Takes the view away until [`Screen::resume`].
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

    /// Draws what has changed; gives whether there still is a view.
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

    /// Puts lines that stay in the place of the view, and the view below them, in one piece.
    fn frame(&mut self, text: &str, lines: Vec<String>) {
        let colors = self.has_colors();
        let Some(view) = &mut self.view else { return };
        let mut frame = String::new();
        put(&mut frame, &BeginSynchronizedUpdate);
        let up = rows(&view.drawn, size().width);
        if up > 0 {
            put(&mut frame, &MoveUp(up));
            put(&mut frame, &MoveToColumn(0));
        }
        if !text.is_empty() {
            put(&mut frame, &Clear(ClearType::FromCursorDown));
            for line in text.lines() {
                let line = if colors { line.to_owned() } else { strip_str(line).to_string() };
                let _ = write!(frame, "{line}\r\n");
            }
        }
        for line in &lines {
            let _ = write!(frame, "{line}");
            put(&mut frame, &Clear(ClearType::UntilNewLine));
            frame.push_str("\r\n");
        }
        put(&mut frame, &Clear(ClearType::FromCursorDown));
        put(&mut frame, &EndSynchronizedUpdate);
        view.drawn_at = (!lines.is_empty()).then(Instant::now).or(view.drawn_at);
        view.drawn = lines;
        // Past the stream that leaves out colours, which would leave out these too.
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(frame.as_bytes()).and_then(|()| stderr.flush());
    }
}

/// Draws the view until it is taken away.
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

/// The size of the terminal now.
pub(super) fn size() -> Size {
    let known = terminal::size().ok().filter(|(width, height)| *width > 0 && *height > 0);
    known.map_or(USUAL, |(width, height)| Size { width: width.into(), height: height.into() })
}

/// How many rows of the terminal lines take that were drawn when it may have been wider.
fn rows(lines: &[String], width: usize) -> u16 {
    let rows = lines.iter().map(|line| live::columns(line).div_ceil(width.max(1)).max(1)).sum::<usize>();
    u16::try_from(rows).unwrap_or(u16::MAX)
}

fn put(frame: &mut String, command: &impl Command) {
    // Writing to a text cannot fail.
    let _ = command.write_ansi(frame);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_a_narrower_terminal_has_wrapped_are_taken_away_too() {
        let lines = ["x".repeat(30), "\u{1b}[31m日本\u{1b}[0m".into(), String::new()];
        assert_eq!([rows(&lines, 80), rows(&lines, 20), rows(&lines, 3), rows(&lines, 0)], [3, 4, 13, 35]);
        assert_eq!(rows(&[], 80), 0);
    }
}
