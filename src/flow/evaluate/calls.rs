//! Evaluates calls of built-in functions, of functions from other packages, and of the project's classes.

use super::{
    Evaluator, constructors, methods, operators, paths, text,
    value::{Number, Value, dictionary, distinct},
};
use crate::flow::{
    eval_error::EvalResult,
    program::{
        entity::{Assigned, Entity},
        syntax::{BinaryOperator, Call, Expr, ExprKind},
    },
    schema::class,
};

/// The evaluated arguments of a call.
pub(crate) struct Arguments {
    pub(crate) positional: Vec<Value>,
    pub(crate) named: Vec<(String, Value)>,
}

impl Arguments {
    /// Matches the arguments of a call to the parameters `names`. Parameters without an argument are `None`.
    ///
    /// Returns `None` if there are too many positional arguments or an argument has an unknown name.
    pub(super) fn bind<const N: usize>(&self, names: [&str; N]) -> Option<[Option<&Value>; N]> {
        let mut bound = [None; N];
        for (slot, value) in bound.iter_mut().zip(&self.positional) {
            *slot = Some(value);
        }
        for (name, value) in &self.named {
            let at = names.iter().position(|other| other == name)?;
            bound[at] = Some(value);
        }
        (self.positional.len() <= N).then_some(bound)
    }
}

/// Functions that only use the elements of their argument.
const ITERATING: [&str; 5] = ["frozenset", "len", "list", "set", "tuple"];

pub(super) fn call<'p>(
    evaluator: &mut Evaluator<'p, '_>,
    expr: &'p Expr,
    call: &'p Call,
) -> EvalResult<Value> {
    let unknown = evaluator.unknown(expr);
    if call.keywords.iter().any(|(name, _)| name.is_none()) {
        return Err(unknown);
    }
    if call.function.is_dotted_name() {
        match evaluator.scope.resolve(evaluator.program, &call.function) {
            Ok(Entity::External(name)) => {
                let arguments = match call.arguments.as_slice() {
                    [iterable] if call.keywords.is_empty() && ITERATING.contains(&name.as_str()) => {
                        Arguments { positional: vec![evaluator.iterated(iterable)?], named: Vec::new() }
                    }
                    _ => arguments(evaluator, call)?,
                };
                return external(evaluator, &name, &arguments)?.ok_or(unknown);
            }
            Ok(Entity::Class(class)) => {
                let arguments = arguments(evaluator, call)?;
                return class::instantiate(evaluator.program, class, arguments);
            }
            Ok(Entity::Function(_) | Entity::Module(_) | Entity::Namespace(_) | Entity::Constant(_)) => {
                return Err(unknown);
            }
            Ok(Entity::Value(callee)) => {
                if let Some(value) = new_type(evaluator, callee, call)? {
                    return Ok(value);
                }
                if let Some(fields) = class::named_tuple::field_names(evaluator.program, callee) {
                    let arguments = arguments(evaluator, call)?;
                    let complete = arguments.positional.len() == fields && arguments.named.is_empty();
                    return if complete { Ok(Value::Tuple(arguments.positional)) } else { Err(unknown) };
                }
            }
            Err(_) => {}
        }
    }
    let ExprKind::Attribute(object, method) = &call.function.kind else { return Err(unknown) };
    let object = evaluator.value(object)?;
    let arguments = arguments(evaluator, call)?;
    methods::call(evaluator.program, &object, method, &arguments.positional, &arguments.named)
}

/// Evaluates a call of a type created by `typing.NewType`. The call returns its argument unchanged.
///
/// Returns `None` if `callee` was not created by `NewType`.
fn new_type<'p>(
    evaluator: &mut Evaluator<'p, '_>,
    callee: Assigned<'p>,
    call: &'p Call,
) -> EvalResult<Option<Value>> {
    let Some(maker) = callee.expr.as_call() else { return Ok(None) };
    let is_new_type =
        callee.scope.external(evaluator.program, &maker.function).as_deref() == Some("typing.NewType");
    match call.arguments.as_slice() {
        [value] if is_new_type && call.keywords.is_empty() => evaluator.value(value).map(Some),
        _ => Ok(None),
    }
}

fn arguments<'p>(evaluator: &mut Evaluator<'p, '_>, call: &'p Call) -> EvalResult<Arguments> {
    let positional = evaluator.items(&call.arguments)?;
    let named = |(name, value): &'p (Option<String>, Expr)| {
        Ok((name.clone().unwrap_or_default(), evaluator.value(value)?))
    };
    Ok(Arguments { positional, named: call.keywords.iter().map(named).collect::<EvalResult<_>>()? })
}

