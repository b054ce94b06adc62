//! The `set_working_directory` step changes the working directory for the following steps.

use std::path::PathBuf;

use serde::Deserialize;

use super::{
    Input, Kind, LocalAccess, RunFuture, Sharing, Step, StepContext, StepEntry, StepError, StepKind, inputs,
};
use crate::value::Mapping;

pub(super) const ENTRY: StepEntry = StepEntry {
    name: "prefect.deployments.steps.set_working_directory",
    aliases: &["prefect.deployments.steps.pull.set_working_directory"],
    kind: StepKind::SetWorkingDirectory,
    section: None,
    sharing: Sharing::Never,
    access: |_| LocalAccess::Reads,
    inputs: &[Input::required("directory", Kind::Text, "directory to change to")],
    outputs: &["directory"],
    create: |mapping| Ok(Box::new(inputs::typed::<SetWorkingDirectory>(mapping)?)),
};

#[derive(Debug, Deserialize)]
struct SetWorkingDirectory {
    directory: PathBuf,
}

impl Step for SetWorkingDirectory {
    fn run<'a>(&'a self, context: &'a mut StepContext<'_>) -> RunFuture<'a> {
        Box::pin(async move {
            let directory =
                context.directory.join(&self.directory).canonicalize().ok().filter(|path| path.is_dir());
            let Some(directory) = directory else {
                let message = format!("directory '{}' does not exist", self.directory.display());
                return Err(StepError::input("directory", message));
            };
            let text = directory.to_string_lossy().into_owned();
            context.directory = directory;
            Ok(Some(Mapping::from_iter([("directory".into(), text.into())])))
        })
    }
}
