//! A list that can grow while its elements are borrowed.

use std::cell::OnceCell;

/// An append-only linked list whose elements are never moved in memory.
pub(super) struct AppendList<T> {
    first: OnceCell<Box<Node<T>>>,
}

struct Node<T> {
    element: T,
    next: OnceCell<Box<Node<T>>>,
}

impl<T> Default for AppendList<T> {
    fn default() -> Self {
        Self { first: OnceCell::new() }
    }
}

impl<T> AppendList<T> {
    pub(super) fn push(&self, element: T) -> &T {
        let mut slot = &self.first;
        while let Some(node) = slot.get() {
            slot = &node.next;
        }
        &slot.get_or_init(|| Box::new(Node { element, next: OnceCell::new() })).element
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::successors(self.first.get(), |node| node.next.get()).map(|node| &node.element)
    }
}
