//! Enumerations.

use serde_json::{Map, Value as Json, json};

use super::{Class, description, mro};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{self, Value, encode},
    program::{
        Program,
        scope::Entity,
        syntax::{Bound, Expr},
    },
    schema::annotation::shared_type,
};

/// The members of an enumeration with their values, in order.
pub(crate) fn members<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Vec<(String, Value)>> {
    super::require_unchanged(class)?;
    let lines = mro(program, class)?;
    let makes_values = |class: &Class<'_>| {
        class.def.functions().any(|function| {
            matches!(function.name.as_str(), "__new__" | "__init__" | "_generate_next_value_")
        })
    };
    if lines.iter().any(makes_values) {
        return Err(EvalError::unknown(format!("'{}' makes its own values", class.def.name)));
    }
    let lower_cases = has_base(program, &lines, "enum.StrEnum");
    let mixins = [
        ("str", Mixin::Text),
        ("int", Mixin::Integer),
        ("enum.IntEnum", Mixin::Integer),
        ("float", Mixin::Float),
    ];
    let mixin = mixins.iter().find(|(base, _)| has_base(program, &lines, base)).map(|(_, mixin)| *mixin);
    let mut members: Vec<(String, Value)> = Vec::new();
    let is_flag = ["enum.Flag", "enum.IntFlag"].iter().any(|base| has_base(program, &lines, base));
    let mut last: i128 = 0;
    // What a number made up after these would be depends on the version of Python.
    let mut has_odd_value = false;
    for binding in &class.def.body.bindings {
        let expr = match &binding.bound {
            Bound::Value(expr) if !binding.name.starts_with('_') => expr,
            Bound::Unknowable(why) => return Err(EvalError::unknown(format!("'{}': {why}", binding.name))),
            Bound::Class(_) => {
                return Err(EvalError::unknown(
                    "whether a class in an enumeration is a member depends on Python",
                ));
            }
            _ => continue,
        };
        if binding.annotation.is_some() {
            return Err(EvalError::unknown("a member of an enumeration is annotated"));
        }
        let value = if is_auto(program, class, expr) {
            if has_odd_value {
                return Err(conversion());
            }
            let next = if is_flag { next_bit(last) } else { last.checked_add(1) };
            last = next.ok_or_else(conversion)?;
            if lower_cases { Value::text(binding.name.to_lowercase()) } else { Value::Int(last) }
        } else {
            let earlier = members.iter().map(|(name, value)| (name.clone(), value.clone()));
            evaluate::evaluate_with(program, class.scope_at(binding.at), earlier.collect(), expr)?
        };
        match value {
            Value::Int(number) => last = last.max(number),
            Value::Bool(_) | Value::Float(_) => has_odd_value = true,
            // Functions and classes in the body are no members.
            Value::Opaque => {
                return Err(EvalError::unknown("a member of an enumeration is not a plain value"));
            }
            _ => {}
        }
        let value = mixed_in(value, mixin)?;
        // A name for an earlier member has that one's value, which may be spelled otherwise: `True` is `1`.
        let earlier = members.iter().find(|(_, earlier)| earlier.equals(&value));
        let value = earlier.map_or(value, |(_, earlier)| earlier.clone());
        members.push((binding.name.clone(), value));
    }
    Ok(members)
}

/// The lowest bit above all of a number.
fn next_bit(number: i128) -> Option<i128> {
    1_i128.checked_shl(i128::BITS - number.leading_zeros())
}

/// The type that members are made to be.
#[derive(Clone, Copy)]
enum Mixin {
    Text,
    Integer,
    Float,
}

fn mixed_in(value: Value, mixin: Option<Mixin>) -> EvalResult<Value> {
    match (mixin, value) {
        (None, value) => Ok(value),
        (Some(Mixin::Text), value @ (Value::Str(_) | Value::Int(_))) => {
            evaluate::text_of(&value).map(Value::Str)
        }
        (Some(Mixin::Integer), value @ Value::Int(_)) | (Some(Mixin::Float), value @ Value::Float(_)) => {
            Ok(value)
        }
        (Some(Mixin::Float), value @ Value::Int(_)) => {
            value.number().map(|number| Value::Float(number.as_float())).ok_or_else(conversion)
        }
        _ => Err(conversion()),
    }
}

fn conversion() -> EvalError {
    EvalError::unknown("a member of an enumeration is converted")
}

fn has_base<'p>(program: &'p Program<'p>, lines: &[Class<'p>], name: &str) -> bool {
    lines.iter().any(|class| {
        class
            .def
            .bases
            .iter()
            .any(|base| class.scope.external(program, base).is_some_and(|base| base == name))
    })
}

fn is_auto<'p>(program: &'p Program<'p>, class: Class<'p>, expr: &'p Expr) -> bool {
    expr.as_call().is_some_and(|call| {
        call.arguments.is_empty()
            && matches!(class.scope.resolve(program, &call.function), Ok(Entity::External(name)) if name == "enum.auto")
    })
}

/// `Class.NAME`: a member, or something else that the class holds.
pub(crate) fn member<'p>(program: &'p Program<'p>, class: Class<'p>, name: &str) -> EvalResult<Value> {
    let found = members(program, class)?.into_iter().find(|(member, _)| member == name);
    match found {
        Some((name, value)) => Ok(Value::Member { name, value: Box::new(value) }),
        None => Err(EvalError::unknown(format!("'{name}' is not a member of '{}'", class.def.name))),
    }
}

/// `Class(value)`.
pub(super) fn by_value<'p>(program: &'p Program<'p>, class: Class<'p>, value: &Value) -> EvalResult<Value> {
    let found = members(program, class)?.into_iter().find(|(_, other)| other.equals(value));
    match found {
        Some((name, value)) => Ok(Value::Member { name, value: Box::new(value) }),
        None => Err(EvalError::unknown(format!("no member of '{}' has this value", class.def.name))),
    }
}

pub(super) fn definition<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Json> {
    let json = |(_, value): (String, Value)| {
        encode::default(&value)?.ok_or_else(|| EvalError::unknown("a member of an enumeration has no JSON"))
    };
    let values = members(program, class)?.into_iter().map(json).collect::<EvalResult<Vec<_>>>()?;
    if values.is_empty() {
        return Err(EvalError::unknown(format!("'{}' has no members", class.def.name)));
    }
    let mut schema = Map::new();
    if let Some(kind) = shared_type(&values).filter(|kind| *kind != "null") {
        schema.insert("type".to_owned(), json!(kind));
    }
    schema.insert("enum".to_owned(), Json::Array(values));
    schema.insert("title".to_owned(), json!(class.def.name));
    if let Some(text) = description(class.def) {
        schema.insert("description".to_owned(), json!(text));
    }
    Ok(Json::Object(schema))
}
