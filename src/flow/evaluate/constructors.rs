//! Evaluates the constructors of dates, times and durations.

use jiff::tz::Offset;

use super::{
    calls::Arguments,
    strftime,
    timedelta::{DAY, in_range},
    value::{Number, Value},
};
use crate::date_time::{DateTime, TimeOfDay};

/// Evaluates a function or constructor of the `datetime` module or of `pendulum`.
///
/// Returns `None` for other functions, and if the arguments are invalid or not supported.
pub(super) fn call(name: &str, arguments: &Arguments) -> Option<Value> {
    match name {
        "datetime.date" => {
            let [year, month, day] = arguments.bind(["year", "month", "day"])?;
            Some(Value::Date(date(year, month, day)?))
        }
        "datetime.datetime" => {
            let names = ["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo"];
            let [year, month, day, hour, minute, second, microsecond, tzinfo] = arguments.bind(names)?;
            let time = time(hour, minute, second, microsecond)?;
            let local = date(year, month, day)?.to_datetime(time);
            Some(Value::DateTime(DateTime { local, offset: offset(tzinfo)? }))
        }
        "datetime.time" => {
            let names = ["hour", "minute", "second", "microsecond", "tzinfo"];
            let [hour, minute, second, microsecond, tzinfo] = arguments.bind(names)?;
            let local = time(hour, minute, second, microsecond)?;
            Some(Value::Time(TimeOfDay { local, offset: offset(tzinfo)? }))
        }
        "datetime.timezone" => match arguments.positional.as_slice() {
            [Value::Delta(microseconds)] if microseconds % 1_000_000 == 0 && microseconds.abs() < DAY => {
                let seconds = i32::try_from(microseconds / 1_000_000).ok()?;
                Offset::from_seconds(seconds).ok().map(Value::Timezone)
            }
            _ => None,
        },
        "datetime.timedelta" => timedelta(arguments),
        "datetime.date.fromisoformat" | "datetime.datetime.fromisoformat" => {
            from_iso(name, arguments.positional.first()?)
        }
        "datetime.datetime.fromtimestamp" => from_timestamp(arguments),
        "datetime.datetime.strptime" => match arguments.positional.as_slice() {
            [Value::Str(text), Value::Str(format)] => strftime::parse(text, format).map(Value::DateTime),
            _ => None,
        },
        "datetime.datetime.combine" => match arguments.positional.as_slice() {
            [Value::Date(date), Value::Time(time)] if arguments.named.is_empty() => {
                let local = date.to_datetime(time.local);
                Some(Value::DateTime(DateTime { local, offset: time.offset }))
            }
            _ => None,
        },
        "pendulum.datetime" => pendulum(arguments),
        _ => None,
    }
}

/// Evaluates `date.fromisoformat(text)` and `datetime.fromisoformat(text)`.
///
/// Returns `None` unless `text` is a date or a date and time such as `2024-01-31T12:00:00`.
fn from_iso(name: &str, text: &Value) -> Option<Value> {
    let Value::Str(text) = text else { return None };
    let is_plain = |length: usize| {
        text.len() == length && text.bytes().all(|it| it.is_ascii_digit() || b"-:T ".contains(&it))
    };
    if name == "datetime.date.fromisoformat" {
        return if is_plain(10) { text.parse().ok().map(Value::Date) } else { None };
    }
    let local = match text.len() {
        10 if is_plain(10) => text.parse::<jiff::civil::Date>().ok()?.to_datetime(jiff::civil::Time::MIN),
        19 if is_plain(19) => text.parse().ok()?,
        _ => return None,
    };
    Some(Value::DateTime(DateTime { local, offset: None }))
}

/// Evaluates `pendulum.datetime(...)`. Returns `None` if the time zone is not UTC, the default.
fn pendulum(arguments: &Arguments) -> Option<Value> {
    let names = ["year", "month", "day", "hour", "minute", "second", "microsecond", "tz"];
    let [year, month, day, hour, minute, second, microsecond, zone] = arguments.bind(names)?;
    if !matches!(zone, None | Some(Value::Str(_))) || zone.is_some_and(|zone| *zone != Value::text("UTC")) {
        return None;
    }
    let local = date(year, month, day)?.to_datetime(time(hour, minute, second, microsecond)?);
    Some(Value::DateTime(DateTime { local, offset: Some(Offset::UTC) }))
}

