//! Converts the statements of modules and classes to bindings of names.

use ruff_python_ast::{self as ast, Stmt, visitor::Visitor as _};
use ruff_text_size::Ranged;

use super::{
    expression::{self, convert, span},
    expression_tree::{Expr, ExprKind},
    function::function_def,
    stored_names::{GlobalNames, StoredNames},
    tree::{Binding, Body, Bound, Certainty, ClassDef, Import, Mutation},
};

/// Attributes of flows and functions that determine the flow's name, description, version and parameters.
const DEFINING_ATTRIBUTES: [&str; 12] = [
    "__annotations__",
    "__defaults__",
    "__doc__",
    "__kwdefaults__",
    "__name__",
    "__signature__",
    "__wrapped__",
    "description",
    "fn",
    "name",
    "parameters",
    "version",
];

pub(super) fn module(statements: &[Stmt]) -> Body {
    let mut builder = Builder::new(None);
    builder.body.docstring = docstring(statements);
    builder.block(statements);
    let mut globals = GlobalNames::default();
    for statement in statements {
        globals.visit_stmt(statement);
    }
    builder.body.rebound_globally = globals.names;
    builder.body.finish();
    builder.body
}

fn class_body(statements: &[Stmt], qualified_name: &str) -> Body {
    let mut builder = Builder::new(Some(qualified_name));
    builder.body.docstring = docstring(statements);
    builder.block(statements);
    builder.body.finish();
    builder.body
}

/// Returns the docstring of a body: a string literal in its first statement. Ignores f-strings and bytes.
pub(super) fn docstring(statements: &[Stmt]) -> Option<String> {
    match statements.first()? {
        Stmt::Expr(statement) => match &*statement.value {
            ast::Expr::StringLiteral(literal) => Some(literal.value.to_str().to_owned()),
            _ => None,
        },
        _ => None,
    }
}

/// A builder that collects the bindings of a module or a class.
pub(super) struct Builder<'a> {
    pub(super) body: Body,
    /// The qualified name of the class, or `None` for a module.
    class: Option<&'a str>,
    /// The string literal directly after the current statement, which documents an attribute.
    docstring_below: Option<String>,
    /// Index of the branch that contains the current statement, or `None` outside branches.
    pub(super) branch: Option<usize>,
}

impl<'a> Builder<'a> {
    fn new(class: Option<&'a str>) -> Self {
        Self { body: Body::default(), class, docstring_below: None, branch: None }
    }

    pub(super) fn block(&mut self, statements: &[Stmt]) {
        for (index, statement) in statements.iter().enumerate() {
            self.docstring_below = docstring(&statements[index + 1..]);
            self.statement(statement);
        }
    }

