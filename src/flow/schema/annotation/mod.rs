//! Generates the JSON schemas of annotations, as pydantic 2.14 does for Prefect.

mod annotated;
pub(crate) mod constraint;
mod definitions;
pub(crate) mod field;
mod generic;
pub(crate) mod table;
mod type_arguments;
mod union;

pub(crate) use definitions::{Definitions, Owner};
pub(crate) use generic::{mapping_schema, shared_type};
pub(crate) use type_arguments::{TypeArguments, bind_ancestors};
pub(crate) use union::cannot_be_evaluated;

use serde_json::{Map, Value as Json, json};

use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::Value as Constant,
    program::{
        Program,
        entity::{Assigned, Entity},
        externals,
        scope::Scope,
        syntax::{Call, Expr, ExprKind, LogicalOperator},
    },
    schema::class,
};

/// A builder for the schemas of a flow's parameters. Class schemas become shared definitions.
pub(crate) struct SchemaBuilder<'p> {
    pub(crate) program: &'p Program<'p>,
    pub(crate) definitions: Definitions<'p>,
    /// Reasons why some subschemas accept any value.
    pub(crate) approximations: Vec<String>,
    /// Number of nested classes whose schemas are being built. If nonzero, quoted annotations are resolved in the
    /// class's module.
    pub(crate) class_depth: usize,
    /// The arguments for the type variables of the class whose schema is being built.
    pub(crate) type_arguments: TypeArguments<'p>,
    /// The options of the class whose schema is being built.
    pub(crate) class_options: ClassOptions,
}

/// The effects of a model's options on its fields' schemas.
#[derive(Debug, Default)]
pub(crate) struct ClassOptions {
    /// Whether an option also applies to field types that are classes without their own options.
    pub(crate) are_handed_down: bool,
    /// Whether pydantic rejects fields whose type has no schema. Prefect accepts such types in flow parameters.
    pub(crate) refuses_unknown_types: bool,
    /// The keywords `minLength` and `maxLength` to add to every string schema.
    pub(crate) text_limits: Map<String, Json>,
}

impl<'p> SchemaBuilder<'p> {
    pub(crate) fn new(program: &'p Program<'p>) -> Self {
        Self {
            program,
            definitions: Definitions::default(),
            approximations: Vec::new(),
            class_depth: 0,
            type_arguments: TypeArguments::default(),
            class_options: ClassOptions::default(),
        }
    }

    pub(crate) fn approximate(&mut self, reason: impl Into<String>) {
        self.approximations.push(reason.into());
    }

    /// Returns the JSON schema of an annotation.
    ///
    /// # Errors
    ///
    /// Fails if the schema cannot be determined. See [`EvalError`].
    pub(crate) fn schema(&mut self, scope: Scope<'p>, expr: &'p Expr) -> EvalResult<Json> {
        let program = self.program;
        program.count_annotation()?;
        program.descend(|| self.schema_of(scope, expr))
    }

    fn schema_of(&mut self, scope: Scope<'p>, expr: &'p Expr) -> EvalResult<Json> {
        match &expr.kind {
            ExprKind::None => Ok(json!({"type": "null"})),
            ExprKind::Str(text) => self.quoted(scope, text.as_expression()),
            ExprKind::Name(_) | ExprKind::Attribute(..) => {
                let entity = scope.resolve(self.program, expr)?;
                self.entity(entity)
            }
            ExprKind::Subscript(generic, arguments) => self.generic(scope, expr, generic, arguments),
            ExprKind::Call(call) => self.call(scope, expr, call),
            // Prefect accepts any value for an annotation that is not a type.
            ExprKind::Int(_)
            | ExprKind::Float(_)
            | ExprKind::Bool(_)
            | ExprKind::Ellipsis
            | ExprKind::Bytes(_)
            | ExprKind::List(_)
            | ExprKind::Tuple(_) => Ok(json!({})),
            ExprKind::Dict(_) => Err(EvalError::Refused("a dictionary is not a valid type".to_owned())),
            ExprKind::Logical(operator, operands) => self.logical(scope, expr, *operator, operands),
            _ if expr.as_alternatives().is_some() => self.alternatives(scope, expr),
            _ => Err(unknown(scope, expr)),
        }
    }

