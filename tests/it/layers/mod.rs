//! Checks the dependencies between modules and files against the layers in `ARCHITECTURE.md`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

mod imports;

use imports::Sources;

/// Modules that may use `ui`.
const USERS_OF_UI: [&str; 2] = ["commands", "lib"];

/// Module names that describe no content.
const MEANINGLESS: [&str; 6] = ["common", "helper", "helpers", "misc", "util", "utils"];

/// Functions that open any file. Opening a pipe waits for its writer.
const OPENING: [&str; 3] = ["File::open", "fs::read", "fs::read_to_string"];

/// Files that may open any file: `fs` itself, the readers of `/proc`, and tests.
const OPENERS: [&str; 5] =
    ["fs/read.rs", "interrupt.rs", "process/group.rs", "template/test_data.rs", "test_limits.rs"];

/// The evaluator of Python types is recursive, so its files may import each other in cycles.
const RECURSIVE: &str = "flow/";

#[test]
fn modules_import_only_lower_layers() -> Result<()> {
    let layers = layers()?;
    let rank = |module: &str| layers.iter().position(|layer| layer.iter().any(|name| name == module));
    let mut violations = Vec::new();
    for (file, used) in Sources::of_crate()?.module_imports() {
        let module = imports::top_module(&file);
        let Some(own) = rank(&module) else {
            violations.push(format!("{}: `{module}` is in no layer", file.display()));
            continue;
        };
        for used in used.into_iter().filter(|used| *used != module) {
            match rank(&used) {
                None => violations.push(format!("{}: `{used}` is in no layer", file.display())),
                Some(layer) if layer <= own => {
                    violations.push(format!("{}: `{module}` must not import `{used}`", file.display()));
                }
                Some(_) if used == "ui" && !USERS_OF_UI.contains(&module.as_str()) => {
                    violations.push(format!("{}: only commands may use `ui`", file.display()));
                }
                Some(_) => {}
            }
        }
    }
    assert!(violations.is_empty(), "the layers are in ARCHITECTURE.md:\n{}", violations.join("\n"));
    Ok(())
}

#[test]
fn files_do_not_import_each_other_in_cycles() -> Result<()> {
    let cycles = cycles(&Sources::of_crate()?.file_imports());
    let is_accepted = |cycle: &[PathBuf]| cycle.iter().all(|file| file.starts_with(RECURSIVE));
    let found: Vec<String> =
        cycles.iter().filter(|cycle| !is_accepted(cycle)).map(|cycle| format!("{cycle:?}")).collect();
    assert!(found.is_empty(), "files import each other in cycles:\n{}", found.join("\n"));
    Ok(())
}

#[test]
fn every_module_of_a_layer_exists() -> Result<()> {
    let modules: BTreeSet<String> = Sources::of_crate()?.files().map(imports::top_module).collect();
    let missing: Vec<_> = layers()?.into_iter().flatten().filter(|name| !modules.contains(name)).collect();
    assert!(missing.is_empty(), "the layers of ARCHITECTURE.md name missing modules: {missing:?}");
    Ok(())
}

#[test]
fn module_names_have_a_meaning() -> Result<()> {
    for file in Sources::of_crate()?.files() {
        for part in file.with_extension("").iter().filter_map(|part| part.to_str()) {
            assert!(!MEANINGLESS.contains(&part), "{}: name it after its content", file.display());
        }
    }
    Ok(())
}

#[test]
fn files_are_opened_by_the_module_that_checks_their_kind() -> Result<()> {
    let sources = Sources::of_crate()?;
    let mut callers = sources.callers(&OPENING);
    callers.retain(|file| !OPENERS.iter().any(|opener| file.as_path() == Path::new(opener)));
    assert!(callers.is_empty(), "open files with `crate::fs`: {callers:?}");
    Ok(())
}

#[test]
fn calls_are_found_by_the_end_of_their_path() {
    let sources = Sources::from_texts([
        ("a.rs", "fn f() { std::fs::File::open(path) }"),
        ("b.rs", "// File::open(path)\nfn f() { ProfilesFile::open(path); File::opened(path) }"),
    ]);
    assert_eq!(sources.callers(&["File::open"]), [Path::new("a.rs")]);
}

