//! Properties of merged documents.

use std::fmt::Write;

use proptest::prelude::*;

use crate::{
    source::Source,
    value::Value,
    yaml::{
        AppendError, Document, Entry, Node, NodeKind, Nulls, Overlay,
        load::{load, load_overlay},
    },
};

/// A tree of values, written in flow style.
#[derive(Debug, Clone)]
enum Tree {
    Null,
    Word(u8),
    List(Vec<Tree>, bool),
    Mapping(Vec<(u8, Tree)>),
}

fn tree(has_appends: bool) -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![Just(Tree::Null), any::<u8>().prop_map(Tree::Word)];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        let append = any::<bool>().prop_map(move |append| append && has_appends);
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), append)
                .prop_map(|(items, append)| Tree::List(items, append)),
            prop::collection::vec((0_u8..6, inner), 0..5).prop_map(Tree::Mapping),
        ]
    })
}

fn mapping(has_appends: bool) -> impl Strategy<Value = Tree> {
    prop::collection::vec((0_u8..6, tree(has_appends)), 0..6).prop_map(Tree::Mapping)
}

impl Tree {
    /// Writes the tree. The words of a file start with its prefix.
    fn write(&self, prefix: char, text: &mut String) {
        match self {
            Self::Null => text.push('~'),
            Self::Word(word) => write!(text, "{prefix}{word}").unwrap(),
            Self::List(items, append) => {
                text.push_str(if *append { "!append [" } else { "[" });
                for item in items {
                    item.write(prefix, text);
                    text.push_str(", ");
                }
                text.push(']');
            }
            Self::Mapping(entries) => {
                text.push('{');
                for (key, value) in entries {
                    write!(text, "k{key}: ").unwrap();
                    value.write(prefix, text);
                    text.push_str(", ");
                }
                text.push('}');
            }
        }
    }

    /// Replaces each null. The first merge has removed the key, so a second merge would keep the null as a
    /// value.
    fn without_nulls(self) -> Self {
        match self {
            Self::Null => Self::Word(0),
            Self::Word(word) => Self::Word(word),
            Self::List(items, append) => {
                Self::List(items.into_iter().map(Self::without_nulls).collect(), append)
            }
            Self::Mapping(entries) => {
                Self::Mapping(entries.into_iter().map(|(key, value)| (key, value.without_nulls())).collect())
            }
        }
    }

    fn source(&self, name: char) -> Source {
        let mut text = "# é\n".repeat(usize::from(name == 'b'));
        self.write(name, &mut text);
        text.push('\n');
        Source::new(name.to_string(), text)
    }
}

fn merged(base: &Document, overlay: &Source) -> (Document, Vec<AppendError>) {
    let mut document = base.layered();
    let (root, appended) = document.add_layer(load_overlay(overlay).unwrap());
    let mut merging = Overlay::new(appended, Nulls::default());
    document.root = merging.merge(Some(&base.root), &root).unwrap();
    (document, merging.finish().1)
}

/// Checks that each scalar and each key is written at its position.
fn check_places(document: &Document, node: &Node) {
    let written = |node: &Node| {
        let (part, span) = document.written(node.span);
        part.source
            .text()
            .get(span.range())
            .unwrap_or_else(|| panic!("{span:?} in {}", part.source.name()))
            .to_owned()
    };
    match &node.kind {
        NodeKind::Text(text) => assert_eq!(written(node), **text),
        NodeKind::Null => assert_eq!(written(node), "~"),
        NodeKind::Sequence(items) => items.iter().for_each(|item| check_places(document, item)),
        NodeKind::Mapping(mapping) => mapping.entries().for_each(|Entry { key, value }| {
            check_places(document, key);
            check_places(document, value);
        }),
        _ => {}
    }
    if !matches!(node.kind, NodeKind::Text(_) | NodeKind::Null) {
        assert!(written(node).starts_with(['[', '{']), "{}", written(node));
    }
}

fn value(document: &Document) -> Value {
    document.root.to_value().unwrap()
}

