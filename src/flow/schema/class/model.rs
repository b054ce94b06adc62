//! Generates the schemas of pydantic models.

use std::collections::HashMap;

use serde_json::{Map, Value as Json, json};

use super::{
    AnnotatedName, Class, Field, Kind, alias, annotated_names,
    config::{self, Config, option},
    description, kind, mro, properties,
};
use crate::flow::{
    docstring,
    eval_error::{EvalError, EvalResult},
    evaluate::{Value, encode},
    program::{
        Program,
        entity::Entity,
        syntax::{Binding, Bound, Expr},
    },
    schema::annotation::{
        ClassOptions, SchemaBuilder, TypeArguments, bind_ancestors,
        field::{FieldDefault, FieldInfo, as_field},
    },
};

pub(super) fn definition<'p>(
    builder: &mut SchemaBuilder<'p>,
    class: Class<'p>,
    name: &str,
    arguments: &TypeArguments<'p>,
) -> EvalResult<Json> {
    let (options, fields) = read(builder, class, arguments)?;
    let (properties, required) = properties(builder, &fields)?;
    finish(class, name, properties, &required, &options)
}

/// Returns the options and the fields of a model. The options apply to the schemas that are built afterwards.
///
/// # Errors
///
/// Fails if the model or one of its ancestors is not supported.
pub(super) fn read<'p>(
    builder: &mut SchemaBuilder<'p>,
    class: Class<'p>,
    arguments: &TypeArguments<'p>,
) -> EvalResult<(Config, Vec<Field<'p>>)> {
    let ancestors = mro(builder.program, class)?;
    for ancestor in ancestors.iter() {
        check(builder.program, *ancestor)?;
    }
    let options = config::read(builder.program, &ancestors)?;
    let fields = fields(builder.program, class, arguments, &options)?;
    builder.class_options = class_options(&options)?;
    Ok((options, fields))
}

/// Returns the effects of a model's options on its field schemas.
fn class_options(options: &Config) -> EvalResult<ClassOptions> {
    let mut text_limits = Map::new();
    for (name, keyword, nothing) in [("str_min_length", "minLength", 0), ("str_max_length", "maxLength", -1)]
    {
        if let Some(limit) = option(options, name).filter(|limit| **limit != Value::Int(nothing)) {
            text_limits.extend(encode::default(limit)?.map(|limit| (keyword.to_owned(), limit)));
        }
    }
    let handed_down = ["extra", "alias_generator", "use_attribute_docstrings"];
    Ok(ClassOptions {
        are_handed_down: options
            .iter()
            .any(|(name, _)| handed_down.contains(&name.as_str()) || name.starts_with("str_")),
        refuses_unknown_types: option(options, "arbitrary_types_allowed") != Some(&Value::Bool(true)),
        text_limits,
    })
}

/// Returns the title of a model: its name, unless an option specifies a different title.
pub(super) fn title(name: &str, config: &Config) -> EvalResult<String> {
    match option(config, "title") {
        Some(Value::Str(title)) => Ok(title.clone()),
        Some(_) => Err(EvalError::unknown("the title of the model is not a string")),
        None => Ok(name.to_owned()),
    }
}

/// Assembles a class's schema from its options and its fields' schemas.
pub(super) fn finish(
    class: Class<'_>,
    name: &str,
    properties: Map<String, Json>,
    required: &[String],
    config: &Config,
) -> EvalResult<Json> {
    let title = title(name, config)?;
    let mut schema = json!({"properties": null, "title": title, "type": "object"});
    schema["properties"] = Json::Object(properties);
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    if let Some(text) = description(class.def) {
        schema["description"] = json!(text);
    }
    match option(config, "extra") {
        Some(Value::Str(extra)) if extra == "allow" => schema["additionalProperties"] = json!(true),
        Some(Value::Str(extra)) if extra == "forbid" => schema["additionalProperties"] = json!(false),
        _ => {}
    }
    if let Some(extra) = option(config, "json_schema_extra") {
        match (encode::default(extra)?, schema.as_object_mut()) {
            (Some(Json::Object(extra)), Some(schema)) => schema.extend(extra),
            (Some(Json::Null), _) => {}
            _ => return Err(EvalError::unknown("the option `json_schema_extra` is not a dictionary")),
        }
    }
    Ok(schema)
}

/// Checks that neither a type parameter nor a validator affects the schema of a model.
fn check<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<()> {
    let def = class.def;
    if def.has_type_parameters {
        return Err(EvalError::unknown(format!("the generic class '{}' is not supported", def.name)));
    }
    for function in def.functions() {
        for decorator in function.decorators.iter().filter_map(Expr::as_call) {
            let name = class.scope_at_end().external(program, &decorator.function).unwrap_or_default();
            let mode = decorator.keyword("mode").and_then(Expr::as_text).map(|mode| mode.value.as_str());
            if name == "pydantic.field_validator" && mode == Some("plain") {
                return Err(EvalError::unknown(format!(
                    "the validator '{}' replaces the validation of a field",
                    function.name
                )));
            }
            if name == "pydantic.field_validator" && decorator.keyword("json_schema_input_type").is_some() {
                return Err(EvalError::unknown(format!(
                    "the validator '{}' changes the schema of a field",
                    function.name
                )));
            }
        }
    }
    Ok(())
}

