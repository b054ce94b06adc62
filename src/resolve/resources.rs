//! Renders the templates in the resources that a project file declares.
//!
//! Expressions, Prefect variables and environment variables are resolved when the resources are deployed. All other
//! placeholders are kept: workers resolve references to blocks, and automations use placeholders for events.

use std::collections::BTreeSet;

use crate::{
    deployment::DeployContext,
    diagnostics::{Code, Diagnostic},
    pointer::{Pointer, Segment},
    project::Findings,
    python,
    resolve::{expressions::Names, note},
    template::{
        self, Reference, ResolveError, Resolver,
        expression::{self, BUILT_IN},
        placeholder::{self, Kind},
    },
    value::{Mapping, Value},
};

/// Renders a part of the section that declares resources. `pointer` is the path of the part. Errors are added to
/// `findings`.
///
/// # Errors
///
/// Fails if a request to the server fails.
pub(crate) async fn rendered(
    part: &Value,
    pointer: &Pointer,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Value, ResolveError> {
    if !template::has_template(part) {
        return Ok(part.clone());
    }
    let names = Names::used_in(std::iter::once(part), ctx, resolver).await?;
    let (value, errors) = names.evaluate(part);
    for error in errors {
        findings.at_value(&pointer.join_all(&error.path), names.diagnostic(&error));
    }
    let filled = resolver.variables(&value).await?;
    note(&filled.substitutions, pointer, findings);
    let filled = template::pull_steps(&filled.value, &Mapping::new(), ctx.environment);
    note(&filled.substitutions, pointer, findings);
    unset_variables(&filled.value, pointer, resolver.is_offline(), findings);
    Ok(filled.value)
}

/// Returns the names of the Prefect variables to which a template refers, in placeholders and in expressions.
pub(crate) fn variables_used(template: &Value) -> BTreeSet<String> {
    let built_in = BUILT_IN.map(str::to_owned).into_iter().collect();
    let uses = expression::check(template, &built_in).uses.into_iter();
    let in_expressions =
        uses.filter(|used| used.root == "variables").filter_map(|used| used.keys.into_iter().next());
    let references = template::references(template).into_iter();
    let in_placeholders = references.filter_map(|reference| match reference {
        Reference::Variable { name } => Some(name),
        Reference::Block { .. } | Reference::BlockById { .. } => None,
    });
    in_expressions.chain(in_placeholders).collect()
}

/// Reports the environment variables that are not set. Without a server, they are warnings, because they may be set on the
/// machine that deploys.
fn unset_variables(value: &Value, pointer: &Pointer, is_offline: bool, findings: &mut Findings<'_>) {
    match value {
        Value::String(text) => {
            for found in placeholder::find(text).filter(|found| found.kind() == Kind::Environment) {
                let message = format!("environment variable '{}' is not set", found.environment_name());
                let diagnostic = if is_offline {
                    Diagnostic::warning(Code::UNSET_ENVIRONMENT, message)
                } else {
                    Diagnostic::error(Code::UNSET_ENVIRONMENT, message)
                };
                findings.at_value(pointer, diagnostic);
            }
        }
        Value::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                unset_variables(item, &pointer.join(index), is_offline, findings);
            }
        }
        Value::Mapping(entries) => {
            for (key, entry) in entries {
                let pointer = pointer.join(Segment::Key(python::to_text(key)));
                unset_variables(entry, &pointer, is_offline, findings);
            }
        }
        _ => {}
    }
}
