//! Generates the schemas of the standard library's and pydantic's dataclasses.

use serde_json::Value as Json;

use super::{
    AnnotatedName, Class, Field, Kind, annotated_names,
    config::{Config, option},
    kind, model, mro, properties,
};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{self, Value, encode},
    program::{
        Program,
        scope::Scope,
        syntax::{Bound, Call, Expr},
    },
    schema::annotation::{
        SchemaBuilder,
        field::{FieldDefault, FieldInfo, as_field},
    },
};

pub(super) fn definition<'p>(builder: &mut SchemaBuilder<'p>, class: Class<'p>) -> EvalResult<Json> {
    let config = config(builder.program, class)?;
    if kind(builder.program, class)? == Kind::PydanticDataclass {
        let allows = option(&config, "arbitrary_types_allowed") == Some(&Value::Bool(true));
        builder.class_options.refuses_unknown_types = !allows;
    }
    let fields = fields(builder.program, class)?;
    let (properties, required) = properties(builder, &fields)?;
    model::finish(class, &class.def.name, properties, &required, &config)
}

/// Returns the fields of a dataclass, base classes first.
///
/// A field that overrides a field of a base class keeps the original position.
pub(super) fn fields<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Vec<Field<'p>>> {
    let mut fields: Vec<Field<'p>> = Vec::new();
    for ancestor in mro(program, class)?.iter().rev() {
        // The annotated names of a class are fields only if the class itself is decorated.
        if !is_decorated(program, *ancestor) {
            continue;
        }
        for binding in &ancestor.def.body.bindings {
            if let Bound::Unknowable(why) = &binding.bound {
                return Err(EvalError::unknown(format!("'{}' cannot be determined: {why}", binding.name)));
            }
        }
        for name in annotated_names(ancestor.def) {
            let Some(field) = field(program, *ancestor, &name)? else { continue };
            match fields.iter_mut().find(|other| other.name == field.name) {
                Some(slot) => *slot = field,
                None => fields.push(field),
            }
        }
    }
    Ok(fields)
}

fn is_decorated<'p>(program: &'p Program<'p>, class: Class<'p>) -> bool {
    class.def.decorators.iter().any(|decorator| {
        let function = decorator.as_call().map_or(decorator, |call| &call.function);
        let name = class.scope.external(program, function);
        matches!(name.as_deref(), Some("dataclasses.dataclass" | "pydantic.dataclasses.dataclass"))
    })
}

fn field<'p>(
    program: &'p Program<'p>,
    class: Class<'p>,
    name: &AnnotatedName<'p>,
) -> EvalResult<Option<Field<'p>>> {
    let scope = class.scope_at(name.at);
    let generic = name.annotation.as_subscript();
    let wrapper = generic.and_then(|(generic, _)| scope.external(program, generic));
    let annotation = match (wrapper.as_deref(), generic) {
        (Some("typing.ClassVar"), _) => return Ok(None),
        (Some("dataclasses.InitVar"), Some((_, inner))) => inner,
        _ => name.annotation,
    };
    if scope.external(program, annotation).as_deref() == Some("dataclasses.KW_ONLY") {
        return Ok(None);
    }
    let info = name.value.map_or(Ok(FieldInfo::default()), |value| field_info(program, scope, value))?;
    let is_init_only = wrapper.as_deref() == Some("dataclasses.InitVar");
    Ok(Some(Field { is_init_only, ..Field::new(name.name, annotation, class.scope_at(name.at + 1), info) }))
}

fn field_info<'p>(program: &'p Program<'p>, scope: Scope<'p>, value: &'p Expr) -> EvalResult<FieldInfo<'p>> {
    if let Some(call) = as_field(program, scope, value) {
        return FieldInfo::read(program, scope, call);
    }
    match value.as_call() {
        Some(call) if scope.external(program, &call.function).as_deref() == Some("dataclasses.field") => {
            dataclass_field(program, scope, call)
        }
        _ => Ok(FieldInfo { default: FieldDefault::evaluate(program, scope, value), ..FieldInfo::default() }),
    }
}

/// Reads a call such as `field(default=1, metadata={"description": "..."})`.
fn dataclass_field<'p>(
    program: &'p Program<'p>,
    scope: Scope<'p>,
    call: &'p Call,
) -> EvalResult<FieldInfo<'p>> {
    if call.has_unpacking() {
        return Err(EvalError::unknown("a call of `field` with unpacked arguments cannot be evaluated"));
    }
    let mut info = FieldInfo::default();
    if let Some(default) = call.keyword("default") {
        info.default = FieldDefault::evaluate(program, scope, default);
    }
    if let Some(factory) = call.keyword("default_factory") {
        info.default = FieldDefault::Factory(factory);
    }
    if let Some(metadata) = call.keyword("metadata") {
        let Value::Dict(items) = evaluate::evaluate(program, scope, metadata)? else {
            return Err(EvalError::unknown("the `metadata` of a field is not a dictionary"));
        };
        for (name, value) in items {
            if let (Value::Str(name), Some(json)) = (name, encode::default(&value)?)
                && matches!(name.as_str(), "title" | "description")
            {
                info.annotations.insert(name, json);
            }
        }
    }
    Ok(info)
}

/// Reads the options from the argument `config=ConfigDict(...)` of the dataclass decorator.
fn config<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Config> {
    let mut config = Config::new();
    for call in class.def.decorators.iter().filter_map(Expr::as_call) {
        let Some(options) = call.keyword("config") else { continue };
        let Some(options) = options.as_call().filter(|options| options.arguments.is_empty()) else {
            let reason =
                format!("the `config` of the dataclass '{}' is not a `ConfigDict(...)` call", class.def.name);
            return Err(EvalError::unknown(reason));
        };
        for (name, value) in &options.keywords {
            match name.as_deref() {
                Some(
                    name @ ("extra" | "title" | "frozen" | "validate_assignment" | "arbitrary_types_allowed"),
                ) => {
                    config.push((name.to_owned(), evaluate::evaluate(program, class.scope, value)?));
                }
                Some(name) => {
                    let reason = format!("the effect of the dataclass option '{name}' is unknown");
                    return Err(EvalError::unknown(reason));
                }
                None => {
                    return Err(EvalError::unknown("the dataclass configuration contains `**` arguments"));
                }
            }
        }
    }
    if class.def.body.bindings.iter().any(|binding| binding.name == "__pydantic_config__") {
        return Err(EvalError::unknown("the attribute `__pydantic_config__` is not supported"));
    }
    Ok(config)
}