/// Evaluates a call of a function or class from outside the project.
///
/// Returns `None` if the call is not supported.
pub(super) fn external(
    evaluator: &Evaluator<'_, '_>,
    name: &str,
    arguments: &Arguments,
) -> EvalResult<Option<Value>> {
    if let Some(value) = builtin(name, arguments)? {
        return Ok(Some(value));
    }
    if let Some(value) = paths::call(evaluator.program, name, arguments) {
        return Ok(Some(value));
    }
    let first = arguments.positional.first();
    Ok(match name {
        "datetime.datetime" | "datetime.date" | "datetime.time" | "datetime.timedelta"
        | "datetime.timezone" => constructors::moment(name, arguments),
        "uuid.UUID" => match first {
            Some(Value::Str(text)) => {
                uuid::Uuid::parse_str(text).ok().map(|id| Value::Printed(id.to_string()))
            }
            _ => None,
        },
        "decimal.Decimal" => match first {
            Some(Value::Str(text)) if is_plain_decimal(text) => Some(Value::Printed(text.clone())),
            Some(Value::Int(value)) => Some(Value::Printed(value.to_string())),
            _ => None,
        },
        "zoneinfo.ZoneInfo" | "re.compile" => match (first, arguments.positional.len()) {
            (Some(Value::Str(text)), 1) => Some(Value::Printed(text.clone())),
            _ => None,
        },
        "ipaddress.IPv4Address" => first.and_then(ip_address::<std::net::Ipv4Addr>),
        "ipaddress.IPv6Address" => first.and_then(ip_address::<std::net::Ipv6Addr>),
        "ipaddress.ip_address" => first.and_then(ip_address::<std::net::IpAddr>),
        "fractions.Fraction" => fraction(&arguments.positional),
        "datetime.date.fromisoformat" | "datetime.datetime.fromisoformat" => {
            first.and_then(|text| constructors::from_iso(name, text))
        }
        "pydantic.SecretStr" => match first {
            Some(Value::Str(text)) => Some(Value::Secret { is_empty: text.is_empty() }),
            _ => None,
        },
        "pydantic.SecretBytes" => match first {
            Some(Value::Bytes(bytes)) => Some(Value::Secret { is_empty: bytes.is_empty() }),
            _ => None,
        },
        "os.getenv" | "os.environ.get" => match arguments.bind(["key", "default"]) {
            Some([Some(Value::Str(key)), default]) => {
                let set = evaluator.program.variable(key)?.map(Value::text);
                Some(set.unwrap_or_else(|| default.cloned().unwrap_or(Value::None)))
            }
            _ => None,
        },
        // `unmapped` returns a tuple, but pydantic does not encode it as a tuple in the fields of a model.
        "prefect.unmapped" | "prefect.utilities.annotations.unmapped" if evaluator.scope.class.is_none() => {
            first.map(|value| Value::Tuple(vec![value.clone()]))
        }
        "pydantic.AnyUrl" | "pydantic.AnyHttpUrl" | "pydantic.HttpUrl" | "pydantic.FileUrl" => match first {
            Some(Value::Str(text)) => url::Url::parse(text).ok().map(|url| Value::Printed(url.into())),
            _ => None,
        },
        "platform.system" => Some(Value::text("Linux")),
        "pendulum.datetime" => constructors::pendulum(arguments),
        "threading.Lock" | "threading.RLock" | "logging.getLogger" => Some(Value::Opaque),
        _ => None,
    })
}

fn ip_address<A: std::str::FromStr + ToString>(text: &Value) -> Option<Value> {
    let Value::Str(text) = text else { return None };
    text.parse::<A>().ok().map(|address| Value::Printed(address.to_string()))
}

/// Evaluates `Fraction(numerator, denominator)` and reduces the result to lowest terms.
fn fraction(arguments: &[Value]) -> Option<Value> {
    let (numerator, denominator) = match arguments {
        [Value::Int(whole)] => (*whole, 1),
        [Value::Int(numerator), Value::Int(denominator)] if *denominator > 0 => (*numerator, *denominator),
        _ => return None,
    };
    let (mut divisor, mut rest) = (denominator, numerator.checked_abs()?);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    let (numerator, denominator) = (numerator / divisor, denominator / divisor);
    let text = if denominator == 1 { numerator.to_string() } else { format!("{numerator}/{denominator}") };
    Some(Value::Printed(text))
}

fn is_plain_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = whole == "0" || !whole.starts_with('0');
    // Python formats very small decimals with an exponent, so only short fractions are supported.
    all_digits(whole) && all_digits(fraction) && canonical && fraction.len() <= 6
}

