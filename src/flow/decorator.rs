//! Finds the flow that an entrypoint refers to: its function and the options of its `@flow` decorator.

use std::rc::Rc;

use super::{
    entrypoint::Entrypoint,
    error::FlowError,
    eval_error::{EvalError, EvalResult},
    evaluate::Value,
    interpret::{FlowObject, FunctionObject, Interpreter, Object},
    program::{
        Module, Program, attributes,
        entity::{Entity, Function},
        scope::Scope,
        syntax::{Bound, Expr},
    },
    schema::class::{Class, mro},
};
use crate::{
    diagnostics::{Place, did_you_mean},
    source::Span,
};

/// A function that is decorated as a flow, together with the flow's options.
#[derive(Debug)]
pub(crate) struct Definition<'p> {
    pub(crate) function: Function<'p>,
    /// The module that contains the decorated function. The MD5 of its file is the flow's default version.
    pub(crate) file_of: &'p Module,
    pub(crate) options: Options,
}

/// The options of the `@flow(...)` decorator that affect a deployment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) name: Setting,
    pub(crate) description: Setting,
    pub(crate) version: Setting,
    /// Whether the flow is decorated with `validate_parameters=False`. Such a flow may have parameter names
    /// that pydantic rejects.
    pub(crate) accepts_any_name: bool,
}

/// The value of a `@flow` decorator option, such as `name` or `version`.
#[derive(Debug, Clone, Default)]
pub(crate) enum Setting {
    #[default]
    Absent,
    Text(String),
    NotText,
    Unknown(String),
}

impl Setting {
    fn from_value(value: Result<Value, EvalError>) -> Self {
        match value {
            Ok(Value::Str(text)) if !text.is_empty() => Self::Text(text),
            Ok(value) if value.truth() == Ok(false) => Self::Absent,
            Ok(_) => Self::NotText,
            Err(error) => Self::Unknown(error.reason()),
        }
    }
}

/// Returns the definition of the flow that `entrypoint` names in `module`.
///
/// # Errors
///
/// Fails if the name is not defined, is not a flow, or cannot be resolved without running the program.
pub(super) fn find<'p>(
    program: &'p Program<'p>,
    module: &'p Module,
    entrypoint: &Entrypoint,
) -> Result<Definition<'p>, FlowError> {
    let finder = Finder { program, module, entrypoint };
    let mut entity = finder.first(&entrypoint.object[0])?;
    for name in &entrypoint.object[1..] {
        entity = match finder.class_of(&entity, name) {
            Some(class) => finder.in_class(class, name)?,
            None => {
                attributes::attribute_of(program, &entity, name).map_err(|error| finder.unknowable(&error))?
            }
        };
    }
    program.descend(|| Ok(finder.definition(entity))).map_err(|error| finder.unknowable(&error))?
}

struct Finder<'p, 'e> {
    program: &'p Program<'p>,
    module: &'p Module,
    entrypoint: &'e Entrypoint,
}