    /// Returns the schema of an annotation with `or` or `and`. Its value is one of its operands: `str or None` is `str`.
    fn logical(
        &mut self,
        scope: Scope<'p>,
        expr: &'p Expr,
        operator: LogicalOperator,
        operands: &'p [Expr],
    ) -> EvalResult<Json> {
        let [earlier @ .., last] = operands else { return Err(unknown(scope, expr)) };
        for operand in earlier {
            let is_true = match &operand.kind {
                ExprKind::None => false,
                _ if is_type(self.program, scope, operand) => true,
                _ => return Err(unknown(scope, expr)),
            };
            if operator.is_decided_by(is_true) {
                return self.schema(scope, operand);
            }
        }
        self.schema(scope, last)
    }

    /// Returns the schema of a quoted annotation inside another annotation.
    ///
    /// In a class, the annotation is resolved in the class's module. Otherwise, it is resolved in a Prefect module that
    /// contains the builtins and only a few other names.
    fn quoted(&mut self, scope: Scope<'p>, expr: Option<&'p Expr>) -> EvalResult<Json> {
        let expr = expr.ok_or(EvalError::Untyped)?;
        if self.class_depth > 0 {
            return self.schema(scope.deferred(), expr);
        }
        require_seen_by_prefect(self.program, scope, expr)?;
        self.schema(scope, expr)
    }

    pub(crate) fn entity(&mut self, entity: Entity<'p>) -> EvalResult<Json> {
        match entity {
            Entity::External(name) => match name.as_str() {
                "pydantic.BaseModel" => {
                    self.reference(Owner::External("pydantic.main.BaseModel"), "BaseModel", |_| {
                        Ok(json!({"properties": {}, "title": "BaseModel", "type": "object"}))
                    })
                }
                "pydantic.JsonValue" => {
                    self.reference(Owner::External("pydantic.types.JsonValue"), "JsonValue", |_| {
                        Ok(json!({}))
                    })
                }
                name => self.external(name),
            },
            Entity::Class(class) => self.class(class),
            Entity::Value(value) => self.alias(value),
            // A function is not a type, so Prefect accepts any value for the parameter.
            Entity::Function(function) if function.def.decorators.is_empty() => Ok(json!({})),
            Entity::Constant(Constant::None) => Ok(json!({"type": "null"})),
            Entity::Function(_) | Entity::Module(_) | Entity::Namespace(_) | Entity::Constant(_) => {
                Err(EvalError::unknown("the annotation does not refer to a type"))
            }
        }
    }

    fn class(&mut self, class: class::Class<'p>) -> EvalResult<Json> {
        let kind = class::kind(self.program, class)?;
        class::require_unchanged(class)?;
        if kind == class::Kind::Plain {
            return self.unknown_type(&class.def.name);
        }
        let takes_options =
            matches!(kind, class::Kind::Dataclass | class::Kind::TypedDict | class::Kind::NamedTuple);
        if self.class_options.are_handed_down && takes_options {
            return Err(EvalError::unknown(format!(
                "the schema of '{}' depends on the options of the model that uses it",
                class.def.name
            )));
        }
        if class.def.has_type_parameters {
            return Err(EvalError::unknown(format!(
                "the generic class '{}' is not supported",
                class.def.name
            )));
        }
        self.reference(Owner::Class(class), &class.def.name, |builder| {
            class::definition(builder, class, kind)
        })
    }

    /// Returns the schema of a class without a pydantic schema. The returned schema accepts any value.
    ///
    /// # Errors
    ///
    /// Fails if the class is the type of a model field, because pydantic rejects the model.
    pub(super) fn unknown_type(&self, name: &str) -> EvalResult<Json> {
        if self.class_options.refuses_unknown_types {
            return Err(EvalError::Refused(format!(
                "a model field has the type '{name}', which requires `arbitrary_types_allowed`"
            )));
        }
        Ok(json!({}))
    }

