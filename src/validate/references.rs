//! Validates placeholders that refer to outputs of earlier steps or to environment variables.

use std::cell::OnceCell;

use super::lookalikes::lookalikes;
use crate::{
    deployment::{PullSteps, ResolvedDeployment, StepSections},
    diagnostics::{Code, Diagnostic, did_you_mean},
    environment::Environment,
    pointer::{Pointer, Segment},
    project::{Fields, Findings, Key, TriggerItem},
    python,
    resolve::outputs::KnownOutputs,
    steps::StepItem,
    template::{
        self, is_run_time_placeholder, missing_value,
        placeholder::{self, Kind, Placeholder},
    },
    value::Value,
};

/// Warns about placeholders without a value in steps and fields.
pub(super) fn references(
    deployment: &ResolvedDeployment,
    sections: &StepSections,
    environment: &Environment,
    findings: &mut Findings<'_>,
) {
    let all = KnownOutputs::in_fields(sections, &deployment.spec);
    let mut before = KnownOutputs::default();
    for listed in sections.build.iter().chain(&sections.push) {
        let mut checker = Checker::new(&before, &all, environment, In::Step, findings);
        checker.step(&listed.step, &listed.pointer);
        before.add(&listed.step);
    }
    let mut checker = Checker::new(&all, &all, environment, In::Fields, findings);
    checker.fields(&deployment.fields, &deployment.pointer());
    if let PullSteps::Listed(steps) = &sections.pull {
        let with_pull = steps.iter().fold(all.clone(), |mut known, step| {
            known.add(step);
            known
        });
        let mut before = all;
        for (index, step) in steps.iter().enumerate() {
            let pointer = sections.pull_pointer.join(index);
            let mut checker = Checker::new(&before, &with_pull, environment, In::Pull, findings);
            checker.step(step, &pointer);
            before.add(step);
        }
    }
}

/// The location of a placeholder, which determines the possible sources of the value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum In {
    /// A build or push step. Values come from step outputs and the environment of this machine.
    Step,
    /// A field of the deployment. Values come from step outputs only.
    Fields,
    /// A pull step. Values come from step outputs and the environment of the worker.
    Pull,
}

struct Checker<'a, 'b> {
    /// Outputs of earlier steps.
    before: &'a KnownOutputs,
    /// Outputs of all steps.
    all: &'a KnownOutputs,
    environment: &'a Environment,
    place: In,
    findings: &'a mut Findings<'b>,
    /// The paths of `before`.
    paths: OnceCell<Vec<String>>,
}

impl<'a, 'b> Checker<'a, 'b> {
    fn new(
        before: &'a KnownOutputs,
        all: &'a KnownOutputs,
        environment: &'a Environment,
        place: In,
        findings: &'a mut Findings<'b>,
    ) -> Self {
        Self { before, all, environment, place, findings, paths: OnceCell::new() }
    }

    fn step(&mut self, step: &Value, pointer: &Pointer) {
        let Some(item) = StepItem::parse(step) else { return };
        let pointer = pointer.join(item.name);
        for (key, value) in item.inputs() {
            self.value(value, &pointer.join(python::to_text(key)));
        }
        for error in template::malformed_blocks(&Value::Mapping(item.all_inputs.clone())) {
            let diagnostic = Diagnostic::error(Code::REFERENCE, error.to_string());
            self.findings.at_value(&pointer.join_all(&error.path), diagnostic);
        }
    }

    fn fields(&mut self, fields: &Fields, pointer: &Pointer) {
        for (key, value) in fields {
            let key = python::to_text(key);
            let pointer = pointer.join(key.as_str());
            match (Key::parse(&key), value) {
                (Some(Key::Triggers), Value::Sequence(items)) => {
                    for (index, item) in items.iter().enumerate() {
                        self.trigger(item, &pointer.join(index));
                    }
                }
                (Some(Key::Steps(_)), _) => {}
                (_, value) => self.value(value, &pointer),
            }
        }
    }

    /// Checks a trigger. Its parameters are skipped because they are resolved from the event.
    fn trigger(&mut self, trigger: &Value, pointer: &Pointer) {
        for (key, value) in trigger.as_mapping().into_iter().flatten() {
            let key = python::to_text(key);
            if key != TriggerItem::PARAMETERS {
                self.value(value, &pointer.join(key));
            }
        }
    }

