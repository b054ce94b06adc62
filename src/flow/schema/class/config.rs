//! Reads the options of models from `model_config`, `class Config` and the keyword arguments of classes.

use super::{Class, Kind, kind};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{self, Value},
    program::{
        Program,
        scope::Scope,
        syntax::{Bound, Expr, ExprKind},
    },
};

/// The options of a model, keyed by name. If a name occurs more than once, the last occurrence takes precedence.
pub(super) type Config = Vec<(String, Value)>;

pub(super) fn option<'c>(config: &'c Config, name: &str) -> Option<&'c Value> {
    config
        .iter()
        .rev()
        .find(|(option, _)| option == name)
        .map(|(_, value)| value)
        .filter(|value| **value != Value::None)
}

/// Options whose effect on the schema is implemented. Most of these options have no effect.
const KNOWN: &[&str] = &[
    "arbitrary_types_allowed",
    "coerce_numbers_to_str",
    "extra",
    "from_attributes",
    "frozen",
    "json_schema_extra",
    "populate_by_name",
    "protected_namespaces",
    "revalidate_instances",
    "serialize_by_alias",
    "str_max_length",
    "str_min_length",
    "str_strip_whitespace",
    "str_to_lower",
    "str_to_upper",
    "strict",
    "title",
    "use_enum_values",
    "validate_assignment",
    "validate_by_alias",
    "validate_by_name",
    "validate_default",
    "validate_return",
    "allow_inf_nan",
    "hide_input_in_errors",
    "alias_generator",
    "use_attribute_docstrings",
    // Options of pydantic 1, which pydantic 2 ignores with a warning.
    "allow_mutation",
    "allow_population_by_field_name",
    "anystr_lower",
    "anystr_strip_whitespace",
    "anystr_upper",
    "max_anystr_length",
    "min_anystr_length",
    "orm_mode",
    "schema_extra",
    "smart_union",
    "underscore_attrs_are_private",
    "validate_all",
];

/// Reads a class's options, including inherited options.
///
/// # Errors
///
/// Fails if an option cannot be evaluated or its effect is unknown.
pub(super) fn read<'p>(program: &'p Program<'p>, ancestors: &[Class<'p>]) -> EvalResult<Config> {
    let mut config = Config::new();
    if let Some(class) = ancestors.first()
        && kind(program, *class)? == Kind::Settings
    {
        config.push(("extra".to_owned(), Value::text("forbid")));
    }
    for class in ancestors.iter().rev() {
        for binding in &class.def.body.bindings {
            let scope = class.scope_at(binding.at);
            match &binding.bound {
                Bound::Value(expr) if binding.name == "model_config" => match &expr.kind {
                    ExprKind::Call(call) if call.arguments.is_empty() => {
                        add(program, scope, &call.keywords, &mut config)?;
                    }
                    _ => match evaluate::evaluate(program, scope, expr)? {
                        Value::Dict(items) => {
                            for (name, value) in items {
                                config.push((name.as_str()?.to_owned(), value));
                            }
                        }
                        _ => return Err(EvalError::unknown("`model_config` is not a dictionary")),
                    },
                },
                Bound::Class(old) if binding.name == "Config" => {
                    for option in &old.body.bindings {
                        if let Bound::Value(expr) = &option.bound {
                            config.push((option.name.clone(), evaluate::evaluate(program, scope, expr)?));
                        }
                    }
                }
                _ => {}
            }
        }
        let keywords = class.def.keywords.iter().filter(|(name, _)| name.as_deref() != Some("metaclass"));
        for (name, value) in keywords {
            let name = name
                .clone()
                .ok_or_else(|| EvalError::unknown("the model configuration contains `**` arguments"))?;
            config.push((name, evaluate::evaluate(program, class.scope, value)?));
        }
    }
    match config.iter().find(|(name, _)| !is_known(name)) {
        Some((name, _)) => Err(unknown(name)),
        None => Ok(config),
    }
}

fn add<'p>(
    program: &'p Program<'p>,
    scope: Scope<'p>,
    keywords: &'p [(Option<String>, Expr)],
    config: &mut Config,
) -> EvalResult<()> {
    for (name, value) in keywords {
        let name = name
            .clone()
            .ok_or_else(|| EvalError::unknown("the model configuration contains `**` arguments"))?;
        let value = match scope.external(program, value) {
            // The value of this option is a function, represented by its name.
            Some(function) if name == "alias_generator" => Value::Str(function),
            _ if is_known(&name) => evaluate::evaluate(program, scope, value)?,
            _ => return Err(unknown(&name)),
        };
        config.push((name, value));
    }
    Ok(())
}

pub(super) fn unknown(name: &str) -> EvalError {
    EvalError::unknown(format!("the effect of the model option '{name}' is unknown"))
}

/// Returns whether the effect of an option on the schema is known.
///
/// Options that configure the sources of settings have no effect on the schema.
fn is_known(name: &str) -> bool {
    let settings_prefixes =
        ["env_", "cli_", "secrets_", "case_sensitive", "yaml_file", "toml_file", "json_file"];
    KNOWN.contains(&name) || settings_prefixes.iter().any(|prefix| name.starts_with(prefix))
}
