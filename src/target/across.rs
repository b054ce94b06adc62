//! Selects deployments in multiple project files.

use super::{
    NamePattern, SelectError, Selectable, narrowing,
    selection::{name_patterns, names, not_found, with_single},
};
use crate::{
    deployment::{DeployContext, Options, Selection, SelectionReason},
    project::Declared,
};

/// Selects deployments in multiple projects by the options. Returns a selection for each project.
///
/// Unlike in a single file, an unmatched name never defines a new deployment, and a name never renames the
/// only deployment of a file.
///
/// # Errors
///
/// Fails if the options contradict each other, or if nothing is selected.
pub(crate) fn select_across(
    projects: &[Selectable<'_>],
    ctx: &DeployContext<'_>,
) -> Result<Vec<Selection>, SelectError> {
    if ctx.options.selectors.is_empty() {
        select_by_name(projects, ctx.options)
    } else {
        narrowing::selections(projects, ctx)
    }
}

/// Selects deployments in multiple projects by the names, the patterns and the `--all` flag in the options.
fn select_by_name(projects: &[Selectable<'_>], options: &Options) -> Result<Vec<Selection>, SelectError> {
    let wanted = name_patterns(options)?;
    let declared = || projects.iter().flat_map(|selectable| &selectable.project.deployments);
    let all = || projects.iter().map(|selectable| selection(selectable.project.deployments.clone()));
    if options.all {
        return Ok(all().map(|selection| selection.because(SelectionReason::all())).collect());
    }
    if wanted.is_empty() {
        if declared().count() != 1 {
            return Err(SelectError::NoName { names: names(declared()) });
        }
        let only = all().map(|selection| selection.because(SelectionReason::only()));
        return Ok(with_single(only.collect()));
    }
    let (mut selections, missing) = named(projects, &wanted);
    if selections.iter().all(|selection| selection.picked.is_empty()) {
        let (patterns, names) = (missing, names(declared()));
        let (undecided, unmet) = (Vec::new(), Vec::new());
        return Err(SelectError::NoMatch { patterns, names, undecided, unmet });
    }
    if let Some(first) = selections.first_mut().filter(|_| !missing.is_empty()) {
        first.warnings.push(not_found(&missing, &names(declared())));
    }
    Ok(with_single(selections))
}

/// Selects deployments by name. Returns one selection per project, and the names that match no deployment.
fn named(projects: &[Selectable<'_>], wanted: &[NamePattern<'_>]) -> (Vec<Selection>, Vec<String>) {
    let mut missing: Vec<String> = wanted.iter().map(|pattern| pattern.text().to_owned()).collect();
    let mut selections = Vec::with_capacity(projects.len());
    for selectable in projects {
        let flow_name = |declared: &Declared| selectable.names.of(declared.entrypoint()?);
        let mut selection = selection(Vec::new());
        for declared in &selectable.project.deployments {
            let matching = wanted.iter().filter(|pattern| pattern.matches(declared, flow_name));
            let reasons: Vec<SelectionReason> = matching
                .map(|pattern| {
                    missing.retain(|name| name != pattern.text());
                    SelectionReason::option("--name", pattern.text())
                })
                .collect();
            if !reasons.is_empty() {
                selection.picked.push(declared.clone());
                selection.reasons.extend(declared.index.map(|index| (index, reasons)));
            }
        }
        selections.push(selection);
    }
    (selections, missing)
}

fn selection(picked: Vec<Declared>) -> Selection {
    Selection { picked, ..Selection::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{environment::Environment, flow::Inspector, project::Project, target::FlowNames};

    /// Selects in two projects. Returns the indexes of each project's selected deployments, and the warnings.
    fn picked(
        files: &[&[(&str, &str)]; 2],
        names: &[&str],
        all: bool,
    ) -> Result<(Vec<Vec<usize>>, Vec<String>), SelectError> {
        let directory = tempfile::tempdir().unwrap();
        let (inspector, environment) = (Inspector::new(), Environment::default());
        let projects = files.map(Project::for_test);
        let directory = directory.path();
        let flow_names = || FlowNames { inspector: &inspector, directory, environment: &environment };
        let selectable = |project| Selectable { project, names: flow_names(), default_work_pool: None };
        let projects: Vec<Selectable<'_>> = projects.iter().map(selectable).collect();
        let options =
            Options { names: names.iter().map(ToString::to_string).collect(), all, ..Options::default() };
        let selections = select_by_name(&projects, &options)?;
        let warnings = selections.iter().flat_map(|selection| &selection.warnings);
        let indexes =
            |selection: &Selection| selection.picked.iter().filter_map(|declared| declared.index).collect();
        Ok((
            selections.iter().map(indexes).collect(),
            warnings.map(|warning| warning.message.clone()).collect(),
        ))
    }

    #[test]
    fn selects_in_all_files() {
        let files: [&[(&str, &str)]; 2] =
            [&[("default", "a.py:hello"), ("nightly", "a.py:hello")], &[("default", "b.py:clean_up")]];
        for (names, expected) in [
            (&["default"][..], [&[0][..], &[0]]),
            (&["clean-up/default"], [&[], &[0]]),
            (&["hello/*"], [&[0, 1], &[]]),
            (&["nightly", "*/default"], [&[0, 1], &[0]]),
        ] {
            let (found, warnings) = picked(&files, names, false).unwrap();
            assert_eq!(found, expected, "{names:?}");
            assert!(warnings.is_empty(), "{names:?}: {warnings:?}");
        }
        assert_eq!(picked(&files, &[], true).unwrap().0, [vec![0, 1], vec![0]]);
        let (found, warnings) = picked(&files, &["nightly", "nightlyy"], false).unwrap();
        assert_eq!(found, [vec![1], vec![]]);
        assert_eq!(
            warnings,
            ["The following deployment(s) could not be found and will not be deployed: nightlyy"]
        );
    }

    #[test]
    fn a_name_that_matches_nothing_is_an_error() {
        let files: [&[(&str, &str)]; 2] = [&[("a", "a.py:f")], &[("b", "b.py:f")]];
        assert!(matches!(picked(&files, &["c"], false), Err(SelectError::NoMatch { .. })));
        assert!(matches!(picked(&files, &["x*"], false), Err(SelectError::NoMatch { .. })));
        assert!(matches!(picked(&files, &[], false), Err(SelectError::NoName { .. })));
        assert_eq!(picked(&files, &["a"], true), Err(SelectError::AllAndName));
        assert!(matches!(picked(&files, &["a/b/c"], false), Err(SelectError::Name(_))));
        assert_eq!(picked(&[&[], &[("b", "b.py:f")]], &[], false).unwrap().0, [vec![], vec![0]]);
    }
}
