//! `prefectl steps`.

mod run;

use super::Context;
use crate::{
    cli::StepsCommand,
    diagnostics::did_you_mean,
    error::{CommandError, Exit},
    steps::{Input, StepEntry, registry},
};

pub(super) async fn run(command: &StepsCommand, context: &Context) -> Result<Exit, CommandError> {
    match command {
        StepsCommand::Ls => {
            for entry in registry::all() {
                context.ui.result(&format!("{}  ({})", entry.name, entry.section_name()));
            }
        }
        StepsCommand::Show { name } => context.ui.result(&page(find(name)?)),
        StepsCommand::Run(arguments) => return run::run(arguments, context).await,
    }
    Ok(Exit::Done)
}

fn find(name: &str) -> Result<&'static StepEntry, CommandError> {
    let by_short_name = || registry::all().iter().find(|entry| entry.short_name() == name);
    registry::find(name).or_else(by_short_name).ok_or_else(|| {
        let known = registry::all().iter().flat_map(|entry| [entry.name, entry.short_name()]);
        CommandError::usage(format!("unknown step '{name}'"))
            .help("list the steps with `prefectl steps ls`")
            .suggest(did_you_mean(name, known))
    })
}

fn page(entry: &StepEntry) -> String {
    let mut lines = vec![entry.name.to_owned()];
    lines.extend(entry.aliases.iter().map(|alias| format!("also {alias}")));
    lines.push(format!("in {}\n\nInputs:", entry.section_name()));
    lines.extend(entry.inputs.iter().map(|input| {
        let default = match input {
            Input { required: true, .. } => ", required".to_owned(),
            Input { default: "", .. } => String::new(),
            Input { default, .. } => format!(", default {default}"),
        };
        format!("  {}: {} ({}{default})", input.name, input.meaning, input.kind.name())
    }));
    lines.push("\nKeys of every step:".to_owned());
    lines.push("  id: name that templates use for the outputs of the step".to_owned());
    lines.push("  requires: Python packages that the step needs on a worker".to_owned());
    if entry.inputs.iter().all(|input| input.name != "timeout") {
        lines.push("  timeout: maximum run time in seconds, only for build and push steps".to_owned());
    }
    lines.push(format!("\nOutputs: {}", entry.outputs.join(", ")));
    lines.join("\n")
}
