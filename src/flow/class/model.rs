//! Pydantic models.

use serde_json::{Map, Value as Json, json};

use super::{Class, Field, Kind, ancestry, annotated_names, description, kind, properties};
use crate::flow::{
    annotation::{
        SchemaBuilder,
        field::{FieldDefault, FieldInfo, as_field},
    },
    constant::{self, Value, encode},
    obstacle::{Known, Obstacle},
    program::Program,
    scope::Entity,
    syntax::{Bound, Expr, ExprKind},
};

/// Options of `model_config` by name.
pub(super) type Config = Vec<(String, Value)>;

pub(super) fn definition<'p>(builder: &mut SchemaBuilder<'p, '_>, class: Class<'p>) -> Known<Json> {
    let lines = ancestry(builder.program, class)?;
    for line in &lines {
        check(builder.program, *line)?;
    }
    let config = config(builder.program, &lines)?;
    let fields = fields(builder.program, &lines)?;
    let max_length = option(&config, "str_max_length").map(encode::default).transpose()?.flatten();
    let (properties, required) = properties(builder, &fields, max_length.as_ref())?;
    finish(class, properties, required, &config)
}

/// The definition of a class with fields.
pub(super) fn finish(
    class: Class<'_>,
    properties: Map<String, Json>,
    required: Vec<String>,
    config: &Config,
) -> Known<Json> {
    let title = match option(config, "title") {
        Some(Value::Str(title)) => title.clone(),
        Some(_) => return Err(Obstacle::unknown("the title of a model is not text")),
        None => class.def.name.clone(),
    };
    let mut schema = json!({"properties": properties, "title": title, "type": "object"});
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
            _ => return Err(Obstacle::unknown("`json_schema_extra` is not a dictionary")),
        }
    }
    Ok(schema)
}

pub(super) fn option<'c>(config: &'c Config, name: &str) -> Option<&'c Value> {
    config
        .iter()
        .rev()
        .find(|(option, _)| option == name)
        .map(|(_, value)| value)
        .filter(|value| **value != Value::None)
}

/// Fails where a method or a base changes the schema.
fn check<'p>(program: &'p Program<'_>, class: Class<'p>) -> Known<()> {
    let def = class.def;
    let is_generic = |base: &&Expr| base.as_subscript().is_some();
    if def.has_type_parameters || def.bases.iter().any(|base| is_generic(&base)) {
        return Err(Obstacle::unknown(format!("'{}' is generic", def.name)));
    }
    for function in def.functions() {
        for decorator in function.decorators.iter().filter_map(Expr::as_call) {
            let name = class.scope_at_end().external(program, &decorator.function).unwrap_or_default();
            let mode = decorator.keyword("mode").and_then(Expr::as_text).map(|mode| mode.value.as_str());
            if name == "pydantic.field_validator" && mode == Some("plain") {
                return Err(Obstacle::unknown(format!(
                    "'{}' replaces the validation of a field",
                    function.name
                )));
            }
            if name == "pydantic.field_validator" && decorator.keyword("json_schema_input_type").is_some() {
                return Err(Obstacle::unknown(format!("'{}' changes the schema of a field", function.name)));
            }
        }
    }
    Ok(())
}

const KNOWN_OPTIONS: &[&str] = &[
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
    "ser_json_timedelta",
    "hide_input_in_errors",
];

