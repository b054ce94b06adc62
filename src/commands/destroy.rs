//! `prefectl destroy`.

use serde_json::json;

use super::{
    Context,
    target::{self, deploy_context, in_environment, project_id, with_listed_files},
};
use crate::{
    apply::Destruction,
    cli::DestroyArguments,
    deployment::Options,
    error::{CommandError, Exit},
};

pub(super) async fn run(arguments: &DestroyArguments, context: &Context) -> Result<Exit, CommandError> {
    let project = project_id(arguments.project.as_deref(), context)?;
    let options = with_listed_files(arguments.options(), context)?;
    let options = Options { project: in_environment(project, &options), ..options };
    let client = target::client(&options, None, context)?;
    let destruction = Destruction::plan(&deploy_context(&options, context), &client).await?;
    for name in &destruction.skipped {
        context.ui.note(&format!(
            "Deployment '{name}' is kept because this project did not register it or another project also \
             registered it."
        ));
    }
    let names: Vec<&String> = destruction.removals.iter().map(|(name, _)| name).collect();
    let count = names.len();
    if count > 0 {
        let listed = names.iter().map(|name| format!("  {name}")).collect::<Vec<_>>().join("\n");
        context.ui.note(&format!("To be deleted:\n{listed}"));
        let question = format!("Are you sure you want to delete {}?", deployments(count));
        context.confirm(arguments.consent, &question, "Deletion aborted.").await?;
    }
    if let Err((done, error)) = destruction.run(&client).await {
        let exit = if done == 0 { Exit::Failed } else { Exit::Partly };
        return Err(CommandError { exit, ..error.into() }.help(format!("{done} of {count} were deleted")));
    }
    let entry = |(name, id): &(String, uuid::Uuid)| json!({"id": id, "name": name});
    let fields = json!({
        "deployments": destruction.removals.iter().map(entry).collect::<Vec<_>>(),
        "kept": destruction.skipped,
    });
    context.done(arguments.output, "destroyed", fields, || match count {
        0 => "No deployments found.".to_owned(),
        _ => format!("Deleted {}.", deployments(count)),
    });
    Ok(Exit::Done)
}

fn deployments(count: usize) -> String {
    if count == 1 { "1 deployment".to_owned() } else { format!("{count} deployments") }
}
