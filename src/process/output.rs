//! Collects a program's output with bounded memory, as lines for display and as a string.

/// Maximum number of bytes to keep from the start of the output.
const HEAD: usize = 8 * 1024 * 1024;
/// Maximum number of bytes to keep from the end of an output that exceeds [`HEAD`].
const TAIL: usize = 64 * 1024;

/// Maximum length of a line in bytes. Longer lines are split.
const LONGEST_LINE: usize = 64 * 1024;

/// A program's output, or only its start and end if the output is too long.
#[derive(Debug, Default)]
pub(crate) struct BoundedOutput {
    head: Vec<u8>,
    tail: Vec<u8>,
    omitted: u64,
}

impl BoundedOutput {
    /// Appends bytes to the output.
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(first);
        self.tail.extend_from_slice(rest);
        // The tail is shortened only occasionally to limit the number of moved bytes.
        if self.tail.len() > 4 * TAIL {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        let more = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..more);
        self.omitted += more as u64;
    }

    /// Returns the output as a string. Replaces invalid UTF-8 with U+FFFD.
    pub(crate) fn into_text(mut self) -> String {
        self.shorten();
        if self.omitted > 0 {
            let gap = format!("\n[{} bytes omitted]\n", self.omitted);
            self.head.extend_from_slice(gap.as_bytes());
        }
        self.head.append(&mut self.tail);
        String::from_utf8(self.head)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

/// A buffer that splits a stream of bytes into lines.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// The start of a line that is not yet complete.
    unfinished: Vec<u8>,
}

impl Lines {
    /// Appends bytes and reports each completed line without its line ending.
    pub(super) fn add(&mut self, bytes: &[u8], report: impl Fn(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.unfinished.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&self.unfinished);
                report(line.trim_end_matches(['\n', '\r']));
                self.unfinished.clear();
            } else if self.unfinished.len() > LONGEST_LINE {
                let rest = self.unfinished.split_off(whole_characters(&self.unfinished));
                report(&String::from_utf8_lossy(&self.unfinished));
                self.unfinished = rest;
            }
        }
    }

    /// Reports the last line if it does not have a line ending.
    pub(super) fn finish(self, report: impl Fn(&str)) {
        if !self.unfinished.is_empty() {
            report(&String::from_utf8_lossy(&self.unfinished));
        }
    }
}

/// Returns the length of `bytes` without an incomplete UTF-8 character at the end.
fn whole_characters(bytes: &[u8]) -> usize {
    // A character consists of at most four bytes, and only its first byte is 0xC0 or higher.
    let last = bytes.iter().rposition(|byte| *byte >= 0xC0).filter(|at| bytes.len() - at <= 3);
    last.unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let reported = RefCell::new(Vec::new());
        let report = |line: &str| reported.borrow_mut().push(line.to_owned());
        let mut lines = Lines::default();
        pieces.iter().for_each(|piece| lines.add(piece, report));
        lines.finish(report);
        reported.into_inner()
    }

    #[test]
    fn reports_complete_lines() {
        for (pieces, expected) in [
            (&[&b"a\nb"[..], b"c\r\n", b"d"][..], &["a", "bc", "d"][..]),
            (&[b"\n\n"], &["", ""]),
            (&[b"caf\xC3", b"\xA9\n"], &["café"]),
            (&[b"\xFF\n"], &["\u{FFFD}"]),
            (&[], &[]),
        ] {
            assert_eq!(lines(pieces), expected);
        }
    }

    #[test]
    fn splits_long_lines_between_characters() {
        let text = "é".repeat(LONGEST_LINE);
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(4097).collect();
        let reported = lines(&pieces);
        assert!(reported.len() > 1 && reported.iter().all(|piece| !piece.contains('\u{FFFD}')));
        assert_eq!(reported.concat(), text);
    }

    #[test]
    fn keeps_the_start_and_the_end_of_a_long_output() {
        let mut output = BoundedOutput::default();
        for number in 0..3_000_000 {
            output.add(format!("{number}\n").as_bytes());
            assert!(output.head.len() <= HEAD && output.tail.len() <= 5 * TAIL);
        }
        let text = output.into_text();
        assert!(text.starts_with("0\n1\n") && text.ends_with("\n2999999\n"));
        assert!(text.contains(" bytes omitted]\n") && text.len() < HEAD + TAIL + 100);
    }

    #[test]
    fn keeps_a_short_output_unchanged() {
        let mut output = BoundedOutput::default();
        output.add(b"caf\xC3");
        output.add(b"\xA9 \xFF");
        assert_eq!(output.into_text(), "café \u{FFFD}");
    }
}
