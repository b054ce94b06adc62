//! Collects the names that statements bind, modify or declare as global.

use ruff_python_ast::{
    self as ast, Stmt,
    visitor::{Visitor, walk_expr, walk_stmt},
};

use super::tree::Certainty;

/// The names that a statement binds, and the names of objects that it may modify.
///
/// Names in nested functions and classes are ignored.
#[derive(Default)]
pub(super) struct StoredNames {
    pub(super) bound: Vec<String>,
    /// Names of objects that the statement may modify, and whether the modification is certain.
    pub(super) mutated: Vec<(String, Certainty)>,
}

impl Visitor<'_> for StoredNames {
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::FunctionDef(function) => self.bound.push(function.name.to_string()),
            Stmt::ClassDef(class) => self.bound.push(class.name.to_string()),
            Stmt::Import(import) => self.imported(&import.names),
            Stmt::ImportFrom(import) => self.imported(&import.names),
            Stmt::Try(node) => {
                let handlers = node.handlers.iter().filter_map(ast::ExceptHandler::as_except_handler);
                self.bound
                    .extend(handlers.filter_map(|handler| handler.name.as_ref()).map(ToString::to_string));
                walk_stmt(self, statement);
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expr: &ast::Expr) {
        match expr {
            ast::Expr::Name(name) if !name.ctx.is_load() => self.bound.push(name.id.to_string()),
            // The statement may modify any object whose name occurs in it.
            ast::Expr::Name(name) => self.mutated.push((name.id.to_string(), Certainty::Possible)),
            ast::Expr::Attribute(node) if !node.ctx.is_load() => self.mutated.extend(root(expr)),
            ast::Expr::Subscript(node) if !node.ctx.is_load() => self.mutated.extend(root(expr)),
            ast::Expr::Lambda(_) => {}
            _ => walk_expr(self, expr),
        }
    }

    fn visit_pattern(&mut self, pattern: &ast::Pattern) {
        match pattern {
            ast::Pattern::MatchAs(node) => self.bound.extend(node.name.iter().map(ToString::to_string)),
            ast::Pattern::MatchStar(node) => self.bound.extend(node.name.iter().map(ToString::to_string)),
            ast::Pattern::MatchMapping(node) => self.bound.extend(node.rest.iter().map(ToString::to_string)),
            _ => {}
        }
        ast::visitor::walk_pattern(self, pattern);
    }
}

impl StoredNames {
    fn imported(&mut self, names: &[ast::Alias]) {
        for alias in names {
            let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
            self.bound.push(name.split('.').next().unwrap_or(name).to_owned());
        }
    }
}

/// Returns the variable at the start of a chain of attributes and subscripts as certainly modified.
fn root(target: &ast::Expr) -> Option<(String, Certainty)> {
    match target {
        ast::Expr::Name(name) => Some((name.id.to_string(), Certainty::Certain)),
        ast::Expr::Attribute(attribute) => root(&attribute.value),
        ast::Expr::Subscript(subscript) => root(&subscript.value),
        _ => None,
    }
}

/// The names that are declared by `global` statements.
#[derive(Default)]
pub(super) struct GlobalNames {
    pub(super) names: Vec<String>,
}

impl Visitor<'_> for GlobalNames {
    fn visit_stmt(&mut self, statement: &Stmt) {
        if let Stmt::Global(global) = statement {
            self.names.extend(global.names.iter().map(ToString::to_string));
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, _: &ast::Expr) {}
}