    pub(super) fn bind(&mut self, name: &str, at: usize, bound: Bound) {
        let (branch, name) = (self.branch, name.to_owned());
        self.body.bindings.push(Binding { name, at, annotation: None, bound, docstring: None, branch });
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
                self.path_assignment(assign, at);
                assign.targets.iter().for_each(|target| self.assign(target, &assign.value, at));
            }
            Stmt::AnnAssign(assign) => self.annotated_assignment(assign, at),
            Stmt::AugAssign(assign) => self.augmented_assignment(assign, at),
            Stmt::TypeAlias(alias) => self.type_alias(alias, at),
            Stmt::Import(statement) => {
                for (name, import) in statement.names.iter().map(import) {
                    self.bind(&name, at, Bound::Import(import));
                }
            }
            Stmt::ImportFrom(statement) => self.import_from(statement, at),
            Stmt::Delete(delete) => {
                delete.targets.iter().for_each(|target| self.unknowable(target, at, "the name is deleted"));
            }
            Stmt::Expr(statement) => {
                self.path_call(&statement.value, at);
                self.attribute_set_by(&statement.value, at);
                self.mutated_by(&statement.value);
            }
            Stmt::If(conditional) => self.conditional(conditional, at),
            Stmt::Try(attempt) if self.class.is_none() => self.attempt(attempt, at),
            Stmt::With(with) if self.class.is_none() => self.with(with, at),
            Stmt::Pass(_) | Stmt::Global(_) | Stmt::Nonlocal(_) | Stmt::Assert(_) => {}
            other => self.uncertain(other, at),
        }
    }

    /// Returns whether conditional blocks are converted to branches. This only happens at module level.
    pub(super) fn has_branches(&self) -> bool {
        self.class.is_none()
    }

    fn augmented_assignment(&mut self, assign: &ast::StmtAugAssign, at: usize) {
        self.path_extension(assign, at);
        let ast::Expr::Name(name) = &*assign.target else {
            return self.unknowable(&assign.target, at, "the name is changed by an augmented assignment");
        };
        let operator = expression::binary(assign.op);
        let (left, right) = (Box::new(convert(&assign.target)), Box::new(convert(&assign.value)));
        let value = Expr { kind: ExprKind::Binary(operator, left, right), span: span(assign.range()) };
        self.bind(&name.id, at, Bound::Value(value));
        // The operator may modify the existing object in place, and other names may refer to the same object.
        self.mutated(&assign.target, Certainty::Certain);
        self.mutated(&assign.value, Certainty::Certain);
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
            _ => self.unknowable(target, at, "the name is bound by unpacking"),
        }
    }

    fn annotated_assignment(&mut self, assign: &ast::StmtAnnAssign, at: usize) {
        let ast::Expr::Name(name) = &*assign.target else {
            return self.unknowable(
                &assign.target,
                at,
                "an assignment with a type annotation binds the name",
            );
        };
        let bound = assign.value.as_ref().map_or(Bound::Nothing, |value| Bound::Value(convert(value)));
        let annotation = Some(convert(&assign.annotation));
        let docstring = std::mem::take(&mut self.docstring_below);
        let branch = self.branch;
        self.body.bindings.push(Binding {
            name: name.id.to_string(),
            at,
            annotation,
            bound,
            docstring,
            branch,
        });
    }

    fn type_alias(&mut self, alias: &ast::StmtTypeAlias, at: usize) {
        if let ast::Expr::Name(name) = &*alias.name {
            let bound = if alias.type_params.is_some() {
                Bound::Unknowable("the name is a generic type alias")
            } else {
                Bound::TypeAlias(convert(&alias.value))
            };
            self.bind(&name.id, at, bound);
        }
    }

    /// Marks all names in an assignment target as unknown, and all objects that the target modifies as mutated.
    pub(super) fn unknowable(&mut self, target: &ast::Expr, at: usize, why: &'static str) {
        match target {
            ast::Expr::Name(name) => self.bind(&name.id, at, Bound::Unknowable(why)),
            ast::Expr::Tuple(tuple) => tuple.iter().for_each(|target| self.unknowable(target, at, why)),
            ast::Expr::List(list) => list.elts.iter().for_each(|target| self.unknowable(target, at, why)),
            ast::Expr::Starred(starred) => self.unknowable(&starred.value, at, why),
            ast::Expr::Attribute(attribute) => {
                self.attribute_assigned(&attribute.value, &attribute.attr, at);
                self.mutated(target, Certainty::Certain);
            }
            ast::Expr::Subscript(_) => self.mutated(target, Certainty::Certain),
            _ => {}
        }
    }

    /// Marks a name as unknown if an assigned attribute changes the flow, function or class that it refers to.
    fn attribute_assigned(&mut self, object: &ast::Expr, attribute: &str, at: usize) {
        let ast::Expr::Name(object) = object else { return };
        let is_class = |binding: &Binding| {
            binding.name == object.id.as_str() && matches!(binding.bound, Bound::Class(_))
        };
        if DEFINING_ATTRIBUTES.contains(&attribute) || self.body.bindings.iter().any(is_class) {
            self.bind(&object.id, at, Bound::Unknowable("its attributes are assigned"));
        }
    }

    /// Handles a call of `setattr` like an assignment.
    fn attribute_set_by(&mut self, expr: &ast::Expr, at: usize) {
        if let ast::Expr::Call(call) = expr
            && let ast::Expr::Name(function) = &*call.func
            && function.id.as_str() == "setattr"
            && let [object, ast::Expr::StringLiteral(attribute), _] = &*call.arguments.args
        {
            self.attribute_assigned(object, attribute.value.to_str(), at);
        }
    }

    fn mutated(&mut self, target: &ast::Expr, certainty: Certainty) {
        match target {
            ast::Expr::Name(name) => {
                self.body.mutations.push(Mutation { name: name.id.to_string(), certainty });
            }
            ast::Expr::Attribute(attribute) => self.mutated(&attribute.value, certainty),
            ast::Expr::Subscript(subscript) => self.mutated(&subscript.value, certainty),
            _ => {}
        }
    }

    /// Marks a call's arguments, and the receiver of a method call, as possibly mutated.
    fn mutated_by(&mut self, expr: &ast::Expr) {
        if let ast::Expr::Call(call) = expr {
            self.mutated(&call.func, Certainty::Possible);
            let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
            call.arguments
                .args
                .iter()
                .chain(keywords)
                .for_each(|argument| self.mutated(argument, Certainty::Possible));
        }
    }

    fn import_from(&mut self, statement: &ast::StmtImportFrom, at: usize) {
        if statement.level == 0 && statement.module.as_deref() == Some("__future__") {
            let names = &statement.names;
            self.body.postponed_annotations |= names.iter().any(|alias| &alias.name == "annotations");
            return;
        }
        for (name, import) in imports_from(statement) {
            self.bind(&name, at, Bound::Import(import));
        }
    }

    /// Marks all names bound by a statement as unknown.
    pub(super) fn uncertain(&mut self, statement: &Stmt, at: usize) {
        let mut names = StoredNames::default();
        names.visit_stmt(statement);
        for name in names.bound {
            self.bind(&name, at, Bound::Unknowable("the name is bound in a loop or under a condition"));
        }
        let mutations = names.mutated.into_iter().map(|(name, certainty)| Mutation { name, certainty });
        self.body.mutations.extend(mutations);
    }
}

/// Returns the name that an `import` statement binds, and the import itself.
pub(super) fn import(alias: &ast::Alias) -> (String, Import) {
    let module = alias.name.to_string();
    let top = module.split('.').next().unwrap_or_default().to_owned();
    let name = alias.asname.as_ref().map_or(top, ToString::to_string);
    (name, Import { module, attribute: None, level: 0, binds_top: alias.asname.is_none() })
}

/// Returns the names that a `from ... import` statement binds, with their imports.
pub(super) fn imports_from(statement: &ast::StmtImportFrom) -> Vec<(String, Import)> {
    let module = statement.module.as_ref().map(ToString::to_string).unwrap_or_default();
    let imported = |alias: &ast::Alias| {
        let attribute = Some(alias.name.to_string());
        let name = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
        (name, Import { module: module.clone(), attribute, level: statement.level, binds_top: false })
    };
    statement.names.iter().map(imported).collect()
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
        body: class_body(&class.body, &qualified_name),
        qualified_name,
    }
}

pub(super) fn decorators(decorators: &[ast::Decorator]) -> Vec<Expr> {
    decorators.iter().map(|decorator| convert(&decorator.expression)).collect()
}
