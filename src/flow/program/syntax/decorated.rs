//! Finds definitions that look like flows, based on the names that a file imports from Prefect.

use std::collections::HashSet;

use ruff_python_ast::{
    self as ast, Stmt,
    visitor::{Visitor, walk_stmt},
};
use ruff_text_size::Ranged;

/// A function definition that looks like a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decorated {
    pub(crate) function: String,
    /// The function name, prefixed with the names of its enclosing classes, such as `Pipeline.run`.
    pub(crate) path: String,
    /// The flow name, if the decorator specifies it as a string literal.
    pub(crate) name: Option<String>,
    /// The offset of the function's name in the file.
    pub(crate) at: usize,
    /// Whether the decorator's name refers to Prefect's `flow`. Otherwise, the name merely contains "flow".
    pub(crate) is_certain: bool,
}

/// Returns the definitions in a module that look like flows, in source order.
pub(super) fn decorated_flows(statements: &[Stmt]) -> Vec<Decorated> {
    let mut search = Search { found: Vec::new(), classes: Vec::new(), names: Names::new(statements) };
    statements.iter().for_each(|statement| search.visit_stmt(statement));
    search.found
}

/// The names that a file uses for Prefect and its `flow` decorator.
struct Names {
    /// Names that refer to Prefect's function `flow` or class `Flow`.
    functions: HashSet<String>,
    modules: HashSet<String>,
}

impl Names {
    fn new(statements: &[Stmt]) -> Self {
        let functions = HashSet::from(["flow".to_owned()]);
        let modules = HashSet::from(["prefect".to_owned()]);
        let mut names = Self { functions, modules };
        statements.iter().for_each(|statement| names.visit_stmt(statement));
        names
    }

    /// Returns whether an expression is Prefect's `flow` or `Flow`, or a call of either.
    fn is_flow(&self, expr: &ast::Expr) -> bool {
        match expr {
            ast::Expr::Call(call) => self.is_flow(&call.func),
            ast::Expr::Name(name) => self.functions.contains(name.id.as_str()),
            ast::Expr::Attribute(attribute) => {
                matches!(attribute.attr.as_str(), "flow" | "Flow")
                    && matches!(&*attribute.value, ast::Expr::Name(name) if self.modules.contains(name.id.as_str()))
            }
            _ => false,
        }
    }
}

impl Visitor<'_> for Names {
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::ImportFrom(import)
                if import.module.as_deref().is_some_and(|it| it.starts_with("prefect")) =>
            {
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    match alias.name.as_str() {
                        "flow" | "Flow" => self.functions.insert(name.to_string()),
                        "flows" => self.modules.insert(name.to_string()),
                        _ => false,
                    };
                }
            }
            Stmt::Import(import) => {
                for alias in import.names.iter().filter(|alias| alias.name.starts_with("prefect")) {
                    self.modules.extend(alias.asname.as_ref().map(ToString::to_string));
                }
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &ast::Expr) {}
}

struct Search {
    found: Vec<Decorated>,
    /// The names of the enclosing classes, the outermost class first.
    classes: Vec<String>,
    names: Names,
}

impl Search {
    fn add(&mut self, function: &ast::Identifier, decorator: &ast::Expr, is_certain: bool) {
        self.found.push(Decorated {
            function: function.to_string(),
            path: [self.classes.as_slice(), &[function.to_string()]].concat().join("."),
            name: literal_name(decorator),
            at: function.start().to_usize(),
            is_certain,
        });
    }

    fn function(&mut self, function: &ast::StmtFunctionDef) {
        let decorators = || function.decorator_list.iter().map(|decorator| &decorator.expression);
        if let Some(decorator) = decorators().find(|decorator| self.names.is_flow(decorator)) {
            self.add(&function.name, decorator, true);
        } else if let Some(decorator) = decorators().find(|decorator| mentions_flow(decorator)) {
            self.add(&function.name, decorator, false);
        }
    }

    /// Adds the flow that an assignment of the form `name = flow(function)` creates.
    fn assignment(&mut self, assign: &ast::StmtAssign) {
        let ([ast::Expr::Name(target)], ast::Expr::Call(call)) = (assign.targets.as_slice(), &*assign.value)
        else {
            return;
        };
        let calls_flow = self.names.is_flow(&call.func) && !call.arguments.is_empty();
        if calls_flow || mentions_flow(&call.func) {
            let name = ast::Identifier::new(target.id.clone(), target.range());
            self.add(&name, &assign.value, false);
        }
    }
}

impl Visitor<'_> for Search {
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::FunctionDef(function) => {
                self.function(function);
                // The path of a function inside another function does not include the enclosing classes.
                let classes = std::mem::take(&mut self.classes);
                walk_stmt(self, statement);
                self.classes = classes;
            }
            Stmt::Assign(assign) => self.assignment(assign),
            Stmt::ClassDef(class) => {
                self.classes.push(class.name.to_string());
                walk_stmt(self, statement);
                self.classes.pop();
            }
            _ => walk_stmt(self, statement),
        }
    }

    // Expressions cannot contain function definitions, so they are not visited.
    fn visit_expr(&mut self, _: &ast::Expr) {}
}

/// Returns whether the last component of a dotted function name contains "flow".
fn mentions_flow(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Call(call) => mentions_flow(&call.func),
        ast::Expr::Name(name) => name.id.to_ascii_lowercase().contains("flow"),
        ast::Expr::Attribute(attribute) => attribute.attr.to_ascii_lowercase().contains("flow"),
        _ => false,
    }
}

fn literal_name(expr: &ast::Expr) -> Option<String> {
    let ast::Expr::Call(call) = expr else { return None };
    match &call.arguments.find_keyword("name")?.value {
        ast::Expr::StringLiteral(text) => Some(text.value.to_str().to_owned()),
        _ => None,
    }
}
