//! Converts a module's conditional statements (`if`, `try` and `with`) to branches of its body.

use ruff_python_ast::{self as ast, Stmt};
use ruff_text_size::Ranged;

use super::{
    expression::convert,
    statement::{Builder, import, imports_from},
    tree::{Attempt, Branch, Condition, Handler, Import},
};

/// Maximum number of `if` and `elif` clauses per statement whose tests are evaluated.
const ARM_LIMIT: usize = 50;

impl Builder<'_> {
    pub(super) fn conditional(&mut self, conditional: &ast::StmtIf, at: usize) {
        let is_main_guard = is_main_guard(&conditional.test);
        if !self.has_branches() {
            if is_type_checking(&conditional.test) || is_main_guard {
                return self.otherwise(conditional);
            }
            return self.uncertain_if(conditional, at);
        }
        if is_main_guard {
            return self.otherwise(conditional);
        }
        if conditional.elif_else_clauses.len() > ARM_LIMIT {
            return self.uncertain_if(conditional, at);
        }
        let mut tests = vec![(self.test(&conditional.test), true)];
        self.branch(at, Condition::Tests(tests.clone()), &conditional.body);
        for clause in &conditional.elif_else_clauses {
            if let Some((_, expected)) = tests.last_mut() {
                *expected = false;
            }
            if let Some(test) = &clause.test {
                tests.push((self.test(test), true));
            }
            self.branch(at, Condition::Tests(tests.clone()), &clause.body);
        }
    }

    /// Adds the `else` block of an `if` statement whose first test is always false.
    fn otherwise(&mut self, conditional: &ast::StmtIf) {
        match conditional.elif_else_clauses.as_slice() {
            [] => {}
            [only] if only.test.is_none() => self.block(&only.body),
            _ => self.uncertain_if(conditional, conditional.start().to_usize()),
        }
    }

    fn uncertain_if(&mut self, conditional: &ast::StmtIf, at: usize) {
        self.uncertain(&Stmt::If(conditional.clone()), at);
    }

    fn test(&mut self, test: &ast::Expr) -> usize {
        self.body.tests.push(convert(test));
        self.body.tests.len() - 1
    }

    fn branch(&mut self, at: usize, condition: Condition, statements: &[Stmt]) {
        self.body.branches.push(Branch { outer: self.branch, at, condition });
        let outer = self.branch.replace(self.body.branches.len() - 1);
        self.block(statements);
        self.branch = outer;
    }

    pub(super) fn attempt(&mut self, attempt: &ast::StmtTry, at: usize) {
        let handlers = attempt.handlers.iter().filter_map(ast::ExceptHandler::as_except_handler);
        let handlers: Vec<_> = handlers.collect();
        let exceptions = handlers
            .iter()
            .map(|handler| Handler { exceptions: handler.type_.as_deref().map(exception_names) });
        let index = self.add_attempt(&attempt.body, exceptions.collect());
        self.branch(at, Condition::Attempt(index), &attempt.body);
        for (position, handler) in handlers.iter().enumerate() {
            self.branch(at, Condition::Handler(index, position), &handler.body);
        }
        if !attempt.orelse.is_empty() {
            self.branch(at, Condition::Success(index), &attempt.orelse);
        }
        self.block(&attempt.finalbody);
    }

    pub(super) fn with(&mut self, with: &ast::StmtWith, at: usize) {
        for item in &with.items {
            if let Some(target) = &item.optional_vars {
                self.unknowable(target, at, "the name is bound by a `with` statement");
            }
        }
        let suppressed: Vec<Handler> = with.items.iter().filter_map(suppression).collect();
        if suppressed.is_empty() {
            return self.block(&with.body);
        }
        let index = self.add_attempt(&with.body, suppressed);
        self.branch(at, Condition::Attempt(index), &with.body);
    }

    fn add_attempt(&mut self, statements: &[Stmt], handlers: Vec<Handler>) -> usize {
        let mut attempt = Attempt { imports: Vec::new(), raise_at: None, may_raise: false, handlers };
        for statement in statements {
            let at = statement.start().to_usize();
            match statement {
                Stmt::Import(node) => attempt.imports.extend(node.names.iter().map(|it| (at, import(it).1))),
                Stmt::ImportFrom(node) => {
                    attempt.imports.extend(imports_from(node).into_iter().map(|(_, import)| (at, import)));
                }
                Stmt::Raise(_) => attempt.raise_at = attempt.raise_at.or(Some(at)),
                Stmt::FunctionDef(_) | Stmt::ClassDef(_) | Stmt::Pass(_) => {}
                Stmt::Assign(node) => attempt.evaluates(&node.value, at),
                Stmt::Expr(node) => attempt.evaluates(&node.value, at),
                _ => attempt.may_raise = true,
            }
        }
        self.body.attempts.push(attempt);
        self.body.attempts.len() - 1
    }
}

