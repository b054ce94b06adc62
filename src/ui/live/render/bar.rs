//! Progress bars with a count and an estimate of the remaining time.

use std::time::Duration;

use owo_colors::OwoColorize;

use super::super::text::cut;
use crate::progress::Amount;

/// Width of the bar in columns.
const BAR_WIDTH: usize = 20;
/// Minimum terminal width for showing the bar in addition to the count.
const MIN_WIDTH: usize = 50;
/// Minimum elapsed time and minimum number of completed items for an estimate.
const MIN_TIME: Duration = Duration::from_secs(1);
const MIN_DONE: u64 = 3;

/// Renders a bar such as `█████░░░░░ 105/200 deployments, about 12s left`.
pub(super) fn bar(amount: Amount, elapsed: Duration, width: usize) -> String {
    let Amount { done, total, unit } = amount;
    let left = remaining(amount, elapsed).map(|left| format!(", about {} left", rounded(left)));
    let text = format!("{done}/{total} {unit}{}", left.unwrap_or_default());
    if width < MIN_WIDTH {
        return cut(&text, width).into_owned();
    }
    let size = u64::try_from(BAR_WIDTH).unwrap_or_default();
    let filled = usize::try_from((done * size).checked_div(total).unwrap_or_default()).unwrap_or_default();
    let (filled, empty) = ("█".repeat(filled.min(BAR_WIDTH)), "░".repeat(BAR_WIDTH - filled.min(BAR_WIDTH)));
    let text = cut(&text, width - BAR_WIDTH - 1).into_owned();
    format!("{}{} {text}", filled.cyan(), empty.dimmed())
}

/// Estimates the remaining time. Returns `None` if too few items have been completed.
fn remaining(Amount { done, total, .. }: Amount, elapsed: Duration) -> Option<Duration> {
    if done < MIN_DONE || done >= total || elapsed < MIN_TIME {
        return None;
    }
    let left = u32::try_from(total - done).ok()?;
    Some(elapsed * left / u32::try_from(done).ok()?)
}

/// Formats a duration in whole seconds or minutes.
fn rounded(time: Duration) -> String {
    match time.as_secs() {
        0 => "1s".to_owned(),
        seconds @ 1..=90 => format!("{seconds}s"),
        seconds => format!("{} min", seconds.div_ceil(60)),
    }
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;

    use super::*;

    #[test]
    fn shows_the_count_and_an_estimate() {
        let shown = |done, total, seconds, width| {
            let amount = Amount { done, total, unit: "deployments" };
            strip_str(&bar(amount, Duration::from_secs(seconds), width)).to_string()
        };
        assert_eq!(shown(0, 200, 5, 80), "░░░░░░░░░░░░░░░░░░░░ 0/200 deployments");
        assert_eq!(shown(50, 200, 5, 80), "█████░░░░░░░░░░░░░░░ 50/200 deployments, about 15s left");
        assert_eq!(shown(50, 200, 100, 80), "█████░░░░░░░░░░░░░░░ 50/200 deployments, about 5 min left");
        assert_eq!(shown(200, 200, 5, 80), "████████████████████ 200/200 deployments");
        assert_eq!(shown(2, 200, 5, 40), "2/200 deployments");
        assert_eq!(shown(50, 200, 5, 20), "50/200 deployments,…");
        assert_eq!(shown(0, 0, 0, 80), "░░░░░░░░░░░░░░░░░░░░ 0/0 deployments");
    }
}
