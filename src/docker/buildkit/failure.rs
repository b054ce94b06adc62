//! Extracts the cause of a failed BuildKit build from the program's output.

use crate::docker::error::BuildFailure;

/// Number of output lines that an error message includes.
const LAST_LINES: usize = 12;

/// Parses the failure from the stderr of the BuildKit program.
///
/// The output ends with the output of the failed step between two rulers and with the reason for the failure.
/// Newer versions also print the location in the Dockerfile.
pub(super) fn read(printed: &str, code: i32) -> BuildFailure {
    let lines: Vec<&str> = printed.lines().map(|line| line.trim_end_matches('\r')).collect();
    let reason =
        lines.iter().rev().find(|line| line.starts_with("ERROR: ") || line.contains("failed to solve"));
    let message = reason.map_or_else(
        || format!("docker exited with code {code}"),
        |line| line.trim_start_matches("ERROR: ").to_owned(),
    );
    let step = lines.iter().rev().find_map(|line| line.strip_prefix(" > ")?.strip_suffix(':'));
    let line = lines.iter().rev().find_map(|line| line_in_dockerfile(line));
    let report = lines.iter().position(|line| line.starts_with("------")).unwrap_or(0);
    let printed = lines[report..].iter().filter(|line| is_output(line) && Some(*line) != reason);
    let mut last_lines: Vec<String> = printed.map(|line| (*line).to_owned()).collect();
    last_lines.drain(..last_lines.len().saturating_sub(LAST_LINES));
    BuildFailure { message, step: step.map(str::to_owned), line, last_lines }
}

/// Checks whether a registry or the network failed, so that another attempt might succeed.
pub(super) fn is_temporary(failure: &BuildFailure) -> bool {
    const SIGNS: [&str; 7] = [
        "500 internal server error",
        "502 bad gateway",
        "503 service unavailable",
        "i/o timeout",
        "tls handshake timeout",
        "connection reset",
        "context deadline exceeded",
    ];
    let message = failure.message.to_lowercase();
    SIGNS.iter().any(|sign| message.contains(sign))
}

fn is_output(line: &str) -> bool {
    !line.trim().is_empty() && !line.starts_with("-----") && !line.starts_with(" > ")
}

/// Returns the line number from a location such as `Dockerfile:3`.
fn line_in_dockerfile(line: &str) -> Option<usize> {
    let (file, number) = line.rsplit_once(':')?;
    (!file.is_empty() && !file.contains(char::is_whitespace)).then(|| number.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_step_its_line_and_its_output() {
        let printed = "#5 [2/2] RUN make\n#5 0.3 no rule\n#5 ERROR: process failed\n------\n > [2/2] RUN make:\n\
                       0.312 no rule\n------\nDockerfile:3\n--------------------\n   1 |     FROM a\n\
                       \x20  3 | >>> RUN make\n--------------------\n\
                       ERROR: failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2\n";
        let failure = read(printed, 1);
        assert_eq!(
            failure.message,
            "failed to solve: process \"/bin/sh -c make\" did not complete successfully: exit code: 2"
        );
        assert_eq!((failure.step.as_deref(), failure.line), (Some("[2/2] RUN make"), Some(3)));
        assert_eq!(failure.last_lines[0], "0.312 no rule");
        assert!(!failure.last_lines.iter().any(|line| line.starts_with("---")), "{failure:?}");
    }

    #[test]
    fn returns_the_last_lines_of_other_output() {
        let failure = read("unknown flag: --nope\nSee 'docker build --help'.\n", 125);
        assert_eq!(failure.message, "docker exited with code 125");
        assert_eq!(failure.last_lines, ["unknown flag: --nope", "See 'docker build --help'."]);
        assert_eq!((failure.step, failure.line), (None, None));
    }
}
