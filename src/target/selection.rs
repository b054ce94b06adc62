//! Selects deployments by name or pattern, or with `--all`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::{
    deployment::{Options, Selection, SelectionReason, is_pattern, matches_pattern},
    diagnostics::{Code, Diagnostic, did_you_mean},
    git::ChangesError,
    project::{Declared, EnvironmentName, Project},
};

/// The error for an invalid selection. Some messages are identical to Prefect's messages because scripts
/// match them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SelectError {
    #[error("Cannot use both `--all` and `--name` at the same time. Use only one.")]
    AllAndName,
    #[error(
        "Discovered one or more deployment configurations, but no name was given. Please specify the name of at \
         least one deployment to create or update."
    )]
    NoName { names: Vec<String> },
    #[error("no deployment matches {}", patterns.join(", "))]
    NoMatch {
        patterns: Vec<String>,
        names: Vec<String>,
        /// Explanations for deployments that might match.
        undecided: Vec<String>,
        /// Hints about conditions of `--select` that no deployment meets.
        unmet: Vec<String>,
    },
    #[error("no deployment is named '{}' in environment '{environment}'", wanted.join("' or '"))]
    NotInEnvironment {
        environment: EnvironmentName,
        wanted: Vec<String>,
        /// The names of the deployments in the environment.
        names: Vec<String>,
        /// Whether the options define a new deployment.
        is_new: bool,
    },
    #[error("environment '{0}' has no deployments")]
    EmptyEnvironment(EnvironmentName),
    #[error(transparent)]
    Changes(#[from] ChangesError),
    #[error("Invalid deployment name format: {0}. Expected format: <FLOW_NAME>/<DEPLOYMENT_NAME>")]
    Name(String),
}

/// Selects deployments based on the names, the patterns and the `--all` flag in the options.
///
/// `flow_name` returns the name of a deployment's flow, or `None` if the name is unknown. The function is only called
/// for names such as `flow/name`.
pub(crate) fn select(
    project: &Project,
    options: &Options,
    flow_name: impl Fn(&Declared) -> Option<String>,
) -> Result<Selection, SelectError> {
    let declared = &project.deployments;
    let mut wanted = parsed(&options.names)?;
    wanted.retain(|wanted| {
        !wanted.is_pattern || declared.iter().any(|deployment| wanted.matches(deployment, &flow_name))
    });
    let mut warnings = Vec::new();
    if wanted.len() < options.names.len() {
        let unmatched = options.names.iter().filter(|name| !wanted.iter().any(|w| w.text == name.as_str()));
        let list = unmatched.cloned().collect::<Vec<_>>().join(", ");
        warnings.push(Diagnostic::warning(Code::UNMATCHED_PATTERN, format!("no deployment matches {list}")));
    }
    require_declared(declared, &wanted, options, &flow_name)?;
    match (wanted.as_slice(), declared.as_slice()) {
        ([_, ..], _) if options.all => Err(SelectError::AllAndName),
        (_, []) => Ok(single(Declared::undeclared(), &wanted, warnings)),
        ([], all) if options.all => Ok(several(all.to_vec(), None, warnings).because(SelectionReason::all())),
        ([], _) if !options.names.is_empty() => Err(SelectError::NoMatch {
            patterns: options.names.clone(),
            names: names(declared),
            undecided: Vec::new(),
            unmet: Vec::new(),
        }),
        ([], [only]) => Ok(single(only.clone(), &wanted, warnings).because(SelectionReason::only())),
        ([name], [only]) => {
            if !name.matches(only, &flow_name) {
                warnings.push(renamed(name, only));
            }
            let reason = SelectionReason::option("--name", name.text);
            Ok(single(only.clone(), &wanted, warnings).because(reason))
        }
        ([], _) => Err(SelectError::NoName { names: names(declared) }),
        _ => Ok(matching(declared, &wanted, &flow_name, warnings)),
    }
}

