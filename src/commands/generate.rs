//! Implements `prefectl generate`: writes manual pages and completion scripts for packages.

use std::{fs, io, path::Path};

use super::{Context, completions};
use crate::{
    cli::{Cli, GenerateCommand},
    error::{CommandError, Exit},
    fs::FileError,
};

pub(super) fn run(command: &GenerateCommand, context: &Context) -> Result<Exit, CommandError> {
    let (directory, write): (_, fn(&Path) -> io::Result<()>) = match command {
        GenerateCommand::Man { directory } => (directory, man),
        GenerateCommand::Completions { directory } => (directory, completions::write),
    };
    let directory = context.directory.join(directory);
    fs::create_dir_all(&directory)
        .and_then(|()| write(&directory))
        .map_err(|error| CommandError::new(Exit::Failed, FileError::new("write to", &directory, error)))?;
    Ok(Exit::Done)
}

/// Writes one page per command.
fn man(directory: &Path) -> io::Result<()> {
    clap_mangen::generate_to(Cli::complete_command(), directory)
}
