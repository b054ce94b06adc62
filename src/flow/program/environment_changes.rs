//! Reads environment variables, unless the program may change them before the flow is defined.

use std::path::Path;

use super::{Module, Program, file, import_roots::imported_modules};
use crate::flow::eval_error::{EvalError, EvalResult};

/// Text of code that may change environment variables.
const WRITES: [&str; 4] = ["environ", "load_dotenv(", "putenv(", "read_env("];

impl<'p> Program<'p> {
    /// Returns the value of an environment variable, or `None` if it is not set.
    ///
    /// # Errors
    ///
    /// Fails if the program may change the variable, for example with `load_dotenv()`.
    pub(crate) fn variable(&'p self, name: &str) -> EvalResult<Option<&'p str>> {
        let value = self.environment.get(name);
        for module in self.environment_writers() {
            let text = module.file.source.text();
            self.count_reading(text)?;
            if may_assign(text, name, value.is_some()) || self.may_load(module, name, value.is_some()) {
                return Err(EvalError::unknown(format!(
                    "the program may change the environment variable '{name}'"
                )));
            }
        }
        Ok(value)
    }

    /// Returns the imported modules whose code may change environment variables.
    fn environment_writers(&'p self) -> &'p [&'p Module] {
        if let Some(known) = self.memo.environment_writers.get() {
            return known;
        }
        // The search for modules may itself read environment variables.
        let mut modules = imported_modules(self);
        modules.retain(|module| WRITES.iter().any(|word| module.file.source.text().contains(word)));
        self.memo.environment_writers.get_or_init(|| modules)
    }

    /// Returns whether a module may set the variable from a `.env` file.
    fn may_load(&self, module: &Module, name: &str, is_set: bool) -> bool {
        let text = module.file.source.text();
        let mut calls = ["load_dotenv(", "read_env("].into_iter().flat_map(|call| arguments_of(text, call));
        calls.any(|arguments| {
            if is_set && !arguments.contains("override") {
                return false;
            }
            let folder = self.directory().join(module.file.path.parent().unwrap_or(Path::new("")));
            let mut files = vec![".env"];
            match literal(arguments) {
                Some(path) => files.push(path),
                None if is_computed(arguments) => return true,
                None => {}
            }
            let folders = folder.ancestors().chain(self.directory().ancestors());
            folders
                .flat_map(|folder| files.iter().map(move |file| folder.join(file)))
                .any(|path| file::text(&path).is_some_and(|text| text.contains(name)))
        })
    }
}

/// Returns the text between the parentheses of each call. `call` is the function with the opening parenthesis.
fn arguments_of<'t>(text: &'t str, call: &'t str) -> impl Iterator<Item = &'t str> {
    text.match_indices(call).map(move |(at, _)| {
        let rest = start_of(&text[at + call.len()..]);
        rest.split(')').next().unwrap_or(rest)
    })
}

/// Returns the start of `text`. The rest is not searched, so that the work for a file is linear.
fn start_of(text: &str) -> &str {
    const LENGTH: usize = 200;
    &text[..text.floor_char_boundary(LENGTH)]
}

/// Returns whether the arguments of `load_dotenv` may contain the path of a file.
fn is_computed(arguments: &str) -> bool {
    let searches = ["encoding", "find_dotenv", "interpolate", "override", "recurse", "verbose"];
    let arguments = arguments.trim_start();
    let starts_with_option = searches.iter().any(|option| arguments.starts_with(option));
    arguments.contains("path") || !(arguments.is_empty() || starts_with_option)
}

/// Returns the first string literal in source code.
fn literal(code: &str) -> Option<&str> {
    let (_, rest) = code.split_once(['"', '\''])?;
    rest.split(['"', '\'']).next()
}

/// Returns whether code may assign an environment variable through `os.environ` or `os.putenv`.
fn may_assign(text: &str, name: &str, is_set: bool) -> bool {
    // A key that is not a literal may be the name of any variable.
    let is_name = |key: &str| literal(key).is_none_or(|key| key == name);
    text.contains("putenv(")
        || text.match_indices("environ").any(|(at, found)| {
            let rest = start_of(&text[at + found.len()..]).trim_start();
            if let Some(rest) = rest.strip_prefix('[') {
                let Some((key, rest)) = rest.split_once(']') else { return true };
                let rest = rest.trim_start();
                return rest.starts_with('=') && !rest.starts_with("==") && is_name(key);
            }
            if let Some(rest) = rest.strip_prefix(".setdefault(") {
                return !is_set && is_name(rest.split([',', ')']).next().unwrap_or(rest));
            }
            rest.starts_with(".update(") || rest.starts_with("|=")
        })
}

#[cfg(test)]
mod tests {
    use super::may_assign;

    #[test]
    fn recognizes_assignments() {
        for (text, expected) in [
            ("os.environ['A'] = '1'", true),
            ("os.environ[\"A\"]='1'", true),
            ("os.environ['B'] = '1'", false),
            ("os.environ[key] = '1'", true),
            ("x = os.environ['A'] == '1'", false),
            ("x = os.environ['A']", false),
            ("os.environ.get('A', 'd')", false),
            ("os.environ.setdefault('A', 'x')", true),
            ("os.environ.setdefault('B', 'A')", false),
            ("os.environ.update(A='x')", true),
            ("os.environ |= {'A': '1'}", true),
            ("os.putenv('A', '1')", true),
            ("os.getenv('A')", false),
        ] {
            assert_eq!(may_assign(text, "A", false), expected, "{text}");
        }
        assert!(!may_assign("os.environ.setdefault('A', 'x')", "A", true));
    }
}
