//! From what was picked to deployments whose flow is known: options, early templates, the flow's source.

use std::{collections::BTreeSet, path::Path, sync::Arc};

use super::{
    Failure, Surroundings,
    check::is_pending,
    desired,
    expressions::{self, Names},
    items::{self, ItemKind, ItemOptionError},
    outputs::Known,
    overrides::{self, OptionError, Spec},
    select::Selection,
    steps::Sections,
};
use crate::{
    diagnostics::{Code, Diagnostic},
    flow::{Entrypoint, Flow, Inspector},
    fs,
    pointer::{Pointer, Segment},
    project::{self, Findings, Project},
    source::Source,
    template::{
        self, ResolveError, Resolver, Substitution, SubstitutionKind, expression::Scope, missing_value,
    },
    value::{Mapping, Value},
    yaml,
};

/// The fields of a deployment that list steps, which are filled in when they run.
pub(crate) const STEP_SECTIONS: [&str; 3] = ["build", "push", "pull"];

/// A deployment before its steps run.
#[derive(Debug)]
pub(crate) struct Prepared {
    /// As the file and the options have it.
    pub(crate) spec: Spec,
    /// After expressions, blocks, variables and the environment have been filled in; those of `spec` if nothing was.
    pub(crate) fields: Arc<Mapping>,
    /// Where expressions wait for the outputs of steps.
    pub(crate) pending: Vec<Pointer>,
    /// What expressions see besides outputs.
    pub(crate) scope: Scope,
    /// `None` where it cannot be read, which is a finding.
    pub(crate) flow: Option<Arc<Flow>>,
}

impl Prepared {
    /// Where something of the deployment is in the file.
    pub(crate) fn pointer(&self, path: impl IntoIterator<Item = &'static str>) -> Pointer {
        path.into_iter().fold(self.spec.declared.pointer(), |pointer, key| pointer.join(key))
    }

    /// `flow/deployment`, as far as it is known.
    pub(crate) fn full_name(&self) -> String {
        let name = self.text("name").unwrap_or_default();
        self.flow.as_ref().map_or_else(|| name.to_owned(), |flow| format!("{}/{name}", flow.name))
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
    findings: &mut Findings<'_>,
) -> Result<Vec<Spec>, (Pointer, OptionError)> {
    let options = with.options;
    let single = selection.single;
    let mut specs = Vec::new();
    for declared in selection.picked {
        let pointer = declared.pointer();
        let spec = if single {
            overrides::with_options(declared, options, selection.name.as_deref())
        } else if declared.name().is_none() {
            let message = "Discovered unnamed deployment. Skipping...";
            findings.at_value(&pointer, Diagnostic::warning(Code::UNNAMED_DEPLOYMENT, message));
            continue;
        } else {
            overrides::plain(declared)
        };
        if let Err(OptionError::ScheduleAndSchedules(error)) = &spec {
            let diagnostic = Diagnostic::error(Code::SCHEDULE_KEYS, error.to_string());
            findings.at_key(&pointer.join("schedule"), diagnostic);
            continue;
        }
        let mut spec = spec.map_err(|error| (pointer, error))?;
        spec.default_work_pool(with.default_work_pool);
        if single {
            items_of_options(&mut spec, with).map_err(|error| (Pointer::root(), error.into()))?;
        }
        specs.push(spec);
    }
    Ok(specs)
}

/// Lays the triggers and service level agreements of the command line, and of the files it names, over the file's.
fn items_of_options(spec: &mut Spec, with: &Surroundings<'_>) -> Result<(), ItemOptionError> {
    let read = |path: &str| fs::read_text(&with.directory.join(path)).map_err(|error| error.to_string());
    let parse = |text: &str| {
        let root = yaml::load(&Source::new("options", text)).and_then(|document| document.root.to_value());
        root.map_err(|error| error.to_string())
    };
    if !with.options.triggers.is_empty() {
        let items = items::from_options(ItemKind::Trigger, &with.options.triggers, read, parse)?;
        spec.replace_items("triggers", items);
    }
    if let Some(slas) = &with.options.slas {
        spec.replace_items("sla", items::from_options(ItemKind::Sla, slas, read, parse)?);
    }
    Ok(())
}

/// What preparing works with.
pub(crate) struct Preparing<'a> {
    pub(crate) project: &'a Project,
    pub(crate) with: &'a Surroundings<'a>,
    pub(crate) resolver: &'a Resolver<'a>,
    pub(crate) inspector: &'a Inspector,
    pub(crate) names: &'a Names,
}

