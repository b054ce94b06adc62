//! Loads project files and checks their keys and value types.

use std::path::Path;

use super::{
    DEFAULT_FILE, Declared, Fields, Findings, IgnoredFields, Key, Project, STDIN, StepList,
    checker::{Checker, is_misspelling},
    duplicates,
    environments::{SelectedEnvironment, UndefinedEnvironment},
    fields, lossy_scalars, misplaced, resources,
};
use crate::{
    diagnostics::{Code, Diagnostic, did_you_mean},
    fs::{self, FileError},
    pointer::Pointer,
    source::Source,
    steps::Section,
    value::{self, Mapping, Value},
    yaml::{self, Document, YamlError},
};

/// Name of a project file that is read from stdin.
const STDIN_NAME: &str = "<stdin>";

/// The error returned if a project file cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProjectError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    UndefinedEnvironment(#[from] UndefinedEnvironment),
    /// The file is not valid YAML, or some of its values are invalid.
    #[error("{} has {} error(s)", file, diagnostics.len())]
    Invalid { file: String, diagnostics: Vec<Diagnostic> },
}

impl ProjectError {
    /// Creates the error for invalid values. The error names the file that contains the first problem: the project file
    /// or an overlay file.
    pub(super) fn invalid(base: &str, diagnostics: Vec<Diagnostic>) -> Self {
        let first = diagnostics.iter().find(|diagnostic| diagnostic.is_error());
        let place = first.and_then(|first| first.place.as_ref());
        let file = place.map_or(base, |place| place.source.name()).to_owned();
        Self::Invalid { file, diagnostics }
    }

    /// Adds the source of the environment's name to the error for an undefined environment.
    #[must_use]
    pub(crate) fn selected_by(self, environment: Option<&SelectedEnvironment>) -> Self {
        match self {
            Self::UndefinedEnvironment(undefined) => {
                let selected_by = environment.and_then(|selected| selected.source);
                UndefinedEnvironment { selected_by, ..undefined }.into()
            }
            error => error,
        }
    }
}

/// Reads and decodes a project file. The path `-` means stdin.
///
/// # Errors
///
/// Fails if the file cannot be read or is not valid UTF-8.
pub(crate) fn read(path: &Path, directory: &Path) -> Result<Source, ProjectError> {
    let invalid = |file: &str, error: Box<Diagnostic>| ProjectError::Invalid {
        file: file.to_owned(),
        diagnostics: vec![*error],
    };
    if path == Path::new(STDIN) {
        let bytes = fs::read_stdin()?.to_owned();
        return yaml::decode(STDIN_NAME, bytes, Source::new).map_err(|error| invalid(STDIN_NAME, error));
    }
    let name = path.to_string_lossy();
    let file = directory.join(path);
    let kind = if fs::is_link_outside(&file) { Source::private } else { Source::new };
    // Only the user may name a pipe.
    let bytes = if path == Path::new(DEFAULT_FILE) { fs::read_bytes(&file) } else { fs::read_again(&file) };
    yaml::decode(&name, bytes?, kind).map_err(|error| invalid(&name, error))
}

/// Loads a project from its source. Returns the project and its warnings.
///
/// # Errors
///
/// Fails if the source is invalid. The error contains all problems found.
#[cfg(test)]
pub(crate) fn load_source(source: &Source) -> Result<(Project, Vec<Diagnostic>), ProjectError> {
    let (document, findings) = parsed(source)?;
    checked(document, findings)
}

/// Parses a project file. Returns the document and the parser warnings.
pub(super) fn parsed(source: &Source) -> Result<(Document, Vec<Diagnostic>), ProjectError> {
    let document = yaml::load(source).map_err(|error| ProjectError::Invalid {
        file: source.name().to_owned(),
        diagnostics: vec![error.diagnostic(source).fix(yaml::quote_values(source))],
    })?;
    let findings = duplicates::parser_findings(&document);
    Ok((document, findings))
}

