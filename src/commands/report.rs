//! What all commands do alike at the end and before they change something: results in either format, and consent.

use serde_json::{Value, json};

use super::Context;
use crate::{
    api::JsonObject,
    cli::{ConsentArguments, OutputArguments, OutputFormat},
    error::{CommandError, Exit},
    questions::Ask as _,
};

impl Context {
    /// Prints a result in the format that was asked for.
    pub(super) fn show(
        &self,
        output: OutputArguments,
        text: impl FnOnce() -> String,
        json: impl FnOnce() -> Value,
    ) {
        match output.output {
            OutputFormat::Text => self.ui.result(text().trim_end()),
            OutputFormat::Json => self.ui.json(&json()),
        }
    }

    /// Prints what a command has done: a sentence, or a document with `action`, whose fields name what it was done to.
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

    /// Shows one object of the server, as YAML or as the server's own JSON.
    pub(super) fn show_object(
        &self,
        output: OutputArguments,
        object: JsonObject,
    ) -> Result<(), CommandError> {
        let object = Value::Object(object);
        match output.output {
            OutputFormat::Text => {
                let yaml =
                    serde_yaml::to_string(&object).map_err(|error| CommandError::new(Exit::Failed, error))?;
                self.ui.result(yaml.trim_end());
            }
            OutputFormat::Json => self.ui.json(&object),
        }
        Ok(())
    }

    /// Makes sure that something is wanted that cannot be undone: by an option, or by asking.
    pub(super) async fn confirm(
        &self,
        consent: ConsentArguments,
        question: &str,
        refusal: &str,
    ) -> Result<(), CommandError> {
        if consent.yes {
            return Ok(());
        }
        if !self.interactive {
            let message = format!("{question} There is no terminal to ask on.");
            return Err(
                CommandError::new(Exit::NeedsAnswer, message).help("add --yes to do it without asking")
            );
        }
        let is_wanted = self.ui.confirm(question, None).await?;
        if is_wanted { Ok(()) } else { Err(CommandError::new(Exit::Failed, refusal)) }
    }
}
