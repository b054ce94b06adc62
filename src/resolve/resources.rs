//! Renders templates in declared resources.
//!
//! Expressions, Prefect variables and environment variables are resolved when the resources are deployed. All other
//! placeholders are kept: workers resolve block references, and automations resolve event placeholders.

use std::collections::BTreeSet;

use crate::{
    deployment::DeployContext,
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    project::Findings,
    resolve::{expressions::Names, note},
    template::{
        self, Reference, ResolveError, Resolver, Substitution, SubstitutionKind,
        expression::{self, BUILT_IN},
    },
    value::Value,
};

/// Renders a value from the section that declares resources. `pointer` is the value's path. Adds errors to `findings`.
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
    let mut filled = resolver.variables(&value).await?;
    let mut substitutions = std::mem::take(&mut filled.substitutions);
    let filled = template::resource(&filled.value, ctx.environment);
    substitutions.extend(filled.substitutions);
    template::mark_injected(&mut substitutions, part);
    let (unset, others): (Vec<_>, Vec<_>) =
        substitutions.into_iter().partition(|record| record.kind == SubstitutionKind::Missing);
    note(&others, pointer, findings);
    for record in unset {
        unset_variable(&record, pointer, resolver.is_offline(), findings);
    }
    Ok(filled.value)
}

/// Returns the names of the Prefect variables used by a template's placeholders and expressions.
pub(crate) fn variables_used(template: &Value) -> BTreeSet<String> {
    let built_in = BUILT_IN.map(str::to_owned).into_iter().collect();
    let uses = expression::check(template, &built_in).uses.into_iter();
    let in_expressions =
        uses.filter(|used| used.root == "variables").filter_map(|used| used.keys.into_iter().next());
    let references = template::references(&expression::without_literals(template)).into_iter();
    let in_placeholders = references.filter_map(|reference| match reference {
        Reference::Variable { name } => Some(name),
        Reference::Block { .. } | Reference::BlockById { .. } => None,
    });
    in_expressions.chain(in_placeholders).collect()
}

/// Reports an unset environment variable. Without a server, only warns, because the variable may be set on the
/// deploying machine.
fn unset_variable(record: &Substitution, pointer: &Pointer, is_offline: bool, findings: &mut Findings<'_>) {
    let message = format!("environment variable '{}' is not set", record.name.trim_start_matches('$'));
    let diagnostic = if is_offline {
        Diagnostic::warning(Code::UNSET_ENVIRONMENT, message)
    } else {
        Diagnostic::error(Code::UNSET_ENVIRONMENT, message)
    };
    let help = "set the variable, or keep the placeholder with the expression filter `literal`";
    findings.at_value(&pointer.join_all(&record.path), diagnostic.help(help));
}
