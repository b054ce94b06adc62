//! Asks which flow to deploy.

use crate::{
    flow::Entrypoint,
    questions::{Ask, Select, parsed_text},
    target::{TargetError, wizard::Local},
};

/// Asks for a flow. The user can select a flow of the project or enter an entrypoint.
pub(super) async fn entrypoint(ask: &impl Ask, local: &Local<'_>) -> Result<String, TargetError> {
    ask.print_line("Scanning for flows...");
    let found = local.flows();
    if !found.is_empty() {
        let rows = found.iter().map(|flow| vec![flow.name.clone(), flow.entrypoint()]).collect();
        let select = Select::new("Select a flow to deploy", rows).or("Enter a flow entrypoint manually");
        let row = ask.select(select).await?;
        if let Some(flow) = row.and_then(|row| found.get(row)) {
            return Ok(flow.entrypoint());
        }
    }
    let question = "Flow entrypoint (expected format path/to/file.py:function_name)";
    Ok(parsed_text(ask, question, None, |text| known(text, local)).await?)
}

/// Validates an entrypoint by inspecting its flow.
fn known(text: &str, local: &Local<'_>) -> Result<String, String> {
    const ADVICE: &str = "Please enter a valid flow entrypoint.";
    let entrypoint = Entrypoint::parse(text).map_err(|_| ADVICE.to_owned())?;
    match local.inspector.inspect(&entrypoint, local.directory, local.environment) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => {
            let help = local.inspector.help(&error, &entrypoint, local.directory, local.environment);
            let help = help.map_or_else(String::new, |help| format!(" ({error}; {help})"));
            Err(format!("Failed to load flow from entrypoint '{text}'. {ADVICE}{help}"))
        }
    }
}
