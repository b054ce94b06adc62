//! Keeps the direction of the dependencies between the modules of the library.
//!
//! A module may use those of the layers below its own, and none beside or above it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// The layers, from the top. A new module goes as far down as what it uses allows.
const LAYERS: &[&[&str]] = &[
    &["lib"],
    &["commands"],
    &["cli", "ui"],
    &["cloud", "deploy", "doctor", "flow_run", "init", "job", "local_server", "work_pool"],
    // The stages of a deploy, the last one first.
    &["apply"],
    &["plan"],
    &["build"],
    &["validate"],
    &["resolve"],
    &["target"],
    &["deployment"],
    &["project", "steps"],
    &["api", "docker", "flow", "git", "schedule", "storage", "template", "yaml"],
    &["interpreter"],
    &["interrupt", "process", "settings"],
    &["error", "json_schema", "progress", "python", "questions"],
    &["crash", "diagnostics"],
    &["clock", "digest", "environment", "fs", "loopback", "names", "pointer", "secret", "source", "value"],
];

/// The only modules that talk to the user.
const USERS_OF_UI: [&str; 2] = ["commands", "lib"];

/// Names that say nothing about what is in a module.
const MEANINGLESS: [&str; 6] = ["common", "helper", "helpers", "misc", "util", "utils"];

#[test]
fn modules_use_only_those_below_them() -> Result<()> {
    let rank = |module: &str| LAYERS.iter().position(|layer| layer.contains(&module));
    let mut wrong = Vec::new();
    for (file, text) in sources()? {
        let module = top_module(&file);
        let Some(own) = rank(&module) else {
            wrong.push(format!("{}: the module `{module}` is in no layer", file.display()));
            continue;
        };
        for used in used_modules(&text).into_iter().filter(|used| *used != module) {
            match rank(&used) {
                None => wrong.push(format!("{}: `crate::{used}` is in no layer", file.display())),
                Some(layer) if layer <= own => {
                    wrong.push(format!("{}: `{module}` must not use `{used}`", file.display()));
                }
                Some(_) if used == "ui" && !USERS_OF_UI.contains(&module.as_str()) => {
                    wrong.push(format!("{}: only commands talk to the user", file.display()));
                }
                Some(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "the layers are in tests/it/layers.rs:\n{}", wrong.join("\n"));
    Ok(())
}

#[test]
fn every_module_of_a_layer_exists() -> Result<()> {
    let modules: BTreeSet<String> = sources()?.keys().map(|file| top_module(file)).collect();
    let gone: Vec<_> = LAYERS.iter().copied().flatten().filter(|name| !modules.contains(**name)).collect();
    assert!(gone.is_empty(), "no longer there: {gone:?}");
    Ok(())
}

#[test]
fn names_of_modules_mean_something() -> Result<()> {
    for file in sources()?.keys() {
        for part in file.with_extension("").iter().filter_map(|part| part.to_str()) {
            assert!(!MEANINGLESS.contains(&part), "{}: name it after what it has", file.display());
        }
    }
    Ok(())
}

#[test]
fn paths_are_found_in_code_and_not_in_comments() {
    let text = "
        // crate::comment
        use crate::{api::{self, Client}, fs, value::{Mapping, Value}};
        use crate::yaml;
        fn f() -> crate::json_schema::X { crate::clock::now() }
    ";
    let used = used_modules(text);
    assert_eq!(Vec::from_iter(&used), ["api", "clock", "fs", "json_schema", "value", "yaml"]);
}

/// The source files of the library by their path below `src`; the binary's own file has no module, and tests may
/// use what they need.
fn sources() -> Result<BTreeMap<PathBuf, String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.insert(path.strip_prefix(&root)?.to_owned(), fs::read_to_string(&path)?);
            }
        }
    }
    let is_test = |part: &std::ffi::OsStr| part == "tests" || part == "tests.rs";
    sources.retain(|file, _| file != Path::new("main.rs") && !file.iter().any(is_test));
    Ok(sources)
}

/// The module of the library's root that a file belongs to.
fn top_module(file: &Path) -> String {
    let first = file.iter().next().map(Path::new).and_then(Path::file_stem);
    first.unwrap_or_default().to_string_lossy().into_owned()
}

/// The modules that `crate::` paths in a text start with, without those of its tests, which come last.
fn used_modules(text: &str) -> BTreeSet<String> {
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    code.join("\n").split("crate::").skip(1).flat_map(first_names).collect()
}

/// The first names of what follows `crate::`: one, or those of a list in braces.
fn first_names(path: &str) -> Vec<String> {
    let Some(list) = path.strip_prefix('{') else { return Vec::from_iter(module(path)) };
    let mut depth = 0;
    let mut item_follows = true;
    let mut names = Vec::new();
    for (at, character) in list.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => item_follows = true,
            character if item_follows && !character.is_whitespace() => {
                names.extend(module(&list[at..]));
                item_follows = false;
            }
            _ => {}
        }
    }
    names
}

/// The module that a path starts with; what begins in upper case is an item of the root.
fn module(path: &str) -> Option<String> {
    let name: String = path.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
    name.starts_with(|c: char| c.is_lowercase()).then_some(name)
}
