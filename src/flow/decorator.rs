//! From an entrypoint's object to the function behind it, through its decorators.

use super::{
    entrypoint::Entrypoint,
    error::FlowError,
    eval_error::EvalError,
    evaluate::{self, Value},
    program::{
        Module, Program,
        scope::{self, Entity, Function, Scope},
        syntax::{Bound, Call, Expr, ExprKind, FunctionDef},
    },
    schema::class::{Class, mro},
};
use crate::diagnostics::{Place, did_you_mean};

/// A function that is a flow, and what its decorator says.
#[derive(Debug)]
pub(crate) struct Definition<'p> {
    pub(crate) function: Function<'p>,
    /// The module whose file a missing version is computed from.
    pub(crate) file_of: &'p Module,
    pub(crate) options: Options,
}

/// The options of `@flow(...)` that a deployment depends on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    pub(crate) name: Setting,
    pub(crate) description: Setting,
    pub(crate) version: Setting,
    /// `validate_parameters=False`.
    pub(crate) accepts_any_name: bool,
}

/// An option as far as it is known.
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

    fn or(self, other: Self) -> Self {
        if matches!(self, Self::Absent) { other } else { self }
    }
}

/// The flow that an entrypoint names in a module.
pub(super) fn find<'p>(
    program: &'p Program<'p>,
    module: &'p Module,
    entrypoint: &Entrypoint,
) -> Result<Definition<'p>, FlowError> {
    let finder = Finder { program, module, entrypoint };
    let mut entity = finder.first(&entrypoint.object[0])?;
    for name in &entrypoint.object[1..] {
        entity = match entity {
            Entity::Class(class) => finder.in_class(class, name)?,
            other => scope::attribute_of(program, &other, name).map_err(|error| finder.unknowable(&error))?,
        };
    }
    program.descend(|| Ok(finder.definition(entity))).map_err(|error| finder.unknowable(&error))?
}

struct Finder<'p, 'e> {
    program: &'p Program<'p>,
    module: &'p Module,
    entrypoint: &'e Entrypoint,
}

/// What the decorators applied so far have made of a function.
enum Made {
    Function,
    Flow(Options),
    Task,
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

    /// `class.name`, from the class itself or one of the project that it inherits from.
    fn in_class(&self, class: Class<'p>, name: &str) -> Result<Entity<'p>, FlowError> {
        let lines = mro(self.program, class).map_err(|error| self.unknowable(&error))?;
        let holds = |line: &Class<'p>| line.def.body.bindings.iter().any(|it| it.name == name);
        let may_inherit = |line: &Class<'p>| {
            let is_outside =
                |base: &'p Expr| !matches!(line.scope.resolve(self.program, base), Ok(Entity::Class(_)));
            line.def.bases.iter().any(is_outside)
        };
        // What comes from outside the project may come before.
        let holder = match lines
            .iter()
            .take_while(|line| holds(line) || !may_inherit(line))
            .find(|line| holds(line))
        {
            Some(holder) => *holder,
            None if lines.iter().any(may_inherit) => class,
            None => return Err(self.not_found()),
        };
        scope::attribute_of(self.program, &Entity::Class(holder), name)
            .map_err(|error| self.unknowable(&error))
    }

    fn definition(&self, entity: Entity<'p>) -> Result<Definition<'p>, FlowError> {
        match entity {
            Entity::Function(function) => self.decorated(function),
            Entity::Value(value) => self.made_by_call(value.scope, value.expr),
            Entity::Class(class) => Err(self.not_a_flow(Some(
                class.scope.module.file.place(crate::source::Span::new(class.def.at, class.def.at)),
            ))),
            Entity::Module(_) | Entity::Namespace(_) => Err(self.not_a_flow(None)),
            Entity::External(name) => Err(self.unknowable(&EvalError::unknown(format!(
                "it is imported from outside the project as '{name}'"
            )))),
        }
    }

    /// `x = flow(function)` and `x = other.with_options(...)`.
    fn made_by_call(&self, scope: Scope<'p>, expr: &'p Expr) -> Result<Definition<'p>, FlowError> {
        let reason = || {
            let text = scope.text(expr);
            self.unknowable_at(scope.module.file.place(expr.span), &format!("it is made by `{text}`"))
        };
        if expr.is_dotted_name() {
            let entity = scope.resolve(self.program, expr).map_err(|error| self.unknowable(&error))?;
            return match entity {
                Entity::Function(function) => self.decorated(function),
                _ => Err(reason()),
            };
        }
        let call = expr.as_call().ok_or_else(reason)?;
        match scope.external(self.program, &call.function).as_deref() {
            Some("prefect.flow" | "prefect.Flow") => {
                let [function] = call.arguments.as_slice() else { return Err(reason()) };
                match scope.resolve(self.program, function) {
                    Ok(Entity::Function(function)) if function.def.decorators.is_empty() => Ok(Definition {
                        function,
                        file_of: function.scope.module,
                        options: self.options(scope, call),
                    }),
                    _ => Err(reason()),
                }
            }
            Some(_) => Err(reason()),
            None => {
                let ExprKind::Attribute(base, method) = &call.function.kind else { return Err(reason()) };
                if method != "with_options" || !base.is_dotted_name() {
                    return Err(reason());
                }
                let base = scope.resolve(self.program, base).map_err(|error| self.unknowable(&error))?;
                let base = self
                    .program
                    .descend(|| Ok(self.definition(base)))
                    .map_err(|error| self.unknowable(&error))??;
                let given = self.options(scope, call);
                let options = Options {
                    name: given.name.or(base.options.name),
                    description: given.description.or(base.options.description),
                    version: given.version.or(base.options.version),
                    accepts_any_name: given.accepts_any_name || base.options.accepts_any_name,
                };
                Ok(Definition { options, ..base })
            }
        }
    }

