//! Finds all imports of a file, including imports in functions.

use std::collections::HashSet;

use ruff_python_ast::{
    self as ast, Expr, Stmt,
    visitor::{Visitor, walk_expr, walk_stmt},
};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};

use super::depth;

/// A statement that imports a module, or names from a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ImportStatement {
    /// Number of leading dots in a relative import.
    pub(crate) level: u32,
    /// The module's dotted name. Empty for `from . import x`.
    pub(crate) module: String,
    /// The names that are imported from the module.
    pub(crate) names: Vec<String>,
}

/// Returns all imports in a file, including imports in nested blocks and calls such as
/// `import_module("package.module")`.
///
/// In a file with syntax errors, only the statements that can be parsed are considered. A file that is nested too
/// deeply has no imports.
pub(crate) fn imports(text: &str) -> Vec<ImportStatement> {
    if depth::check(text).is_err() {
        return Vec::new();
    }
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let Some(module) = parsed.try_into_module() else { return Vec::new() };
    let importers = HashSet::from(["import_module".to_owned(), "__import__".to_owned()]);
    let mut search = Search { found: Vec::new(), importers };
    module.suite().iter().for_each(|statement| search.visit_stmt(statement));
    search.found
}

struct Search {
    found: Vec<ImportStatement>,
    /// Names of functions that import a module by its name.
    importers: HashSet<String>,
}

impl Visitor<'_> for Search {
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::Import(import) => self.found.extend(import.names.iter().map(|alias| ImportStatement {
                level: 0,
                module: alias.name.to_string(),
                names: Vec::new(),
            })),
            Stmt::ImportFrom(import) => {
                let aliases = import.names.iter().filter(|alias| alias.name.as_str() == "import_module");
                self.importers.extend(aliases.filter_map(|alias| Some(alias.asname.as_ref()?.to_string())));
                self.found.push(ImportStatement {
                    level: import.level,
                    module: import.module.as_ref().map(ToString::to_string).unwrap_or_default(),
                    names: import.names.iter().map(|alias| alias.name.to_string()).collect(),
                });
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expr: &Expr) {
        if let Expr::Call(call) = expr {
            self.found.extend(dynamically_imported(call, &self.importers));
        }
        walk_expr(self, expr);
    }
}

/// Returns the module that a call of `import_module` or `__import__` imports, if its name is a string literal.
fn dynamically_imported(call: &ast::ExprCall, importers: &HashSet<String>) -> Option<ImportStatement> {
    let function = match &*call.func {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return None,
    };
    let argument = |name: &str, position: usize| match call.arguments.find_argument_value(name, position)? {
        Expr::StringLiteral(text) => Some(text.value.to_str()),
        _ => None,
    };
    let name = argument("name", 0).filter(|name| !name.is_empty() && importers.contains(function))?;
    let module = name.trim_start_matches('.');
    let level = name.len() - module.len();
    let names = Vec::new();
    if level == 0 {
        return Some(ImportStatement { level: 0, module: name.to_owned(), names });
    }
    let Some(package) = argument("package", 1) else {
        // The package is usually the file's own package.
        return Some(ImportStatement { level: u32::try_from(level).ok()?, module: module.to_owned(), names });
    };
    let package = (1..level).try_fold(package, |package, _| Some(package.rsplit_once('.')?.0))?;
    let module = if module.is_empty() { package.to_owned() } else { format!("{package}.{module}") };
    Some(ImportStatement { level: 0, module, names })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_imports_in_every_block() {
        let text = r#"
import a.b, c as d
from e import f, g as h
from . import i
from ..j.k import *

def run():
    import l
    if True:
        try:
            from m import n
        except ImportError:
            import importlib
            importlib.import_module("o.p")

class Task:
    import q
    def load(self, name):
        return __import__("r"), import_module(name), import_module(".s", __package__), load("t")

from importlib import import_module as im
im("u"), import_module(name="v.w"), import_module(".x", package="p.q"), import_module("..y", "p.q")
"#;
        let found: Vec<String> = imports(text)
            .iter()
            .map(|import| {
                let dots = ".".repeat(usize::try_from(import.level).unwrap());
                format!("{dots}{}:{}", import.module, import.names.join(","))
            })
            .collect();
        let expected = [
            "a.b:",
            "c:",
            "e:f,g",
            ".:i",
            "..j.k:*",
            "l:",
            "m:n",
            "importlib:",
            "o.p:",
            "q:",
            "r:",
            ".s:",
            "importlib:import_module",
            "u:",
            "v.w:",
            "p.q.x:",
            "p.y:",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn reads_files_with_syntax_errors() {
        let found = imports("import a\nx = = 1\nimport b\n");
        assert_eq!(found.iter().map(|import| import.module.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(imports(&"[".repeat(10_000)), []);
    }
}