impl Attempt {
    /// Records an expression that the body of the `try` statement evaluates.
    fn evaluates(&mut self, expr: &ast::Expr, at: usize) {
        match imported_dynamically(expr) {
            Some(module) => {
                self.imports.push((at, Import { module, attribute: None, level: 0, binds_top: false }));
            }
            None => self.may_raise |= !expr.is_literal_expr(),
        }
    }
}

/// Returns the module name in `importlib.import_module("module")` or `__import__("module")`.
fn imported_dynamically(expr: &ast::Expr) -> Option<String> {
    let call = expr.as_call_expr()?;
    let (is_import, [ast::Expr::StringLiteral(module)]) = (
        match &*call.func {
            ast::Expr::Name(name) => matches!(name.id.as_str(), "import_module" | "__import__"),
            ast::Expr::Attribute(attribute) => &attribute.attr == "import_module",
            _ => false,
        },
        &*call.arguments.args,
    ) else {
        return None;
    };
    is_import.then(|| module.value.to_str().to_owned())
}

/// Returns the exceptions that `contextlib.suppress(...)` suppresses, or `None` for any other context manager.
fn suppression(item: &ast::WithItem) -> Option<Handler> {
    let call = item.context_expr.as_call_expr()?;
    if last_name(&call.func)? != "suppress" {
        return None;
    }
    let names = call.arguments.args.iter().flat_map(exception_names).collect();
    Some(Handler { exceptions: Some(names) })
}

fn exception_names(expr: &ast::Expr) -> Vec<String> {
    match expr {
        ast::Expr::Tuple(tuple) => tuple.iter().filter_map(last_name).map(str::to_owned).collect(),
        other => last_name(other).into_iter().map(str::to_owned).collect(),
    }
}

/// Returns the last component of a dotted name.
fn last_name(expr: &ast::Expr) -> Option<&str> {
    match expr {
        ast::Expr::Name(name) => Some(name.id.as_str()),
        ast::Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
        _ => None,
    }
}

fn is_type_checking(test: &ast::Expr) -> bool {
    last_name(test) == Some("TYPE_CHECKING")
}

/// Returns whether a test compares `__name__` with `"__main__"`. The result is always false when a flow is loaded.
fn is_main_guard(test: &ast::Expr) -> bool {
    let ast::Expr::Compare(comparison) = test else { return false };
    let is_dunder_name = |expr: &ast::Expr| matches!(expr, ast::Expr::Name(name) if &name.id == "__name__");
    let is_main = |expr: &ast::Expr| match expr {
        ast::Expr::StringLiteral(literal) => literal.value.to_str() == "__main__",
        _ => false,
    };
    let ([ast::CmpOp::Eq], [other]) = (&*comparison.ops, &*comparison.comparators) else { return false };
    let first = &*comparison.left;
    (is_dunder_name(first) && is_main(other)) || (is_main(first) && is_dunder_name(other))
}
