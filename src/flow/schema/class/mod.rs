//! Determines the kind, the base classes and the schemas of the project's classes.

mod alias;
mod config;
mod dataclass;
pub(crate) mod enumeration;
pub(crate) mod functional_enum;
mod instance;
mod model;
pub(crate) mod named_tuple;
mod resolution_order;
mod root;
pub(crate) mod settings;
pub(crate) mod typed_dict;

pub(crate) use crate::flow::program::entity::Class;
pub(crate) use instance::instantiate;
pub(crate) use resolution_order::mro;

use serde_json::{Map, Value as Json, json};

use crate::flow::{
    docstring,
    eval_error::{EvalError, EvalResult},
    evaluate::{encode, title as title_case},
    program::{
        Program,
        entity::Entity,
        scope::Scope,
        syntax::{Bound, Certainty, ClassDef, Expr},
    },
    schema::annotation::{
        SchemaBuilder, TypeArguments,
        field::{FieldDefault, FieldInfo},
    },
};

/// A class kind that pydantic distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A class without a pydantic schema. Prefect accepts any value for parameters of this type.
    Plain,
    Enum,
    Model,
    /// A settings class: a model whose fields may be set by environment variables.
    Settings,
    /// A root model: a model with a single value.
    Root,
    Dataclass,
    PydanticDataclass,
    TypedDict,
    NamedTuple,
}

/// Methods that customize the schema of a class or its subclasses.
const HOOKS: [&str; 6] = [
    "__get_pydantic_core_schema__",
    "__get_pydantic_json_schema__",
    "__get_validators__",
    "__modify_schema__",
    "__init_subclass__",
    "__pydantic_init_subclass__",
];

/// Returns the kind of a class.
///
/// # Errors
///
/// Fails if the class is customized in a way that may affect its schema, for example by a metaclass.
pub(crate) fn kind<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Kind> {
    program.memo.kinds.get(class.def, || compute_kind(program, class))
}

fn compute_kind<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Kind> {
    let def = class.def;
    if let Some(hook) = def.functions().find(|function| HOOKS.contains(&function.name.as_str())) {
        return Err(EvalError::unknown(format!(
            "the class '{}' defines the method '{}', which may change its schema",
            def.name, hook.name
        )));
    }
    let mut kind = inherited_kind(program, class)?;
    let mut is_runtime_protocol = false;
    for decorator in &def.decorators {
        let call = decorator.as_call();
        let function = call.map_or(decorator, |call| &call.function);
        match class.scope.external(program, function).as_deref() {
            Some("dataclasses.dataclass") => kind = Some(Kind::Dataclass),
            Some("pydantic.dataclasses.dataclass") => kind = Some(Kind::PydanticDataclass),
            Some("typing.runtime_checkable") => is_runtime_protocol = true,
            Some("enum.unique" | "typing.final" | "functools.total_ordering") => {}
            _ => {
                return Err(EvalError::unknown(format!(
                    "a decorator of the class '{}' is not supported",
                    def.name
                )));
            }
        }
    }
    if !is_runtime_protocol && is_protocol(program, class) {
        return Err(EvalError::Refused(format!(
            "the protocol '{}' cannot be checked at run time because it is not decorated with `runtime_checkable`",
            def.name
        )));
    }
    if let Some((name, _)) =
        def.keywords.iter().find(|(name, _)| name.as_deref().is_none_or(|it| it == "metaclass"))
    {
        let is_abstract = name.is_some()
            && def
                .keyword("metaclass")
                .and_then(|it| class.scope.external(program, it))
                .is_some_and(|it| it == "abc.ABCMeta");
        if !is_abstract {
            return Err(EvalError::unknown(format!("the class '{}' has a metaclass", def.name)));
        }
    }
    Ok(kind.unwrap_or(Kind::Plain))
}

fn is_protocol<'p>(program: &'p Program<'p>, class: Class<'p>) -> bool {
    class.def.bases.iter().any(|base| {
        let base = base.as_subscript().map_or(base, |(generic, _)| generic);
        class.scope.external(program, base).is_some_and(|name| name == "typing.Protocol")
    })
}

