//! Evaluates attributes and methods of dates, times and durations.

use jiff::civil::{Date, Time};

use super::{constructors, strftime, text, timedelta, value::Value};
use crate::date_time::DateTime;

/// Evaluates the attribute access `value.name`. Returns `None` if the attribute is not supported.
pub(super) fn attribute(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Date(date) => of_date(*date, name),
        Value::DateTime(moment) => {
            of_time(moment.local.time(), name).or_else(|| of_date(moment.local.date(), name))
        }
        Value::Time(time) => of_time(time.local, name),
        Value::Delta(microseconds) if name == "days" => Some(Value::Int(timedelta::days(*microseconds))),
        _ => None,
    }
}

fn of_date(date: Date, name: &str) -> Option<Value> {
    Some(match name {
        "year" => Value::Int(date.year().into()),
        "month" => Value::Int(date.month().into()),
        "day" => Value::Int(date.day().into()),
        _ => return None,
    })
}

fn of_time(time: Time, name: &str) -> Option<Value> {
    Some(match name {
        "hour" => Value::Int(time.hour().into()),
        "minute" => Value::Int(time.minute().into()),
        "second" => Value::Int(time.second().into()),
        "microsecond" => Value::Int((time.subsec_nanosecond() / 1_000).into()),
        _ => return None,
    })
}

/// Evaluates the method call `value.name(*arguments)`. Returns `None` if the call is not supported.
pub(super) fn method(value: &Value, name: &str, arguments: &[Value]) -> Option<Value> {
    match (value, name, arguments) {
        (Value::DateTime(moment), "isoformat", []) => Some(Value::Str(text::iso_format(*moment))),
        (Value::DateTime(moment), "date", []) => Some(Value::Date(moment.local.date())),
        (Value::DateTime(moment), "strftime", [Value::Str(format)]) => {
            strftime::format(moment.local, format).map(Value::Str)
        }
        (Value::Date(date), "isoformat", []) => Some(Value::Str(date.to_string())),
        (Value::Date(date), "strftime", [Value::Str(format)]) => {
            strftime::format(date.to_datetime(Time::MIN), format).map(Value::Str)
        }
        (Value::Delta(microseconds), "total_seconds", []) => {
            Some(Value::Float(timedelta::seconds(*microseconds)))
        }
        _ => None,
    }
}

/// Evaluates `value.replace(...)` for a date, or a date and time. Returns `None` if the call is not supported.
pub(super) fn replace(value: &Value, arguments: &[Value], named: &[(String, Value)]) -> Option<Value> {
    match value {
        Value::DateTime(moment) if arguments.is_empty() => {
            constructors::replace(*moment, named).map(Value::DateTime)
        }
        Value::Date(date) if arguments.is_empty() => {
            let midnight = DateTime { local: date.to_datetime(Time::MIN), offset: None };
            let replaced = constructors::replace(midnight, named)?;
            let is_date = replaced.local.time() == Time::MIN && replaced.offset.is_none();
            is_date.then(|| Value::Date(replaced.local.date()))
        }
        _ => None,
    }
}
