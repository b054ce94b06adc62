//! Assembles complete lines from fragments of output.

/// A buffer that collects fragments of output until a line is complete.
#[derive(Debug, Default)]
pub(super) struct Lines {
    unfinished: String,
}

impl Lines {
    /// Adds a fragment and returns the lines that are now complete. If a line contains carriage returns,
    /// returns only its final content.
    pub(super) fn push(&mut self, text: &str) -> Vec<String> {
        self.unfinished.push_str(text);
        let Some(end) = self.unfinished.rfind('\n') else {
            return Vec::new();
        };
        let rest = self.unfinished.split_off(end + 1);
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
}
