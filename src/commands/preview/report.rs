//! Result of `prefectl preview`.

use serde::Serialize;
use serde_json::{Value, json};

use super::damaged_help;
use crate::{
    api::{ApiError, Client},
    commands::{Context, report::error_entry},
    deployment::PreviewName,
    error::CommandError,
    names::counted,
    plan::prune::{self, Removal},
    records::previews::{PreviewError, RecordedPreview, RecordedPreviews},
    ui::Caption,
};

/// Version of the document format, which `docs/src/schemas/preview.json` describes.
const SCHEMA: u32 = 1;

/// The action of a command.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Action {
    Listed,
    Deleted,
}

/// The previews processed by a command. Available even if the command failed.
#[derive(Default)]
pub(super) struct Report {
    pub(super) previews: Vec<FoundPreview>,
    /// Previews with a damaged record, paired with the name of the variable that stores the record.
    damaged: Vec<(PreviewName, String)>,
}

/// A recorded preview and its deployments on the server.
pub(super) struct FoundPreview {
    pub(super) recorded: RecordedPreview,
    copies: Vec<FoundCopy>,
    /// Names of recorded deployments that do not have the preview's tag.
    pub(super) kept: Vec<String>,
}

/// A deployment of a preview.
pub(super) struct FoundCopy {
    pub(super) removal: Removal,
    /// Deletion result. `None` if the command does not delete previews.
    status: Option<Status>,
}

/// Result of deleting a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Status {
    Deleted,
    Failed,
    #[serde(rename = "not tried")]
    NotTried,
}

impl FoundPreview {
    async fn read(recorded: RecordedPreview, client: &Client) -> Result<Self, ApiError> {
        let tag = recorded.name.tag();
        let found = prune::existing_named(client, &recorded.deployments).await?;
        let (copies, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|removal| removal.deployment.has_tag(&tag));
        Ok(Self {
            recorded,
            copies: copies.into_iter().map(|removal| FoundCopy { removal, status: None }).collect(),
            kept: others.into_iter().map(|other| other.name).collect(),
        })
    }

    /// Deletes the deployments, and then the record.
    async fn delete(&mut self, client: &Client) -> Result<(), PreviewError> {
        for copy in &mut self.copies {
            let removed = prune::remove(client, copy.removal.id()).await;
            copy.status = Some(if removed.is_ok() { Status::Deleted } else { Status::Failed });
            removed?;
        }
        self.recorded.forget(client).await
    }

    fn entry(&self) -> Value {
        let deployment = |FoundCopy { removal, status }: &FoundCopy| {
            let mut entry = json!({"id": removal.id(), "name": removal.name});
            if let Some(status) = status {
                entry["status"] = json!(status);
            }
            entry
        };
        json!({
            "name": self.recorded.name,
            "created": self.recorded.created,
            "updated": self.recorded.updated,
            "deployments": self.copies.iter().map(deployment).collect::<Vec<_>>(),
            "kept": self.kept,
        })
    }
}

impl Report {
    /// Adds previews and their deployments on the server to the report.
    ///
    /// # Errors
    ///
    /// Fails if a request fails.
    pub(super) async fn add(
        &mut self,
        recorded: Vec<RecordedPreview>,
        client: &Client,
    ) -> Result<(), CommandError> {
        for recorded in recorded {
            self.previews.push(FoundPreview::read(recorded, client).await?);
        }
        Ok(())
    }

    /// Adds the previews whose record is damaged and prints a note about each of these previews.
    pub(super) fn add_damaged(&mut self, recorded: &mut RecordedPreviews, context: &Context) {
        for (preview, variable) in std::mem::take(&mut recorded.damaged) {
            self.damaged.push((preview.clone(), variable.clone()));
            let help = damaged_help(&variable);
            context.ui.note(&format!("{}; {help}", PreviewError::DamagedRecord { preview, variable }));
        }
    }

    pub(super) fn copies(&self) -> impl Iterator<Item = &FoundCopy> {
        self.previews.iter().flat_map(|preview| &preview.copies)
    }

    /// Returns the number of deleted deployments.
    pub(super) fn deleted_copies(&self) -> usize {
        self.copies().filter(|copy| copy.status == Some(Status::Deleted)).count()
    }

    /// Returns the names of the previews, separated by commas.
    pub(super) fn names(&self) -> String {
        let names: Vec<&str> = self.previews.iter().map(|preview| preview.recorded.name.as_str()).collect();
        names.join(", ")
    }

    pub(super) fn set_status(&mut self, status: Status) {
        for copy in self.previews.iter_mut().flat_map(|preview| &mut preview.copies) {
            copy.status = Some(status);
        }
    }

    /// Deletes the previews until a request fails.
    ///
    /// # Errors
    ///
    /// Fails if a request fails.
    pub(super) async fn delete(&mut self, client: &Client) -> Result<(), PreviewError> {
        for preview in &mut self.previews {
            preview.delete(client).await?;
        }
        Ok(())
    }

    /// Returns the previews as a table.
    pub(super) fn table(&self, context: &Context) -> String {
        let row = |FoundPreview { recorded, copies, .. }: &FoundPreview| {
            [
                recorded.name.as_str().to_owned(),
                copies.len().to_string(),
                recorded.created.to_string(),
                recorded.updated.to_string(),
            ]
        };
        let rows: Vec<_> = self.previews.iter().map(row).collect();
        context.ui.table(Caption::new("Previews"), ["Name", "Deployments", "Created", "Updated"], rows)
    }

    /// Returns a sentence about the deleted previews.
    pub(super) fn deleted(&self) -> String {
        match self.previews.len() {
            0 => "No previews found.".to_owned(),
            previews => {
                let deployments = counted(self.copies().count(), "deployment");
                format!("Deleted {} with {deployments}.", counted(previews, "preview"))
            }
        }
    }

    /// Returns the command's JSON document. `error` is the error of a failed command.
    pub(super) fn document(&self, action: Action, error: Option<&CommandError>) -> Value {
        let damaged = |(name, variable): &(PreviewName, String)| json!({"name": name, "variable": variable});
        json!({
            "schema": SCHEMA,
            "action": action,
            "previews": self.previews.iter().map(FoundPreview::entry).collect::<Vec<_>>(),
            "damaged": self.damaged.iter().map(damaged).collect::<Vec<_>>(),
            "error": error.map(error_entry),
        })
    }
}
