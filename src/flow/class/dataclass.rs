//! Dataclasses of the standard library and of pydantic.

use serde_json::Value as Json;

use super::{
    Class, Field, annotated_names,
    model::{self, Config},
    properties,
};
use crate::flow::{
    annotation::{
        SchemaBuilder,
        field::{FieldDefault, FieldInfo, as_field},
    },
    constant::{self, Value, encode},
    obstacle::{Known, Obstacle},
    program::Program,
    scope::Scope,
    syntax::{Bound, Call, Expr},
};

pub(super) fn definition<'p>(builder: &mut SchemaBuilder<'p, '_>, class: Class<'p>) -> Known<Json> {
    let config = config(builder.program, class)?;
    let fields = fields(builder.program, class)?;
    let (properties, required) = properties(builder, &fields, None)?;
    model::finish(class, properties, required, &config)
}

/// The fields of a dataclass, in order.
pub(super) fn fields<'p>(program: &'p Program<'_>, class: Class<'p>) -> Known<Vec<Field<'p>>> {
    if class.def.bases.iter().any(|base| class.scope.external(program, base).as_deref() != Some("object")) {
        return Err(Obstacle::unknown(format!("'{}' is a dataclass with bases", class.def.name)));
    }
    if class.def.body.bindings.iter().any(|binding| matches!(binding.bound, Bound::Unknowable(_))) {
        return Err(Obstacle::unknown(format!("the body of '{}' is not plain", class.def.name)));
    }
    let mut fields = Vec::new();
    for (name, annotation, value, at) in annotated_names(class.def) {
        let scope = class.scope_at(at);
        let generic = annotation.as_subscript();
        let wrapper = generic.and_then(|(generic, _)| scope.external(program, generic));
        let annotation = match (wrapper.as_deref(), generic) {
            (Some("typing.ClassVar"), _) => continue,
            (Some("dataclasses.InitVar"), Some((_, inner))) => inner,
            _ => annotation,
        };
        if scope.external(program, annotation).as_deref() == Some("dataclasses.KW_ONLY") {
            continue;
        }
        let info = value.map_or(Ok(FieldInfo::default()), |value| field_info(program, scope, value))?;
        let is_init_only = wrapper.as_deref() == Some("dataclasses.InitVar");
        let scope = class.scope_at(at + 1);
        fields.push(Field { name: name.to_owned(), annotation, scope, info, is_init_only });
    }
    Ok(fields)
}

fn field_info<'p>(program: &'p Program<'_>, scope: Scope<'p>, value: &'p Expr) -> Known<FieldInfo<'p>> {
    if let Some(call) = as_field(program, scope, value) {
        return FieldInfo::read(program, scope, call);
    }
    match value.as_call() {
        Some(call) if scope.external(program, &call.function).as_deref() == Some("dataclasses.field") => {
            dataclass_field(program, scope, call)
        }
        _ => Ok(FieldInfo { default: FieldDefault::of(program, scope, value), ..FieldInfo::default() }),
    }
}

/// `field(default=..., metadata={"description": ...})`.
fn dataclass_field<'p>(program: &'p Program<'_>, scope: Scope<'p>, call: &'p Call) -> Known<FieldInfo<'p>> {
    if call.has_unpacking() {
        return Err(Obstacle::unknown("the arguments of `field` are unpacked"));
    }
    let mut info = FieldInfo::default();
    if let Some(default) = call.keyword("default") {
        info.default = FieldDefault::of(program, scope, default);
    }
    if let Some(factory) = call.keyword("default_factory") {
        info.default = FieldDefault::Factory(factory);
    }
    if let Some(metadata) = call.keyword("metadata") {
        let Value::Dict(items) = constant::evaluate(program, scope, metadata)? else {
            return Err(Obstacle::unknown("the metadata of a field are not a dictionary"));
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

/// The options that a decorator gives as `config=ConfigDict(...)`.
fn config<'p>(program: &'p Program<'_>, class: Class<'p>) -> Known<Config> {
    let mut config = Config::new();
    for call in class.def.decorators.iter().filter_map(Expr::as_call) {
        let Some(options) = call.keyword("config") else { continue };
        let Some(options) = options.as_call().filter(|options| options.arguments.is_empty()) else {
            return Err(Obstacle::unknown("the options of a dataclass are not written out"));
        };
        for (name, value) in &options.keywords {
            match name.as_deref() {
                Some(
                    name @ ("extra" | "title" | "frozen" | "validate_assignment" | "arbitrary_types_allowed"),
                ) => {
                    config.push((name.to_owned(), constant::evaluate(program, class.scope, value)?));
                }
                _ => return Err(Obstacle::unknown("what an option of a dataclass does is not known")),
            }
        }
    }
    if class.def.body.bindings.iter().any(|binding| binding.name == "__pydantic_config__") {
        return Err(Obstacle::unknown("the options of a dataclass are not known"));
    }
    Ok(config)
}
