//! Writes results to stdout, and progress and diagnostics to stderr.
//!
//! All output goes through [`Ui`]. It redacts known secrets, and escapes control characters and the workflow
//! commands of CI services.

mod events;
mod live;
mod live_view;
mod prompts;
mod reporter;
mod screen;
mod table;
mod workflow;

use std::{
    io::{self, IsTerminal as _, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anstream::{AutoStream, adapter::strip_str};
use indexmap::IndexMap;
use owo_colors::OwoColorize;

use self::{events::Event, screen::Screen};
use crate::{
    diagnostics::{Diagnostic, github},
    environment::Environment,
    error::{CommandError, Exit},
    escape,
    names::first_of,
    progress::Progress as _,
    secret::Redactor,
};

pub(crate) use anstream::ColorChoice;
pub(crate) use live::DeploymentResult;
pub(crate) use live_view::LiveView;
pub(crate) use prompts::{has_terminal, restore_terminal};
pub(crate) use table::{Caption, listing, marked, panel};

/// Maximum number of additional locations listed for a finding.
const MAX_PLACES: usize = 5;

/// The amount of output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Results and errors only.
    Quiet,
    #[default]
    Normal,
    /// All normal output, the complete output of steps, and every API request.
    Verbose,
}

/// Handle to the program's stdout and stderr. Clones share the streams.
#[derive(Clone)]
pub(crate) struct Ui {
    stdout: Arc<Mutex<Stdout>>,
    screen: Arc<Mutex<Screen>>,
    redactor: Redactor,
    verbosity: Verbosity,
    /// Whether progress lines start with a timestamp. Set if stderr is not a terminal.
    has_timestamps: bool,
    /// Whether commands may show a live view.
    live_view: bool,
    /// The current directory relative to the root of the repository. Set only in GitHub Actions, where
    /// findings are also written as annotations.
    annotations: Option<String>,
    /// Whether JSON [`events`] are written to stderr instead of text.
    events: bool,
    /// Whether a CI service may parse the output. If so, workflow commands are escaped.
    is_ci: bool,
    /// Whether stderr has colors.
    has_colors: bool,
    /// Whether prefectl was called as `prefect`. If so, messages go to stdout and tables are formatted as in
    /// Prefect.
    is_prefect: bool,
}

/// Standard output, and the first error that occurred while writing to it.
struct Stdout {
    stream: AutoStream<io::Stdout>,
    error: Option<io::Error>,
}

impl Ui {
    pub(crate) fn new(color: ColorChoice, verbosity: Verbosity, redactor: Redactor) -> Self {
        let stdout = Stdout { stream: AutoStream::new(io::stdout(), color), error: None };
        let screen = Screen::new(color);
        Self {
            stdout: Arc::new(Mutex::new(stdout)),
            has_colors: screen.has_colors(),
            screen: Arc::new(Mutex::new(screen)),
            redactor,
            verbosity,
            has_timestamps: !io::stderr().is_terminal(),
            live_view: false,
            annotations: None,
            events: false,
            is_ci: false,
            is_prefect: false,
        }
    }

    /// Additionally writes findings and errors to stderr as GitHub Actions annotations.
    #[must_use]
    pub(crate) fn with_annotations(self, folder: Option<String>) -> Self {
        Self { annotations: folder, ..self }
    }

    /// Disables colors on both streams.
    #[must_use]
    pub(crate) fn without_colors(self) -> Self {
        let stdout = Stdout { stream: AutoStream::never(io::stdout()), error: None };
        let screen = Screen::new(ColorChoice::Never);
        Self {
            stdout: Arc::new(Mutex::new(stdout)),
            screen: Arc::new(Mutex::new(screen)),
            has_colors: false,
            ..self
        }
    }

    /// Formats messages and tables like Prefect, and writes messages to stdout, where scripts expect them.
    #[must_use]
    pub(crate) fn with_prefect_style(self, is_prefect: bool) -> Self {
        Self { is_prefect, has_timestamps: self.has_timestamps && !is_prefect, ..self }
    }

    /// Returns a handle that writes messages to stderr even in Prefect-compatible output. Use it for messages that
    /// Prefect does not print, because scripts would parse them as results on stdout.
    #[must_use]
    pub(crate) fn aside(&self) -> Self {
        self.clone().with_prefect_style(false)
    }

    /// Escapes workflow commands if the environment variables indicate a CI service.
    #[must_use]
    pub(crate) fn for_environment(self, environment: &Environment) -> Self {
        Self { is_ci: workflow::is_ci(environment), ..self }
    }

    /// Writes JSON events instead of text to stderr.
    #[must_use]
    pub(crate) fn with_events(self, events: bool) -> Self {
        Self { events, ..self }
    }

    /// Allows commands to show a live view if stderr is a terminal.
    #[must_use]
    pub(crate) fn with_live_view(self, is_capable: bool) -> Self {
        Self { live_view: is_capable && !self.has_timestamps, ..self }
    }

    /// Starts the live view of a command, if live views are allowed.
    pub(crate) fn watch(&self) -> LiveView {
        if self.live_view && !self.events && self.verbosity != Verbosity::Quiet {
            self.screen().begin();
            screen::keep_drawing(&self.screen);
        }
        LiveView::new(self.clone(), self.screen().has_view())
    }

    /// Runs an action that needs exclusive use of the terminal, such as a prompt. The live view is hidden
    /// during the action.
    pub(crate) fn suspend<T>(&self, action: impl FnOnce() -> T) -> T {
        self.screen().suspend();
        let result = action();
        self.screen().resume();
        result
    }

    /// Returns whether `--verbose` was given.
    pub(crate) fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// Prints a result to stdout.
    pub(crate) fn result(&self, text: &str) {
        self.print(&self.redactor.mask(text));
    }

    /// Prints a result to stdout without redacting secrets. Used for `--show-secrets`, and for results whose values
    /// would be wrong if they were masked.
    pub(crate) fn result_with_secrets(&self, text: &str) {
        self.print(text);
    }

    /// Prints a finding to stdout as a GitHub Actions workflow command, with the path of the file in the repository.
    pub(crate) fn annotation(&self, finding: &Diagnostic) {
        let folder = self.annotations.as_deref().unwrap_or_default();
        let command = github::command(finding, folder, &self.redactor);
        self.write(&escape::controls(&self.redactor.mask(&command)));
    }

    /// Checks that all results were written to stdout. A closed pipe is not an error, because the reader does
    /// not want more output.
    ///
    /// # Errors
    ///
    /// Returns the first error that occurred while writing, such as a full disk.
    pub(crate) fn check_output(&self) -> Result<(), CommandError> {
        match &self.stdout().error {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(CommandError::new(Exit::Failed, format!("cannot write to stdout: {error}")))
            }
            _ => Ok(()),
        }
    }

    /// Prints a single-line result.
    pub(crate) fn result_line(&self, text: &str) {
        self.result(&escape::line(text));
    }

    /// Prints a note to stderr, unless `--quiet` was passed. Blank lines may surround the note, and its other
    /// lines must be indented.
    pub(crate) fn note(&self, text: &str) {
        if self.verbosity == Verbosity::Quiet {
            return;
        }
        let start = text.len() - text.trim_start_matches('\n').len();
        let end = text.trim_end_matches('\n').len().max(start);
        let note = escape::message(&text[start..end]);
        self.print_or_emit(&format!("{}{note}{}", &text[..start], &text[end..]), &Event::Note(text));
    }

    /// Prints a result to stdout as indented JSON.
    pub(crate) fn json(&self, value: serde_json::Value) {
        self.print(&format!("{:#}", self.redactor.mask_document(value)));
    }

    /// Prints a result to stdout as JSON on a single line. Each string is redacted individually, so that the
    /// document remains valid JSON.
    pub(crate) fn document(&self, value: serde_json::Value) {
        self.print(&self.redactor.mask_document(value).to_string());
    }

    /// Prints the error of a failed command to stderr.
    pub(crate) fn error(&self, error: &CommandError) {
        if let Some(sentence) = error.reference.as_ref().filter(|_| self.is_prefect) {
            self.print_message(sentence);
        }
        if self.events {
            error.diagnostics.iter().for_each(|diagnostic| self.warn(diagnostic));
            return self.emit(&Event::Error(error));
        }
        self.print_grouped(&error.diagnostics);
        if !error.message.is_empty() {
            self.print_message(&format!("{} {}", "error:".red().bold(), escape::message(&error.message)));
            if self.annotations.is_some() && error.diagnostics.is_empty() {
                self.print_command(&github::error(&error.message, &self.redactor));
            }
        }
        if let Some(help) = &error.help {
            self.print_message(&format!("{} {}", "help:".cyan(), escape::message(help)));
        }
    }

    /// Prints each distinct finding once, followed by its other locations.
    fn print_grouped(&self, diagnostics: &[Diagnostic]) {
        let mut groups: IndexMap<(&str, &str), Vec<&Diagnostic>> = IndexMap::new();
        for diagnostic in diagnostics {
            groups.entry((diagnostic.code.name(), &diagnostic.message)).or_default().push(diagnostic);
        }
        for group in groups.values() {
            self.warn(group[0]);
            let places = group[1..].iter().filter_map(|diagnostic| diagnostic.place.as_ref());
            let places: Vec<String> = places
                .map(|place| format!("{}:{}", escape::line(place.source.name()), place.start().line))
                .collect();
            if !places.is_empty() {
                self.print_message(&format!("  also at {}", first_of(&places, MAX_PLACES)));
            }
        }
    }

    fn print(&self, text: &str) {
        let text = escape::controls(text);
        if !self.is_ci || stdout_is_file() {
            return self.write(&text);
        }
        let has_colors = self.stdout().stream.current_choice() != ColorChoice::Never;
        self.write(&without_commands(&text, has_colors));
    }

    fn write(&self, text: &str) {
        self.suspend(|| {
            let mut stdout = self.stdout();
            let written = writeln!(stdout.stream, "{text}").and_then(|()| stdout.stream.flush());
            if let (Err(error), None) = (written, &stdout.error) {
                stdout.error = Some(error);
            }
        });
    }

    fn stdout(&self) -> MutexGuard<'_, Stdout> {
        self.stdout.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints the text, or writes the event as JSON if events are enabled.
    fn print_or_emit(&self, text: &str, event: &Event<'_>) {
        if self.events { self.emit(event) } else { self.print_message(text) }
    }

    fn emit(&self, event: &Event<'_>) {
        let line = event.line(|text| self.redactor.mask(text));
        let line = escape::controls(&line);
        let line = if self.is_ci { workflow::escape_commands(&line) } else { line };
        self.screen().print(&line);
    }

    fn print_message(&self, text: &str) {
        if self.is_prefect {
            return self.result(text);
        }
        self.screen().print(&escape::shortened(&self.shown(text)));
    }

    /// Prints a GitHub Actions workflow command to stderr.
    fn print_command(&self, command: &str) {
        self.screen().print(&escape::controls(&self.redactor.mask(command)));
    }

    /// Redacts secrets, and escapes control characters and workflow commands.
    fn shown(&self, text: &str) -> String {
        let text = escape::controls(&self.redactor.mask(text)).into_owned();
        if self.is_ci { without_commands(&text, self.has_colors) } else { text }
    }

    /// Returns the text of [`Self::shown`] on a single line.
    fn shown_line(&self, text: &str) -> String {
        escape::line(&self.shown(text)).into_owned()
    }

    fn screen(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Escapes workflow commands. If `has_colors` is not set, colors are removed first, because the stream would
/// remove them after escaping.
fn without_commands(text: &str, has_colors: bool) -> String {
    if has_colors {
        return workflow::escape_commands(text).into_owned();
    }
    workflow::escape_commands(&strip_str(text).to_string()).into_owned()
}

/// Returns whether stdout is redirected to a file. CI services do not parse commands in files.
fn stdout_is_file() -> bool {
    #[cfg(unix)]
    let file = std::os::fd::AsFd::as_fd(&io::stdout()).try_clone_to_owned().map(std::fs::File::from);
    #[cfg(windows)]
    let file = std::os::windows::io::AsHandle::as_handle(&io::stdout())
        .try_clone_to_owned()
        .map(std::fs::File::from);
    file.and_then(|file| file.metadata()).is_ok_and(|metadata| metadata.is_file())
}
