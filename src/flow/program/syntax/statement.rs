//! Statements of the parser's tree as what they bind.

use ruff_python_ast::{
    self as ast, Stmt,
    visitor::{Visitor, walk_expr, walk_stmt},
};
use ruff_text_size::Ranged;

use super::{
    expression::{convert, span},
    tree::{Binding, Body, Bound, ClassDef, Expr, FunctionDef, Import, Mutation, Parameter},
};

pub(super) fn module(statements: &[Stmt]) -> Body {
    let mut body = body(statements, None);
    let mut globals = GlobalNames::default();
    for statement in statements {
        globals.visit_stmt(statement);
    }
    body.rebound_globally = globals.names;
    body
}

/// The body of a module, or of the class called `class`.
fn body(statements: &[Stmt], class: Option<&str>) -> Body {
    let body = Body { docstring: docstring(statements), ..Body::default() };
    let mut builder = Builder { body, class, docstring_below: None };
    for (index, statement) in statements.iter().enumerate() {
        builder.docstring_below = docstring(&statements[index + 1..]);
        builder.statement(statement);
    }
    builder.body
}

/// The string that starts a body. An f-string or bytes are not documentation.
fn docstring(statements: &[Stmt]) -> Option<String> {
    match statements.first()? {
        Stmt::Expr(statement) => match &*statement.value {
            ast::Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
            _ => None,
        },
        _ => None,
    }
}

struct Builder<'a> {
    body: Body,
    class: Option<&'a str>,
    /// The string statement that follows the current one.
    docstring_below: Option<String>,
}

