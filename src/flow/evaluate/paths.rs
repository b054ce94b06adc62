//! Evaluates functions of `pathlib` and `os.path` with the semantics of Linux paths.

use std::path::Path;

use super::{calls::Arguments, value::Value};
use crate::flow::program::{Program, import_roots::normalize};

/// Evaluates a call to a function in `pathlib` or `os.path`.
///
/// Returns `None` if the function or its arguments are not supported.
pub(super) fn call(program: &Program<'_>, name: &str, arguments: &Arguments) -> Option<Value> {
    if !arguments.named.is_empty() {
        return None;
    }
    let directory = || program.directory().display().to_string();
    let home = || program.environment.get("HOME").map(str::to_owned);
    let text = match arguments.positional.as_slice() {
        [Value::Str(text) | Value::Path(text)] => Some(text.as_str()),
        _ => None,
    };
    match (name, text) {
        ("pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "pathlib.PurePosixPath", _) => {
            join_paths(&arguments.positional)
        }
        ("pathlib.Path.home", None) if arguments.positional.is_empty() => home().map(Value::Path),
        ("pathlib.Path.cwd", None) if arguments.positional.is_empty() => Some(Value::Path(directory())),
        ("os.getcwd", None) if arguments.positional.is_empty() => Some(Value::Str(directory())),
        ("os.path.join", _) => {
            let parts = arguments.positional.iter().map(path_text).collect::<Option<Vec<_>>>();
            parts.map(|parts| Value::Str(join_strings(&parts)))
        }
        ("os.path.dirname", Some(text)) => Some(Value::text(directory_name(text))),
        ("os.path.basename", Some(text)) => Some(Value::text(text.rsplit('/').next().unwrap_or(text))),
        ("os.path.abspath", Some(text)) => {
            Some(Value::Str(normal_text(&join_strings(&[&directory(), text]))))
        }
        ("os.path.realpath", Some(text)) => Some(Value::Str(real_path(&join_strings(&[&directory(), text])))),
        ("os.path.normpath", Some(text)) => Some(Value::Str(normal_text(text))),
        ("os.path.expanduser", Some(text)) => expand_user(text, home).map(Value::Str),
        ("os.fspath" | "os.fsdecode", Some(text)) => Some(Value::text(text)),
        _ => None,
    }
}

/// Evaluates an attribute of a `pathlib.Path`, such as `parent`. Returns `None` if the attribute is not supported.
pub(super) fn attribute(path: &str, name: &str) -> Option<Value> {
    let last = path.rsplit('/').next().filter(|name| *name != ".").unwrap_or("");
    let stem_end = last.rfind('.').filter(|at| *at > 0 && *at + 1 < last.len()).unwrap_or(last.len());
    Some(match name {
        "name" => Value::text(last),
        "stem" => Value::text(&last[..stem_end]),
        "suffix" => Value::text(&last[stem_end..]),
        "parent" => Value::Path(parent(path)),
        "parents" => {
            let next = |path: &String| Some(parent(path)).filter(|parent| parent != path);
            Value::Tuple(std::iter::successors(next(&path.to_owned()), next).map(Value::Path).collect())
        }
        _ => return None,
    })
}

/// Evaluates a method of a `pathlib.Path`, such as `resolve`. Returns `None` if the method is not supported.
pub(super) fn method(program: &Program<'_>, path: &str, name: &str, arguments: &[Value]) -> Option<Value> {
    let directory = || program.directory().display().to_string();
    match (name, arguments) {
        ("joinpath", parts) => {
            let mut all = vec![Value::text(path)];
            all.extend_from_slice(parts);
            join_paths(&all)
        }
        ("as_posix" | "__str__" | "__fspath__", []) => Some(Value::text(path)),
        ("absolute", []) => join_paths(&[Value::Str(directory()), Value::text(path)]),
        ("resolve", []) => Some(Value::Path(real_path(&join_strings(&[&directory(), path])))),
        ("expanduser", []) => {
            let home = || program.environment.get("HOME").map(str::to_owned);
            expand_user(path, home).map(Value::Path)
        }
        ("with_name", [Value::Str(name)]) if !name.contains('/') => {
            join_paths(&[Value::Path(parent(path)), Value::text(name)])
        }
        _ => None,
    }
}

fn path_text(value: &Value) -> Option<&str> {
    match value {
        Value::Str(text) | Value::Path(text) => Some(text),
        _ => None,
    }
}

fn join_paths(parts: &[Value]) -> Option<Value> {
    let mut path = String::from(".");
    for part in parts {
        path = join(&path, path_text(part)?);
    }
    Some(Value::Path(path))
}

/// Joins two paths as `PurePosixPath(base) / part` does.
pub(super) fn join(base: &str, part: &str) -> String {
    if part.starts_with('/') { pure_path(part) } else { pure_path(&format!("{base}/{part}")) }
}

/// Normalizes a path as `str(PurePosixPath(text))` does.
fn pure_path(text: &str) -> String {
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let root = match text.strip_prefix("//") {
        Some(rest) if !rest.starts_with('/') => "//",
        _ if text.starts_with('/') => "/",
        _ => "",
    };
    match (root, parts.is_empty()) {
        ("", true) => ".".to_owned(),
        _ => format!("{root}{}", parts.join("/")),
    }
}

fn parent(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) => "/".to_owned(),
        Some((parent, _)) => parent.to_owned(),
        None => ".".to_owned(),
    }
}

/// Joins paths as `os.path.join(*parts)` does.
fn join_strings(parts: &[&str]) -> String {
    parts.iter().fold(String::new(), |joined, part| {
        if part.starts_with('/') || joined.is_empty() {
            (*part).to_owned()
        } else if joined.ends_with('/') {
            joined + part
        } else {
            format!("{joined}/{part}")
        }
    })
}

/// Returns the parent directory of a path, as `os.path.dirname(path)` does.
fn directory_name(path: &str) -> &str {
    let Some((head, _)) = path.rsplit_once('/') else { return "" };
    let trimmed = head.trim_end_matches('/');
    if trimmed.is_empty() { &path[..=head.len()] } else { trimmed }
}

/// Normalizes a path as `os.path.normpath(path)` does.
fn normal_text(path: &str) -> String {
    let text = normalize(Path::new(path)).display().to_string();
    if text.is_empty() { ".".to_owned() } else { text }
}

/// Resolves the symbolic links in the longest existing prefix of a path.
fn real_path(path: &str) -> String {
    let path = Path::new(path);
    for ancestor in path.ancestors() {
        if let (Ok(real), Ok(rest)) = (ancestor.canonicalize(), path.strip_prefix(ancestor)) {
            return normalize(&real.join(rest)).display().to_string();
        }
    }
    normal_text(&path.display().to_string())
}

fn expand_user(path: &str, home: impl Fn() -> Option<String>) -> Option<String> {
    match path.strip_prefix('~') {
        None => Some(path.to_owned()),
        Some(rest) if rest.is_empty() || rest.starts_with('/') => Some(home()? + rest),
        Some(_) => None,
    }
}
