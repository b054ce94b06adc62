//! Builds a flow's parameter schema from its signature.

use serde_json::{Map, Value as Json, json};

use super::{
    Flow, Grade, Reason,
    decorator::{Definition, Options, Setting},
    docstring,
    error::FlowError,
    eval_error::{EvalError, EvalResult},
    evaluate::{Value, encode},
    parameter_names,
    program::{
        Program,
        entity::Function,
        scope::Scope,
        syntax::{Expr, Parameter, ParameterKind},
    },
    schema::annotation::{
        SchemaBuilder,
        field::{FieldDefault, FieldInfo, as_field},
        mapping_schema, require_seen_by_prefect,
    },
    string_annotations::{StringAnnotations, evaluation_scope, quoted},
};
use crate::{diagnostics::Place, names::FORBIDDEN_CHARACTERS};

/// Builds a flow from its definition.
///
/// # Errors
///
/// Fails if Prefect would reject the flow on import, or if the flow's name cannot be determined.
pub(super) fn read<'p>(program: &'p Program<'p>, definition: &Definition<'p>) -> Result<Flow, FlowError> {
    let Definition { function, options, file_of } = definition;
    let place = function.scope.module.file.place(function.def.span);
    let name = name(function, options, &place)?;
    let mut reasons = Vec::new();
    let text = function.def.docstring.as_deref().map(docstring::clean);
    let description = match &options.description {
        Setting::Absent => text.clone(),
        Setting::Text(text) => Some(text.clone()),
        setting => unknown_setting("description", setting, &mut reasons),
    };
    let version = match &options.version {
        Setting::Absent => Some(file_of.file.md5.clone()),
        Setting::Text(version) => Some(version.clone()),
        Setting::NotText => {
            let reason = "the option `version` of `@flow` is not a string".to_owned();
            return Err(FlowError::Refused { function: function.def.name.clone(), reason, place });
        }
        setting @ Setting::Unknown(_) => unknown_setting("version", setting, &mut reasons),
    };
    let signature = Signature {
        function: *function,
        accepts_any_name: options.accepts_any_name,
        strings: StringAnnotations::for_function(program, *function),
        descriptions: text.as_deref().map(docstring::parameters).unwrap_or_default(),
        builder: SchemaBuilder::new(program),
        properties: Map::new(),
        required: Vec::new(),
        reasons,
        place: place.clone(),
    };
    let (parameters, reasons) = signature.schema()?;
    let grade = if reasons.is_empty() { Grade::Exact } else { Grade::Approximate };
    Ok(Flow {
        name,
        description,
        version,
        parameters: parameters.into(),
        grade,
        reasons,
        warnings: Vec::new(),
        place,
    })
}

fn name(function: &Function<'_>, options: &Options, place: &Place) -> Result<String, FlowError> {
    let function = &function.def.name;
    let name = match &options.name {
        Setting::Absent => function.replace('_', "-"),
        Setting::Text(name) => name.clone(),
        Setting::NotText => {
            let reason = "the option `name` of `@flow` is not a string".to_owned();
            return Err(FlowError::Refused { function: function.clone(), reason, place: place.clone() });
        }
        Setting::Unknown(reason) => {
            let reason = reason.clone();
            return Err(FlowError::NameUnknown { function: function.clone(), reason, place: place.clone() });
        }
    };
    if name.contains(FORBIDDEN_CHARACTERS) {
        return Err(FlowError::InvalidName { name, place: place.clone() });
    }
    Ok(name)
}

fn unknown_setting(what: &str, setting: &Setting, reasons: &mut Vec<Reason>) -> Option<String> {
    let reason = match setting {
        Setting::Unknown(reason) => format!("the flow's {what} is unknown: {reason}"),
        _ => format!("the flow's {what} is not a string"),
    };
    reasons.push(Reason { parameter: None, is_default: false, reason });
    None
}

struct Signature<'p> {
    function: Function<'p>,
    accepts_any_name: bool,
    strings: StringAnnotations,
    descriptions: std::collections::HashMap<String, String>,
    builder: SchemaBuilder<'p>,
    properties: Map<String, Json>,
    required: Vec<String>,
    reasons: Vec<Reason>,
    place: Place,
}

/// The components of a parameter's schema.
struct Property<'p> {
    schema: Map<String, Json>,
    default: FieldDefault<'p>,
    /// The `json_schema_extra` argument of a `Field(...)` call that is the parameter's default.
    extra: Map<String, Json>,
    description: Option<String>,
}

