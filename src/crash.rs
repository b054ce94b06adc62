//! What is told when the program itself is wrong.

use std::{any::Any, backtrace::BacktraceStatus, fmt::Write as _, panic::Location};

/// A report of a panic: where, why, and what to do; with a backtrace where `RUST_BACKTRACE` asks for one.
///
/// It may quote what the program was working on, so it has to be masked like everything that is printed.
pub(crate) fn report(
    payload: &(dyn Any + Send),
    location: Option<&Location<'_>>,
    backtrace: &std::backtrace::Backtrace,
) -> String {
    let reason = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason is given");
    let mut report = format!("prefectl {} has a bug and stopped: {reason}", env!("CARGO_PKG_VERSION"));
    if let Some(place) = location {
        // Writing to a text cannot fail.
        let _ = write!(report, "\n  panicked at {}:{}", place.file(), place.line());
    }
    if backtrace.status() == BacktraceStatus::Captured {
        let _ = write!(report, "\n{backtrace}");
    }
    report
}

#[cfg(test)]
mod tests {
    use std::backtrace::Backtrace;

    use super::*;
    use crate::secret::{MASK, Redactor, Secret};

    #[test]
    fn a_report_says_where_and_why_without_secrets() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2"));
        let text = "called on hunter2".to_owned();
        let report = report(&text, Some(Location::caller()), &Backtrace::disabled());
        let report = redactor.mask(&report);
        assert!(report.contains(&format!("called on {MASK}")), "{report}");
        assert!(report.contains("panicked at src/crash.rs:"), "{report}");
    }
}
