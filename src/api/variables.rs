//! API requests for variables.

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    ApiError, Client, Feature, JsonObject, NamedObject, error::optional, page::Identified, request::Request,
};
use crate::value::member_text;

/// A variable that exists on the server.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct Variable {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    pub(crate) value: Value,
}

impl Identified for Variable {
    fn id(&self) -> Uuid {
        self.id
    }
}

impl Client {
    /// Returns the value of a variable, or `None` if the variable does not exist.
    pub(crate) async fn variable(&self, name: &str) -> Result<Option<Value>, ApiError> {
        let variable: Option<Variable> =
            optional(self.exact_json(Request::get(&["variables", "name", name])).await)?;
        Ok(variable.map(|variable| variable.value))
    }

    /// Returns a variable's value as JSON text, or `None` if the variable does not exist. Parsing the value would round
    /// integers that do not fit in 64 bits.
    pub(crate) async fn variable_text(&self, name: &str) -> Result<Option<String>, ApiError> {
        let request = Request::get(&["variables", "name", name]);
        let found = optional(self.json_with_body::<Variable>(request).await)?;
        Ok(found.map(|(variable, body)| {
            let text = std::str::from_utf8(&body).ok().and_then(|text| member_text(text, "value"));
            text.map_or_else(|| variable.value.to_string(), str::to_owned)
        }))
    }

    /// Returns a variable as a JSON object, or `None` if the variable does not exist.
    pub(crate) async fn variable_object(&self, name: &str) -> Result<Option<NamedObject>, ApiError> {
        optional(self.json(Request::get(&["variables", "name", name])).await)
    }

    /// Returns the first `most` variables, sorted by name.
    pub(crate) async fn variables(&self, most: usize) -> Result<Vec<NamedObject>, ApiError> {
        let sort = [("sort".to_owned(), json!("NAME_ASC"))];
        self.filter_up_to(&["variables", "filter"], sort.into_iter().collect(), most).await
    }

    /// Creates a variable.
    ///
    /// # Errors
    ///
    /// Returns a conflict error if a variable with this name already exists.
    pub(crate) async fn create_variable(&self, body: &JsonObject) -> Result<NamedObject, ApiError> {
        if body.get("name").and_then(Value::as_str).is_some_and(|name| name.contains('-')) {
            self.capabilities().await?.require(Feature::VariableNamesWithDashes)?;
        }
        self.json(Request::post(&["variables", ""], body.clone()).once()).await
    }

    /// Updates the variable fields given in `body`.
    pub(crate) async fn update_variable(&self, name: &str, body: &JsonObject) -> Result<(), ApiError> {
        self.done(Request::patch(&["variables", "name", name], body.clone())).await
    }

    /// Returns the variables that have one of the given names.
    pub(crate) async fn variables_named(&self, names: &[&str]) -> Result<Vec<NamedObject>, ApiError> {
        let filter = json!({"name": {"any_": names}});
        self.filter(&["variables", "filter"], JsonObject::from_iter([("variables".to_owned(), filter)])).await
    }

    /// Returns the variables whose names contain the given string.
    pub(crate) async fn variables_like(&self, text: &str) -> Result<Vec<Variable>, ApiError> {
        let filter = json!({"name": {"like_": text}});
        self.filter(&["variables", "filter"], JsonObject::from_iter([("variables".to_owned(), filter)])).await
    }

    /// Sets the value of a variable. Creates the variable if it does not exist.
    pub(crate) async fn set_variable(&self, name: &str, value: &Value) -> Result<(), ApiError> {
        let change =
            async || self.done(Request::patch(&["variables", "name", name], json!({"value": value}))).await;
        // Another client may create the variable between the two requests.
        if optional(change().await)?.is_none() && !self.add_variable(name, value).await? {
            change().await?;
        }
        Ok(())
    }

    /// Creates a variable. Returns `false` if a variable with this name already exists.
    pub(crate) async fn add_variable(&self, name: &str, value: &Value) -> Result<bool, ApiError> {
        let body = json!({"name": name, "value": value});
        match self.done(Request::post(&["variables", ""], body)).await {
            Err(ApiError::Conflict { .. }) => Ok(false),
            created => created.map(|()| true),
        }
    }

    /// Sets the value of the variable with the given ID. Returns `false` if the variable does not exist.
    pub(crate) async fn set_variable_by_id(&self, id: Uuid, value: &Value) -> Result<bool, ApiError> {
        let request = Request::patch(&["variables", &id.to_string()], json!({"value": value}));
        Ok(optional(self.done(request).await)?.is_some())
    }

    /// Deletes the variable with the given ID. Returns `false` if the variable did not exist.
    pub(crate) async fn delete_variable_by_id(&self, id: Uuid) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["variables", &id.to_string()])).await)?.is_some())
    }

    /// Deletes a variable. Returns `false` if the variable did not exist.
    pub(crate) async fn delete_variable(&self, name: &str) -> Result<bool, ApiError> {
        Ok(optional(self.done(Request::delete(&["variables", "name", name])).await)?.is_some())
    }
}

#[cfg(test)]
mod tests {
    use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

    use crate::api::testing;

    #[tokio::test]
    async fn returns_integers_without_rounding() {
        let server = MockServer::start().await;
        let body =
            r#"{"id":"0b7a5a3e-0000-4000-8000-000000000001","name":"n","value":[1,123456789012345678901]}"#;
        let answer = ResponseTemplate::new(200).set_body_raw(body, "application/json");
        Mock::given(path("/variables/name/n")).respond_with(answer).mount(&server).await;
        let (client, _) = testing::client(testing::options(&server.uri()));
        let text = client.variable_text("n").await.unwrap();
        assert_eq!(text.as_deref(), Some("[1,123456789012345678901]"));
        let error = client.variable("n").await.unwrap_err().to_string();
        let shown = client.variable_object("n").await.unwrap().unwrap();
        assert_eq!(shown.raw["value"].to_string(), r#"[1,"123456789012345678901"]"#);
        assert!(error.ends_with(": it contains an integer that does not fit in 64 bits"), "{error}");
    }
}
