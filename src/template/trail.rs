//! Tracks the path to the value that a traversal is visiting.

use crate::{
    pointer::{Pointer, Segment},
    python,
    value::Value,
};

/// Path from the root to the value that is being visited. Creating a [`Pointer`] is expensive, so it is
/// created only on demand.
#[derive(Debug, Default)]
pub(crate) struct Trail<'a> {
    steps: Vec<Step<'a>>,
}

#[derive(Debug)]
enum Step<'a> {
    Key(&'a Value),
    Index(usize),
}

impl<'a> Trail<'a> {
    pub(crate) fn at_key<T>(&mut self, key: &'a Value, visit: impl FnOnce(&mut Self) -> T) -> T {
        self.inside(Step::Key(key), visit)
    }

    pub(crate) fn at_index<T>(&mut self, index: usize, visit: impl FnOnce(&mut Self) -> T) -> T {
        self.inside(Step::Index(index), visit)
    }

    fn inside<T>(&mut self, step: Step<'a>, visit: impl FnOnce(&mut Self) -> T) -> T {
        self.steps.push(step);
        let result = visit(self);
        self.steps.pop();
        result
    }

    pub(crate) fn path(&self) -> Pointer {
        let segment = |step: &Step<'_>| match step {
            Step::Key(key) => Segment::Key(python::to_text(key)),
            Step::Index(index) => Segment::Index(*index),
        };
        self.steps.iter().map(segment).collect()
    }
}
