//! Explains the origins of deployment values.

use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

use crate::{
    deployment::{DeployContext, PreviewName, ResolvedDeployment},
    diagnostics::Place,
    plan::redacted_value,
    pointer::{Pointer, Segment},
    project::{Fields, Findings, Key, Origin},
    steps::Section,
    template::Resolver,
    validate::{self, PreparationError, PreparedProject},
    value::{self, Value},
};

/// The values of all selected deployments, with their origins.
#[derive(Debug, Serialize)]
pub(crate) struct Explanation {
    /// Version of the document's schema.
    schema: u32,
    pub(crate) deployments: Vec<ExplainedDeployment>,
}

/// The values of a deployment, with their origins.
#[derive(Debug, Serialize)]
pub(crate) struct ExplainedDeployment {
    /// Full name of the deployment.
    pub(crate) name: String,
    pub(crate) values: Vec<ExplainedValue>,
}

/// A scalar or an empty collection.
#[derive(Debug, Serialize)]
pub(crate) struct ExplainedValue {
    /// Path of the value in the deployment, such as `work_pool.name`.
    pub(crate) path: String,
    pub(crate) value: Json,
    #[serde(flatten)]
    pub(crate) origin: ValueOrigin,
    /// The position of `name_suffix` if an environment adds a suffix to the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name_suffix: Option<Location>,
}

/// The origin of a value.
#[derive(Debug)]
pub(crate) enum ValueOrigin {
    Default,
    /// The command-line option that sets the value.
    Option(String),
    /// The position at which a file sets the value.
    File(Location),
}

impl Serialize for ValueOrigin {
    /// Serializes all keys, because the document has the same keys for every value.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (location, option) = match self {
            Self::Default => (None, None),
            Self::Option(option) => (None, Some(option)),
            Self::File(location) => (Some(location), None),
        };
        let fields = json!({
            "file": location.map(|location| &location.file),
            "line": location.map(|location| location.line),
            "column": location.map(|location| location.column),
            "option": option,
        });
        fields.serialize(serializer)
    }
}