impl Builder<'_> {
    fn bind(&mut self, name: &str, at: usize, bound: Bound) {
        self.body.bindings.push(Binding {
            name: name.to_owned(),
            at,
            annotation: None,
            bound,
            docstring: None,
        });
    }

    fn statement(&mut self, statement: &Stmt) {
        let at = statement.start().to_usize();
        match statement {
            Stmt::ClassDef(class) => {
                self.bind(&class.name, at, Bound::Class(Box::new(class_def(class, self.class))));
            }
            Stmt::FunctionDef(function) => {
                self.bind(&function.name, at, Bound::Function(Box::new(function_def(function))));
            }
            Stmt::Assign(assign) => {
                assign.targets.iter().for_each(|target| self.assign(target, &assign.value, at));
            }
            Stmt::AnnAssign(assign) => self.annotated_assignment(assign, at),
            Stmt::AugAssign(assign) => {
                self.unknowable(&assign.target, at, "it is changed by an augmented assignment");
            }
            Stmt::TypeAlias(alias) => self.type_alias(alias, at),
            Stmt::Import(import) => import.names.iter().for_each(|alias| self.import(alias, at)),
            Stmt::ImportFrom(import) => self.import_from(import, at),
            Stmt::Delete(delete) => {
                delete.targets.iter().for_each(|target| self.unknowable(target, at, "it is deleted"));
            }
            Stmt::Expr(statement) => self.mutated_by(&statement.value),
            Stmt::If(conditional) if is_type_checking(&conditional.test) => {
                // Never run: what these branches import has no meaning when annotations are evaluated.
                for clause in conditional.elif_else_clauses.iter().filter(|clause| clause.test.is_none()) {
                    clause.body.iter().for_each(|statement| self.statement(statement));
                }
            }
            Stmt::If(conditional)
                if is_main_guard(&conditional.test) && conditional.elif_else_clauses.is_empty() => {}
            Stmt::Pass(_) | Stmt::Global(_) | Stmt::Nonlocal(_) | Stmt::Assert(_) => {}
            other => self.control_flow(other, at),
        }
    }

    fn assign(&mut self, target: &ast::Expr, value: &ast::Expr, at: usize) {
        match (target, value) {
            (ast::Expr::Name(name), _) => self.bind(&name.id, at, Bound::Value(convert(value))),
            (ast::Expr::Tuple(targets), ast::Expr::Tuple(values))
                if targets.len() == values.len()
                    && !targets.iter().chain(values).any(ast::Expr::is_starred_expr) =>
            {
                targets.iter().zip(values).for_each(|(target, value)| self.assign(target, value, at));
            }
            _ => self.unknowable(target, at, "it is bound by unpacking"),
        }
    }

    fn annotated_assignment(&mut self, assign: &ast::StmtAnnAssign, at: usize) {
        let ast::Expr::Name(name) = &*assign.target else {
            return self.unknowable(&assign.target, at, "it is bound by an annotated target");
        };
        let bound = assign.value.as_ref().map_or(Bound::Nothing, |value| Bound::Value(convert(value)));
        let annotation = Some(convert(&assign.annotation));
        let docstring = std::mem::take(&mut self.docstring_below);
        self.body.bindings.push(Binding { name: name.id.to_string(), at, annotation, bound, docstring });
    }

    fn type_alias(&mut self, alias: &ast::StmtTypeAlias, at: usize) {
        if let ast::Expr::Name(name) = &*alias.name {
            let bound = if alias.type_params.is_some() {
                Bound::Unknowable("it is a generic type alias")
            } else {
                Bound::TypeAlias(convert(&alias.value))
            };
            self.bind(&name.id, at, bound);
        }
    }

    /// Marks the names that a target rebinds, or whose objects it changes, as not to be known.
    fn unknowable(&mut self, target: &ast::Expr, at: usize, why: &'static str) {
        match target {
            ast::Expr::Name(name) => self.bind(&name.id, at, Bound::Unknowable(why)),
            ast::Expr::Tuple(tuple) => tuple.iter().for_each(|target| self.unknowable(target, at, why)),
            ast::Expr::List(list) => list.elts.iter().for_each(|target| self.unknowable(target, at, why)),
            ast::Expr::Starred(starred) => self.unknowable(&starred.value, at, why),
            ast::Expr::Attribute(_) | ast::Expr::Subscript(_) => self.mutated(target, true),
            _ => {}
        }
    }

    fn mutated(&mut self, target: &ast::Expr, surely: bool) {
        match target {
            ast::Expr::Name(name) => self.body.mutations.push(Mutation { name: name.id.to_string(), surely }),
            ast::Expr::Attribute(attribute) => self.mutated(&attribute.value, surely),
            ast::Expr::Subscript(subscript) => self.mutated(&subscript.value, surely),
            _ => {}
        }
    }

    /// A call may change the object it is a method of and those it is given.
    fn mutated_by(&mut self, expr: &ast::Expr) {
        if let ast::Expr::Call(call) = expr {
            self.mutated(&call.func, false);
            let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
            call.arguments.args.iter().chain(keywords).for_each(|argument| self.mutated(argument, false));
        }
    }

    fn import(&mut self, alias: &ast::Alias, at: usize) {
        let module = alias.name.to_string();
        let top = module.split('.').next().unwrap_or_default().to_owned();
        let name = alias.asname.as_ref().map_or(top, ToString::to_string);
        let import = Import { module, attribute: None, level: 0, binds_top: alias.asname.is_none() };
        self.bind(&name, at, Bound::Import(import));
    }

    fn import_from(&mut self, import: &ast::StmtImportFrom, at: usize) {
        let module = import.module.as_ref().map(ToString::to_string).unwrap_or_default();
        if module == "__future__" && import.level == 0 {
            self.body.postponed_annotations |= import.names.iter().any(|alias| &alias.name == "annotations");
            return;
        }
        for alias in &import.names {
            let attribute = Some(alias.name.to_string());
            let name = alias.asname.as_ref().unwrap_or(&alias.name);
            let import = Import { module: module.clone(), attribute, level: import.level, binds_top: false };
            self.bind(name, at, Bound::Import(import));
        }
    }

    /// Whatever a conditional, a loop, `try` or `with` binds depends on the run.
    fn control_flow(&mut self, statement: &Stmt, at: usize) {
        let mut names = StoredNames::default();
        names.visit_stmt(statement);
        for name in names.bound {
            self.bind(
                &name,
                at,
                Bound::Unknowable("it is bound under a condition, in a loop, `try` or `with`"),
            );
        }
        let mutations = names.mutated.into_iter().map(|(name, surely)| Mutation { name, surely });
        self.body.mutations.extend(mutations);
    }
}

