//! Hostile source files: damaged, deeply nested, huge. Reading them must end quickly and without a panic.

use std::{fs, path::Path, sync::Arc};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::recorded;
use crate::environment::Environment;
use crate::flow::{Entrypoint, Flow, Inspector};

/// Tokens that edits insert.
const TOKENS: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ":",
    ",",
    "=",
    "*",
    "**",
    "/",
    "...",
    "|",
    "@flow\n",
    "\"",
    "'''",
    "f'{",
    "\\",
    "\n",
    "    ",
    "\t",
    "lambda: ",
    "Annotated[",
    "Optional[",
    "Union[",
    "Literal[",
    "list[",
    "dict[str, ",
    "None",
    "-1",
    "99999999999999999999999999999999999999999999",
    "1e999",
    "0 ** -1",
    "1 << 9999",
    "'a' * 999999999",
    "[0] * 10 ** 9",
    "Field(",
    "default=",
    "class A(BaseModel):\n",
    "class A(A):\n    pass\n",
    "A = A\n",
    "import damaged\n",
    "from damaged import *\n",
    "type A = A\n",
    "A: A = A\n",
    "enum.auto()",
    "\u{0}",
    "\u{feff}",
    "é",
    "𝒳",
];

/// An edit that replaces characters with a string or with a copy of another part of the file.
#[derive(Debug, Clone)]
struct Edit {
    at: usize,
    removed: usize,
    inserted: Inserted,
}

#[derive(Debug, Clone)]
enum Inserted {
    Text(String),
    Copy { from: usize, length: usize },
}

impl Edit {
    fn any() -> impl Strategy<Value = Self> {
        let text = prop_oneof![
            3 => proptest::sample::select(TOKENS).prop_map(str::to_owned),
            1 => ".{0,12}",
        ];
        let inserted = prop_oneof![
            3 => text.prop_map(Inserted::Text),
            1 => (any::<usize>(), 0_usize..200).prop_map(|(from, length)| Inserted::Copy { from, length }),
        ];
        (any::<usize>(), 0_usize..40, inserted).prop_map(|(at, removed, inserted)| Self {
            at,
            removed,
            inserted,
        })
    }

    fn apply(&self, text: &[char]) -> Vec<char> {
        let start = self.at % (text.len() + 1);
        let end = (start + self.removed).min(text.len());
        let inserted = match &self.inserted {
            Inserted::Text(inserted) => inserted.chars().collect(),
            Inserted::Copy { from, length } => {
                let from = from % (text.len() + 1);
                text[from..(from + length).min(text.len())].to_vec()
            }
        };
        [&text[..start], &inserted, &text[end..]].concat()
    }
}

/// Reads recorded flows with random edits. For more cases: `PROPTEST_CASES=1000000 cargo nextest run --lib damaged`.
#[test]
fn reads_damaged_files_without_panic() {
    let folder = tempfile::tempdir().unwrap();
    copy(&recorded::directory(), folder.path());
    let mut flows: Vec<(Vec<char>, String)> = Vec::new();
    for case in recorded::cases().values() {
        if let Some((file, function)) = case["entrypoint"].as_str().unwrap().split_once(".py:") {
            let Ok(bytes) = fs::read(folder.path().join(format!("{file}.py"))) else { continue };
            flows.push((String::from_utf8_lossy(&bytes).chars().collect(), function.to_owned()));
        }
    }
    let strategy = (proptest::sample::select(flows), vec(Edit::any(), 1..5));
    let check = |((text, function), edits): ((Vec<char>, String), Vec<Edit>)| {
        let damaged: String = edits.iter().fold(text, |text, edit| edit.apply(&text)).into_iter().collect();
        fs::write(folder.path().join("damaged.py"), damaged).unwrap();
        let _ = inspect(folder.path(), &format!("damaged.py:{function}"));
        Ok(())
    };
    let config = Config { failure_persistence: None, ..Config::default() };
    TestRunner::new(config).run(&strategy, check).unwrap();
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn inspect(folder: &Path, entrypoint: &str) -> Result<Arc<Flow>, String> {
    let entrypoint = Entrypoint::parse(entrypoint).map_err(|error| error.to_string())?;
    let environment = Environment::default();
    Inspector::new().inspect(&entrypoint, folder, &environment).map_err(|error| error.to_string())
}

/// Reads a flow with lines before it, and with an annotation and a default for its parameter.
fn read(before: &str, annotation: &str, default: &str) -> Result<Arc<Flow>, String> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "from prefect import flow\n{before}\n@flow\ndef my_flow(a: {annotation} = {default}):\n    pass\n"
    );
    fs::write(folder.path().join("hostile.py"), text).unwrap();
    inspect(folder.path(), "hostile.py:my_flow")
}

