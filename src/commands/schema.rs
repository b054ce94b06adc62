//! `prefectl schema`.

use super::Context;
use crate::{
    cli::DocumentKind,
    error::{CommandError, Exit},
    project::{self, SchemaOf},
    steps,
};

#[expect(clippy::unnecessary_wraps, reason = "every command has a result")]
pub(super) fn run(
    is_overlay: bool,
    document: Option<DocumentKind>,
    context: &Context,
) -> Result<Exit, CommandError> {
    if let Some(document) = document {
        context.ui.result(published(document).trim_end());
        return Ok(Exit::Done);
    }
    let file = if is_overlay { SchemaOf::OverlayFile } else { SchemaOf::ProjectFile };
    context.ui.result(&format!("{:#}", project::schema(file, steps::schemas())));
    Ok(Exit::Done)
}

/// Returns the schema of a document as published in the documentation.
fn published(document: DocumentKind) -> &'static str {
    match document {
        DocumentKind::Check => include_str!("../../docs/src/schemas/check.json"),
        DocumentKind::Deploy => include_str!("../../docs/src/schemas/deploy.json"),
        DocumentKind::Drift => include_str!("../../docs/src/schemas/drift.json"),
        DocumentKind::Events => include_str!("../../docs/src/schemas/events.json"),
        DocumentKind::Plan => include_str!("../../docs/src/schemas/plan.json"),
        DocumentKind::Preview => include_str!("../../docs/src/schemas/preview.json"),
    }
}
