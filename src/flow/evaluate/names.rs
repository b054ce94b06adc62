//! Returns the values of names that are defined outside the project.

use jiff::{
    civil::{self, Date, Time},
    tz::Offset,
};

use super::{operators, value::Value};
use crate::{
    date_time::{DateTime, TimeOfDay},
    flow::{
        eval_error::{EvalError, EvalResult},
        program::Program,
        schema::annotation::table,
    },
};

/// The Prefect version assumed in conditions on `prefect.__version__`.
const PREFECT_VERSION: &str = "3.9.1";

/// The latest time of day that Python can represent.
const END_OF_DAY: Time = Time::constant(23, 59, 59, 999_999_000);

/// Returns the value of a name that is defined outside the project, given its dotted name.
pub(super) fn external_constant(program: &Program<'_>, name: &str) -> EvalResult<Value> {
    match name {
        "typing.TYPE_CHECKING" => Ok(Value::Bool(false)),
        "sys.platform" => Ok(Value::text("linux")),
        "os.name" => Ok(Value::text("posix")),
        "os.pardir" | "os.path.pardir" => Ok(Value::text("..")),
        "os.curdir" | "os.path.curdir" => Ok(Value::text(".")),
        // Conditions only compare the major version, and the major version is known. Elsewhere, the version
        // is unknown.
        "prefect.__version__" if program.python_minor.get().is_some() => Ok(Value::text(PREFECT_VERSION)),
        "sys.version_info" => version_info(program),
        "sys.version_info.major" => Ok(Value::Int(3)),
        "sys.version_info.minor" => {
            version_info(program).and_then(|version| operators::subscript(&version, &Value::Int(1)))
        }
        "math.inf" => Ok(Value::Float(f64::INFINITY)),
        "math.nan" => Ok(Value::Float(f64::NAN)),
        "math.pi" => Ok(Value::Float(std::f64::consts::PI)),
        "datetime.timezone.utc" | "datetime.UTC" => Ok(Value::Timezone(Offset::UTC)),
        "Ellipsis" => Ok(Value::Ellipsis),
        "logging.DEBUG" => Ok(Value::Int(10)),
        "logging.INFO" => Ok(Value::Int(20)),
        "logging.WARNING" | "logging.WARN" => Ok(Value::Int(30)),
        "logging.ERROR" => Ok(Value::Int(40)),
        "logging.CRITICAL" | "logging.FATAL" => Ok(Value::Int(50)),
        "os.sep" | "os.path.sep" => Ok(Value::text("/")),
        "os.linesep" => Ok(Value::text("\n")),
        "sys.maxsize" => Ok(Value::Int(i64::MAX.into())),
        "pydantic.Extra.allow" => Ok(Value::text("allow")),
        "pydantic.Extra.forbid" => Ok(Value::text("forbid")),
        "pydantic.Extra.ignore" => Ok(Value::text("ignore")),
        "string.ascii_lowercase" => Ok(Value::text("abcdefghijklmnopqrstuvwxyz")),
        "string.ascii_uppercase" => Ok(Value::text("ABCDEFGHIJKLMNOPQRSTUVWXYZ")),
        "string.digits" => Ok(Value::text("0123456789")),
        "datetime.date.min" => Ok(Value::Date(Date::constant(1, 1, 1))),
        "datetime.date.max" => Ok(Value::Date(Date::constant(9999, 12, 31))),
        "datetime.time.min" => Ok(Value::Time(TimeOfDay { local: Time::MIN, offset: None })),
        "datetime.time.max" => Ok(Value::Time(TimeOfDay { local: END_OF_DAY, offset: None })),
        "datetime.datetime.min" => Ok(naive(Date::constant(1, 1, 1).to_datetime(Time::MIN))),
        "datetime.datetime.max" => Ok(naive(Date::constant(9999, 12, 31).to_datetime(END_OF_DAY))),
        // The name refers to a built-in function, a built-in class or a top-level module.
        name if !name.contains('.')
            && !matches!(name, "NotImplemented" | "copyright" | "credits" | "license") =>
        {
            Ok(Value::Opaque)
        }
        // The name refers to a class with a known JSON schema.
        name if table::schema(name).is_some() && !name.starts_with("typing.") => Ok(Value::Opaque),
        _ => Err(program.outside(&format!("'{name}'"), name)),
    }
}

/// Returns `sys.version_info`.
///
/// # Errors
///
/// Fails unless a condition is being evaluated for a specific Python version.
fn version_info(program: &Program<'_>) -> EvalResult<Value> {
    let minor = program.python_minor.get();
    let minor = minor.ok_or_else(|| EvalError::unknown("the worker's Python version is unknown"))?;
    let numbers = [3, minor.into(), 1].map(Value::Int);
    Ok(Value::Tuple(numbers.into_iter().chain([Value::text("final"), Value::Int(0)]).collect()))
}

fn naive(local: civil::DateTime) -> Value {
    Value::DateTime(DateTime { local, offset: None })
}
