//! The wizard, which asks for values that are neither in the file nor passed as options.
//!
//! The questions, their order and their defaults follow Prefect. The wizard does not write anything: the
//! caller creates [`Answers::pool`] and [`Answers::blocks`] and renames the Dockerfile afterwards. The
//! answers form a declared deployment that passes through the same stages as any other deployment.

mod across;
mod draft;
mod flows;
mod image;
mod pick;
mod pools;
mod saving;
mod schedules;
mod storage;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use self::{draft::Draft, pick::Picked};

pub(crate) use self::{
    across::{Choice, Choices, choose},
    draft::NewPool,
    saving::{Saved, saved},
};
use crate::{
    api::WorkPool,
    deployment::{DeployContext, Selection},
    environment::Environment,
    flow::{DiscoveredFlow, Inspector},
    git,
    names::FORBIDDEN_CHARACTERS,
    project::{Declared, Findings, Key, Project},
    questions::Ask,
    secret::Secret,
    target::{self, FlowNames, TargetError},
};

/// A lookup of server objects for the wizard.
pub(crate) trait ServerLookup {
    async fn work_pools(&self) -> Result<Vec<WorkPool>, TargetError>;

    async fn work_pool(&self, name: &str) -> Result<Option<WorkPool>, TargetError>;

    /// Asks for the name and type of a new work pool.
    async fn new_pool(&self) -> Result<NewPool, TargetError>;

    /// Returns the names of all blocks of a type, or `None` if the blocks cannot be read.
    async fn blocks(&self, kind: &str) -> Result<Option<Vec<String>>, TargetError>;
}

/// The result of the wizard.
#[derive(Debug, Clone)]
pub(crate) struct Answers {
    pub(crate) selection: Selection,
    /// Work pool to create before the deployment is registered.
    pub(crate) pool: Option<NewPool>,
    pub(crate) blocks: Vec<NewBlock>,
    /// New path of the project's `Dockerfile`. Under its current name, the file prevents an automatic build.
    pub(crate) renamed_dockerfile: Option<RenamedFile>,
}

/// A file to rename.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RenamedFile {
    pub(crate) from: PathBuf,
    pub(crate) to: PathBuf,
}

impl From<Selection> for Answers {
    fn from(selection: Selection) -> Self {
        Self { selection, pool: None, blocks: Vec::new(), renamed_dockerfile: None }
    }
}

/// A block to create from the user's answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewBlock {
    /// Slug of the block type.
    pub(crate) kind: &'static str,
    pub(crate) name: String,
    pub(crate) data: Vec<(&'static str, Secret)>,
}

/// The project and the services that the questions depend on.
struct Wizard<'a, A, W> {
    ask: &'a A,
    server: &'a W,
    project: &'a Project,
    local: Local<'a>,
}

/// The project's directory.
#[derive(Clone, Copy)]
struct Local<'a> {
    directory: &'a Path,
    environment: &'a Environment,
    inspector: &'a Inspector,
}

impl Local<'_> {
    fn flows(&self) -> Vec<DiscoveredFlow> {
        self.inspector.discover(&[".".into()], self.directory, self.environment)
    }

    fn flow_name(&self, entrypoint: &str) -> Option<String> {
        let Self { inspector, directory, environment } = *self;
        FlowNames { inspector, directory, environment }.of(entrypoint)
    }

    fn git(&self) -> Option<git::Facts> {
        git::discover(self.directory)
    }

    fn has_dockerfile(&self) -> bool {
        self.directory.join("Dockerfile").is_file()
    }

    /// Returns the project's default directory in an image.
    fn directory_in_image(&self) -> String {
        let name = self.directory.file_name().unwrap_or_default();
        format!("/opt/prefect/{}", name.to_string_lossy())
    }
}

