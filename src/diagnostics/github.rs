//! Formats diagnostics as GitHub Actions workflow commands. GitHub displays them as annotations on the
//! changed lines.

use super::Diagnostic;

/// Formats a diagnostic as a workflow command. `folder` is the working directory relative to the repository root.
pub(crate) fn command(diagnostic: &Diagnostic, folder: &str) -> String {
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
    format!("::{} {}::{}", severity.name(), properties.join(","), data(&format!("{message}{help}")))
}

/// Formats an error without a location as a workflow command.
pub(crate) fn error(message: &str) -> String {
    format!("::error::{}", data(message))
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
        source::{Source, Span},
    };

    #[test]
    fn escapes_messages_and_properties() {
        assert_eq!(
            command(&testing::placed(), ""),
            "::warning file=my file.yaml,line=2,col=4,endLine=2,endColumn=6,title=unknown-key::100%25 odd,\\nas: é%0Aremove it"
        );
        let place = Place::new(&Source::new("a,b:c.yaml", "x\ny\n"), Span::new(0, 3));
        let found = Diagnostic::error(Code::NO_NAME, "no name").at(place);
        assert_eq!(
            command(&found, "my/flows"),
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
        assert_eq!(error("50%\nof it"), "::error::50%25%0Aof it");
    }
}
