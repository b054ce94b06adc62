//! Hostile source files: damaged, deeply nested or huge. Reading them must end quickly and without a panic.

use std::{
    fs,
    path::Path,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::recorded;
use crate::environment::Environment;
use crate::flow::{Entrypoint, Flow, Inspector};
use crate::test_limits::within_limits;

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

/// An edit that replaces characters with a string or with a copy of another section of the file.
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
pub(super) fn read(before: &str, annotation: &str, default: &str) -> Result<Arc<Flow>, String> {
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
    assert_eq!(error, "'huge.py' is larger than 16 MiB, the size limit for Python files");
    fs::write(
        folder.path().join("flow.py"),
        "from huge import X\nfrom prefect import flow\n\n@flow\ndef f(a: X): ...\n",
    )
    .unwrap();
    let flow = inspect(folder.path(), "flow.py:f").unwrap();
    assert!(flow.reasons[0].reason.contains("larger than 16 MiB"), "{:?}", flow.reasons);
}

#[test]
fn rejects_files_with_many_tokens() {
    for unit in ["x=1\n", "x;", "[],"] {
        let error = within_limits(|| read(&unit.repeat((15 << 20) / unit.len()), "int", "1")).unwrap_err();
        assert_eq!(error, "invalid Python: the file has more than 1000000 tokens", "{unit:?}");
    }
}

#[test]
fn expensive_flows_share_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let class =
        |at: usize| format!("class C{at}(BaseModel):\n    x: C{0} = C{0}()\n    y: C{0} = C{0}()\n", at - 1);
    let classes: String = (1..200).map(class).collect();
    let text = format!(
        "from prefect import flow\nfrom pydantic import BaseModel\nclass C0(BaseModel):\n    a: int = 1\n{classes}\
         @flow\ndef cheap(a: C0): ...\n@flow\ndef expensive(a: C199): ...\n"
    );
    fs::write(folder.path().join("hostile.py"), text).unwrap();
    let (inspector, environment) = (Inspector::new(), Environment::default());
    // Other flows have used all shared steps.
    (0..10).for_each(|_| inspector.steps.with_limit(|_| ((), 0)));
    let inspect = move |name: &str| {
        let entrypoint = Entrypoint::parse(&format!("hostile.py:{name}")).unwrap();
        let start = Instant::now();
        let flow = inspector.inspect(&entrypoint, folder.path(), &environment).unwrap();
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
        flow.reasons.iter().map(|reason| reason.reason.clone()).collect::<String>()
    };
    let (cheap, expensive) = on_command_stack(move || (inspect("cheap"), inspect("expensive")));
    assert_eq!(cheap, "");
    assert!(expensive.contains("too many evaluation steps"), "{expensive}");
}

/// Runs a function on a thread with the stack size of a command.
fn on_command_stack<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    thread::Builder::new().stack_size(8 << 20).spawn(run).unwrap().join().unwrap()
}

/// Returns lines numbered from 0.
fn lines(count: usize, line: impl Fn(usize) -> String) -> String {
    (0..count).map(line).collect::<Vec<_>>().concat()
}

/// A source that is expensive for a naive reader.
struct Bomb {
    name: &'static str,
    before: String,
    annotation: String,
    default: &'static str,
}

impl Bomb {
    fn new(name: &'static str, before: String, annotation: impl Into<String>) -> Self {
        Self { name, before, annotation: annotation.into(), default: "None" }
    }

    fn default(name: &'static str, before: String, default: &'static str) -> Self {
        Self { name, before, annotation: "int".to_owned(), default }
    }
}

/// Sources with classes and types.
fn class_bombs(size: usize) -> Vec<Bomb> {
    let list =
        |item: &dyn Fn(usize) -> String, separator| (0..size).map(item).collect::<Vec<_>>().join(separator);
    let classes = lines(size, |at| format!("class B{at}: pass\n"));
    let bases = list(&|at| format!("B{at}"), ", ");
    let diamond =
        lines(60, |at| format!("class A{0}(A{at}, B{at}): pass\nclass B{0}(A{at}, B{at}): pass\n", at + 1));
    let enumeration = |member: &dyn Fn(usize) -> String| {
        format!("import enum\nclass E(enum.Enum):\n    a0 = 0\n{}", lines(size, member))
    };
    let fields = lines(size, |at| format!("    a{at}: int = {at}\n"));
    vec![
        Bomb::new("diamond", format!("class A0: pass\nclass B0: pass\n{diamond}"), "A60"),
        Bomb::new("wide class", format!("{classes}class Wide({bases}): pass\n"), "Wide"),
        Bomb::new(
            "doubling union",
            "from typing import Union\nA0 = int\n".to_owned()
                + &lines(60, |at| format!("A{0} = Union[A{at}, list[A{at}]]\n", at + 1)),
            "A60",
        ),
        Bomb::new("wide union", classes, list(&|at| format!("B{at}"), " | ")),
        Bomb::new("enumeration", enumeration(&|at| format!("    a{0} = {0}\n", at + 1)), "E"),
        Bomb::new("aliases", enumeration(&|at| format!("    a{} = a{at}\n", at + 1)), "E"),
        Bomb::new(
            "literal",
            "from typing import Literal\n".to_owned(),
            format!("Literal[{}]", list(&|at| format!("'v{at}'"), ", ")),
        ),
        Bomb::new("model", format!("from pydantic import BaseModel\nclass M(BaseModel):\n{fields}"), "M"),
    ]
}

