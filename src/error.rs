//! What ends a command: the exit codes, and the one place that turns errors into them.

use crate::diagnostics::Diagnostic;

/// The exit codes, which are a public contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    Done = 0,
    /// Nothing was written.
    Failed = 1,
    /// The command line, the settings or the project file are wrong.
    Usage = 2,
    /// Some was written.
    Partly = 3,
    /// There is a question, and no terminal to ask it on.
    NeedsAnswer = 4,
    Unauthorized = 5,
    Unreachable = 6,
    StepFailed = 7,
    /// Somebody else has changed what was to be changed.
    ChangedMeanwhile = 8,
    /// A plan or a drift shows changes, and the command was asked to tell.
    Changes = 10,
    RunFailed = 20,
    RunCrashed = 21,
    RunCancelled = 22,
    WatchTimedOut = 23,
    Interrupted = 130,
    Terminated = 143,
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        self as u8
    }

    /// With `compatible`, every failure that the reference ends with 1 is 1.
    pub(crate) fn folded(self, compatible: bool) -> Self {
        match self {
            Self::Done | Self::Changes | Self::Interrupted | Self::Terminated => self,
            _ if compatible => Self::Failed,
            _ => self,
        }
    }
}

/// Why a command did not do what it was asked to.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) exit: Exit,
    /// One sentence; empty where the diagnostics say it all.
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl CommandError {
    pub(crate) fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self { exit, message: message.to_string(), help: None, diagnostics: Vec::new() }
    }

    pub(crate) fn usage(message: impl std::fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// An error that is all in its findings.
    pub(crate) fn findings(exit: Exit, diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics, ..Self::new(exit, "") }
    }

    #[must_use]
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}