fn builtin(name: &str, arguments: &Arguments) -> EvalResult<Option<Value>> {
    match (name, arguments.positional.as_slice(), arguments.named.as_slice()) {
        ("dict", ..) => return Ok(dict(arguments)),
        ("sorted", [value], [(option, Value::Bool(true))]) if option == "reverse" => {
            let mut items = methods::sorted_elements(value)?;
            items.reverse();
            return Ok(Some(Value::List(items)));
        }
        _ => {}
    }
    if !arguments.named.is_empty() {
        return Ok(None);
    }
    Ok(match (name, arguments.positional.as_slice()) {
        ("object", []) => Some(Value::Opaque),
        ("str", []) => Some(Value::text("")),
        ("str", [value]) => Some(Value::Str(text::to_str(value)?)),
        ("int", [value]) => integer(value),
        ("float", [value]) => float(value),
        ("bool", []) => Some(Value::Bool(false)),
        ("bool", [value]) => Some(Value::Bool(value.truth()?)),
        ("list", []) => Some(Value::List(Vec::new())),
        ("list", [value]) => Some(Value::List(value.elements()?)),
        ("tuple", []) => Some(Value::Tuple(Vec::new())),
        ("tuple", [value]) => Some(Value::Tuple(value.elements()?)),
        ("set", []) => Some(Value::Set(Vec::new())),
        ("set", [value]) => Some(Value::Set(unordered(value)?)),
        ("frozenset", []) => Some(Value::FrozenSet(Vec::new())),
        ("frozenset", [value]) => Some(Value::FrozenSet(unordered(value)?)),
        ("sorted", [value]) => Some(Value::List(methods::sorted_elements(value)?)),
        ("len", [value]) => length(value),
        ("range", bounds) => range(bounds),
        ("round", [value]) => round(value),
        ("sum", [values]) => sum(values)?,
        ("abs", [Value::Int(value)]) => value.checked_abs().map(Value::Int),
        ("min", values) => extreme(values, std::cmp::Ordering::Less)?,
        ("max", values) => extreme(values, std::cmp::Ordering::Greater)?,
        _ => None,
    })
}

fn dict(arguments: &Arguments) -> Option<Value> {
    let items = match arguments.positional.as_slice() {
        [] => &[],
        [Value::Dict(items)] => items.as_slice(),
        _ => return None,
    };
    let named = arguments.named.iter().map(|(name, value)| (Value::text(name), value.clone()));
    Some(dictionary(items.iter().cloned().chain(named)))
}

/// Returns the distinct elements of an iterable. The order of the elements is unspecified.
fn unordered(value: &Value) -> EvalResult<Vec<Value>> {
    match value {
        Value::Set(items) | Value::FrozenSet(items) => Ok(items.clone()),
        other => other.elements().map(distinct),
    }
}

fn integer(value: &Value) -> Option<Value> {
    match value {
        Value::Str(text) => text.trim().parse().ok().map(Value::Int),
        other => match other.number()? {
            Number::Int(value) => Some(Value::Int(value)),
            #[expect(
                clippy::cast_possible_truncation,
                reason = "int() discards the fraction, and the match guard ensures that the value is in range"
            )]
            Number::Float(value) if value.abs() < 1e15 => Some(Value::Int(value as i128)),
            Number::Float(_) => None,
        },
    }
}

fn float(value: &Value) -> Option<Value> {
    match value {
        Value::Str(text) => {
            let text = text.trim().to_ascii_lowercase();
            match text.trim_start_matches(['+', '-']) {
                "inf" | "infinity" => {
                    Some(Value::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }))
                }
                "nan" => Some(Value::Float(f64::NAN)),
                _ => text.parse().ok().map(Value::Float),
            }
        }
        other => other.number().map(|number| Value::Float(number.as_float())),
    }
}

fn length(value: &Value) -> Option<Value> {
    let length = match value {
        Value::Str(text) => text.chars().count(),
        Value::Bytes(bytes) => bytes.len(),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => items.len(),
        Value::Dict(items) => items.len(),
        _ => return None,
    };
    i128::try_from(length).ok().map(Value::Int)
}

/// Evaluates `range(...)`. Returns `None` if the range has a step or more than 10,000 elements.
fn range(bounds: &[Value]) -> Option<Value> {
    let bounds = bounds.iter().map(|bound| bound.as_int().ok()).collect::<Option<Vec<_>>>()?;
    let (start, stop) = match bounds[..] {
        [stop] => (0, stop),
        [start, stop] => (start, stop),
        _ => return None,
    };
    (stop.checked_sub(start)? <= 10_000).then(|| Value::Range((start..stop).map(Value::Int).collect()))
}

/// Evaluates Python's `round(value)`. Halves are rounded to even.
fn round(value: &Value) -> Option<Value> {
    match value.number()? {
        Number::Int(value) => Some(Value::Int(value)),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the match guard ensures that the value is in range"
        )]
        Number::Float(value) if value.abs() < 1e15 => Some(Value::Int(value.round_ties_even() as i128)),
        Number::Float(_) => None,
    }
}

fn sum(values: &Value) -> EvalResult<Option<Value>> {
    let mut total = Value::Int(0);
    for value in values.elements()? {
        if !matches!(value, Value::Int(_)) {
            return Ok(None);
        }
        total = operators::binary(BinaryOperator::Add, &total, &value)?;
    }
    Ok(Some(total))
}

fn extreme(values: &[Value], wanted: std::cmp::Ordering) -> EvalResult<Option<Value>> {
    let values = match values {
        [iterable] => iterable.elements()?,
        several => several.to_vec(),
    };
    let mut values = values.into_iter();
    let Some(mut best) = values.next() else { return Ok(None) };
    for value in values {
        let Some((left, right)) = value.number().zip(best.number()) else { return Ok(None) };
        if left.compare(right) == Some(wanted) {
            best = value;
        }
    }
    Ok(best.number().is_some().then_some(best))
}