/// Returns the kind that a class inherits from its bases, or `None` if all bases are plain classes.
fn inherited_kind<'p>(program: &'p Program<'p>, class: Class<'p>) -> EvalResult<Option<Kind>> {
    let mut kind = None;
    let mut is_primitive = false;
    for base in &class.def.bases {
        let base = base.as_subscript().map_or(base, |(generic, _)| generic);
        let base_kind = match class.scope.resolve(program, base)? {
            Entity::Class(base) => match program.descend(|| self::kind(program, base))? {
                Kind::Plain => None,
                kind => Some(kind),
            },
            Entity::External(name) => match name.as_str() {
                "enum.Enum" | "enum.IntEnum" | "enum.StrEnum" | "enum.Flag" | "enum.IntFlag" => {
                    Some(Kind::Enum)
                }
                "pydantic.BaseModel" => Some(Kind::Model),
                "pydantic.RootModel" => Some(Kind::Root),
                "pydantic_settings.BaseSettings" | "pydantic_settings.main.BaseSettings" => {
                    Some(Kind::Settings)
                }
                "typing.TypedDict" => Some(Kind::TypedDict),
                "typing.NamedTuple" => Some(Kind::NamedTuple),
                "str" | "int" | "float" => {
                    is_primitive = true;
                    None
                }
                "object" | "abc.ABC" | "typing.Protocol" | "typing.Generic" => None,
                _ => {
                    return Err(EvalError::unknown(format!(
                        "the class '{}' inherits from '{name}'",
                        class.def.name
                    )));
                }
            },
            _ => {
                return Err(EvalError::unknown(format!(
                    "a base of the class '{}' cannot be resolved",
                    class.def.name
                )));
            }
        };
        kind = kind.or(base_kind);
    }
    if is_primitive && kind != Some(Kind::Enum) {
        return Err(EvalError::unknown(format!(
            "the class '{}' inherits from a built-in type",
            class.def.name
        )));
    }
    Ok(kind)
}

/// Checks that no statement modifies the class after its definition.
pub(crate) fn require_unchanged(class: Class<'_>) -> EvalResult<()> {
    if class.scope.module.body().mutation(&class.def.name) == Some(Certainty::Certain) {
        return Err(EvalError::unknown(format!(
            "the class '{}' is modified after its definition",
            class.def.name
        )));
    }
    Ok(())
}

/// Returns the schema of a class. The schema becomes a definition.
pub(crate) fn definition<'p>(
    builder: &mut SchemaBuilder<'p>,
    class: Class<'p>,
    kind: Kind,
) -> EvalResult<Json> {
    match kind {
        Kind::Plain => Ok(json!({})),
        Kind::Enum => enumeration::definition(builder.program, class),
        Kind::Model | Kind::Settings | Kind::Root => {
            generic_definition(builder, class, kind, &class.def.name, &TypeArguments::default())
        }
        Kind::Dataclass | Kind::PydanticDataclass => dataclass::definition(builder, class),
        Kind::TypedDict => typed_dict::definition(builder, class),
        Kind::NamedTuple => named_tuple::definition(builder, class),
    }
}

/// Returns the schema of a generic model, with `arguments` in place of the model's type variables.
///
/// `name` is the model's name including the arguments.
pub(crate) fn generic_definition<'p>(
    builder: &mut SchemaBuilder<'p>,
    class: Class<'p>,
    kind: Kind,
    name: &str,
    arguments: &TypeArguments<'p>,
) -> EvalResult<Json> {
    match kind {
        Kind::Root => root::definition(builder, class, name, arguments),
        _ => model::definition(builder, class, name, arguments),
    }
}

/// Returns the cleaned docstring of a class, or `None` if the class has no docstring.
pub(super) fn description(def: &ClassDef) -> Option<String> {
    def.body.docstring.as_deref().filter(|text| !text.is_empty()).map(docstring::clean)
}

/// A field of a model, a dataclass or a typed dictionary.
pub(super) struct Field<'p> {
    pub(super) name: String,
    pub(super) annotation: &'p Expr,
    pub(super) scope: Scope<'p>,
    pub(super) info: FieldInfo<'p>,
    /// Whether the field is an `InitVar`: a constructor argument that is not an instance attribute.
    pub(super) is_init_only: bool,
    /// The arguments for type variables that occur in the annotation.
    pub(super) type_arguments: TypeArguments<'p>,
}

impl<'p> Field<'p> {
    /// Creates a field of a class without type variables.
    pub(super) fn new(name: &str, annotation: &'p Expr, scope: Scope<'p>, info: FieldInfo<'p>) -> Self {
        let type_arguments = TypeArguments::default();
        Self { name: name.to_owned(), annotation, scope, info, is_init_only: false, type_arguments }
    }
}

/// Returns the properties of an object schema for the given fields, and the keys of the required properties.
pub(super) fn properties<'p>(
    builder: &mut SchemaBuilder<'p>,
    fields: &[Field<'p>],
) -> EvalResult<(Map<String, Json>, Vec<String>)> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in fields {
        let described = describe(builder, field)?;
        if described.is_required {
            required.push(described.key.clone());
        }
        properties.insert(described.key, described.schema);
    }
    Ok((properties, required))
}

struct Described {
    key: String,
    schema: Json,
    is_required: bool,
}

