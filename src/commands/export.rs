//! `prefectl export`.

use std::io;

use super::{Context, connection};
use crate::{
    cli::ExportArguments,
    error::{CommandError, Exit},
    fs::{self, FileError},
    names::counted_objects,
    plan::{self, Export},
};

pub(super) async fn run(arguments: &ExportArguments, context: &Context) -> Result<Exit, CommandError> {
    let client = connection::client(context)?;
    let exported = plan::export(&client, &arguments.name, arguments.resources).await?;
    let Export { text, count, resources, notes } = exported;
    if count == 0 && !arguments.name.is_empty() {
        let names = arguments.name.join(", ");
        return Err(CommandError::new(Exit::Failed, format!("no deployment matches {names}")));
    }
    for note in &notes {
        context.ui.note(&format!("note: {note}"));
    }
    match &arguments.out {
        // Secrets are not masked, because a deploy of the exported file would write the masks to the server.
        None => context.ui.result_with_secrets(text.trim_end()),
        Some(path) => {
            fs::write_new(&context.directory.join(path), &text).map_err(unwritten)?;
            let objects = counted_objects(count, resources);
            context.ui.note(&format!("exported {objects} to {}", path.display()));
        }
    }
    Ok(Exit::Done)
}

/// Creates the error for a file that cannot be written.
fn unwritten(error: FileError) -> CommandError {
    let exists = error.source.kind() == io::ErrorKind::AlreadyExists;
    let error = CommandError::usage(error);
    if exists { error.help("pass the path of a new file to --out") } else { error }
}