impl Preparing<'_> {
    /// Fills in what can be known before any step runs, and reads the flow.
    ///
    /// # Errors
    ///
    /// When the server cannot be asked; what is wrong with the deployment becomes findings.
    pub(crate) async fn deployment(
        &self,
        spec: Spec,
        findings: &mut Findings<'_>,
    ) -> Result<Option<Prepared>, Failure> {
        let pointer = spec.declared.pointer();
        let (build, push) = Sections::build_and_push(self.project, &spec);
        let known = Known::after(build.iter().chain(&push));
        let early = expressions::before_steps(self, &spec, &known, findings).await;
        let template = Value::Mapping(early.fields);
        let filled = template::deployment_before_steps(&template, self.with.environment, self.resolver).await;
        let value = match filled {
            Ok(mut filled) => {
                filled.substitutions.retain(|note| !is_in_steps(note));
                template::mark_injected(
                    &mut filled.substitutions,
                    &Value::Mapping(Mapping::clone(&spec.fields)),
                );
                note(&filled.substitutions, &pointer, findings);
                filled.value
            }
            Err(ResolveError::Blocks(errors)) => {
                for error in errors {
                    let diagnostic = Diagnostic::error(Code::REFERENCE, error.to_string());
                    findings.at_value(&pointer.join_all(&error.path), diagnostic);
                }
                template
            }
            Err(error) => return Err(Failure::resolve(error, self.project.place(&pointer))),
        };
        let Value::Mapping(fields) = value else { return Ok(None) };
        let flow = self.flow(&fields, &pointer, findings);
        let scope = self.names.of_deployment(&fields, flow.as_deref());
        let fields = if fields == *spec.fields { Arc::clone(&spec.fields) } else { fields.into() };
        Ok(Some(Prepared { spec, fields, pending: early.pending, scope, flow }))
    }

    /// Some fields of a deployment with blocks, variables and the environment filled in, for expressions in others;
    /// what is wrong with them shows later.
    pub(crate) async fn fill(&self, fields: Mapping) -> Mapping {
        let template = Value::Mapping(fields);
        let filled = template::deployment_before_steps(&template, self.with.environment, self.resolver).await;
        match filled.map_or(template, |filled| filled.value) {
            Value::Mapping(fields) => fields,
            _ => Mapping::new(),
        }
    }

    /// The flow of an entrypoint; what is wrong with it shows later.
    pub(crate) fn peek(&self, fields: &Mapping) -> Option<Arc<Flow>> {
        self.flow(fields, &Pointer::root(), &mut Findings::new(None))
    }

    /// The flow of a deployment; what is wrong with it becomes findings.
    fn flow(&self, fields: &Mapping, pointer: &Pointer, findings: &mut Findings<'_>) -> Option<Arc<Flow>> {
        let at = pointer.join("entrypoint");
        let Some(text) = non_empty(fields.get("entrypoint")) else {
            let message = "An entrypoint must be provided:\n\n\tprefectl deploy path/to/file.py:flow_function\n\n\
                           You can also provide an entrypoint in a prefect.yaml file.";
            let diagnostic = Diagnostic::error(Code::NO_ENTRYPOINT, message);
            let no_file =
                || format!("there is no {} in {}", project::DEFAULT_FILE, self.with.directory.display());
            let help = self.project.document.is_none().then(no_file);
            findings.at_value(&at, Diagnostic { help, ..diagnostic });
            return None;
        };
        if self.resolver.is_offline() && is_pending(text) {
            return None; // the server or another environment knows the rest of it
        }
        let entrypoint = match Entrypoint::parse(text) {
            Ok(entrypoint) => entrypoint,
            Err(error) => {
                let Surroundings { directory, environment, .. } = self.with;
                let help = self.inspector.help_with_text(text, directory, environment);
                let diagnostic = Diagnostic::error(Code::ENTRYPOINT, error.to_string());
                findings.at_value(&at, Diagnostic { help, ..diagnostic });
                return None;
            }
        };
        match self.inspector.inspect(&entrypoint, self.with.directory, self.with.environment) {
            Ok(flow) => {
                approximate(&flow, findings);
                Some(flow)
            }
            Err(error) => {
                let help =
                    self.inspector.help(&error, &entrypoint, self.with.directory, self.with.environment);
                let diagnostic = Diagnostic { help, ..error.diagnostic() };
                if diagnostic.place.is_some() {
                    findings.push(diagnostic);
                } else {
                    findings.at_value(&at, diagnostic);
                }
                None
            }
        }
    }
}