fn describe<'p>(builder: &mut SchemaBuilder<'p>, field: &Field<'p>) -> EvalResult<Described> {
    let Field { name, annotation, scope, info, .. } = field;
    let (scope, annotation) = unquoted(*scope, annotation);
    let mut alias = info.validation_alias.clone().or(info.alias.clone());
    let mut default = info.default.clone();
    let mut extra = Map::new();
    let read = builder.with_type_arguments(field.type_arguments.clone(), |builder| {
        field_type(builder, scope, annotation, info, &mut alias, &mut default, &mut extra)
    });
    let mut schema = match read {
        // A field with an unknown type accepts any value and does not affect the other fields.
        Err(EvalError::Unknown(reason)) => {
            builder.approximate(format!("field '{name}': {reason}"));
            json!({})
        }
        Err(EvalError::Undefined(name)) => {
            return Err(EvalError::unknown(format!("the name '{name}' is not defined")));
        }
        other => other?,
    };
    let is_decimal = builder.is_decimal(scope, annotation);
    builder.constrain(&mut schema, &info.constraints, is_decimal)?;
    let key = alias.or(info.generated_alias.clone()).unwrap_or_else(|| name.clone());
    let Some(object) = schema.as_object_mut() else {
        return Err(EvalError::unknown("the JSON schema of a field is not an object"));
    };
    if let Some(text) = &info.docstring {
        object.insert("description".to_owned(), json!(text));
    }
    object.extend(extra);
    object.extend(info.annotations.clone());
    object.extend(info.extra.clone());
    let is_required = default.is_required();
    match default {
        FieldDefault::Value(value) => {
            if let Some(json) = encode::default(&value)? {
                object.insert("default".to_owned(), json);
            }
        }
        FieldDefault::Unknown(error) => {
            builder.approximate(format!("field '{name}': {}", error.reason()));
        }
        FieldDefault::Required | FieldDefault::Factory(_) => {}
    }
    add_title(&mut schema, &key);
    Ok(Described { key, schema, is_required })
}

fn field_type<'p>(
    builder: &mut SchemaBuilder<'p>,
    scope: Scope<'p>,
    annotation: &'p Expr,
    info: &FieldInfo<'p>,
    alias: &mut Option<String>,
    default: &mut FieldDefault<'p>,
    extra: &mut Map<String, Json>,
) -> EvalResult<Json> {
    if let Some((scope, arguments)) = builder.as_annotated(scope, annotation) {
        let annotated = builder.annotated(scope, arguments)?;
        if default.is_required() {
            *default = annotated.default;
        }
        *alias = alias.take().or(annotated.alias);
        *extra = annotated.extra;
        return Ok(annotated.schema);
    }
    match &info.discriminator {
        Some(property) => builder.tagged_union(scope, annotation, property),
        None => builder.schema(scope, annotation),
    }
}

/// Returns an annotation's expression without quotes, and the scope for evaluating the expression.
fn unquoted<'p>(scope: Scope<'p>, annotation: &'p Expr) -> (Scope<'p>, &'p Expr) {
    let postponed = scope.module.body().postponed_annotations;
    match annotation.as_text().and_then(|text| text.as_expression()) {
        Some(expr) => (scope.deferred(), expr),
        None if postponed => (scope.deferred(), annotation),
        None => (scope, annotation),
    }
}

/// Adds a title to the schema of a field unless the schema is a reference or an optional reference.
pub(super) fn add_title(schema: &mut Json, name: &str) {
    let null = json!({"type": "null"});
    let is_reference = |schema: &Json| schema.get("$ref").is_some();
    let optional_reference = schema.get("anyOf").and_then(Json::as_array).is_some_and(|members| {
        members.len() == 2 && members.contains(&null) && members.iter().any(is_reference)
    });
    if is_reference(schema) || optional_reference {
        return;
    }
    if let Some(object) = schema.as_object_mut()
        && !object.contains_key("title")
    {
        object.insert("title".to_owned(), json!(title_of(name)));
    }
}

/// Returns the default title of a field, such as `Size Gb` for the name `size_gb`.
pub(super) fn title_of(name: &str) -> String {
    title_case(name).replace('_', " ").trim().to_owned()
}

/// A name annotated in a class body.
pub(super) struct AnnotatedName<'p> {
    pub(super) name: &'p str,
    pub(super) annotation: &'p Expr,
    pub(super) value: Option<&'p Expr>,
    pub(super) at: usize,
    pub(super) docstring: Option<&'p str>,
}

pub(super) fn annotated_names(def: &ClassDef) -> impl Iterator<Item = AnnotatedName<'_>> {
    def.body.bindings.iter().filter_map(|binding| {
        let value = match &binding.bound {
            Bound::Value(value) => Some(value),
            _ => None,
        };
        Some(AnnotatedName {
            name: &binding.name,
            annotation: binding.annotation.as_ref()?,
            value,
            at: binding.at,
            docstring: binding.docstring.as_deref(),
        })
    })
}
