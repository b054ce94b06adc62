//! What a step has said, as long as it may be asked for.

use std::collections::VecDeque;

use super::text::plain;

/// How much of what a step says is kept for the case that it fails.
const MOST: usize = 4 << 20;

/// A line of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) enum Said {
    Status(String),
    Output(String),
}

impl Said {
    pub(in crate::ui) fn text(&self) -> &str {
        match self {
            Self::Status(text) | Self::Output(text) => text,
        }
    }
}

/// The last lines of a step.
#[derive(Debug, Default)]
pub(super) struct Kept {
    lines: VecDeque<Said>,
    bytes: usize,
    lost: usize,
}

impl Kept {
    pub(super) fn add(&mut self, said: Said) {
        self.bytes += said.text().len();
        self.lines.push_back(said);
        while self.bytes > MOST && self.lines.len() > 1 {
            let first = self.lines.pop_front();
            self.bytes -= first.map_or(0, |said| said.text().len());
            self.lost += 1;
        }
    }

    /// The last `count` lines that say something.
    pub(super) fn tail(&self, count: usize) -> Vec<&str> {
        let texts = self.lines.iter().rev().map(Said::text).filter(|text| !plain(text).is_empty());
        let mut tail: Vec<&str> = texts.take(count).collect();
        tail.reverse();
        tail
    }

    /// All lines, and forgets them. If some were too many, the first line says so.
    pub(super) fn take(&mut self) -> Vec<Said> {
        let Self { lines, lost, .. } = std::mem::take(self);
        let note = format!("({lost} lines before these were not kept; --verbose shows all)");
        let note = (lost > 0).then_some(Said::Status(note));
        note.into_iter().chain(lines).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_what_was_said_last_and_all_is_there_to_take() {
        let mut kept = Kept::default();
        for text in ["a", "", "b", "  \u{1b}[0m", "c"] {
            kept.add(Said::Output(text.into()));
        }
        assert_eq!(kept.tail(2), ["b", "c"]);
        assert_eq!(kept.tail(9), ["a", "b", "c"]);
        assert_eq!(kept.take().len(), 5);
        assert!(kept.take().is_empty());
    }

    #[test]
    fn what_is_kept_is_limited() {
        let mut kept = Kept::default();
        for _ in 0..5 {
            kept.add(Said::Output("x".repeat(MOST / 2)));
        }
        let all = kept.take();
        assert_eq!(all.len(), 3);
        assert_eq!(all[0].text(), "(3 lines before these were not kept; --verbose shows all)");
    }
}
