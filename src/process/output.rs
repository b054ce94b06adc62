//! What becomes of a program's output: lines to show, and a text to keep, both within bounds.

/// How much is kept of the beginning of an output, and how much of its end.
const HEAD: usize = 8 * 1024 * 1024;
const TAIL: usize = 64 * 1024;

/// A line that is longer is shown in pieces.
const LONGEST_LINE: usize = 64 * 1024;

/// The beginning and the end of an output, and all of it where it is not longer than these.
#[derive(Debug, Default)]
pub(super) struct Kept {
    head: Vec<u8>,
    tail: Vec<u8>,
    left_out: u64,
}

impl Kept {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let (first, rest) = bytes.split_at(bytes.len().min(HEAD - self.head.len()));
        self.head.extend_from_slice(first);
        self.tail.extend_from_slice(rest);
        // Seldom, so that little is moved.
        if self.tail.len() > 4 * TAIL {
            self.shorten();
        }
    }

    fn shorten(&mut self) {
        let more = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..more);
        self.left_out += more as u64;
    }

    /// The text; what is not UTF-8 in it becomes U+FFFD.
    pub(super) fn into_text(mut self) -> String {
        self.shorten();
        if self.left_out > 0 {
            let gap = format!("\n[{} bytes are left out here]\n", self.left_out);
            self.head.extend_from_slice(gap.as_bytes());
        }
        self.head.append(&mut self.tail);
        String::from_utf8(self.head)
            .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

/// Makes lines of what comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Lines {
    /// A line whose end has not come yet.
    unfinished: Vec<u8>,
}

impl Lines {
    /// Tells all lines that end in these bytes, without their ends.
    pub(super) fn add(&mut self, bytes: &[u8], tell: impl Fn(&str)) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.unfinished.extend_from_slice(piece);
            if piece.ends_with(b"\n") {
                let line = String::from_utf8_lossy(&self.unfinished);
                tell(line.trim_end_matches(['\n', '\r']));
                self.unfinished.clear();
            } else if self.unfinished.len() > LONGEST_LINE {
                let rest = self.unfinished.split_off(whole_characters(&self.unfinished));
                tell(&String::from_utf8_lossy(&self.unfinished));
                self.unfinished = rest;
            }
        }
    }

    /// Tells what is left at the end.
    pub(super) fn finish(self, tell: impl Fn(&str)) {
        if !self.unfinished.is_empty() {
            tell(&String::from_utf8_lossy(&self.unfinished));
        }
    }
}

/// How many of these bytes are before a character that may be cut off at their end.
fn whole_characters(bytes: &[u8]) -> usize {
    // A character of several bytes has at most four, and begins with one that its others cannot be.
    let last = bytes.iter().rposition(|byte| *byte >= 0xC0).filter(|at| bytes.len() - at <= 3);
    last.unwrap_or(bytes.len())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn lines(pieces: &[&[u8]]) -> Vec<String> {
        let told = RefCell::new(Vec::new());
        let tell = |line: &str| told.borrow_mut().push(line.to_owned());
        let mut lines = Lines::default();
        pieces.iter().for_each(|piece| lines.add(piece, tell));
        lines.finish(tell);
        told.into_inner()
    }

    #[test]
    fn lines_are_told_whole_however_they_come() {
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
    fn a_line_without_end_comes_in_pieces_between_characters() {
        let text = "é".repeat(LONGEST_LINE);
        let pieces: Vec<&[u8]> = text.as_bytes().chunks(4097).collect();
        let told = lines(&pieces);
        assert!(told.len() > 1 && told.iter().all(|piece| !piece.contains('\u{FFFD}')));
        assert_eq!(told.concat(), text);
    }

    #[test]
    fn a_long_output_keeps_its_beginning_and_its_end() {
        let mut kept = Kept::default();
        for number in 0..3_000_000 {
            kept.add(format!("{number}\n").as_bytes());
            assert!(kept.head.len() <= HEAD && kept.tail.len() <= 5 * TAIL);
        }
        let text = kept.into_text();
        assert!(text.starts_with("0\n1\n") && text.ends_with("\n2999999\n"));
        assert!(text.contains(" bytes are left out here]\n") && text.len() < HEAD + TAIL + 100);
    }

    #[test]
    fn a_short_output_is_kept_as_it_is() {
        let mut kept = Kept::default();
        kept.add(b"caf\xC3");
        kept.add(b"\xA9 \xFF");
        assert_eq!(kept.into_text(), "café \u{FFFD}");
    }
}
