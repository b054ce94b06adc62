//! Interprets the expressions in decorators and in functions that create flows.

use std::{cell::RefCell, rc::Rc};

use super::{
    Frame, FunctionObject, Interpreter,
    object::{Arguments, LambdaObject, Object},
    wrappers,
};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::{self, Value, template},
    program::{
        attributes::attribute_of,
        entity::{Class, Entity, Function},
        syntax::{BinaryOperator, Call, Comparison, Expr, ExprKind, FormatPart, UnaryOperator},
    },
    schema::class::mro,
};

impl<'p> Interpreter<'p> {
    pub(super) fn eval(self, expr: &'p Expr, frame: &Frame<'p>) -> EvalResult<Object<'p>> {
        self.program.count_interpreted()?;
        self.program.descend(|| self.eval_kind(expr, frame))
    }

    fn eval_kind(self, expr: &'p Expr, frame: &Frame<'p>) -> EvalResult<Object<'p>> {
        match &expr.kind {
            ExprKind::Name(name) => self.name(name, frame),
            ExprKind::Attribute(object, name) => match self.constant(expr, frame) {
                Ok(Object::Constant(value)) if value != Value::Opaque => Ok(Object::Constant(value)),
                _ => {
                    let object = self.eval(object, frame)?;
                    self.attribute(&object, name)
                }
            },
            ExprKind::Call(call) => self.eval_call(expr, call, frame),
            ExprKind::Lambda(lambda) => {
                let (scope, variables) = (frame.scope, frame.variables.clone());
                Ok(Object::Lambda(Rc::new(LambdaObject { lambda, scope, variables })))
            }
            ExprKind::Conditional(conditional) => {
                let test = self.eval(&conditional.test, frame)?.truth()?;
                self.eval(if test { &conditional.then } else { &conditional.otherwise }, frame)
            }
            ExprKind::Logical(operator, operands) => {
                let mut result = Object::Constant(Value::None);
                for operand in operands {
                    result = self.eval(operand, frame)?;
                    if operator.is_decided_by(result.truth()?) {
                        break;
                    }
                }
                Ok(result)
            }
            ExprKind::Unary(UnaryOperator::Not, operand) => {
                let truth = self.eval(operand, frame)?.truth()?;
                Ok(Object::Constant(Value::Bool(!truth)))
            }
            ExprKind::Compare(left, rest) => self.compare(expr, left, rest, frame),
            ExprKind::Dict(items) => self.dict(items, frame),
            ExprKind::Tuple(items) | ExprKind::List(items) => match self.constant(expr, frame) {
                Ok(constant) => Ok(constant),
                Err(_) => Ok(Object::Tuple(Rc::new(self.elements(items, frame)?))),
            },
            ExprKind::Binary(operator, left, right) => {
                self.constant(expr, frame).or_else(|_| self.binary(*operator, left, right, frame))
            }
            ExprKind::Subscript(object, index) => match self.eval(object, frame)? {
                object @ (Object::Dict(_) | Object::Tuple(_)) => {
                    let index = self.eval(index, frame)?.value(self.program)?;
                    item(&object, &index).ok_or_else(|| EvalError::unknown("the index or key is missing"))
                }
                _ => self.constant(expr, frame),
            },
            ExprKind::FString(parts) => self
                .constant(expr, frame)
                .or_else(|_| self.f_string(parts, frame).map(Value::Str).map(Object::Constant)),
            _ => self.constant(expr, frame),
        }
    }

    fn compare(
        self,
        expr: &'p Expr,
        left: &'p Expr,
        rest: &'p [(Comparison, Expr)],
        frame: &Frame<'p>,
    ) -> EvalResult<Object<'p>> {
        match rest {
            [(operator @ (Comparison::Is | Comparison::IsNot), right)] if right.is_none() => {
                let left = self.eval(left, frame)?;
                if let Object::External(_) = left {
                    return self.constant(expr, frame);
                }
                let is_none = matches!(left, Object::Constant(Value::None));
                Ok(Object::Constant(Value::Bool(is_none == (*operator == Comparison::Is))))
            }
            [(operator, right)] => self.constant(expr, frame).or_else(|_| {
                let left = self.eval(left, frame)?.value(self.program)?;
                let right = self.eval(right, frame)?.value(self.program)?;
                evaluate::compare(*operator, &left, &right).map(Value::Bool).map(Object::Constant)
            }),
            _ => self.constant(expr, frame),
        }
    }

    fn binary(
        self,
        operator: BinaryOperator,
        left: &'p Expr,
        right: &'p Expr,
        frame: &Frame<'p>,
    ) -> EvalResult<Object<'p>> {
        let (left, right) = (self.eval(left, frame)?, self.eval(right, frame)?);
        if operator == BinaryOperator::Or && is_mapping(&left) && is_mapping(&right) {
            let merged = new_dict(pairs(&left)?);
            pairs(&right)?.into_iter().for_each(|(key, value)| set_item(&merged, key, value));
            return Ok(merged);
        }
        let (left, right) = (left.value(self.program)?, right.value(self.program)?);
        evaluate::binary(operator, &left, &right).map(Object::Constant)
    }

    /// Evaluates an expression whose operands are all constants.
    fn constant(self, expr: &'p Expr, frame: &Frame<'p>) -> EvalResult<Object<'p>> {
        let locals = frame.variables.as_ref().map(|variables| variables.locals(self.program)).transpose()?;
        evaluate::evaluate(self.program, frame.scope.inside(locals), expr).map(Object::Constant)
    }

    fn name(self, name: &str, frame: &Frame<'p>) -> EvalResult<Object<'p>> {
        if let Some(value) = frame.variables.as_ref().and_then(|variables| variables.get(name)) {
            return match value {
                Object::Unknown(error) => Err(error),
                Object::Constant(value) => {
                    self.program.count_copy(&value)?;
                    Ok(Object::Constant(value))
                }
                value => Ok(value),
            };
        }
        self.entity(frame.scope.lookup(self.program, name)?)
    }

    fn f_string(self, parts: &'p [FormatPart], frame: &Frame<'p>) -> EvalResult<String> {
        let mut text = String::new();
        for part in parts {
            match part {
                FormatPart::Literal(literal) => text.push_str(literal),
                FormatPart::Value { expr, conversion: None, format } => {
                    let value = self.eval(expr, frame)?.value(self.program)?;
                    let format = self.f_string(format, frame)?;
                    text.push_str(&evaluate::format(&value, &format)?);
                }
                FormatPart::Value { conversion: Some(conversion), .. } => {
                    let reason = format!("the f-string conversion `!{conversion}` is not supported");
                    return Err(EvalError::unknown(reason));
                }
            }
            template::require_short(&text)?;
        }
        Ok(text)
    }

    fn elements(self, items: &'p [Expr], frame: &Frame<'p>) -> EvalResult<Vec<Object<'p>>> {
        let mut elements = Vec::with_capacity(items.len());
        for item in items {
            match &item.kind {
                ExprKind::Starred(inner) => elements.extend(unpacked(&self.eval(inner, frame)?)?),
                _ => elements.push(self.eval(item, frame)?),
            }
        }
        Ok(elements)
    }

    fn dict(self, items: &'p [(Option<Expr>, Expr)], frame: &Frame<'p>) -> EvalResult<Object<'p>> {
        let dict = new_dict(Vec::new());
        for (key, value) in items {
            let value = self.eval(value, frame)?;
            match key {
                Some(key) => set_item(&dict, self.eval(key, frame)?.value(self.program)?, value),
                None => pairs(&value)?.into_iter().for_each(|(key, value)| set_item(&dict, key, value)),
            }
        }
        Ok(dict)
    }

    pub(super) fn arguments(self, call: &'p Call, frame: &Frame<'p>) -> EvalResult<Arguments<'p>> {
        let mut arguments =
            Arguments { positional: self.elements(&call.arguments, frame)?, named: Vec::new() };
        for (name, value) in &call.keywords {
            let value = self.eval(value, frame);
            match (name, value) {
                (Some(name), Ok(value)) => arguments.named.push((name.clone(), value)),
                // An argument without a known value is only an error if its value is needed later.
                (Some(name), Err(error)) => {
                    arguments.named.push((name.clone(), Object::Unknown(error)));
                }
                (None, value) => {
                    for (key, value) in pairs(&value?)? {
                        arguments.named.push((key.as_str()?.to_owned(), value));
                    }
                }
            }
        }
        Ok(arguments)
    }

    fn eval_call(self, expr: &'p Expr, call: &'p Call, frame: &Frame<'p>) -> EvalResult<Object<'p>> {
        let callee = match self.eval(&call.function, frame) {
            Ok(callee) => callee,
            // The callee may be a method of a constant, such as `"name".upper`.
            Err(error) => return self.constant(expr, frame).map_err(|_| error),
        };
        let is_constant = match &callee {
            Object::External(name) => !is_interpreted(name) && !wrappers::keeps_signature(name),
            Object::Class(class) => !self.is_plain(*class),
            Object::BuiltinMethod(receiver, _) => matches!(**receiver, Object::Constant(_)),
            Object::Constant(_) => true,
            _ => false,
        };
        if is_constant && let Ok(constant) = self.constant(expr, frame) {
            return Ok(constant);
        }
        let arguments = match &callee {
            // The options of the decorator have no effect on the flow.
            Object::External(name) if wrappers::keeps_signature(name) => {
                self.arguments(call, frame).unwrap_or_default()
            }
            _ => self.arguments(call, frame)?,
        };
        match &callee {
            Object::External(name) if is_constant => {
                let arguments = self.values(arguments)?;
                evaluate::call_external(self.program, frame.scope, name, &arguments).map(Object::Constant)
            }
            Object::BuiltinMethod(receiver, name) if is_constant => {
                let (receiver, arguments) = (receiver.value(self.program)?, self.values(arguments)?);
                evaluate::call_method(self.program, &receiver, name, &arguments).map(Object::Constant)
            }
            _ => self.call(&callee, arguments),
        }
    }

    fn values(self, arguments: Arguments<'p>) -> EvalResult<evaluate::Arguments> {
        let value = |object: Object<'p>| object.value(self.program);
        let named = arguments.named.into_iter().map(|(name, object)| Ok((name, value(object)?)));
        let named = named.collect::<EvalResult<_>>()?;
        let positional = arguments.positional.into_iter().map(value).collect::<EvalResult<_>>()?;
        Ok(evaluate::Arguments { positional, named })
    }

    /// Evaluates the attribute access `object.name`.
    pub(super) fn attribute(self, object: &Object<'p>, name: &str) -> EvalResult<Object<'p>> {
        let unknown = || EvalError::unknown(format!("the attribute '{name}' cannot be evaluated"));
        match object {
            Object::External(dotted) => {
                self.entity(attribute_of(self.program, &Entity::External(dotted.clone()), name)?)
            }
            Object::Module(entity) => self.entity(attribute_of(self.program, entity, name)?),
            Object::Class(class) => match attribute_of(self.program, &Entity::Class(*class), name)? {
                Entity::Function(function) => self.bound(function, object),
                other => self.entity(other),
            },
            Object::Instance(instance) => {
                let attributes = instance.attributes.borrow();
                let own = attributes.iter().rev().find(|(other, _)| other == name);
                match own {
                    Some((_, value)) => Ok(value.clone()),
                    None => self.method(object, name),
                }
            }
            Object::Function(function) => match name {
                "__name__" | "__qualname__" => Ok(Object::Constant(Value::Str(function.name()))),
                "__doc__" => {
                    let text = function.unwrapped().def.docstring.as_ref();
                    Ok(Object::Constant(text.map_or(Value::None, Value::text)))
                }
                "__module__" => {
                    let module = function.unwrapped().module().name.as_ref().ok_or_else(unknown)?;
                    Ok(Object::Constant(Value::text(module)))
                }
                "__wrapped__" => function.wrapped.clone().map(Object::Function).ok_or_else(unknown),
                _ => Err(unknown()),
            },
            Object::Flow(flow) if name == "fn" => Ok(Object::Function(Rc::clone(&flow.function))),
            Object::Flow(_) if name == "with_options" => {
                Ok(Object::BuiltinMethod(Box::new(object.clone()), name.to_owned()))
            }
            Object::Dict(_) | Object::Constant(_) => {
                Ok(Object::BuiltinMethod(Box::new(object.clone()), name.to_owned()))
            }
            _ => Err(unknown()),
        }
    }

    /// Returns a method bound to an instance of a project class.
    fn method(self, receiver: &Object<'p>, name: &str) -> EvalResult<Object<'p>> {
        let Object::Instance(instance) = receiver else {
            return Err(EvalError::unknown(format!("the method '{name}' cannot be evaluated")));
        };
        let mro = mro(self.program, instance.class)?;
        let holds = |class: &&Class<'p>| class.def.body.bindings_of(name).next().is_some();
        let class = mro.iter().find(holds).copied().ok_or_else(|| {
            EvalError::unknown(format!("'{}' has no attribute '{name}'", instance.class.def.name))
        })?;
        match attribute_of(self.program, &Entity::Class(class), name)? {
            Entity::Function(function) => self.bound(function, receiver),
            other => self.entity(other),
        }
    }

    /// Returns a method that is accessed through `receiver`: a class, or an instance of a project class.
    pub(super) fn bound(self, function: Function<'p>, receiver: &Object<'p>) -> EvalResult<Object<'p>> {
        let object = || Rc::new(FunctionObject::new(function));
        let decorator = match function.def.decorators.as_slice() {
            [decorator] => function.scope.external(self.program, decorator),
            _ => None,
        };
        match (decorator.as_deref(), receiver) {
            (Some("staticmethod"), _) => Ok(Object::Function(object())),
            (Some("classmethod"), Object::Class(_)) => {
                Ok(Object::Method(object(), Box::new(receiver.clone())))
            }
            (Some("classmethod"), Object::Instance(instance)) => {
                Ok(Object::Method(object(), Box::new(Object::Class(instance.class))))
            }
            (_, Object::Class(_)) => self.entity(Entity::Function(function)),
            _ if function.def.decorators.is_empty() => {
                Ok(Object::Method(object(), Box::new(receiver.clone())))
            }
            _ => {
                let name = &function.def.name;
                Err(EvalError::unknown(format!("the method '{name}' is modified by a decorator")))
            }
        }
    }
}

/// Returns whether the interpreter itself implements a function from outside the project.
fn is_interpreted(name: &str) -> bool {
    matches!(
        name,
        "prefect.flow"
            | "prefect.Flow"
            | "prefect.task"
            | "prefect.Task"
            | "functools.partial"
            | "functools.wraps"
            | "functools.update_wrapper"
            | "staticmethod"
            | "classmethod"
            | "dict"
            | "callable"
            | "isinstance"
            | "getattr"
    )
}

pub(super) fn new_dict(pairs: Vec<(Value, Object<'_>)>) -> Object<'_> {
    Object::Dict(Rc::new(RefCell::new(pairs)))
}

fn is_mapping(object: &Object<'_>) -> bool {
    matches!(object, Object::Dict(_) | Object::Constant(Value::Dict(_)))
}

/// Returns the key-value pairs of a mapping.
pub(super) fn pairs<'p>(object: &Object<'p>) -> EvalResult<Vec<(Value, Object<'p>)>> {
    match object {
        Object::Dict(items) => Ok(items.borrow().clone()),
        Object::Constant(Value::Dict(items)) => {
            Ok(items.iter().map(|(key, value)| (key.clone(), Object::Constant(value.clone()))).collect())
        }
        _ => Err(EvalError::unknown("the value unpacked with `**` is not a known dictionary")),
    }
}

/// Returns the elements of an iterable.
pub(super) fn unpacked<'p>(object: &Object<'p>) -> EvalResult<Vec<Object<'p>>> {
    match object {
        Object::Tuple(items) => Ok(items.to_vec()),
        Object::Constant(value) => Ok(value.elements()?.into_iter().map(Object::Constant).collect()),
        Object::Unknown(error) => Err(error.clone()),
        _ => Err(EvalError::unknown("the value unpacked with `*` is not a known sequence")),
    }
}

pub(super) fn set_item<'p>(dict: &Object<'p>, key: Value, value: Object<'p>) {
    let Object::Dict(items) = dict else { return };
    let mut items = items.borrow_mut();
    match items.iter_mut().find(|(other, _)| other.equals(&key)) {
        Some((_, slot)) => *slot = value,
        None => items.push((key, value)),
    }
}

/// Evaluates the subscript `object[index]`. Returns `None` if the index or key does not exist.
pub(super) fn item<'p>(object: &Object<'p>, index: &Value) -> Option<Object<'p>> {
    match object {
        Object::Dict(items) => {
            let items = items.borrow();
            items.iter().find(|(key, _)| key.equals(index)).map(|(_, value)| value.clone())
        }
        Object::Tuple(items) => {
            let index = usize::try_from(index.as_int().ok()?).ok()?;
            items.get(index).cloned()
        }
        _ => None,
    }
}