/// Checks that an environment has at least one of the named deployments. Without an environment, any name is accepted.
///
/// An environment has no effect on undeclared deployments, so an unmatched name never defines a new
/// deployment.
fn require_declared(
    declared: &[Declared],
    wanted: &[NamePattern<'_>],
    options: &Options,
    flow_name: &impl Fn(&Declared) -> Option<String>,
) -> Result<(), SelectError> {
    let Some(environment) = options.environment_name().cloned() else { return Ok(()) };
    if declared.is_empty() {
        return Err(SelectError::EmptyEnvironment(environment));
    }
    let is_declared =
        |name: &NamePattern<'_>| declared.iter().any(|deployment| name.matches(deployment, flow_name));
    if options.all || wanted.is_empty() || wanted.iter().any(is_declared) {
        return Ok(());
    }
    Err(SelectError::NotInEnvironment {
        environment,
        wanted: wanted.iter().map(|name| name.text.to_owned()).collect(),
        names: names(declared),
        is_new: options.entrypoint.is_some(),
    })
}

fn single(declared: Declared, wanted: &[NamePattern<'_>], warnings: Vec<Diagnostic>) -> Selection {
    several(vec![declared], single_name(wanted), warnings)
}

pub(super) fn several(picked: Vec<Declared>, name: Option<String>, warnings: Vec<Diagnostic>) -> Selection {
    Selection { single: picked.len() == 1, picked, name, warnings, ..Selection::default() }
}

/// Returns the requested name, or `None` unless the user passed a single name that is not a pattern.
fn single_name(wanted: &[NamePattern<'_>]) -> Option<String> {
    match wanted {
        [only] if !only.is_pattern => Some(only.name.to_owned()),
        _ => None,
    }
}

/// Returns the names of the deployments in file order, without duplicates.
pub(super) fn names<'a>(declared: impl IntoIterator<Item = &'a Declared>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    declared
        .into_iter()
        .filter_map(Declared::name)
        .filter(|name| seen.insert(*name))
        .map(str::to_owned)
        .collect()
}

fn matching(
    declared: &[Declared],
    wanted: &[NamePattern<'_>],
    flow_name: &impl Fn(&Declared) -> Option<String>,
    mut warnings: Vec<Diagnostic>,
) -> Selection {
    let mut seen = BTreeSet::new();
    let mut picked = Vec::new();
    let mut reasons: BTreeMap<usize, Vec<SelectionReason>> = BTreeMap::new();
    let mut missing = Vec::new();
    // A resumed deploy may name thousands of deployments.
    let mut by_name: HashMap<&str, Vec<&Declared>> = HashMap::new();
    for deployment in declared {
        by_name.entry(deployment.name().unwrap_or_default()).or_default().push(deployment);
    }
    for name in wanted {
        let candidates = match by_name.get(name.name) {
            _ if name.is_pattern => declared.iter().collect(),
            found => found.cloned().unwrap_or_default(),
        };
        let found: Vec<_> =
            candidates.into_iter().filter(|deployment| name.matches(deployment, flow_name)).collect();
        if found.is_empty() {
            missing.push(name.text);
        }
        for index in found.iter().filter_map(|deployment| deployment.index) {
            reasons.entry(index).or_default().push(SelectionReason::option("--name", name.text));
        }
        picked.extend(found.into_iter().filter(|deployment| seen.insert(deployment.index)).cloned());
    }
    if !missing.is_empty() {
        missing.sort_unstable();
        missing.dedup();
        warnings.push(not_found(&missing, &names(declared)));
    }
    if picked.is_empty() {
        let list = wanted.iter().map(|name| name.text).collect::<Vec<_>>().join(", ");
        let message = format!(
            "Could not find any deployment configurations with the given name(s): {list}. Your flow will be \
             deployed with a new deployment configuration."
        );
        warnings.push(Diagnostic::warning(Code::UNKNOWN_DEPLOYMENT, message));
        picked.push(Declared::undeclared());
    }
    Selection { reasons, ..several(picked, single_name(wanted), warnings) }
}

/// Returns a warning about names that no deployment has.
pub(super) fn not_found<S: AsRef<str>>(missing: &[S], known: &[String]) -> Diagnostic {
    let missing: Vec<&str> = missing.iter().map(AsRef::as_ref).collect();
    let list = missing.join(", ");
    let message = format!("The following deployment(s) could not be found and will not be deployed: {list}");
    let diagnostic = Diagnostic::warning(Code::UNKNOWN_DEPLOYMENT, message);
    let suggestion = missing.iter().find_map(|name| did_you_mean(name, known.iter().map(String::as_str)));
    match suggestion {
        Some(name) => diagnostic.help(format!("did you mean {name}?")),
        None => diagnostic,
    }
}

fn renamed(wanted: &NamePattern<'_>, only: &Declared) -> Diagnostic {
    let was = only.name().map_or_else(|| "without a name".to_owned(), |name| format!("'{name}'"));
    let message = format!(
        "no deployment is named '{}': {was}, the only deployment in the file, is deployed under this name",
        wanted.text
    );
    Diagnostic::warning(Code::RENAMED_DEPLOYMENT, message)
}

/// Parses the names in the options for a selection in multiple projects.
///
/// # Errors
///
/// Fails if a name has more than one slash, or if the options also select all deployments.
pub(super) fn name_patterns(options: &Options) -> Result<Vec<NamePattern<'_>>, SelectError> {
    let patterns = parsed(&options.names)?;
    if options.all && !patterns.is_empty() { Err(SelectError::AllAndName) } else { Ok(patterns) }
}

/// Parses the values of `--name`.
///
/// # Errors
///
/// Fails if a name has more than one slash.
fn parsed(names: &[String]) -> Result<Vec<NamePattern<'_>>, SelectError> {
    match names.iter().find(|name| name.matches('/').count() > 1) {
        Some(invalid) => Err(SelectError::Name(invalid.clone())),
        None => Ok(names.iter().map(|name| NamePattern::new(name)).collect()),
    }
}

/// Marks the selection as single if exactly one deployment is selected across all projects.
pub(super) fn with_single(mut selections: Vec<Selection>) -> Vec<Selection> {
    let count: usize = selections.iter().map(|selection| selection.picked.len()).sum();
    for selection in &mut selections {
        selection.single = count == 1 && selection.picked.len() == 1;
    }
    selections
}

/// A value of the `--name` option: the name of a deployment or a pattern, optionally preceded by a flow.
pub(crate) struct NamePattern<'a> {
    text: &'a str,
    flow: Option<&'a str>,
    name: &'a str,
    is_pattern: bool,
}