#[test]
fn an_import_of_a_later_stage_is_found() {
    let sources = Sources::from_texts([
        ("plan/mod.rs", "mod fields;\npub(crate) use self::fields::compare;\n"),
        ("plan/fields.rs", "use crate::apply::Outcome;\n"),
        ("apply/mod.rs", "pub(crate) struct Outcome;\nuse crate::plan::compare;\n"),
    ]);
    let imports = sources.module_imports();
    assert!(imports[Path::new("plan/fields.rs")].contains("apply"));
    let cycle = [PathBuf::from("apply/mod.rs"), PathBuf::from("plan/fields.rs")];
    assert_eq!(cycles(&sources.file_imports()), [cycle]);
}

#[test]
fn imports_are_found_in_every_form() {
    let sources = Sources::from_texts([
        ("a/mod.rs", "mod b;\nmod c;\npub(crate) use b::B;\nfn f() { c::run() }"),
        ("a/b.rs", "// use crate::d::Comment;\nuse super::c::{self, C};\npub(crate) struct B;"),
        ("a/c.rs", "const TEXT: &str = \"crate::d::Text\";"),
        ("d.rs", "use crate::{a::{self, B}};\nfn f() { a::c::run(); crate::e::g() }"),
        ("e.rs", "#[cfg(test)]\nmod tests {\n    use crate::d::Test;\n}"),
    ]);
    let imports = sources.file_imports();
    let of = |file: &str| -> Vec<String> {
        imports[Path::new(file)].iter().map(|file| file.display().to_string()).collect()
    };
    assert_eq!(of("a/mod.rs"), ["a/c.rs"]);
    assert_eq!(of("a/b.rs"), ["a/c.rs"]);
    assert_eq!(of("d.rs"), ["a/b.rs", "a/c.rs", "e.rs"]);
    assert!(of("a/c.rs").is_empty() && of("e.rs").is_empty());
}

/// Reads the layers from the table in `ARCHITECTURE.md`, from the highest to the lowest.
fn layers() -> Result<Vec<Vec<String>>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ARCHITECTURE.md");
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let (_, section) = text.split_once("\n## Layers\n").context("ARCHITECTURE.md has no section `Layers`")?;
    let rows = section.lines().skip_while(|line| !line.starts_with("|---")).skip(1);
    let modules = |row: &str| -> Vec<String> {
        let cell = row.split('|').nth(2).unwrap_or_default();
        cell.split('`').skip(1).step_by(2).map(|name| name.trim_end_matches(".rs").to_owned()).collect()
    };
    Ok(rows.take_while(|line| line.starts_with('|')).map(modules).collect())
}

/// Returns the sets of files that import each other, directly or indirectly.
fn cycles(imports: &BTreeMap<PathBuf, BTreeSet<PathBuf>>) -> Vec<Vec<PathBuf>> {
    let reached: BTreeMap<&PathBuf, BTreeSet<&PathBuf>> =
        imports.keys().map(|file| (file, reachable(file, imports))).collect();
    let mut cycles = BTreeSet::new();
    for (file, targets) in &reached {
        let cycle: Vec<PathBuf> = targets
            .iter()
            .filter(|target| reached.get(*target).is_some_and(|targets| targets.contains(file)))
            .map(|target| (*target).clone())
            .collect();
        if !cycle.is_empty() {
            cycles.insert(cycle);
        }
    }
    cycles.into_iter().collect()
}

/// Returns the files that a file imports, directly or indirectly.
fn reachable<'a>(file: &PathBuf, imports: &'a BTreeMap<PathBuf, BTreeSet<PathBuf>>) -> BTreeSet<&'a PathBuf> {
    let mut reached = BTreeSet::new();
    let mut waiting: Vec<&PathBuf> = imports.get(file).into_iter().flatten().collect();
    while let Some(next) = waiting.pop() {
        if reached.insert(next) {
            waiting.extend(imports.get(next).into_iter().flatten());
        }
    }
    reached
}
