//! Limits the time for reading all flows of a command.

use std::sync::atomic::{AtomicU32, Ordering};

/// Maximum number of evaluation steps for reading a flow. A step takes about one microsecond.
const FLOW_LIMIT: u32 = 2_000_000;

/// Number of steps that every flow may take without using the pool.
pub(super) const FREE_STEPS: u32 = 20_000;

/// Initial number of steps in the pool.
const POOL: u32 = 8_000_000;

/// Evaluation steps that all flows of a command share. Without the shared limit, reading many expensive flows
/// could take hours.
#[derive(Debug)]
pub(super) struct StepPool {
    remaining: AtomicU32,
}

impl Default for StepPool {
    fn default() -> Self {
        Self { remaining: AtomicU32::new(POOL) }
    }
}

impl StepPool {
    /// Reads a flow. `read` receives the maximum number of steps, and returns the unused steps with the result.
    pub(super) fn with_limit<T>(&self, read: impl FnOnce(u32) -> (T, u32)) -> T {
        let limit = FLOW_LIMIT.min(FREE_STEPS + self.remaining.load(Ordering::Relaxed));
        let (result, unused) = read(limit);
        let taken = limit.saturating_sub(unused).saturating_sub(FREE_STEPS);
        // Flows that are read concurrently may use more steps than the pool contains.
        let _ = self.remaining.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |remaining| {
            Some(remaining.saturating_sub(taken))
        });
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_expensive_flows_empty_the_pool() {
        let pool = StepPool::default();
        let limits = |steps: u32| pool.with_limit(|limit| (limit, limit.saturating_sub(steps)));
        assert!((0..1000).all(|_| limits(FREE_STEPS) == FLOW_LIMIT));
        let granted: Vec<u32> = (0..6).map(|_| limits(FLOW_LIMIT)).collect();
        assert_eq!(granted[..4], [FLOW_LIMIT; 4]);
        assert_eq!(granted[4..], [5 * FREE_STEPS, FREE_STEPS]);
    }
}
