//! Finds the imports between the library's source files by searching their text.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Source files of the library without tests, keyed by the path below `src`.
pub(super) struct Sources {
    files: BTreeMap<PathBuf, Source>,
}

/// A source file: its module, its `use` declarations and the rest of its code.
struct Source {
    /// Path of the module below the crate's root.
    module: Vec<String>,
    /// Imported names and their paths below the crate's root.
    names: BTreeMap<String, Vec<String>>,
    /// Full paths in the code and in `use` declarations.
    paths: Vec<Vec<String>>,
    /// The code without comments, strings and tests.
    code: String,
}

impl Sources {
    /// Reads the source files of the library.
    pub(super) fn of_crate() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut texts = BTreeMap::new();
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))? {
                let path = entry?.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    texts.insert(path.strip_prefix(&root)?.to_owned(), fs::read_to_string(&path)?);
                }
            }
        }
        texts.retain(|file, _| file != Path::new("main.rs") && !is_test(file));
        Ok(Self::new(texts))
    }

    /// Creates the source files from strings.
    pub(super) fn from_texts<const N: usize>(texts: [(&str, &str); N]) -> Self {
        Self::new(texts.map(|(file, text)| (PathBuf::from(file), text.to_owned())).into())
    }

    fn new(texts: BTreeMap<PathBuf, String>) -> Self {
        let files = texts.into_iter().map(|(file, text)| {
            let source = Source::new(module_path(&file), &text);
            (file, source)
        });
        Self { files: files.collect() }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.files.keys()
    }

    /// Returns the files that call one of the functions. A function is a path such as `File::open`.
    pub(super) fn callers(&self, functions: &[&str]) -> Vec<&PathBuf> {
        let is_call = |code: &str, function: &str| {
            code.match_indices(&format!("{function}(")).any(|(at, _)| {
                !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_')
            })
        };
        let calls = |source: &Source| functions.iter().any(|function| is_call(&source.code, function));
        self.files.iter().filter(|(_, source)| calls(source)).map(|(file, _)| file).collect()
    }

    /// Returns the top modules that each file imports.
    pub(super) fn module_imports(&self) -> BTreeMap<PathBuf, BTreeSet<String>> {
        let modules = |source: &Source| {
            let first = source.paths.iter().filter_map(|path| path.first());
            first.filter(|name| name.starts_with(char::is_lowercase)).cloned().collect()
        };
        self.files.iter().map(|(file, source)| (file.clone(), modules(source))).collect()
    }

    /// Returns the files that each file imports, except the files of its parent modules.
    ///
    /// A name that a module re-exports belongs to the file that defines it.
    pub(super) fn file_imports(&self) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
        let by_module: BTreeMap<&[String], &PathBuf> =
            self.files.iter().map(|(file, source)| (source.module.as_slice(), file)).collect();
        let imports = |(file, source): (&PathBuf, &Source)| {
            let found = source.paths.iter().filter_map(|path| self.definition(path, &by_module, 0));
            let is_other = |found: &&PathBuf| *found != file && !contains(found, file);
            (file.clone(), found.filter(is_other).cloned().collect())
        };
        self.files.iter().map(imports).collect()
    }

    /// Returns the file that defines the item at a path, or `None` if the path refers to a module.
    fn definition<'a>(
        &self,
        path: &[String],
        by_module: &BTreeMap<&[String], &'a PathBuf>,
        depth: usize,
    ) -> Option<&'a PathBuf> {
        let length = (1..=path.len()).rev().find(|length| by_module.contains_key(&path[..*length]))?;
        let file = by_module[&path[..length]];
        let name = path.get(length)?;
        match self.files[file].names.get(name) {
            // A name that a file imports and other files use is re-exported.
            Some(target) if depth < 8 => {
                let target: Vec<String> = target.iter().chain(&path[length + 1..]).cloned().collect();
                self.definition(&target, by_module, depth + 1)
            }
            _ => Some(file),
        }
    }
}

impl Source {
    fn new(module: Vec<String>, text: &str) -> Self {
        let (uses, code) = split_uses(&code_of(text));
        let mut names: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let children: BTreeSet<&str> = declared_modules(&code).collect();
        let absolute = |path: &[String]| absolute(path, &module, &children);
        let mut paths = Vec::new();
        for declaration in &uses {
            for (path, name) in expanded(&declaration.tree) {
                let Some(path) = absolute(&path) else { continue };
                names.insert(name, path.clone());
                paths.extend((!declaration.is_reexport).then_some(path));
            }
        }
        for path in paths_in(&code) {
            let Some(first) = path.first() else { continue };
            let full = match names.get(first) {
                Some(target) => Some(target.iter().cloned().chain(path[1..].iter().cloned()).collect()),
                None => absolute(&path),
            };
            paths.extend(full);
        }
        Self { module, names, paths, code }
    }
}

