//! Generates the schemas of types with arguments, such as `dict[str, int]` and `Literal["a"]`, and of types created by
//! calls.

use serde_json::{Map, Value as Json, json};

use super::{SchemaBuilder, constraint, table, unknown};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{self, Value, ValueIndex, encode},
    program::{
        entity::Entity,
        scope::Scope,
        syntax::{Call, Expr, ExprKind},
    },
};

impl<'p> SchemaBuilder<'p> {
    /// Returns the schema of a type with arguments: `generic[arguments]`.
    pub(super) fn generic(
        &mut self,
        scope: Scope<'p>,
        expr: &'p Expr,
        generic: &'p Expr,
        arguments: &'p Expr,
    ) -> EvalResult<Json> {
        let name = match scope.resolve(self.program, generic)? {
            Entity::External(name) => name,
            Entity::Class(class) => return self.generic_class(scope, expr, class, arguments),
            _ => {
                return Err(EvalError::unknown(format!(
                    "the generic type `{}` is not supported",
                    scope.text(expr)
                )));
            }
        };
        let elements = arguments.elements();
        let only = || match elements {
            [only] => Ok(only),
            _ => Err(unknown(scope, expr)),
        };
        match name.as_str() {
            "typing.Optional" => self.optional(scope, arguments),
            "typing.Union" => self.union(scope, elements),
            "typing.Literal" => self.literal(scope, arguments),
            "typing.Annotated" => self.nested_annotated(scope, arguments),
            "typing.Final" | "typing.ClassVar" => {
                Err(EvalError::unknown(format!("'{name}' cannot be nested inside another type")))
            }
            "typing.Required"
            | "typing.NotRequired"
            | "typing.ReadOnly"
            | "pydantic.Secret"
            | "pydantic.SerializeAsAny"
            | "pydantic.SkipValidation" => self.schema(scope, only()?),
            // Prefect ignores the types of unpacked keyword arguments.
            "typing.Unpack" => Ok(json!({})),
            "tuple" => self.tuple(scope, arguments),
            "collections.Counter" => self.mapping(scope, only()?, None),
            "pydantic.Json" => self.json_text(scope, only()?),
            "collections.abc.Callable" => Err(EvalError::NoSchema),
            "type" => self.class_of(scope, only()?),
            name if table::accepts_anything(name) => self.unknown_type(name),
            "re.Pattern"
            | "numpy.ndarray"
            | "os.PathLike"
            | "asyncio.Queue"
            | "asyncio.Task"
            | "asyncio.Future"
            | "queue.Queue"
            | "concurrent.futures.Future"
            | "functools.partial"
            | "subprocess.CompletedProcess" => table::schema(&name).ok_or_else(|| unknown(scope, expr)),
            _ => self.collection(scope, expr, &name, elements),
        }
    }

    /// Returns the schema of a collection with element types, such as `list[int]`.
    fn collection(
        &mut self,
        scope: Scope<'p>,
        expr: &'p Expr,
        name: &str,
        elements: &'p [Expr],
    ) -> EvalResult<Json> {
        match (name, elements) {
            ("collections.defaultdict", [key, value]) => {
                self.require_default_factory(scope, value)?;
                self.mapping(scope, key, Some(value))
            }
            ("collections.abc.Generator", [item, ..]) => {
                Ok(json!({"type": "array", "items": self.schema(scope, item)?}))
            }
            (name, [item]) if table::is_array(name) => {
                Ok(json!({"type": "array", "items": self.schema(scope, item)?}))
            }
            (name, [item]) if table::is_set(name) => {
                Ok(json!({"type": "array", "items": self.schema(scope, item)?, "uniqueItems": true}))
            }
            (name, [key, value]) if table::is_mapping(name) => self.mapping(scope, key, Some(value)),
            ("collections.defaultdict" | "collections.abc.Generator", _) => Err(unknown(scope, expr)),
            (name, _) if table::is_array(name) || table::is_set(name) || table::is_mapping(name) => {
                Err(unknown(scope, expr))
            }
            _ => Err(self.program.outside(&format!("the type '{name}'"), name)),
        }
    }

    /// Returns the schema of `type[...]`, which accepts any class.
    ///
    /// # Errors
    ///
    /// Fails if the argument is a generic type, because pydantic rejects it.
    fn class_of(&self, scope: Scope<'p>, of: &'p Expr) -> EvalResult<Json> {
        let generic = of.as_subscript().and_then(|(generic, _)| scope.external(self.program, generic));
        match (of.as_subscript(), generic.as_deref()) {
            (None, _) | (_, Some("typing.Optional" | "typing.Union")) => Ok(json!({})),
            (_, Some("list" | "dict" | "set" | "frozenset" | "tuple")) => Err(EvalError::Refused(format!(
                "the argument of `type` must not be the generic type `{}`",
                scope.text(of)
            ))),
            _ => Err(unknown(scope, of)),
        }
    }

