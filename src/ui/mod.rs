//! What users see: results on standard output, everything else on standard error.
//!
//! Only commands and the entry of the program use this module. Everything that leaves goes through [`Ui`], which
//! masks the secrets that the command has met and makes harmless what a terminal would act on.

mod escape;
mod events;
mod live;
mod prompts;
mod reporter;
mod screen;
mod table;

use std::{
    io::{self, IsTerminal as _, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use anstream::AutoStream;
use owo_colors::OwoColorize;

use self::{escape::harmless, events::Event, live::Done, screen::Screen};
use crate::{diagnostics::github, error::CommandError, progress::Progress as _, secret::Redactor};

pub(crate) use anstream::ColorChoice;
pub(crate) use live::Registered;
pub(crate) use prompts::{has_terminal, restore_terminal};
pub(crate) use table::{listing, table};

/// How much is told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Results and errors.
    Quiet,
    #[default]
    Normal,
    /// All that steps print, and every request.
    Verbose,
}

/// The two streams of the program. Clones share them.
#[derive(Clone)]
pub(crate) struct Ui {
    stdout: Arc<Mutex<AutoStream<io::Stdout>>>,
    screen: Arc<Mutex<Screen>>,
    redactor: Redactor,
    verbosity: Verbosity,
    /// Whether lines about the progress have the time before them: nobody sees them as they come.
    stamped: bool,
    /// Whether a live view may be drawn.
    drawing: bool,
    /// In GitHub Actions, the folder in the repository: findings are told as annotations too.
    annotations: Option<String>,
    /// Whether what happens is told as [`events`].
    events: bool,
}

impl Ui {
    pub(crate) fn new(color: ColorChoice, verbosity: Verbosity, redactor: Redactor) -> Self {
        Self {
            stdout: Arc::new(Mutex::new(AutoStream::new(io::stdout(), color))),
            screen: Arc::new(Mutex::new(Screen::new(color))),
            redactor,
            verbosity,
            stamped: !io::stderr().is_terminal(),
            drawing: false,
            annotations: None,
            events: false,
        }
    }

    /// Tells findings and errors to GitHub Actions as well, which reads standard error for them.
    #[must_use]
    pub(crate) fn annotating(self, folder: Option<String>) -> Self {
        Self { annotations: folder, ..self }
    }

    /// Tells what happens to a program that follows it.
    #[must_use]
    pub(crate) fn telling_events(self, events: bool) -> Self {
        Self { events, ..self }
    }

    /// Draws a live view while a command runs that has one, if standard error is a terminal that can.
    #[must_use]
    pub(crate) fn drawing(self, is_capable: bool) -> Self {
        Self { drawing: is_capable && !self.stamped, ..self }
    }

    /// Begins the live view of a command, where there is one.
    pub(crate) fn watch(&self) -> LiveView {
        if self.drawing && !self.events && self.verbosity != Verbosity::Quiet {
            self.screen().begin();
            screen::keep_drawing(&self.screen);
        }
        LiveView { ui: self.clone(), is_drawn: self.screen().has_view(), began: Instant::now() }
    }

    /// Does something that has the terminal for itself, such as asking.
    pub(crate) fn suspend<T>(&self, action: impl FnOnce() -> T) -> T {
        self.screen().suspend();
        let result = action();
        self.screen().resume();
        result
    }

    /// Whether every request shall be told.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// Prints a result and a line end.
    ///
    /// A reader that has gone away is no error: there is nobody left to tell.
    pub(crate) fn result(&self, text: &str) {
        self.print(&self.redactor.mask(text));
    }

    /// Prints a result with the secrets in it, because the user asked for them.
    pub(crate) fn disclosed(&self, text: &str) {
        self.print(text);
    }

    /// Prints a line about what is going on, unless the user asked for quiet.
    pub(crate) fn note(&self, text: &str) {
        if self.verbosity != Verbosity::Quiet {
            self.tell_or(text, &Event::Note(text));
        }
    }

    /// Prints a result as JSON that a program reads.
    pub(crate) fn json(&self, value: &serde_json::Value) {
        self.print(&format!("{:#}", self.redactor.mask_json(value)));
    }

    /// Prints why the command failed.
    pub(crate) fn error(&self, error: &CommandError) {
        for diagnostic in &error.diagnostics {
            self.warn(diagnostic);
        }
        if self.events {
            return self.emit(&Event::Error(error));
        }
        if !error.message.is_empty() {
            self.tell(&format!("{} {}", "error:".red().bold(), error.message));
            if self.annotations.is_some() && error.diagnostics.is_empty() {
                self.tell(&github::error(&error.message));
            }
        }
        if let Some(help) = &error.help {
            self.tell(&format!("{} {help}", "help:".cyan()));
        }
    }

    fn print(&self, text: &str) {
        let text = harmless(text);
        self.suspend(|| {
            let mut stream = self.stdout.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = writeln!(stream, "{text}");
            let _ = stream.flush();
        });
    }

    /// Tells people the text, and programs the event.
    fn tell_or(&self, text: &str, event: &Event<'_>) {
        if self.events { self.emit(event) } else { self.tell(text) }
    }

    fn emit(&self, event: &Event<'_>) {
        let line = event.line(|text| self.redactor.mask(text));
        self.screen().say(&harmless(&line));
    }

    fn tell(&self, text: &str) {
        self.screen().say(&self.shown(text));
    }

    /// A text as it may be shown.
    fn shown(&self, text: &str) -> String {
        harmless(&self.redactor.mask(text)).into_owned()
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The live view of a command, if it has one; it goes when this is dropped.
pub(crate) struct LiveView {
    ui: Ui,
    is_drawn: bool,
    began: Instant,
}

impl LiveView {
    /// Takes the view away, for the results.
    pub(crate) fn end(&self) {
        self.ui.screen().end();
    }

    /// Prints the table of what was done, if there was a view: without one each line has been told as it came.
    pub(crate) fn summarise(&self, registered: &[Registered]) {
        if !self.is_drawn {
            return;
        }
        let shown = registered.iter().map(|one| Registered {
            name: self.ui.shown(&one.name),
            outcome: self.ui.shown(&one.outcome),
            ..one.clone()
        });
        let mut screen = self.ui.screen();
        let links = screen.has_colors();
        let done = Done { registered: &shown.collect::<Vec<_>>(), took: self.began.elapsed() };
        let lines = live::summary(&screen.state, &done, screen::size(), links);
        if !lines.is_empty() {
            screen.say(&lines.join("\n"));
        }
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        self.end();
    }
}
