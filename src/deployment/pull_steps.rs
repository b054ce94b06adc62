//! Pull steps of a deployment, which are listed in the file or generated.

use std::path::Path;

use crate::{
    project::{Fields, Project, StepList},
    steps::{self, Section, StepKind},
    value::{Mapping, Value},
};

/// Pull steps that are stored with a deployment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PullSteps {
    /// Steps from the project file, before step outputs are substituted.
    Listed(Vec<Value>),
    /// Generated steps, with notes for the user.
    Generated { steps: Vec<Value>, note: Option<Note> },
    /// No pull steps, because the user's Dockerfile adds the code to the image. Prefect also sends no pull steps
    /// without a terminal.
    None,
}

/// Notice about generated pull steps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Note {
    /// Workers load the flow from this path on the current machine.
    ThisMachine(String),
    /// The default directory in the user's image is assumed to contain the code.
    DefaultDirectory,
}

impl Note {
    pub(crate) fn text(&self) -> String {
        match self {
            Self::ThisMachine(path) => {
                format!("Your Prefect workers will attempt to load your flow from: {path}")
            }
            Self::DefaultDirectory => "Using default working directory '/opt/prefect' for your Docker image. If your \
                                       flow code is in a different location, add an explicit set_working_directory \
                                       pull step to your prefect.yaml."
                .to_owned(),
        }
    }
}

/// Returns the pull steps of a deployment. The deployment's steps take precedence over the steps at the top level of
/// the file. Generates steps if neither the deployment nor the file declares any.
///
/// `written` contains the deployment's fields as written in the file. In `fields`, templates are resolved, except
/// templates that depend on step outputs. `directory` is the project's directory.
pub(crate) fn pull_steps(
    project: &Project,
    written: &Fields,
    fields: &Fields,
    directory: &Path,
) -> PullSteps {
    let own = written.steps(Section::Pull);
    let effective = if own.is_absent() { &project.pull } else { &own };
    if let StepList::Steps(steps) = effective {
        return PullSteps::Listed(steps.clone()); // an empty list means that there are no pull steps
    }
    if !project.pull.steps().is_empty() {
        return PullSteps::Listed(project.pull.steps().to_vec());
    }
    generated(project, fields, directory)
}

fn generated(project: &Project, fields: &Fields, directory: &Path) -> PullSteps {
    let own = fields.steps(Section::Build);
    let build = if own.steps().is_empty() { &project.build } else { &own };
    let image_build = build.items().find(|item| item.kind() == StepKind::BuildDockerImage);
    let set =
        |directory: &str, note| PullSteps::Generated { steps: vec![set_working_directory(directory)], note };
    match image_build {
        Some(build) if build.generates_dockerfile() => {
            let name = directory.file_name().unwrap_or_default().to_string_lossy();
            set(&format!("/opt/prefect/{name}"), None)
        }
        Some(_) => PullSteps::None,
        None if fields.image().is_some_and(names_image) => set("/opt/prefect", Some(Note::DefaultDirectory)),
        None => {
            let file = fields.entrypoint().unresolved().and_then(|text| text.rsplit_once(':'));
            let path = file.map_or_else(|| directory.to_owned(), |(file, _)| directory.join(file));
            let note = Note::ThisMachine(path.to_string_lossy().into_owned());
            set(&directory.to_string_lossy(), Some(note))
        }
    }
}

/// Returns whether the job variable `image` specifies an image.
fn names_image(image: &Value) -> bool {
    match image {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        _ => true,
    }
}

fn set_working_directory(directory: &str) -> Value {
    let inputs = Mapping::from_iter([("directory".into(), directory.into())]);
    steps::step(StepKind::SetWorkingDirectory, inputs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::StepItem;

    fn steps(top: &str, deployment: &str) -> String {
        let top: Mapping = serde_yaml::from_str(top).unwrap();
        let fields: Fields = serde_yaml::from_str::<Mapping>(deployment).unwrap().into();
        let mut project = Project::empty();
        project.build = StepList::read(&top, Section::Build);
        project.pull = StepList::read(&top, Section::Pull);
        match pull_steps(&project, &fields, &fields, Path::new("/home/me/flows")) {
            PullSteps::Listed(steps) => format!("listed {}", crate::value::to_json(&Value::Sequence(steps))),
            PullSteps::Generated { steps, .. } => {
                StepItem::parse(&steps[0]).unwrap().working_directory().unwrap().to_owned()
            }
            PullSteps::None => "none".to_owned(),
        }
    }

    #[test]
    fn listed_steps_take_precedence_over_generated_steps() {
        let auto = "{build: [{prefect_docker.deployments.steps.build_docker_image: {dockerfile: auto}}]}";
        let own =
            "{build: [{prefect_docker.deployments.steps.build_docker_image: {dockerfile: Dockerfile}}]}";
        for (top, deployment, expected) in [
            ("{}", "{entrypoint: 'a.py:f'}", "/home/me/flows"),
            ("{}", "{work_pool: {job_variables: {image: x}}}", "/opt/prefect"),
            ("{}", "{work_pool: {job_variables: {image: ''}}}", "/home/me/flows"),
            (auto, "{}", "/opt/prefect/flows"),
            (auto, "{build: null}", "/opt/prefect/flows"),
            (own, "{}", "none"),
            ("{pull: []}", "{}", "listed []"),
            ("{pull: [{a.b: {}}]}", "{pull: []}", "listed []"),
            ("{pull: [{a.b: {}}]}", "{pull: null}", r#"listed [{"a.b":{}}]"#),
            ("{pull: [{a.b: {}}]}", "{pull: {c.d: {}}}", r#"listed [{"c.d":{}}]"#),
        ] {
            assert_eq!(steps(top, deployment), expected, "{top} {deployment}");
        }
    }
}
