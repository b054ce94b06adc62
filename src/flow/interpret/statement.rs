//! Interprets the statements of functions that create flows.

use std::rc::Rc;

use super::{
    Frame, FunctionObject, Interpreter,
    expression::{set_item, unpacked},
    object::Object,
};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::Value,
    program::{
        entity::Function,
        syntax::{Expr, ExprKind, Statement, Target},
    },
};

/// External functions that have no effect on flows. The interpreter skips calls of these functions.
const HARMLESS: [&str; 4] = ["print", "warnings.warn", "warnings.filterwarnings", "warnings.simplefilter"];

impl<'p> Interpreter<'p> {
    /// Interprets a block of statements. Returns the `return` statement's value, or `None` if no `return` was reached.
    pub(super) fn block(
        self,
        statements: &'p [Statement],
        frame: &Frame<'p>,
    ) -> EvalResult<Option<Object<'p>>> {
        for statement in statements {
            self.program.step()?;
            if let Some(result) = self.statement(statement, frame)? {
                return Ok(Some(result));
            }
        }
        Ok(None)
    }

    fn statement(self, statement: &'p Statement, frame: &Frame<'p>) -> EvalResult<Option<Object<'p>>> {
        match statement {
            Statement::Return(None) => return Ok(Some(Object::Constant(Value::None))),
            Statement::Return(Some(value)) => return self.eval(value, frame).map(Some),
            Statement::If(arms) => {
                for (test, block) in arms {
                    let holds = test.as_ref().map_or(Ok(true), |test| self.eval(test, frame)?.truth())?;
                    if holds {
                        return self.block(block, frame);
                    }
                }
            }
            Statement::Assign(target, value) => {
                let value = self.eval(value, frame).unwrap_or_else(Object::Unknown);
                self.assign(target, value, frame)?;
            }
            Statement::Expr(expr) => self.expression(expr, frame)?,
            Statement::Function(def) => {
                let function = FunctionObject {
                    variables: frame.variables.clone(),
                    ..FunctionObject::new(Function { def, scope: frame.scope })
                };
                let decorated = self.decorated(&function, frame).unwrap_or_else(Object::Unknown);
                set(frame, &def.name, decorated);
            }
            Statement::Import(name, import) => {
                let imported = frame.scope.imported(self.program, import).and_then(|it| self.entity(it));
                set(frame, name, imported.unwrap_or_else(Object::Unknown));
            }
            Statement::Other(kind) => {
                return Err(EvalError::unknown(format!("{kind} in a function cannot be interpreted")));
            }
        }
        Ok(None)
    }

    /// Interprets an expression statement for its side effects.
    fn expression(self, expr: &'p Expr, frame: &Frame<'p>) -> EvalResult<()> {
        if expr.as_text().is_some() {
            return Ok(());
        }
        let callee = expr.as_call().map(|call| self.eval(&call.function, frame));
        let is_harmless = match &callee {
            Some(Ok(Object::External(name))) => {
                HARMLESS.contains(&name.as_str()) || name.starts_with("logging.")
            }
            // The receiver is an object without a known value, such as a logger.
            Some(Ok(Object::BuiltinMethod(receiver, _))) => {
                matches!(**receiver, Object::Constant(Value::Opaque))
            }
            _ => false,
        };
        if !is_harmless {
            self.eval(expr, frame)?;
        }
        Ok(())
    }

    fn assign(self, target: &'p Target, value: Object<'p>, frame: &Frame<'p>) -> EvalResult<()> {
        match target {
            Target::Name(name) => {
                set(frame, name, value);
                Ok(())
            }
            Target::Unpacked(targets) => {
                let elements = unpacked(&value)?;
                if elements.len() != targets.len() {
                    return Err(EvalError::unknown(
                        "the number of values does not match the number of variables",
                    ));
                }
                let mut pairs = targets.iter().zip(elements);
                pairs.try_for_each(|(target, element)| self.assign(target, element, frame))
            }
            Target::Subscript(object, key) => match self.eval(object, frame)? {
                dict @ Object::Dict(_) => {
                    let key = self.eval(key, frame)?.value(self.program)?;
                    set_item(&dict, key, value);
                    Ok(())
                }
                _ => Err(EvalError::unknown("an assignment to an item cannot be interpreted")),
            },
            Target::Attribute(object, name) => {
                let changed = self.eval(object, frame)?;
                set_attribute(object, changed, name, value, frame)
            }
        }
    }
}

fn set_attribute<'p>(
    expr: &'p Expr,
    object: Object<'p>,
    name: &str,
    value: Object<'p>,
    frame: &Frame<'p>,
) -> EvalResult<()> {
    let unknown =
        || EvalError::unknown(format!("an assignment to the attribute '{name}' cannot be interpreted"));
    match object {
        Object::Instance(instance) => {
            instance.attributes.borrow_mut().push((name.to_owned(), value));
            Ok(())
        }
        Object::Function(function) => {
            let mut changed = (*function).clone();
            match (name, value) {
                ("__name__", Object::Constant(Value::Str(text))) => changed.name = Some(text),
                ("__wrapped__", Object::Function(wrapped)) => changed.wrapped = Some(wrapped),
                (
                    "__name__" | "__wrapped__" | "__doc__" | "__signature__" | "__annotations__"
                    | "__defaults__" | "__kwdefaults__" | "__code__",
                    _,
                ) => return Err(unknown()),
                // Other attributes have no meaning for Prefect, so the assignment is skipped.
                _ => return Ok(()),
            }
            // If the function was defined in this call, no variable outside the call refers to it.
            match &expr.kind {
                ExprKind::Name(variable) if function.variables.is_some() && changed.name.is_some() => {
                    set(frame, variable, Object::Function(Rc::new(changed)));
                    Ok(())
                }
                _ => Err(unknown()),
            }
        }
        _ => Err(unknown()),
    }
}

fn set<'p>(frame: &Frame<'p>, name: &str, value: Object<'p>) {
    if let Some(variables) = &frame.variables {
        variables.set(name, value);
    }
}
