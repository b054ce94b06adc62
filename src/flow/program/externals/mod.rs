//! Names from outside the project: modules that Prefect has already imported, and canonical forms of dotted names.

mod builtins;
mod presence;
mod star_exports;

pub(crate) use builtins::is_builtin;
pub(crate) use presence::{Presence, is_standard_library, presence};
pub(crate) use star_exports::exports;

/// Returns whether Prefect imports a top-level module before it loads a flow.
///
/// Python never imports a project file that has the name of a preloaded module.
pub(crate) fn is_preloaded(module: &str) -> bool {
    PRELOADED.binary_search(&module).is_ok()
}

/// Modules of the standard library and of Prefect's dependencies that Prefect imports before it loads a flow.
const PRELOADED: &[&str] = &[
    "abc",
    "annotated_types",
    "anyio",
    "argparse",
    "array",
    "ast",
    "asyncio",
    "atexit",
    "base64",
    "binascii",
    "bisect",
    "builtins",
    "bz2",
    "calendar",
    "cloudpickle",
    "codecs",
    "collections",
    "concurrent",
    "configparser",
    "contextlib",
    "contextvars",
    "copy",
    "copyreg",
    "csv",
    "ctypes",
    "dataclasses",
    "datetime",
    "dateutil",
    "decimal",
    "difflib",
    "dis",
    "email",
    "enum",
    "errno",
    "fnmatch",
    "fractions",
    "fsspec",
    "functools",
    "gc",
    "gettext",
    "glob",
    "griffe",
    "gzip",
    "hashlib",
    "heapq",
    "hmac",
    "html",
    "http",
    "httpx",
    "importlib",
    "inspect",
    "io",
    "ipaddress",
    "itertools",
    "json",
    "jsonschema",
    "keyword",
    "linecache",
    "locale",
    "logging",
    "lzma",
    "math",
    "mimetypes",
    "multiprocessing",
    "numbers",
    "operator",
    "os",
    "pathlib",
    "pendulum",
    "pickle",
    "pkgutil",
    "platform",
    "posixpath",
    "pprint",
    "prefect",
    "pydantic",
    "pydantic_core",
    "pydantic_extra_types",
    "pydantic_settings",
    "queue",
    "random",
    "re",
    "reprlib",
    "rich",
    "secrets",
    "selectors",
    "shlex",
    "shutil",
    "signal",
    "site",
    "socket",
    "socketserver",
    "ssl",
    "stat",
    "string",
    "struct",
    "subprocess",
    "sys",
    "sysconfig",
    "tempfile",
    "textwrap",
    "threading",
    "time",
    "token",
    "tokenize",
    "traceback",
    "types",
    "typing",
    "typing_extensions",
    "typing_inspection",
    "unicodedata",
    "unittest",
    "urllib",
    "uuid",
    "warnings",
    "weakref",
    "yaml",
    "zipfile",
    "zipimport",
    "zlib",
    "zoneinfo",
];

/// Returns the canonical form of a dotted name, such as `list` for `typing.List`. All tables use canonical names.
pub(crate) fn canonical(name: &str) -> String {
    let name = match name.strip_prefix("typing_extensions.") {
        Some(rest) => format!("typing.{rest}"),
        None => name.to_owned(),
    };
    if let Some((_, short)) = RENAMED.iter().find(|(long, _)| *long == name) {
        return (*short).to_owned();
    }
    for (prefix, short) in SUBMODULES {
        if let Some(rest) = name.strip_prefix(prefix)
            && !rest.contains('.')
        {
            return format!("{short}{rest}");
        }
    }
    if let Some(rest) = name.strip_prefix("typing.")
        && ABSTRACT.contains(&rest)
    {
        return format!("collections.abc.{rest}");
    }
    name
}

/// Prefixes of dotted names and the canonical prefixes that replace them.
const SUBMODULES: &[(&str, &str)] = &[
    ("builtins.", ""),
    ("pydantic.fields.", "pydantic."),
    ("pydantic.main.", "pydantic."),
    ("pydantic.root_model.", "pydantic."),
    ("pydantic.types.", "pydantic."),
    ("pydantic.networks.", "pydantic."),
    ("pydantic.config.", "pydantic."),
    ("pydantic.functional_validators.", "pydantic."),
    ("pydantic.functional_serializers.", "pydantic."),
    ("prefect.flows.", "prefect."),
    ("prefect.main.", "prefect."),
    ("prefect.tasks.", "prefect."),
];

const RENAMED: &[(&str, &str)] = &[
    ("typing.List", "list"),
    ("typing.Dict", "dict"),
    ("typing.Set", "set"),
    ("typing.FrozenSet", "frozenset"),
    ("typing.Tuple", "tuple"),
    ("typing.Type", "type"),
    ("typing.Text", "str"),
    ("typing.Deque", "collections.deque"),
    ("typing.DefaultDict", "collections.defaultdict"),
    ("typing.OrderedDict", "collections.OrderedDict"),
    ("typing.Counter", "collections.Counter"),
    ("typing.ChainMap", "collections.ChainMap"),
    ("typing.Pattern", "re.Pattern"),
    ("typing.AbstractSet", "collections.abc.Set"),
    ("types.NoneType", "NoneType"),
];

/// Names of `collections.abc` that are also exported by `typing`.
const ABSTRACT: &[&str] = &[
    "Sequence",
    "MutableSequence",
    "Iterable",
    "Iterator",
    "Mapping",
    "MutableMapping",
    "MutableSet",
    "Collection",
    "Container",
    "Hashable",
    "Callable",
    "AsyncIterator",
    "AsyncIterable",
    "Generator",
    "AsyncGenerator",
    "Awaitable",
    "Coroutine",
    "Sized",
    "Reversible",
    "ByteString",
    "ItemsView",
    "KeysView",
    "MappingView",
    "ValuesView",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preloaded_modules_are_sorted() {
        assert!(PRELOADED.is_sorted());
    }

    #[test]
    fn canonicalizes_dotted_names() {
        let cases = [
            ("typing_extensions.List", "list"),
            ("typing.Sequence", "collections.abc.Sequence"),
            ("pydantic.fields.Field", "pydantic.Field"),
            ("prefect.flows.flow", "prefect.flow"),
            ("builtins.int", "int"),
            ("pydantic.v1.BaseModel", "pydantic.v1.BaseModel"),
        ];
        for (name, expected) in cases {
            assert_eq!(canonical(name), expected);
        }
    }
}
