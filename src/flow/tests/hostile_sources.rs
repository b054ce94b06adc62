//! Files that nobody writes: damaged ones, nested ones, huge ones. All are read or refused, without a panic.

use std::{fs, path::Path, sync::Arc};

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::recorded;
use crate::environment::Environment;
use crate::flow::{Entrypoint, Flow, Inspector};

/// What edits put into a file, besides any text.
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

/// One edit: at a place, so many characters give way to a text or to a part of the file itself.
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

/// The recorded flows with random edits. How many: `PROPTEST_CASES=1000000 cargo nextest run --lib damaged`.
#[test]
fn damaged_files_never_panic() {
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

/// The flow of a file with some lines before it, and what stands for its one annotation and its default.
fn read(before: &str, annotation: &str, default: &str) -> Result<Arc<Flow>, String> {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "from prefect import flow\n{before}\n@flow\ndef my_flow(a: {annotation} = {default}):\n    pass\n"
    );
    fs::write(folder.path().join("hostile.py"), text).unwrap();
    inspect(folder.path(), "hostile.py:my_flow")
}

#[test]
fn what_is_nested_without_end_is_refused_or_not_known() {
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
fn values_that_would_fill_the_memory_are_not_computed() {
    let limit = "x = 'ab' * 9_999_999_999\n";
    for default in
        ["x", "'a' * 10 ** 12", "[0] * 10 ** 12", "10 ** 10 ** 10", "1 << 10 ** 12", "f'{1:999999999}'"]
    {
        let flow = read(limit, "str", default).unwrap();
        assert_eq!(flow.reasons.len(), 1, "{default}");
    }
}

#[test]
fn huge_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = fs::File::create(folder.path().join("huge.py")).unwrap();
    file.set_len(100 << 20).unwrap();
    let error = inspect(folder.path(), "huge.py:my_flow").unwrap_err();
    assert_eq!(error, "'huge.py' has more than 16 MiB, which is too much for a program");
    fs::write(
        folder.path().join("flow.py"),
        "from huge import X\nfrom prefect import flow\n\n@flow\ndef f(a: X): ...\n",
    )
    .unwrap();
    let flow = inspect(folder.path(), "flow.py:f").unwrap();
    assert!(flow.reasons[0].reason.contains("more than 16 MiB"), "{:?}", flow.reasons);
}
