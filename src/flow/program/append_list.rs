//! A list that can grow while its elements are borrowed.

use std::cell::{Cell, OnceCell};

/// Number of chunks. A full list would exceed the address space.
const CHUNKS: usize = usize::BITS as usize;

/// An append-only list whose elements are never moved in memory. The chunk at position `n` has room for 2^n elements.
pub(super) struct AppendList<T> {
    chunks: [OnceCell<Box<[OnceCell<T>]>>; CHUNKS],
    length: Cell<usize>,
}

impl<T> Default for AppendList<T> {
    fn default() -> Self {
        Self { chunks: std::array::from_fn(|_| OnceCell::new()), length: Cell::new(0) }
    }
}

impl<T> AppendList<T> {
    pub(super) fn push(&self, element: T) -> &T {
        let number = self.length.get() + 1;
        self.length.set(number);
        let chunk = number.ilog2();
        let size = 1 << chunk;
        let slots = self.chunks[chunk as usize]
            .get_or_init(|| std::iter::repeat_with(OnceCell::new).take(size).collect());
        slots[number - size].get_or_init(|| element)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().map_while(OnceCell::get).flatten().map_while(OnceCell::get)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_stay_in_place_while_the_list_grows() {
        let list = AppendList::default();
        let first = list.push(0);
        let others: Vec<&usize> = (1..1000).map(|number| list.push(number)).collect();
        assert_eq!((*first, *others[998]), (0, 999));
        assert!(list.iter().copied().eq(0..1000));
    }
}
