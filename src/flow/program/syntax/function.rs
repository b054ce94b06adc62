//! Converts function definitions and their bodies from Ruff's syntax tree.

use foldhash::HashMap;
use ruff_python_ast::{
    self as ast, Stmt,
    visitor::{Visitor, walk_stmt},
};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use super::{
    expression::{self, convert, span},
    expression_tree::{Expr, ExprKind},
    statement::{decorators, docstring, import, imports_from},
    tree::{FunctionDef, Statement, Target},
};

pub(super) fn function_def(function: &ast::StmtFunctionDef) -> FunctionDef {
    FunctionDef {
        name: function.name.to_string(),
        span: span(function.name.range()),
        decorators: decorators(&function.decorator_list),
        parameters: expression::parameters(&function.parameters),
        returns: function.returns.as_deref().map(convert),
        docstring: docstring(&function.body),
        is_async: function.is_async,
        start: function.start().to_usize(),
    }
}

/// The bodies of all functions in a file, including methods and nested functions.
///
/// The bodies are parsed separately from the module, because few files contain functions that are interpreted.
#[derive(Debug, Default)]
pub(crate) struct FunctionBodies {
    /// Function bodies, keyed by the offset of the function definition.
    by_start: HashMap<usize, Vec<Statement>>,
}

impl FunctionBodies {
    /// Parses the function bodies in the source code of a file.
    pub(crate) fn parse(text: &str) -> Self {
        let mut bodies = Self::default();
        if let Some(parsed) = parse_unchecked(text, ParseOptions::from(Mode::Module)).try_into_module() {
            parsed.suite().iter().for_each(|statement| bodies.visit_stmt(statement));
        }
        bodies
    }

    /// Returns the statements of a function, or `None` if the function is not defined in the file.
    pub(crate) fn get(&self, function: &FunctionDef) -> Option<&[Statement]> {
        self.by_start.get(&function.start).map(Vec::as_slice)
    }
}

impl Visitor<'_> for FunctionBodies {
    fn visit_stmt(&mut self, statement: &Stmt) {
        if let Stmt::FunctionDef(function) = statement {
            self.by_start.insert(function.start().to_usize(), block(&function.body));
        }
        walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, _: &ast::Expr) {}
}

fn block(statements: &[Stmt]) -> Vec<Statement> {
    statements.iter().flat_map(statement).collect()
}

fn statement(statement: &Stmt) -> Vec<Statement> {
    match statement {
        Stmt::Assign(assign) => assign.targets.iter().map(|item| assignment(item, &assign.value)).collect(),
        Stmt::AnnAssign(assign) => {
            assign.value.iter().map(|value| assignment(&assign.target, value)).collect()
        }
        Stmt::AugAssign(assign) => vec![augmented(assign)],
        Stmt::Expr(statement) => vec![Statement::Expr(convert(&statement.value))],
        Stmt::Return(result) => vec![Statement::Return(result.value.as_deref().map(convert))],
        Stmt::If(conditional) => {
            let mut arms = vec![(Some(convert(&conditional.test)), block(&conditional.body))];
            let others = conditional.elif_else_clauses.iter();
            arms.extend(others.map(|clause| (clause.test.as_ref().map(convert), block(&clause.body))));
            vec![Statement::If(arms)]
        }
        Stmt::FunctionDef(function) => vec![Statement::Function(function_def(function))],
        Stmt::Import(statement) => {
            let imported = statement.names.iter().map(import);
            imported.map(|(name, import)| Statement::Import(name, import)).collect()
        }
        Stmt::ImportFrom(statement) => imports_from(statement)
            .into_iter()
            .map(|(name, import)| Statement::Import(name, import))
            .collect(),
        Stmt::With(_) => vec![Statement::Other("`with`")],
        Stmt::Pass(_) | Stmt::Nonlocal(_) | Stmt::Assert(_) => Vec::new(),
        Stmt::Raise(_) => vec![Statement::Other("`raise`")],
        Stmt::Try(_) => vec![Statement::Other("`try`")],
        Stmt::For(_) | Stmt::While(_) => vec![Statement::Other("a loop")],
        Stmt::ClassDef(_) => vec![Statement::Other("a class in a function")],
        _ => vec![Statement::Other("a statement")],
    }
}

fn assignment(target: &ast::Expr, value: &ast::Expr) -> Statement {
    match self::target(target) {
        Some(target) => Statement::Assign(target, convert(value)),
        None => Statement::Other("an assignment to a starred name"),
    }
}

fn augmented(assign: &ast::StmtAugAssign) -> Statement {
    let ast::Expr::Name(name) = &*assign.target else {
        return Statement::Other("an augmented assignment");
    };
    let operator = expression::binary(assign.op);
    let (left, right) = (Box::new(convert(&assign.target)), Box::new(convert(&assign.value)));
    let value = Expr { kind: ExprKind::Binary(operator, left, right), span: span(assign.range()) };
    Statement::Assign(Target::Name(name.id.to_string()), value)
}

fn target(expr: &ast::Expr) -> Option<Target> {
    match expr {
        ast::Expr::Name(name) => Some(Target::Name(name.id.to_string())),
        ast::Expr::Tuple(tuple) => tuple.elts.iter().map(target).collect::<Option<_>>().map(Target::Unpacked),
        ast::Expr::List(list) => list.elts.iter().map(target).collect::<Option<_>>().map(Target::Unpacked),
        ast::Expr::Attribute(node) => Some(Target::Attribute(convert(&node.value), node.attr.to_string())),
        ast::Expr::Subscript(node) => Some(Target::Subscript(convert(&node.value), convert(&node.slice))),
        _ => None,
    }
}
