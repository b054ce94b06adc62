//! Creates the contexts of steps.

use std::borrow::Cow;

use crate::{
    deployment::DeployContext, docker::registry::ImageDigests, steps::StepContext, template::Resolver,
};

/// Returns the context for a deployment's first step. The step runs in the directory of `ctx`.
pub(super) fn step_context<'a>(
    ctx: &DeployContext<'a>,
    resolver: &'a Resolver<'a>,
    digests: &'a ImageDigests,
) -> StepContext<'a> {
    StepContext {
        directory: ctx.directory.to_owned(),
        environment: Cow::Borrowed(ctx.environment),
        python: ctx.options.python.interpreter.as_deref(),
        docker_namespace: ctx.docker_namespace,
        images: &ctx.options.images,
        digests,
        clock: ctx.clock,
        progress: ctx.progress,
        resolver,
    }
}
