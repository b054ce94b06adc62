//! Evaluates expressions that create instances of the project's classes. Such expressions occur as default values.

use super::{
    AnnotatedName, Class, Field, Kind, annotated_names, config, dataclass, enumeration, kind, model, mro,
};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{self, Arguments, Value},
    interpret,
    program::{
        Program,
        entity::Entity,
        scope::Scope,
        syntax::{Expr, ExprKind, FunctionDef},
    },
    schema::annotation::{
        TypeArguments,
        field::{FieldDefault, FieldInfo},
        names,
    },
};

/// Evaluates a class call and returns the instance.
pub(crate) fn instantiate<'p>(
    program: &'p Program<'p>,
    class: Class<'p>,
    arguments: Arguments,
) -> EvalResult<Value> {
    match kind(program, class)? {
        // Pydantic cannot encode instances of other classes.
        Kind::Plain => {
            let defines_truth = |class: &Class<'_>| {
                class.def.functions().any(|it| matches!(it.name.as_str(), "__bool__" | "__len__"))
            };
            if mro(program, class)?.iter().any(defines_truth) {
                Err(unknown(class))
            } else {
                Ok(Value::Opaque)
            }
        }
        Kind::Enum => match (arguments.positional.as_slice(), arguments.named.is_empty()) {
            ([value], true) => enumeration::by_value(program, class, value),
            _ => Err(unknown(class)),
        },
        Kind::Model => {
            let ancestors = mro(program, class)?;
            require_plain_methods(&ancestors)?;
            let config = config::read(program, &ancestors)?;
            let plain = [
                "extra",
                "title",
                "frozen",
                "json_schema_extra",
                "arbitrary_types_allowed",
                "alias_generator",
                "populate_by_name",
            ];
            if config.iter().any(|(name, _)| !plain.contains(&name.as_str()))
                || !arguments.positional.is_empty()
            {
                return Err(unknown(class));
            }
            let fields = model::fields(program, class, &TypeArguments::default(), &config)?;
            let arguments = by_alias(&fields, config::option(&config, "populate_by_name"), arguments);
            object(program, class, &fields, arguments, true).map(Value::Object)
        }
        kind @ (Kind::Dataclass | Kind::PydanticDataclass) => {
            require_plain_methods(&mro(program, class)?)?;
            let fields = dataclass::fields(program, class)?;
            object(program, class, &fields, arguments, kind == Kind::PydanticDataclass).map(Value::Object)
        }
        Kind::NamedTuple => named_tuple(program, class, arguments),
        Kind::Root => Err(unknown(class)),
        Kind::Settings => Err(EvalError::unknown(format!(
            "the class '{}' reads its values from the environment",
            class.def.name
        ))),
        Kind::TypedDict => match (arguments.positional.is_empty(), arguments.named) {
            (true, named) => {
                Ok(Value::Dict(named.into_iter().map(|(name, value)| (Value::Str(name), value)).collect()))
            }
            (false, _) => Err(unknown(class)),
        },
    }
}

/// Fails if a class has a method or decorator that might modify its instances or their serialization.
fn require_plain_methods(ancestors: &[Class<'_>]) -> EvalResult<()> {
    for class in ancestors {
        let changes = |function: &FunctionDef| {
            let plain = ["__str__", "__repr__", "__hash__", "__eq__", "__len__", "__lt__"]
                .contains(&function.name.as_str());
            (function.name.starts_with("__") && !plain) || function.name == "model_post_init"
        };
        if class.def.functions().any(|function| changes(function) || has_unknown_decorator(function)) {
            return Err(EvalError::unknown(format!(
                "the class '{}' has methods that may modify its instances",
                class.def.name
            )));
        }
    }
    Ok(())
}

/// Returns whether a method has a decorator that might modify instances.
///
/// Decorators such as `property` and `staticmethod` only affect how the method is called.
fn has_unknown_decorator(function: &FunctionDef) -> bool {
    function.decorators.iter().any(|decorator| match &decorator.kind {
        ExprKind::Name(name) => {
            !matches!(name.as_str(), "property" | "staticmethod" | "classmethod" | "cached_property")
        }
        _ => true,
    })
}

/// Evaluates an expression that creates an instance of a named tuple.
fn named_tuple<'p>(program: &'p Program<'p>, class: Class<'p>, arguments: Arguments) -> EvalResult<Value> {
    let mut fields = Vec::new();
    for AnnotatedName { name, annotation, value, at, .. } in annotated_names(class.def) {
        let scope = class.scope_at(at);
        let default =
            value.map_or(FieldDefault::Required, |value| FieldDefault::evaluate(program, scope, value));
        let info = FieldInfo { default, ..FieldInfo::default() };
        fields.push(Field::new(name, annotation, scope, info));
    }
    let values = object(program, class, &fields, arguments, false)?;
    Ok(Value::Tuple(values.into_iter().map(|(_, value)| value).collect()))
}

