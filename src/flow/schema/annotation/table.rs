//! Fixed type schemas, keyed by canonical type name.

use serde_json::{Value as Json, json};

/// Returns the schema of an external type without arguments, or `None` if the type is not in the table.
pub(crate) fn schema(name: &str) -> Option<Json> {
    let string = |format: &str| json!({"type": "string", "format": format});
    let anything = || json!({});
    Some(match name {
        "str" | "complex" => json!({"type": "string"}),
        "int" => json!({"type": "integer"}),
        "float" => json!({"type": "number"}),
        "bool" => json!({"type": "boolean"}),
        "bytes" => string("binary"),
        "NoneType" => json!({"type": "null"}),
        "object" | "type" | "range" | "slice" | "bytearray" | "memoryview" => anything(),
        "list" | "tuple" => json!({"type": "array", "items": {}}),
        "set" | "frozenset" => json!({"type": "array", "items": {}, "uniqueItems": true}),
        "dict" => json!({"type": "object", "additionalProperties": true}),
        _ if is_exception(name) => anything(),
        _ => return module_type(name),
    })
}

/// Returns whether a name without a module is a built-in exception.
fn is_exception(name: &str) -> bool {
    let named = ["Error", "Exception", "Warning", "Exit", "Interrupt", "Iteration"];
    !name.contains('.') && named.iter().any(|suffix| name.ends_with(suffix))
}

fn module_type(name: &str) -> Option<Json> {
    let (module, name) = name.rsplit_once('.')?;
    let known = match module {
        "typing" => typing(name),
        "datetime" | "uuid" | "decimal" | "fractions" | "re" | "ipaddress" | "zoneinfo" | "pathlib"
        | "logging" => standard_library(module, name),
        "pydantic" => pydantic(name),
        "collections" if matches!(name, "ChainMap" | "UserDict" | "UserList" | "UserString") => {
            Some(json!({}))
        }
        "collections.abc" | "collections" => None,
        _ => others(module, name),
    };
    known.or_else(|| is_plain_class(module, name).then(|| json!({})))
}

fn typing(name: &str) -> Option<Json> {
    Some(match name {
        "Any" | "Final" | "LiteralString" | "IO" | "TextIO" | "BinaryIO" | "Never" | "NoReturn"
        | "SupportsInt" | "SupportsFloat" | "SupportsAbs" | "SupportsIndex" | "SupportsBytes"
        | "NamedTuple" => json!({}),
        "AnyStr" => json!({"anyOf": [{"type": "string", "format": "binary"}, {"type": "string"}]}),
        _ => return None,
    })
}

fn standard_library(module: &str, name: &str) -> Option<Json> {
    let string = |format: &str| json!({"type": "string", "format": format});
    Some(match (module, name) {
        ("datetime", "datetime") => string("date-time"),
        ("datetime", "date") => string("date"),
        ("datetime", "time") => string("time"),
        ("datetime", "timedelta") => string("duration"),
        ("datetime", "timezone" | "tzinfo") => json!({}),
        ("uuid", "UUID") => string("uuid"),
        ("decimal", "Decimal") => json!({"anyOf": [{"type": "number"}, {"type": "string"}]}),
        ("fractions", "Fraction") => {
            json!({"anyOf": [{"type": "number"}, {"type": "string", "format": "fraction"}]})
        }
        ("re", "Pattern") => string("regex"),
        (
            "ipaddress",
            "IPv4Address" | "IPv6Address" | "IPv4Network" | "IPv6Network" | "IPv4Interface" | "IPv6Interface",
        ) => string(name.to_lowercase().trim_end_matches("address")),
        ("zoneinfo", "ZoneInfo") => string("zoneinfo"),
        (
            "pathlib",
            "Path" | "PurePath" | "PurePosixPath" | "PosixPath" | "PureWindowsPath" | "WindowsPath",
        ) => string("path"),
        _ => return None,
    })
}

