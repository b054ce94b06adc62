//! Variables.

use serde::Deserialize;
use serde_json::Value;

use super::{ApiError, Client, error::optional, request::Request};

impl Client {
    /// The value of a variable, of whatever type it is.
    pub(crate) async fn variable(&self, name: &str) -> Result<Option<Value>, ApiError> {
        #[derive(Deserialize)]
        struct Variable {
            value: Value,
        }
        let variable: Option<Variable> =
            optional(self.json(Request::get(&["variables", "name", name])).await)?;
        Ok(variable.map(|variable| variable.value))
    }
}
