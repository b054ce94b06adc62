//! Evaluates constant expressions, whose values do not depend on running the program.

mod builtins;
mod calls;
mod constructors;
pub(crate) mod encode;
mod format;
mod json;
mod methods;
mod moments;
mod names;
mod operators;
mod paths;
mod strftime;
mod strings;
pub(crate) mod template;
mod text;
mod timedelta;
mod value;

pub(crate) use calls::Arguments;
pub(crate) use format::format;
pub(crate) use operators::{binary, compare};
pub(crate) use strings::title;
pub(crate) use text::to_str as text_of;
pub(crate) use value::{Value, ValueIndex};

use super::{
    eval_error::{EvalError, EvalResult},
    program::{
        Program,
        attributes::attribute_of,
        entity::Entity,
        scope::Scope,
        syntax::{
            Comprehension, ComprehensionKind, ComprehensionTargets, Expr, ExprKind, FormatPart,
            LogicalOperator,
        },
    },
    schema::class::{self, enumeration},
};
use value::{dictionary, distinct};

/// Evaluates an expression in a scope of the program.
pub(crate) fn evaluate<'p>(program: &'p Program<'p>, scope: Scope<'p>, expr: &'p Expr) -> EvalResult<Value> {
    Evaluator { program, scope, variables: Vec::new(), earlier: &|_| None }.value(expr)
}

/// Evaluates an expression that may also refer to names outside its scope. `earlier` returns the values of these names.
pub(crate) fn evaluate_with<'p>(
    program: &'p Program<'p>,
    scope: Scope<'p>,
    earlier: &dyn Fn(&str) -> Option<Value>,
    expr: &'p Expr,
) -> EvalResult<Value> {
    Evaluator { program, scope, variables: Vec::new(), earlier }.value(expr)
}

/// Evaluates the value of an entity, such as a module-level variable or an external name.
pub(crate) fn evaluate_entity<'p>(program: &'p Program<'p>, entity: Entity<'p>) -> EvalResult<Value> {
    match entity {
        Entity::Value(assigned) => {
            let value = program.descend(|| evaluate(program, assigned.scope, assigned.expr))?;
            if let Value::Iterator(_) = value {
                return Err(EvalError::unknown(format!(
                    "the elements of the iterator '{}' may have been consumed",
                    assigned.name
                )));
            }
            let is_local = assigned.scope.locals.is_some();
            if value.is_mutable() && !is_local && assigned.may_be_modified() {
                return Err(EvalError::unknown(format!(
                    "'{}' may be modified after it is assigned",
                    assigned.name
                )));
            }
            Ok(value)
        }
        Entity::Class(class) if class.def.decorators.is_empty() => Ok(Value::Opaque),
        Entity::Function(function) if function.def.decorators.is_empty() => Ok(Value::Opaque),
        Entity::Class(class::Class { def, .. }) => {
            Err(EvalError::unknown(format!("'{}' is modified by a decorator", def.name)))
        }
        Entity::Function(function) => {
            Err(EvalError::unknown(format!("'{}' is modified by a decorator", function.def.name)))
        }
        Entity::External(name) => names::external_constant(program, &name),
        Entity::Module(_) | Entity::Namespace(_) => Ok(Value::Opaque),
        Entity::Constant(value) => Ok(value),
    }
}

/// Evaluates the method call `value.name(...)`.
pub(crate) fn call_method(
    program: &Program<'_>,
    value: &Value,
    name: &str,
    arguments: &Arguments,
) -> EvalResult<Value> {
    methods::call(program, value, name, &arguments.positional, &arguments.named)
}

/// Evaluates a call of a function that is defined outside the project.
pub(crate) fn call_external<'p>(
    program: &'p Program<'p>,
    scope: Scope<'p>,
    name: &str,
    arguments: &Arguments,
) -> EvalResult<Value> {
    let evaluator = Evaluator { program, scope, variables: Vec::new(), earlier: &|_| None };
    let value = calls::external(&evaluator, name, arguments)?;
    value.ok_or_else(|| EvalError::unknown(format!("the call of '{name}' cannot be evaluated")))
}

/// Maximum size of a value, as measured by [`Value::size`].
const SIZE_LIMIT: usize = 1 << 20;

struct Evaluator<'p, 'e> {
    program: &'p Program<'p>,
    scope: Scope<'p>,
    /// The variables of the comprehensions that enclose the expression.
    variables: Vec<(String, Value)>,
    /// Returns the values of names outside the scope.
    earlier: &'e dyn Fn(&str) -> Option<Value>,
}

