//! Buffers the output of a step, so that the live view can show the last lines and the complete output can be
//! printed if the step fails.

use std::collections::VecDeque;

use super::text::plain;

/// Maximum size of a step's buffered output, in bytes.
const MAX_BYTES: usize = 4 << 20;

/// A line of output from a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ui) enum OutputLine {
    /// A status message from prefectl about the step.
    Status(String),
    /// A line printed by the step's program.
    Program(String),
}

impl OutputLine {
    pub(in crate::ui) fn text(&self) -> &str {
        match self {
            Self::Status(text) | Self::Program(text) => text,
        }
    }
}

/// The most recent lines of a step's output, limited to [`MAX_BYTES`] bytes.
#[derive(Debug, Default)]
pub(super) struct OutputBuffer {
    lines: VecDeque<OutputLine>,
    bytes: usize,
    dropped: usize,
}

impl OutputBuffer {
    /// Adds a line. Removes the oldest lines while the buffer exceeds its maximum size.
    pub(super) fn add(&mut self, line: OutputLine) {
        self.bytes += line.text().len();
        self.lines.push_back(line);
        while self.bytes > MAX_BYTES && self.lines.len() > 1 {
            let first = self.lines.pop_front();
            self.bytes -= first.map_or(0, |line| line.text().len());
            self.dropped += 1;
        }
    }

    /// Returns the last `count` lines that are not blank.
    pub(super) fn tail(&self, count: usize) -> Vec<&str> {
        let texts = self.lines.iter().rev().map(OutputLine::text).filter(|text| !plain(text).is_empty());
        let mut tail: Vec<&str> = texts.take(count).collect();
        tail.reverse();
        tail
    }

    /// Removes and returns all lines. If earlier lines were dropped, the first returned line reports their
    /// number.
    pub(super) fn take(&mut self) -> Vec<OutputLine> {
        let Self { lines, dropped, .. } = std::mem::take(self);
        let note = format!("({dropped} earlier lines omitted; use --verbose to see all output)");
        let note = (dropped > 0).then_some(OutputLine::Status(note));
        note.into_iter().chain(lines).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tail_skips_blank_lines_and_take_empties_the_buffer() {
        let mut buffer = OutputBuffer::default();
        for text in ["a", "", "b", "  \u{1b}[0m", "c"] {
            buffer.add(OutputLine::Program(text.into()));
        }
        assert_eq!(buffer.tail(2), ["b", "c"]);
        assert_eq!(buffer.tail(9), ["a", "b", "c"]);
        assert_eq!(buffer.take().len(), 5);
        assert!(buffer.take().is_empty());
    }

    #[test]
    fn drops_the_oldest_lines_above_the_limit() {
        let mut buffer = OutputBuffer::default();
        for _ in 0..5 {
            buffer.add(OutputLine::Program("x".repeat(MAX_BYTES / 2)));
        }
        let lines = buffer.take();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0].text(), "(3 earlier lines omitted; use --verbose to see all output)");
    }
}