impl<'a> NamePattern<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let (flow, name) = text.split_once('/').map_or((None, text), |(flow, name)| (Some(flow), name));
        Self { text, flow, name, is_pattern: is_pattern(text) }
    }

    pub(super) fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the pattern for the flow's name, or `None` if every flow matches.
    pub(super) fn flow(&self) -> Option<&'a str> {
        self.flow
    }

    /// Returns the pattern for the deployment's name.
    pub(super) fn name(&self) -> &'a str {
        self.name
    }

    /// Returns whether a deployment on the server matches the pattern.
    pub(crate) fn matches_names(&self, flow: &str, name: &str) -> bool {
        matches_pattern(self.name, name) && self.flow.is_none_or(|wanted| matches_pattern(wanted, flow))
    }

    pub(super) fn matches(
        &self,
        declared: &Declared,
        flow_name: impl Fn(&Declared) -> Option<String>,
    ) -> bool {
        let Some(name) = declared.name() else { return false };
        if self.is_pattern && declared.entrypoint().is_none() {
            return false; // as in Prefect, a deployment without an entrypoint only matches by its exact name
        }
        matches_pattern(self.name, name)
            && self.flow.is_none_or(|flow| {
                declared
                    .entrypoint()
                    .and_then(function)
                    .is_some_and(|function| is_flow_of_function(flow, function))
                    || flow_name(declared).is_some_and(|name| matches_pattern(flow, &name))
            })
    }
}

/// Returns the function name in an entrypoint.
pub(super) fn function(entrypoint: &str) -> Option<&str> {
    entrypoint.rsplit([':', '.']).next()
}

