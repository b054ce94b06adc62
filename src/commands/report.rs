//! Output and confirmation prompts shared by all commands.

use serde_json::{Value, json};

use super::Context;
use crate::{
    api::{Client, JsonObject},
    cli::{ConsentArguments, ObjectFormat, OutputArguments, OutputFormat},
    deployment,
    diagnostics::json as findings,
    error::{CommandError, Exit},
    escape,
    plan::FieldChange,
    python,
    questions::Ask as _,
};

impl Context {
    /// Prints a result as text or JSON, depending on the `--output` option.
    pub(super) fn show(
        &self,
        output: OutputArguments,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> Value,
    ) {
        match output.output {
            OutputFormat::Text => self.ui.result(text().trim_end()),
            OutputFormat::Json => self.ui.json(json()),
        }
    }

    /// Prints a completed action. The text format prints a sentence. The JSON format prints an object with
    /// `action` and `fields`, where `fields` identifies the changed object.
    pub(super) fn done(
        &self,
        output: OutputArguments,
        action: &str,
        fields: Value,
        text: impl FnOnce() -> String,
    ) {
        self.show(output, text, || {
            let mut document = JsonObject::from_iter([
                ("schema".to_owned(), json!(1)),
                ("action".to_owned(), json!(action)),
            ]);
            if let Value::Object(fields) = fields {
                document.extend(fields);
            }
            Value::Object(document)
        });
    }

    /// Prints an object from the API as YAML or JSON.
    pub(super) fn show_object(
        &self,
        output: OutputArguments,
        object: JsonObject,
    ) -> Result<(), CommandError> {
        self.show_value(output.output.into(), Value::Object(object))
    }

    /// Prints an object from the API, or a list of objects.
    pub(super) fn show_value(&self, format: ObjectFormat, value: Value) -> Result<(), CommandError> {
        match format {
            ObjectFormat::Text if self.is_prefect => self.ui.result(&python::pretty(&value)),
            ObjectFormat::Text | ObjectFormat::Yaml => {
                let yaml =
                    serde_yaml::to_string(&value).map_err(|error| CommandError::new(Exit::Failed, error))?;
                self.ui.result(yaml.trim_end());
            }
            ObjectFormat::Json => self.ui.json(value),
        }
        Ok(())
    }

    /// Prints a note if any of the flows does not exist. The note suggests the most similar name.
    pub(super) async fn report_missing_flow(
        &self,
        client: &Client,
        flow_names: &[String],
    ) -> Result<(), CommandError> {
        if flow_names.is_empty() {
            return Ok(());
        }
        if let Some((name, similar)) = deployment::missing_flow(client, flow_names).await? {
            let similar = similar.map(|similar| format!("; did you mean '{similar}'?")).unwrap_or_default();
            self.ui.note(&format!("flow '{name}' does not exist{similar}"));
        }
        Ok(())
    }

    /// Asks the user to confirm an irreversible action. Does not ask if `--yes` was passed. If the command is not
    /// interactive, the answer is read from stdin.
    ///
    /// # Errors
    ///
    /// Fails with the message `refusal` if the user declines. Fails if the command is not interactive and stdin
    /// contains no answer.
    pub(super) async fn confirm(
        &self,
        consent: ConsentArguments,
        question: &str,
        refusal: &str,
    ) -> Result<(), CommandError> {
        if consent.yes {
            return Ok(());
        }
        if self.interactive {
            return self.confirm_if_interactive(question, refusal).await;
        }
        match self.ui.piped_answer(question).await {
            Some(true) => Ok(()),
            Some(false) => Err(CommandError::new(Exit::Failed, refusal)),
            None => {
                let message = format!("{question} Confirmation is required and there is no terminal.");
                Err(CommandError::new(Exit::NeedsAnswer, message).help("add --yes to confirm"))
            }
        }
    }

    /// Asks the user to confirm a deletion, like [`Self::confirm`]. Does not ask if prefectl is called as `prefect`
    /// without a terminal.
    ///
    /// # Errors
    ///
    /// Fails like [`Self::confirm`].
    pub(super) async fn confirm_deletion(
        &self,
        consent: ConsentArguments,
        question: &str,
        refusal: &str,
    ) -> Result<(), CommandError> {
        if self.is_prefect && !self.interactive {
            return Ok(());
        }
        self.confirm(consent, question, refusal).await
    }

    /// Asks the user to confirm an action. Does not ask if the command is not interactive, as in Prefect.
    ///
    /// # Errors
    ///
    /// Fails with the message `refusal` if the user declines.
    pub(super) async fn confirm_if_interactive(
        &self,
        question: &str,
        refusal: &str,
    ) -> Result<(), CommandError> {
        let is_confirmed = !self.interactive || self.ui.confirm(question, false).await?;
        if is_confirmed { Ok(()) } else { Err(CommandError::new(Exit::Failed, refusal)) }
    }
}

/// Returns the exit code of a command that deletes objects. `in_use` describes the objects that were kept because they
/// are in use, and `wrote` specifies whether anything was written.
///
/// # Errors
///
/// Fails if objects were kept because they are in use.
pub(super) fn exit_after_deletions(in_use: &[String], wrote: bool) -> Result<Exit, CommandError> {
    if in_use.is_empty() {
        return Ok(Exit::Done);
    }
    let exit = if wrote { Exit::Partly } else { Exit::Failed };
    let help =
        "wait until its runs have ended, stop its workers, and move or delete the deployments that use it";
    Err(CommandError::new(exit, escape::message_lines(in_use)).help(help))
}

/// Describes the changes that someone else has made to an object since `event`, such as `it was compared`.
pub(super) fn changed_since(subject: &str, event: &str, changes: &[FieldChange]) -> String {
    let lines: Vec<String> = changes.iter().map(FieldChange::to_string).collect();
    format!("{subject} was changed on the server since {event}:\n  {}", lines.join("\n  "))
}

/// Returns the JSON object for an error.
pub(super) fn error_entry(error: &CommandError) -> Value {
    json!({
        "exit": error.exit.code(),
        "message": error.message,
        "help": error.help,
        "findings": error.diagnostics.iter().map(findings::entry).collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_object_in_use_has_a_line() {
        let in_use = ["work pool 'a' is kept: x".to_owned(), "work pool 'b' is kept: y".to_owned()];
        for (wrote, exit) in [(true, Exit::Partly), (false, Exit::Failed)] {
            let error = exit_after_deletions(&in_use, wrote).unwrap_err();
            assert_eq!(error.exit, exit);
            assert_eq!(error.message, "work pool 'a' is kept: x\n  work pool 'b' is kept: y");
        }
        assert_eq!(exit_after_deletions(&[], true).unwrap(), Exit::Done);
    }
}
