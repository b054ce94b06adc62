//! What a step has done: its outputs, and what is different for the steps after it.

use std::{borrow::Cow, path::PathBuf};

use super::{Step, StepContext, StepError};
use crate::{environment::Environment, value::Mapping};

/// What came of a run of a step, which all whose step it is get.
#[derive(Debug)]
pub(super) struct Effects {
    /// `None` of a function that returns something else, or nothing.
    pub(super) outputs: Option<Mapping>,
    /// Set if the step has changed it.
    directory: Option<PathBuf>,
    /// Set if the step has changed it.
    environment: Option<Environment>,
}

impl Effects {
    /// Runs a step in surroundings that are left as they are.
    pub(super) async fn of(step: &dyn Step, context: &StepContext<'_>) -> Result<Self, StepError> {
        let mut inside = context.telling(context.progress);
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

    /// Makes surroundings what they are after the step.
    pub(super) fn apply(&self, context: &mut StepContext<'_>) {
        if let Some(directory) = &self.directory {
            context.directory.clone_from(directory);
        }
        if let Some(environment) = &self.environment {
            context.environment = Cow::Owned(environment.clone());
        }
    }
}
