//! The effects of a step: its outputs and its changes to the context of the following steps.

use std::{borrow::Cow, path::PathBuf};

use super::{Step, StepContext, StepError};
use crate::{environment::Environment, value::Mapping};

/// The effects of running a step. They are applied to every deployment that shares the run.
#[derive(Debug)]
pub(super) struct Effects {
    /// Outputs of the step. `None` if a Python function did not return a dictionary.
    pub(super) outputs: Option<Mapping>,
    /// The new working directory, or `None` if the step did not change it.
    directory: Option<PathBuf>,
    /// The new environment, or `None` if the step did not change it.
    environment: Option<Environment>,
}

impl Effects {
    /// Runs a step and returns its effects. The context itself is not changed.
    pub(super) async fn run_step(step: &dyn Step, context: &StepContext<'_>) -> Result<Self, StepError> {
        let mut inside = context.with_progress(context.progress);
        let outputs = step.run(&mut inside).await?;
        let StepContext { directory, environment, without_outputs, .. } = inside;
        Ok(Self {
            outputs: (!without_outputs).then_some(outputs),
            directory: (directory != context.directory).then_some(directory),
            environment: match environment {
                Cow::Owned(changed) => Some(changed),
                Cow::Borrowed(_) => None,
            },
        })
    }

    /// Applies the step's changes of the working directory and the environment to a context.
    pub(super) fn apply(&self, context: &mut StepContext<'_>) {
        if let Some(directory) = &self.directory {
            context.directory.clone_from(directory);
        }
        if let Some(environment) = &self.environment {
            context.environment = Cow::Owned(environment.clone());
        }
    }
}
