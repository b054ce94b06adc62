//! Functions that look like flows by their decorator's spelling, at any depth.

use ruff_python_ast::{
    self as ast, Stmt,
    visitor::{Visitor, walk_stmt},
};
use ruff_text_size::Ranged;

/// A function decorated with `flow` or `prefect.flow`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decorated {
    pub(crate) function: String,
    /// The function after the classes it is in: `Pipeline.run`.
    pub(crate) path: String,
    /// The decorator's `name`, if it is written as text.
    pub(crate) name: Option<String>,
    /// Where `def` stands.
    pub(crate) at: usize,
}

/// The decorated functions of a module in order.
pub(super) fn decorated_flows(statements: &[Stmt]) -> Vec<Decorated> {
    let mut search = Search::default();
    statements.iter().for_each(|statement| search.visit_stmt(statement));
    search.found
}

#[derive(Default)]
struct Search {
    found: Vec<Decorated>,
    /// The classes around.
    classes: Vec<String>,
}

impl Visitor<'_> for Search {
    fn visit_stmt(&mut self, statement: &Stmt) {
        if let Stmt::FunctionDef(function) = statement
            && let Some(decorator) = function.decorator_list.iter().find(|item| is_flow(&item.expression))
        {
            self.found.push(Decorated {
                function: function.name.to_string(),
                path: [self.classes.as_slice(), &[function.name.to_string()]].concat().join("."),
                name: literal_name(&decorator.expression),
                at: function.name.start().to_usize(),
            });
        }
        match statement {
            Stmt::ClassDef(class) => {
                self.classes.push(class.name.to_string());
                walk_stmt(self, statement);
                self.classes.pop();
            }
            // What a function defines is reached by no path.
            Stmt::FunctionDef(_) => {
                let classes = std::mem::take(&mut self.classes);
                walk_stmt(self, statement);
                self.classes = classes;
            }
            _ => walk_stmt(self, statement),
        }
    }

    // Only statements hold functions.
    fn visit_expr(&mut self, _: &ast::Expr) {}
}

fn is_flow(expr: &ast::Expr) -> bool {
    match expr {
        ast::Expr::Call(call) => is_flow(&call.func),
        ast::Expr::Name(name) => &name.id == "flow",
        ast::Expr::Attribute(attribute) => {
            &attribute.attr == "flow"
                && matches!(&*attribute.value, ast::Expr::Name(name) if &name.id == "prefect")
        }
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
