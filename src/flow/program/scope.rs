//! Resolves names to entities at a position in the program.

use crate::flow::{
    eval_error::{EvalError, EvalResult},
    evaluate::Value as Constant,
    program::{
        ImportTarget, Module, Program,
        attributes::{attribute_at, attribute_of, attribute_of_module, found},
        branches::Runs,
        entity::{Assigned, Class, Entity, Function},
        externals,
        syntax::{Binding, Body, Bound, Certainty, ClassDef, Expr, ExprKind, Import},
    },
    schema::class::functional_enum,
};

/// The possible effects of a star import on a name's meaning.
enum Star<'p> {
    Has(Entity<'p>),
    Lacks,
    /// The module may export the name because it is external or its exports are unknown.
    MayHave,
}

/// A position in the program where names are looked up.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'p> {
    pub(crate) module: &'p Module,
    pub(crate) class: Option<&'p ClassDef>,
    /// The variables of the enclosing function calls, if the position is inside an interpreted function.
    pub(crate) locals: Option<&'p Locals<'p>>,
    /// The offset of the position in the file. Only bindings before this offset are visible.
    at: usize,
}

/// The local variables of a function call that the interpreter evaluates.
#[derive(Debug)]
pub(crate) struct Locals<'p> {
    pub(crate) variables: Vec<(String, EvalResult<Entity<'p>>)>,
    /// The enclosing function's local variables, or `None` if there is no enclosing function.
    pub(crate) outer: Option<&'p Locals<'p>>,
}

impl<'p> Locals<'p> {
    fn get(&'p self, name: &str) -> Option<&'p EvalResult<Entity<'p>>> {
        let mut scopes = std::iter::successors(Some(self), |locals| locals.outer);
        scopes.find_map(|locals| {
            locals.variables.iter().rev().find(|(variable, _)| variable == name).map(|(_, value)| value)
        })
    }
}

impl<'p> Class<'p> {
    /// Returns the scope in the class body at an offset.
    pub(crate) fn scope_at(self, at: usize) -> Scope<'p> {
        Scope { class: Some(self.def), at, ..self.scope }
    }

    /// Returns the scope at the end of the class body.
    pub(crate) fn scope_at_end(self) -> Scope<'p> {
        self.scope_at(usize::MAX)
    }
}

impl<'p> Scope<'p> {
    /// Returns the scope at the end of a module, after its last statement.
    pub(crate) fn end_of(module: &'p Module) -> Self {
        Self::at(module, usize::MAX)
    }

    /// Returns the scope of a module at an offset. Later bindings are not visible.
    pub(crate) fn at(module: &'p Module, at: usize) -> Self {
        Self { module, class: None, locals: None, at }
    }

    /// Returns the scope after the whole module has run. Quoted annotations are evaluated in this scope.
    pub(crate) fn deferred(self) -> Self {
        Self { at: usize::MAX, ..self }
    }

    /// Returns the scope in the body of a function that is called from `caller`, where `self` is the function's scope.
    ///
    /// In the module of the caller, later bindings do not exist yet. Names of an enclosing class are not visible.
    pub(crate) fn in_function(self, caller: Self) -> Self {
        let at = if std::ptr::eq(self.module, caller.module) { caller.at } else { usize::MAX };
        Self { class: None, at, ..self }
    }

    /// Returns this scope with the local variables of a function call.
    pub(crate) fn inside(self, locals: Option<&'p Locals<'p>>) -> Self {
        Self { locals: locals.or(self.locals), ..self }
    }

