//! Interprets the code that creates flows: decorators, factory functions and classes of the project.
//!
//! The interpreter supports the constructs that are common in such code: calls, closures, keyword arguments,
//! conditions, `functools.partial` and `functools.wraps`. Every called function must be part of the project or
//! implemented by the interpreter. Any other call fails because a guess could register a wrong flow. The interpreter
//! never runs Python.

mod call;
mod expression;
mod object;
mod statement;
mod wrappers;

pub(crate) use object::{FlowObject, FunctionObject, Object};

use std::rc::Rc;

use super::{
    eval_error::{EvalError, EvalResult},
    evaluate,
    program::{
        Program,
        entity::{Assigned, Class, Entity, Function},
        scope::Scope,
        syntax::Expr,
    },
};
use object::{Arguments, Variables};

/// Calls a function of the project with constant arguments and returns its result, which must be a constant.
///
/// `caller` is the position of the call. `class` is the class through which a method is accessed.
pub(crate) fn call<'p>(
    program: &'p Program<'p>,
    caller: Scope<'p>,
    (class, function): (Option<Class<'p>>, Function<'p>),
    arguments: evaluate::Arguments,
) -> EvalResult<evaluate::Value> {
    let interpreter = Interpreter::new(program, caller);
    let callee = match class {
        Some(class) => interpreter.bound(function, &Object::Class(class))?,
        None => interpreter.entity(Entity::Function(function))?,
    };
    interpreter.call(&callee, arguments.into())?.value(program)
}

/// Interprets the expressions and calls that create flows.
#[derive(Clone, Copy)]
pub(crate) struct Interpreter<'p> {
    program: &'p Program<'p>,
    /// The position of the module-level statement that runs.
    position: Scope<'p>,
}

/// The context of an interpreted expression: its scope and the variables of the enclosing function.
#[derive(Clone)]
struct Frame<'p> {
    scope: Scope<'p>,
    variables: Option<Rc<Variables<'p>>>,
}

impl<'p> Interpreter<'p> {
    pub(crate) fn new(program: &'p Program<'p>, position: Scope<'p>) -> Self {
        Self { program, position }
    }

    /// Returns the object that an entity of the program evaluates to.
    pub(crate) fn entity(self, entity: Entity<'p>) -> EvalResult<Object<'p>> {
        match entity {
            Entity::External(name) => Ok(Object::External(name)),
            Entity::Class(class) if class.def.decorators.is_empty() => Ok(Object::Class(class)),
            Entity::Class(class) => {
                Err(EvalError::unknown(format!("'{}' is modified by a decorator", class.def.name)))
            }
            Entity::Function(function) => self.program.descend(|| self.function(function)),
            Entity::Value(assigned) => self.program.descend(|| self.assigned(assigned)),
            Entity::Constant(value) => Ok(Object::Constant(value)),
            Entity::Module(_) | Entity::Namespace(_) => Ok(Object::Module(entity)),
        }
    }

    /// Applies all decorators of a function and returns the resulting object.
    pub(crate) fn function(self, function: Function<'p>) -> EvalResult<Object<'p>> {
        let frame = Frame { scope: function.scope, variables: None };
        Self { position: function.scope, ..self }.decorated(&FunctionObject::new(function), &frame)
    }

    fn decorated(self, function: &FunctionObject<'p>, frame: &Frame<'p>) -> EvalResult<Object<'p>> {
        let mut object = Object::Function(Rc::new(function.clone()));
        for decorator in function.def.decorators.iter().rev() {
            object = self.decorate(decorator, object, frame)?;
        }
        Ok(object)
    }

    fn decorate(self, decorator: &'p Expr, object: Object<'p>, frame: &Frame<'p>) -> EvalResult<Object<'p>> {
        let decorator = self.eval(decorator, frame)?;
        self.call(&decorator, Arguments::single(object))
    }

    /// Applies a single decorator to an object. The decorator is evaluated in `scope`.
    pub(crate) fn apply(
        self,
        decorator: &'p Expr,
        object: Object<'p>,
        scope: Scope<'p>,
    ) -> EvalResult<Object<'p>> {
        self.decorate(decorator, object, &Frame { scope, variables: None })
    }

    fn assigned(self, assigned: Assigned<'p>) -> EvalResult<Object<'p>> {
        if let Ok(value) = evaluate::evaluate_entity(self.program, Entity::Value(assigned))
            && value != evaluate::Value::Opaque
        {
            return Ok(Object::Constant(value));
        }
        let interpreter = Self { position: assigned.scope, ..self };
        let object = interpreter.eval(assigned.expr, &Frame { scope: assigned.scope, variables: None })?;
        let is_mutable = matches!(object, Object::Dict(_) | Object::Instance(_));
        if is_mutable && assigned.may_be_modified() {
            return Err(EvalError::unknown(format!(
                "'{}' may be modified after it is assigned",
                assigned.name
            )));
        }
        Ok(object)
    }
}
