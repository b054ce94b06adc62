//! Asks for the work pool of a deployment.

use serde_json::Value;

use crate::{
    api::{JsonObject, variables_schema},
    project::Fields,
    questions::{Ask, Select},
    target::TargetError,
    target::wizard::{Draft, ServerLookup, Wizard},
};

/// Type of work pools that are served by Prefect 2 agents.
const OF_AGENTS: &str = "prefect-agent";

impl<A: Ask, W: ServerLookup> Wizard<'_, A, W> {
    /// Asks for a work pool unless the deployment already specifies one. A work pool that agents serve must
    /// be replaced. Returns whether jobs in the work pool accept an image.
    pub(super) async fn pool(&self, draft: &mut Draft) -> Result<bool, TargetError> {
        if let Some(name) = draft.pool_name() {
            let pool = self.server.work_pool(name).await?;
            match pool {
                Some(pool) if pool.kind == OF_AGENTS && draft.declares_pool() => self.ask.print_line(
                    "You've chosen a work pool with type 'prefect-agent' which cannot be used for project-style \
                     deployments. Let's pick another work pool to deploy to.",
                ),
                // Validation reports missing work pools.
                pool => return Ok(pool.is_some_and(|pool| takes_image(&pool.base_job_template))),
            }
        }
        let mut pools = self.server.work_pools().await?;
        pools.retain(|pool| pool.kind != OF_AGENTS);
        let chosen = if pools.is_empty() {
            let question = "Looks like you don't have any work pools this flow can be deployed to. Would you like to \
                            create one?";
            if !self.ask.confirm(question, true).await? {
                return Err(TargetError::Declined {
                    message: "A work pool is required to deploy this flow. Please specify a work pool name via the \
                              '--pool' flag or in your prefect.yaml file.",
                    help: "nothing was registered; create a work pool with `prefectl work-pool create`",
                });
            }
            None
        } else {
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            let rows =
                pools.iter().map(|pool| vec![pool.name.clone(), pool.kind.clone(), text(&pool.description)]);
            let question = "Which work pool would you like to deploy this flow to?";
            let select = Select::new(question, rows.collect()).or("Create a new work pool");
            self.ask.select(select).await?
        };
        if let Some(pool) = chosen.and_then(|row| pools.get(row)) {
            draft.set_pool(&pool.name);
            return Ok(takes_image(&pool.base_job_template));
        }
        let pool = self.server.new_pool().await?;
        draft.set_pool(&pool.name);
        let takes_image = takes_image(&pool.base_job_template);
        draft.pool = Some(pool);
        Ok(takes_image)
    }
}

/// Returns whether the job variable `image` accepts any string.
fn takes_image(template: &JsonObject) -> bool {
    let properties = variables_schema(template).and_then(|schema| schema.get("properties"));
    let Some(Value::Object(image)) = properties.and_then(|properties| properties.get(Fields::IMAGE)) else {
        return false;
    };
    image.get("type").and_then(Value::as_str) == Some("string") && !image.contains_key("enum")
}