/// Returns the fields of a model, base classes first.
///
/// A field that overrides a field of a base class keeps the original position.
pub(super) fn fields<'p>(
    program: &'p Program<'p>,
    class: Class<'p>,
    arguments: &TypeArguments<'p>,
    options: &Config,
) -> EvalResult<Vec<Field<'p>>> {
    let ancestors = mro(program, class)?;
    let given = bind_ancestors(program, class, arguments)?;
    let generator = match option(options, "alias_generator") {
        Some(Value::Str(name)) => {
            Some(alias::generator(name).ok_or_else(|| config::unknown("alias_generator"))?)
        }
        Some(_) => return Err(config::unknown("alias_generator")),
        None => None,
    };
    let mut fields: Vec<Field<'p>> = Vec::new();
    let mut positions: HashMap<&str, usize> = HashMap::new();
    for class in ancestors.iter().rev() {
        require_plain_body(program, *class)?;
        // The option that uses docstrings as descriptions applies to the class that defines the field.
        let own_options = config::read(program, &mro(program, *class)?)?;
        let type_arguments = given
            .iter()
            .find(|(ancestor, _)| ancestor == class)
            .map(|(_, it)| it.clone())
            .unwrap_or_default();
        let uses_docstrings = option(&own_options, "use_attribute_docstrings") == Some(&Value::Bool(true));
        for AnnotatedName { name, annotation, value, at, docstring } in annotated_names(class.def) {
            if name == "model_config"
                || name.starts_with('_')
                || is_class_variable(program, *class, annotation)
            {
                continue;
            }
            let scope = class.scope_at(at + 1);
            if value.is_none() && takes_value_from_base(program, *class, name)? {
                return Err(EvalError::unknown(format!(
                    "field '{name}' inherits its default from a base class"
                )));
            }
            let mut info = field_info(program, *class, value, at)?;
            info.generated_alias = generator.map(|generate| generate(name));
            info.docstring = docstring.filter(|_| uses_docstrings).map(docstring::clean);
            let type_arguments = type_arguments.clone();
            let field =
                Field { name: name.to_owned(), annotation, scope, info, is_init_only: false, type_arguments };
            let annotated = class.def.body.bindings_of(name).filter(|other| other.annotation.is_some());
            if annotated.count() > 1 {
                return Err(EvalError::unknown(format!("field '{name}' is defined more than once")));
            }
            if let Some(position) = positions.get(name) {
                fields[*position] = field;
            } else {
                positions.insert(name, fields.len());
                fields.push(field);
            }
        }
    }
    Ok(fields)
}

fn field_info<'p>(
    program: &'p Program<'p>,
    class: Class<'p>,
    value: Option<&'p Expr>,
    at: usize,
) -> EvalResult<FieldInfo<'p>> {
    let scope = class.scope_at(at);
    let Some(value) = value else { return Ok(FieldInfo::default()) };
    match as_field(program, scope, value) {
        Some(call) => FieldInfo::read(program, scope, call),
        None => {
            Ok(FieldInfo { default: FieldDefault::evaluate(program, scope, value), ..FieldInfo::default() })
        }
    }
}

/// Checks that the body of a class contains no conditional statements and no attributes without an annotation.
///
/// Pydantic rejects models that have attributes without an annotation.
fn require_plain_body<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<()> {
    let is_model = matches!(kind(program, class)?, Kind::Model | Kind::Settings | Kind::Root);
    for binding in &class.def.body.bindings {
        match &binding.bound {
            Bound::Unknowable(why) => {
                return Err(EvalError::unknown(format!("'{}' cannot be determined: {why}", binding.name)));
            }
            Bound::Value(_)
                if is_model
                    && binding.annotation.is_none()
                    && !binding.name.starts_with('_')
                    && binding.name != "model_config" =>
            {
                let reason =
                    format!("the attribute '{}' of '{}' has no annotation", binding.name, class.def.name);
                return Err(EvalError::unknown(reason));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns whether a field takes its default from an attribute of a base class that is not a field.
fn takes_value_from_base<'p>(program: &'p Program<'p>, class: Class<'p>, name: &str) -> EvalResult<bool> {
    for base in mro(program, class)?.iter().copied().skip(1) {
        let is_model = matches!(kind(program, base)?, Kind::Model | Kind::Settings | Kind::Root);
        let holds = |binding: &'p Binding| {
            let is_field = binding
                .annotation
                .as_ref()
                .is_some_and(|it| is_model && !is_class_variable(program, base, it));
            !matches!(binding.bound, Bound::Nothing) && !is_field
        };
        if base.def.body.bindings_of(name).any(holds) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_class_variable<'p>(program: &'p Program<'p>, class: Class<'p>, annotation: &'p Expr) -> bool {
    let annotation = annotation.as_text().and_then(|text| text.as_expression()).unwrap_or(annotation);
    let generic = annotation.as_subscript().map_or(annotation, |(generic, _)| generic);
    generic.is_dotted_name()
        && matches!(class.scope.resolve(program, generic), Ok(Entity::External(name)) if name == "typing.ClassVar")
}
