//! The questions of `prefectl deploy`, and what becomes of the answers.

use owo_colors::OwoColorize;

use super::super::Context;
use crate::{
    api::{ApiError, Client, WorkPool},
    deploy::{self, Failure, NewPool, Options, Surroundings, World},
    error::CommandError,
    python,
    questions::Ask as _,
    ui::Ui,
    work_pool::{self, CreateOptions},
};

/// The server, for an interview.
struct Server<'a> {
    client: &'a Client,
    ui: &'a Ui,
}

impl World for Server<'_> {
    async fn work_pools(&self) -> Result<Vec<WorkPool>, Failure> {
        Ok(self.client.work_pools().await?)
    }

    async fn work_pool(&self, name: &str) -> Result<Option<WorkPool>, Failure> {
        Ok(self.client.work_pool(name).await?)
    }

    async fn new_pool(&self) -> Result<NewPool, Failure> {
        let kind = work_pool::ask_kind(self.ui, work_pool::kinds(self.client).await?).await?;
        let name = loop {
            let name = work_pool::ask_name(self.ui).await?;
            if self.client.work_pool(&name).await?.is_none() {
                break name;
            }
            self.ui.tell(&format!("There is a work pool {} already.", python::quoted(&name)));
        };
        Ok(NewPool { name, kind: kind.kind, base_job_template: kind.base_job_template })
    }

    async fn blocks(&self, kind: &str) -> Result<Option<Vec<String>>, Failure> {
        match self.client.block_names(kind).await {
            // Who may not see blocks is not offered any.
            Err(ApiError::Forbidden { .. }) => Ok(None),
            names => Ok(names?),
        }
    }
}

/// Asks for what the options and the file leave open, and makes what the answers want on the server.
pub(super) async fn conduct(
    options: Options,
    client: &Client,
    context: &Context,
) -> Result<Options, CommandError> {
    let with = super::surroundings(&options, context);
    let answered = deploy::conduct(&with, &context.ui, &Server { client, ui: &context.ui }).await?;
    let Some(answered) = answered else { return Ok(options) };
    if let Some(NewPool { name, kind, .. }) = &answered.pool {
        let create =
            CreateOptions { name: name.clone(), kind: Some(kind.clone()), ..CreateOptions::default() };
        work_pool::create(client, &context.ui, &create).await?;
        context.ui.note(&format!("Your work pool {} has been created!", python::quoted(name)));
    }
    for block in &answered.blocks {
        client.save_block(block.kind, &block.name, &block.data).await?;
    }
    Ok(Options { answered: Some(answered), ..options })
}

/// Offers to keep the answers in the project file.
pub(super) async fn save(with: &Surroundings<'_>, context: &Context) -> Result<(), CommandError> {
    let Some(answered) = &with.options.answered else { return Ok(()) };
    let Some(saved) = deploy::saved(answered, with)? else { return Ok(()) };
    let file = saved.file.display();
    let added: Vec<String> = saved.added.lines().map(|line| format!("{} {line}", "+".green())).collect();
    context.ui.tell(&format!("\n{file}\n{}\n", added.join("\n")));
    let question =
        "Would you like to save configuration for this deployment for faster deployments in the future?";
    if context.ui.confirm(question, None).await? {
        saved.write()?;
        context.ui.tell(&format!(
            "\nDeployment configuration saved to {file}! You can now deploy using this deployment configuration with:\
             \n\n\t$ prefectl deploy -n {}\n\nYou can also make changes to this deployment configuration by making \
             changes to the YAML file.",
            saved.name
        ));
    }
    Ok(())
}
