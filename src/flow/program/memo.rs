//! Facts about a program that are computed once.

use std::{
    cell::{Cell, OnceCell, RefCell},
    collections::HashMap,
    path::PathBuf,
    rc::Rc,
};

use super::{
    branches::Outcome,
    scope::Class,
    syntax::{Body, ClassDef},
};
use crate::flow::{eval_error::EvalResult, evaluate::Value, schema::class::Kind};

/// The members of an enumeration: names and values, in order.
pub(crate) type Members = Rc<Vec<(String, Value)>>;

/// Cached results, by the address of the syntax they belong to.
#[derive(Default)]
pub(crate) struct Memo<'p> {
    pub(crate) resolution_orders: Table<ClassDef, Rc<Vec<Class<'p>>>>,
    pub(crate) kinds: Table<ClassDef, Kind>,
    pub(crate) members: Table<ClassDef, Members>,
    /// The outcomes of `try` statements, by body and number.
    pub(super) outcomes: RefCell<HashMap<(*const Body, usize), Outcome>>,
    /// The results of tests, by body and number; `None` if a result is unknown.
    pub(super) tests: RefCell<HashMap<(*const Body, usize), Option<bool>>>,
    /// The package that a module imports and that is assumed to be missing, if any.
    pub(super) imports: RefCell<HashMap<*const Body, Option<String>>>,
    /// Packages whose absence the result depends on.
    pub(crate) assumptions: RefCell<Vec<String>>,
    pub(super) path_changes: OnceCell<(Vec<PathBuf>, Vec<PathBuf>)>,
    pub(super) reads_path_changes: Cell<bool>,
}

/// Results by the address of a syntax node.
pub(crate) struct Table<K, V>(RefCell<HashMap<*const K, EvalResult<V>>>);

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self(RefCell::new(HashMap::new()))
    }
}

impl<K, V: Clone> Table<K, V> {
    /// Returns the cached result for `key`, or computes it.
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
