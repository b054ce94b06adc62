//! `prefectl destroy`.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Context,
    report::exit_after_deletions,
    target::{self, deploy_context, in_environment, project_id, with_listed_files},
};
use crate::{
    apply::{Destruction, KeptObjects},
    cli::DestroyArguments,
    deploy::plan_destruction,
    deployment::Options,
    error::{CommandError, Exit},
    escape,
    names::counted_objects,
    plan::{KeptResource, PlannedKept},
    records::OwnedResource,
};

pub(super) async fn run(arguments: &DestroyArguments, context: &Context) -> Result<Exit, CommandError> {
    let project = project_id(arguments.project.as_deref(), context)?;
    let options = with_listed_files(arguments.options(), context)?;
    let options = Options { project: in_environment(project, &options), ..options };
    let client = target::client(&options, None, context)?;
    let destruction = plan_destruction(&deploy_context(&options, context), &client).await?;
    let Destruction { removals, resources, kept, .. } = &destruction;
    note_kept(kept, context);
    let deployments = removals.iter().map(|(name, _)| name.clone());
    let names: Vec<String> = deployments.chain(resources.iter().map(|owned| owned.key.to_string())).collect();
    let what = counted_objects(removals.len(), resources.len());
    if !names.is_empty() {
        let listed: Vec<String> = names.iter().map(|name| format!("\n  {}", escape::line(name))).collect();
        let listed = listed.concat();
        context.ui.note(&format!("To be deleted:{listed}"));
        let question = format!("Are you sure you want to delete {what}?");
        context.confirm(arguments.consent, &question, "Deletion aborted.").await?;
    }
    let destroyed = destruction.run(&client).await;
    let destroyed = destroyed.map_err(|incomplete| incomplete.report("deleted"))?;
    note_kept(&destroyed.kept, context);
    let (deployments, deleted) = (destruction.deleted(&destroyed), destruction.deleted_resources(&destroyed));
    let what = counted_objects(deployments.len(), deleted.len());
    let fields = fields(&deployments, &deleted, [kept, &destroyed.kept]);
    context.done(arguments.output, "destroyed", fields, || match (names.len(), destroyed.count()) {
        (0, _) => "No deployments found.".to_owned(),
        (_, 0) => "Nothing was deleted.".to_owned(),
        _ => format!("Deleted {what}."),
    });
    let in_use = kept.resources.iter().chain(&destroyed.kept.resources).filter(|kept| kept.is_in_use());
    exit_after_deletions(&in_use.map(KeptResource::to_string).collect::<Vec<_>>(), destroyed.count() > 0)
}

/// Prints the objects that were kept because of their owners. The command's error lists the objects in use.
fn note_kept(kept: &KeptObjects, context: &Context) {
    let deployments = kept.deployments.iter();
    let deployments = deployments.map(|(name, reason)| (format!("deployment '{name}'"), reason));
    let owned = kept.resources.iter().filter(|kept| !kept.is_in_use());
    let resources = owned.map(|kept| (kept.key.to_string(), &kept.reason));
    for (object, reason) in deployments.chain(resources) {
        context.ui.note(&format!("{object} is kept: {reason}"));
    }
}

fn fields(deployments: &[&(String, Uuid)], resources: &[&OwnedResource], kept: [&KeptObjects; 2]) -> Value {
    let deployment = |(name, id): &(String, Uuid)| json!({"id": id, "name": name});
    let kept_deployments = kept.iter().flat_map(|kept| &kept.deployments).map(|(name, _)| name);
    let kept_resources: Vec<PlannedKept> =
        kept.iter().flat_map(|kept| &kept.resources).map(PlannedKept::from).collect();
    let mut fields = json!({
        "deployments": deployments.iter().copied().map(deployment).collect::<Vec<_>>(),
        "kept": kept_deployments.collect::<Vec<_>>(),
    });
    if !resources.is_empty() || !kept_resources.is_empty() {
        fields["resources"] = json!(resources);
        fields["kept_resources"] = json!(kept_resources);
    }
    fields
}