/// Whether a note is about a step, which is filled in again when it runs.
fn is_in_steps(note: &Substitution) -> bool {
    let first = note.path.segments().first();
    matches!(first, Some(Segment::Key(key)) if STEP_SECTIONS.contains(&key.as_str()))
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
        let help = "a Python that has Prefect and what the flow imports tells the rest: --python, PREFECTL_PYTHON, or an \
                    active virtual environment";
        let warning = Diagnostic::warning(Code::APPROXIMATE_SCHEMA, message).at(flow.place.clone());
        findings.push(warning.help(help));
    }
}

/// Warns of what templating came upon.
pub(crate) fn note(notes: &[Substitution], pointer: &Pointer, findings: &mut Findings<'_>) {
    for note in notes {
        let at = pointer.join_all(&note.path);
        let placeholder = &note.placeholder;
        let diagnostic = match note.kind {
            SubstitutionKind::Missing => {
                Diagnostic::warning(Code::UNKNOWN_PLACEHOLDER, missing_value(note.label()))
            }
            SubstitutionKind::MissingVariable => Diagnostic::warning(
                Code::UNKNOWN_VARIABLE,
                format!("there is no variable for {placeholder}, which becomes empty text"),
            ),
            SubstitutionKind::Embedded(kind) => Diagnostic::warning(
                Code::EMBEDDED_VALUE,
                format!("{placeholder} is {kind}, and becomes Python's text for it inside other text"),
            ),
            SubstitutionKind::EnvironmentWithoutDollar => Diagnostic::warning(
                Code::ENVIRONMENT_WITHOUT_DOLLAR,
                format!(
                    "{placeholder} is filled in from the environment, before any step output of that name"
                ),
            )
            .help(format!("write {{{{ ${} }}}} if the environment is meant", note.name)),
            SubstitutionKind::Secret => Diagnostic::warning(
                Code::SECRET_IN_CLEAR,
                format!("the secret of {placeholder} will be stored in clear text on the server"),
            ),
            SubstitutionKind::Injected => template::injected_warning(placeholder),
            SubstitutionKind::Environment => continue,
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
        Some(self.inspector.inspect(&entrypoint, self.directory, self.environment).ok()?.name.clone())
    }
}

/// Deployments that would be the same one on the server.
pub(crate) fn duplicates<'a>(prepared: impl Iterator<Item = &'a Prepared>, findings: &mut Findings<'_>) {
    let mut seen = BTreeSet::new();
    for one in prepared {
        let flow = one.flow.as_ref().map(|flow| flow.name.as_str()).or(one.text("entrypoint"));
        let (Some(flow), Some(name)) = (flow, one.text("name")) else { continue };
        if !seen.insert((flow, desired::api_name(name))) {
            let message = format!("deployment '{flow}/{name}' is declared more than once; the last one wins");
            let diagnostic = Diagnostic::warning(Code::DUPLICATE_DEPLOYMENT, message);
            findings.at_value(&one.pointer(["name"]), diagnostic);
        }
    }
}