impl<'p> Finder<'p, '_> {
    fn first(&self, name: &str) -> Result<Entity<'p>, FlowError> {
        match Scope::end_of(self.module).lookup(self.program, name) {
            Ok(Entity::External(external)) if external == name => Err(self.not_found()),
            Ok(entity) => Ok(entity),
            Err(EvalError::Undefined(_)) => Err(self.not_found()),
            Err(error) => Err(self.unknowable(&error)),
        }
    }

    /// Returns the class that defines the attribute `name` for a class or an instance such as `pipeline = Pipeline()`.
    ///
    /// Returns `None` for other entities, and for an instance whose methods may assign the attribute.
    fn class_of(&self, entity: &Entity<'p>, name: &str) -> Option<Class<'p>> {
        let value = match entity {
            Entity::Class(class) => return Some(*class),
            Entity::Value(value) => value,
            _ => return None,
        };
        let call = value.expr.as_call()?;
        let Ok(Entity::Class(class)) = value.scope.resolve(self.program, &call.function) else { return None };
        let assigns = |class: &Class<'p>| assigns_attribute(class.scope.module.file.source.text(), name);
        let is_assigned = mro(self.program, class).ok()?.iter().any(assigns);
        (!is_assigned && !assigns_attribute(value.scope.module.file.source.text(), name)).then_some(class)
    }

    /// Looks up the attribute `name` of a class. The attribute may be inherited from another project class.
    fn in_class(&self, class: Class<'p>, name: &str) -> Result<Entity<'p>, FlowError> {
        let ancestors = mro(self.program, class).map_err(|error| self.unknowable(&error))?;
        let holds = |ancestor: &Class<'p>| ancestor.def.body.bindings.iter().any(|it| it.name == name);
        let may_inherit = |ancestor: &Class<'p>| {
            let is_outside =
                |base: &'p Expr| !matches!(ancestor.scope.resolve(self.program, base), Ok(Entity::Class(_)));
            ancestor.def.bases.iter().any(is_outside)
        };
        // A base class from outside the project might also define the name, so the search stops at the first class that
        // has an external base class.
        let holder = match ancestors
            .iter()
            .take_while(|ancestor| holds(ancestor) || !may_inherit(ancestor))
            .find(|ancestor| holds(ancestor))
        {
            Some(holder) => *holder,
            None if ancestors.iter().any(may_inherit) => class,
            None => return Err(self.not_found()),
        };
        attributes::attribute_of(self.program, &Entity::Class(holder), name)
            .map_err(|error| self.unknowable(&error))
    }

    fn definition(&self, entity: Entity<'p>) -> Result<Definition<'p>, FlowError> {
        let (object, place) = match entity {
            Entity::Function(function) => {
                (self.decorated(function)?, function.scope.module.file.place(function.def.span))
            }
            Entity::Value(value) => {
                let place = value.scope.module.file.place(value.expr.span);
                let interpreter = Interpreter::new(self.program, value.scope);
                let object = interpreter.entity(entity).map_err(|error| {
                    let text = value.scope.text(value.expr);
                    let reason = format!("the expression `{text}` cannot be evaluated: {}", error.reason());
                    self.unknowable_at(place.clone(), reason)
                })?;
                (object, place)
            }
            Entity::Class(class) => {
                let span = Span::new(class.def.at, class.def.at);
                return Err(self.not_a_flow(Some(class.scope.module.file.place(span))));
            }
            Entity::Module(_) | Entity::Namespace(_) | Entity::Constant(_) => {
                return Err(self.not_a_flow(None));
            }
            Entity::External(name) => {
                let reason = format!("the name is imported from '{name}', which is outside the project");
                return Err(self.unknowable(&EvalError::unknown(reason)));
            }
        };
        match object {
            Object::Flow(flow) => {
                self.flow_definition(&flow).map_err(|error| self.unknowable_at(place, error.reason()))
            }
            Object::Unknown(error) => Err(self.unknowable_at(place, error.reason())),
            _ => Err(self.not_a_flow(Some(place))),
        }
    }

    fn flow_definition(&self, flow: &FlowObject<'p>) -> EvalResult<Definition<'p>> {
        let mut options = Options::default();
        for (name, value) in &flow.options {
            options.set(name, value.clone());
        }
        let function = flow.function.unwrapped();
        if flow.function.name() != function.def.name && matches!(options.name, Setting::Absent) {
            options.name = Setting::Text(flow.function.name().replace('_', "-"));
        }
        if flow.function.has_outer_wrapper && matches!(options.version, Setting::Absent) {
            let reason = "the function has a decorator from outside the project";
            options.version = Setting::Unknown(reason.to_owned());
        }
        let definition = function.function(self.program)?;
        Ok(Definition { function: definition, file_of: flow.function.module(), options })
    }

    /// Applies all decorators of a function and returns the resulting object.
    fn decorated(&self, function: Function<'p>) -> Result<Object<'p>, FlowError> {
        let scope = function.scope;
        let interpreter = Interpreter::new(self.program, scope);
        let mut object = Object::Function(Rc::new(FunctionObject::new(function)));
        for decorator in function.def.decorators.iter().rev() {
            object = interpreter.apply(decorator, object, scope).map_err(|error| {
                let text = scope.text(decorator);
                let reason = format!("the decorator `@{text}` cannot be evaluated: {}", error.reason());
                self.unknowable_at(scope.module.file.place(decorator.span), reason)
            })?;
        }
        Ok(object)
    }

    fn unknowable(&self, error: &EvalError) -> FlowError {
        FlowError::Unknowable { name: self.entrypoint.object_path(), reason: error.reason(), place: None }
    }

    fn unknowable_at(&self, place: Place, reason: String) -> FlowError {
        let name = self.entrypoint.object_path();
        FlowError::Unknowable { name, reason, place: Some(place) }
    }

    fn not_a_flow(&self, place: Option<Place>) -> FlowError {
        FlowError::NotAFlow { name: self.entrypoint.object_path(), place }
    }

    fn not_found(&self) -> FlowError {
        let name = self.entrypoint.object_path();
        let functions = self.module.body().bindings.iter().filter_map(|binding| match &binding.bound {
            Bound::Function(function) if !function.decorators.is_empty() => Some(function.name.as_str()),
            _ => None,
        });
        let functions: Vec<_> = functions.collect();
        let close = did_you_mean(&name, functions.iter().copied());
        let only = match functions[..] {
            [only] => Some(only),
            _ => None,
        };
        let suggestion = close.or(only).map(str::to_owned);
        FlowError::NotFound { name, location: self.entrypoint.location_text(), suggestion }
    }
}

/// Returns whether source code may assign the attribute `name` of an object.
fn assigns_attribute(source: &str, name: &str) -> bool {
    source.match_indices(&format!(".{name}")).any(|(at, found)| {
        let rest = source[at + found.len()..].trim_start();
        rest.starts_with('=') && !rest.starts_with("==") || rest.starts_with(':')
    })
}

impl Options {
    fn set(&mut self, name: &str, value: Result<Value, EvalError>) {
        match name {
            "name" => self.name = Setting::from_value(value),
            "description" => self.description = Setting::from_value(value),
            "version" => self.version = Setting::from_value(value),
            "validate_parameters" => self.accepts_any_name = value != Ok(Value::Bool(true)),
            _ => {}
        }
    }
}
