//! `prefectl export`.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use super::{Context, connection};
use crate::{
    cli::ExportArguments,
    error::{CommandError, Exit},
    fs::FileError,
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
        // As in a file, secrets are not masked, because a deploy would write the masks to the server.
        None => context.ui.result_with_secrets(text.trim_end()),
        Some(path) => {
            write(&context.directory.join(path), &text).map_err(CommandError::usage)?;
            let objects = counted_objects(count, resources);
            context.ui.note(&format!("exported {objects} to {}", path.display()));
        }
    }
    Ok(Exit::Done)
}

/// Writes a new file. Fails if the file already exists.
fn write(path: &Path, text: &str) -> Result<(), FileError> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|error| FileError::new("write", path, error))
}
