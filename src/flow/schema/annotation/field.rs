//! Reads pydantic's `Field(...)` calls, which describe parameters and fields of models.

use serde_json::{Map, Value as Json};

use super::constraint::Constraints;
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{self, Value, encode},
    program::{
        Program,
        scope::Scope,
        syntax::{Call, Expr},
    },
};

/// The default of a field or a parameter.
#[derive(Debug, Clone, Default)]
pub(crate) enum FieldDefault<'p> {
    #[default]
    Required,
    Value(Value),
    /// The field has a default, but its value cannot be determined.
    Unknown(EvalError),
    /// The default is the return value of the function in `default_factory`.
    Factory(&'p Expr),
}

impl FieldDefault<'_> {
    /// Evaluates the default of a field. The value `...` means that the field is required.
    pub(crate) fn evaluate<'p>(program: &'p Program<'p>, scope: Scope<'p>, expr: &'p Expr) -> Self {
        match evaluate::evaluate(program, scope, expr) {
            Ok(Value::Ellipsis) => Self::Required,
            Ok(value) => Self::Value(value),
            Err(error) => Self::Unknown(error),
        }
    }

    pub(crate) fn is_required(&self) -> bool {
        matches!(self, Self::Required)
    }
}

#[derive(Debug, Default)]
pub(crate) struct FieldInfo<'p> {
    pub(crate) default: FieldDefault<'p>,
    pub(crate) alias: Option<String>,
    pub(crate) validation_alias: Option<String>,
    pub(crate) serialization_alias: Option<String>,
    /// The alias that the model's `alias_generator` returns for the field name.
    pub(crate) generated_alias: Option<String>,
    pub(crate) discriminator: Option<String>,
    /// The docstring after the field. Used as the description if the field has no other description.
    pub(crate) docstring: Option<String>,
    /// Whether the field is omitted when an instance is encoded.
    pub(crate) is_excluded: bool,
    /// Whether the field rejects values that require conversion to its type.
    pub(crate) is_strict: bool,
    pub(crate) constraints: Constraints,
    /// The schema keywords `title`, `description`, `examples` and `deprecated`.
    pub(crate) annotations: Map<String, Json>,
    /// Additional schema keywords from `json_schema_extra`.
    pub(crate) extra: Map<String, Json>,
    /// Arguments that `Field` does not declare. They have no effect if `json_schema_extra` is set.
    pub(crate) undeclared: Map<String, Json>,
}

/// Returns the call if the expression calls pydantic's `Field`, or `None` otherwise.
pub(crate) fn as_field<'p>(program: &'p Program<'p>, scope: Scope<'p>, expr: &'p Expr) -> Option<&'p Call> {
    let call = expr.as_call()?;
    (scope.external(program, &call.function)? == "pydantic.Field").then_some(call)
}

impl<'p> FieldInfo<'p> {
    pub(crate) fn read(program: &'p Program<'p>, scope: Scope<'p>, call: &'p Call) -> EvalResult<Self> {
        if call.has_unpacking() || call.arguments.len() > 1 {
            return Err(EvalError::unknown(
                "a call of `Field` with unpacked or multiple positional arguments cannot be evaluated",
            ));
        }
        let mut info = Self::default();
        if let Some(default) = call.arguments.first() {
            info.default = FieldDefault::evaluate(program, scope, default);
        }
        for (name, value) in &call.keywords {
            info.keyword(program, scope, name.as_deref().unwrap_or_default(), value)?;
        }
        if info.extra.is_empty() {
            info.extra = std::mem::take(&mut info.undeclared);
        }
        Ok(info)
    }