/// Returns whether a pattern for flow names matches the name that Prefect derives from a function.
pub(super) fn is_flow_of_function(pattern: &str, function: &str) -> bool {
    matches_pattern(pattern, function)
        || matches_pattern(pattern, &function.replace('_', "-"))
        || pattern.replace('-', "_") == function
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(
        deployments: &[(&str, &str)],
        names: &[&str],
        all: bool,
    ) -> Result<Vec<Option<usize>>, SelectError> {
        let options =
            Options { names: names.iter().map(ToString::to_string).collect(), all, ..Options::default() };
        let custom = |declared: &Declared| (declared.name() == Some("custom")).then(|| "My Flow".to_owned());
        let selection = select(&Project::for_test(deployments), &options, custom)?;
        Ok(selection.picked.iter().map(|deployment| deployment.index).collect())
    }

    #[test]
    fn selects_in_the_order_of_names_and_patterns() {
        let file = [
            ("default", "a.py:hello"),
            ("arthur", "a.py:hello"),
            ("default", "b.py:clean_up"),
            ("custom", "c.py:x"),
        ];
        for (names, expected) in [
            (&["arthur"][..], &[1][..]),
            (&["default"], &[0, 2]),
            (&["hello/default"], &[0]),
            (&["clean-up/default"], &[2]),
            (&["clean_up/default"], &[2]),
            (&["My Flow/custom"], &[3]),
            (&["hello/*"], &[0, 1]),
            (&["*"], &[0, 1, 2, 3]),
            (&["d*", "arthur", "hello/default"], &[0, 2, 1]),
            (&["nothing", "arthur"], &[1]),
        ] {
            let expected: Vec<_> = expected.iter().copied().map(Some).collect();
            assert_eq!(picked(&file, names, false), Ok(expected), "{names:?}");
        }
        assert_eq!(picked(&file, &["nothing"], false), Ok(vec![None]));
        assert_eq!(picked(&file, &[], true), Ok(vec![Some(0), Some(1), Some(2), Some(3)]));
    }

    #[test]
    fn selects_the_only_deployment_without_a_name() {
        let file = [("one", "a.py:hello")];
        assert_eq!(picked(&file, &[], false), Ok(vec![Some(0)]));
        assert_eq!(picked(&file, &["other"], false), Ok(vec![Some(0)]));
        assert_eq!(picked(&[], &["new"], false), Ok(vec![None]));
    }

    #[test]
    fn an_environment_only_has_declared_deployments() {
        let environment = "prod".parse::<EnvironmentName>().ok().map(Into::into);
        let select_in = |file: &[(&str, &str)], names: &[&str], entrypoint: Option<&str>| {
            let names = names.iter().map(ToString::to_string).collect();
            let entrypoint = entrypoint.map(str::to_owned);
            let options =
                Options { names, entrypoint, environment: environment.clone(), ..Options::default() };
            select(&Project::for_test(file), &options, |_| None).map(|selection| selection.picked.len())
        };
        let one = [("a-prod", "a.py:f")];
        let two = [("a-prod", "a.py:f"), ("b-prod", "a.py:f")];
        for (file, names, entrypoint) in
            [(&one[..], &["a"][..], None), (&two, &["a", "x"], None), (&two, &["zz"], Some("a.py:f"))]
        {
            let Err(error @ SelectError::NotInEnvironment { is_new, .. }) =
                select_in(file, names, entrypoint)
            else {
                panic!("{names:?} is accepted")
            };
            assert_eq!(is_new, entrypoint.is_some());
            let message = format!("no deployment is named '{}' in environment 'prod'", names.join("' or '"));
            assert_eq!(error.to_string(), message);
        }
        assert!(matches!(select_in(&[], &["a"], None), Err(SelectError::EmptyEnvironment(_))));
        assert_eq!(select_in(&two, &["a-prod", "x"], None), Ok(1));
        assert_eq!(select_in(&one, &[], None), Ok(1));
    }

    #[test]
    fn rejects_contradictory_selections() {
        let file = [("a", "a.py:f"), ("b", "a.py:f")];
        assert_eq!(picked(&file, &["a"], true), Err(SelectError::AllAndName));
        assert!(matches!(picked(&file, &[], false), Err(SelectError::NoName { .. })));
        assert!(matches!(picked(&file, &["x*"], false), Err(SelectError::NoMatch { .. })));
        assert!(matches!(picked(&file[..1], &["x*"], false), Err(SelectError::NoMatch { .. })));
        assert!(matches!(picked(&file, &["a/b/c"], false), Err(SelectError::Name(_))));
    }
}