impl<'p> Signature<'p> {
    fn schema(mut self) -> Result<(Json, Vec<Reason>), FlowError> {
        let parameters = &self.function.def.parameters;
        for (position, parameter) in parameters.iter().enumerate() {
            self.check_name(parameter)?;
            if matches!(parameter.name.as_str(), "self" | "cls") {
                continue;
            }
            match self.property(parameter) {
                Ok(property) => self.add(parameter, position, property),
                Err(EvalError::Vanishes) => {}
                Err(error) => return Err(self.refused(error.reason())),
            }
        }
        Ok(self.finish())
    }

    fn refused(&self, reason: String) -> FlowError {
        FlowError::Refused { function: self.function.def.name.clone(), reason, place: self.place.clone() }
    }

    fn check_name(&self, parameter: &Parameter) -> Result<(), FlowError> {
        let name = parameter.name.as_str();
        if parameter_names::RESERVED.contains(&name) {
            return Err(FlowError::ReservedParameter {
                parameter: name.to_owned(),
                place: self.place.clone(),
            });
        }
        if name.starts_with('_') {
            return Err(self.refused(format!("parameter '{name}' starts with an underscore")));
        }
        if parameter_names::CLASHING.contains(&name) && !self.accepts_any_name {
            return Err(self.refused(format!("parameter name '{name}' is reserved by pydantic")));
        }
        Ok(())
    }