    fn keyword(
        &mut self,
        program: &'p Program<'p>,
        scope: Scope<'p>,
        name: &str,
        expr: &'p Expr,
    ) -> EvalResult<()> {
        let value = || evaluate::evaluate(program, scope, expr);
        match name {
            "default" => self.default = FieldDefault::evaluate(program, scope, expr),
            "default_factory" => {
                if !expr.is_none() {
                    self.default = FieldDefault::Factory(expr);
                }
            }
            "alias" => self.alias = text(&value()?)?,
            "validation_alias" => self.validation_alias = validation_alias(program, scope, expr)?,
            "serialization_alias" => self.serialization_alias = text(&value()?)?,
            "discriminator" => self.discriminator = text(&value()?)?,
            "title" | "description" | "examples" | "deprecated" => {
                let value = value()?;
                if value != Value::None {
                    let json = encode::default(&value)?.ok_or_else(|| not_known(name))?;
                    self.annotations.insert(name.to_owned(), json);
                }
            }
            "json_schema_extra" => match encode::default(&value()?)? {
                Some(Json::Object(extra)) => self.extra = extra,
                Some(Json::Null) => {}
                _ => return Err(not_known(name)),
            },
            "min_items" => self.constraints.push(("min_length".to_owned(), value()?)),
            "max_items" => self.constraints.push(("max_length".to_owned(), value()?)),
            "ge" | "gt" | "le" | "lt" | "multiple_of" | "min_length" | "max_length" | "pattern"
            | "max_digits" | "decimal_places" => {
                self.constraints.push((name.to_owned(), value()?));
            }
            "strict" => self.is_strict = value()? == Value::Bool(true),
            "exclude" => self.is_excluded = value()? == Value::Bool(true),
            "frozen" | "repr" | "allow_inf_nan" | "init" | "init_var" | "kw_only" | "validate_default"
            | "alias_priority" | "exclude_if" | "union_mode" | "include" | "allow_mutation" => {}
            "coerce_numbers_to_str"
            | "const"
            | "fail_fast"
            | "field_title_generator"
            | "regex"
            | "unique_items" => {
                return Err(not_known(name));
            }
            // Pydantic adds all other arguments to the schema.
            _ => {
                let json = encode::default(&value()?)?.ok_or_else(|| not_known(name))?;
                self.undeclared.insert(name.to_owned(), json);
            }
        }
        Ok(())
    }

    /// Returns the field's key in the schema for input: its validation alias, its alias or its name.
    pub(crate) fn key(&self, name: &str) -> String {
        let alias = self.validation_alias.as_ref().or(self.alias.as_ref()).or(self.generated_alias.as_ref());
        alias.cloned().unwrap_or_else(|| name.to_owned())
    }

    /// Returns the field's key in an encoded instance: its serialization alias, its alias or its name.
    pub(crate) fn encoded_key(&self, name: &str) -> String {
        let alias =
            self.serialization_alias.as_ref().or(self.alias.as_ref()).or(self.generated_alias.as_ref());
        alias.cloned().unwrap_or_else(|| name.to_owned())
    }
}

fn not_known(name: &str) -> EvalError {
    EvalError::unknown(format!("the effect of the argument '{name}' of `Field` is unknown"))
}

fn text(value: &Value) -> EvalResult<Option<String>> {
    match value {
        Value::None => Ok(None),
        Value::Str(text) => Ok(Some(text.clone())),
        _ => Err(EvalError::unknown("a field alias is not a string")),
    }
}

/// Returns the key that `validation_alias` specifies. For `AliasChoices`, this is the first string.
///
/// Returns `None` for an `AliasPath`.
fn validation_alias<'p>(
    program: &'p Program<'p>,
    scope: Scope<'p>,
    expr: &'p Expr,
) -> EvalResult<Option<String>> {
    let Some(call) = expr.as_call() else { return text(&evaluate::evaluate(program, scope, expr)?) };
    match scope.external(program, &call.function).as_deref() {
        Some("pydantic.AliasChoices" | "pydantic.aliases.AliasChoices") => {
            let plain = call.arguments.iter().find(|choice| choice.as_text().is_some());
            plain
                .map(|choice| evaluate::evaluate(program, scope, choice))
                .transpose()?
                .map_or(Ok(None), |it| text(&it))
        }
        Some("pydantic.AliasPath" | "pydantic.aliases.AliasPath") => Ok(None),
        _ => Err(not_known("validation_alias")),
    }
}
