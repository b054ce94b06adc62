//! Step contexts for tests.

use std::{borrow::Cow, path::PathBuf};

use super::{ImagePolicy, StepContext};
use crate::{
    clock::Clock, docker::registry::ImageDigests, environment::Environment, progress::Progress,
    secret::Redactor, template::Resolver,
};

/// The values that a step's context refers to.
pub(super) struct TestContext<'a> {
    pub(super) directory: PathBuf,
    pub(super) environment: Environment,
    pub(super) progress: &'a dyn Progress,
    pub(super) resolver: Resolver<'a>,
    pub(super) images: ImagePolicy,
    pub(super) digests: ImageDigests,
    pub(super) clock: Clock,
}

impl<'a> TestContext<'a> {
    /// Creates the values for a step that runs in `directory`. The step has the test's environment and no
    /// server.
    pub(super) fn new(directory: impl Into<PathBuf>, progress: &'a dyn Progress) -> Self {
        Self {
            directory: directory.into(),
            environment: Environment::from_process(),
            progress,
            resolver: Resolver::offline(Redactor::default()),
            images: ImagePolicy::default(),
            digests: ImageDigests::default(),
            clock: Clock::system(),
        }
    }

    pub(super) fn context(&self) -> StepContext<'_> {
        StepContext {
            directory: self.directory.clone(),
            environment: Cow::Borrowed(&self.environment),
            python: None,
            docker_namespace: None,
            images: &self.images,
            digests: &self.digests,
            clock: &self.clock,
            progress: self.progress,
            resolver: &self.resolver,
        }
    }
}