    /// Checks that pydantic can infer the default factory of a `defaultdict` from its value type.
    fn require_default_factory(&self, scope: Scope<'p>, value: &'p Expr) -> EvalResult<()> {
        let generic = value.as_subscript().map_or(value, |(generic, _)| generic);
        let name = match &generic.kind {
            ExprKind::Name(_) | ExprKind::Attribute(..) => scope.external(self.program, generic),
            _ => None,
        };
        match name.as_deref() {
            Some(
                "int"
                | "float"
                | "str"
                | "bool"
                | "tuple"
                | "list"
                | "set"
                | "frozenset"
                | "dict"
                | "collections.abc.Sequence"
                | "collections.abc.MutableSequence"
                | "collections.abc.Set"
                | "collections.abc.MutableSet"
                | "collections.abc.Mapping"
                | "collections.abc.MutableMapping"
                | "collections.OrderedDict"
                | "collections.Counter",
            ) => Ok(()),
            Some(
                "bytes"
                | "typing.Any"
                | "typing.Optional"
                | "typing.Union"
                | "datetime.date"
                | "datetime.datetime"
                | "pathlib.Path"
                | "collections.defaultdict",
            ) => Err(EvalError::Refused(format!(
                "pydantic cannot infer the default factory of a `defaultdict` of `{}`",
                scope.text(value)
            ))),
            _ => Err(unknown(scope, value)),
        }
    }

    /// Returns the schema of `Json[content]`: a string schema with the metadata of the content.
    fn json_text(&mut self, scope: Scope<'p>, content: &'p Expr) -> EvalResult<Json> {
        // Not supported: constraints of pydantic's own types may also apply to the string.
        let name = scope.external(self.program, content).unwrap_or_default();
        if content.as_call().is_some() || name.starts_with("pydantic.") {
            return Err(unknown(scope, content));
        }
        let (content, extra) = match self.as_annotated(scope, content) {
            Some((scope, arguments)) => {
                let annotated = self.annotated(scope, arguments)?;
                if annotated.schema.get("$ref").is_some() && !annotated.extra.is_empty() {
                    return Err(unknown(scope, content));
                }
                (annotated.schema, annotated.extra)
            }
            None => (self.schema(scope, content)?, Map::new()),
        };
        let mut schema = Map::from_iter([
            ("type".to_owned(), json!("string")),
            ("contentMediaType".to_owned(), json!("application/json")),
            ("contentSchema".to_owned(), content),
        ]);
        schema.extend(extra);
        Ok(Json::Object(schema))
    }

    fn tuple(&mut self, scope: Scope<'p>, arguments: &'p Expr) -> EvalResult<Json> {
        let elements = arguments.elements();
        if let [item, dots] = elements
            && dots.is_ellipsis()
        {
            return Ok(json!({"type": "array", "items": self.schema(scope, item)?}));
        }
        let items = elements.iter().map(|item| self.schema(scope, item)).collect::<EvalResult<Vec<_>>>()?;
        let mut schema = json!({"type": "array", "maxItems": items.len(), "minItems": items.len()});
        if !items.is_empty() {
            schema["prefixItems"] = Json::Array(items);
        }
        Ok(schema)
    }

    /// Returns the schema of a mapping type, or of `collections.Counter` if `value` is `None`.
    fn mapping(&mut self, scope: Scope<'p>, key: &'p Expr, value: Option<&'p Expr>) -> EvalResult<Json> {
        let key = self.schema(scope, key)?;
        let value = value.map_or(Ok(json!({"type": "integer"})), |value| self.schema(scope, value))?;
        Ok(mapping_schema(key, value))
    }

    fn literal(&mut self, scope: Scope<'p>, arguments: &'p Expr) -> EvalResult<Json> {
        let mut written = Vec::new();
        self.literals(scope, arguments, &mut written)?;
        let plain = written.into_iter().map(|value| match value {
            Value::Member { value, .. } => *value,
            value => value,
        });
        literal_schema(&distinct_literals(plain))
    }

    /// Appends the values of a `Literal[...]` type to `values`. Expands nested `Literal` types and aliases.
    pub(super) fn literals(
        &self,
        scope: Scope<'p>,
        arguments: &'p Expr,
        values: &mut Vec<Value>,
    ) -> EvalResult<()> {
        for element in arguments.elements() {
            if let Some((scope, nested)) = self.arguments_of("typing.Literal", scope, element) {
                let program = self.program;
                program.descend(|| self.literals(scope, nested, values))?;
                continue;
            }
            values.push(evaluate::evaluate(self.program, scope, element)?);
        }
        *values = distinct_literals(std::mem::take(values));
        Ok(())
    }

