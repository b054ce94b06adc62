//! Selects deployments with the expressions of `--select`.

use std::collections::BTreeSet;

use super::{
    FlowNames, NamePattern, SelectError,
    changed::ChangesByRange,
    criteria::Criteria,
    selection::{name_patterns, names, with_single},
    unmet::advice_for_unmet,
};
use crate::{
    deployment::{DeployContext, Evaluation, Options, Selection, SelectionReason, Selector},
    diagnostics::{Code, Diagnostic},
    project::{Declared, Project},
};

/// A project whose deployments can be selected.
pub(crate) struct Selectable<'a> {
    pub(crate) project: &'a Project,
    pub(crate) names: FlowNames<'a>,
    pub(crate) default_work_pool: Option<&'a str>,
}

/// Selects the deployments that meet at least one selector in the command's options. Returns a selection for each
/// project.
///
/// # Errors
///
/// Fails if no deployment matches, if the options contradict each other, or if changes cannot be determined.
pub(crate) fn selections(
    projects: &[Selectable<'_>],
    ctx: &DeployContext<'_>,
) -> Result<Vec<Selection>, SelectError> {
    let mut changes = ChangesByRange::default();
    let mut criteria = Vec::with_capacity(projects.len());
    for &Selectable { project, names, default_work_pool } in projects {
        let directory = ctx.directory;
        let found = changes.of_project(ctx.options, project, names, directory)?;
        criteria.push(Criteria { project, names, directory, default_work_pool, changes: found });
    }
    for range in changes.not_checked_out() {
        ctx.progress.status(&format!(
            "the last commit of {range} is not checked out: definitions and imports are read from the working tree"
        ));
    }
    let selections = narrow(ctx.options, &criteria)?;
    if selections.iter().all(|selection| selection.picked.is_empty()) {
        ctx.progress.status("no matching deployment has changed");
    }
    Ok(selections)
}

/// Selects the deployments that meet at least one selector in the options. If the options contain names, a deployment
/// must also match one of the names. Returns a selection for each project.
///
/// The selection may be empty if all deployments that meet the other conditions of a selector are unchanged.
///
/// # Errors
///
/// Fails if no deployment matches, or if the options contradict each other.
pub(super) fn narrow(options: &Options, projects: &[Criteria<'_>]) -> Result<Vec<Selection>, SelectError> {
    let wanted = name_patterns(options)?;
    let mut selections: Vec<Selection> = projects.iter().map(|_| Selection::default()).collect();
    let mut unmatched: BTreeSet<&str> = wanted.iter().map(NamePattern::text).collect();
    let mut undecided = Vec::new();
    let mut is_any_unchanged = false;
    let mut unused: Vec<&Selector> = options.selectors.iter().collect();
    for (criteria, selection) in projects.iter().zip(&mut selections) {
        for declared in &criteria.project.deployments {
            let Some(mut reasons) = named(declared, &wanted, criteria, &mut unmatched) else { continue };
            match selecting(declared, options, criteria, &mut unused) {
                Selecting::By(selectors) => {
                    reasons.extend(selectors);
                    selection.reasons.extend(declared.index.map(|index| (index, reasons)));
                    selection.picked.push(declared.clone());
                }
                Selecting::Unknown(message) => {
                    let place = criteria.project.place(&declared.pointer());
                    let warning = Diagnostic::warning(Code::UNDECIDED_SELECTION, &message).at(place);
                    selection.warnings.push(warning);
                    undecided.push(message);
                }
                Selecting::Unchanged => is_any_unchanged = true,
                Selecting::No => {}
            }
        }
    }
    if selections.iter().all(|selection| selection.picked.is_empty()) && !is_any_unchanged {
        let selectors = options.selectors.iter().map(ToString::to_string);
        let patterns = selectors.chain(options.names.iter().cloned()).collect();
        let declared = projects.iter().flat_map(|criteria| &criteria.project.deployments);
        let unmet = unused.iter().flat_map(|selector| advice_for_unmet(selector, projects)).collect();
        return Err(SelectError::NoMatch { patterns, names: names(declared), undecided, unmet });
    }
    if let Some(first) = selections.first_mut() {
        first.warnings.splice(0..0, unused.into_iter().map(|selector| unused_selector(selector, projects)));
    }
    if let Some(first) = selections.first_mut().filter(|_| !unmatched.is_empty()) {
        let message = format!("no deployment matches {}", Vec::from_iter(unmatched).join(", "));
        first.warnings.insert(0, Diagnostic::warning(Code::UNMATCHED_PATTERN, message));
    }
    Ok(with_single(selections))
}

/// Returns the warning about a selector that matches no deployment although other selectors do.
fn unused_selector(selector: &Selector, projects: &[Criteria<'_>]) -> Diagnostic {
    let help = advice_for_unmet(selector, projects).join("; ");
    let warning = Diagnostic::warning(Code::UNMATCHED_PATTERN, format!("no deployment matches {selector}"));
    if help.is_empty() { warning } else { warning.help(help) }
}

/// Returns the names in the options that match a deployment. Removes these names from `unmatched`. Returns `None` if
/// the options contain names but none matches.
fn named(
    declared: &Declared,
    wanted: &[NamePattern<'_>],
    criteria: &Criteria<'_>,
    unmatched: &mut BTreeSet<&str>,
) -> Option<Vec<SelectionReason>> {
    let flow_name = |declared: &Declared| criteria.names.of(declared.entrypoint()?);
    let mut reasons = Vec::new();
    for pattern in wanted.iter().filter(|pattern| pattern.matches(declared, flow_name)) {
        unmatched.remove(pattern.text());
        reasons.push(SelectionReason::option("--name", pattern.text()));
    }
    (wanted.is_empty() || !reasons.is_empty()).then_some(reasons)
}

/// The result of applying all selectors to a deployment.
enum Selecting {
    /// The selectors that select the deployment, with the properties that match.
    By(Vec<SelectionReason>),
    No,
    /// No selector matches the deployment, but a selector would match if the deployment had changed.
    Unchanged,
    /// No selector matches the deployment, but a selector depends on unknown properties. The string explains this to
    /// the user.
    Unknown(String),
}

/// Applies the selectors in the options to a deployment. Selectors that may select it are removed from `unused`.
fn selecting(
    declared: &Declared,
    options: &Options,
    criteria: &Criteria<'_>,
    unused: &mut Vec<&Selector>,
) -> Selecting {
    let mut reasons = Vec::new();
    let mut undecided = None;
    let mut is_unchanged = false;
    for selector in &options.selectors {
        let evaluation = criteria.evaluate(selector, declared);
        if evaluation != Evaluation::NotSelected {
            unused.retain(|other| *other != selector);
        }
        match evaluation {
            Evaluation::Selected(details) => {
                reasons.push(SelectionReason {
                    details,
                    ..SelectionReason::option("--select", selector.to_string())
                });
            }
            Evaluation::Undecided(properties) => undecided = undecided.or(Some((selector, properties))),
            Evaluation::Unchanged => is_unchanged = true,
            Evaluation::NotSelected => {}
        }
    }
    match undecided {
        Some((selector, properties)) if reasons.is_empty() => {
            let name =
                declared.name().map_or_else(|| "without a name".to_owned(), |name| format!("'{name}'"));
            Selecting::Unknown(format!(
                "deployment {name} is not selected: '{selector}' depends on its {}, which cannot be determined",
                properties.join(" and its ")
            ))
        }
        _ if !reasons.is_empty() => Selecting::By(reasons),
        _ if is_unchanged => Selecting::Unchanged,
        _ => Selecting::No,
    }
}