    pub(crate) fn text(self, expr: &Expr) -> &'p str {
        let text = self.module.file.source.text().get(expr.span.range()).unwrap_or_default();
        text.lines().next().unwrap_or_default()
    }

    pub(crate) fn lookup(self, program: &'p Program<'p>, name: &str) -> EvalResult<Entity<'p>> {
        program.descend(|| {
            if let Some(class) = self.class
                && let Some(binding) = latest(&class.body, name, self.at)
            {
                return self.entity(program, binding);
            }
            if let Some(variable) = self.locals.and_then(|locals| locals.get(name)) {
                return variable.clone();
            }
            let outside = Scope { class: None, locals: None, ..self };
            if let Some(entity) = outside.in_module(program, name)? {
                return Ok(entity);
            }
            if externals::is_builtin(name) {
                return Ok(Entity::External(name.to_owned()));
            }
            match (name, &self.module.name) {
                ("__file__", _) => Ok(Entity::Constant(Constant::text(self.module.absolute_path(program)))),
                ("__name__", Some(module)) => Ok(Entity::Constant(Constant::text(module))),
                ("__doc__", _) if self.class.is_none() => {
                    let text = self.module.body().docstring.as_ref();
                    Ok(Entity::Constant(text.map_or(Constant::None, Constant::text)))
                }
                _ => Err(EvalError::Undefined(name.to_owned())),
            }
        })
    }

    /// Returns the entity that a name refers to at module level. Also considers star imports.
    pub(super) fn in_module(self, program: &'p Program<'p>, name: &str) -> EvalResult<Option<Entity<'p>>> {
        let body = self.module.body();
        if body.rebound_globally.iter().any(|global| global == name) {
            return Err(EvalError::unknown(format!("'{name}' is reassigned by a function")));
        }
        if let Some(binding) = latest(body, name, self.at)
            && binding.branch.is_none()
            && body.star_imports().next().is_none()
        {
            return self.entity(program, binding).map(Some);
        }
        let candidates = self.candidates(program, name);
        let bound = candidates.bindings.first().copied();
        let is_later_star = |item: &&Binding| {
            item.at < self.at
                && bound.is_none_or(|binding| item.at > binding.at)
                && self.decide(program, item.branch, item.at).runs != Runs::No
        };
        let mut hidden_by = None;
        for star in body.star_imports().filter(is_later_star) {
            let Bound::Import(import) = &star.bound else { continue };
            match self.through_star(program, import, name)? {
                Star::Has(entity) => return Ok(Some(entity)),
                Star::Lacks => {}
                Star::MayHave => hidden_by = Some(&import.module),
            }
        }
        match (bound, hidden_by) {
            (Some(_), _) => self.choose(program, name, &candidates).map(Some),
            (None, Some(module)) if !externals::is_builtin(name) => {
                Err(EvalError::unknown(format!("'{name}' may come from `from {module} import *`")))
            }
            (None, _) => Ok(None),
        }
    }

    /// Returns the bindings of `name` that can be in effect, in reverse source order.
    fn candidates(self, program: &'p Program<'p>, name: &str) -> Candidates<'p> {
        let mut candidates = Candidates::default();
        for binding in self.module.body().bindings_of(name) {
            if binding.at >= self.at || matches!(binding.bound, Bound::Nothing) {
                continue;
            }
            let decision = self.decide(program, binding.branch, binding.at);
            let depends_on_package = decision.missing_package.is_some();
            candidates.missing_package = candidates.missing_package.or(decision.missing_package);
            if candidates.is_complete {
                // If the package is installed, the skipped binding is in effect.
                if depends_on_package && decision.runs == Runs::No {
                    candidates.skipped.push(binding);
                    continue;
                }
                break;
            }
            match decision.runs {
                Runs::Yes => {
                    candidates.bindings.push(binding);
                    candidates.is_complete = true;
                    if !depends_on_package {
                        break;
                    }
                }
                Runs::Unknown => candidates.bindings.push(binding),
                Runs::No => candidates.skipped.push(binding),
            }
        }
        candidates
    }

    /// Returns the entity that all candidate bindings refer to.
    ///
    /// # Errors
    ///
    /// Fails if the bindings refer to different entities.
    fn choose(
        self,
        program: &'p Program<'p>,
        name: &str,
        candidates: &Candidates<'p>,
    ) -> EvalResult<Entity<'p>> {
        let mut entities = candidates.bindings.iter().map(|binding| self.entity(program, binding));
        let Some(first) = entities.next() else { return Err(EvalError::Undefined(name.to_owned())) };
        let first = first?;
        let agrees = |entity: EvalResult<Entity<'p>>| match (&first, entity) {
            (Entity::External(name), Ok(Entity::External(other))) => *name == other,
            _ => false,
        };
        let is_single = candidates.bindings.len() == 1;
        // If the only binding does not run, the name is undefined and the flow cannot be loaded. The
        // exception is a built-in name hidden by the binding.
        let hides = !candidates.is_complete && is_single && externals::is_builtin(name);
        if hides || !entities.all(agrees) {
            return Err(EvalError::unknown(format!(
                "'{name}' is assigned under a condition that cannot be evaluated"
            )));
        }
        if let Some(package) = &candidates.missing_package {
            let mut skipped = candidates.skipped.iter().map(|binding| self.entity(program, binding));
            if !skipped.all(agrees) {
                program.memo.assumptions.borrow_mut().push(package.clone());
            }
        }
        Ok(first)
    }

    fn through_star(self, program: &'p Program<'p>, import: &Import, name: &str) -> EvalResult<Star<'p>> {
        let module = match self.imported_module(program, import)? {
            ImportTarget::Module(module) => module,
            ImportTarget::Namespace(_) => return Ok(Star::Lacks),
            ImportTarget::External => {
                let known = externals::exports(&import.module, name);
                let dotted = format!("{}.{name}", import.module);
                return Ok(if known {
                    Star::Has(Entity::External(externals::canonical(&dotted)))
                } else {
                    Star::MayHave
                });
            }
        };
        let all = Scope::end_of(module).candidates(program, "__all__");
        match all.bindings.first().map(|binding| &binding.bound) {
            Some(Bound::Value(names)) => match exported(names) {
                Some(names) if !names.contains(&name) => return Ok(Star::Lacks),
                Some(_) => {}
                None => return Ok(Star::MayHave),
            },
            Some(_) => return Ok(Star::MayHave),
            None if name.starts_with('_') => return Ok(Star::Lacks),
            None => {}
        }
        let entity = program.descend(|| Scope::end_of(module).in_module(program, name))?;
        Ok(entity.map_or(Star::Lacks, Star::Has))
    }

    pub(super) fn entity(self, program: &'p Program<'p>, binding: &'p Binding) -> EvalResult<Entity<'p>> {
        let scope = Scope { at: binding.at, ..self };
        match &binding.bound {
            Bound::Class(def) => Ok(Entity::Class(Class { def, scope })),
            Bound::Function(def) => Ok(Entity::Function(Function { def, scope })),
            Bound::Value(expr) => Ok(Entity::Value(Assigned {
                expr,
                scope,
                is_type_alias: false,
                is_modified_by_importer: false,
                name: &binding.name,
            })),
            Bound::TypeAlias(expr) => Ok(Entity::Value(Assigned {
                expr,
                scope: scope.deferred(),
                is_type_alias: true,
                is_modified_by_importer: false,
                name: &binding.name,
            })),
            Bound::Import(import) => {
                let entity = scope.imported_by_binding(program, import)?;
                scope.require_unmodified(&binding.name, entity)
            }
            Bound::Unknowable(why) => {
                Err(EvalError::unknown(format!("'{}' cannot be determined: {why}", binding.name)))
            }
            Bound::Nothing => Err(EvalError::Undefined(binding.name.clone())),
        }
    }

    /// Checks that no statement of the module modifies an object of the project that it imports under a name.
    ///
    /// If a statement may modify the object, marks the returned entity.
    fn require_unmodified(self, name: &str, entity: Entity<'p>) -> EvalResult<Entity<'p>> {
        match (self.module.body().mutation(name), entity) {
            (
                Some(Certainty::Certain),
                Entity::Value(_) | Entity::Class(_) | Entity::Module(_) | Entity::Namespace(_),
            ) => Err(EvalError::unknown(format!("'{name}' is modified after it is imported"))),
            (Some(Certainty::Possible), Entity::Value(value)) => {
                Ok(Entity::Value(Assigned { is_modified_by_importer: true, ..value }))
            }
            (_, entity) => Ok(entity),
        }
    }

    /// Returns the entity that an import statement in a module or class binds. Caches the names of external objects.
    fn imported_by_binding(self, program: &'p Program<'p>, import: &'p Import) -> EvalResult<Entity<'p>> {
        let key = std::ptr::from_ref(import);
        if let Some(name) = program.memo.external_imports.borrow().get(&key) {
            return Ok(Entity::External(name.clone()));
        }
        let entity = self.imported(program, import)?;
        if let Entity::External(name) = &entity
            && program.has_final_path()
        {
            program.memo.external_imports.borrow_mut().insert(key, name.clone());
        }
        Ok(entity)
    }

    fn imported_module(self, program: &'p Program<'p>, import: &Import) -> EvalResult<ImportTarget<'p>> {
        if import.level > 0 {
            program.find_relative(self.module, import.level, &import.module)
        } else {
            program.find(&import.module)
        }
    }

    pub(crate) fn imported(self, program: &'p Program<'p>, import: &Import) -> EvalResult<Entity<'p>> {
        let Some(attribute) = &import.attribute else {
            let dotted = import.module.as_str();
            let top = dotted.split('.').next().unwrap_or(dotted);
            let name = if import.binds_top { top } else { dotted };
            return Ok(match program.find(name)? {
                ImportTarget::Module(module) => Entity::Module(module),
                ImportTarget::Namespace(path) => Entity::Namespace(path),
                ImportTarget::External => Entity::External(externals::canonical(name)),
            });
        };
        match self.imported_module(program, import)? {
            // A package that imports from itself finds the names that it has bound before, or its submodules.
            ImportTarget::Module(module) if std::ptr::eq(module, self.module) => {
                attribute_at(program, Scope::at(module, self.at), attribute)
            }
            ImportTarget::Module(module) => attribute_of_module(program, module, attribute),
            ImportTarget::Namespace(path) => found(program.find_in_directory(&path, attribute)?, attribute),
            ImportTarget::External => {
                Ok(Entity::External(externals::canonical(&format!("{}.{attribute}", import.module))))
            }
        }
    }

    /// Resolves a name or an attribute such as `a.b`. Follows aliases.
    pub(crate) fn resolve(self, program: &'p Program<'p>, expr: &'p Expr) -> EvalResult<Entity<'p>> {
        match &expr.kind {
            ExprKind::Name(name) => follow(program, self.lookup(program, name)?),
            ExprKind::Attribute(value, attribute) => {
                let entity = program.descend(|| self.resolve(program, value))?;
                follow(program, attribute_of(program, &entity, attribute)?)
            }
            _ => Err(EvalError::unknown(format!("`{}` is not a name", self.text(expr)))),
        }
    }

    /// Returns the canonical dotted name of an expression that refers to an object outside the project.
    ///
    /// Returns `None` for other expressions.
    pub(crate) fn external(self, program: &'p Program<'p>, expr: &'p Expr) -> Option<String> {
        if !expr.is_dotted_name() {
            return None;
        }
        match self.resolve(program, expr) {
            Ok(Entity::External(name)) => Some(name),
            _ => None,
        }
    }
}

pub(super) fn follow<'p>(program: &'p Program<'p>, entity: Entity<'p>) -> EvalResult<Entity<'p>> {
    match entity {
        Entity::Value(value) if value.expr.is_dotted_name() && !value.is_type_alias => {
            program.descend(|| value.scope.resolve(program, value.expr))
        }
        Entity::Value(value) => Ok(functional_enum::class(program, value).map_or(entity, Entity::Class)),
        other => Ok(other),
    }
}

/// The bindings of a name that can be in effect at a position.
#[derive(Default)]
struct Candidates<'p> {
    /// The bindings that run or may run, in reverse order.
    bindings: Vec<&'p Binding>,
    /// Whether the last binding in `bindings` is guaranteed to run.
    is_complete: bool,
    /// The bindings that do not run.
    skipped: Vec<&'p Binding>,
    /// A package that is assumed to be missing. The selection is only correct if the package is not installed.
    missing_package: Option<String>,
}

/// Returns the last binding of a name before an offset in a class body.
pub(super) fn latest<'b>(body: &'b Body, name: &str, before: usize) -> Option<&'b Binding> {
    body.bindings_of(name).find(|binding| binding.at < before && !matches!(binding.bound, Bound::Nothing))
}

/// Returns the names in a value of `__all__`, or `None` if the value is not a list of string literals.
fn exported(names: &Expr) -> Option<Vec<&str>> {
    let (ExprKind::List(names) | ExprKind::Tuple(names)) = &names.kind else { return None };
    names.iter().map(|name| name.as_text().map(|text| text.value.as_str())).collect()
}
