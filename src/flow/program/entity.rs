//! The entities that names refer to.

use std::path::PathBuf;

use super::{
    Module,
    scope::Scope,
    syntax::{ClassDef, Expr, FunctionDef},
};
use crate::flow::evaluate::Value as Constant;

/// An entity of the program that a name can refer to.
#[derive(Debug, Clone)]
pub(crate) enum Entity<'p> {
    /// An object from outside the project, identified by its canonical dotted name.
    External(String),
    Module(&'p Module),
    /// A namespace package: a directory without an `__init__.py` file.
    Namespace(PathBuf),
    Class(Class<'p>),
    Function(Function<'p>),
    Value(Assigned<'p>),
    /// A value that has already been evaluated.
    Constant(Constant),
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Class<'p> {
    pub(crate) def: &'p ClassDef,
    /// The scope that contains the class statement.
    pub(crate) scope: Scope<'p>,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Function<'p> {
    pub(crate) def: &'p FunctionDef,
    pub(crate) scope: Scope<'p>,
}

/// An expression that is assigned to a name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Assigned<'p> {
    pub(crate) expr: &'p Expr,
    pub(crate) scope: Scope<'p>,
    /// Whether the name is bound by a `type` statement.
    pub(crate) is_type_alias: bool,
    /// Whether a module that imports the name may modify the object in place.
    pub(super) is_modified_by_importer: bool,
    pub(crate) name: &'p str,
}

impl Assigned<'_> {
    /// Returns whether a statement may modify the assigned object in place.
    pub(crate) fn may_be_modified(&self) -> bool {
        self.is_modified_by_importer || self.scope.module.body().mutation(self.name).is_some()
    }
}

impl PartialEq for Class<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.def, other.def)
    }
}