/// A position in a file.
#[derive(Debug, Serialize)]
pub(crate) struct Location {
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl From<&Place> for Location {
    fn from(place: &Place) -> Self {
        let start = place.start();
        Self { file: place.source.name().to_owned(), line: start.line, column: start.column }
    }
}

/// Returns the values of the selected deployments and the steps that they use, without connecting to a server.
///
/// # Errors
///
/// Fails if the validation without a server finds errors.
pub(crate) async fn explain(ctx: &DeployContext<'_>) -> Result<Explanation, PreparationError> {
    let loaded = validate::load_projects(ctx)?;
    let resolver = Resolver::offline(ctx.redactor.clone());
    let mut projects = validate::prepare(&loaded, ctx, &resolver).await?;
    validate::report_project_findings(&mut projects, ctx)?;
    let deployments = projects.iter().flat_map(|prepared| {
        prepared.deployments.iter().map(|selected| deployment(prepared, &selected.resolved, ctx))
    });
    Ok(Explanation { schema: 1, deployments: deployments.collect() })
}

fn deployment(
    PreparedProject { project, findings, .. }: &PreparedProject<'_>,
    resolved: &ResolvedDeployment,
    ctx: &DeployContext<'_>,
) -> ExplainedDeployment {
    let (pointer, redactor) = (resolved.pointer(), ctx.redactor);
    let mut fields = resolved.fields.clone();
    let preview = ctx.options.preview.as_ref();
    let of_preview = preview.map(|preview| restrict_to_preview(&mut fields, preview)).unwrap_or_default();
    let mut values = Vec::new();
    let mut add = |base: &Pointer, name: &str, json: &Json| {
        leaves(&Pointer::root().join(name), json, &mut |path, leaf| {
            let preview = preview.filter(|_| of_preview.contains(path));
            values.extend(explained(findings, base, path, leaf, preview));
        });
    };
    for (key, field) in &fields {
        let name = key.as_str().unwrap_or_default();
        let field = redacted_value(name, &value::to_json(field), redactor);
        add(&pointer, name, &field);
    }
    for section in Section::ALL {
        if resolved.fields.steps(section).is_absent() {
            let steps = value::to_json(&project.steps(section).steps().to_vec().into());
            let steps = redacted_value(section.name(), &steps, redactor);
            if steps.as_array().is_some_and(|steps| !steps.is_empty()) {
                add(&Pointer::root(), section.name(), &steps);
            }
        }
    }
    let is_name =
        |value: &&mut ExplainedValue| value.path == "name" && matches!(value.origin, ValueOrigin::File(_));
    if let Some(name) = values.iter_mut().find(is_name) {
        name.name_suffix = project.name_suffix.as_ref().map(Location::from);
    }
    ExplainedDeployment { name: resolved.full_name(), values }
}

/// Converts a deployment's fields to a preview's fields, like
/// [`DesiredDeployment::restrict_to_preview`](crate::deployment::DesiredDeployment::restrict_to_preview). Returns the
/// paths of the values that the preview sets.
fn restrict_to_preview(fields: &mut Fields, preview: &PreviewName) -> Vec<Pointer> {
    let path = |key: Key| Pointer::root().join(key);
    let mut paths = vec![path(Key::Name)];
    if let Some(Value::Sequence(mut schedules)) = fields.get(Key::Schedules).cloned() {
        for (index, schedule) in schedules.iter_mut().enumerate() {
            if let Value::Mapping(schedule) = schedule {
                schedule.insert("active".into(), false.into());
                paths.push(path(Key::Schedules).join(index).join("active"));
            }
        }
        fields.set(Key::Schedules, schedules);
    }
    let tag = preview.tag();
    match fields.get(Key::Tags).cloned() {
        Some(Value::String(tags)) => {
            paths.push(path(Key::Tags));
            fields.set(Key::Tags, format!("{tags}, {tag}"));
        }
        Some(Value::Sequence(mut tags)) if !tags.contains(&Value::String(tag.clone())) => {
            paths.push(path(Key::Tags).join(tags.len()));
            tags.push(Value::String(tag));
            fields.set(Key::Tags, tags);
        }
        None | Some(Value::Null) => {
            paths.push(path(Key::Tags).join(0));
            fields.set(Key::Tags, vec![Value::String(tag)]);
        }
        _ => {}
    }
    paths
}

/// Describes a value and its origin. `preview` is the preview that sets the value. Returns `None` for a null
/// that is not set anywhere.
fn explained(
    findings: &Findings<'_>,
    base: &Pointer,
    path: &Pointer,
    value: &Json,
    preview: Option<&PreviewName>,
) -> Option<ExplainedValue> {
    let origin = match preview {
        Some(preview) => ValueOrigin::Option(format!("--preview {}", preview.as_str())),
        None => origin_of(findings, base, path, value)?,
    };
    Some(ExplainedValue { path: path.to_string(), value: value.clone(), origin, name_suffix: None })
}

/// Returns the origin of a value, or `None` for a null or an empty collection that is not set anywhere.
fn origin_of(findings: &Findings<'_>, base: &Pointer, path: &Pointer, value: &Json) -> Option<ValueOrigin> {
    let is_empty = match value {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(entries) => entries.is_empty(),
        _ => false,
    };
    let mut origin = findings.origin(&base.join_all(path));
    if let (Origin::Default, Some(path)) = (&origin, in_deprecated_schedule(path)) {
        origin = findings.origin(&base.join_all(&path));
    }
    match origin {
        Origin::Default if is_empty => None,
        Origin::Default => Some(ValueOrigin::Default),
        Origin::Option(option) => Some(ValueOrigin::Option(option.to_owned())),
        Origin::File(place) => Some(ValueOrigin::File(Location::from(&place))),
    }
}

/// Returns a value's path in the deprecated key `schedule`, which is converted to the first item of `schedules`.
fn in_deprecated_schedule(path: &Pointer) -> Option<Pointer> {
    match path.segments() {
        [Segment::Key(key), Segment::Index(0), rest @ ..] if key == "schedules" => {
            let schedule = Pointer::root().join("schedule");
            Some(rest.iter().fold(schedule, |path, segment| path.join(segment.clone())))
        }
        _ => None,
    }
}

/// Calls `visit` with each scalar and each empty collection in a value.
fn leaves(path: &Pointer, value: &Json, visit: &mut impl FnMut(&Pointer, &Json)) {
    match value {
        Json::Object(entries) if !entries.is_empty() => {
            for (key, value) in entries {
                leaves(&path.join(key.as_str()), value, visit);
            }
        }
        Json::Array(items) if !items.is_empty() => {
            for (index, item) in items.iter().enumerate() {
                leaves(&path.join(index), item, visit);
            }
        }
        leaf => visit(path, leaf),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{source::Source, yaml};

    #[test]
    fn locates_values_of_the_deprecated_schedule() {
        let source = Source::new("prefect.yaml", "schedule:\n  cron: 1 1 * * *\n");
        let document = yaml::load(&source).unwrap();
        let findings = Findings::new(Some(&document));
        let schedules = Pointer::root().join("schedules");
        let line = |index: usize, key: &str| {
            let path = schedules.join(index).join(key);
            match explained(&findings, &Pointer::root(), &path, &"x".into(), None).unwrap().origin {
                ValueOrigin::File(location) => Some(location.line),
                ValueOrigin::Default | ValueOrigin::Option(_) => None,
            }
        };
        assert_eq!([line(0, "cron"), line(0, "timezone"), line(1, "cron")], [Some(2), None, None]);
    }
}
