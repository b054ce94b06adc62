//! Asks which deployments of multiple project files to deploy.

use crate::{
    project::{Declared, Project},
    questions::{Ask, Select},
    target::{FlowNames, TargetError},
};

/// A project file whose deployments can be selected.
pub(crate) struct Choices<'a> {
    /// Path of the file as shown to the user.
    pub(crate) file: &'a str,
    pub(crate) project: &'a Project,
    pub(crate) names: FlowNames<'a>,
}

/// The deployments that the user has selected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    All,
    /// The deployment with this name. The name includes the flow's name, if known.
    Named(String),
}

/// Asks which deployment to deploy. Returns `None` without asking if there are fewer than two named deployments.
///
/// # Errors
///
/// Fails if the user does not answer.
pub(crate) async fn choose(files: &[Choices<'_>], ask: &impl Ask) -> Result<Option<Choice>, TargetError> {
    let declared = |file| declared(file).map(move |(name, declared)| (file, name, declared));
    let all: Vec<(&Choices<'_>, &str, &Declared)> = files.iter().flat_map(declared).collect();
    if all.len() < 2 {
        return Ok(None);
    }
    let row = |(file, name, declared): &(&Choices<'_>, &str, &Declared)| {
        vec![(*name).to_owned(), file.file.to_owned(), declared.entrypoint().unwrap_or_default().to_owned()]
    };
    let mut rows: Vec<Vec<String>> = all.iter().map(row).collect();
    rows.push(vec!["All of them".to_owned()]);
    let answer = ask.select(Select::new("Which deployment would you like to deploy?", rows)).await?;
    let chosen = answer.and_then(|row| all.get(row)).map(|(file, name, declared)| {
        let flow = declared.entrypoint().and_then(|entrypoint| file.names.of(entrypoint));
        Choice::Named(flow.map_or_else(|| (*name).to_owned(), |flow| format!("{flow}/{name}")))
    });
    Ok(Some(chosen.unwrap_or(Choice::All)))
}

/// Returns the named deployments in a file.
fn declared<'a>(file: &'a Choices<'_>) -> impl Iterator<Item = (&'a str, &'a Declared)> {
    file.project.deployments.iter().filter_map(|declared| Some((declared.name()?, declared)))
}
