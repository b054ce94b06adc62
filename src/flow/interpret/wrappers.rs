//! Decorators of well-known packages that do not change the signature of a function.

use std::rc::Rc;

use super::object::{Arguments, FunctionObject, Object};

/// Decorators that wrap a function with `functools.wraps`. Each of them can be applied directly or with options.
const KEEP_SIGNATURE: [&str; 24] = [
    "backoff.on_exception",
    "backoff.on_predicate",
    "codetiming.Timer",
    "ddtrace.tracer.wrap",
    "deprecated.deprecated",
    "langfuse.observe",
    "langsmith.traceable",
    "line_profiler.profile",
    "logfire.instrument",
    "memory_profiler.profile",
    "mlflow.trace",
    "opik.track",
    "pydantic.validate_arguments",
    "pydantic.validate_call",
    "ratelimit.limits",
    "ratelimit.sleep_and_retry",
    "retry.retry",
    "retrying.retry",
    "sentry_sdk.crons.monitor",
    "sentry_sdk.monitor",
    "sentry_sdk.trace",
    "stamina.retry",
    "tenacity.retry",
    "weave.op",
];

/// Returns whether a decorator from outside the project keeps the name, the docstring and the signature of a function.
pub(super) fn keeps_signature(name: &str) -> bool {
    KEEP_SIGNATURE.binary_search(&name).is_ok()
}

/// Calls a decorator that keeps the signature. The decorator returns a decorator if it is called with options only.
pub(super) fn decorate<'p>(name: &str, arguments: &Arguments<'p>) -> Object<'p> {
    match arguments.positional.as_slice() {
        [Object::Function(function)] if arguments.named.is_empty() => {
            let function = (**function).clone();
            Object::Function(Rc::new(FunctionObject { has_outer_wrapper: true, ..function }))
        }
        _ => Object::External(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decorators_are_sorted() {
        assert!(KEEP_SIGNATURE.is_sorted());
        assert!(keeps_signature("tenacity.retry") && !keeps_signature("functools.lru_cache"));
    }
}