fn pydantic(name: &str) -> Option<Json> {
    let string = |format: &str| json!({"type": "string", "format": format});
    Some(match name {
        "StrictStr" | "ImportString" => json!({"type": "string"}),
        "StrictInt" => json!({"type": "integer"}),
        "StrictFloat" | "FiniteFloat" => json!({"type": "number"}),
        "StrictBool" => json!({"type": "boolean"}),
        "StrictBytes" => string("binary"),
        "PositiveInt" => json!({"type": "integer", "exclusiveMinimum": 0}),
        "NegativeInt" => json!({"type": "integer", "exclusiveMaximum": 0}),
        "NonNegativeInt" => json!({"type": "integer", "minimum": 0}),
        "NonPositiveInt" => json!({"type": "integer", "maximum": 0}),
        "PositiveFloat" => json!({"type": "number", "exclusiveMinimum": 0}),
        "NegativeFloat" => json!({"type": "number", "exclusiveMaximum": 0}),
        "NonNegativeFloat" => json!({"type": "number", "minimum": 0}),
        "NonPositiveFloat" => json!({"type": "number", "maximum": 0}),
        "SecretStr" | "SecretBytes" => json!({"type": "string", "format": "password", "writeOnly": true}),
        "HttpUrl" | "WebsocketUrl" => {
            json!({"type": "string", "format": "uri", "minLength": 1, "maxLength": 2083})
        }
        "AnyUrl" | "AnyHttpUrl" | "FileUrl" | "FtpUrl" | "AnyWebsocketUrl" | "RedisDsn" | "CockroachDsn"
        | "AmqpDsn" | "KafkaDsn" | "MySQLDsn" | "MariaDBDsn" | "ClickHouseDsn" | "SnowflakeDsn" => {
            json!({"type": "string", "format": "uri", "minLength": 1})
        }
        "PostgresDsn" | "MongoDsn" | "NatsDsn" => {
            json!({"type": "string", "format": "multi-host-uri", "minLength": 1})
        }
        "PastDatetime" | "FutureDatetime" | "AwareDatetime" | "NaiveDatetime" => string("date-time"),
        "PastDate" | "FutureDate" => string("date"),
        "FilePath" => string("file-path"),
        "DirectoryPath" => string("directory-path"),
        "NewPath" | "SocketPath" => string("path"),
        "UUID1" | "UUID3" | "UUID4" | "UUID5" | "UUID6" | "UUID7" | "UUID8" | "IPvAnyAddress"
        | "IPvAnyInterface" | "IPvAnyNetwork" => string(&name.to_lowercase()),
        "Base64Str" | "Base64Bytes" => string("base64"),
        "Base64UrlStr" | "Base64UrlBytes" => string("base64url"),
        "PaymentCardNumber" => json!({"type": "string", "minLength": 12, "maxLength": 19}),
        "ByteSize" => json!({"anyOf": [
            {"type": "string", "pattern": "^\\s*(\\d*\\.?\\d+)\\s*(\\w+)?"},
            {"type": "integer", "minimum": 0},
        ]}),
        "Json" => {
            json!({"type": "string", "contentMediaType": "application/json", "contentSchema": {}})
        }
        _ => return None,
    })
}

fn others(module: &str, name: &str) -> Option<Json> {
    let string = |format: &str| json!({"type": "string", "format": format});
    Some(match (module, name) {
        ("prefect.types", "NonNegativeInteger") => json!({"type": "integer", "minimum": 0}),
        ("prefect.types", "LogLevel") => {
            json!({"type": "string", "enum": ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]})
        }
        ("prefect.types", "PositiveInteger") => json!({"type": "integer", "exclusiveMinimum": 0}),
        ("prefect.types" | "pydantic_extra_types.pendulum_dt", "DateTime") => string("date-time"),
        ("pydantic_extra_types.pendulum_dt", "Date") => string("date"),
        // Pydantic only checks whether a value is an instance of these classes, so Prefect accepts any value.
        ("pendulum", "DateTime" | "Date" | "Time" | "Duration" | "Timezone" | "Interval")
        | ("prefect.futures" | "prefect", "PrefectFuture")
        | ("prefect.utilities.annotations" | "prefect", "quote" | "allow_failure" | "unmapped")
        | ("prefect", "Flow" | "Task")
        | ("prefect.context", "FlowRunContext" | "TaskRunContext")
        | ("prefect.logging.loggers", "PrefectLogAdapter")
        | ("pandas", "DataFrame" | "Series" | "Timestamp" | "Timedelta" | "Index")
        | ("numpy", "ndarray")
        | ("polars", "DataFrame" | "LazyFrame" | "Series")
        | ("collections.abc" | "typing", "Hashable") => json!({}),
        ("os", "PathLike") => string("path"),
        _ => return None,
    })
}

