//! Instances of the project's classes as defaults: what they are encoded as.

use super::{Class, Field, Kind, ancestry, dataclass, enumeration, kind, model};
use crate::flow::{
    annotation::field::FieldDefault,
    constant::{Arguments, Value},
    obstacle::{Known, Obstacle},
    program::Program,
    syntax::{Expr, ExprKind},
};

/// `Class(...)`.
pub(crate) fn instantiate<'p>(
    program: &'p Program<'_>,
    class: Class<'p>,
    arguments: Arguments,
) -> Known<Value> {
    match kind(program, class)? {
        // Pydantic does not know how to encode these.
        Kind::Plain => Ok(Value::Opaque),
        Kind::Enum => match (arguments.positional.as_slice(), arguments.named.is_empty()) {
            ([value], true) => enumeration::by_value(program, class, value),
            _ => Err(unknown(class)),
        },
        Kind::Model => {
            let lines = ancestry(program, class)?;
            if lines.iter().any(|line| line.def.functions().any(|function| !function.decorators.is_empty())) {
                return Err(Obstacle::unknown(format!("'{}' has validators or serializers", class.def.name)));
            }
            if lines.iter().any(|line| {
                line.def
                    .functions()
                    .any(|function| function.name.starts_with("__") || function.name == "model_post_init")
            }) {
                return Err(unknown(class));
            }
            let config = model::config(program, &lines)?;
            let plain = ["extra", "title", "frozen", "json_schema_extra", "arbitrary_types_allowed"];
            if config.iter().any(|(name, _)| !plain.contains(&name.as_str()))
                || !arguments.positional.is_empty()
            {
                return Err(unknown(class));
            }
            object(program, class, &model::fields(program, &lines)?, arguments)
        }
        Kind::Dataclass => {
            if class.def.functions().any(|function| function.name.starts_with("__")) {
                return Err(unknown(class));
            }
            object(program, class, &dataclass::fields(program, class)?, arguments)
        }
        Kind::PydanticDataclass | Kind::TypedDict | Kind::NamedTuple => Err(unknown(class)),
    }
}

fn unknown(class: Class<'_>) -> Obstacle {
    Obstacle::unknown(format!("making an instance of '{}' is not evaluated", class.def.name))
}

fn object<'p>(
    program: &'p Program<'_>,
    class: Class<'p>,
    fields: &[Field<'p>],
    arguments: Arguments,
) -> Known<Value> {
    let mut named = arguments.named;
    for (position, value) in arguments.positional.into_iter().enumerate() {
        let field = fields.get(position).ok_or_else(|| unknown(class))?;
        named.push((field.name.clone(), value));
    }
    let mut values = Vec::new();
    for field in fields {
        let key = field.info.key(&field.name);
        let given = named.iter().position(|(name, _)| *name == key).map(|at| named.remove(at).1);
        let value = match given {
            // Models convert what they are given; plain values of the right type stay as they are.
            Some(value) if stays(&value, field.annotation) => value,
            Some(_) => return Err(unknown(class)),
            None => match &field.info.default {
                FieldDefault::Value(value) => value.clone(),
                FieldDefault::Factory(factory) => made(program, class, factory)?,
                FieldDefault::Required | FieldDefault::Unknown(_) => return Err(unknown(class)),
            },
        };
        if !field.is_init_only {
            values.push((field.info.encoded_key(&field.name), value));
        }
    }
    if named.is_empty() { Ok(Value::Object(values)) } else { Err(unknown(class)) }
}

/// Whether a value is one of the plainly annotated type, so that no model changes it.
fn stays(value: &Value, annotation: &Expr) -> bool {
    let ExprKind::Name(name) = &annotation.kind else { return false };
    matches!(
        (name.as_str(), value),
        ("int", Value::Int(_))
            | ("str", Value::Str(_))
            | ("bool", Value::Bool(_))
            | ("float", Value::Float(_))
    )
}

/// What a default factory makes.
fn made<'p>(program: &'p Program<'_>, class: Class<'p>, factory: &'p Expr) -> Known<Value> {
    if let ExprKind::Lambda(body) = &factory.kind {
        return crate::flow::constant::evaluate(program, class.scope_at_end(), body);
    }
    match class.scope.external(program, factory).as_deref() {
        Some("list") => Ok(Value::List(Vec::new())),
        Some("dict") => Ok(Value::Dict(Vec::new())),
        Some("set") => Ok(Value::Set(Vec::new())),
        Some("str") => Ok(Value::text("")),
        _ => match class.scope.resolve(program, factory)? {
            crate::flow::scope::Entity::Class(made) => {
                let nothing = Arguments { positional: Vec::new(), named: Vec::new() };
                program.descend(|| instantiate(program, made, nothing))
            }
            _ => Err(unknown(class)),
        },
    }
}
