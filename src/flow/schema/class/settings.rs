//! Evaluates the fields of settings objects, such as `settings.bucket` after `settings = Settings()`.

use super::{
    Class, Field, Kind,
    config::{self, Config, option},
    instance::{encoded, factory_default},
    kind, model, mro,
};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::Value,
    program::{
        Program,
        entity::{Assigned, Entity},
        file,
        syntax::{Expr, FunctionDef},
    },
    schema::annotation::{TypeArguments, field::FieldDefault},
};

/// Options for sources of values other than environment variables and `.env` files.
const OTHER_SOURCES: [&str; 5] = ["cli_parse_args", "json_file", "secrets_dir", "toml_file", "yaml_file"];

/// Returns the value of a field of the settings object that is assigned to a variable.
///
/// Returns `None` if the variable's value is not a call of a settings class without arguments, or if the class has no
/// such field.
///
/// # Errors
///
/// Fails if the value may come from a source that is not supported, or if the value must be converted.
pub(crate) fn field<'p>(
    program: &'p Program<'p>,
    value: Assigned<'p>,
    name: &str,
) -> EvalResult<Option<Value>> {
    let Some(class) = class_of(program, value) else { return Ok(None) };
    let ancestors = mro(program, class)?;
    let config = config::read(program, &ancestors)?;
    let fields = model::fields(program, class, &TypeArguments::default(), &config)?;
    let Some(field) = fields.iter().find(|field| field.name == name) else { return Ok(None) };
    if value.may_be_modified() {
        return Err(EvalError::unknown(format!("'{}' may be modified after it is assigned", value.name)));
    }
    for class in ancestors.iter() {
        if let Some(function) = class.def.functions().find(|it| affects(program, *class, it, name)) {
            let function = &function.name;
            return Err(EvalError::unknown(format!("the method '{function}' may change the field '{name}'")));
        }
    }
    match variable(program, &config, field)? {
        Some(text) => match field.scope.external(program, field.annotation).as_deref() {
            Some("str") => Ok(Some(Value::Str(text))),
            _ => Err(EvalError::unknown(format!("an environment variable sets the field '{name}'"))),
        },
        None => match &field.info.default {
            FieldDefault::Value(value) => {
                let valid = encoded(program, field.scope, value, field.annotation);
                valid.map(Some).ok_or_else(|| {
                    EvalError::unknown(format!("the default of the field '{name}' may be converted"))
                })
            }
            FieldDefault::Factory(factory) => factory_default(program, class, factory).map(Some),
            FieldDefault::Unknown(error) => Err(error.clone()),
            FieldDefault::Required => {
                Err(EvalError::unknown(format!("the required field '{name}' has no value")))
            }
        },
    }
}

/// Returns the settings class that the expression assigned to a variable calls without arguments.
fn class_of<'p>(program: &'p Program<'p>, value: Assigned<'p>) -> Option<Class<'p>> {
    let call = value.expr.as_call().filter(|it| it.arguments.is_empty() && it.keywords.is_empty())?;
    match value.scope.resolve(program, &call.function) {
        Ok(Entity::Class(class)) if kind(program, class) == Ok(Kind::Settings) => Some(class),
        _ => None,
    }
}

/// Returns whether a method may change the value of a field.
fn affects<'p>(program: &'p Program<'p>, class: Class<'p>, function: &'p FunctionDef, field: &str) -> bool {
    let is_special =
        function.name.starts_with("__") && !matches!(function.name.as_str(), "__str__" | "__repr__");
    let decorator_affects = |decorator: &'p Expr| {
        let call = decorator.as_call();
        let callee = call.map_or(decorator, |call| &call.function);
        match class.scope_at_end().external(program, callee).as_deref() {
            Some(
                "property"
                | "staticmethod"
                | "classmethod"
                | "functools.cached_property"
                | "pydantic.computed_field",
            ) => false,
            Some("pydantic.field_validator" | "pydantic.validator") => call.is_none_or(|call| {
                let is_other =
                    |name: &Expr| name.as_text().is_some_and(|name| name.value != field && name.value != "*");
                call.arguments.is_empty() || !call.arguments.iter().all(is_other)
            }),
            _ => true,
        }
    };
    is_special
        || matches!(function.name.as_str(), "model_post_init" | "settings_customise_sources")
        || function.decorators.iter().any(decorator_affects)
}

/// Returns the value of the environment variable that sets a field, or `None` if no variable sets it.
///
/// # Errors
///
/// Fails if the field may be set by another source.
fn variable<'p>(program: &'p Program<'p>, config: &Config, field: &Field<'p>) -> EvalResult<Option<String>> {
    let unknown =
        |source: &str| EvalError::unknown(format!("the field '{}' may be set by {source}", field.name));
    if let Some(source) = OTHER_SOURCES.iter().find(|source| option(config, source).is_some()) {
        return Err(unknown(&format!("the source `{source}`")));
    }
    if field.info.validation_alias.is_some() || field.info.generated_alias.is_some() {
        return Err(unknown("an alias"));
    }
    let prefix = match option(config, "env_prefix") {
        None => "",
        Some(prefix) => prefix.as_str()?,
    };
    let name = field.info.alias.clone().unwrap_or_else(|| format!("{prefix}{}", field.name));
    let lower = name.to_lowercase();
    for path in env_files(config)? {
        let Some(text) = file::text(&program.directory().join(path)) else { continue };
        // Other variables in the file are errors unless the class ignores or allows them.
        let accepts_others = option(config, "extra").is_some_and(|extra| *extra != Value::text("forbid"));
        if !accepts_others || text.to_lowercase().contains(&lower) {
            return Err(unknown("a `.env` file"));
        }
    }
    let nested = match option(config, "env_nested_delimiter") {
        None => None,
        Some(delimiter) => Some(format!("{lower}{}", delimiter.as_str()?.to_lowercase())),
    };
    let mut found = None;
    for (variable, text) in program.environment.iter() {
        let variable = variable.to_lowercase();
        if nested.as_ref().is_some_and(|nested| variable.starts_with(nested)) {
            return Err(unknown("a nested environment variable"));
        }
        if variable == lower && found.replace(text).is_some() {
            return Err(unknown("two environment variables"));
        }
    }
    program.variable(&name)?;
    program.variable(&name.to_uppercase())?;
    match found {
        Some("") => Err(unknown("an empty environment variable")),
        Some(_) if option(config, "case_sensitive") == Some(&Value::Bool(true)) => {
            Err(unknown("an environment variable"))
        }
        found => Ok(found.map(str::to_owned)),
    }
}

/// Returns the paths in the option `env_file`.
fn env_files(config: &Config) -> EvalResult<Vec<&str>> {
    match option(config, "env_file") {
        None => Ok(Vec::new()),
        Some(Value::List(paths) | Value::Tuple(paths)) => paths.iter().map(path).collect(),
        Some(value) => path(value).map(|path| vec![path]),
    }
}

fn path(value: &Value) -> EvalResult<&str> {
    match value {
        Value::Str(path) | Value::Path(path) => Ok(path),
        _ => Err(EvalError::unknown("the path of a `.env` file is unknown")),
    }
}
