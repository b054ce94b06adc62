//! Caches properties of a program that are expensive to compute.

use std::{
    cell::{Cell, OnceCell, RefCell},
    path::PathBuf,
    rc::Rc,
};

use foldhash::HashMap;

use super::{
    Module,
    branches::Outcome,
    entity::Class,
    syntax::{Body, ClassDef, Expr, Import},
};
use crate::flow::{eval_error::EvalResult, evaluate::Value, schema::class::Kind};

/// The names and values of an enumeration's members, in definition order.
pub(crate) type Members = Rc<Vec<(String, Value)>>;

/// Cached results for syntax tree nodes, which are identified by their addresses.
#[derive(Default)]
pub(crate) struct Memo<'p> {
    pub(crate) resolution_orders: Table<ClassDef, Rc<Vec<Class<'p>>>>,
    pub(crate) kinds: Table<ClassDef, Kind>,
    pub(crate) members: Table<ClassDef, Members>,
    /// The enumerations that are created by calls, keyed by the expression of the call.
    pub(crate) functional_enums: RefCell<HashMap<*const Expr, Class<'p>>>,
    /// Outcomes of `try` statements, keyed by module body and statement index.
    pub(super) outcomes: RefCell<HashMap<(*const Body, usize), Outcome>>,
    /// Results of tests, keyed by module body and test index. `None` if the result is unknown.
    pub(super) tests: RefCell<HashMap<(*const Body, usize), Option<bool>>>,
    /// Canonical names of external objects that import statements bind.
    pub(super) external_imports: RefCell<HashMap<*const Import, String>>,
    /// Project modules that have been found, keyed by dotted name.
    pub(super) modules: RefCell<HashMap<String, &'p Module>>,
    /// The attributes of modules that are being resolved.
    pub(super) attributes_in_progress: RefCell<Vec<(*const Module, String)>>,
    /// For each module, an imported package that is assumed to be missing, or `None`.
    pub(super) imports: RefCell<HashMap<*const Body, Option<String>>>,
    /// Packages that are assumed to be missing. The current result is only correct if they are not installed.
    pub(crate) assumptions: RefCell<Vec<String>>,
    /// The modules whose code may change environment variables.
    pub(super) environment_writers: OnceCell<Vec<&'p Module>>,
    pub(super) path_changes: OnceCell<(Vec<PathBuf>, Vec<PathBuf>)>,
    pub(super) reads_path_changes: Cell<bool>,
}

/// A cache of results for syntax tree nodes, which are identified by their addresses.
pub(crate) struct Table<K, V>(RefCell<HashMap<*const K, EvalResult<V>>>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K, V: Clone> Table<K, V> {
    /// Returns the cached result for `key`. On a cache miss, calls `compute` and caches the result.
    pub(crate) fn get(&self, key: &K, compute: impl FnOnce() -> EvalResult<V>) -> EvalResult<V> {
        let key = std::ptr::from_ref(key);
        if let Some(known) = self.0.borrow().get(&key) {
            return known.clone();
        }
        let result = compute();
        self.0.borrow_mut().insert(key, result.clone());
        result
    }
}