/// Returns the top module of a file.
pub(super) fn top_module(file: impl AsRef<Path>) -> String {
    module_path(file.as_ref()).into_iter().next().unwrap_or_else(|| "lib".to_owned())
}

fn module_path(file: &Path) -> Vec<String> {
    let stem = file.with_extension("");
    let mut module: Vec<String> = stem.iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if module.last().is_some_and(|last| last == "mod" || (last == "lib" && module.len() == 1)) {
        module.pop();
    }
    module
}

/// Checks whether a file is the `mod.rs` of a directory that contains another file.
fn contains(module: &Path, file: &Path) -> bool {
    module.ends_with("mod.rs") && module.parent().is_some_and(|folder| file.starts_with(folder))
}

fn is_test(file: &Path) -> bool {
    file.with_extension("").iter().filter_map(|part| part.to_str()).any(|part| {
        part == "tests" || part == "testing" || part.ends_with("_test") || part.ends_with("_tests")
    })
}

/// Returns the text without comments, string literals and the tests at its end.
fn code_of(text: &str) -> String {
    let text = text.split("\nmod tests {").next().unwrap_or_default();
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let without_comments = lines.map(|line| line.split(" // ").next().unwrap_or_default());
    let text = without_comments.collect::<Vec<_>>().join("\n").replace("\\\"", "").replace("'\"'", "");
    text.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// A `use` declaration.
struct Use {
    tree: String,
    /// Whether the names are visible to other modules. The module itself may not use them.
    is_reexport: bool,
}

/// Separates `use` declarations from the rest of the code.
fn split_uses(code: &str) -> (Vec<Use>, String) {
    let (mut uses, mut rest) = (Vec::new(), String::new());
    let mut remaining = code;
    while let Some(at) = next_use(remaining) {
        rest.push_str(&remaining[..at]);
        let (tree, after) = remaining[at + "use ".len()..].split_once(';').unwrap_or_default();
        let is_reexport = rest.rsplit('\n').next().unwrap_or_default().trim().starts_with("pub");
        uses.push(Use { tree: tree.split_whitespace().collect::<Vec<_>>().join(" "), is_reexport });
        remaining = after;
    }
    rest.push_str(remaining);
    (uses, rest)
}

fn next_use(code: &str) -> Option<usize> {
    code.match_indices("use ").map(|(at, _)| at).find(|at| {
        let line = code[..*at].rsplit('\n').next().unwrap_or_default().trim();
        line.is_empty() || (line.starts_with("pub") && !line.contains("fn "))
    })
}

/// Returns the paths of a `use` tree, each with the name that it introduces.
fn expanded(tree: &str) -> Vec<(Vec<String>, String)> {
    let tree = tree.trim();
    if let Some((prefix, list)) = tree.split_once('{') {
        let list = list.strip_suffix('}').unwrap_or(list);
        let prefix = segments(prefix);
        return top_level_items(list)
            .flat_map(|item| {
                let with_prefix = |(path, name): (Vec<String>, String)| {
                    let mut full = prefix.clone();
                    let is_root = full.is_empty();
                    full.extend(path.into_iter().filter(|part| part != "self" || is_root));
                    let name = if name == "self" { full.last().cloned().unwrap_or_default() } else { name };
                    (full, name)
                };
                expanded(item).into_iter().map(with_prefix).collect::<Vec<_>>()
            })
            .collect();
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias)));
    let path = segments(path);
    let name = alias.map(str::to_owned).or(path.last().cloned()).unwrap_or_default();
    vec![(path, name)]
}

fn segments(path: &str) -> Vec<String> {
    path.split("::").map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

/// Splits a list at the commas outside braces.
fn top_level_items(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0;
    list.split(move |character| {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        character == ',' && depth == 0
    })
    .filter(|item| !item.trim().is_empty())
}

/// Returns the names of the modules that a file declares.
fn declared_modules(code: &str) -> impl Iterator<Item = &str> {
    let declared = code.lines().filter_map(|line| line.trim().strip_suffix(';'));
    declared.filter_map(|line| line.strip_prefix("mod ").or(line.split_once(" mod ").map(|(_, name)| name)))
}

/// Returns the paths with multiple segments in code.
fn paths_in(code: &str) -> impl Iterator<Item = Vec<String>> {
    let is_part = |character: char| character.is_alphanumeric() || character == '_' || character == ':';
    code.split(move |character| !is_part(character)).filter(|word| word.contains("::")).map(segments)
}

/// Returns a path below the crate's root, or `None` if it leads to another crate.
fn absolute(path: &[String], module: &[String], children: &BTreeSet<&str>) -> Option<Vec<String>> {
    let supers = path.iter().take_while(|part| *part == "super").count();
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some(module.iter().chain(&path[1..]).cloned().collect()),
        "super" => {
            let parent = module.get(..module.len().checked_sub(supers)?)?;
            Some(parent.iter().chain(&path[supers..]).cloned().collect())
        }
        first if children.contains(first) => Some(module.iter().chain(path).cloned().collect()),
        _ => None,
    }
}