#[test]
fn rejects_deep_nesting() {
    let count = 10_000;
    let around = |open: &str, middle: &str, close: &str| open.repeat(count) + middle + &close.repeat(count);
    let chain = |line: &dyn Fn(usize) -> String| (1..count).map(line).collect::<String>();
    let cases = [
        ("", around("list[", "int", "]"), "1".to_owned()),
        ("", "int".to_owned(), around("(", "1", ")")),
        ("", "int".to_owned(), around("[", "", "]")),
        ("", "int".to_owned(), around("{1: ", "1", "}")),
        ("", "int".to_owned(), around("f(", "", ")")),
        ("", "int".to_owned(), around("-", "1", "")),
        ("", "int".to_owned(), around("not ", "1", "")),
        ("", "int".to_owned(), around("lambda: ", "1", "")),
        ("", "int".to_owned(), around("1 + ", "1", "")),
        ("", "int".to_owned(), around("0 if 0 else ", "1", "")),
        ("", "int".to_owned(), format!("a{}", ".a".repeat(count))),
        ("", "int".to_owned(), format!("'a'{}", ".upper()".repeat(count))),
        ("", around("int | ", "str", ""), "1".to_owned()),
        ("", format!("{:?}", around("list[", "int", "]")), "1".to_owned()),
        (&around("if 1:\n  ", "x = 1", "")[..], "int".to_owned(), "1".to_owned()),
        (&chain(&|at| format!("A{at} = A{}\n", at - 1)), format!("A{}", count - 1), "1".to_owned()),
        (
            &format!("class A0: pass\n{}", chain(&|at| format!("class A{at}(A{}): pass\n", at - 1))),
            format!("A{}", count - 1),
            "1".to_owned(),
        ),
        (
            &chain(&|at| format!("a{at} = [a{0}, a{0}]\n", at - 1)),
            "int".to_owned(),
            format!("a{}", count - 1),
        ),
    ];
    for (before, annotation, default) in cases {
        match read(before, &annotation, &default) {
            Ok(flow) => {
                let is_plain = default.starts_with('(') || default.starts_with("lambda");
                assert!(!flow.reasons.is_empty() || is_plain, "{annotation:.40} {default:.40}");
            }
            Err(error) => assert!(error.starts_with("invalid Python: "), "{error:.200}"),
        }
    }
}

#[test]
fn rejects_values_that_exceed_memory() {
    let limit = "x = 'ab' * 9_999_999_999\n";
    for default in
        ["x", "'a' * 10 ** 12", "[0] * 10 ** 12", "10 ** 10 ** 10", "1 << 10 ** 12", "f'{1:999999999}'"]
    {
        let flow = read(limit, "str", default).unwrap();
        assert_eq!(flow.reasons.len(), 1, "{default}");
    }
}

#[test]
fn rejects_huge_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("huge.py")).unwrap();
    file.set_len(100 << 20).unwrap();
    let error = inspect(folder.path(), "huge.py:my_flow").unwrap_err();
    assert_eq!(error, "'huge.py' has more than 16 MiB, which exceeds the limit for Python files");
    fs::write(
        folder.path().join("flow.py"),
        "from huge import X\nfrom prefect import flow\n\n@flow\ndef f(a: X): ...\n",
    )
    .unwrap();
    let flow = inspect(folder.path(), "flow.py:f").unwrap();
    assert!(flow.reasons[0].reason.contains("more than 16 MiB"), "{:?}", flow.reasons);
}

