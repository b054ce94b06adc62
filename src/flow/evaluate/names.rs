//! Names from outside the project whose values are known.

use jiff::civil::{self, Date, Time};

use super::{
    datetime::{DateTime, TimeOfDay, UtcOffset},
    value::Value,
};
use crate::flow::{
    eval_error::{EvalError, EvalResult},
    schema::annotation::table,
};

/// The last microsecond of a day.
const END_OF_DAY: Time = Time::constant(23, 59, 59, 999_999_000);

/// A name from outside the project as a value.
pub(super) fn external_constant(name: &str) -> EvalResult<Value> {
    match name {
        "math.inf" => Ok(Value::Float(f64::INFINITY)),
        "math.nan" => Ok(Value::Float(f64::NAN)),
        "math.pi" => Ok(Value::Float(std::f64::consts::PI)),
        "datetime.timezone.utc" | "datetime.UTC" => Ok(Value::Timezone(UtcOffset(0))),
        "Ellipsis" => Ok(Value::Ellipsis),
        "logging.DEBUG" => Ok(Value::Int(10)),
        "logging.INFO" => Ok(Value::Int(20)),
        "logging.WARNING" | "logging.WARN" => Ok(Value::Int(30)),
        "logging.ERROR" => Ok(Value::Int(40)),
        "logging.CRITICAL" | "logging.FATAL" => Ok(Value::Int(50)),
        "os.sep" if cfg!(unix) => Ok(Value::text("/")),
        "sys.maxsize" => Ok(Value::Int(i64::MAX.into())),
        "string.ascii_lowercase" => Ok(Value::text("abcdefghijklmnopqrstuvwxyz")),
        "string.ascii_uppercase" => Ok(Value::text("ABCDEFGHIJKLMNOPQRSTUVWXYZ")),
        "string.digits" => Ok(Value::text("0123456789")),
        "datetime.date.min" => Ok(Value::Date(Date::constant(1, 1, 1))),
        "datetime.date.max" => Ok(Value::Date(Date::constant(9999, 12, 31))),
        "datetime.time.min" => Ok(Value::Time(TimeOfDay { civil: Time::MIN, offset: None })),
        "datetime.time.max" => Ok(Value::Time(TimeOfDay { civil: END_OF_DAY, offset: None })),
        "datetime.datetime.min" => Ok(naive(Date::constant(1, 1, 1).to_datetime(Time::MIN))),
        "datetime.datetime.max" => Ok(naive(Date::constant(9999, 12, 31).to_datetime(END_OF_DAY))),
        // A builtin function or class.
        name if !name.contains('.')
            && !matches!(name, "NotImplemented" | "copyright" | "credits" | "license") =>
        {
            Ok(Value::Opaque)
        }
        // A class.
        name if table::schema(name).is_some() && !name.starts_with("typing.") => Ok(Value::Opaque),
        _ => Err(EvalError::unknown(format!("'{name}' comes from outside the project"))),
    }
}

fn naive(civil: civil::DateTime) -> Value {
    Value::DateTime(DateTime { civil, offset: None })
}
