//! From what was picked to deployments whose flow is known: options, early templates, the flow's source.

use std::{collections::BTreeMap, path::Path};

use super::{
    Failure, Surroundings,
    overrides::{self, Spec},
    select::Selection,
    triggers::{self, TriggerOptionError},
};
use crate::{
    diagnostics::{Code, Diagnostic},
    flow::{Entrypoint, Flow, Inspector},
    fs,
    pointer::Pointer,
    project::{Findings, Project},
    source::Source,
    template::{self, Note, NoteKind, Resolver},
    value::{Mapping, Value},
    yaml,
};

/// A deployment before its steps run.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// As the file and the options have it.
    pub(crate) spec: Spec,
    /// After blocks, variables and the environment have been filled in.
    pub(crate) fields: Mapping,
    pub(crate) flow: Flow,
}

impl Prepared {
    /// Where something of the deployment is in the file.
    pub(crate) fn pointer(&self, path: impl IntoIterator<Item = &'static str>) -> Pointer {
        path.into_iter().fold(self.spec.declared.pointer(), |pointer, key| pointer.join(key))
    }

    /// A text field as it is now; nothing if it is empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        non_empty(self.fields.get(key))
    }

    pub(crate) fn work_pool(&self) -> Option<&str> {
        non_empty(self.fields.get("work_pool").and_then(|pool| pool.get("name")))
    }
}

