//! Evaluates the members of enumerations and generates the schemas of enumerations.

use std::{collections::HashMap, rc::Rc};

use serde_json::{Map, Value as Json, json};

use super::{Class, description, mro};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{self, Value, ValueIndex, encode},
    program::{
        Members, Program,
        entity::Entity,
        syntax::{Binding, Bound, Expr},
    },
    schema::annotation::shared_type,
};

/// Returns the names and values of an enumeration's members, in definition order.
pub(crate) fn members<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Members> {
    program.memo.members.get(class.def, || Reader::new(program, class)?.read().map(Rc::new))
}

/// Returns the members of an enumeration that are listed in a call such as `Enum("Color", ["RED", "BLUE"])`.
pub(super) fn listed<'p>(program: &'p Program<'p>, class: Class<'p>, names: &Value) -> EvalResult<Members> {
    let unknown = || EvalError::unknown(format!("the members of '{}' cannot be determined", class.def.name));
    let named = |name: &Value, value: Option<&Value>| match name {
        Value::Str(name) if !name.starts_with('_') => Ok((name.clone(), value.cloned())),
        _ => Err(unknown()),
    };
    let members = match names {
        Value::Str(names) => {
            let names = names.split([',', ' ', '\t', '\n']).filter(|name| !name.is_empty());
            names.map(|name| named(&Value::text(name), None)).collect::<EvalResult<Vec<_>>>()?
        }
        Value::List(items) | Value::Tuple(items) => {
            let member = |item: &Value| match item {
                Value::Tuple(pair) | Value::List(pair) => match pair.as_slice() {
                    [name, value] => named(name, Some(value)),
                    _ => Err(unknown()),
                },
                name => named(name, None),
            };
            items.iter().map(member).collect::<EvalResult<_>>()?
        }
        Value::Dict(items) => {
            items.iter().map(|(name, value)| named(name, Some(value))).collect::<EvalResult<_>>()?
        }
        _ => return Err(unknown()),
    };
    let mut reader = Reader::new(program, class)?;
    for (name, value) in members {
        let value = value.map_or_else(|| reader.next_number(&name), Ok)?;
        let value = reader.converted(value)?;
        reader.add(&name, value);
    }
    Ok(Rc::new(reader.members))
}

/// A reader that evaluates an enumeration's members in definition order.
struct Reader<'p> {
    program: &'p Program<'p>,
    class: Class<'p>,
    lower_cases: bool,
    is_flag: bool,
    mixin: Option<Mixin>,
    members: Vec<(String, Value)>,
    /// Maps each member's name to its position in `members`.
    names: HashMap<String, usize>,
    values: ValueIndex,
    /// The highest integer value so far. The value of `auto()` is derived from it.
    last: i128,
    /// Whether an earlier value makes the value of `auto()` depend on the Python version.
    has_odd_value: bool,
}

impl<'p> Reader<'p> {
    fn new(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Self> {
        super::require_unchanged(class)?;
        let mro = mro(program, class)?;
        let computes_values = |class: &Class<'_>| {
            class.def.functions().any(|function| {
                matches!(function.name.as_str(), "__new__" | "__init__" | "_generate_next_value_")
            })
        };
        if mro.iter().any(computes_values) {
            return Err(EvalError::unknown(format!(
                "the enumeration '{}' computes the values of its members",
                class.def.name
            )));
        }
        let mixins = [
            ("str", Mixin::Text),
            ("int", Mixin::Integer),
            ("enum.IntEnum", Mixin::Integer),
            ("float", Mixin::Float),
        ];
        let mixin = mixins.iter().find(|(base, _)| has_base(program, &mro, base)).map(|(_, mixin)| *mixin);
        Ok(Self {
            program,
            class,
            lower_cases: has_base(program, &mro, "enum.StrEnum"),
            is_flag: is_flag(program, &mro),
            mixin,
            members: Vec::new(),
            names: HashMap::new(),
            values: ValueIndex::default(),
            last: 0,
            has_odd_value: false,
        })
    }

    fn read(mut self) -> EvalResult<Vec<(String, Value)>> {
        for binding in &self.class.def.body.bindings {
            let expr = match &binding.bound {
                Bound::Value(expr) if !binding.name.starts_with('_') => expr,
                Bound::Unknowable(why) => {
                    return Err(EvalError::unknown(format!(
                        "'{}' cannot be determined: {why}",
                        binding.name
                    )));
                }
                Bound::Class(_) => {
                    return Err(EvalError::unknown(
                        "a class inside an enumeration is a member only in some Python versions",
                    ));
                }
                _ => continue,
            };
            if binding.annotation.is_some() {
                return Err(EvalError::unknown("a member of the enumeration has an annotation"));
            }
            let value = self.value(binding, expr)?;
            self.add(&binding.name, value);
        }
        Ok(self.members)
    }