fn class_def(class: &ast::StmtClassDef, outer: Option<&str>) -> ClassDef {
    let qualified_name =
        outer.map_or_else(|| class.name.to_string(), |outer| format!("{outer}.{}", class.name));
    let arguments = class.arguments.as_deref();
    let keyword =
        |keyword: &ast::Keyword| (keyword.arg.as_ref().map(ToString::to_string), convert(&keyword.value));
    ClassDef {
        name: class.name.to_string(),
        at: class.start().to_usize(),
        decorators: decorators(&class.decorator_list),
        bases: arguments.map(|arguments| arguments.args.iter().map(convert).collect()).unwrap_or_default(),
        keywords: arguments
            .map(|arguments| arguments.keywords.iter().map(keyword).collect())
            .unwrap_or_default(),
        has_type_parameters: class.type_params.is_some(),
        body: body(&class.body, Some(&qualified_name)),
        qualified_name,
    }
}

fn decorators(decorators: &[ast::Decorator]) -> Vec<Expr> {
    decorators.iter().map(|decorator| convert(&decorator.expression)).collect()
}

fn function_def(function: &ast::StmtFunctionDef) -> FunctionDef {
    let nested = function.body.iter().filter_map(Stmt::as_function_def_stmt).map(function_def);
    FunctionDef {
        name: function.name.to_string(),
        span: span(function.name.range()),
        decorators: decorators(&function.decorator_list),
        parameters: parameters(&function.parameters),
        returns: function.returns.as_deref().map(convert),
        docstring: docstring(&function.body),
        functions: nested.collect(),
        result: only_result(&function.body),
    }
}

fn parameters(parameters: &ast::Parameters) -> Vec<Parameter> {
    let plain = |parameter: &ast::Parameter, default: Option<&ast::Expr>| Parameter {
        name: parameter.name.to_string(),
        annotation: parameter.annotation.as_deref().map(convert),
        default: default.map(convert),
    };
    let with_default = |item: &ast::ParameterWithDefault| plain(&item.parameter, item.default.as_deref());
    let mut all: Vec<_> = parameters.posonlyargs.iter().chain(&parameters.args).map(with_default).collect();
    all.extend(parameters.vararg.iter().map(|parameter| plain(parameter, None)));
    all.extend(parameters.kwonlyargs.iter().map(with_default));
    all.extend(parameters.kwarg.iter().map(|parameter| plain(parameter, None)));
    all
}

fn only_result(statements: &[Stmt]) -> Option<Expr> {
    let (last, before) = statements.split_last()?;
    let mut names = StoredNames::default();
    for statement in before {
        names.visit_stmt(statement);
    }
    match last {
        Stmt::Return(result) if !names.returns => result.value.as_deref().map(convert),
        _ => None,
    }
}

fn is_type_checking(test: &ast::Expr) -> bool {
    match test {
        ast::Expr::Name(name) => &name.id == "TYPE_CHECKING",
        ast::Expr::Attribute(attribute) => &attribute.attr == "TYPE_CHECKING",
        _ => false,
    }
}

/// `__name__ == "__main__"`, false whenever a flow is loaded.
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

/// Names that a statement binds or whose objects it may change, at any depth outside functions and classes.
#[derive(Default)]
struct StoredNames {
    bound: Vec<String>,
    /// With whether they surely are changed.
    mutated: Vec<(String, bool)>,
    returns: bool,
}

impl Visitor<'_> for StoredNames {
    fn visit_stmt(&mut self, statement: &Stmt) {
        match statement {
            Stmt::FunctionDef(function) => self.bound.push(function.name.to_string()),
            Stmt::ClassDef(class) => self.bound.push(class.name.to_string()),
            Stmt::Import(import) => self.imported(&import.names),
            Stmt::ImportFrom(import) => self.imported(&import.names),
            Stmt::Return(_) => self.returns = true,
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
            // Any object named in the statement might be changed by it.
            ast::Expr::Name(name) => self.mutated.push((name.id.to_string(), false)),
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

/// The name that a chain of attributes and subscripts starts from, as surely changed.
fn root(target: &ast::Expr) -> Option<(String, bool)> {
    match target {
        ast::Expr::Name(name) => Some((name.id.to_string(), true)),
        ast::Expr::Attribute(attribute) => root(&attribute.value),
        ast::Expr::Subscript(subscript) => root(&subscript.value),
        _ => None,
    }
}

/// Names in `global` statements.
#[derive(Default)]
struct GlobalNames {
    names: Vec<String>,
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
