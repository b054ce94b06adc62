//! Step progress reports: pending steps, and output lines with the step that printed them.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{Listed, StepEntry, effects::Effects, item::parts, short_name};
use crate::{
    diagnostics::{Diagnostic, Place},
    progress::{Amount, Progress, StepEnd, StepEvent, StepId, Stream},
    python,
    value::{Mapping, Value},
};

/// Pending steps by location.
///
/// A step declared once is reported as one step unless its inputs differ between deployments.
#[derive(Debug, Default)]
pub(super) struct PendingSteps(Mutex<HashMap<Place, StepId>>);

impl PendingSteps {
    /// Reports the steps that are going to run.
    pub(super) fn announce<'s>(&self, steps: impl Iterator<Item = &'s Listed>, progress: &dyn Progress) {
        let mut pending = self.lock();
        for listed in steps {
            let (Some(place), Some((name, inputs))) = (&listed.place, parts(&listed.step)) else { continue };
            pending.entry(place.clone()).or_insert_with(|| {
                let id = StepId::next();
                let own_id = inputs.ok().and_then(|parts| parts.id).map(|id| python::to_text(&id));
                let name = short_name(name);
                progress.step(id, StepEvent::Waiting { name, id: own_id.as_deref() });
                id
            });
        }
    }

    /// Removes the pending step at the given location and returns its ID.
    pub(super) fn take(&self, place: Option<&Place>) -> Option<StepId> {
        self.lock().remove(place?)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Place, StepId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Progress receiver that attributes all reports to a single step.
pub(super) struct StepReporter<'p> {
    pub(super) id: StepId,
    pub(super) progress: &'p dyn Progress,
}

impl StepReporter<'_> {
    /// Reports the step's end and outcome.
    pub(super) fn end<T, E>(&self, result: &Result<(Effects, T), E>) {
        let outputs = result.as_ref().ok().and_then(|(effects, _)| effects.outputs.as_ref());
        let reused = outputs.and_then(|outputs| outputs.get("reused")?.as_bool()) == Some(true);
        let end = match result {
            Err(_) => StepEnd::Failed,
            Ok(_) if reused => StepEnd::Reused,
            Ok(_) => StepEnd::Done,
        };
        let subject = outputs.and_then(|outputs| outputs.get("image")?.as_str());
        self.progress.step(self.id, StepEvent::Ended { end, subject });
    }
}

impl Progress for StepReporter<'_> {
    fn status(&self, line: &str) {
        self.progress.step(self.id, StepEvent::Status(line));
    }

    fn output(&self, stream: Stream, line: &str) {
        self.progress.step(self.id, StepEvent::Output { stream, line });
    }

    fn advance(&self, amount: Amount) {
        self.progress.step(self.id, StepEvent::Advanced(amount));
    }

    fn warn(&self, diagnostic: &Diagnostic) {
        self.progress.warn(diagnostic);
    }
}

/// Returns a short step description for progress lines: the first line of the first required input, with the tag for an
/// image.
pub(super) fn subject(entry: &StepEntry, inputs: &Mapping) -> Option<String> {
    let required = entry.inputs.iter().find(|input| input.required)?;
    let text = inputs.get(required.name)?.as_str()?;
    let line = text.lines().find(|line| !line.trim().is_empty())?.trim();
    let tag = inputs.get("tag").filter(|_| required.name == "image_name").and_then(Value::as_str);
    Some(tag.map_or_else(|| line.to_owned(), |tag| format!("{line}:{tag}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::steps::registry;

    #[test]
    fn names_the_subject_of_a_step() {
        for (name, inputs, expected) in [
            (
                "prefect.deployments.steps.run_shell_script",
                "{script: \"\\n  make it\\nmake more\"}",
                Some("make it"),
            ),
            ("prefect.deployments.steps.run_shell_script", "{script: ''}", None),
            (
                "prefect_docker.deployments.steps.build_docker_image",
                "{image_name: a/b, tag: v1}",
                Some("a/b:v1"),
            ),
            (
                "prefect_docker.deployments.steps.push_docker_image",
                "{image_name: a/b, tag: null}",
                Some("a/b"),
            ),
            ("prefect.deployments.steps.git_clone", "{repository: r, tag: v1}", Some("r")),
        ] {
            let entry = registry::find(name).unwrap();
            let inputs = serde_yaml::from_str(inputs).unwrap();
            assert_eq!(subject(entry, &inputs).as_deref(), expected, "{name}");
        }
    }
}
