//! Generates the schemas of `Annotated[...]` types, which have metadata such as constraints and a default.

use serde_json::{Map, Value as Json, json};

use super::{
    SchemaBuilder, constraint,
    field::{FieldDefault, FieldInfo, as_field},
};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{self, Value, encode},
    program::{
        entity::Entity,
        scope::Scope,
        syntax::{Call, Expr, ExprKind},
    },
};

/// The JSON schema of an `Annotated[...]` type, together with its metadata.
#[derive(Debug)]
pub(crate) struct Annotated<'p> {
    pub(crate) schema: Json,
    is_decimal: bool,
    pub(crate) default: FieldDefault<'p>,
    pub(crate) alias: Option<String>,
    /// Additional schema keywords, such as `title` and `description`, including keywords from `json_schema_extra`.
    pub(crate) extra: Map<String, Json>,
}

impl<'p> SchemaBuilder<'p> {
    /// Returns the arguments of `Annotated[...]` and their scope, or `None` for other annotations.
    ///
    /// The annotation may also be an alias of an `Annotated[...]` type.
    pub(crate) fn as_annotated(&self, scope: Scope<'p>, expr: &'p Expr) -> Option<(Scope<'p>, &'p Expr)> {
        self.arguments_of("typing.Annotated", scope, expr).or_else(|| {
            // A union with a single member is equivalent to this member.
            let (scope, arguments) = self.arguments_of("typing.Union", scope, expr)?;
            let [only] = arguments.elements() else { return None };
            self.program.descend(|| Ok(self.as_annotated(scope, only))).ok().flatten()
        })
    }

    /// Returns the arguments of `generic[...]` and their scope, or `None` for other expressions.
    ///
    /// The expression may also be an alias of `generic[...]`.
    pub(super) fn arguments_of(
        &self,
        generic: &str,
        scope: Scope<'p>,
        expr: &'p Expr,
    ) -> Option<(Scope<'p>, &'p Expr)> {
        let (scope, expr) = match &expr.kind {
            ExprKind::Name(_) | ExprKind::Attribute(..) => match scope.resolve(self.program, expr).ok()? {
                Entity::Value(alias) if !alias.is_type_alias => (alias.scope, alias.expr),
                _ => return None,
            },
            _ => (scope, expr),
        };
        let (value, arguments) = expr.as_subscript()?;
        (scope.external(self.program, value)? == generic).then_some((scope, arguments))
    }

    /// Returns the schema of an `Annotated[...]` type inside another type, including all metadata.
    pub(super) fn nested_annotated(&mut self, scope: Scope<'p>, arguments: &'p Expr) -> EvalResult<Json> {
        let Annotated { mut schema, extra, default, .. } = self.annotated(scope, arguments)?;
        let drops_extra = arguments.elements().first().is_some_and(|inner| self.drops_extra(scope, inner));
        if let Some(schema) = schema.as_object_mut() {
            if !drops_extra {
                schema.extend(extra);
            }
            match default {
                FieldDefault::Value(value) => {
                    let default = encode::default(&value)?;
                    schema.extend(default.map(|default| ("default".to_owned(), default)));
                }
                FieldDefault::Unknown(error) => self.approximate(error.reason()),
                FieldDefault::Required | FieldDefault::Factory(_) => {}
            }
        }
        Ok(schema)
    }

    /// Returns whether pydantic ignores a type's metadata, as it does for types with a custom schema function.
    fn drops_extra(&self, scope: Scope<'p>, expr: &'p Expr) -> bool {
        let generic = expr.as_subscript().map_or(expr, |(generic, _)| generic);
        let name = scope.external(self.program, generic).unwrap_or_default();
        name.starts_with("ipaddress.")
            || name.starts_with("pydantic.IPvAny")
            || matches!(name.as_str(), "re.Pattern" | "zoneinfo.ZoneInfo")
    }

