//! Calls functions and classes of the project, and the supported functions of Prefect and the standard library.

use std::{cell::RefCell, rc::Rc};

use super::{
    Frame, Interpreter,
    expression::{item, new_dict, pairs, set_item},
    object::{Arguments, FlowObject, FunctionObject, Instance, LambdaObject, Object, Variables},
    wrappers,
};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::Value,
    program::{
        entity::{Class, Entity},
        syntax::{Parameter, ParameterKind},
    },
    schema::class::mro,
};

/// The parameters of the class `prefect.Flow` that accept positional arguments.
const FLOW_PARAMETERS: [&str; 3] = ["fn", "name", "version"];

impl<'p> Interpreter<'p> {
    /// Calls an object with the given arguments and returns the result.
    pub(super) fn call(self, callee: &Object<'p>, arguments: Arguments<'p>) -> EvalResult<Object<'p>> {
        self.program.descend(|| match callee {
            Object::Function(function) => self.call_function(function, arguments),
            Object::Lambda(lambda) => self.call_lambda(lambda, arguments),
            Object::Method(function, receiver) => {
                let receiver = Arguments::single((**receiver).clone());
                self.call_function(function, receiver.followed_by(arguments))
            }
            Object::Partial(partial) => self.call(&partial.0, partial.1.followed_by(arguments)),
            Object::Wraps(wrapped) => wrap(wrapped, arguments),
            Object::External(name) => self.call_external(name, arguments),
            Object::Class(class) => self.instantiate(*class, arguments),
            Object::Instance(_) => {
                let method = self.attribute(callee, "__call__")?;
                self.call(&method, arguments)
            }
            Object::BuiltinMethod(receiver, name) => self.call_builtin_method(receiver, name, arguments),
            Object::Unknown(error) => Err(error.clone()),
            _ => Err(EvalError::unknown("calling this object is not supported")),
        })
    }

    fn call_function(
        self,
        function: &Rc<FunctionObject<'p>>,
        arguments: Arguments<'p>,
    ) -> EvalResult<Object<'p>> {
        let def = function.def;
        let name = &def.name;
        if def.is_async {
            return Err(EvalError::unknown(format!("the coroutine '{name}' cannot be evaluated")));
        }
        if function.has_outer_wrapper {
            return Err(EvalError::unknown(format!("the decorator of '{name}' cannot be evaluated")));
        }
        let bodies = self.program.function_bodies(&function.module().file)?;
        let statements = bodies.get(def).ok_or_else(|| {
            EvalError::unknown(format!("the body of the function '{name}' cannot be found"))
        })?;
        let variables = Variables { values: RefCell::default(), outer: function.variables.clone() };
        let scope = function.scope.in_function(self.position);
        let frame = Frame { scope, variables: Some(Rc::new(variables)) };
        let outside = Frame { scope: function.scope, variables: function.variables.clone() };
        self.bind(&def.parameters, arguments, &frame, &outside)
            .map_err(|error| EvalError::unknown(format!("cannot call '{name}': {}", error.reason())))?;
        Ok(self.block(statements, &frame)?.unwrap_or(Object::Constant(Value::None)))
    }

    fn call_lambda(self, lambda: &LambdaObject<'p>, arguments: Arguments<'p>) -> EvalResult<Object<'p>> {
        let outside = Frame { scope: lambda.scope, variables: lambda.variables.clone() };
        let variables = Variables { values: RefCell::default(), outer: lambda.variables.clone() };
        let frame =
            Frame { scope: lambda.scope.in_function(self.position), variables: Some(Rc::new(variables)) };
        self.bind(&lambda.lambda.parameters, arguments, &frame, &outside)?;
        self.eval(&lambda.lambda.body, &frame)
    }

    /// Assigns a call's arguments to the called function's parameters.
    ///
    /// Default values are evaluated in `outside`, the frame that defines the function.
    fn bind(
        self,
        parameters: &'p [Parameter],
        arguments: Arguments<'p>,
        frame: &Frame<'p>,
        outside: &Frame<'p>,
    ) -> EvalResult<()> {
        let Some(variables) = &frame.variables else { return Ok(()) };
        let mut positional = arguments.positional.into_iter();
        let mut named = arguments.named;
        for parameter in parameters {
            let name = parameter.name.as_str();
            let mut take_named = || {
                let position = named.iter().position(|(other, _)| other == name)?;
                Some(named.remove(position).1)
            };
            let value = match parameter.kind {
                ParameterKind::VarPositional => Some(Object::Tuple(Rc::new(positional.by_ref().collect()))),
                ParameterKind::VarKeyword => {
                    let rest = named.drain(..).map(|(name, value)| (Value::Str(name), value));
                    Some(new_dict(rest.collect()))
                }
                ParameterKind::PositionalOnly => positional.next(),
                ParameterKind::PositionalOrKeyword => positional.next().or_else(take_named),
                ParameterKind::KeywordOnly => take_named(),
            };
            let value = match (value, &parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.eval(default, outside)?,
                (None, None) => {
                    return Err(EvalError::unknown(format!("the argument '{name}' is missing")));
                }
            };
            variables.set(name, value);
        }
        if positional.next().is_some() || !named.is_empty() {
            return Err(EvalError::unknown("too many arguments"));
        }
        Ok(())
    }

    fn call_external(self, name: &str, mut arguments: Arguments<'p>) -> EvalResult<Object<'p>> {
        let unknown = || EvalError::unknown(format!("the call of '{name}' cannot be evaluated"));
        match name {
            "prefect.flow" => self.flow(name, arguments),
            "prefect.Flow" => {
                // Unlike the decorator, the class also accepts some options as positional arguments.
                let options = arguments.positional.split_off(arguments.positional.len().min(1));
                let named = FLOW_PARAMETERS[1..].iter().zip(options);
                arguments.named.extend(named.map(|(name, value)| ((*name).to_owned(), value)));
                if let Some(function) = arguments.take("fn") {
                    arguments.positional.push(function);
                }
                self.flow(name, arguments)
            }
            "prefect.task" | "prefect.Task" => match arguments.positional.first() {
                Some(Object::Function(_)) => Ok(Object::Task),
                None => Ok(Object::Partial(Rc::new((Object::External(name.to_owned()), arguments)))),
                Some(_) => Err(unknown()),
            },
            _ if wrappers::keeps_signature(name) => Ok(wrappers::decorate(name, &arguments)),
            "functools.partial" => {
                if arguments.positional.is_empty() {
                    return Err(unknown());
                }
                let function = arguments.positional.remove(0);
                Ok(Object::Partial(Rc::new((function, arguments))))
            }
            "functools.wraps" => match (arguments.positional.as_slice(), arguments.named.as_slice()) {
                ([wrapped], []) => Ok(Object::Wraps(Box::new(wrapped.clone()))),
                _ => Err(unknown()),
            },
            "functools.update_wrapper" => match <[_; 2]>::try_from(arguments.positional) {
                Ok([wrapper, wrapped]) if arguments.named.is_empty() => {
                    wrap(&wrapped, Arguments::single(wrapper))
                }
                _ => Err(unknown()),
            },
            "staticmethod" | "classmethod" => arguments.positional.pop().ok_or_else(unknown),
            "dict" => {
                let dict = new_dict(arguments.positional.first().map_or(Ok(Vec::new()), pairs)?);
                for (name, value) in arguments.named {
                    set_item(&dict, Value::Str(name), value);
                }
                Ok(dict)
            }
            "callable" => {
                let callable = arguments.positional.first().and_then(Object::is_callable);
                callable.map(|it| Object::Constant(Value::Bool(it))).ok_or_else(unknown)
            }
            "isinstance" => match arguments.positional.as_slice() {
                [object, Object::External(class)] => {
                    is_instance(object, class).map(|it| Object::Constant(Value::Bool(it))).ok_or_else(unknown)
                }
                _ => Err(unknown()),
            },
            "getattr" => match arguments.positional.as_slice() {
                [object, Object::Constant(Value::Str(name))]
                | [object, Object::Constant(Value::Str(name)), _] => self.attribute(object, name),
                _ => Err(unknown()),
            },
            _ => Err(unknown()),
        }
    }

    /// Evaluates `flow(function, ...)` (returns a flow) or `flow(...)` (returns a decorator).
    fn flow(self, name: &str, mut arguments: Arguments<'p>) -> EvalResult<Object<'p>> {
        let unknown = || EvalError::unknown(format!("the function passed to '{name}' is not supported"));
        let function = if arguments.positional.is_empty() {
            arguments.take("__fn")
        } else {
            Some(arguments.positional.remove(0))
        };
        if !arguments.positional.is_empty() {
            return Err(unknown());
        }
        match function {
            None | Some(Object::Constant(Value::None)) => {
                Ok(Object::Partial(Rc::new((Object::External(name.to_owned()), arguments))))
            }
            Some(Object::Function(function)) => {
                let options = self.options(arguments);
                Ok(Object::Flow(Rc::new(FlowObject { function, options })))
            }
            Some(_) => Err(unknown()),
        }
    }

    fn options(self, arguments: Arguments<'p>) -> Vec<(String, EvalResult<Value>)> {
        arguments.named.into_iter().map(|(name, value)| (name, value.value(self.program))).collect()
    }

    fn call_builtin_method(
        self,
        receiver: &Object<'p>,
        name: &str,
        arguments: Arguments<'p>,
    ) -> EvalResult<Object<'p>> {
        let unknown = || EvalError::unknown(format!("the method '{name}' cannot be evaluated"));
        if let Object::Flow(flow) = receiver {
            let mut options = flow.options.clone();
            for (option, value) in self.options(arguments) {
                let is_kept = value.as_ref().is_ok_and(|value| value.truth() == Ok(false))
                    && matches!(option.as_str(), "name" | "description" | "version");
                if !is_kept {
                    options.retain(|(other, _)| *other != option);
                    options.push((option, value));
                }
            }
            return Ok(Object::Flow(Rc::new(FlowObject { function: Rc::clone(&flow.function), options })));
        }
        let Object::Dict(items) = receiver else { return Err(unknown()) };
        let none = Object::Constant(Value::None);
        let key = arguments.positional.first().map(|key| key.value(self.program)).transpose()?;
        let fallback = arguments.positional.get(1).cloned();
        match (name, key) {
            ("get", Some(key)) => Ok(item(receiver, &key).or(fallback).unwrap_or(none)),
            ("pop", Some(key)) => {
                let position = items.borrow().iter().position(|(other, _)| other.equals(&key));
                match position {
                    Some(position) => Ok(items.borrow_mut().remove(position).1),
                    None => fallback.ok_or_else(unknown),
                }
            }
            ("setdefault", Some(key)) => {
                if item(receiver, &key).is_none() {
                    set_item(receiver, key.clone(), fallback.unwrap_or(none));
                }
                item(receiver, &key).ok_or_else(unknown)
            }
            ("update", _) => {
                for others in &arguments.positional {
                    pairs(others)?.into_iter().for_each(|(key, value)| set_item(receiver, key, value));
                }
                for (name, value) in arguments.named {
                    set_item(receiver, Value::Str(name), value);
                }
                Ok(none)
            }
            ("copy", None) => Ok(new_dict(items.borrow().clone())),
            _ => Err(unknown()),
        }
    }

    /// Returns whether calling the class has no effects beyond its `__init__` method.
    pub(super) fn is_plain(self, class: Class<'p>) -> bool {
        let has_plain_bases = |class: &Class<'p>| {
            class.def.bases.iter().all(|base| match class.scope.resolve(self.program, base) {
                Ok(Entity::Class(_)) => true,
                Ok(Entity::External(name)) => matches!(name.as_str(), "object" | "abc.ABC"),
                _ => false,
            })
        };
        let has_own_construction = |class: &Class<'p>| class.def.body.bindings_of("__new__").next().is_some();
        mro(self.program, class).is_ok_and(|mro| {
            mro.iter().all(|class| {
                has_plain_bases(class)
                    && !has_own_construction(class)
                    && class.def.decorators.is_empty()
                    && class.def.keywords.is_empty()
            })
        })
    }

    fn instantiate(self, class: Class<'p>, arguments: Arguments<'p>) -> EvalResult<Object<'p>> {
        if !self.is_plain(class) {
            return Err(EvalError::unknown(format!(
                "the constructor of '{}' cannot be evaluated",
                class.def.name
            )));
        }
        let instance = Object::Instance(Rc::new(Instance { class, attributes: RefCell::default() }));
        let has_init = mro(self.program, class)?
            .iter()
            .any(|class| class.def.body.bindings_of("__init__").next().is_some());
        if has_init {
            let init = self.attribute(&instance, "__init__")?;
            self.call(&init, arguments)?;
        } else if !arguments.positional.is_empty() || !arguments.named.is_empty() {
            return Err(EvalError::unknown(format!(
                "the constructor of '{}' takes no arguments",
                class.def.name
            )));
        }
        Ok(instance)
    }
}

/// Applies the decorator `functools.wraps(wrapped)` to the function in `arguments`.
fn wrap<'p>(wrapped: &Object<'p>, mut arguments: Arguments<'p>) -> EvalResult<Object<'p>> {
    match (wrapped, arguments.positional.pop()) {
        (Object::Function(wrapped), Some(Object::Function(wrapper))) => {
            let wrapped = Some(Rc::clone(wrapped));
            Ok(Object::Function(Rc::new(FunctionObject { wrapped, ..(*wrapper).clone() })))
        }
        _ => Err(EvalError::unknown("the argument of `functools.wraps` is not a function")),
    }
}

fn is_instance(object: &Object<'_>, class: &str) -> Option<bool> {
    match (object, class) {
        (Object::Constant(Value::Str(_)), "str") | (Object::Flow(_), "prefect.Flow") => Some(true),
        (Object::Constant(Value::None), _)
        | (
            Object::Function(_) | Object::Lambda(_),
            "str" | "int" | "dict" | "list" | "prefect.Flow" | "prefect.Task",
        ) => Some(false),
        _ => None,
    }
}