    /// Returns the schema of a type that is created by a call, such as `conint(gt=0)`.
    pub(super) fn call(&mut self, scope: Scope<'p>, expr: &'p Expr, call: &'p Call) -> EvalResult<Json> {
        let name = scope.external(self.program, &call.function).ok_or_else(|| unknown(scope, expr))?;
        let keyword = |(name, value): &'p (Option<String>, Expr)| {
            let name = name.clone().ok_or_else(|| unknown(scope, expr))?;
            Ok((name, evaluate::evaluate(self.program, scope, value)?))
        };
        let constraints = call.keywords.iter().map(keyword).collect::<EvalResult<Vec<_>>>()?;
        let is_decimal = name == "pydantic.condecimal";
        let mut base = match (name.as_str(), call.arguments.as_slice()) {
            ("pydantic.constr", []) => json!({"type": "string"}),
            ("pydantic.conint", []) => json!({"type": "integer"}),
            ("pydantic.confloat", []) => json!({"type": "number"}),
            ("pydantic.conbytes", []) => json!({"type": "string", "format": "binary"}),
            ("pydantic.conlist", [item]) => json!({"type": "array", "items": self.schema(scope, item)?}),
            ("pydantic.conset" | "pydantic.confrozenset", [item]) => {
                json!({"type": "array", "items": self.schema(scope, item)?, "uniqueItems": true})
            }
            ("pydantic.condecimal", []) => {
                table::schema("decimal.Decimal").ok_or_else(|| unknown(scope, expr))?
            }
            ("pydantic.condate", []) => json!({"type": "string", "format": "date"}),
            _ => return Err(unknown(scope, expr)),
        };
        self.limit_text(&name, &mut base);
        constraint::apply(base, &constraints, is_decimal)
    }
}

/// Returns the schema of a mapping with the given schemas for its keys and values.
pub(crate) fn mapping_schema(mut key: Json, mut value: Json) -> Json {
    if let Some(value) = value.as_object_mut() {
        value.remove("title");
    }
    let mut schema = Map::from_iter([("type".to_owned(), json!("object"))]);
    let is_reference = key.get("$ref").is_some();
    let pattern = key.as_object_mut().filter(|_| !is_reference).and_then(|key| key.remove("pattern"));
    if let Some(Json::String(pattern)) = pattern {
        schema.insert("patternProperties".to_owned(), json!({pattern: value}));
    } else {
        let anything = value.as_object().is_some_and(Map::is_empty);
        schema.insert("additionalProperties".to_owned(), if anything { json!(true) } else { value });
    }
    if let Some(key) = key.as_object_mut()
        && (is_reference || (key.get("type") == Some(&json!("string")) && key.len() > 1))
    {
        key.remove("type");
        schema.insert("propertyNames".to_owned(), Json::Object(key.clone()));
    }
    Json::Object(schema)
}

/// Removes duplicate values of a `Literal`. Values of different types are distinct, even `1` and `True`.
fn distinct_literals(values: impl IntoIterator<Item = Value>) -> Vec<Value> {
    let mut seen: Vec<(std::mem::Discriminant<Value>, ValueIndex)> = Vec::new();
    let is_new = |value: &Value| {
        let kind = std::mem::discriminant(value);
        let position = seen.iter().position(|(other, _)| *other == kind).unwrap_or_else(|| {
            seen.push((kind, ValueIndex::default()));
            seen.len() - 1
        });
        seen[position].1.add(value, 0)
    };
    values.into_iter().filter(is_new).collect()
}

/// Returns the schema of a `Literal` type: `const` for a single value, `enum` otherwise.
pub(crate) fn literal_schema(values: &[Value]) -> EvalResult<Json> {
    let encode = |value: &Value| {
        encode::default(value)?.ok_or_else(|| EvalError::unknown("a value of `Literal` has no JSON encoding"))
    };
    let values = values.iter().map(encode).collect::<EvalResult<Vec<_>>>()?;
    let mut schema = Map::new();
    if let Some(kind) = shared_type(&values) {
        schema.insert("type".to_owned(), json!(kind));
    }
    match values.as_slice() {
        [value] => schema.insert("const".to_owned(), value.clone()),
        _ => schema.insert("enum".to_owned(), Json::Array(values)),
    };
    Ok(Json::Object(schema))
}

/// Returns the JSON schema type shared by all values, or `None` if their types differ.
pub(crate) fn shared_type(values: &[Json]) -> Option<&'static str> {
    let kind = |value: &Json| match value {
        Json::Null => Some("null"),
        Json::Bool(_) => Some("boolean"),
        Json::Number(number) if number.is_f64() => Some("number"),
        Json::Number(_) => Some("integer"),
        Json::String(_) => Some("string"),
        Json::Array(_) => Some("array"),
        Json::Object(_) => None,
    };
    let first = kind(values.first()?)?;
    values.iter().all(|value| kind(value) == Some(first)).then_some(first)
}