/// Asks for missing values of the selected deployments. Returns `None` if no values are missing.
///
/// # Errors
///
/// Fails if the options are invalid or if the user does not answer a question.
pub(crate) async fn run(
    project: &Project,
    ctx: &DeployContext<'_>,
    ask: &impl Ask,
    server: &impl ServerLookup,
) -> Result<Option<Answers>, TargetError> {
    let inspector = Inspector::new();
    let local = Local { directory: ctx.directory, environment: ctx.environment, inspector: &inspector };
    let wizard = Wizard { ask, server, project, local };
    let Picked { selection, was_asked } = wizard.pick(ctx.options).await?;
    wizard.complete_selection(selection, was_asked, ctx).await
}

/// Prompts for the missing values of a deployment when exactly one deployment is selected. Returns `None` if no values
/// are missing.
///
/// # Errors
///
/// Fails if the user does not answer a question.
pub(crate) async fn complete(
    project: &Project,
    selection: Selection,
    ctx: &DeployContext<'_>,
    ask: &impl Ask,
    server: &impl ServerLookup,
) -> Result<Option<Answers>, TargetError> {
    let inspector = Inspector::new();
    let local = Local { directory: ctx.directory, environment: ctx.environment, inspector: &inspector };
    Wizard { ask, server, project, local }.complete_selection(selection, false, ctx).await
}

impl<A: Ask, W: ServerLookup> Wizard<'_, A, W> {
    /// Asks for the missing values of a selection. Returns `None` if no values are missing, unless a question
    /// `was_asked` before.
    async fn complete_selection(
        &self,
        selection: Selection,
        was_asked: bool,
        ctx: &DeployContext<'_>,
    ) -> Result<Option<Answers>, TargetError> {
        let known = Answers::from(selection);
        // Invalid options are reported by the deploy itself.
        let specs = target::specs(known.selection.clone(), ctx, &mut Findings::new(None)).unwrap_or_default();
        let selected = (known.selection.picked.as_slice(), specs.as_slice(), known.selection.single);
        let ([declared], [spec], true) = selected else {
            return Ok(was_asked.then_some(known));
        };
        let draft = Draft::new(declared, spec.fields.clone());
        if draft.is_declared_in_full() {
            return Ok(was_asked.then_some(known));
        }
        let draft::Completed { fields, pool, blocks, renamed_dockerfile } = self.complete(draft).await?;
        let renamed_dockerfile = renamed_dockerfile
            .map(|name| RenamedFile { from: ctx.directory.join("Dockerfile"), to: ctx.directory.join(name) });
        let picked = vec![Declared { fields, ..declared.clone() }];
        let selection = Selection { picked, ..known.selection };
        Ok(Some(Answers { selection, pool, blocks, renamed_dockerfile }))
    }

    /// Asks for the missing values of a single deployment.
    async fn complete(&self, mut draft: Draft) -> Result<draft::Completed, TargetError> {
        if draft.entrypoint().is_none() {
            let entrypoint = flows::entrypoint(self.ask, &self.local).await?;
            draft.set(Key::Entrypoint, entrypoint);
        }
        if draft.name().is_none() {
            let name = self.deployment_name().await?;
            draft.set(Key::Name, name);
        }
        let has_image = self.pool(&mut draft).await?;
        if has_image && self.can_build_image(&draft) {
            self.image(&mut draft).await?;
        }
        self.storage(&mut draft).await?;
        self.directory_in_image(&mut draft).await?;
        if draft.fields().schedules().is_absent() {
            let schedules = schedules::schedules(self.ask).await?;
            draft.set(Key::Schedules, schedules);
        }
        Ok(draft.completed())
    }

    async fn deployment_name(&self) -> Result<String, TargetError> {
        let fitting = |name: &str| match name.find(FORBIDDEN_CHARACTERS) {
            Some(_) => Err("Please enter a name without any of / % & > <".to_owned()),
            None => Ok(name.to_owned()),
        };
        Ok(crate::questions::parsed_text(self.ask, "Deployment name", Some("default"), fitting).await?)
    }
}