fn unknown(class: Class<'_>) -> EvalError {
    EvalError::unknown(format!("the constructor of '{}' cannot be evaluated", class.def.name))
}

/// Replaces field names in the arguments with aliases if the model accepts arguments by field name.
fn by_alias(fields: &[Field<'_>], populates_by_name: Option<&Value>, mut arguments: Arguments) -> Arguments {
    if populates_by_name == Some(&Value::Bool(true)) {
        for (name, _) in &mut arguments.named {
            if let Some(field) = fields.iter().find(|field| field.name == *name) {
                *name = field.info.key(name);
            }
        }
    }
    arguments
}

/// Returns an instance's encoded fields and their values.
///
/// `converts` specifies whether the class converts its arguments to the field types, as models do.
fn object<'p>(
    program: &'p Program<'p>,
    class: Class<'p>,
    fields: &[Field<'p>],
    arguments: Arguments,
    converts: bool,
) -> EvalResult<Vec<(String, Value)>> {
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
            Some(value) if !converts || stays(program, field.scope, &value, field.annotation) => value,
            Some(_) => return Err(unknown(class)),
            None => match &field.info.default {
                FieldDefault::Value(value) if encodes_plainly(value, field) => value.clone(),
                FieldDefault::Value(value) => {
                    encoded(program, field.scope, value, field.annotation).ok_or_else(|| unknown(class))?
                }
                FieldDefault::Factory(factory) => factory_default(program, class, factory)?,
                _ => return Err(unknown(class)),
            },
        };
        if !field.is_init_only && !field.info.is_excluded {
            values.push((field.info.encoded_key(&field.name), value));
        }
    }
    if named.is_empty() { Ok(values) } else { Err(unknown(class)) }
}

/// Types whose values are encoded according to the value's type instead of the field's type.
const PLAIN: [&str; 21] = [
    "str",
    "int",
    "bool",
    "float",
    "bytes",
    "list",
    "dict",
    "tuple",
    "set",
    "List",
    "Dict",
    "Any",
    "Optional",
    "Union",
    "Sequence",
    "date",
    "datetime",
    "time",
    "timedelta",
    "Path",
    "UUID",
];

/// Returns whether the encoding of a default value depends only on the value's type.
///
/// Pydantic does not validate defaults, but the field's type may determine the encoding. For example, the
/// default `3` is encoded as `3.0` in a field of type `float`.
fn encodes_plainly(value: &Value, field: &Field<'_>) -> bool {
    let is_empty = match value {
        Value::List(items) | Value::Tuple(items) => items.is_empty(),
        Value::Dict(items) => items.is_empty(),
        Value::None => true,
        _ => false,
    };
    // The encoder for secrets does not accept other values.
    if is_empty && !field.scope.text(field.annotation).contains("Secret") {
        return true;
    }
    if literals(field).is_some_and(|literals| literals.contains(value)) {
        return true;
    }
    if has_quotes(field.annotation) {
        return false;
    }
    let (mut is_plain, mut has_float, mut is_secret) = (true, false, false);
    names(field.annotation, &mut |name| {
        is_plain &= PLAIN.contains(&name);
        has_float |= name == "float";
        is_secret |= name.starts_with("Secret");
    });
    match value {
        Value::None | Value::Member { .. } | Value::Object(_) => !is_secret,
        _ => is_plain && !(has_float && has_integer(value)),
    }
}

/// Returns whether an annotation contains a quoted annotation.
fn has_quotes(annotation: &Expr) -> bool {
    match &annotation.kind {
        ExprKind::Str(_) => true,
        ExprKind::Subscript(generic, arguments) => has_quotes(generic) || has_quotes(arguments),
        ExprKind::Tuple(items) | ExprKind::List(items) => items.iter().any(has_quotes),
        ExprKind::Binary(_, left, right) => has_quotes(left) || has_quotes(right),
        _ => false,
    }
}

/// Returns the values of an annotation such as `Literal["a", "b"]`, or `None` for other annotations.
fn literals(field: &Field<'_>) -> Option<Vec<Value>> {
    let (generic, arguments) = field.annotation.as_subscript()?;
    let ExprKind::Name(name) = &generic.kind else { return None };
    let texts = || arguments.elements().iter().map(|it| it.as_text().map(|text| Value::text(&text.value)));
    if name == "Literal" { texts().collect() } else { None }
}

fn has_integer(value: &Value) -> bool {
    match value {
        Value::Int(_) => true,
        Value::List(items) | Value::Tuple(items) | Value::Set(items) => items.iter().any(has_integer),
        Value::Dict(items) => items.iter().any(|(key, value)| has_integer(key) || has_integer(value)),
        _ => false,
    }
}

