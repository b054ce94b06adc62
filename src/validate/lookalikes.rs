//! Warns about text that looks like a placeholder but is not substituted.

use crate::{
    diagnostics::{Code, Diagnostic},
    pointer::{Pointer, Segment},
    project::{Findings, Part},
    template::lookalike::{self, Lookalike, LookalikeKind},
};

/// Keys whose values may contain the syntax of a shell or another template language.
const OTHER_SYNTAX: [&str; 5] = ["args", "command", "entrypoint", "env", "script"];

/// Warns about substrings that look like placeholders but are not substituted.
pub(super) fn lookalikes(text: &str, pointer: &Pointer, findings: &mut Findings<'_>) {
    if !text.contains(['{', '$', '%']) || has_other_syntax(pointer) {
        return;
    }
    for found in lookalike::braces(text).into_iter().chain(lookalike::shell_variables(text)) {
        let part = Part::new(text, found.range.clone());
        findings.at_part(pointer, part, diagnostic(text, &found));
    }
}

fn has_other_syntax(pointer: &Pointer) -> bool {
    pointer.segments().iter().any(|segment| match segment {
        Segment::Key(key) => OTHER_SYNTAX.contains(&key.as_str()),
        Segment::Index(_) | Segment::CommandLine => false,
    })
}

fn diagnostic(text: &str, found: &Lookalike) -> Diagnostic {
    let shown: String = text[found.range.clone()].chars().take(80).collect();
    let (code, message) = match found.kind {
        LookalikeKind::Braces => (
            Code::UNSUPPORTED_PLACEHOLDER,
            format!("`{shown}` is not a valid placeholder and is not substituted"),
        ),
        LookalikeKind::Unclosed => {
            (Code::UNSUPPORTED_PLACEHOLDER, format!("`{shown}` lacks a closing brace and is not substituted"))
        }
        LookalikeKind::ShellVariable => (Code::UNEXPANDED_VARIABLE, format!("`{shown}` is not substituted")),
    };
    let help = match &found.suggestion {
        Some(suggestion) => format!("use `{suggestion}`"),
        None => "Prefect only substitutes names: `{{ name }}`".to_owned(),
    };
    Diagnostic::warning(code, message).help(help)
}