/// Sources with expressions and statements.
fn expression_bombs(size: usize) -> Vec<Bomb> {
    let long = |start: &str, part: &str, end: &str| format!("y = {start}{}{end}\n", part.repeat(size * 10));
    let items = lines(size, |at| format!("'k{at}': {at}, "));
    let branches = lines(size, |at| format!("elif time.time() == {at}:\n    X = {at}\n"));
    vec![
        Bomb::new("sum", long("1", "+1", ""), "int"),
        Bomb::new("attributes", long("x", ".a", ""), "int"),
        Bomb::new("calls", long("x", "()", ""), "int"),
        Bomb::new("lambdas", long("", "lambda a, b: ", "1"), "int"),
        Bomb::new("negations", long("", "not ", "1"), "int"),
        Bomb::default("dictionary", format!("X = {{{items}}}\n"), "X"),
        Bomb::default(
            "doubling list",
            "a0 = [1]\n".to_owned() + &lines(60, |at| format!("a{0} = [a{at}, a{at}]\n", at + 1)),
            "a60",
        ),
        Bomb::default(
            "doubling string",
            "a0 = 'ab'\n".to_owned() + &lines(60, |at| format!("a{0} = f'{{a{at}}}{{a{at}}}'\n", at + 1)),
            "a60",
        ),
        Bomb::default("copies", "B = list(range(10_000)) * 6\n".to_owned(), "[len(B) for i in B]"),
        Bomb::default("branches", format!("import time\nif time.time() == 0:\n    X = 0\n{branches}"), "X"),
        Bomb::default("rebindings", format!("X = 0\n{}", lines(size, |at| format!("X = X + {at}\n"))), "X"),
        Bomb::new("star imports", "from hostile import *\n".repeat(2_000), "Missing"),
    ]
}

#[test]
fn reads_expensive_sources_quickly() {
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 20 } else { 5 });
    for Bomb { name, before, annotation, default } in
        class_bombs(20_000).into_iter().chain(expression_bombs(20_000))
    {
        let start = Instant::now();
        let _ = read(&before, &annotation, default);
        assert!(start.elapsed() < limit, "{name} took {:?}", start.elapsed());
    }
}

#[test]
fn decorators_with_expensive_bodies_are_errors() {
    let repeated = |first: &str, line: &str, count: usize| {
        format!("    {first}\n{}", format!("    {line}\n").repeat(count))
    };
    for (name, body) in [
        ("doubling values", repeated("d = {}", "d = {'a': d, 'b': d}", 60) + "    x = 1 + 1\n"),
        ("nested dictionaries", repeated("d = {}", "d = {'a': d}", 20_000)),
        ("nested partial calls", repeated("p = functools.partial(flow)", "p = functools.partial(p)", 20_000)),
        ("nested wrappers", repeated("w = plain", "w = functools.wraps(w)(plain)", 20_000)),
        ("nested lists", repeated("a = [1]", "a = [a]", 20_000)),
        ("many variables", lines(20_000, |at| format!("    a{at} = {at}\n"))),
        ("large variables", repeated("b = list(range(10_000)) * 6", "a = 1", 2_000)),
        ("many functions", lines(20_000, |at| format!("    def f{at}(): return 1\n    f{at}()\n"))),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "import functools\nfrom prefect import flow\ndef plain(): ...\ndef deco():\n{body}    return flow\n\n\
             @deco()\ndef my_flow(a: int = 1): ...\n"
        );
        fs::write(folder.path().join("hostile.py"), text).unwrap();
        let error = on_command_stack(move || {
            within_limits(|| inspect(folder.path(), "hostile.py:my_flow").map(drop))
        });
        let error = error.expect_err(name);
        assert!(error.contains("cannot be evaluated"), "{name}: {error}");
    }
}

#[test]
fn decorators_that_call_without_end_are_errors() {
    let folder = tempfile::tempdir().unwrap();
    let doubling = lines(60, |at| format!("def f{0}(fn): return f{at}(f{at}(fn))\n", at + 1));
    let text = format!(
        "from prefect import flow\ndef f0(fn): return fn\n{doubling}\n@flow\n@f60\ndef my_flow(a: int = 1): ...\n"
    );
    fs::write(folder.path().join("hostile.py"), text).unwrap();
    let start = Instant::now();
    assert!(inspect(folder.path(), "hostile.py:my_flow").unwrap_err().contains("cannot be evaluated"));
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}
