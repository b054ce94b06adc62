//! Creates the report that is printed when the program panics.

use std::{any::Any, backtrace::BacktraceStatus, fmt::Write as _, panic::Location};

/// Describes a panic: the version, the reason, the location and, if `RUST_BACKTRACE` is set, the backtrace.
///
/// The reason may contain user data, so the caller must redact the report before printing it.
pub(crate) fn report(
    payload: &(dyn Any + Send),
    location: Option<&Location<'_>>,
    backtrace: &std::backtrace::Backtrace,
) -> String {
    let reason = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no reason given");
    let mut report = format!("prefectl {} crashed because of a bug: {reason}", env!("CARGO_PKG_VERSION"));
    if let Some(location) = location {
        // Writing to a string cannot fail.
        let _ = write!(report, "\n  panicked at {}:{}", location.file(), location.line());
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
    fn reports_location_and_reason_without_secrets() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2"));
        let text = "called on hunter2".to_owned();
        let report = report(&text, Some(Location::caller()), &Backtrace::disabled());
        let report = redactor.mask(&report);
        assert!(report.contains(&format!("called on {MASK}")), "{report}");
        assert!(report.contains("panicked at src/crash.rs:"), "{report}");
    }
}
