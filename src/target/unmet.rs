//! Explains conditions of `--select` that no deployment meets.

use std::{collections::BTreeSet, fmt};

use super::criteria::Criteria;
use crate::{
    deployment::{Criterion, Selector, Verdict},
    diagnostics::{did_you_mean, similar_name},
    names::{SHOWN, first_of},
};

/// A condition of `--select` that no deployment meets, with the values that would meet it.
struct UnmetCondition {
    /// Key of the condition, such as `tag`.
    key: &'static str,
    /// Plural noun for the values.
    noun: &'static str,
    /// Values of the declared deployments, sorted.
    known: Vec<String>,
    similar: Option<String>,
}

/// Returns a hint for each condition of the selector that no deployment in any project meets. Ignores negated
/// conditions and conditions on changes.
pub(super) fn advice_for_unmet(selector: &Selector, projects: &[Criteria<'_>]) -> Vec<String> {
    let is_unmet = |criterion: &Criterion| {
        projects.iter().all(|criteria| {
            let mut deployments = criteria.project.deployments.iter();
            deployments.all(|declared| criteria.verdict(criterion, declared) == Verdict::NoMatch)
        })
    };
    let required = selector.required().filter(|(_, criterion)| is_unmet(criterion));
    required.map(|(value, criterion)| UnmetCondition::new(value, criterion, projects).to_string()).collect()
}

impl UnmetCondition {
    fn new(value: &str, criterion: &Criterion, projects: &[Criteria<'_>]) -> Self {
        let known: BTreeSet<String> = projects
            .iter()
            .flat_map(|criteria| {
                let deployments = criteria.project.deployments.iter();
                deployments.flat_map(|declared| criteria.values(criterion, declared))
            })
            .collect();
        let similar = match criterion {
            Criterion::Path(_) | Criterion::File(_) => similar_path(value, &known),
            _ => {
                let candidates = || known.iter().map(String::as_str);
                let similar = similar_name(value, candidates()).or_else(|| did_you_mean(value, candidates()));
                similar.map(str::to_owned)
            }
        };
        let (key, noun) = (criterion.key(), noun(criterion));
        Self { key, noun, known: known.into_iter().collect(), similar }
    }
}

impl fmt::Display for UnmetCondition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, noun, known, similar } = self;
        if let Some(similar) = similar {
            write!(f, "did you mean '{key}:{similar}'? ")?;
        }
        match known.as_slice() {
            [] => write!(f, "the deployments have no {noun}"),
            known => write!(f, "the {noun} are: {}", first_of(known, SHOWN)),
        }
    }
}

fn noun(criterion: &Criterion) -> &'static str {
    match criterion {
        Criterion::Name(_) => "deployments",
        Criterion::Flow(_) => "flows",
        Criterion::Tag(_) => "tags",
        Criterion::Pool(_) => "work pools",
        Criterion::Path(_) => "files of flows",
        Criterion::File(_) => "project files",
        Criterion::Changed(_) => "changes",
    }
}

/// Returns the path that a misspelled path most likely refers to. Candidates are the known paths and their directories.
fn similar_path(value: &str, known: &BTreeSet<String>) -> Option<String> {
    let stem = value.strip_suffix("/**").unwrap_or(value);
    let directories = known.iter().flat_map(|path| path.match_indices('/').map(|(at, _)| &path[..at]));
    let similar = similar_name(stem, directories.chain(known.iter().map(String::as_str)))?;
    Some(format!("{similar}{}", &value[stem.len()..]))
}
