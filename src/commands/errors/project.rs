//! Converts errors about the project file to exit codes, messages and help texts.

use std::{io::ErrorKind, path::Path};

use crate::{
    diagnostics::Code,
    error::{CommandError, Exit},
    escape,
    fs::FileError,
    project::{DEFAULT_FILE, EnvironmentName, ProjectError},
    python,
};

impl From<ProjectError> for CommandError {
    fn from(error: ProjectError) -> Self {
        match error {
            ProjectError::File(error) => unreadable(error),
            ProjectError::UndefinedEnvironment(error) => {
                let names: Vec<&str> = error.defined.iter().map(EnvironmentName::as_str).collect();
                let help = if names.is_empty() {
                    format!("define it in `environments` of {}, or in an overlay file next to it", error.file)
                } else {
                    format!("defined environments: {}", names.join(", "))
                };
                Self::usage(error).help(help)
            }
            ProjectError::Invalid { diagnostics, file } => {
                let reference = match diagnostics.first() {
                    Some(first) if first.code == Code::YAML_SYNTAX => sentence_of_prefect(&first.message),
                    Some(first) if first.code == Code::NOT_A_MAPPING => {
                        "Unable to parse the specified config file. Skipping.".to_owned()
                    }
                    _ => "Skipping deployment configuration due to validation errors.".to_owned(),
                };
                Self {
                    message: format!("{file} is invalid; nothing was registered"),
                    reference: Some(reference),
                    ..Self::findings(Exit::Usage, diagnostics)
                }
            }
        }
    }
}

/// Returns the error for a project file that does not exist or cannot be read.
fn unreadable(error: FileError) -> CommandError {
    let file = error.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let reason = match error.source.kind() {
        ErrorKind::NotFound => "[Errno 2] No such file or directory".to_owned(),
        ErrorKind::IsADirectory => "[Errno 21] Is a directory".to_owned(),
        _ => error.source.to_string(),
    };
    let reference = sentence_of_prefect(&format!("{reason}: {}", python::quoted(&file)));
    let error = match error.source.kind() {
        ErrorKind::NotFound => {
            let directory = error.path.parent().unwrap_or(Path::new("")).display();
            let help = if file == DEFAULT_FILE {
                "create one with `prefectl init`, or specify another file with --prefect-file"
            } else {
                "specify another file with --prefect-file"
            };
            CommandError::usage(format!("no {file} in {directory}")).help(help)
        }
        ErrorKind::IsADirectory => CommandError::usage(error)
            .help("select a file in the directory, such as `DIRECTORY/prefect.yaml`"),
        _ => CommandError::usage(error).help("specify the file with --prefect-file"),
    };
    CommandError { reference: Some(reference), ..error }
}

/// Returns the sentence that Prefect prints if the project file cannot be read.
fn sentence_of_prefect(reason: &str) -> String {
    format!("Unable to read the specified config file. Reason: {}. Skipping.", escape::line(reason))
}
