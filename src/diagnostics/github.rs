//! Formats diagnostics as GitHub Actions workflow commands. GitHub displays them as annotations on the
//! changed lines.

use super::Diagnostic;
use crate::{escape, secret::Redactor};

/// Formats a diagnostic as a workflow command. `folder` is the working directory relative to the repository root.
/// Redacts the message and shortens its long lines, because GitHub discards commands that are too long.
pub(crate) fn command(diagnostic: &Diagnostic, folder: &str, redactor: &Redactor) -> String {
    let Diagnostic { code, severity, place, help, .. } = diagnostic;
    let message = diagnostic.text();
    let mut properties = Vec::new();
    if let Some(place) = place {
        let (start, end) = (place.start(), place.end());
        properties.push(format!("file={}", property(&in_folder(folder, place.source.name()))));
        properties.push(format!("line={}", start.line));
        // GitHub rejects columns for locations that span multiple lines.
        if start.line == end.line {
            properties.push(format!("col={},endLine={},endColumn={}", start.column, end.line, end.column));
        } else {
            properties.push(format!("endLine={}", end.line));
        }
    }
    properties.push(format!("title={}", property(code.name())));
    let help = help.as_ref().map(|help| format!("\n{help}")).unwrap_or_default();
    let message = shortened(&format!("{message}{help}"), redactor);
    format!("::{} {}::{message}", severity.name(), properties.join(","))
}

/// Formats an error without a location as a workflow command, like [`command`].
pub(crate) fn error(message: &str, redactor: &Redactor) -> String {
    format!("::error::{}", shortened(message, redactor))
}

/// Redacts, shortens and escapes a message. A part of a secret or of an escape would not be recognized.
fn shortened(message: &str, redactor: &Redactor) -> String {
    data(&escape::shortened(&redactor.mask(message)))
}

fn in_folder(folder: &str, file: &str) -> String {
    if file.starts_with('/') {
        return file.to_owned();
    }
    // GitHub does not normalize paths.
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(file.split('/')).filter(|part| !matches!(*part, "" | ".")) {
        if part == ".." && parts.last().is_some_and(|last| *last != "..") {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// Escapes the message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property value of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        diagnostics::{Code, Place, testing},
        secret::Secret,
        source::{Source, Span},
    };

    #[test]
    fn escapes_messages_and_properties() {
        let redactor = Redactor::default();
        assert_eq!(
            command(&testing::placed(), "", &redactor),
            "::warning file=my file.yaml,line=2,col=4,endLine=2,endColumn=6,title=unknown-key::100%25 odd,\\nas: é%0Aremove it"
        );
        let place = Place::new(&Source::new("a,b:c.yaml", "x\ny\n"), Span::new(0, 3));
        let found = Diagnostic::error(Code::NO_NAME, "no name").at(place);
        assert_eq!(
            command(&found, "my/flows", &redactor),
            "::error file=my/flows/a%2Cb%3Ac.yaml,line=1,endLine=2,title=no-name::no name"
        );
        for (folder, file, expected) in [
            ("a", "../b/prefect.yaml", "b/prefect.yaml"),
            ("a/b", "./.././c/prefect.yaml", "a/c/prefect.yaml"),
            ("", "../b/prefect.yaml", "../b/prefect.yaml"),
            ("a", "/b/prefect.yaml", "/b/prefect.yaml"),
        ] {
            assert_eq!(in_folder(folder, file), expected, "{file} in {folder}");
        }
        assert_eq!(error("50%\nof it", &redactor), "::error::50%25%0Aof it");
    }

    #[test]
    fn shortens_messages_without_revealing_a_part_of_a_secret() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2hunter2"));
        for before in [3050, 3065, 3071] {
            let name = format!("{}hunter2hunter2{}", "%".repeat(before), "%".repeat(100_000));
            let command = command(&Diagnostic::error(Code::NO_NAME, &name).help(&name), "", &redactor);
            assert!(command.contains("characters omitted") && !command.contains("hun"), "{before}");
            assert!(command.len() < 6 * 4096, "{}", command.len());
            assert_eq!(command.replace("%25", "").replace("%0A", "").find('%'), None, "{before}");
        }
    }
}