    fn value(&mut self, binding: &Binding, expr: &'p Expr) -> EvalResult<Value> {
        let value = if is_auto(self.program, self.class, expr) {
            self.next_number(&binding.name)?
        } else {
            let earlier = |name: &str| self.names.get(name).map(|position| self.members[*position].1.clone());
            evaluate::evaluate_with(self.program, self.class.scope_at(binding.at), &earlier, expr)?
        };
        self.converted(value)
    }

    /// Converts an assigned value to the value of a member. Later values of `auto()` depend on the value.
    fn converted(&mut self, value: Value) -> EvalResult<Value> {
        match value {
            Value::Int(number) => self.last = self.last.max(number),
            Value::Bool(_) | Value::Float(_) => self.has_odd_value = true,
            // Functions and classes in the body of an enumeration are not members.
            Value::Opaque => {
                return Err(EvalError::unknown("a member of the enumeration is not a simple value"));
            }
            _ => {}
        }
        mixed_in(value, self.mixin)
    }

    /// Returns the value of `auto()` for the member `name`. The value depends on the name and on the previous values.
    fn next_number(&mut self, name: &str) -> EvalResult<Value> {
        if self.has_odd_value {
            return Err(conversion());
        }
        let next = if self.is_flag { next_bit(self.last) } else { self.last.checked_add(1) };
        self.last = next.ok_or_else(conversion)?;
        Ok(if self.lower_cases { Value::text(name.to_lowercase()) } else { Value::Int(self.last) })
    }

    /// Adds a member to the enumeration.
    ///
    /// A member that equals an earlier member becomes an alias with the earlier value, such as `1` for `True`.
    fn add(&mut self, name: &str, value: Value) {
        let value = match self.values.position(&value) {
            Some(position) => self.members[position].1.clone(),
            None => value,
        };
        self.values.add(&value, self.members.len());
        self.names.insert(name.to_owned(), self.members.len());
        self.members.push((name.to_owned(), value));
    }
}

/// Returns the power of two above the highest set bit of a number, or `None` if it overflows.
fn next_bit(number: i128) -> Option<i128> {
    1_i128.checked_shl(i128::BITS - number.leading_zeros())
}

/// The built-in type to which member values are converted.
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
    EvalError::unknown("the value of an enumeration member is converted to another type")
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

/// Returns the members that iterating over an enumeration yields: all members except aliases.
///
/// # Errors
///
/// Fails for flags, because iterating over them depends on the Python version.
pub(crate) fn distinct_members<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Vec<Value>> {
    if is_flag(program, &mro(program, class)?) {
        return Err(EvalError::unknown("the members of a flag depend on the Python version"));
    }
    let mut seen = ValueIndex::default();
    let mut distinct = Vec::new();
    for (name, value) in members(program, class)?.iter() {
        if seen.position(value).is_none() {
            seen.add(value, distinct.len());
            distinct.push(Value::Member { name: name.clone(), value: Box::new(value.clone()) });
        }
    }
    Ok(distinct)
}

fn is_flag<'p>(program: &'p Program<'p>, lines: &[Class<'p>]) -> bool {
    ["enum.Flag", "enum.IntFlag"].iter().any(|base| has_base(program, lines, base))
}

/// Evaluates an access to an enumeration member: `Class.NAME` or `Class["NAME"]`.
pub(crate) fn member<'p>(program: &'p Program<'p>, class: Class<'p>, name: &str) -> EvalResult<Value> {
    let members = members(program, class)?;
    let found = members.iter().find(|(member, _)| member == name).cloned();
    match found {
        Some((name, value)) => Ok(Value::Member { name, value: Box::new(value) }),
        None => Err(EvalError::unknown(format!(
            "'{name}' is not a member of the enumeration '{}'",
            class.def.name
        ))),
    }
}

/// Evaluates `Class(value)`: returns the enumeration member with this value.
pub(super) fn by_value<'p>(program: &'p Program<'p>, class: Class<'p>, value: &Value) -> EvalResult<Value> {
    let members = members(program, class)?;
    let found = members.iter().find(|(_, other)| other.equals(value)).cloned();
    match found {
        Some((name, value)) => Ok(Value::Member { name, value: Box::new(value) }),
        None => Err(EvalError::unknown(format!(
            "the enumeration '{}' has no member with the given value",
            class.def.name
        ))),
    }
}

pub(super) fn definition<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Json> {
    let json = |(_, value): &(String, Value)| {
        encode::default(value)?
            .ok_or_else(|| EvalError::unknown("the value of an enumeration member has no JSON encoding"))
    };
    let values = members(program, class)?.iter().map(json).collect::<EvalResult<Vec<_>>>()?;
    if values.is_empty() {
        return Err(EvalError::unknown(format!("the enumeration '{}' has no members", class.def.name)));
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
