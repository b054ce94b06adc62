//! Saves the answers of the wizard as a deployment in `prefect.yaml`.

use std::path::{Path, PathBuf};

use crate::{
    api::JsonObject,
    deployment::{DeployContext, PullSteps, pull_steps as pull},
    fs::{self, FileError},
    project::{self, Declared, Fields, Findings, Key, Project},
    source::Source,
    steps::Section,
    storage::ignore_file,
    target::{self, wizard::Answers},
    value::{self, Mapping, Value},
    yaml::{self, Document, Edit},
};

/// Keys of a saved deployment, in write order.
const KEYS: [Key; 17] = [
    Key::Name,
    Key::Version,
    Key::VersionType,
    Key::Tags,
    Key::Description,
    Key::Paused,
    Key::ConcurrencyLimit,
    Key::Entrypoint,
    Key::Parameters,
    Key::EnforceParameterSchema,
    Key::Steps(Section::Build),
    Key::Steps(Section::Push),
    Key::Steps(Section::Pull),
    Key::WorkPool,
    Key::Schedules,
    Key::Triggers,
    Key::Sla,
];

/// The contents of a project file with the deployment added. The file has not been written yet.
#[derive(Debug)]
pub(crate) struct Saved {
    /// Path of the file as specified by the user.
    pub(crate) file: PathBuf,
    pub(crate) name: String,
    /// The lines that were added, or the complete text of a new file.
    pub(crate) added: String,
    text: String,
    path: PathBuf,
    /// The current contents of the file. `None` if the file does not exist.
    old: Option<String>,
}

impl Saved {
    /// Writes the file. Also creates a missing default ignore file next to a new project file.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written, or if the user has changed it while the questions were asked.
    pub(crate) fn write(&self) -> Result<(), FileError> {
        if let Some(old) = &self.old {
            return fs::rewrite(&self.path, old, &self.text);
        }
        fs::write_new(&self.path, &self.text)?;
        self.path.parent().map_or(Ok(false), ignore_file::create_default).map(drop)
    }
}

/// Returns the project file with the wizard's answers added: missing keys are added to a declared deployment,
/// and a new deployment is appended.
///
/// Returns `None` if nothing can be saved: the file already contains the deployment, multiple deployments or
/// an environment are selected, or the file cannot be edited.
///
/// `file` is the path of the project file as shown to the user, and `path` its absolute path.
pub(crate) fn saved(
    answers: &Answers,
    project: &Project,
    ctx: &DeployContext<'_>,
    file: PathBuf,
    path: PathBuf,
) -> Option<Saved> {
    if ctx.options.environment.is_some() {
        return None;
    }
    let mut specs = target::specs(answers.selection.clone(), ctx, &mut Findings::new(None)).ok()?;
    let (Some(spec), true) = (specs.pop(), answers.selection.single) else { return None };
    let fields = complete(spec.fields, project, ctx.directory);
    let name = fields.name().unresolved().unwrap_or_default().to_owned();
    let entrypoint = fields.entrypoint().unresolved();
    let Some(document) = &project.document else {
        let folder = ctx.directory.file_name().unwrap_or_default().to_string_lossy();
        let text = project::text::whole(&folder, fields);
        return Some(Saved { file, name, added: text.clone(), text, path, old: None });
    };
    let is_it =
        |deployment: &Declared| deployment.name() == Some(&name) && deployment.entrypoint() == entrypoint;
    let edit = match spec.declared.index {
        Some(index) => project
            .deployments
            .get(index)
            .filter(|deployment| is_same(deployment, &spec.declared))
            .and_then(|deployment| completed(document, deployment, &spec.declared)),
        None if project.deployments.iter().any(is_it) => None,
        None => yaml::append(document, "deployments", &value::to_json(&fields.to_template())),
    };
    let old = Some(document.source.text().to_owned());
    edit.map(|edit| Saved { file, name, added: edit.added, text: edit.text, path, old })
}

/// Returns whether the answers belong to a deployment. The file may have been changed since the wizard started.
fn is_same(written: &Declared, answers: &Declared) -> bool {
    let is_kept = |written: Option<&str>, answer: Option<&str>| written.is_none() || written == answer;
    is_kept(written.name(), answers.name()) && is_kept(written.entrypoint(), answers.entrypoint())
}

/// Adds the answers to a deployment that is declared in the file. Returns `None` if nothing is added or if
/// the file cannot be edited.
fn completed(document: &Document, written: &Declared, answers: &Declared) -> Option<Edit> {
    let pool = |deployment: &Declared| deployment.fields.get(Key::WorkPool)?.as_mapping().cloned();
    let additions = [
        (written.pointer(), added(written.fields.tree(), answers.fields.tree())),
        (
            written.pointer().join(Key::WorkPool),
            pool(written).zip(pool(answers)).map(|(old, new)| added(&old, &new)).unwrap_or_default(),
        ),
    ];
    let mut edit: Option<Edit> = None;
    for (pointer, entries) in additions.iter().filter(|(_, entries)| !entries.is_empty()) {
        let next = match &edit {
            None => yaml::extend(document, pointer, entries)?,
            Some(before) => {
                let source = Source::new(document.source.name(), before.text.as_str());
                let next = yaml::extend(&yaml::load(&source).ok()?, pointer, entries)?;
                Edit { added: format!("{}{}", before.added, next.added), ..next }
            }
        };
        edit = Some(next);
    }
    edit
}

/// Returns the entries of `new` whose keys are not in `old`.
fn added(old: &Mapping, new: &Mapping) -> JsonObject {
    let new = new.iter().filter(|(key, _)| !old.contains_key(*key));
    let new: Mapping = new.map(|(key, value)| (key.clone(), value.clone())).collect();
    value::json_object(value::to_json(&new.into()))
}

/// Returns the fields to save, in order and including generated pull steps.
fn complete(mut fields: Fields, project: &Project, directory: &Path) -> Fields {
    if let PullSteps::Generated { steps, .. } = pull::pull_steps(project, &fields, &fields, directory) {
        fields.set(Key::Steps(Section::Pull), steps);
    }
    let field = |key: Key| Some((Value::from(key.name()), significant(key, fields.get(key)?.clone())?));
    KEYS.into_iter().filter_map(field).collect::<Mapping>().into()
}

/// Returns the value to save, or `None` if the value is equivalent to a missing key.
///
/// A null value of `schedules` is saved, because it prevents the wizard from asking for schedules again.
fn significant(key: Key, value: Value) -> Option<Value> {
    match (key, value) {
        (Key::Schedules | Key::Steps(_), value) => Some(value),
        (_, Value::Null) => None,
        (Key::Tags, Value::Sequence(tags)) if tags.is_empty() => None,
        (Key::WorkPool, Value::Mapping(pool)) => {
            let is_empty =
                |value: &Value| value.is_null() || value.as_mapping().is_some_and(Mapping::is_empty);
            let pool: Mapping = pool.into_iter().filter(|(_, value)| !is_empty(value)).collect();
            (!pool.is_empty()).then_some(Value::Mapping(pool))
        }
        (_, Value::Mapping(entries)) if entries.is_empty() => None,
        (_, value) => Some(value),
    }
}
