//! Assembles complete lines from fragments of output.

/// Maximum length of a line in bytes. Longer lines are split, so that output without line breaks cannot exhaust memory.
const LONGEST_LINE: usize = 64 * 1024;

/// Collects fragments of output until a line is complete.
#[derive(Debug, Default)]
pub(super) struct Lines {
    unfinished: String,
}

impl Lines {
    /// Adds a fragment and returns the lines that are now complete. If a line contains carriage returns,
    /// returns only its final content.
    pub(super) fn push(&mut self, text: &str) -> Vec<String> {
        let known = self.unfinished.len();
        self.unfinished.push_str(text);
        let end = match text.rfind('\n') {
            Some(end) => known + end + 1,
            None if self.unfinished.len() > LONGEST_LINE => self.unfinished.len(),
            None => return Vec::new(),
        };
        let rest = self.unfinished.split_off(end);
        let complete = std::mem::replace(&mut self.unfinished, rest);
        complete.lines().map(last_state).collect()
    }

    /// Returns the last line if it does not end with a line break.
    pub(super) fn finish(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.unfinished);
        (!rest.is_empty()).then(|| last_state(&rest))
    }
}

fn last_state(line: &str) -> String {
    let line = line.trim_end_matches('\r');
    line.rsplit('\r').next().unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assembles_lines_from_fragments() {
        let mut lines = Lines::default();
        assert_eq!(lines.push("Step 1/2"), Vec::<String>::new());
        assert_eq!(lines.push(" : FROM scratch\n ---> "), ["Step 1/2 : FROM scratch"]);
        assert_eq!(lines.push("\n\r\n10%\r50%\r100%\r\nlast"), [" ---> ", "", "100%"]);
        assert_eq!(lines.finish().as_deref(), Some("last"));
        assert_eq!(lines.finish(), None);
    }

    #[test]
    fn splits_output_without_line_breaks() {
        let mut lines = Lines::default();
        let fragment = "é".repeat(500);
        let mut complete = String::new();
        for _ in 0..1000 {
            complete.extend(lines.push(&fragment));
            assert!(lines.unfinished.len() <= LONGEST_LINE);
        }
        complete.extend(lines.finish());
        assert_eq!(complete, fragment.repeat(1000));
    }
}
