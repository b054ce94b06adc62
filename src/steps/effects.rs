//! The effects of a step: outputs, and changes to the context for the following steps.

use std::{borrow::Cow, path::PathBuf};

use super::{Step, StepContext, StepError};
use crate::{environment::Environment, value::Mapping};

/// A step's effects, applied to every deployment that shares the run.
#[derive(Debug)]
pub(super) struct Effects {
    /// Step outputs. `None` if a Python function did not return a dictionary.
    pub(super) outputs: Option<Mapping>,
    /// The new working directory. `None` if unchanged.
    directory: Option<PathBuf>,
    /// The new environment. `None` if unchanged.
    environment: Option<Environment>,
}

impl Effects {
    /// Runs a step and returns its effects. Does not change the context.
    pub(super) async fn run_step(step: &dyn Step, context: &StepContext<'_>) -> Result<Self, StepError> {
        let mut inside = context.with_progress(context.progress);
        let outputs = step.run(&mut inside).await?;
        let StepContext { directory, environment, .. } = inside;
        Ok(Self {
            outputs,
            directory: (directory != context.directory).then_some(directory),
            environment: match environment {
                Cow::Owned(changed) => Some(changed),
                Cow::Borrowed(_) => None,
            },
        })
    }

    /// Applies the step's changes to the working directory and environment to a context.
    pub(super) fn apply(&self, context: &mut StepContext<'_>) {
        if let Some(directory) = &self.directory {
            context.directory.clone_from(directory);
        }
        if let Some(environment) = &self.environment {
            context.environment = Cow::Owned(environment.clone());
        }
    }
}