impl<'p> Evaluator<'p, '_> {
    fn value(&mut self, expr: &'p Expr) -> EvalResult<Value> {
        self.program.step()?;
        let value = self.compute(expr)?;
        let is_container = matches!(
            value,
            Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Set(_) | Value::Iterator(_)
        );
        if is_container && value.size() > SIZE_LIMIT {
            return Err(EvalError::unknown("the value is too large"));
        }
        // Each use of a name copies its value.
        self.program.count_copy(&value)?;
        Ok(value)
    }

    fn compute(&mut self, expr: &'p Expr) -> EvalResult<Value> {
        Ok(match &expr.kind {
            ExprKind::None => Value::None,
            ExprKind::Bool(value) => Value::Bool(*value),
            ExprKind::Int(value) => Value::Int(*value),
            ExprKind::Float(value) => Value::Float(*value),
            ExprKind::Complex(real, imaginary) => Value::Complex(*real, *imaginary),
            ExprKind::Str(text) => Value::text(&text.value),
            ExprKind::Bytes(bytes) => Value::Bytes(bytes.clone()),
            ExprKind::Ellipsis => Value::Ellipsis,
            ExprKind::Lambda(_) => Value::Opaque,
            ExprKind::List(items) => Value::List(self.elements(items)?),
            ExprKind::Tuple(items) => Value::Tuple(self.elements(items)?),
            ExprKind::Set(items) => Value::Set(distinct(self.elements(items)?)),
            ExprKind::Dict(items) => self.dict(items)?,
            ExprKind::FString(parts) => Value::Str(self.f_string(parts)?),
            ExprKind::Name(name) => self.name(name)?,
            ExprKind::Attribute(value, name) => self.attribute(value, name)?,
            ExprKind::Subscript(value, index) => self.subscript(value, index)?,
            ExprKind::Call(call) => calls::call(self, expr, call)?,
            ExprKind::Unary(operator, operand) => operators::unary(*operator, &self.value(operand)?)?,
            ExprKind::Binary(operator, left, right) => {
                binary(*operator, &self.value(left)?, &self.value(right)?)?
            }
            ExprKind::Logical(operator, values) => self.logical(*operator, values)?,
            ExprKind::Compare(left, rest) => {
                let mut left = self.value(left)?;
                let mut holds = true;
                for (operator, right) in rest {
                    let right = self.value(right)?;
                    holds = holds && compare(*operator, &left, &right)?;
                    left = right;
                }
                Value::Bool(holds)
            }
            ExprKind::Conditional(conditional) => {
                let test = self.value(&conditional.test)?.truth()?;
                self.value(if test { &conditional.then } else { &conditional.otherwise })?
            }
            ExprKind::Comprehension(comprehension) => self.comprehension(comprehension)?,
            ExprKind::Slice(_) | ExprKind::Starred(_) => return Err(self.unknown(expr)),
            ExprKind::Other(kind) => return Err(EvalError::unknown(format!("{kind} cannot be evaluated"))),
        })
    }

    fn unknown(&self, expr: &Expr) -> EvalError {
        EvalError::unknown(format!("`{}` cannot be evaluated", self.scope.text(expr)))
    }

    /// Evaluates the elements of a list, a tuple or a set.
    fn elements(&mut self, items: &'p [Expr]) -> EvalResult<Vec<Value>> {
        let values = self.items(items)?;
        match values.iter().zip(items).find(|(value, _)| matches!(value, Value::Iterator(_))) {
            Some((_, item)) => Err(self.unknown(item)),
            None => Ok(values),
        }
    }

    fn items(&mut self, items: &'p [Expr]) -> EvalResult<Vec<Value>> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            match &item.kind {
                ExprKind::Starred(inner) => values.extend(self.iterated(inner)?.elements()?),
                _ => values.push(self.value(item)?),
            }
        }
        Ok(values)
    }

    fn dict(&mut self, items: &'p [(Option<Expr>, Expr)]) -> EvalResult<Value> {
        let mut pairs = Vec::with_capacity(items.len());
        for (key, value) in items {
            match (key, self.value(value)?) {
                (_, Value::Iterator(_)) => return Err(self.unknown(value)),
                (Some(key), value) => pairs.push((self.value(key)?, value)),
                (None, Value::Dict(others)) => pairs.extend(others),
                (None, _) => return Err(self.unknown(value)),
            }
        }
        Ok(dictionary(pairs))
    }

    fn f_string(&mut self, parts: &'p [FormatPart]) -> EvalResult<String> {
        let mut text = String::new();
        for part in parts {
            match part {
                FormatPart::Literal(literal) => text.push_str(literal),
                FormatPart::Value { expr, conversion, format } => {
                    template::require_short(&text)?;
                    let value = self.value(expr)?;
                    let spec = self.f_string(format)?;
                    text.push_str(&match conversion {
                        None => format::format(&value, &spec)?,
                        Some('s') => format::format(&Value::Str(text::to_str(&value)?), &spec)?,
                        Some('r') => format::format(&Value::Str(text::to_repr(&value)?), &spec)?,
                        Some(_) => return Err(self.unknown(expr)),
                    });
                }
            }
        }
        Ok(text)
    }

    fn name(&mut self, name: &str) -> EvalResult<Value> {
        let variable = self.variables.iter().rev().find(|(variable, _)| variable == name);
        if let Some(value) = variable.map(|(_, value)| value.clone()).or_else(|| (self.earlier)(name)) {
            return Ok(value);
        }
        evaluate_entity(self.program, self.scope.lookup(self.program, name)?)
    }

    fn attribute(&mut self, object: &'p Expr, name: &str) -> EvalResult<Value> {
        if object.is_dotted_name()
            && let Ok(entity) = self.scope.resolve(self.program, object)
        {
            match &entity {
                Entity::Class(class) if class::kind(self.program, *class)? == class::Kind::Enum => {
                    return enumeration::member(self.program, *class, name);
                }
                Entity::Class(class) => {
                    class::require_unchanged(*class)?;
                    return evaluate_entity(self.program, attribute_of(self.program, &entity, name)?);
                }
                Entity::Module(_) | Entity::Namespace(_) | Entity::External(_) => {
                    return evaluate_entity(self.program, attribute_of(self.program, &entity, name)?);
                }
                Entity::Value(value) => {
                    if let Some(value) = class::settings::field(self.program, *value, name)? {
                        return Ok(value);
                    }
                }
                Entity::Function(_) | Entity::Constant(_) => {}
            }
        }
        let object = self.program.descend(|| self.value(object))?;
        methods::attribute(&object, name)
    }

    fn subscript(&mut self, object: &'p Expr, index: &'p Expr) -> EvalResult<Value> {
        if let Some(name) = self.scope.external(self.program, object)
            && name == "os.environ"
        {
            let variable = self.value(index)?;
            let value = self.program.variable(variable.as_str()?)?;
            return value.map(Value::text).ok_or_else(|| {
                EvalError::unknown(format!(
                    "the environment variable '{}' is not set",
                    variable.as_str().unwrap_or_default()
                ))
            });
        }
        if object.is_dotted_name()
            && let Ok(Entity::Class(class)) = self.scope.resolve(self.program, object)
        {
            let member = self.value(index)?;
            return match class::kind(self.program, class)? {
                class::Kind::Enum => enumeration::member(self.program, class, member.as_str()?),
                _ => Err(self.unknown(object)),
            };
        }
        let object = self.value(object)?;
        if let ExprKind::Slice(parts) = &index.kind {
            let mut bounds = [None; 3];
            for (bound, part) in bounds.iter_mut().zip(parts.iter()) {
                *bound = part.as_ref().map(|part| self.value(part)?.as_int()).transpose()?;
            }
            return operators::slice(&object, bounds);
        }
        operators::subscript(&object, &self.value(index)?)
    }

    /// Evaluates an expression whose value is iterated. An enumeration is replaced by the list of its members.
    fn iterated(&mut self, expr: &'p Expr) -> EvalResult<Value> {
        if expr.is_dotted_name()
            && let Ok(Entity::Class(class)) = self.scope.resolve(self.program, expr)
            && class::kind(self.program, class)? == class::Kind::Enum
        {
            let members = Value::List(enumeration::distinct_members(self.program, class)?);
            self.program.count_copy(&members)?;
            return Ok(members);
        }
        self.value(expr)
    }

    fn logical(&mut self, operator: LogicalOperator, values: &'p [Expr]) -> EvalResult<Value> {
        let mut result = Value::None;
        for value in values {
            result = self.value(value)?;
            if operator.is_decided_by(result.truth()?) {
                break;
            }
        }
        Ok(result)
    }

    fn comprehension(&mut self, comprehension: &'p Comprehension) -> EvalResult<Value> {
        let elements = self.iterated(&comprehension.iterable)?.elements()?;
        let mut values = Vec::new();
        for element in elements {
            let outer = self.variables.len();
            self.variables.extend(unpacked(&comprehension.targets, element)?);
            let value = self.comprehended(comprehension);
            self.variables.truncate(outer);
            values.extend(value?);
        }
        match comprehension.kind {
            ComprehensionKind::List => Ok(Value::List(values)),
            ComprehensionKind::Set => Ok(Value::Set(distinct(values))),
            ComprehensionKind::Generator => Ok(Value::Iterator(values)),
            ComprehensionKind::Dict => {
                let pair = |pair| match pair {
                    Value::Tuple(pair) => <[Value; 2]>::try_from(pair).ok().map(|[key, value]| (key, value)),
                    _ => None,
                };
                Ok(dictionary(values.into_iter().filter_map(pair)))
            }
        }
    }

    fn comprehended(&mut self, comprehension: &'p Comprehension) -> EvalResult<Option<Value>> {
        for condition in &comprehension.conditions {
            if !self.value(condition)?.truth()? {
                return Ok(None);
            }
        }
        self.value(&comprehension.element).map(Some)
    }
}

/// Assigns an element of an iterable to the variables of a comprehension.
fn unpacked(targets: &ComprehensionTargets, element: Value) -> EvalResult<Vec<(String, Value)>> {
    match targets {
        ComprehensionTargets::Name(name) => Ok(vec![(name.clone(), element)]),
        ComprehensionTargets::Names(names) => {
            let elements = element.elements()?;
            if elements.len() != names.len() {
                return Err(EvalError::unknown(
                    "the number of elements does not match the number of variables",
                ));
            }
            Ok(names.iter().cloned().zip(elements).collect())
        }
    }
}
