//! Compares declared deployments with the criteria of `--select`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{FlowNames, NamePattern, changed::ProjectChanges, relative_path::relative_path, selection};
use crate::{
    deployment::{Criterion, Evaluation, Selector, Verdict, desired, matches_pattern},
    flow::Entrypoint,
    git::RevisionRange,
    project::{Declared, Field, Key, Project},
    template::{has_template, is_template},
    value::Value,
};

/// The project whose deployments are compared with criteria.
pub(super) struct Criteria<'a> {
    pub(super) project: &'a Project,
    pub(super) names: FlowNames<'a>,
    /// The working directory. Paths in criteria are relative to it.
    pub(super) directory: &'a Path,
    pub(super) default_work_pool: Option<&'a str>,
    /// Changes of the project, keyed by revision range.
    pub(super) changes: BTreeMap<RevisionRange, ProjectChanges>,
}

impl Criteria<'_> {
    /// Applies a selector to a deployment.
    pub(super) fn evaluate(&self, selector: &Selector, declared: &Declared) -> Evaluation {
        selector.evaluate(|criterion| self.verdict(criterion, declared))
    }

    /// Compares a deployment with a criterion.
    pub(super) fn verdict(&self, criterion: &Criterion, declared: &Declared) -> Verdict {
        match criterion {
            Criterion::Name(pattern) => self.name(pattern, declared),
            Criterion::Flow(pattern) => self.flow(pattern, declared),
            Criterion::Tag(pattern) => tag(pattern, declared.fields.get(Key::Tags)),
            Criterion::Pool(pattern) => self.pool(pattern, declared),
            Criterion::Path(pattern) => match self.path(declared) {
                Ok(Some(file)) => {
                    let path = relative_path(&file, self.directory);
                    if pattern.matches(&path) || pattern.matches(&slashes(&file)) {
                        Verdict::Match(format!("entrypoint in '{path}'"))
                    } else {
                        Verdict::NoMatch
                    }
                }
                Ok(None) => Verdict::NoMatch,
                Err(undecided) => undecided,
            },
            Criterion::Changed(range) => {
                let changes = self.changes.get(range);
                let description = changes.and_then(|it| it.describe(declared, self.project, self.names));
                description.map_or(Verdict::NoMatch, Verdict::Match)
            }
            Criterion::File(pattern) => match self.file().filter(|file| pattern.matches(file)) {
                Some(file) => Verdict::Match(format!("project file '{file}'")),
                None => Verdict::NoMatch,
            },
        }
    }

    /// Returns the property values to compare with a criterion. Omits values that contain templates.
    pub(super) fn values(&self, criterion: &Criterion, declared: &Declared) -> Vec<String> {
        let fields = &declared.fields;
        let value = match criterion {
            Criterion::Tag(_) => {
                let tags = fields.get(Key::Tags).map(desired::tags).unwrap_or_default();
                return tags.into_iter().filter(|tag| !is_template(tag)).collect();
            }
            Criterion::Name(_) => declared.name().map(str::to_owned),
            Criterion::Flow(_) => declared.entrypoint().and_then(|entrypoint| self.names.of(entrypoint)),
            Criterion::Pool(_) => {
                fields.work_pool().unresolved().or(self.default_work_pool).map(str::to_owned)
            }
            Criterion::Path(_) => {
                let file = self.path(declared).ok().flatten();
                file.map(|file| relative_path(&file, self.directory))
            }
            Criterion::File(_) => self.file(),
            Criterion::Changed(_) => None,
        };
        value.filter(|value| !is_template(value)).into_iter().collect()
    }

    /// Returns the path of the project file.
    fn file(&self) -> Option<String> {
        self.project.document.as_ref().map(|document| relative(document.source.name()))
    }

    fn name(&self, pattern: &str, declared: &Declared) -> Verdict {
        if let Field::Template(_) = declared.fields.name() {
            return Verdict::Undecided("name".to_owned());
        }
        let Some(name) = declared.name() else { return Verdict::NoMatch };
        let wanted = NamePattern::new(pattern);
        if !matches_pattern(wanted.name(), name) {
            return Verdict::NoMatch;
        }
        match wanted.flow().map(|flow| self.flow(flow, declared)) {
            None | Some(Verdict::Match(_)) => Verdict::Match(format!("name '{name}'")),
            Some(other) => other,
        }
    }

    fn flow(&self, pattern: &str, declared: &Declared) -> Verdict {
        if let Field::Template(_) = declared.fields.entrypoint() {
            return Verdict::Undecided("entrypoint".to_owned());
        }
        let Some(entrypoint) = declared.entrypoint() else { return Verdict::NoMatch };
        if let Some(function) = selection::function(entrypoint)
            && selection::is_flow_of_function(pattern, function)
        {
            return Verdict::Match(format!("flow function '{function}'"));
        }
        match self.names.of(entrypoint) {
            Some(name) if matches_pattern(pattern, &name) => Verdict::Match(format!("flow '{name}'")),
            Some(_) => Verdict::NoMatch,
            None => Verdict::Undecided("flow name".to_owned()),
        }
    }

    fn pool(&self, pattern: &str, declared: &Declared) -> Verdict {
        let name = match declared.fields.work_pool() {
            Field::Template(_) => return Verdict::Undecided("work pool".to_owned()),
            Field::Literal(name) => Some(name),
            Field::Absent | Field::Null => self.default_work_pool,
            Field::Mismatch(_) => None,
        };
        match name.filter(|name| matches_pattern(pattern, name)) {
            Some(name) => Verdict::Match(format!("work pool '{name}'")),
            None => Verdict::NoMatch,
        }
    }

    /// Returns the absolute path of the file that defines the flow.
    fn path(&self, declared: &Declared) -> Result<Option<PathBuf>, Verdict> {
        if let Field::Template(_) = declared.fields.entrypoint() {
            return Err(Verdict::Undecided("entrypoint".to_owned()));
        }
        let entrypoint = declared.entrypoint().and_then(|text| Entrypoint::parse(text).ok());
        let Some(entrypoint) = entrypoint else { return Ok(None) };
        let FlowNames { inspector, directory, environment } = self.names;
        let file = inspector.defining_file(&entrypoint, directory, environment);
        Ok(file)
    }
}

fn slashes(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}

/// Returns a path with `/` as the separator and without `./` at the start.
fn relative(path: &str) -> String {
    let path = path.replace(std::path::MAIN_SEPARATOR, "/");
    path.trim_start_matches("./").to_owned()
}

/// Compares the tags of a deployment with a pattern. A list can match even if some of its tags are templates.
fn tag(pattern: &str, tags: Option<&Value>) -> Verdict {
    let Some(tags) = tags else { return Verdict::NoMatch };
    let is_literal = |tag: &&String| !has_template(&Value::String((*tag).clone()));
    let names = desired::tags(tags);
    if let Some(tag) = names.iter().filter(is_literal).find(|tag| matches_pattern(pattern, tag)) {
        return Verdict::Match(format!("tag '{tag}'"));
    }
    if has_template(tags) { Verdict::Undecided("tags".to_owned()) } else { Verdict::NoMatch }
}
