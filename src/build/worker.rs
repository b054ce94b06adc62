//! Runs pull steps like a worker: in a separate directory, and with only the data that the server stores.

use std::path::{Path, PathBuf};

use super::{step_context::step_context, stored_deployment::StoredDeployment};
use crate::{
    deployment::DeployContext,
    docker::registry::ImageDigests,
    steps::{List, Listed, Runner, Section, StepContext, StepFailure, StepItem, registry},
    template::{Resolver, expression::Scope},
    value::{Mapping, Value},
};

/// Result of pull steps.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pulled {
    /// The code was pulled. A worker would start the flow in this directory.
    Code { directory: PathBuf, outputs: Mapping },
    /// The code cannot be accessed from this machine.
    OutOfReach { reason: String },
}

/// Runs the pull steps of a deployment in an empty directory.
///
/// # Errors
///
/// Returns the error of the first step that fails.
pub(super) async fn pull(
    stored: &StoredDeployment,
    workspace: &Path,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
) -> Result<Pulled, StepFailure> {
    if stored.steps.is_empty() {
        let reason = "no pull step fetches the code, so workers look for the code in their working \
                      directory or image";
        return Ok(Pulled::OutOfReach { reason: reason.to_owned() });
    }
    let digests = ImageDigests::default();
    let mut context =
        StepContext { directory: workspace.to_owned(), ..step_context(ctx, resolver, &digests) };
    let scope = Scope::new(ctx.environment);
    let mut outputs = Mapping::new();
    let mut chosen = workspace.to_owned();
    for (index, step) in stored.steps.iter().enumerate() {
        if let Some(reason) = stored.out_of_reach(index, &context.directory) {
            return Ok(Pulled::OutOfReach { reason });
        }
        let listed = Listed { step: step.clone(), pointer: stored.pointer.join(index), place: None };
        let before = context.directory.clone();
        let list = List {
            deployment: stored.deployment.clone(),
            steps: vec![(Section::Pull, &listed)],
            outputs: &mut outputs,
            scope: &scope,
            context: &mut context,
        };
        // Workers do not share step runs, so each step has its own runner.
        let runner = Runner::new(resolver, 1, ctx.options.strict);
        runner.run(vec![list]).await.map_err(|(_, failure)| failure)?;
        match directory_of(step, &outputs) {
            Some(directory) => chosen = context.directory.join(directory),
            None if context.directory != before => chosen.clone_from(&context.directory),
            None => {}
        }
    }
    Ok(Pulled::Code { directory: chosen, outputs })
}

/// Returns the directory that a step outputs, or `None` if its outputs contain no directory.
fn directory_of<'o>(step: &Value, outputs: &'o Mapping) -> Option<&'o str> {
    const DIRECTORY: &str = "directory";
    let item = StepItem::parse(step)?;
    let known = registry::outputs(item.name).is_none_or(|outputs| outputs.contains(&DIRECTORY));
    let own = match item.id() {
        Some(id) => outputs.get(id.as_str())?.get(DIRECTORY),
        None => outputs.get(DIRECTORY).filter(|_| known),
    };
    own?.as_str().filter(|directory| !directory.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uses_the_directory_output_of_the_step() {
        let outputs = serde_yaml::from_str("{clone: {directory: a}, directory: b, stdout: x}").unwrap();
        for (step, expected) in [
            ("prefect.deployments.steps.git_clone: {id: clone}", Some("a")),
            ("prefect.deployments.steps.git_clone: {}", Some("b")),
            ("prefect.deployments.steps.run_shell_script: {}", None),
        ] {
            let step: Value = serde_yaml::from_str(step).unwrap();
            assert_eq!(directory_of(&step, &outputs), expected, "{step:?}");
        }
    }
}
