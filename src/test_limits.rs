//! Time and memory limits for tests with hostile input.

use std::time::{Duration, Instant};

/// Maximum time of a case. Unoptimized builds are much slower.
const TIME: Duration = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 5 });

/// Maximum memory of a case in bytes.
const MEMORY: u64 = 512 << 20;

/// Runs a case.
///
/// # Panics
///
/// Panics if the case exceeds the limits. Memory is measured for the whole process, and only if its tests do not run
/// concurrently.
pub(crate) fn within_limits<T>(case: impl FnOnce() -> T) -> T {
    let measures = std::env::var_os("NEXTEST").is_some() || std::env::var_os("RUST_TEST_THREADS").is_some();
    // Resets the peak, on Linux.
    let before =
        measures.then(|| std::fs::write("/proc/self/clear_refs", "5").ok().and_then(|()| peak())).flatten();
    let start = Instant::now();
    let result = case();
    assert!(start.elapsed() < TIME, "the case took {:?}", start.elapsed());
    if let (Some(before), Some(after)) = (before, peak()) {
        let used = after.saturating_sub(before);
        assert!(used < MEMORY, "the case used {} MiB", used >> 20);
    }
    result
}

/// Returns the peak resident memory in bytes since the last reset, or `None` if the system does not report it.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes << 10)
}