/// Evaluates `datetime.fromtimestamp(seconds, tz)`. Returns `None` if the time zone is the local time zone.
fn from_timestamp(arguments: &Arguments) -> Option<Value> {
    let [Some(Value::Int(seconds)), Some(Value::Timezone(offset))] = arguments.bind(["timestamp", "tz"])?
    else {
        return None;
    };
    let timestamp = jiff::Timestamp::from_second(i64::try_from(*seconds).ok()?).ok()?;
    Some(Value::DateTime(DateTime { local: offset.to_datetime(timestamp), offset: Some(*offset) }))
}

/// Evaluates `moment.replace(...)` with named arguments. Returns `None` if an argument is not supported.
pub(super) fn replace(moment: DateTime, named: &[(String, Value)]) -> Option<DateTime> {
    let mut local = moment.local.with();
    let mut zone = moment.offset;
    for (name, value) in named {
        let value = Some(value);
        local = match name.as_str() {
            "year" => local.year(small(value, 0)?),
            "month" => local.month(small(value, 0)?),
            "day" => local.day(small(value, 0)?),
            "hour" => local.hour(small(value, 0)?),
            "minute" => local.minute(small(value, 0)?),
            "second" => local.second(small(value, 0)?),
            "microsecond" => local.subsec_nanosecond(small(value, 0_i32)?.checked_mul(1_000)?),
            "tzinfo" => {
                zone = offset(value)?;
                local
            }
            _ => return None,
        };
    }
    let local = local.build().ok().filter(|local| local.year() >= 1)?;
    Some(DateTime { local, offset: zone })
}

fn small<T: TryFrom<i128>>(value: Option<&Value>, absent: T) -> Option<T> {
    match value {
        None => Some(absent),
        Some(Value::Int(value)) => T::try_from(*value).ok(),
        Some(_) => None,
    }
}

fn date(year: Option<&Value>, month: Option<&Value>, day: Option<&Value>) -> Option<jiff::civil::Date> {
    let year: i16 = small(Some(year?), 0)?;
    let date = jiff::civil::Date::new(year, small(Some(month?), 0)?, small(Some(day?), 0)?).ok()?;
    (year >= 1).then_some(date)
}

fn time(
    hour: Option<&Value>,
    minute: Option<&Value>,
    second: Option<&Value>,
    microsecond: Option<&Value>,
) -> Option<jiff::civil::Time> {
    let nanosecond = small(microsecond, 0_i32)?.checked_mul(1_000)?;
    jiff::civil::Time::new(small(hour, 0)?, small(minute, 0)?, small(second, 0)?, nanosecond).ok()
}

/// Returns the UTC offset of a `tzinfo` argument, or `Some(None)` if the argument is absent.
///
/// Returns `None` if the offset cannot be determined.
#[expect(clippy::option_option, reason = "a missing offset is different from an unknown offset")]
fn offset(tzinfo: Option<&Value>) -> Option<Option<Offset>> {
    match tzinfo {
        None | Some(Value::None) => Some(None),
        Some(Value::Timezone(offset)) => Some(Some(*offset)),
        Some(_) => None,
    }
}

fn timedelta(arguments: &Arguments) -> Option<Value> {
    const UNITS: [(&str, i128); 7] = [
        ("days", 86_400_000_000),
        ("seconds", 1_000_000),
        ("microseconds", 1),
        ("milliseconds", 1_000),
        ("minutes", 60_000_000),
        ("hours", 3_600_000_000),
        ("weeks", 604_800_000_000),
    ];
    let bound = arguments.bind(UNITS.map(|(name, _)| name))?;
    let mut total: i128 = 0;
    for (value, (_, unit)) in bound.into_iter().zip(UNITS) {
        let amount = match value.map(Value::number) {
            None => continue,
            Some(Some(Number::Int(amount))) => amount.checked_mul(unit)?,
            Some(Some(Number::Float(amount))) => fractional(amount, unit)?,
            Some(None) => return None,
        };
        total = total.checked_add(amount)?;
    }
    in_range(total).map(Value::Delta)
}

/// Converts a fractional number of units to microseconds. Returns `None` if the result is not a whole number.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "the result is only used if the value is in range"
)]
fn fractional(amount: f64, unit: i128) -> Option<i128> {
    let exact = amount * unit as f64;
    (exact.abs() < 1e15 && (exact - exact.round()).abs() < 1e-6).then_some(exact.round() as i128)
}
