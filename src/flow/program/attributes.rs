//! Resolves the attributes of modules and classes.

use crate::flow::{
    eval_error::{EvalError, EvalResult},
    program::{
        ImportTarget, Module, Program,
        entity::{Class, Entity},
        externals,
        scope::{Scope, follow, latest},
    },
    schema::class::mro,
};

/// Returns the entity of a module that an import has found.
pub(super) fn found<'p>(found: ImportTarget<'p>, name: &str) -> EvalResult<Entity<'p>> {
    match found {
        ImportTarget::Module(module) => Ok(Entity::Module(module)),
        ImportTarget::Namespace(path) => Ok(Entity::Namespace(path)),
        ImportTarget::External => Err(EvalError::unknown(format!("module '{name}' does not exist"))),
    }
}

/// Resolves the attribute `name` of a module after it has run.
pub(super) fn attribute_of_module<'p>(
    program: &'p Program<'p>,
    module: &'p Module,
    name: &str,
) -> EvalResult<Entity<'p>> {
    let key = (std::ptr::from_ref(module), name.to_owned());
    // Modules that import from each other find a submodule, because the package has not bound the name yet.
    if program.memo.attributes_in_progress.borrow().contains(&key) {
        return found(program.find_submodule(module, name)?, name);
    }
    program.memo.attributes_in_progress.borrow_mut().push(key);
    let attribute = attribute_at(program, Scope::end_of(module), name);
    program.memo.attributes_in_progress.borrow_mut().pop();
    attribute
}

/// Resolves the attribute `name` of a module at a position in its code.
pub(super) fn attribute_at<'p>(
    program: &'p Program<'p>,
    scope: Scope<'p>,
    name: &str,
) -> EvalResult<Entity<'p>> {
    match program.descend(|| scope.in_module(program, name))? {
        Some(entity) => follow(program, entity),
        None => found(program.find_submodule(scope.module, name)?, name),
    }
}

/// Resolves the attribute `name` of an entity.
pub(crate) fn attribute_of<'p>(
    program: &'p Program<'p>,
    entity: &Entity<'p>,
    name: &str,
) -> EvalResult<Entity<'p>> {
    match entity {
        Entity::External(dotted) => Ok(Entity::External(externals::canonical(&format!("{dotted}.{name}")))),
        Entity::Module(module) => attribute_of_module(program, module, name),
        Entity::Namespace(path) => found(program.find_in_directory(path, name)?, name),
        Entity::Class(class) => attribute_of_class(program, *class, name),
        Entity::Function(function) => Err(EvalError::unknown(format!(
            "'{name}' is an attribute of the function '{}'",
            function.def.name
        ))),
        Entity::Value(value) => {
            Err(EvalError::unknown(format!("'{name}' is an attribute of the variable '{}'", value.name)))
        }
        Entity::Constant(_) => Err(EvalError::unknown(format!("'{name}' is an attribute of a constant"))),
    }
}

/// Resolves the attribute `name` that a class or one of its bases defines.
fn attribute_of_class<'p>(program: &'p Program<'p>, class: Class<'p>, name: &str) -> EvalResult<Entity<'p>> {
    let defined = |class: &Class<'p>| Some((*class, latest(&class.def.body, name, usize::MAX)?));
    let found = match defined(&class) {
        None if class.def.bases.is_empty() => None,
        None => {
            let order = program.descend(|| mro(program, class))?;
            let is_known = order.iter().all(|ancestor| has_plain_bases(program, *ancestor));
            if is_known { order.iter().find_map(defined) } else { None }
        }
        own => own,
    };
    match found {
        Some((owner, binding)) => owner.scope_at_end().entity(program, binding),
        None => Err(EvalError::unknown(format!("'{name}' is not defined in the class '{}'", class.def.name))),
    }
}

/// Returns whether all bases of a class from outside the project define no attributes of their own.
fn has_plain_bases<'p>(program: &'p Program<'p>, class: Class<'p>) -> bool {
    class.def.bases.iter().all(|base| {
        let base = base.as_subscript().map_or(base, |(generic, _)| generic);
        match class.scope.resolve(program, base) {
            Ok(Entity::Class(_)) => true,
            Ok(Entity::External(name)) => {
                matches!(name.as_str(), "object" | "abc.ABC" | "typing.Generic" | "typing.Protocol")
            }
            _ => false,
        }
    })
}