    fn property(&mut self, parameter: &'p Parameter) -> EvalResult<Property<'p>> {
        let mut property = Property {
            schema: Map::new(),
            default: FieldDefault::Required,
            extra: Map::new(),
            description: self.descriptions.get(&parameter.name).cloned(),
        };
        if let Some(default) = &parameter.default {
            self.default(default, &mut property);
        }
        if matches!(parameter.kind, ParameterKind::VarPositional | ParameterKind::VarKeyword) {
            self.variadic(parameter, &mut property);
            return Ok(property);
        }
        let Some(annotation) = &parameter.annotation else { return Ok(property) };
        let has_default = !property.default.is_required();
        let annotation = match self.outside_final(annotation, has_default) {
            Ok(inner) => inner,
            Err(EvalError::Vanishes) => return Err(EvalError::Vanishes),
            // An invalid annotation is reported later, when its schema is generated.
            Err(_) => annotation,
        };
        self.builder.program.memo.assumptions.take();
        let result = self.annotation(annotation, parameter.default.is_some(), &mut property);
        let assumptions = self.builder.program.memo.assumptions.take();
        let result = match assumptions.first() {
            Some(package) => Err(EvalError::unknown(format!(
                "the type depends on whether the package '{package}' is installed"
            ))),
            None => result,
        };
        match result {
            Ok(schema) => property.schema = schema,
            Err(EvalError::Untyped | EvalError::NoSchema) => {}
            Err(error @ (EvalError::Unknown(_) | EvalError::Undefined(_))) => {
                self.builder.approximate(error.reason());
            }
            Err(error @ (EvalError::Vanishes | EvalError::Refused(_))) => return Err(error),
        }
        Ok(property)
    }

    /// Generates an array schema for `*args`, or an object schema for `**kwargs`. Neither parameter is required.
    fn variadic(&mut self, parameter: &'p Parameter, property: &mut Property<'p>) {
        let is_positional = parameter.kind == ParameterKind::VarPositional;
        let empty = if is_positional { Value::List(Vec::new()) } else { Value::Dict(Vec::new()) };
        property.default = FieldDefault::Value(empty);
        let element = match &parameter.annotation {
            Some(annotation) => self.element(annotation),
            None => Ok(json!({})),
        };
        let schema = element.and_then(|element| {
            object(if is_positional {
                json!({"type": "array", "items": element})
            } else {
                mapping_schema(json!({"type": "string"}), element)
            })
        });
        match schema {
            Ok(schema) => property.schema = schema,
            // If Prefect cannot generate a schema for the annotation, the parameter accepts any value.
            Err(EvalError::Untyped | EvalError::NoSchema) => {}
            Err(error) => self.builder.approximate(error.reason()),
        }
    }

    /// Returns the schema of a single argument that is collected by `*args` or `**kwargs`.
    fn element(&mut self, annotation: &'p Expr) -> EvalResult<Json> {
        let (scope, expr) = match (quoted(self.function, annotation), self.strings) {
            (Some(expr), StringAnnotations::Evaluated) => (evaluation_scope(self.function), expr),
            (Some(expr), StringAnnotations::Unevaluated) => {
                let scope = evaluation_scope(self.function);
                require_seen_by_prefect(self.builder.program, scope, expr)?;
                (scope, expr)
            }
            (Some(_), StringAnnotations::Unknown(reason)) => return Err(EvalError::unknown(reason)),
            (None, _) => (self.function.scope, annotation),
        };
        let is_qualifier = matches!(
            self.generic(scope, expr).as_deref(),
            Some("typing.ClassVar" | "typing.Final" | "typing.Required" | "typing.NotRequired")
        );
        if is_qualifier {
            return Err(EvalError::unknown(format!("`{}` cannot be evaluated", scope.text(expr))));
        }
        self.builder.schema(scope, expr)
    }

    /// Returns the type inside `Final[...]`, or the annotation itself if it is not `Final`.
    ///
    /// # Errors
    ///
    /// Returns [`EvalError::Vanishes`] for `ClassVar[...]`, and for `Final[...]` if the parameter has a default.
    /// Prefect omits these parameters from the schema.
    fn outside_final(&mut self, annotation: &'p Expr, has_default: bool) -> EvalResult<&'p Expr> {
        let (scope, written) = match quoted(self.function, annotation) {
            // Pydantic never omits a parameter whose annotation remains a string.
            Some(_) if self.strings != StringAnnotations::Evaluated => return Ok(annotation),
            Some(expr) => (evaluation_scope(self.function), expr),
            None => (self.function.scope, annotation),
        };
        let (generic, inner) = written.as_subscript().unwrap_or((written, annotation));
        match scope.external(self.builder.program, generic).as_deref() {
            Some("typing.ClassVar") => Err(EvalError::Vanishes),
            Some("typing.Annotated")
                if inner.elements().first().and_then(|it| self.generic(scope, it)).as_deref()
                    == Some("typing.ClassVar") =>
            {
                Err(EvalError::Vanishes)
            }
            Some("typing.Final") if has_default => Err(EvalError::Vanishes),
            Some("typing.Final") if annotation.as_text().is_none() => {
                // A `Field` in `Annotated[...]` may also set a default.
                if let Some((scope, arguments)) = self.builder.as_annotated(scope, inner)
                    && !self.builder.annotated(scope, arguments)?.default.is_required()
                {
                    return Err(EvalError::Vanishes);
                }
                Ok(inner)
            }
            _ => Ok(annotation),
        }
    }

    /// Returns the external name of an annotation. For a generic type such as `list[int]`, this is `list`.
    fn generic(&self, scope: Scope<'p>, annotation: &'p Expr) -> Option<String> {
        let generic = annotation.as_subscript().map_or(annotation, |(generic, _)| generic);
        scope.external(self.builder.program, generic)
    }

    /// Returns whether the parameter's schema can be identical to an inner type's schema, as for a union with one
    /// member.
    ///
    /// If so, Prefect replaces the inner type's description with the parameter's description.
    fn passes_on_description(&self, scope: Scope<'p>, annotation: &'p Expr) -> bool {
        let generic = self.generic(scope, annotation);
        annotation.as_alternatives().is_some()
            || matches!(generic.as_deref(), Some("typing.Union" | "pydantic.Json"))
    }

    fn default(&mut self, default: &'p Expr, property: &mut Property<'p>) {
        let (program, scope) = (self.builder.program, self.function.scope);
        let Some(call) = as_field(program, scope, default) else {
            property.default = FieldDefault::evaluate(program, scope, default);
            return;
        };
        match FieldInfo::read(program, scope, call) {
            Ok(info) => {
                property.default = match info.default {
                    // Prefect does not call default factories, so the parameter is required.
                    FieldDefault::Factory(_) => FieldDefault::Required,
                    default => default,
                };
                property.extra = info.extra;
                if let Some(Json::String(text)) = info.annotations.get("description")
                    && !text.is_empty()
                {
                    property.description = Some(text.clone());
                }
            }
            Err(error) => property.default = FieldDefault::Unknown(error),
        }
    }

    fn annotation(
        &mut self,
        annotation: &'p Expr,
        has_default: bool,
        property: &mut Property<'p>,
    ) -> EvalResult<Map<String, Json>> {
        let quoted = quoted(self.function, annotation);
        if quoted.is_none() && annotation.as_text().is_some() {
            return Err(EvalError::Refused("a quoted annotation is not a valid expression".to_owned()));
        }
        match (quoted, self.strings) {
            (Some(expr), StringAnnotations::Unevaluated) => {
                require_seen_by_prefect(self.builder.program, evaluation_scope(self.function), expr)?;
            }
            (Some(_), StringAnnotations::Unknown(reason)) => return Err(EvalError::unknown(reason)),
            _ => {}
        }
        let (scope, annotation) = match quoted {
            Some(expr) => (evaluation_scope(self.function), expr),
            None => (self.function.scope, annotation),
        };
        let Some((scope, arguments)) = self.builder.as_annotated(scope, annotation) else {
            let mut schema = object(self.builder.schema(scope, annotation)?)?;
            if schema.contains_key("description") && self.passes_on_description(scope, annotation) {
                schema.remove("description");
            }
            return Ok(schema);
        };
        let annotated = self.builder.annotated(scope, arguments)?;
        if has_default && matches!(annotated.default, FieldDefault::Factory(_)) {
            let reason = "the parameter has both a default and a default factory";
            return Err(if self.accepts_any_name {
                EvalError::Untyped
            } else {
                EvalError::Refused(reason.to_owned())
            });
        }
        if property.default.is_required() {
            property.default = annotated.default;
        }
        let mut schema = object(annotated.schema)?;
        if arguments.elements().first().is_some_and(|inner| self.passes_on_description(scope, inner)) {
            schema.remove("description");
        }
        // Prefect always sets a parameter's title and description.
        schema.extend(annotated.extra.into_iter().filter(|(key, _)| key != "title" && key != "description"));
        Ok(schema)
    }

    fn add(&mut self, parameter: &Parameter, position: usize, property: Property<'p>) {
        let mut schema = property.schema;
        schema.insert("title".to_owned(), json!(parameter.name));
        schema.insert("position".to_owned(), json!(position));
        schema.extend(property.extra);
        if let Some(description) = property.description {
            schema.insert("description".to_owned(), json!(description));
        }
        for reason in self.builder.approximations.drain(..) {
            let parameter = Some(parameter.name.clone());
            self.reasons.push(Reason { parameter, is_default: false, reason });
        }
        let unknown_default = match &property.default {
            FieldDefault::Required => {
                self.required.push(parameter.name.clone());
                None
            }
            FieldDefault::Factory(_) => None,
            FieldDefault::Value(value) => match encode::default(value) {
                Ok(json) => {
                    schema.extend(json.map(|json| ("default".to_owned(), json)));
                    None
                }
                Err(error) => Some(error),
            },
            FieldDefault::Unknown(error) => Some(error.clone()),
        };
        if let Some(error) = unknown_default {
            let parameter = Some(parameter.name.clone());
            let reason = format!("the default value is unknown: {}", error.reason());
            self.reasons.push(Reason { parameter, is_default: true, reason });
        }
        self.properties.insert(parameter.name.clone(), Json::Object(schema));
    }

    fn finish(self) -> (Json, Vec<Reason>) {
        let mut reasons = self.reasons;
        let mut properties = Json::Object(self.properties);
        let definitions = match self.builder.definitions.settle(&mut properties) {
            Ok(definitions) => definitions,
            Err(error) => {
                reasons.push(Reason { parameter: None, is_default: false, reason: error.reason() });
                for schema in properties.as_object_mut().into_iter().flat_map(Map::values_mut) {
                    *schema = untyped(schema);
                }
                Map::new()
            }
        };
        let mut schema = json!({"title": "Parameters", "type": "object"});
        schema["properties"] = properties;
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        if !definitions.is_empty() {
            schema["definitions"] = Json::Object(definitions);
        }
        (schema, reasons)
    }
}

fn object(schema: Json) -> EvalResult<Map<String, Json>> {
    match schema {
        Json::Object(schema) => Ok(schema),
        _ => Err(EvalError::unknown("the JSON schema of the type is not an object")),
    }
}

/// Removes the type from a parameter's schema so that the parameter accepts any value.
fn untyped(schema: &Json) -> Json {
    let kept = ["title", "position", "description", "default"];
    Json::Object(kept.iter().filter_map(|key| Some(((*key).to_owned(), schema.get(*key)?.clone()))).collect())
}