/// The options of the class and those it inherits, from `model_config`, `class Config` and class keywords.
pub(super) fn config<'p>(program: &'p Program<'_>, lines: &[Class<'p>]) -> Known<Config> {
    let mut config = Config::new();
    for class in lines.iter().rev() {
        for binding in &class.def.body.bindings {
            let scope = class.scope_at(binding.at);
            match &binding.bound {
                Bound::Value(expr) if binding.name == "model_config" => match &expr.kind {
                    ExprKind::Call(call) if call.arguments.is_empty() => {
                        add(program, scope, &call.keywords, &mut config)?;
                    }
                    _ => match constant::evaluate(program, scope, expr)? {
                        Value::Dict(items) => {
                            for (name, value) in items {
                                config.push((name.as_str()?.to_owned(), value));
                            }
                        }
                        _ => return Err(Obstacle::unknown("`model_config` is not a dictionary")),
                    },
                },
                Bound::Class(old) if binding.name == "Config" => {
                    for option in &old.body.bindings {
                        if let Bound::Value(expr) = &option.bound {
                            config.push((option.name.clone(), constant::evaluate(program, scope, expr)?));
                        }
                    }
                }
                _ => {}
            }
        }
        let keywords = class.def.keywords.iter().filter(|(name, _)| name.as_deref() != Some("metaclass"));
        for (name, value) in keywords {
            let name =
                name.clone().ok_or_else(|| Obstacle::unknown("the options of a model are unpacked"))?;
            config.push((name, constant::evaluate(program, class.scope, value)?));
        }
    }
    match config.iter().find(|(name, _)| !KNOWN_OPTIONS.contains(&name.as_str())) {
        Some((name, _)) => {
            Err(Obstacle::unknown(format!("what the option '{name}' of a model does is not known")))
        }
        None => Ok(config),
    }
}

fn add<'p>(
    program: &'p Program<'_>,
    scope: crate::flow::scope::Scope<'p>,
    keywords: &'p [(Option<String>, Expr)],
    config: &mut Config,
) -> Known<()> {
    for (name, value) in keywords {
        let name = name.clone().ok_or_else(|| Obstacle::unknown("the options of a model are unpacked"))?;
        if !KNOWN_OPTIONS.contains(&name.as_str()) {
            return Err(Obstacle::unknown(format!("what the option '{name}' of a model does is not known")));
        }
        config.push((name, constant::evaluate(program, scope, value)?));
    }
    Ok(())
}

/// The fields of a model: those of its bases first, each at the place where it was first named.
pub(super) fn fields<'p>(program: &'p Program<'_>, lines: &[Class<'p>]) -> Known<Vec<Field<'p>>> {
    let mut fields: Vec<Field<'p>> = Vec::new();
    for class in lines.iter().rev() {
        require_plain_body(program, *class)?;
        for (name, annotation, value, at) in annotated_names(class.def) {
            if name == "model_config"
                || name.starts_with('_')
                || is_class_variable(program, *class, annotation)
            {
                continue;
            }
            let scope = class.scope_at(at + 1);
            let info = field_info(program, *class, value, at)?;
            let field = Field { name: name.to_owned(), annotation, scope, info, is_init_only: false };
            match fields.iter_mut().find(|other| other.name == name) {
                Some(slot) => *slot = field,
                None => fields.push(field),
            }
        }
    }
    Ok(fields)
}

fn field_info<'p>(
    program: &'p Program<'_>,
    class: Class<'p>,
    value: Option<&'p Expr>,
    at: usize,
) -> Known<FieldInfo<'p>> {
    let scope = class.scope_at(at);
    let Some(value) = value else { return Ok(FieldInfo::default()) };
    match as_field(program, scope, value) {
        Some(call) => FieldInfo::read(program, scope, call),
        None => Ok(FieldInfo { default: FieldDefault::of(program, scope, value), ..FieldInfo::default() }),
    }
}

/// Fails on what pydantic refuses or what may add fields: attributes without annotation, conditional ones.
fn require_plain_body<'p>(program: &'p Program<'_>, class: Class<'p>) -> Known<()> {
    let is_model = kind(program, class)? == Kind::Model;
    for binding in &class.def.body.bindings {
        match &binding.bound {
            Bound::Unknowable(why) => return Err(Obstacle::unknown(format!("'{}': {why}", binding.name))),
            Bound::Value(_)
                if is_model
                    && binding.annotation.is_none()
                    && !binding.name.starts_with('_')
                    && binding.name != "model_config" =>
            {
                let reason = format!("'{}' of '{}' has no annotation", binding.name, class.def.name);
                return Err(Obstacle::unknown(reason));
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_class_variable<'p>(program: &'p Program<'_>, class: Class<'p>, annotation: &'p Expr) -> bool {
    let annotation = annotation.as_text().and_then(|text| text.as_expression()).unwrap_or(annotation);
    let generic = annotation.as_subscript().map_or(annotation, |(generic, _)| generic);
    generic.is_dotted_name()
        && matches!(class.scope.resolve(program, generic), Ok(Entity::External(name)) if name == "typing.ClassVar")
}