    /// Returns a reference to a definition. The first call for an owner builds the definition with `build`.
    pub(crate) fn reference(
        &mut self,
        owner: Owner<'p>,
        name: &str,
        build: impl FnOnce(&mut Self) -> EvalResult<Json>,
    ) -> EvalResult<Json> {
        if let Some(reference) = self.definitions.reference(owner, name)? {
            return Ok(reference);
        }
        let index = self.definitions.begin(owner, name);
        let refuses_unknown_types = self.class_options.refuses_unknown_types;
        let inner = ClassOptions { refuses_unknown_types, ..ClassOptions::default() };
        let outer = std::mem::replace(&mut self.class_options, inner);
        self.class_depth += 1;
        let schema = self.with_type_arguments(TypeArguments::default(), build);
        self.class_depth -= 1;
        self.class_options = outer;
        self.definitions.finish(index, schema)
    }

    /// Returns the schema of a type alias.
    ///
    /// Supports `JSON = dict[str, Any]`, `UserId = NewType(...)` and `type X = ...`.
    fn alias(&mut self, alias: Assigned<'p>) -> EvalResult<Json> {
        let Assigned { expr, scope, .. } = alias;
        if alias.is_type_alias {
            return self.reference(Owner::Value(alias), alias.name, |builder| builder.schema(scope, expr));
        }
        let Some(call) = expr.as_call() else { return self.schema(scope, expr) };
        if let Some((scope, expr, within)) = self.type_arguments.get(alias) {
            return self.with_type_arguments(within, |builder| builder.schema(scope, expr));
        }
        let name = scope.external(self.program, &call.function);
        match (name.as_deref(), call.arguments.as_slice()) {
            (Some("typing.TypeVar"), [_, constraints @ ..]) => match (call.keyword("bound"), constraints) {
                (Some(bound), []) => self.schema(scope, bound),
                (None, []) if call.keyword("default").is_none() => Ok(json!({})),
                (None, constraints) if call.keyword("default").is_none() => self.union(scope, constraints),
                _ => Err(unknown(scope, expr)),
            },
            (Some("typing.NewType"), [_, target]) => self.schema(scope, target),
            (Some("typing.TypeAliasType"), [name, target]) if call.keywords.is_empty() => {
                let name = name.as_text().ok_or_else(|| unknown(scope, expr))?;
                self.reference(Owner::Value(alias), &name.value, |builder| {
                    builder.schema(scope.deferred(), target)
                })
            }
            (Some("typing.TypedDict"), _) => {
                self.named(alias, call, |builder| class::typed_dict::functional(builder, scope, call))
            }
            (Some("collections.namedtuple"), _) => {
                self.named(alias, call, |_| class::named_tuple::functional(call))
            }
            _ => self.schema(scope, expr),
        }
    }

    /// Returns a reference to a class created by a call. The first argument of the call is the class name.
    fn named(
        &mut self,
        alias: Assigned<'p>,
        call: &'p Call,
        build: impl FnOnce(&mut Self) -> EvalResult<Json>,
    ) -> EvalResult<Json> {
        let name =
            call.arguments.first().and_then(Expr::as_text).ok_or_else(|| unknown(alias.scope, alias.expr))?;
        self.reference(Owner::Value(alias), &name.value, build)
    }
}

/// Returns whether an expression is guaranteed to be a type. All types are true in conditions.
fn is_type<'p>(program: &'p Program<'p>, scope: Scope<'p>, expr: &'p Expr) -> bool {
    let generic = expr.as_subscript().map_or(expr, |(generic, _)| generic);
    match scope.resolve(program, generic) {
        Ok(Entity::Class(class)) => class::kind(program, class).is_ok(),
        Ok(Entity::External(name)) => name.starts_with("typing.") || table::schema(&name).is_some(),
        _ => false,
    }
}

fn unknown(scope: Scope<'_>, expr: &Expr) -> EvalError {
    EvalError::unknown(format!("the annotation `{}` cannot be resolved", scope.text(expr)))
}