/// Returns whether a class of the standard library has no schema in pydantic.
fn is_plain_class(module: &str, name: &str) -> bool {
    let names: &[&str] = match module {
        "argparse" => &["ArgumentParser", "Namespace"],
        "array" => &["array"],
        "asyncio" => &[
            "AbstractEventLoop",
            "Condition",
            "Event",
            "Future",
            "Lock",
            "Queue",
            "Semaphore",
            "StreamReader",
            "StreamWriter",
            "Task",
            "TaskGroup",
        ],
        "concurrent.futures" => &["Executor", "Future", "ProcessPoolExecutor", "ThreadPoolExecutor"],
        "configparser" => &["ConfigParser", "RawConfigParser", "SectionProxy"],
        "contextlib" => &["AsyncExitStack", "ExitStack"],
        "functools" => &["partial"],
        "io" => &["BufferedReader", "BufferedWriter", "BytesIO", "StringIO", "TextIOWrapper"],
        "logging" => {
            &["Filter", "Formatter", "Handler", "Logger", "LoggerAdapter", "LogRecord", "StreamHandler"]
        }
        "multiprocessing" => &["Process"],
        "numbers" => &["Complex", "Integral", "Number", "Rational", "Real"],
        "queue" => &["Queue", "SimpleQueue"],
        "random" => &["Random"],
        "socket" => &["socket"],
        "sqlite3" => &["Connection", "Cursor"],
        "ssl" => &["SSLContext"],
        "string" => &["Formatter", "Template"],
        "subprocess" => &["CompletedProcess", "Popen"],
        "tempfile" => &["TemporaryDirectory"],
        "threading" => &["Barrier", "Condition", "Event", "Semaphore", "Thread", "Timer"],
        "types" => &["FunctionType", "MethodType", "ModuleType", "SimpleNamespace", "TracebackType"],
        "xml.etree.ElementTree" => &["Element", "ElementTree"],
        "zipfile" => &["ZipFile"],
        _ => &[],
    };
    names.contains(&name)
}

/// Returns whether pydantic has no schema for a class and only checks that a value is an instance of the class.
pub(super) fn is_unknown_to_pydantic(name: &str) -> bool {
    let is_plain = |(module, name): (&str, &str)| is_plain_class(module, name);
    match name {
        "range" | "slice" | "bytearray" | "memoryview" | "datetime.tzinfo" | "datetime.timezone" => true,
        "type" | "collections.abc.Hashable" => false,
        _ => is_exception(name) || accepts_anything(name) || name.rsplit_once('.').is_some_and(is_plain),
    }
}

/// Returns the subschema to which a model's string length limits apply, or `None` if the limits do not apply.
pub(super) fn text_of<'s>(name: &str, schema: &'s mut Json) -> Option<&'s mut Json> {
    match name.rsplit_once('.').unwrap_or(("", name)) {
        ("", "str")
        | ("pathlib", _)
        | ("os", "PathLike")
        | (
            "pydantic",
            "StrictStr" | "ImportString" | "SecretStr" | "FilePath" | "DirectoryPath" | "NewPath"
            | "Base64Str" | "constr",
        ) => Some(schema),
        ("pydantic", "ByteSize") => schema.get_mut("anyOf")?.get_mut(0),
        _ => None,
    }
}

/// Returns whether a type is a sequence whose only argument is its item type.
pub(super) fn is_array(name: &str) -> bool {
    let name = name.strip_prefix("collections.abc.").or(name.strip_prefix("collections.")).unwrap_or(name);
    matches!(name, "list" | "deque" | "Sequence" | "MutableSequence" | "Iterable" | "Generator")
}

pub(super) fn is_set(name: &str) -> bool {
    matches!(name, "set" | "frozenset" | "collections.abc.Set" | "collections.abc.MutableSet")
}

pub(super) fn is_mapping(name: &str) -> bool {
    let name = name.strip_prefix("collections.abc.").or(name.strip_prefix("collections.")).unwrap_or(name);
    matches!(name, "dict" | "defaultdict" | "OrderedDict" | "Mapping" | "MutableMapping")
}

/// Returns whether pydantic has no schema for a generic class and Prefect accepts any value.
pub(super) fn accepts_anything(name: &str) -> bool {
    matches!(
        name,
        "collections.abc.Collection"
            | "collections.abc.Iterator"
            | "collections.abc.AsyncIterator"
            | "collections.abc.AsyncGenerator"
            | "collections.abc.AsyncIterable"
            | "collections.abc.ByteString"
            | "collections.abc.Container"
            | "collections.abc.Coroutine"
            | "collections.abc.ItemsView"
            | "collections.abc.KeysView"
            | "collections.abc.MappingView"
            | "collections.abc.Reversible"
            | "collections.abc.Sized"
            | "collections.abc.ValuesView"
            | "collections.ChainMap"
            | "collections.abc.Awaitable"
            | "collections.abc.Hashable"
            | "typing.IO"
            | "type"
    )
}
