//! Deletes the deployments that a project no longer declares.

use std::{collections::BTreeSet, time::Instant};

use uuid::Uuid;

use crate::{
    api::Client,
    apply::{Line, Outcome},
    deployment::{DeployContext, OnError, Options},
    plan::{
        Action, PlanError,
        prune::{self, Pruning},
    },
};

/// Finds the deployments to prune. Returns `None` if there is no project id.
///
/// # Errors
///
/// Fails if a request fails, or if more deployments would be pruned than `--max-deletes` allows.
pub(crate) async fn plan_pruning<'a>(
    declared: &BTreeSet<Uuid>,
    options: &'a Options,
    client: &Client,
) -> Result<Option<Pruning<'a>>, PlanError> {
    let pruning = Pruning::plan(client, options, declared).await?;
    pruning.iter().try_for_each(|pruning| pruning.within(options.max_deletes))?;
    Ok(pruning)
}

/// Prunes deployments if all writes have succeeded, and then updates the project's record.
pub(crate) async fn prune(
    pruning: &Pruning<'_>,
    lines: &mut Vec<Line>,
    ctx: &DeployContext<'_>,
    client: &Client,
) {
    let registered: Vec<Uuid> = lines.iter().filter_map(|line| line.id).collect();
    let mut failed = lines.iter().any(|line| line.id.is_none());
    let mut removed = BTreeSet::new();
    for removal in &pruning.removals {
        let started = Instant::now();
        let outcome = if failed {
            Outcome::NotTried
        } else {
            match prune::remove(client, removal.id()).await {
                Ok(()) => {
                    removed.insert(removal.id());
                    Outcome::Deleted
                }
                Err(error) => {
                    failed = ctx.options.on_error != OnError::Continue;
                    Outcome::Failed { error, written: false }
                }
            }
        };
        ctx.progress.deployment(&removal.name, outcome.event());
        lines.push(Line {
            file: None,
            name: removal.name.clone(),
            id: None,
            url: None,
            outcome,
            action: Action::Delete,
            changes: Vec::new(),
            time: started.elapsed(),
        });
    }
    if let Err(error) = pruning.record(client, registered, &removed).await {
        ctx.progress
            .status(&format!("cannot update the project record: {error}; the next deploy tries again"));
    }
}
