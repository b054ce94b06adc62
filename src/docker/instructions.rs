//! Splits a Dockerfile into instructions and determines their line numbers.

use std::collections::VecDeque;

/// An instruction in a Dockerfile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Instruction {
    /// One-based number of the instruction's first line.
    pub(crate) line: usize,
    /// The instruction as a single line, without comments.
    pub(crate) text: String,
}

impl Instruction {
    /// Returns the uppercase keyword of the instruction, such as `RUN`.
    pub(crate) fn keyword(&self) -> String {
        self.text.split_whitespace().next().unwrap_or_default().to_uppercase()
    }
}

/// Returns the instructions of a Dockerfile in order. Excludes the contents of here-documents.
pub(crate) fn instructions(dockerfile: &str) -> Vec<Instruction> {
    let escape = escape(dockerfile);
    let mut instructions: Vec<Instruction> = Vec::new();
    let mut continues = false;
    let mut here_documents: VecDeque<String> = VecDeque::new();
    for (index, line) in dockerfile.lines().enumerate() {
        let line = line.trim();
        if let Some(end) = here_documents.front() {
            if line == end {
                here_documents.pop_front();
            }
            continue;
        }
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (part, goes_on) = match line.strip_suffix(escape) {
            Some(part) => (part.trim_end(), true),
            None => (line, false),
        };
        match instructions.last_mut().filter(|_| continues) {
            Some(unfinished) => {
                unfinished.text.push(' ');
                unfinished.text.push_str(part);
            }
            None => instructions.push(Instruction { line: index + 1, text: part.to_owned() }),
        }
        continues = goes_on;
        if !continues && let Some(instruction) = instructions.last() {
            here_documents = ends_of_here_documents(instruction).into();
        }
    }
    instructions
}

/// Checks whether a Dockerfile uses syntax that only BuildKit supports.
pub(crate) fn needs_buildkit(dockerfile: &str) -> bool {
    const OPTIONS: [&str; 7] =
        ["--mount=", "--link", "--chmod=", "--network=", "--security=", "--checksum=", "--exclude="];
    instructions(dockerfile).iter().any(|instruction| {
        let takes_options = matches!(instruction.keyword().as_str(), "RUN" | "COPY" | "ADD");
        let mut options =
            instruction.text.split_whitespace().skip(1).take_while(|word| word.starts_with("--"));
        takes_options && options.any(|word| OPTIONS.iter().any(|option| word.starts_with(option)))
            || !ends_of_here_documents(instruction).is_empty()
    })
}

/// Returns the line continuation character: `\`, unless an `escape` directive changes it.
fn escape(dockerfile: &str) -> char {
    let directives = dockerfile.lines().map_while(|line| line.trim().strip_prefix('#'));
    let mut pairs = directives.map_while(|text| text.split_once('='));
    let found = pairs.find(|(name, _)| name.trim().eq_ignore_ascii_case("escape"));
    found.and_then(|(_, value)| value.trim().chars().next()).unwrap_or('\\')
}

/// Returns the delimiters that end an instruction's here-documents.
fn ends_of_here_documents(instruction: &Instruction) -> Vec<String> {
    if !matches!(instruction.keyword().as_str(), "RUN" | "COPY" | "ADD") {
        return Vec::new();
    }
    let words = instruction.text.split_whitespace().filter_map(|word| word.strip_prefix("<<"));
    let ends = words.map(|word| word.trim_start_matches('-').trim_matches(['"', '\'']).to_owned());
    ends.filter(|end| end.starts_with(|first: char| first.is_alphabetic() || first == '_')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recognizes_syntax_that_requires_buildkit() {
        for (dockerfile, expected) in [
            ("FROM a\nRUN make --mount=x\nCOPY --chown=1 a b\nCOPY --from=b a b", false),
            ("FROM a\nRUN --mount=type=cache,target=/c make", true),
            ("FROM a\nCOPY --link a b", true),
            ("FROM a\nRUN <<EOF\nmake\nEOF", true),
            ("FROM --platform=linux/amd64 a", false),
        ] {
            assert_eq!(needs_buildkit(dockerfile), expected, "{dockerfile}");
        }
    }

    #[test]
    fn instructions_have_the_number_of_their_first_line() {
        for (dockerfile, expected) in [
            ("", &[][..]),
            ("# a comment\n\nFROM a\nRUN b\n", &[(3, "FROM a"), (4, "RUN b")]),
            (
                "FROM a\nRUN b \\\n  # between\n  && c \\\n\n  && d\nCOPY . /\n",
                &[(1, "FROM a"), (2, "RUN b && c && d"), (7, "COPY . /")],
            ),
            ("# escape=`\nRUN a `\n b\nCOPY c d\\\n", &[(2, "RUN a b"), (4, "COPY c d\\")]),
            (
                "RUN <<EOF bash\necho \\\nFROM x\nEOF\nCOPY <<-\"A\" <<B /\n1\nA\n2\nB\nUSER u",
                &[(1, "RUN <<EOF bash"), (5, "COPY <<-\"A\" <<B /"), (10, "USER u")],
            ),
            ("RUN cat <<< x\nUSER u", &[(1, "RUN cat <<< x"), (2, "USER u")]),
            ("RUN a \\", &[(1, "RUN a")]),
        ] {
            let found = instructions(dockerfile);
            let found: Vec<_> = found.iter().map(|one| (one.line, one.text.as_str())).collect();
            assert_eq!(found, expected, "{dockerfile}");
        }
    }
}