/// Checks a document's structure. Returns the project and its warnings, starting with the parser warnings.
pub(super) fn checked(
    document: Document,
    parser_findings: Vec<Diagnostic>,
) -> Result<(Project, Vec<Diagnostic>), ProjectError> {
    let base = document.source.name().to_owned();
    let invalid = |diagnostics| ProjectError::invalid(&base, diagnostics);
    let root = match document.root.to_value() {
        Ok(root) => root,
        Err(error) => {
            let (part, span) = document.written(error.span);
            let error = YamlError { span, ..error };
            return Err(invalid(vec![error.diagnostic(&part.source)]));
        }
    };
    let mut findings = Findings::new(Some(&document));
    parser_findings.into_iter().for_each(|finding| findings.push(finding));
    let mut fields = match root {
        Value::Mapping(fields) => normalized(fields, &mut findings),
        other => {
            let message = match &other {
                Value::Null => "the file is empty".to_owned(),
                other => format!("a project file must be a mapping, not {}", value::kind(other)),
            };
            let help = match &other {
                Value::Null => Some("add a deployment, for example with `prefectl init`"),
                Value::Sequence(_) => Some("indent the list below the key `deployments:`"),
                _ => None,
            };
            let diagnostic = Diagnostic::error(Code::NOT_A_MAPPING, message);
            findings.at_value(&Pointer::root(), Diagnostic { help: help.map(str::to_owned), ..diagnostic });
            Mapping::new()
        }
    };
    let mut diagnostics = findings.take();
    diagnostics.extend(lossy_scalars::warnings(&document, &diagnostics));
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(invalid(diagnostics));
    }
    let ignore_changes = IgnoredFields::read(fields.get(Key::IGNORE_CHANGES));
    let declared = |item| declared(item, &ignore_changes);
    let deployments = match fields.shift_remove("deployments") {
        Some(Value::Sequence(items)) => items.into_iter().enumerate().filter_map(declared).collect(),
        _ => Vec::new(),
    };
    let [build, push, pull] = Section::ALL.map(|section| StepList::read(&fields, section));
    let resources = match fields.shift_remove(resources::SECTION) {
        Some(Value::Mapping(section)) => Some(section),
        _ => None,
    };
    let project = Project {
        document: Some(document),
        build,
        push,
        pull,
        deployments,
        ignore_changes,
        resources,
        name_suffix: None,
    };
    Ok((project, diagnostics))
}

fn declared((index, item): (usize, Value), ignored_in_file: &IgnoredFields) -> Option<Declared> {
    let Value::Mapping(fields) = item else { return None };
    let fields = Fields::from(fields);
    let ignored = ignored_in_file.union(&fields.ignore_changes());
    Some(Declared { index: Some(index), fields, ignored })
}

/// Checks the file's content and normalizes its values.
fn normalized(fields: Mapping, findings: &mut Findings<'_>) -> Mapping {
    let root = Pointer::root();
    let mut checker = Checker { findings };
    let mut result = checker.mapping(fields, fields::TOP, &root);
    for key in result.keys().filter_map(Value::as_str) {
        let known = fields::TOP.iter().map(|field| field.key);
        if fields::find(fields::TOP, key).is_none()
            && !fields::FREE.contains(&key)
            && let Some(suggestion) = did_you_mean(key, known).filter(|known| is_misspelling(key, known))
        {
            let message = format!("the key '{key}' is unknown and has no effect");
            let pointer = root.join(key);
            let document = checker.findings.document();
            let fix = document.and_then(|document| yaml::rename_key(document, &pointer, suggestion));
            let help = format!("did you mean `{suggestion}`?");
            let diagnostic = Diagnostic::warning(Code::UNKNOWN_KEY, message).help(help).fix(fix);
            checker.findings.at_key(&pointer, diagnostic);
        }
    }
    if let Some((pointer, diagnostic)) = misplaced::legacy_deployment(&result) {
        checker.findings.at_key(&pointer, diagnostic);
    } else if let Some(document) = checker.findings.document() {
        for (pointer, diagnostic) in misplaced::at_top_level(&result, document) {
            checker.findings.at_key(&pointer, diagnostic);
        }
    }
    if let Some(Value::Sequence(items)) = result.get_mut("deployments") {
        let pointer = root.join("deployments");
        for (index, item) in items.iter_mut().enumerate() {
            if let Value::Mapping(fields) = item {
                let fields = std::mem::take(fields);
                *item = Value::Mapping(checker.deployment(fields, &pointer.join(index)));
            }
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn converts_between_numbers_and_flags() {
        let text = "deployments:\n- name: a\n  schedules:\n  - {cron: '0 0 * * *', active: 0, day_or: 1}\n  \
                    - {interval: 1, anchor_date: 1704067200}\n";
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("prefect.yaml"), text).unwrap();
        let (project, findings) =
            load_source(&read(Path::new("prefect.yaml"), folder.path()).unwrap()).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
        let schedules = project.deployments[0].fields.schedules().literal().unwrap();
        let schedules = value::to_json(&schedules.to_vec().into()).to_string();
        assert_eq!(
            schedules,
            r#"[{"cron":"0 0 * * *","active":false,"day_or":true},{"interval":1,"anchor_date":1704067200}]"#
        );
    }
}
