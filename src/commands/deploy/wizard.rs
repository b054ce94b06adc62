//! The wizard of `prefectl deploy`, which asks for missing values, creates the work pool and the blocks named in the
//! answers, and offers to save the answers.

use std::path::Path;

use owo_colors::OwoColorize;

use super::super::{Context, target};
use crate::{
    api::{ApiError, Client, WorkPool},
    base_job_template::pool_types,
    deploy,
    deployment::{DeployContext, Options},
    error::{CommandError, Exit},
    python,
    questions::Ask as _,
    target::{
        TargetError,
        wizard::{Answers, NewPool, RenamedFile, ServerLookup},
    },
    ui::Ui,
    work_pool::{self, CreateOptions},
};

/// A lookup of work pools and blocks on the server for the wizard.
struct Server<'a> {
    client: &'a Client,
    ui: &'a Ui,
}

impl ServerLookup for Server<'_> {
    async fn work_pools(&self) -> Result<Vec<WorkPool>, TargetError> {
        Ok(self.client.work_pools().await?)
    }

    async fn work_pool(&self, name: &str) -> Result<Option<WorkPool>, TargetError> {
        Ok(self.client.work_pool(name).await?)
    }

    async fn new_pool(&self) -> Result<NewPool, TargetError> {
        let question = "What infrastructure type would you like to use for your new work pool?";
        let kind = work_pool::ask_type(self.ui, question, pool_types(self.client).await?).await?;
        let name = loop {
            let name = work_pool::ask_name(self.ui).await?;
            if self.client.work_pool(&name).await?.is_none() {
                break name;
            }
            self.ui.print_line(&format!("Work pool {} already exists.", python::quoted(&name)));
        };
        Ok(NewPool { name, kind: kind.name, base_job_template: kind.base_job_template })
    }

    async fn blocks(&self, kind: &str) -> Result<Option<Vec<String>>, TargetError> {
        match self.client.block_names(kind).await {
            // The wizard offers no blocks if the user may not read them.
            Err(ApiError::Forbidden { .. }) => Ok(None),
            names => Ok(names?),
        }
    }
}

/// Asks for missing values and creates the work pool and the blocks named in the answers.
pub(super) async fn ask(
    options: &Options,
    client: &Client,
    context: &Context,
) -> Result<Option<Answers>, CommandError> {
    let ctx = target::deploy_context(options, context);
    let answers = deploy::ask(&ctx, &context.ui, &Server { client, ui: &context.ui }).await?;
    let Some(answers) = answers else { return Ok(None) };
    if let Some(NewPool { name, kind, .. }) = &answers.pool {
        let create =
            CreateOptions { name: name.clone(), kind: Some(kind.clone()), ..CreateOptions::default() };
        work_pool::create(client, &context.ui, &create).await?;
        context.ui.note(&format!("Your work pool {} has been created!", python::quoted(name)));
    }
    for block in &answers.blocks {
        client.save_block(block.kind, &block.name, &block.data).await?;
    }
    if let Some(file) = &answers.renamed_dockerfile {
        rename(file)?;
    }
    Ok(Some(answers))
}

fn rename(RenamedFile { from, to }: &RenamedFile) -> Result<(), CommandError> {
    std::fs::rename(from, to).map_err(|error| {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let message = format!("cannot rename '{}' to '{}': {error}", name(from), name(to));
        CommandError::new(Exit::Failed, message)
    })
}

/// Offers to save the answers in the project file.
pub(super) async fn save(
    answers: &Answers,
    ctx: &DeployContext<'_>,
    context: &Context,
) -> Result<(), CommandError> {
    let Some(saved) = deploy::saved(answers, ctx)? else { return Ok(()) };
    let file = saved.file.display();
    let added: Vec<String> = saved.added.lines().map(|line| format!("{} {line}", "+".green())).collect();
    context.ui.print_line(&format!("\n{file}\n{}\n", added.join("\n")));
    let question =
        "Would you like to save configuration for this deployment for faster deployments in the future?";
    if context.ui.confirm(question, false).await? {
        saved.write()?;
        context.ui.print_line(&format!(
            "\nDeployment configuration saved to {file}! You can now deploy using this deployment configuration with:\
             \n\n\t$ {} deploy -n {}\n\nYou can also make changes to this deployment configuration by making \
             changes to the YAML file.",
            context.program(),
            saved.name
        ));
    }
    Ok(())
}