fn non_empty(value: Option<&Value>) -> Option<&str> {
    value.and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// The picked deployments with the options over them.
///
/// Those without a name are passed over when there are several; `default_pool` is for those that name none.
pub(crate) fn specs(
    selection: Selection,
    with: &Surroundings<'_>,
) -> Result<Vec<Spec>, (Pointer, overrides::OptionError)> {
    let options = with.options;
    let single = selection.single;
    let mut specs = Vec::new();
    for declared in selection.picked {
        let pointer = declared.pointer();
        let spec = if single {
            overrides::with_options(declared, options, selection.name.as_deref())
        } else if declared.name().is_none() {
            with.progress.status("Discovered unnamed deployment. Skipping...");
            continue;
        } else {
            overrides::plain(declared)
        };
        let mut spec = spec.map_err(|error| (pointer, error))?;
        spec.default_work_pool(with.default_work_pool);
        if single {
            spec.triggers(read_triggers(with).map_err(|error| (Pointer::root(), error.into()))?);
        }
        specs.push(spec);
    }
    Ok(specs)
}

/// The triggers of `--trigger`, from the command line and the files that it names.
fn read_triggers(with: &Surroundings<'_>) -> Result<Vec<Value>, TriggerOptionError> {
    let read = |path: &str| fs::read_text(&with.directory.join(path)).map_err(|error| error.to_string());
    let parse = |text: &str| {
        let root = yaml::load(&Source::new("--trigger", text)).and_then(|document| document.root.to_value());
        root.map_err(|error| error.to_string())
    };
    triggers::from_options(&with.options.triggers, read, parse)
}

/// Fills in what can be known before any step runs, and reads the flows.
pub(crate) async fn prepare(
    project: &Project,
    specs: Vec<Spec>,
    with: &Surroundings<'_>,
    resolver: &Resolver<'_>,
    inspector: &Inspector,
    findings: &mut Findings<'_>,
) -> Result<Vec<Prepared>, Failure> {
    let mut prepared = Vec::new();
    for spec in specs {
        let template = Value::Mapping(spec.fields.clone());
        let pointer = spec.declared.pointer();
        let filled = template::deployment_before_steps(&template, with.environment, resolver)
            .await
            .map_err(|error| Failure::resolve(error, project.place(&pointer)))?;
        note(&filled.notes, &pointer, findings);
        let Value::Mapping(fields) = filled.value else { continue };
        if let Some(flow) = flow(&fields, &pointer, with, inspector, findings) {
            prepared.push(Prepared { spec, fields, flow });
        }
    }
    Ok(prepared)
}

/// The flow of a deployment; what is wrong with it becomes findings.
fn flow(
    fields: &Mapping,
    pointer: &Pointer,
    with: &Surroundings<'_>,
    inspector: &Inspector,
    findings: &mut Findings<'_>,
) -> Option<Flow> {
    let at = pointer.join("entrypoint");
    let Some(text) = non_empty(fields.get("entrypoint")) else {
        let message = "An entrypoint must be provided:\n\n\tprefectl deploy path/to/file.py:flow_function\n\nYou can \
                       also provide an entrypoint in a prefect.yaml file.";
        findings.at_value(&at, Diagnostic::error(Code::NO_ENTRYPOINT, message));
        return None;
    };
    let entrypoint = match Entrypoint::parse(text) {
        Ok(entrypoint) => entrypoint,
        Err(error) => {
            findings.at_value(&at, Diagnostic::error(Code::ENTRYPOINT, error.to_string()));
            return None;
        }
    };
    match inspector.inspect(&entrypoint, with.directory, with.environment) {
        Ok(flow) => {
            approximate(&flow, findings);
            Some(flow)
        }
        Err(error) => {
            let diagnostic = error.diagnostic();
            if diagnostic.place.is_some() {
                findings.push(diagnostic);
            } else {
                findings.at_value(&at, diagnostic);
            }
            None
        }
    }
}

/// Tells which parameters could not be read for certain.
fn approximate(flow: &Flow, findings: &mut Findings<'_>) {
    for reason in &flow.reasons {
        let what = reason.parameter.as_ref().map_or_else(
            || format!("the parameters of flow '{}'", flow.name),
            |parameter| format!("parameter '{parameter}' of flow '{}'", flow.name),
        );
        let message =
            format!("{what} accepts anything, since its type is not known without Python: {}", reason.reason);
        findings.push_once(Diagnostic::warning(Code::APPROXIMATE_SCHEMA, message).at(flow.place.clone()));
    }
}

/// Warns of what templating came upon.
pub(crate) fn note(notes: &[Note], pointer: &Pointer, findings: &mut Findings<'_>) {
    for note in notes {
        let at = pointer.join_all(&note.path);
        let placeholder = &note.placeholder;
        let diagnostic = match note.kind {
            NoteKind::Missing => Diagnostic::warning(
                Code::UNKNOWN_PLACEHOLDER,
                format!(
                    "Value for placeholder '{}' not found in provided values. Please ensure that the placeholder is \
                     spelled correctly and that the corresponding value is provided.",
                    note.label()
                ),
            ),
            NoteKind::MissingVariable => Diagnostic::warning(
                Code::UNKNOWN_VARIABLE,
                format!("there is no variable for {placeholder}, which becomes empty text"),
            ),
            NoteKind::Embedded(kind) => Diagnostic::warning(
                Code::EMBEDDED_VALUE,
                format!("{placeholder} is {kind}, and becomes Python's text for it inside other text"),
            ),
            NoteKind::EnvironmentWithoutDollar => Diagnostic::warning(
                Code::ENVIRONMENT_WITHOUT_DOLLAR,
                format!(
                    "{placeholder} is filled in from the environment, before any step output of that name"
                ),
            )
            .help(format!("write {{{{ ${} }}}} if the environment is meant", note.name)),
            NoteKind::Secret => Diagnostic::warning(
                Code::SECRET_IN_CLEAR,
                format!("the secret of {placeholder} will be stored in clear text on the server"),
            ),
            NoteKind::Environment => continue,
        };
        findings.at_value(&at, diagnostic);
    }
}

/// The names of flows by entrypoint, for selecting `flow/name`; a flow that cannot be read has none.
pub(crate) struct FlowNames<'a> {
    pub(crate) inspector: &'a Inspector,
    pub(crate) directory: &'a Path,
    pub(crate) environment: &'a crate::environment::Environment,
}

impl FlowNames<'_> {
    pub(crate) fn of(&self, entrypoint: &str) -> Option<String> {
        let entrypoint = Entrypoint::parse(entrypoint).ok()?;
        Some(self.inspector.inspect(&entrypoint, self.directory, self.environment).ok()?.name)
    }
}

/// Deployments that would be the same one on the server.
pub(crate) fn duplicates(prepared: &[Prepared], findings: &mut Findings<'_>) {
    let mut seen = BTreeMap::new();
    for one in prepared {
        let Some(name) = one.text("name") else { continue };
        if seen.insert((one.flow.name.as_str(), name), ()).is_some() {
            let message = format!(
                "deployment '{}/{name}' is declared more than once; the last one wins",
                one.flow.name
            );
            findings
                .at_value(&one.pointer(["name"]), Diagnostic::warning(Code::DUPLICATE_DEPLOYMENT, message));
        }
    }
}