/// Generated sources that are expensive for a naive reader, by size.
fn bombs(size: usize) -> Vec<(&'static str, String, String)> {
    let lines = |line: &dyn Fn(usize) -> String| (0..size).map(line).collect::<String>();
    let levels = size.min(60);
    let diamond = "class A0: pass\nclass B0: pass\n".to_owned()
        + &(0..levels)
            .map(|at| format!("class A{0}(A{at}, B{at}): pass\nclass B{0}(A{at}, B{at}): pass\n", at + 1))
            .collect::<String>();
    let bases = (0..size).map(|at| format!("B{at}")).collect::<Vec<_>>().join(", ");
    let literals = (0..size).map(|at| format!("'v{at}'")).collect::<Vec<_>>().join(", ");
    let items = (0..size).map(|at| format!("'k{at}': {at}")).collect::<Vec<_>>().join(", ");
    let unions = (0..size).map(|at| format!("B{at}")).collect::<Vec<_>>().join(" | ");
    let classes = lines(&|at| format!("class B{at}: pass\n"));
    let branches =
        (0..size).map(|at| format!("elif time.time() == {at}:\n    X = {at}\n")).collect::<String>();
    let none = || "None".to_owned();
    vec![
        ("diamond", diamond, format!("A{levels}")),
        ("wide class", format!("{classes}class Wide({bases}): pass\n"), "Wide".to_owned()),
        ("wide union", classes.clone(), unions),
        ("sum", format!("y = 1{}\n", "+1".repeat(size * 10)), "int".to_owned()),
        ("attributes", format!("y = x{}\n", ".a".repeat(size * 10)), "int".to_owned()),
        ("calls", format!("y = x{}\n", "()".repeat(size * 10)), "int".to_owned()),
        ("lambdas", format!("y = {}1\n", "lambda a, b: ".repeat(size * 10)), "int".to_owned()),
        ("negations", format!("y = {}1\n", "not ".repeat(size * 10)), "int".to_owned()),
        (
            "enum",
            format!("import enum\nclass E(enum.Enum):\n{}", lines(&|at| format!("    a{at} = {at}\n"))),
            "E".to_owned(),
        ),
        (
            "enum of aliases",
            format!(
                "import enum\nclass E(enum.Enum):\n    a0 = 1\n{}",
                lines(&|at| format!("    a{} = a{at}\n", at + 1))
            ),
            "E".to_owned(),
        ),
        ("literal", "from typing import Literal\n".to_owned(), format!("Literal[{literals}]")),
        ("dictionary", format!("X = {{{items}}}\n"), "dict = X".to_owned()),
        (
            "model",
            format!(
                "from pydantic import BaseModel\nclass M(BaseModel):\n{}",
                lines(&|at| format!("    a{at}: int = {at}\n"))
            ),
            "M".to_owned(),
        ),
        (
            "doubling list",
            "a0 = [1]\n".to_owned()
                + &(0..60).map(|at| format!("a{0} = [a{at}, a{at}]\n", at + 1)).collect::<String>(),
            "list = a60".to_owned(),
        ),
        (
            "doubling string",
            "a0 = 'ab'\n".to_owned()
                + &(0..60).map(|at| format!("a{0} = f'{{a{at}}}{{a{at}}}'\n", at + 1)).collect::<String>(),
            "str = a60".to_owned(),
        ),
        (
            "doubling call",
            "def f0(): return 1\n".to_owned()
                + &(0..60)
                    .map(|at| format!("def f{0}(): return [f{at}(), f{at}()]\n", at + 1))
                    .collect::<String>()
                + "deco = f60()\n",
            "int = deco".to_owned(),
        ),
        (
            "branches",
            format!("import time\nif time.time() == 0:\n    X = 0\n{branches}"),
            "int = X".to_owned(),
        ),
        ("rebindings", format!("X = 0\n{}", lines(&|at| format!("X = X + {at}\n"))), "int = X".to_owned()),
        ("star imports", "from hostile import *\n".repeat(size.min(2_000)), none()),
    ]
}

#[test]
fn reads_expensive_sources_quickly() {
    for (name, before, annotation) in bombs(20_000) {
        let start = std::time::Instant::now();
        let (annotation, default) = annotation.split_once(" = ").unwrap_or((&annotation, "None"));
        let _ = read(&before, annotation, default);
        let limit = if cfg!(debug_assertions) { 20 } else { 5 };
        assert!(start.elapsed().as_secs() < limit, "{name} took {:?}", start.elapsed());
    }
}
