//! `prefectl destroy`.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Context,
    target::{self, deploy_context, in_environment, project_id, with_listed_files},
};
use crate::{
    apply::Destruction,
    cli::DestroyArguments,
    deployment::Options,
    error::{CommandError, Exit},
    escape,
    plan::PlanError,
};

pub(super) async fn run(arguments: &DestroyArguments, context: &Context) -> Result<Exit, CommandError> {
    let project = project_id(arguments.project.as_deref(), context)?;
    let options = with_listed_files(arguments.options(), context)?;
    let options = Options { project: in_environment(project, &options), ..options };
    let client = target::client(&options, None, context)?;
    let destruction = Destruction::plan(&deploy_context(&options, context), &client).await?;
    let Destruction { removals, resources, skipped, .. } = &destruction;
    let kept = skipped.deployments.iter().map(|name| format!("Deployment '{name}'"));
    let kept_resources = skipped.resources.iter().map(|key| sentence(&key.to_string()));
    for object in kept.chain(kept_resources) {
        context.ui.note(&format!(
            "{object} is kept because this project did not register it or another project also registered it."
        ));
    }
    let deployments = removals.iter().map(|(name, _)| name.clone());
    let names: Vec<String> = deployments.chain(resources.iter().map(|owned| owned.key.to_string())).collect();
    let what = counted(removals.len(), resources.len());
    if !names.is_empty() {
        let listed: Vec<String> = names.iter().map(|name| format!("\n  {}", escape::line(name))).collect();
        let listed = listed.concat();
        context.ui.note(&format!("To be deleted:{listed}"));
        let question = format!("Are you sure you want to delete {what}?");
        context.confirm(arguments.consent, &question, "Deletion aborted.").await?;
    }
    if let Err((done, error)) = destruction.run(&client).await {
        return Err(CommandError::from(PlanError::from(error)).after_deletions(done, names.len()));
    }
    context.done(arguments.output, "destroyed", fields(&destruction), || match names.len() {
        0 => "No deployments found.".to_owned(),
        _ => format!("Deleted {what}."),
    });
    Ok(Exit::Done)
}

fn fields(destruction: &Destruction<'_>) -> Value {
    let Destruction { removals, resources, skipped, .. } = destruction;
    let deployment = |(name, id): &(String, Uuid)| json!({"id": id, "name": name});
    let mut fields = json!({
        "deployments": removals.iter().map(deployment).collect::<Vec<_>>(),
        "kept": skipped.deployments,
    });
    if !resources.is_empty() || !skipped.resources.is_empty() {
        fields["resources"] = json!(resources);
        fields["kept_resources"] = json!(skipped.resources);
    }
    fields
}

/// Capitalizes the first letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// Returns the numbers of deployments and resources. A number of zero is omitted.
fn counted(deployments: usize, resources: usize) -> String {
    let count = |count: usize, noun: &str| match count {
        1 => format!("1 {noun}"),
        _ => format!("{count} {noun}s"),
    };
    match (deployments, resources) {
        (_, 0) => count(deployments, "deployment"),
        (0, _) => count(resources, "resource"),
        _ => format!("{} and {}", count(deployments, "deployment"), count(resources, "resource")),
    }
}