    fn decorated(&self, function: Function<'p>) -> Result<Definition<'p>, FlowError> {
        let scope = function.scope;
        let mut made = Made::Function;
        let mut current = function;
        let mut file_of = scope.module;
        for decorator in function.def.decorators.iter().rev() {
            let call = decorator.as_call();
            let callee = call.map_or(decorator, |call| &call.function);
            let name = scope.external(self.program, callee);
            made = match (name.as_deref(), made) {
                (Some("staticmethod" | "classmethod"), made) => made,
                (Some("prefect.flow"), Made::Function) => {
                    Made::Flow(call.map_or_else(Options::default, |call| self.options(scope, call)))
                }
                (Some("prefect.task"), Made::Function) => Made::Task,
                (Some(_), _) => return Err(self.unknown_decorator(scope, decorator)),
                (None, made) => {
                    let wrapping = self
                        .wrapping(scope, decorator)
                        .ok_or_else(|| self.unknown_decorator(scope, decorator))?;
                    match made {
                        Made::Function => {
                            file_of = wrapping.wrapper.scope.module;
                            if !wrapping.keeps_signature {
                                current = wrapping.wrapper;
                            }
                            Made::Function
                        }
                        // The wrapper is a function again.
                        Made::Flow(_) | Made::Task => {
                            return Err(self.not_a_flow(Some(scope.module.file.place(decorator.span))));
                        }
                    }
                }
            };
        }
        match made {
            Made::Flow(options) => Ok(Definition { function: current, file_of, options }),
            Made::Function | Made::Task => {
                Err(self.not_a_flow(Some(scope.module.file.place(function.def.span))))
            }
        }
    }

    /// What a decorator of the project returns, if that is plainly a function defined in it.
    fn wrapping(&self, scope: Scope<'p>, decorator: &'p Expr) -> Option<Wrapping<'p>> {
        let (callee, is_factory) =
            decorator.as_call().map_or((decorator, false), |call| (&call.function, true));
        let Ok(Entity::Function(mut function)) = scope.resolve(self.program, callee) else { return None };
        if is_factory {
            let inner = returned_function(function.def)?;
            function = Function { def: inner, ..function };
        }
        if !function.def.decorators.is_empty() && !is_factory {
            return None;
        }
        let wrapper = returned_function(function.def)?;
        let first = function.def.parameters.first()?;
        let inside = Scope::end_of(function.scope.module);
        let keeps_signature = match wrapper.decorators.as_slice() {
            [] => false,
            [wraps] => {
                let call = wraps.as_call()?;
                let [ExprKind::Name(argument)] =
                    call.arguments.iter().map(|it| &it.kind).collect::<Vec<_>>()[..]
                else {
                    return None;
                };
                let is_wraps = inside.external(self.program, &call.function)? == "functools.wraps";
                if !is_wraps || *argument != first.name || !call.keywords.is_empty() {
                    return None;
                }
                true
            }
            _ => return None,
        };
        Some(Wrapping { wrapper: Function { def: wrapper, scope: inside }, keeps_signature })
    }

    fn options(&self, scope: Scope<'p>, call: &'p Call) -> Options {
        let mut options = Options::default();
        for (name, value) in &call.keywords {
            let value = evaluate::evaluate(self.program, scope, value);
            match (name.as_deref(), value) {
                (Some(name), value) => options.set(name, value),
                (None, Ok(Value::Dict(items))) => {
                    for (key, value) in items {
                        if let Value::Str(key) = key {
                            options.set(&key, Ok(value));
                        }
                    }
                }
                (None, value) => {
                    let reason =
                        value.err().map_or_else(|| "its options are unpacked".to_owned(), |it| it.reason());
                    for setting in [&mut options.name, &mut options.description, &mut options.version] {
                        *setting = Setting::Unknown(reason.clone());
                    }
                }
            }
        }
        options
    }

    fn unknown_decorator(&self, scope: Scope<'p>, decorator: &'p Expr) -> FlowError {
        let text = scope.text(decorator);
        self.unknowable_at(
            scope.module.file.place(decorator.span),
            &format!("what the decorator `@{text}` makes of the function is not known"),
        )
    }

    fn unknowable(&self, error: &EvalError) -> FlowError {
        FlowError::Unknowable { name: self.entrypoint.object_path(), reason: error.reason(), place: None }
    }

    fn unknowable_at(&self, place: Place, reason: &str) -> FlowError {
        let name = self.entrypoint.object_path();
        FlowError::Unknowable { name, reason: reason.to_owned(), place: Some(place) }
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

struct Wrapping<'p> {
    wrapper: Function<'p>,
    /// `functools.wraps`: name, docstring and signature stay those of the wrapped function.
    keeps_signature: bool,
}

/// The function that another one defines and returns.
fn returned_function(function: &FunctionDef) -> Option<&FunctionDef> {
    let ExprKind::Name(name) = &function.result.as_ref()?.kind else { return None };
    function.functions.iter().rev().find(|inner| inner.name == *name)
}
