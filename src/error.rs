//! Exit codes, and the error type that all commands return.

use std::process::ExitCode;

use crate::diagnostics::Diagnostic;

/// Defines the exit codes and their descriptions.
macro_rules! exits {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        /// The exit codes of the program, which are a public contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Exit {
            $(#[doc = $meaning] $name = $code,)*
        }

        impl Exit {
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// Returns the description that the help and the documentation show.
            pub(crate) fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                }
            }
        }
    };
}

exits! {
    Done = 0, "success";
    Failed = 1, "failed; nothing was written";
    Usage = 2, "invalid command line, settings or project file";
    Partly = 3, "failed after something was written";
    NeedsAnswer = 4, "input is required, but there is no terminal";
    Unauthorized = 5, "not authorized";
    Unreachable = 6, "the server cannot be reached";
    StepFailed = 7, "a step failed; nothing was registered";
    ChangedMeanwhile = 8, "changed on the server since the comparison or the plan";
    Changes = 10, "`drift` found differences, or `plan --detailed-exitcode` found changes";
    RunFailed = 20, "`--watch`: the run failed";
    RunCrashed = 21, "`--watch`: the run crashed";
    RunCancelled = 22, "`--watch`: the run was cancelled";
    WatchTimedOut = 23, "`--watch`: the timeout expired, but the run continues";
    Interrupted = 130, "interrupted (Ctrl-C)";
    Terminated = 143, "terminated";
}

impl Exit {
    pub(crate) fn code(self) -> u8 {
        self as u8
    }
}

/// The exit codes that the caller of the program expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCodes {
    /// Every kind of failure has its own exit code.
    Distinct,
    /// Every failure has the exit code 1, as with `prefect`.
    Compatible,
}

impl ExitCodes {
    pub(crate) fn code(self, exit: Exit) -> ExitCode {
        let exit = match exit {
            Exit::Done | Exit::Changes | Exit::Interrupted | Exit::Terminated => exit,
            _ if self == Self::Compatible => Exit::Failed,
            _ => exit,
        };
        ExitCode::from(exit.code())
    }
}

/// The error of a command that has failed.
#[derive(Debug)]
pub(crate) struct CommandError {
    pub(crate) exit: Exit,
    /// The message as a single sentence. Empty if the diagnostics describe the error.
    pub(crate) message: String,
    pub(crate) help: Option<String>,
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// The sentence that Prefect prints for this error. prefectl only prints it if it replaces `prefect`.
    pub(crate) reference: Option<String>,
}

impl CommandError {
    pub(crate) fn new(exit: Exit, message: impl std::fmt::Display) -> Self {
        Self { exit, message: message.to_string(), help: None, diagnostics: Vec::new(), reference: None }
    }

    pub(crate) fn usage(message: impl std::fmt::Display) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Creates an error without a message. `diagnostics` describe the error.
    pub(crate) fn findings(exit: Exit, diagnostics: Vec<Diagnostic>) -> Self {
        Self { diagnostics, ..Self::new(exit, "") }
    }

    /// Replaces the help text with a suggestion of the name in `similar`. Keeps the help text if `similar` is `None`.
    #[must_use]
    pub(crate) fn suggest(self, similar: Option<&str>) -> Self {
        let Some(name) = similar else { return self };
        self.help(format!("did you mean '{name}'?"))
    }

    #[must_use]
    pub(crate) fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// Adds the number of completed changes to an error's help text. The error occurred after `done` of
    /// `count` objects were changed. `participle` names the change, such as `deleted`. Returns the error
    /// unchanged if `done` is 0.
    #[must_use]
    pub(crate) fn after_changes(self, done: usize, count: usize, participle: &str) -> Self {
        if done == 0 {
            return self;
        }
        let progress = format!("{done} of {count} were {participle}");
        let help = self.help.map_or_else(|| progress.clone(), |help| format!("{progress}; {help}"));
        Self { exit: Exit::Partly, help: Some(help), ..self }
    }
}

/// Converts an error that prevents every command from starting.
impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> Self {
        Self::new(Exit::Failed, format!("{error:#}"))
    }
}

/// The error that ended an operation on multiple objects.
#[derive(Debug)]
pub(crate) struct Incomplete<E> {
    /// Number of objects that were changed.
    pub(crate) done: usize,
    /// Number of objects to change.
    pub(crate) count: usize,
    pub(crate) error: E,
}

impl<E: Into<CommandError>> Incomplete<E> {
    /// Converts the error to a [`CommandError`] that reports the completed changes. See
    /// [`CommandError::after_changes`].
    pub(crate) fn report(self, participle: &str) -> CommandError {
        self.error.into().after_changes(self.done, self.count, participle)
    }
}
