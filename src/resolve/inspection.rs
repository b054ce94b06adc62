//! Inspects flows and resolves fields used by expressions in other fields.

use std::sync::Arc;

use crate::{
    deployment::DeployContext,
    diagnostics::{Code, Diagnostic},
    flow::{Entrypoint, Flow, Inspector},
    pointer::Pointer,
    project::{self, Fields, Findings, Key, Project},
    template::{self, Resolver, is_template},
    value::Value,
};

/// The context for inspecting flows and resolving individual fields.
pub(crate) struct Inspection<'a> {
    pub(crate) project: &'a Project,
    pub(crate) ctx: &'a DeployContext<'a>,
    pub(crate) resolver: &'a Resolver<'a>,
    pub(crate) inspector: &'a Inspector,
}

impl Inspection<'_> {
    /// Resolves fields used by expressions in other fields. Ignores errors because they are reported later.
    pub(crate) async fn fill(&self, fields: Fields) -> Fields {
        let template = Value::Mapping(fields.into_tree());
        let filled = template::deployment_before_steps(&template, self.ctx.environment, self.resolver).await;
        match filled.map_or(template, |filled| filled.value) {
            Value::Mapping(fields) => fields.into(),
            _ => Fields::default(),
        }
    }

    /// Returns the entrypoint's flow. Ignores errors because they are reported later.
    pub(crate) fn peek(&self, fields: &Fields) -> Option<Arc<Flow>> {
        self.flow(fields, &Pointer::root(), &mut Findings::new(None))
    }

    /// Returns a deployment's flow. If the flow cannot be read, adds errors to `findings` and returns `None`.
    pub(super) fn flow(
        &self,
        fields: &Fields,
        pointer: &Pointer,
        findings: &mut Findings<'_>,
    ) -> Option<Arc<Flow>> {
        let at = pointer.join(Key::Entrypoint);
        let Some(text) = fields.entrypoint().unresolved() else {
            let cause = (Key::Entrypoint, Code::NO_ENTRYPOINT);
            if project::blame_misspelled_key(fields, pointer, cause, findings) {
                return None;
            }
            let message = "An entrypoint must be provided:\n\n\tprefectl deploy path/to/file.py:flow_function\n\n  \
                           You can also provide an entrypoint in a prefect.yaml file.";
            let diagnostic = Diagnostic::long_error(Code::NO_ENTRYPOINT, message);
            let no_file =
                || format!("there is no {} in {}", project::DEFAULT_FILE, self.ctx.directory.display());
            let help = self.project.document.is_none().then(no_file);
            findings.at_value(&at, Diagnostic { help, ..diagnostic });
            return None;
        };
        if self.resolver.is_offline() && is_template(text) {
            return None; // the unresolved part is only known to the server or another environment
        }
        let entrypoint = match Entrypoint::parse(text) {
            Ok(entrypoint) => entrypoint,
            Err(error) => {
                let DeployContext { directory, environment, .. } = self.ctx;
                let help = self.inspector.help_with_text(text, directory, environment);
                let diagnostic = Diagnostic::error(Code::ENTRYPOINT, error.to_string());
                findings.at_value(&at, Diagnostic { help, ..diagnostic });
                return None;
            }
        };
        match self.inspector.inspect(&entrypoint, self.ctx.directory, self.ctx.environment) {
            Ok(flow) => {
                approximate(&flow, findings);
                Some(flow)
            }
            Err(error) => {
                let help = self.inspector.help(&error, &entrypoint, self.ctx.directory, self.ctx.environment);
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

/// Adds warnings about flow properties that static analysis cannot determine and about problems that occur on workers.
fn approximate(flow: &Flow, findings: &mut Findings<'_>) {
    for reason in &flow.reasons {
        let (name, cause) = (&flow.name, &reason.reason);
        let message = match &reason.parameter {
            None => format!("flow '{name}' cannot be determined completely: {cause}"),
            Some(parameter) if reason.is_default => {
                format!("parameter '{parameter}' of flow '{name}': {cause}")
            }
            Some(parameter) => format!(
                "parameter '{parameter}' of flow '{name}' accepts any value because its type is unknown: \
                 {cause}"
            ),
        };
        let help = "use --python or PREFECTL_PYTHON to specify a Python interpreter in which Prefect and the flow's \
                    packages are installed, or activate a virtual environment";
        let warning = Diagnostic::warning(Code::APPROXIMATE_SCHEMA, message).at(flow.place.clone());
        findings.push(warning.help(help));
    }
    flow.warnings.iter().for_each(|warning| findings.push(warning.clone()));
}
