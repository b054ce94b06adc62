//! The interpreter's representation of Python objects.

use std::{cell::RefCell, rc::Rc};

use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{self, Value, evaluate_entity},
    program::{
        Module, Program,
        entity::{Class, Entity, Function},
        scope::{Locals, Scope},
        syntax::{FunctionDef, Lambda},
    },
};

/// A Python object that can occur in decorators and factory functions.
#[derive(Debug, Clone)]
pub(crate) enum Object<'p> {
    Constant(Value),
    Function(Rc<FunctionObject<'p>>),
    Lambda(Rc<LambdaObject<'p>>),
    /// An object defined outside the project, identified by its dotted name.
    External(String),
    Class(Class<'p>),
    Instance(Rc<Instance<'p>>),
    /// A method of a project class and the object to which the method is bound.
    Method(Rc<FunctionObject<'p>>, Box<Object<'p>>),
    /// A method of a built-in object or of a flow, identified by its name.
    BuiltinMethod(Box<Object<'p>>, String),
    /// The result of `functools.partial(function, ...)`, or a decorator that was called with options only.
    Partial(Rc<(Object<'p>, Arguments<'p>)>),
    /// The decorator that `functools.wraps(wrapped)` returns.
    Wraps(Box<Object<'p>>),
    Flow(Rc<FlowObject<'p>>),
    Task,
    Dict(Rc<RefCell<Vec<(Value, Object<'p>)>>>),
    Tuple(Rc<Vec<Object<'p>>>),
    /// A module or a namespace package.
    Module(Entity<'p>),
    /// An object that could not be evaluated. Using the object returns the error.
    Unknown(EvalError),
}

/// A function, together with its enclosing functions' variables.
#[derive(Debug, Clone)]
pub(crate) struct FunctionObject<'p> {
    pub(crate) def: &'p FunctionDef,
    pub(crate) scope: Scope<'p>,
    pub(crate) variables: Option<Rc<Variables<'p>>>,
    /// The function whose name, docstring and signature `functools.wraps` copied to this function.
    pub(crate) wrapped: Option<Rc<FunctionObject<'p>>>,
    /// The name that the program assigned to the function's `__name__` attribute.
    pub(crate) name: Option<String>,
    /// Whether a decorator from outside the project wraps the function. Such a wrapper keeps the name, the docstring
    /// and the signature.
    pub(crate) has_outer_wrapper: bool,
}

#[derive(Debug)]
pub(crate) struct LambdaObject<'p> {
    pub(crate) lambda: &'p Lambda,
    pub(crate) scope: Scope<'p>,
    pub(crate) variables: Option<Rc<Variables<'p>>>,
}

/// An instance of a project class.
#[derive(Debug)]
pub(crate) struct Instance<'p> {
    pub(crate) class: Class<'p>,
    pub(crate) attributes: RefCell<Vec<(String, Object<'p>)>>,
}

/// A function and its flow options.
#[derive(Debug, Clone)]
pub(crate) struct FlowObject<'p> {
    pub(crate) function: Rc<FunctionObject<'p>>,
    pub(crate) options: Vec<(String, EvalResult<Value>)>,
}

/// The local variables of a function call.
#[derive(Debug, Default)]
pub(crate) struct Variables<'p> {
    pub(super) values: RefCell<Vec<(String, Object<'p>)>>,
    pub(super) outer: Option<Rc<Variables<'p>>>,
}

/// The arguments of a call, as interpreter objects.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments<'p> {
    pub(crate) positional: Vec<Object<'p>>,
    pub(crate) named: Vec<(String, Object<'p>)>,
}

impl<'p> Variables<'p> {
    pub(super) fn get(&self, name: &str) -> Option<Object<'p>> {
        let own =
            self.values.borrow().iter().rev().find(|(other, _)| other == name).map(|(_, it)| it.clone());
        own.or_else(|| self.outer.as_ref()?.get(name))
    }

    pub(super) fn set(&self, name: &str, value: Object<'p>) {
        let value = match value {
            // The first use of an iterator consumes its elements.
            Object::Constant(Value::Iterator(_)) => Object::Unknown(EvalError::unknown(format!(
                "the elements of the iterator '{name}' may have been consumed"
            ))),
            value => value,
        };
        let mut values = self.values.borrow_mut();
        match values.iter_mut().find(|(other, _)| other == name) {
            Some((_, slot)) => *slot = value,
            None => values.push((name.to_owned(), value)),
        }
    }

    /// Converts the variables' current values to the representation that scopes use for lookups.
    ///
    /// # Errors
    ///
    /// Fails if reading the flow takes too many steps. Each variable counts as a step, because the program
    /// keeps the result.
    pub(super) fn locals(&self, program: &'p Program<'p>) -> EvalResult<&'p Locals<'p>> {
        let outer = self.outer.as_ref().map(|outer| outer.locals(program)).transpose()?;
        let variable = |(name, value): &(String, Object<'p>)| {
            program.step()?;
            Ok((name.clone(), value.entity(program, name)))
        };
        let variables = self.values.borrow().iter().map(variable).collect::<EvalResult<_>>()?;
        Ok(program.add_locals(Locals { variables, outer }))
    }
}

impl<'p> FunctionObject<'p> {
    pub(crate) fn new(function: Function<'p>) -> Self {
        Self {
            def: function.def,
            scope: function.scope,
            variables: None,
            wrapped: None,
            name: None,
            has_outer_wrapper: false,
        }
    }

    /// Returns the function that provides the signature and the docstring: the innermost wrapped function, or `self`.
    pub(crate) fn unwrapped(&self) -> &Self {
        self.wrapped.as_deref().map_or(self, Self::unwrapped)
    }

    /// Returns whether the function is exactly its definition: not a closure, not a wrapper and not renamed.
    fn is_plain(&self) -> bool {
        self.variables.is_none() && self.wrapped.is_none() && self.name.is_none() && !self.has_outer_wrapper
    }

    /// Returns the function's `__name__`.
    pub(crate) fn name(&self) -> String {
        match (&self.name, &self.wrapped) {
            (Some(name), _) => name.clone(),
            (None, Some(wrapped)) => wrapped.name(),
            (None, None) => self.def.name.clone(),
        }
    }

    /// Returns the module that contains the function's source code.
    pub(crate) fn module(&self) -> &'p Module {
        self.scope.module
    }

    /// Returns the object's function definition, with the scope for reading the signature.
    pub(crate) fn function(&self, program: &'p Program<'p>) -> EvalResult<Function<'p>> {
        let locals = self.variables.as_ref().map(|variables| variables.locals(program)).transpose()?;
        Ok(Function { def: self.def, scope: self.scope.inside(locals) })
    }
}

impl<'p> Object<'p> {
    /// Converts the object to a constant value.
    ///
    /// # Errors
    ///
    /// Fails if the object is not a constant, or if reading the flow takes too many steps.
    pub(super) fn value(&self, program: &'p Program<'p>) -> EvalResult<Value> {
        // The value of an object that contains another object many times is much larger than the object.
        program.step()?;
        match self {
            Self::Constant(value) => {
                program.count_copy(value)?;
                Ok(value.clone())
            }
            Self::External(name) => evaluate_entity(program, Entity::External(name.clone())),
            Self::Tuple(items) => {
                let values = items.iter().map(|item| item.value(program));
                values.collect::<EvalResult<Vec<_>>>().map(Value::Tuple)
            }
            Self::Dict(items) => {
                let items = items.borrow();
                let pairs = items.iter().map(|(key, item)| Ok((key.clone(), item.value(program)?)));
                pairs.collect::<EvalResult<Vec<_>>>().map(Value::Dict)
            }
            Self::Function(_) | Self::Lambda(_) | Self::Class(_) => Ok(Value::Opaque),
            Self::Unknown(error) => Err(error.clone()),
            _ => Err(EvalError::unknown("the value is not a constant")),
        }
    }

    /// Converts the object to the entity that the variable `name` refers to, so that the evaluator can resolve the
    /// variable.
    fn entity(&self, program: &'p Program<'p>, name: &str) -> EvalResult<Entity<'p>> {
        match self {
            Self::External(name) => Ok(Entity::External(name.clone())),
            Self::Class(class) => Ok(Entity::Class(*class)),
            Self::Module(entity) => Ok(entity.clone()),
            Self::Function(function) if function.is_plain() => {
                Ok(Entity::Function(Function { def: function.def, scope: function.scope }))
            }
            other => match other.value(program) {
                Ok(value) => Ok(Entity::Constant(value)),
                Err(_) if matches!(other, Self::Unknown(_)) => other.value(program).map(Entity::Constant),
                Err(_) => Err(EvalError::unknown(format!("the variable '{name}' is not a constant"))),
            },
        }
    }

    /// Returns the truth value of the object, as Python's `bool(object)` does.
    pub(super) fn truth(&self) -> EvalResult<bool> {
        match self {
            Self::Constant(value) => value.truth(),
            Self::Dict(items) => Ok(!items.borrow().is_empty()),
            Self::Tuple(items) => Ok(!items.is_empty()),
            Self::Function(_) | Self::Lambda(_) | Self::Class(_) | Self::Method(..) | Self::Partial(_) => {
                Ok(true)
            }
            Self::Flow(_) | Self::Task | Self::Module(_) => Ok(true),
            Self::Unknown(error) => Err(error.clone()),
            Self::External(name) => {
                Err(EvalError::unknown(format!("the truth value of '{name}' is unknown")))
            }
            Self::Instance(_) | Self::BuiltinMethod(..) | Self::Wraps(_) => {
                Err(EvalError::unknown("the truth value of the object is unknown"))
            }
        }
    }

    pub(super) fn is_callable(&self) -> Option<bool> {
        match self {
            Self::Constant(Value::Opaque)
            | Self::External(_)
            | Self::Instance(_)
            | Self::Wraps(_)
            | Self::Unknown(_) => None,
            Self::Constant(_) | Self::Dict(_) | Self::Tuple(_) | Self::Module(_) => Some(false),
            _ => Some(true),
        }
    }
}

impl From<evaluate::Arguments> for Arguments<'_> {
    fn from(arguments: evaluate::Arguments) -> Self {
        Self {
            positional: arguments.positional.into_iter().map(Object::Constant).collect(),
            named: arguments.named.into_iter().map(|(name, value)| (name, Object::Constant(value))).collect(),
        }
    }
}

impl<'p> Arguments<'p> {
    pub(super) fn single(object: Object<'p>) -> Self {
        Self { positional: vec![object], named: Vec::new() }
    }

    /// Appends the arguments of `others` to these arguments. Named arguments of `others` replace arguments with the
    /// same name.
    pub(super) fn followed_by(&self, others: Self) -> Self {
        let mut all = self.clone();
        all.positional.extend(others.positional);
        for (name, value) in others.named {
            match all.named.iter_mut().find(|(other, _)| *other == name) {
                Some((_, slot)) => *slot = value,
                None => all.named.push((name, value)),
            }
        }
        all
    }

    /// Removes the named argument `name`. Returns its value, or `None` if the argument is missing.
    pub(super) fn take(&mut self, name: &str) -> Option<Object<'p>> {
        let position = self.named.iter().position(|(other, _)| other == name)?;
        Some(self.named.remove(position).1)
    }
}
