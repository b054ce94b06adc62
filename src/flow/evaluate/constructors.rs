//! Evaluates the constructors of dates, times and durations.

use jiff::tz::Offset;

use super::{
    calls::Arguments,
    timedelta::{DAY, in_range},
    value::{Number, Value},
};
use crate::date_time::{DateTime, TimeOfDay};

/// Evaluates a constructor of the `datetime` module: `datetime`, `date`, `time`, `timedelta` or `timezone`.
///
/// Returns `None` if the arguments are invalid or not supported.
pub(super) fn moment(name: &str, arguments: &Arguments) -> Option<Value> {
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
        _ => timedelta(arguments),
    }
}

/// Evaluates `date.fromisoformat(text)` and `datetime.fromisoformat(text)`.
///
/// Returns `None` unless `text` is a date or a date and time such as `2024-01-31T12:00:00`.
pub(super) fn from_iso(name: &str, text: &Value) -> Option<Value> {
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
pub(super) fn pendulum(arguments: &Arguments) -> Option<Value> {
    let names = ["year", "month", "day", "hour", "minute", "second", "microsecond", "tz"];
    let [year, month, day, hour, minute, second, microsecond, zone] = arguments.bind(names)?;
    if !matches!(zone, None | Some(Value::Str(_))) || zone.is_some_and(|zone| *zone != Value::text("UTC")) {
        return None;
    }
    let local = date(year, month, day)?.to_datetime(time(hour, minute, second, microsecond)?);
    Some(Value::DateTime(DateTime { local, offset: Some(Offset::UTC) }))
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
