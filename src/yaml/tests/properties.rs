//! Properties that hold for any text.

use std::fmt::Write;

use proptest::prelude::*;

use super::{
    super::{
        error::YamlErrorKind,
        node::{Entry, Node, NodeKind},
    },
    read,
};
use crate::source::Span;

#[test]
fn rejects_hostile_files_with_a_place() {
    let mut bomb = "- &a0 [x, x]\n".to_owned();
    for level in 1..40 {
        writeln!(bomb, "- &a{level} [{}]", format!("*a{}, ", level - 1).repeat(9)).unwrap();
    }
    assert_eq!(read(&bomb).unwrap_err().kind, YamlErrorKind::TooManyAliases);
    let merges = bomb.replace("[x, x]", "{k: v}").replace("- &a1 [", "- &a1 {<<: [").replace(", ]", "]");
    assert!(read(&merges).is_err());
    for deep in ["[".repeat(5000), "- ".repeat(5000), "{a: ".repeat(5000), "? ".repeat(5000)] {
        assert_eq!(read(&deep).unwrap_err().kind, YamlErrorKind::TooDeep(100), "{}", &deep[..4]);
    }
    let mut tower = format!("- &a0 {}{}\n", "[".repeat(60), "]".repeat(60));
    writeln!(tower, "- {}*a0{}", "[".repeat(60), "]".repeat(60)).unwrap();
    assert_eq!(read(&tower).unwrap_err().kind, YamlErrorKind::TooDeep(100));
    let deepest = format!("{}{}", "[".repeat(100), "]".repeat(100));
    assert!(read(&deepest).unwrap().root.to_value().is_ok());
}

/// Calls `visit` with every span in a value.
fn spans(node: &Node, visit: &mut impl FnMut(Span)) {
    visit(node.span);
    match &node.kind {
        NodeKind::Sequence(items) | NodeKind::Set(items) => items.iter().for_each(|item| spans(item, visit)),
        NodeKind::Mapping(mapping) => mapping.entries().for_each(|Entry { key, value }| {
            spans(key, visit);
            spans(value, visit);
        }),
        _ => {}
    }
}

/// Parses a text and checks that every span lies within the text.
fn check_places(text: &str) {
    let check = |span: Span| assert!(text.get(span.range()).is_some(), "{span:?} is not in {text:?}");
    match read(text) {
        Ok(document) => {
            spans(&document.root, &mut |span| check(span));
            document
                .duplicate_keys
                .iter()
                .for_each(|key| [key.first, key.second].into_iter().for_each(check));
            let _ = document.root.to_value().map_err(|error| check(error.span));
        }
        Err(error) => check(error.span),
    }
}

/// Generates documents from fragments of YAML.
fn yaml_like() -> impl Strategy<Value = String> {
    let parts = prop::sample::select(vec![
        "a",
        "b: ",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "é",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ": ",
        "? ",
        "&x ",
        "*x",
        "<<: ",
        "'",
        "\"",
        "|\n",
        ">-\n",
        "!!str ",
        "!!set ",
        "!!omap ",
        "!!int ",
        "! ",
        "---\n",
        "...\n",
        "# c",
        "\t",
        "1",
        "1:30",
        "2024-01-01",
        "=",
        "{{ x }}",
        "\\",
        "%",
        "\u{feff}",
        "\r\n",
        "\u{85}",
        "\u{2028}",
        "~",
        ".nan",
        "0x",
        "_",
    ]);
    prop::collection::vec(parts, 0..40).prop_map(|parts| parts.concat())
}

proptest! {
    #[test]
    fn accepts_or_rejects_any_text(text in any::<String>()) {
        check_places(&text);
    }

    #[test]
    fn accepts_or_rejects_yaml_like_text(text in yaml_like()) {
        check_places(&text);
    }

    #[test]
    fn accepts_or_rejects_any_scalar(text in "[-+.:_ 0-9eExbTZtn]{0,12}") {
        check_places(&text);
        check_places(&format!("!!int '{text}'"));
        check_places(&format!("!!float '{text}'"));
        check_places(&format!("!!timestamp '{text}'"));
    }
}