impl SchemaBuilder<'_> {
    /// Returns the schema of an external type, with the options of the current class applied.
    fn external(&self, name: &str) -> EvalResult<Json> {
        if table::is_unknown_to_pydantic(name) {
            return self.unknown_type(name);
        }
        let mut schema = external(self.program, name)?;
        if !self.class_options.text_limits.is_empty() {
            self.limit_text(name, &mut schema);
        }
        Ok(schema)
    }

    /// Adds the current class's string length limits to the schema of an external type.
    pub(super) fn limit_text(&self, name: &str, schema: &mut Json) {
        let text = match table::text_of(name, schema) {
            Some(text) => text.as_object_mut(),
            None => None,
        };
        if let Some(text) = text {
            text.extend(self.class_options.text_limits.clone());
        }
    }
}

/// Returns the schema of an external type, regardless of any options.
fn external(program: &Program<'_>, name: &str) -> EvalResult<Json> {
    if let Some(schema) = table::schema(name) {
        return Ok(schema);
    }
    if table::is_array(name) {
        return Ok(json!({"type": "array", "items": {}}));
    }
    if table::is_set(name) {
        return Ok(json!({"type": "array", "items": {}, "uniqueItems": true}));
    }
    if name == "collections.Counter" {
        return Ok(json!({"type": "object", "additionalProperties": {"type": "integer"}}));
    }
    if table::is_mapping(name) {
        return Ok(json!({"type": "object", "additionalProperties": true}));
    }
    if table::accepts_anything(name) {
        return Ok(json!({}));
    }
    match name {
        "collections.abc.Callable" => Err(EvalError::NoSchema),
        "typing.ClassVar" => Err(EvalError::Vanishes),
        // Prefect accepts any value for an annotation that is not a type.
        _ if externals::is_builtin(name) && name.starts_with(|c: char| c.is_ascii_lowercase()) => {
            Ok(json!({}))
        }
        _ => Err(program.outside(&format!("the type '{name}'"), name)),
    }
}

/// Checks that every name in a string annotation has the same meaning in the module where Prefect resolves
/// the annotation.
///
/// This module contains the builtins and only a few other names.
pub(crate) fn require_seen_by_prefect<'p>(
    program: &'p Program<'p>,
    scope: Scope<'p>,
    expr: &'p Expr,
) -> EvalResult<()> {
    let mut result = Ok(());
    names(expr, &mut |name| {
        let is_module =
            |dotted: &str| matches!(scope.lookup(program, name), Ok(Entity::External(it)) if it == dotted);
        let seen = match name {
            _ if externals::is_builtin(name) => Ok(()),
            "typing" | "t" if is_module("typing") => Ok(()),
            "pydantic" if is_module("pydantic") => Ok(()),
            "typing" | "t" | "pydantic" | "inspect" | "V2BaseModel" | "ConfigDict" | "FieldInfo"
            | "TypeAdapter" => Err(EvalError::unknown(format!(
                "'{name}' may have a different meaning in the module where Prefect resolves it"
            ))),
            _ => Err(EvalError::Untyped),
        };
        // If Prefect cannot resolve a single name, the whole annotation is treated as untyped.
        if result.is_ok() || seen == Err(EvalError::Untyped) {
            result = seen;
        }
    });
    result
}

/// Calls `visit` with every name that occurs in an annotation.
pub(crate) fn names<'e>(expr: &'e Expr, visit: &mut impl FnMut(&'e str)) {
    match &expr.kind {
        ExprKind::Name(name) => visit(name),
        ExprKind::Attribute(value, _) | ExprKind::Starred(value) | ExprKind::Unary(_, value) => {
            names(value, visit);
        }
        ExprKind::Subscript(value, index) => {
            names(value, visit);
            names(index, visit);
        }
        ExprKind::Binary(_, left, right) => {
            names(left, visit);
            names(right, visit);
        }
        ExprKind::List(items) | ExprKind::Tuple(items) | ExprKind::Set(items) => {
            for item in items {
                names(item, visit);
            }
        }
        ExprKind::Call(call) => {
            names(&call.function, visit);
            for argument in call.arguments.iter().chain(call.keywords.iter().map(|(_, value)| value)) {
                names(argument, visit);
            }
        }
        _ => {}
    }
}
