//! What ends a command: the exit codes, and the one place that turns errors into them.

use crate::diagnostics::Diagnostic;

/// Makes the exit codes of one table, so that none lacks its meaning.
macro_rules! exits {
    ($($name:ident = $code:literal, $meaning:literal;)*) => {
        /// The exit codes, which are a public contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Exit {
            $(#[doc = $meaning] $name = $code,)*
        }

        impl Exit {
            pub(crate) const ALL: &[Self] = &[$(Self::$name),*];

            /// What it tells, for people.
            pub(crate) fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                }
            }
        }
    };
}

exits! {
    Done = 0, "done";
    Failed = 1, "failed, nothing was written";
    Usage = 2, "the command line, the settings or the project file are wrong";
    Partly = 3, "failed, and something had been written";
    NeedsAnswer = 4, "an answer is needed, such as the name of a deployment, and nobody can be asked";
    Unauthorized = 5, "not authorised";
    Unreachable = 6, "the server cannot be reached";
    StepFailed = 7, "a step failed; nothing was registered";
    ChangedMeanwhile = 8, "somebody else has changed what was to be changed: since the plan of `deploy --plan`, or since it was compared";
    Changes = 10, "`drift` has found differences; `plan --detailed-exitcode` has found changes";
    RunFailed = 20, "`--watch`: the run failed";
    RunCrashed = 21, "`--watch`: the run crashed";
    RunCancelled = 22, "`--watch`: the run was cancelled";
    WatchTimedOut = 23, "`--watch`: watching timed out; the run goes on";
    Interrupted = 130, "interrupted (Ctrl-C)";
    Terminated = 143, "terminated";
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
