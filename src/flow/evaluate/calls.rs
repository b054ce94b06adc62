//! Evaluates calls of functions from other packages, and of the project's functions and classes.

use super::{Evaluator, builtins, constructors, json, methods, paths, text, value::Value};
use crate::flow::{
    docstring,
    eval_error::EvalResult,
    interpret,
    program::{
        entity::{Assigned, Entity},
        syntax::{Call, Expr, ExprKind},
    },
    schema::class,
};

/// The evaluated arguments of a call.
#[derive(Debug, Default)]
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
            Ok(Entity::External(name)) if name == "map" => {
                return map(evaluator, call)?.ok_or(unknown);
            }
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
            Ok(Entity::Function(function)) => {
                let class = match &call.function.kind {
                    ExprKind::Attribute(object, _) => {
                        match evaluator.scope.resolve(evaluator.program, object) {
                            Ok(Entity::Class(class)) => Some(class),
                            _ => None,
                        }
                    }
                    _ => None,
                };
                let arguments = arguments(evaluator, call)?;
                return interpret::call(evaluator.program, evaluator.scope, (class, function), arguments);
            }
            Ok(Entity::Module(_) | Entity::Namespace(_) | Entity::Constant(_)) => return Err(unknown),
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

/// Evaluates `map(function, iterable)` for a function from outside the project.
///
/// Returns `None` if the call is not supported.
fn map<'p>(evaluator: &mut Evaluator<'p, '_>, call: &'p Call) -> EvalResult<Option<Value>> {
    let ([function, items], []) = (call.arguments.as_slice(), call.keywords.as_slice()) else {
        return Ok(None);
    };
    let Some(name) = evaluator.scope.external(evaluator.program, function) else { return Ok(None) };
    let items = evaluator.iterated(items)?.elements()?;
    let mapped = |item| external(evaluator, &name, &Arguments { positional: vec![item], named: Vec::new() });
    let results = items.into_iter().map(mapped).collect::<EvalResult<Option<_>>>()?;
    Ok(results.map(Value::Iterator))
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
    if let Some(value) = builtins::call(name, arguments)? {
        return Ok(Some(value));
    }
    if let Some(value) = paths::call(evaluator.program, name, arguments) {
        return Ok(Some(value));
    }
    if let Some(value) = constructors::call(name, arguments) {
        return Ok(Some(value));
    }
    let first = arguments.positional.first();
    Ok(match name {
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
        "json.loads" | "json.dumps" | "orjson.loads" if arguments.named.is_empty() => {
            first.and_then(|value| json::call(name, value))
        }
        "textwrap.dedent" | "inspect.cleandoc" => first.and_then(|text| unindented(name, text)),
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
        "threading.Lock" | "threading.RLock" | "logging.getLogger" => Some(Value::Opaque),
        _ => None,
    })
}

fn unindented(name: &str, text: &Value) -> Option<Value> {
    let Value::Str(text) = text else { return None };
    let is_docstring = name == "inspect.cleandoc";
    Some(Value::Str(if is_docstring { docstring::clean(text) } else { text::dedent(text) }))
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