proptest! {
    #[test]
    fn empty_overlay_changes_nothing(base in mapping(false)) {
        let base = load(&base.source('b')).unwrap();
        for text in ["{}", "", "# nothing\n"] {
            let overlay = Source::new("o", text);
            if load(&overlay).unwrap().root.as_mapping().is_some() {
                let (document, errors) = merged(&base, &overlay);
                prop_assert_eq!(value(&document), value(&base));
                prop_assert!(errors.is_empty());
            }
        }
    }

    #[test]
    fn replacing_twice_has_no_effect(
        base in mapping(false),
        overlay in mapping(false).prop_map(Tree::without_nulls),
    ) {
        let base = load(&base.source('b')).unwrap();
        let overlay = overlay.source('o');
        let (first, errors) = merged(&base, &overlay);
        prop_assert!(errors.is_empty());
        let (second, _) = merged(&Document { root: first.root.clone(), ..base }, &overlay);
        prop_assert_eq!(value(&second), value(&first));
    }

    #[test]
    fn merged_values_keep_their_places(base in mapping(false), overlay in mapping(true)) {
        let base = load(&base.source('b')).unwrap();
        let (document, errors) = merged(&base, &overlay.source('o'));
        check_places(&document, &document.root);
        for error in errors {
            let (AppendError::Base { list, .. } | AppendError::Replaced { list }) = error;
            let place = document.place(list);
            prop_assert_eq!(place.source.name(), "o");
        }
    }

    #[test]
    fn origins_are_the_written_values(base in mapping(false), overlay in mapping(true)) {
        let base = load(&base.source('b')).unwrap();
        let (document, _) = merged(&base, &overlay.source('o'));
        let mut pointers = Vec::new();
        collect(&document.root, &crate::pointer::Pointer::root(), &mut pointers);
        for pointer in pointers {
            let (part, origin) = document.origin(&pointer).unwrap();
            let (place, other) = (document.key_place(&pointer), part.key_place(&origin));
            prop_assert_eq!((place.source.name(), place.span), (other.source.name(), other.span));
        }
    }
}

/// Collects the paths of all entries and items.
fn collect(node: &Node, pointer: &crate::pointer::Pointer, found: &mut Vec<crate::pointer::Pointer>) {
    match &node.kind {
        NodeKind::Sequence(items) => {
            for (index, item) in items.iter().enumerate() {
                found.push(pointer.join(index));
                collect(item, &pointer.join(index), found);
            }
        }
        NodeKind::Mapping(mapping) => {
            for Entry { key, value } in mapping.entries() {
                let pointer = pointer.join(key.as_text().unwrap());
                found.push(pointer.clone());
                collect(value, &pointer, found);
            }
        }
        _ => {}
    }
}

#[test]
fn appends_replaces_and_removes() {
    let base = "{a: [b1], b: {c: b2, d: [b3]}, e: b4, f: b5}";
    for (overlay, expected) in [
        ("{a: !append [o1]}", "{a: [b1, o1], b: {c: b2, d: [b3]}, e: b4, f: b5}"),
        ("{a: [o1]}", "{a: [o1], b: {c: b2, d: [b3]}, e: b4, f: b5}"),
        (
            "{b: {d: !append [o1], c: ~}, e: ~, g: {h: ~, i: o2}}",
            "{a: [b1], b: {d: [b3, o1]}, f: b5, g: {h: ~, i: o2}}",
        ),
        ("{a: {x: o1}, b: o2, new: !append [o3]}", "{a: {x: o1}, b: o2, e: b4, f: b5, new: [o3]}"),
        ("{a: [{x: ~}]}", "{a: [{x: ~}], b: {c: b2, d: [b3]}, e: b4, f: b5}"),
    ] {
        let (document, errors) = merged(&load(&Source::new("b", base)).unwrap(), &Source::new("o", overlay));
        assert_eq!(value(&document), value(&load(&Source::new("x", expected)).unwrap()), "{overlay}");
        assert!(errors.is_empty(), "{overlay}: {errors:?}");
    }
    let base = load(&Source::new("b", base)).unwrap();
    let (_, errors) = merged(&base, &Source::new("o", "{e: !append [o1], b: [[!append [o2]]]}"));
    let kinds: Vec<_> = errors.iter().map(|error| matches!(error, AppendError::Base { .. })).collect();
    assert_eq!(kinds, [true, false]);
    for (text, message) in [
        ("a: !append x", "the tag `!append` requires a list, not a scalar"),
        ("a: !append {b: 1}", "the tag `!append` requires a list, not a mapping"),
        ("a: !merge {b: 1}", "the tag `!merge` is not supported"),
    ] {
        assert_eq!(load_overlay(&Source::new("o", text)).unwrap_err().to_string(), message);
    }
    assert!(load(&Source::new("b", "a: !append [1]")).is_err());
}