/// Returns whether a value already has the annotated type, so that validation does not change the value.
fn stays<'p>(program: &'p Program<'p>, scope: Scope<'p>, value: &Value, annotation: &'p Expr) -> bool {
    let stays_as = |value: &Value, annotation: &'p Expr| stays(program, scope, value, annotation);
    if let Some((left, right)) = annotation.as_alternatives() {
        return stays_as(value, left) || stays_as(value, right);
    }
    if annotation.is_none() {
        return *value == Value::None;
    }
    let (generic, arguments) =
        annotation.as_subscript().map_or((annotation, None), |(generic, of)| (generic, Some(of)));
    let name = match scope.resolve(program, generic) {
        Ok(Entity::External(name)) => name,
        Ok(Entity::Class(class)) => {
            return match value {
                Value::Member { .. } => kind(program, class) == Ok(Kind::Enum),
                Value::Object(fields) => has_fields(program, class, fields),
                _ => false,
            };
        }
        _ => return false,
    };
    match (name.as_str(), value, arguments.map(Expr::elements)) {
        ("typing.Any", _, None)
        | ("int", Value::Int(_), None)
        | ("str", Value::Str(_), None)
        | ("bool", Value::Bool(_), None)
        | ("float", Value::Float(_), None)
        | ("list", Value::List(_), None)
        | ("dict", Value::Dict(_), None)
        | ("pathlib.Path", Value::Path(_), None)
        | ("datetime.datetime", Value::DateTime(_), None)
        | ("datetime.date", Value::Date(_), None)
        | ("datetime.time", Value::Time(_), None)
        | ("datetime.timedelta", Value::Delta(_), None)
        | ("pydantic.SecretStr" | "pydantic.SecretBytes", Value::Secret { .. }, None) => true,
        ("typing.Optional", value, Some([inner])) => *value == Value::None || stays_as(value, inner),
        ("typing.Union", value, Some(members)) => members.iter().any(|member| stays_as(value, member)),
        ("typing.Literal", Value::Str(text), Some(literals)) => {
            literals.iter().any(|literal| literal.as_text().is_some_and(|it| it.value == *text))
        }
        ("list", Value::List(items), Some([inner])) => items.iter().all(|item| stays_as(item, inner)),
        ("dict", Value::Dict(items), Some([key, value_type])) => {
            items.iter().all(|(name, value)| stays_as(name, key) && stays_as(value, value_type))
        }
        _ => false,
    }
}

/// Returns whether an instance's fields are exactly the model's encoded fields.
fn has_fields<'p>(program: &'p Program<'p>, class: Class<'p>, given: &[(String, Value)]) -> bool {
    let fields = || {
        if kind(program, class)? != Kind::Model {
            return Err(unknown(class));
        }
        let config = config::read(program, &mro(program, class)?)?;
        model::fields(program, class, &TypeArguments::default(), &config)
    };
    let Ok(fields) = program.descend(fields) else { return false };
    let shown = fields.iter().filter(|field| !field.info.is_excluded);
    shown.map(|field| field.info.encoded_key(&field.name)).eq(given.iter().map(|(name, _)| name.clone()))
}

/// Converts a default value to the annotated type, as pydantic does when it serializes the value. For example, an
/// integer in a float field becomes a float.
///
/// Returns `None` if the value does not have the annotated type.
pub(super) fn encoded<'p>(
    program: &'p Program<'p>,
    scope: Scope<'p>,
    value: &Value,
    annotation: &'p Expr,
) -> Option<Value> {
    match value {
        Value::Int(_) if scope.external(program, annotation).as_deref() == Some("float") => {
            value.number().map(|number| Value::Float(number.as_float()))
        }
        _ => stays(program, scope, value, annotation).then(|| value.clone()),
    }
}

/// Evaluates a call of a default factory: a lambda expression, a built-in type or a class of the project.
pub(super) fn factory_default<'p>(
    program: &'p Program<'p>,
    class: Class<'p>,
    factory: &'p Expr,
) -> EvalResult<Value> {
    if let ExprKind::Lambda(lambda) = &factory.kind {
        return evaluate::evaluate(program, class.scope_at_end(), &lambda.body);
    }
    match class.scope.external(program, factory).as_deref() {
        Some("list") => Ok(Value::List(Vec::new())),
        Some("dict") => Ok(Value::Dict(Vec::new())),
        Some("set") => Ok(Value::Set(Vec::new())),
        Some("str") => Ok(Value::text("")),
        _ => match class.scope.resolve(program, factory)? {
            Entity::Class(callee) => program.descend(|| instantiate(program, callee, Arguments::default())),
            Entity::Function(function) => {
                interpret::call(program, class.scope_at_end(), (None, function), Arguments::default())
            }
            _ => Err(unknown(class)),
        },
    }
}