    pub(crate) fn annotated(&mut self, scope: Scope<'p>, arguments: &'p Expr) -> EvalResult<Annotated<'p>> {
        let Some((inner, metadata)) = arguments.elements().split_first() else {
            return Err(EvalError::unknown("`Annotated` has no arguments"));
        };
        let mut result = if let Some((scope, arguments)) = self.as_annotated(scope, inner) {
            let program = self.program;
            program.descend(|| self.annotated(scope, arguments))?
        } else {
            let schema = match self.discriminated(scope, inner, metadata)? {
                Some(schema) => schema,
                None => self.schema(scope, inner).map_err(|error| match error {
                    // A type that pydantic rejects is valid if a validator replaces its validation.
                    EvalError::Refused(reason) if metadata.iter().any(|it| self.may_validate(scope, it)) => {
                        EvalError::Unknown(reason)
                    }
                    error => error,
                })?,
            };
            let is_decimal = self.is_decimal(scope, inner);
            Annotated { schema, is_decimal, default: FieldDefault::Required, alias: None, extra: Map::new() }
        };
        for item in metadata {
            self.metadata(scope, item, &mut result)?;
        }
        Ok(result)
    }

    /// Returns whether a metadata item of `Annotated[...]` might be a validator.
    fn may_validate(&self, scope: Scope<'p>, item: &'p Expr) -> bool {
        as_field(self.program, scope, item).is_none()
            && !matches!(item.kind, ExprKind::Str(_) | ExprKind::Int(_) | ExprKind::None)
    }

    fn metadata(&mut self, scope: Scope<'p>, item: &'p Expr, result: &mut Annotated<'p>) -> EvalResult<()> {
        if let Some(call) = as_field(self.program, scope, item) {
            let field = FieldInfo::read(self.program, scope, call)?;
            if field.is_strict && result.schema == json!({}) {
                return Err(EvalError::unknown("the effect of `strict` on the type is unknown"));
            }
            self.constrain(&mut result.schema, &field.constraints, result.is_decimal)?;
            if !field.default.is_required() {
                result.default = field.default.clone();
            }
            result.alias = field.validation_alias.or(field.alias).or(result.alias.take());
            result.extra.extend(field.annotations);
            result.extra.extend(field.extra);
            return Ok(());
        }
        let Some(call) = item.as_call() else {
            // Pydantic ignores metadata such as numbers and strings, but other metadata may affect the schema.
            return match evaluate::evaluate(self.program, scope, item) {
                Ok(value) if value != Value::Opaque => Ok(()),
                Ok(_) => Err(EvalError::unknown(format!(
                    "the metadata `{}` of `Annotated` is not supported",
                    scope.text(item)
                ))),
                Err(error) => Err(error),
            };
        };
        let name = scope.external(self.program, &call.function).unwrap_or_default();
        self.metadata_call(scope, &name, call, result)
    }

    fn metadata_call(
        &mut self,
        scope: Scope<'p>,
        name: &str,
        call: &'p Call,
        result: &mut Annotated<'p>,
    ) -> EvalResult<()> {
        let unknown = || {
            EvalError::unknown(format!(
                "the metadata `{}` of `Annotated` is not supported",
                scope.text(&call.function)
            ))
        };
        if call.has_unpacking() {
            return Err(unknown());
        }
        let program = self.program;
        let value = |expr: &'p Expr| evaluate::evaluate(program, scope, expr);
        match name {
            "pydantic.PlainSerializer" | "pydantic.WrapSerializer" | "pydantic.Strict" => Ok(()),
            // A keyword argument may specify the input type, so only calls without keyword arguments are supported.
            "pydantic.AfterValidator" | "pydantic.BeforeValidator" | "pydantic.WrapValidator"
                if call.keywords.is_empty() =>
            {
                Ok(())
            }
            "pydantic.PlainValidator" if call.keywords.is_empty() => {
                result.schema = json!({});
                Ok(())
            }
            "pydantic.WithJsonSchema" => {
                let schema = call.arguments.first().map(value).ok_or_else(unknown)??;
                result.schema = encode::default(&schema)?.ok_or_else(unknown)?;
                Ok(())
            }
            "pydantic.StringConstraints" | "annotated_types.Interval" if call.arguments.is_empty() => {
                let named = |(name, expr): &'p (Option<String>, Expr)| {
                    Ok((name.clone().unwrap_or_default(), value(expr)?))
                };
                let constraints = call.keywords.iter().map(named).collect::<EvalResult<Vec<_>>>()?;
                self.constrain(&mut result.schema, &constraints, result.is_decimal)
            }
            _ => {
                let names: &[&str] = match name.strip_prefix("annotated_types.").ok_or_else(unknown)? {
                    "Gt" => &["gt"],
                    "Ge" => &["ge"],
                    "Lt" => &["lt"],
                    "Le" => &["le"],
                    "MultipleOf" => &["multiple_of"],
                    "MinLen" => &["min_length"],
                    "MaxLen" => &["max_length"],
                    "Len" => &["min_length", "max_length"],
                    _ => return Err(unknown()),
                };
                if call.arguments.len() > names.len() || !call.keywords.is_empty() {
                    return Err(unknown());
                }
                let constraints = names.iter().zip(&call.arguments);
                let constraints = constraints
                    .map(|(name, expr)| Ok(((*name).to_owned(), value(expr)?)))
                    .collect::<EvalResult<Vec<_>>>()?;
                self.constrain(&mut result.schema, &constraints, result.is_decimal)
            }
        }
    }

    /// Returns whether an annotation is `Decimal` or an optional `Decimal`.
    ///
    /// A decimal's schema has the form of a union, so the schema alone cannot distinguish a decimal from a union.
    pub(crate) fn is_decimal(&self, scope: Scope<'p>, expr: &'p Expr) -> bool {
        let program = self.program;
        match (expr.as_subscript(), expr.as_alternatives()) {
            (Some((generic, inner)), _) => {
                scope.external(program, generic).as_deref() == Some("typing.Optional")
                    && self.is_decimal(scope, inner)
            }
            (None, Some((left, right))) => {
                (right.is_none() && self.is_decimal(scope, left))
                    || (left.is_none() && self.is_decimal(scope, right))
            }
            (None, None) => scope.external(program, expr).as_deref() == Some("decimal.Decimal"),
        }
    }

    /// Adds constraints to a schema.
    ///
    /// Omits constraints with an unknown effect, so the schema may accept more values than the type.
    pub(crate) fn constrain(
        &mut self,
        schema: &mut Json,
        constraints: &constraint::Constraints,
        is_decimal: bool,
    ) -> EvalResult<()> {
        for item in constraints {
            match constraint::apply(schema.clone(), &vec![item.clone()], is_decimal) {
                Ok(constrained) => *schema = constrained,
                Err(EvalError::Unknown(reason)) => self.approximate(reason),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Returns the schema of a discriminated union, or `None` if no metadata item specifies a discriminator.
    fn discriminated(
        &mut self,
        scope: Scope<'p>,
        inner: &'p Expr,
        metadata: &'p [Expr],
    ) -> EvalResult<Option<Json>> {
        for item in metadata {
            if let Some(call) = as_field(self.program, scope, item)
                && let Some(discriminator) = FieldInfo::read(self.program, scope, call)?.discriminator
            {
                return self.tagged_union(scope, inner, &discriminator).map(Some);
            }
        }
        Ok(None)
    }

    /// Returns the schema of a discriminated union: a mapping from the values of the discriminator to the
    /// members.
    pub(crate) fn tagged_union(
        &mut self,
        scope: Scope<'p>,
        expr: &'p Expr,
        property: &str,
    ) -> EvalResult<Json> {
        let schema = self.schema(scope, expr)?;
        let unknown = || EvalError::unknown("the discriminator of the union cannot be determined");
        let mut members = schema.get("anyOf").and_then(Json::as_array).cloned().ok_or_else(unknown)?;
        let nothing = json!({"type": "null"});
        let is_optional = members.last() == Some(&nothing);
        if is_optional {
            members.pop();
        }
        let mut mapping: Vec<(String, Json)> = Vec::new();
        for member in &members {
            let tag =
                self.definitions.resolve(member).and_then(|model| model.get("properties")?.get(property));
            let tag = tag.ok_or_else(unknown)?;
            let values = match (tag.get("const"), tag.get("enum").and_then(Json::as_array)) {
                (Some(value), _) => vec![value.clone()],
                (None, Some(values)) => values.clone(),
                (None, None) => return Err(unknown()),
            };
            for value in values {
                let Json::String(value) = value else { return Err(unknown()) };
                mapping.push((value, member["$ref"].clone()));
            }
        }
        let mapping: Map<String, Json> = mapping.into_iter().collect();
        let tagged =
            json!({"discriminator": {"mapping": mapping, "propertyName": property}, "oneOf": members});
        Ok(if is_optional { json!({"anyOf": [tagged, nothing]}) } else { tagged })
    }
}