    fn value(&mut self, value: &Value, pointer: &Pointer) {
        match value {
            Value::String(text) => {
                lookalikes(text, pointer, self.findings);
                let is_whole = placeholder::only(text).is_some();
                for placeholder in placeholder::find(text) {
                    self.placeholder(&placeholder, is_whole, pointer);
                }
            }
            Value::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(item, &pointer.join(index));
                }
            }
            // Mappings with this key are rendered when the flow runs.
            Value::Mapping(entries) if entries.contains_key("__prefect_kind") => {}
            Value::Mapping(entries) => {
                for (key, value) in entries {
                    self.value(value, &pointer.join(Segment::Key(python::to_text(key))));
                }
            }
            _ => {}
        }
    }

    fn placeholder(&mut self, placeholder: &Placeholder<'_>, is_whole: bool, pointer: &Pointer) {
        let diagnostic = match placeholder.kind() {
            Kind::Block | Kind::Variable => return,
            Kind::Environment => self.environment(placeholder),
            Kind::Standard => self.output(placeholder, is_whole),
        };
        if let Some(diagnostic) = diagnostic {
            self.findings.at_value(pointer, diagnostic);
        }
    }

    fn environment(&self, placeholder: &Placeholder<'_>) -> Option<Diagnostic> {
        let name = placeholder.environment_name();
        if self.place == In::Pull || self.environment.get(name).is_some() {
            return None;
        }
        let message = match self.place {
            In::Fields => missing_value(placeholder.text),
            _ => format!("{} becomes an empty string", placeholder.text),
        };
        let help = format!("the environment variable {name} is not set");
        Some(Diagnostic::warning(Code::UNSET_ENVIRONMENT, message).help(help))
    }

    fn output(&self, placeholder: &Placeholder<'_>, is_whole: bool) -> Option<Diagnostic> {
        let name = placeholder.name;
        let is_at_hand = match self.place {
            In::Step => self.environment.get(name).is_some(),
            In::Fields => false,
            In::Pull => is_like_a_variable(name),
        };
        if is_at_hand || is_run_time_placeholder(name) || self.before.may_have(name) {
            return None;
        }
        let message = match self.place {
            In::Step => format!("no earlier step has the output '{name}'"),
            In::Fields => missing_value(if is_whole { name } else { placeholder.text }),
            In::Pull => format!(
                "no earlier step has the output '{name}'; workers will remove the \
                                 placeholder"
            ),
        };
        Some(Diagnostic::warning(Code::UNKNOWN_OUTPUT, message).help(self.advice(name)))
    }

    /// Returns the help text for a reference to an unknown output.
    fn advice(&self, name: &str) -> String {
        if self.all.may_have(name) {
            return "the output belongs to a later step; move that step before this reference".to_owned();
        }
        if let Some(path) = block_or_variable(name) {
            return format!("did you mean {{{{ {path} }}}}?");
        }
        let paths = self.paths.get_or_init(|| self.before.paths());
        if let Some(path) = similar_output(name, paths) {
            return format!("did you mean {{{{ {path} }}}}?");
        }
        let id = name.split(['.', '[']).next().unwrap_or_default();
        if let Some(outputs) = self.before.outputs_of(id) {
            return format!("step '{id}' has the outputs {}", outputs.join(", "));
        }
        if is_like_a_variable(name) {
            return format!("no step has this output, and the environment variable {name} is not set");
        }
        format!("no step has the ID or the output '{id}'")
    }
}

/// Returns the path of the block or variable that a placeholder with a misspelled `prefect.blocks` or
/// `prefect.variables` most likely refers to.
fn block_or_variable(name: &str) -> Option<String> {
    let (kind, rest) = name.strip_prefix("prefect.")?.split_once('.')?;
    let kind = did_you_mean(kind, ["blocks", "variables"])?;
    Some(format!("prefect.{kind}.{rest}"))
}

/// Returns the output that a misspelled path most likely refers to. An output of the same name is preferred, because a
/// wrong step is more likely than two mistakes.
fn similar_output<'a>(name: &str, paths: &'a [String]) -> Option<&'a str> {
    let output = |path: &str| path.split_once('.').map(|(_, output)| output.to_owned());
    let wanted = output(name);
    let paths = || paths.iter().map(String::as_str);
    let same = paths().filter(|path| wanted.is_some() && output(path) == wanted);
    did_you_mean(name, same).or_else(|| did_you_mean(name, paths()))
}

/// Returns whether a name looks like an environment variable.
fn is_like_a_variable(name: &str) -> bool {
    name.chars().all(|character| character.is_ascii_uppercase() || matches!(character, '_' | '0'..='9'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrects_the_kind_of_a_reference() {
        for (name, expected) in [
            ("prefect.variable.stage", Some("prefect.variables.stage")),
            ("prefect.block.secret.token", Some("prefect.blocks.secret.token")),
            ("prefect.var.stage", Some("prefect.variables.stage")),
            ("prefect.version", None),
            ("prefect.runtime.name", None),
            ("sha.stdout", None),
        ] {
            assert_eq!(block_or_variable(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn prefers_outputs_with_the_same_name() {
        let paths = ["build-image.tag", "build-image.image", "commit.stdout"].map(str::to_owned);
        for (name, expected) in [
            ("build.image", Some("build-image.image")),
            ("build_image.image", Some("build-image.image")),
            ("build-image.imge", Some("build-image.image")),
            ("comit.stdout", Some("commit.stdout")),
            ("other", None),
        ] {
            assert_eq!(similar_output(name, &paths), expected, "{name}");
        }
    }
}
