//! How the domain tells what it is doing; the `ui` module draws it.

use crate::diagnostics::Diagnostic;

/// Which stream of a program a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Stdout,
    Stderr,
}

/// Receives what happens while it happens.
pub(crate) trait Progress: Send + Sync {
    /// A line about what is being done now.
    fn status(&self, line: &str);

    /// A line that a program or a build printed, without its end.
    fn output(&self, stream: Stream, line: &str);

    /// Something the user should know, which does not stop the work.
    fn warn(&self, diagnostic: &Diagnostic);

    /// What became of a deployment, as soon as it is known. People read it in the report.
    fn deployment(&self, _name: &str, _outcome: &str) {}
}

/// Tells nobody.
#[cfg(test)]
pub(crate) struct Silent;

#[cfg(test)]
impl Progress for Silent {
    fn status(&self, _: &str) {}
    fn output(&self, _: Stream, _: &str) {}
    fn warn(&self, _: &Diagnostic) {}
}
