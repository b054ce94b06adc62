//! What users see: results on standard output, everything else on standard error.
//!
//! Only commands and the entry of the program use this module. Everything that leaves goes through [`Ui`], which
//! masks the secrets that the command has met and makes harmless what a terminal would act on.

mod escape;
mod events;
mod table;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex, PoisonError},
};

use anstream::AutoStream;
use owo_colors::OwoColorize;

use self::{escape::harmless, events::Event};
use crate::{
    diagnostics::{Diagnostic, Text, github},
    error::CommandError,
    progress::{Progress, Stream},
    secret::Redactor,
};

pub(crate) use anstream::ColorChoice;
pub(crate) use table::table;

/// The two streams of the program. Clones share them.
#[derive(Clone)]
pub(crate) struct Ui {
    stdout: Arc<Mutex<AutoStream<io::Stdout>>>,
    stderr: Arc<Mutex<AutoStream<io::Stderr>>>,
    redactor: Redactor,
    quiet: bool,
    /// In GitHub Actions, the folder in the repository: findings are told as annotations too.
    annotations: Option<String>,
    /// Whether what happens is told as [`events`].
    events: bool,
}

impl Ui {
    pub(crate) fn new(color: ColorChoice, quiet: bool, redactor: Redactor) -> Self {
        Self {
            stdout: Arc::new(Mutex::new(AutoStream::new(io::stdout(), color))),
            stderr: Arc::new(Mutex::new(AutoStream::new(io::stderr(), color))),
            redactor,
            quiet,
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

    /// Prints a question and reads the answer; anything but a yes is a no.
    pub(crate) fn confirms(&self, question: &str) -> bool {
        {
            let mut stream = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
            let _ = write!(stream, "{} [y/n]: ", harmless(&self.redactor.mask(question)));
            let _ = stream.flush();
        }
        let mut answer = String::new();
        let read = io::stdin().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Prints a line about what is going on, unless the user asked for quiet.
    pub(crate) fn note(&self, text: &str) {
        if !self.quiet {
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
        let mut stream = self.stdout.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(stream, "{text}");
        let _ = stream.flush();
    }

    /// Tells people the text, and programs the event.
    fn tell_or(&self, text: &str, event: &Event<'_>) {
        if self.events { self.emit(event) } else { self.tell(text) }
    }

    fn emit(&self, event: &Event<'_>) {
        let line = event.line(|text| self.redactor.mask(text));
        let mut stream = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(stream, "{}", harmless(&line));
    }

    fn tell(&self, text: &str) {
        let text = self.redactor.mask(text);
        let text = harmless(&text);
        let mut stream = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = writeln!(stream, "{text}");
    }
}

impl Progress for Ui {
    fn status(&self, line: &str) {
        if !self.quiet {
            self.tell_or(line, &Event::Status(line));
        }
    }

    fn output(&self, stream: Stream, line: &str) {
        if !self.quiet {
            let text = format!("   {} {line}", "|".dimmed());
            self.tell_or(&text, &Event::Output { stream, line });
        }
    }

    fn deployment(&self, name: &str, outcome: &str) {
        if self.events {
            self.emit(&Event::Deployment { name, outcome });
        }
    }

    fn warn(&self, diagnostic: &Diagnostic) {
        if self.events {
            return self.emit(&Event::Finding(diagnostic));
        }
        self.tell(Text(diagnostic).to_string().trim_end());
        if let Some(folder) = &self.annotations {
            self.tell(&github::command(diagnostic, folder));
        }
    }
}
