//! Determines the directories that are searched for imported modules.
//!
//! These are the directories in `PYTHONPATH`, the directories that the program adds to `sys.path`, and the package
//! directories from the project's metadata.

use std::path::{Component, Path, PathBuf};

use toml_edit::{DocumentMut, Item, Table};

use super::{
    ImportTarget, Module, Program,
    branches::Runs,
    scope::Scope,
    syntax::{Bound, PathChange},
};
use crate::{
    environment::Environment,
    flow::evaluate::{self, Value},
    fs,
};

/// Maximum size in bytes of a metadata file such as `pyproject.toml`.
const SIZE_LIMIT: u64 = 1 << 20;

/// Maximum number of modules that are searched for changes to `sys.path` and to environment variables.
const MODULE_LIMIT: usize = 50;

/// Limits on the depth and number of directories that are searched for a module outside the import path.
const DEPTH_LIMIT: usize = 4;
const FOLDER_LIMIT: usize = 500;

/// Maximum number of workspace members that are searched for packages.
const MEMBER_LIMIT: usize = 200;

/// The directories searched for imported modules, except directories that the program adds to `sys.path`.
#[derive(Debug, Default)]
pub(crate) struct SearchPath {
    /// The working directory of the process that loads the flow.
    pub(crate) directory: PathBuf,
    /// The directory of the flow's file, followed by the working directory.
    pub(crate) base: Vec<PathBuf>,
    /// The directories from the environment variable `PYTHONPATH`.
    pub(crate) python_path: Vec<PathBuf>,
    /// Directories of the project's packages. The packages can be imported after the project is installed.
    pub(crate) installed: Vec<PathBuf>,
}

impl SearchPath {
    /// Returns the search path for a flow in `file`, or for a module entrypoint if `file` is `None`. `installed`
    /// contains the directories from [`package_folders`].
    pub(crate) fn new(
        file: Option<&Path>,
        directory: &Path,
        environment: &Environment,
        installed: Vec<PathBuf>,
    ) -> Self {
        let parent = file.and_then(Path::parent).map(Path::to_owned);
        let python_path = environment.get("PYTHONPATH").unwrap_or_default();
        let python_path = std::env::split_paths(python_path).filter(|path| !path.as_os_str().is_empty());
        Self {
            directory: directory.to_owned(),
            python_path: python_path.map(|path| normalize(&directory.join(path))).collect(),
            installed,
            base: parent.into_iter().chain([directory.to_owned()]).collect(),
        }
    }
}

/// Removes the components `.` and `..` from a path where possible. Symbolic links are not resolved.
pub(crate) fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// Returns the directories that the program adds to the front and to the back of `sys.path`.
///
/// Considers the module of the flow and the modules that it imports, directly and indirectly.
pub(super) fn path_changes<'p>(program: &'p Program<'p>) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let modules = imported_modules(program);
    let (mut front, mut back) = (Vec::new(), Vec::new());
    // An imported module changes `sys.path` before the module that imports it.
    for module in modules.iter().rev() {
        for change in &module.body().path_changes {
            let folders = added_folders(program, module, change);
            if change.is_front { front.splice(0..0, folders).for_each(drop) } else { back.extend(folders) }
        }
    }
    (front, back)
}

/// Returns the flow's module and the project modules that it imports, directly and indirectly.
pub(super) fn imported_modules<'p>(program: &'p Program<'p>) -> Vec<&'p Module> {
    let mut modules: Vec<&Module> = program.loaded().take(1).collect();
    let mut next = 0;
    while let Some(module) = modules.get(next).copied().filter(|_| modules.len() < MODULE_LIMIT) {
        for binding in &module.body().bindings {
            let Bound::Import(import) = &binding.bound else { continue };
            let target = if import.level > 0 {
                program.find_relative(module, import.level, &import.module)
            } else {
                program.find(&import.module)
            };
            if let Ok(ImportTarget::Module(imported)) = target
                && !modules.iter().any(|known| std::ptr::eq(*known, imported))
            {
                modules.push(imported);
            }
        }
        next += 1;
    }
    modules
}

fn added_folders<'p>(program: &'p Program<'p>, module: &'p Module, change: &'p PathChange) -> Vec<PathBuf> {
    let scope = Scope::at(module, change.at);
    // The result of a common test such as `folder not in sys.path` is unknown, so only a definite `No` skips the
    // change.
    if scope.decide(program, change.branch, change.at).runs == Runs::No {
        return Vec::new();
    }
    let folder = |expr| match evaluate::evaluate(program, scope, expr) {
        Ok(Value::Str(path) | Value::Path(path)) => Some(normalize(&program.directory().join(path))),
        _ => None,
    };
    change.folders.iter().filter_map(folder).collect()
}

/// Returns the directories that contain the packages of the project and its workspace.
///
/// Metadata is read from `start` (the flow file's directory), from `directory`, and from the ancestors of
/// both up to the root of the Git repository.
pub(crate) fn package_folders(start: &Path, directory: &Path) -> Vec<PathBuf> {
    let repository = directory.ancestors().find(|folder| folder.join(".git").exists());
    let top = repository.unwrap_or(directory);
    let inside = start.ancestors().take_while(|folder| folder.starts_with(top));
    let mut projects: Vec<&Path> = inside.collect();
    let outside =
        directory.ancestors().take_while(|folder| folder.starts_with(top) && !start.starts_with(folder));
    projects.extend(outside);
    let mut folders = Vec::new();
    for project in projects {
        let before = folders.len();
        let members = read_project(project, &mut folders);
        for member in members.iter().take(MEMBER_LIMIT) {
            read_project(member, &mut folders);
        }
        let has_metadata = folders.len() > before;
        if !has_metadata && project.join("src").is_dir() {
            folders.push(project.join("src"));
        }
    }
    let mut distinct: Vec<PathBuf> = Vec::new();
    for folder in folders.iter().map(|folder| normalize(folder)) {
        if !distinct.contains(&folder) {
            distinct.push(folder);
        }
    }
    distinct
}

/// Adds a project's package directories to `folders`. Returns the directories of its workspace members.
fn read_project(project: &Path, folders: &mut Vec<PathBuf>) -> Vec<PathBuf> {
    let mut named: Vec<String> = Vec::new();
    let mut members = Vec::new();
    if let Some(document) = read(&project.join("pyproject.toml")).and_then(|text| text.parse().ok()) {
        pyproject_folders(&document, &mut named);
        members = related_projects(&document, project);
        if named.is_empty() && project.join("src").is_dir() {
            named.push("src".to_owned());
        }
        // In a flat layout, the packages are in the root directory of the project.
        named.push(String::new());
    }
    if let Some(text) = read(&project.join("setup.cfg")) {
        named.extend(setup_cfg_folders(&text));
    }
    if project.join("setup.py").is_file() {
        named.push(if project.join("src").is_dir() { "src" } else { "" }.to_owned());
    }
    folders.extend(named.iter().map(|name| project.join(name)));
    members
}

fn read(path: &Path) -> Option<String> {
    let bytes = fs::read_bytes_up_to(path, SIZE_LIMIT).ok().flatten()?;
    String::from_utf8(bytes).ok()
}

fn table<'d>(document: &'d DocumentMut, path: &[&str]) -> Option<&'d Item> {
    path.iter().try_fold(document.as_item(), |item, key| item.get(key))
}

fn strings(item: Option<&Item>) -> Vec<String> {
    let values = item.and_then(Item::as_array).into_iter().flatten();
    values.filter_map(|value| value.as_str()).map(str::to_owned).collect()
}

/// Returns the parent directory of a package directory, such as `src` for `src/acme`.
fn container(package: &str) -> String {
    let package = package.trim_end_matches('/').trim_start_matches("./");
    package.rsplit_once('/').map_or_else(String::new, |(container, _)| container.to_owned())
}

/// Adds the package directories that are listed in the build backend settings of `pyproject.toml`.
fn pyproject_folders(document: &DocumentMut, named: &mut Vec<String>) {
    let text = |path: &[&str]| table(document, path).and_then(Item::as_str).map(str::to_owned);
    let list = |path: &[&str]| strings(table(document, path));
    // The settings of setuptools.
    named.extend(list(&["tool", "setuptools", "packages", "find", "where"]));
    if let Some(folders) =
        table(document, &["tool", "setuptools", "package-dir"]).and_then(Item::as_table_like)
    {
        for (package, folder) in folders.iter() {
            let Some(folder) = folder.as_str() else { continue };
            let last = folder.rsplit('/').next().unwrap_or(folder);
            match package {
                "" => named.push(folder.to_owned()),
                _ if package == last => named.push(container(folder)),
                _ => {}
            }
        }
    }
    // The settings of Hatch.
    for target in [&["tool", "hatch", "build", "targets", "wheel"][..], &["tool", "hatch", "build"][..]] {
        for key in ["packages", "only-include"] {
            named.extend(list(&[target, &[key]].concat()).iter().map(|package| container(package)));
        }
        named.extend(list(&[target, &["sources"]].concat()));
        named.extend(list(&[target, &["dev-mode-dirs"]].concat()));
    }
    // The settings of Poetry.
    let packages = table(document, &["tool", "poetry", "packages"]);
    let inline = packages.and_then(Item::as_array).into_iter().flatten();
    named.extend(inline.filter_map(|package| {
        let package = package.as_inline_table()?;
        Some(package.get("from").and_then(|from| from.as_str()).unwrap_or_default().to_owned())
    }));
    let tables = packages.and_then(Item::as_array_of_tables).into_iter().flatten();
    named
        .extend(tables.map(|package: &Table| {
            package.get("from").and_then(Item::as_str).unwrap_or_default().to_owned()
        }));
    // The settings of uv and PDM.
    named.extend(text(&["tool", "uv", "build-backend", "module-root"]));
    named.extend(text(&["tool", "pdm", "build", "package-dir"]));
}

/// Returns the directories of related projects: workspace members and dependencies specified by a path.
fn related_projects(document: &DocumentMut, project: &Path) -> Vec<PathBuf> {
    let mut related = Vec::new();
    for pattern in strings(table(document, &["tool", "uv", "workspace", "members"])) {
        match pattern.strip_suffix("/*") {
            Some(parent) => {
                let entries = std::fs::read_dir(project.join(parent)).into_iter().flatten().flatten();
                related.extend(
                    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).take(MEMBER_LIMIT),
                );
            }
            None => related.push(project.join(pattern)),
        }
    }
    for dependencies in [&["tool", "uv", "sources"][..], &["tool", "poetry", "dependencies"][..]] {
        let dependencies = table(document, dependencies).and_then(Item::as_table_like);
        for (_, dependency) in dependencies.into_iter().flat_map(|table| table.iter()) {
            let path = dependency.as_table_like().and_then(|it| it.get("path")).and_then(Item::as_str);
            related.extend(path.map(|path| project.join(path)));
        }
    }
    related.sort_unstable();
    related
}

/// Returns the package directories that `setup.cfg` lists in `package_dir` and `where`.
fn setup_cfg_folders(text: &str) -> Vec<String> {
    let mut folders = Vec::new();
    let mut section = "";
    let mut key = "";
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end().trim_end_matches(']');
            key = "";
            continue;
        }
        let is_continuation = line.starts_with([' ', '\t']);
        let value = if is_continuation {
            line.trim()
        } else {
            let Some((name, value)) = line.split_once('=') else { continue };
            key = name.trim();
            value.trim()
        };
        match (section, key) {
            ("options", "package_dir") => {
                folders.extend(value.strip_prefix('=').map(|folder| folder.trim().to_owned()));
            }
            ("options.packages.find", "where") if !value.is_empty() => folders.push(value.to_owned()),
            _ => {}
        }
    }
    folders
}

/// Searches the project for a directory that contains a top-level module.
///
/// Returns the path of the directory relative to the project, or `None` if no directory contains the module.
pub(crate) fn find_folder(directory: &Path, top: &str) -> Option<String> {
    let mut waiting = std::collections::VecDeque::from([(directory.to_owned(), 0)]);
    let mut visited = 0;
    while let Some((folder, depth)) = waiting.pop_front() {
        visited += 1;
        let is_module =
            folder.join(top).join("__init__.py").is_file() || folder.join(format!("{top}.py")).is_file();
        if is_module && depth > 0 {
            return Some(folder.strip_prefix(directory).ok()?.display().to_string());
        }
        if depth == DEPTH_LIMIT || visited > FOLDER_LIMIT {
            continue;
        }
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut folders: Vec<_> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .filter(|entry| {
                let name = entry.file_name();
                let name = name.to_string_lossy();
                !name.starts_with(['.', '_']) && !matches!(&*name, "site-packages" | "node_modules" | "venv")
            })
            .map(|entry| (entry.path(), depth + 1))
            .collect();
        folders.sort_unstable();
        waiting.extend(folders);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_files;

    fn folders(files: &[(&str, &str)]) -> Vec<String> {
        let project = test_files::directory(files);
        let found = package_folders(project.path(), project.path());
        let relative = |folder: &PathBuf| folder.strip_prefix(project.path()).unwrap().display().to_string();
        found.iter().map(relative).collect()
    }

    #[test]
    fn reads_package_folders_from_metadata() {
        let cases = [
            ("[tool.hatch.build.targets.wheel]\npackages = [\"lib/acme\"]", "lib"),
            ("[tool.setuptools.packages.find]\nwhere = [\"python\"]", "python"),
            ("[tool.setuptools]\npackage-dir = {\"\" = \"code\"}", "code"),
            ("[tool.setuptools.package-dir]\nacme = \"lib/acme\"", "lib"),
            ("[[tool.poetry.packages]]\ninclude = \"acme\"\nfrom = \"lib\"", "lib"),
            ("[tool.poetry]\npackages = [{include = \"acme\", from = \"lib\"}]", "lib"),
            ("[tool.uv.build-backend]\nmodule-root = \"source\"", "source"),
            ("[tool.pdm.build]\npackage-dir = \"lib\"", "lib"),
        ];
        for (text, folder) in cases {
            assert_eq!(folders(&[("pyproject.toml", text)]), [folder, ""], "{text}");
        }
        let setup = "[metadata]\nname = acme\n[options]\npackage_dir =\n    = lib\n[options.packages.find]\nwhere = src\n";
        assert_eq!(folders(&[("setup.cfg", setup)]), ["lib", "src"]);
    }

    #[test]
    fn searches_src_by_convention() {
        assert_eq!(folders(&[("src/acme/__init__.py", "")]), ["src"]);
        assert_eq!(folders(&[("src/a.py", ""), ("pyproject.toml", "[project]\nname = 'a'")]), ["src", ""]);
        assert_eq!(folders(&[("setup.py", "")]), [""]);
    }

    #[test]
    fn reads_workspace_members_and_path_dependencies() {
        let workspace = "[tool.uv.workspace]\nmembers = [\"packages/*\"]\n";
        let found = folders(&[
            ("pyproject.toml", workspace),
            ("packages/a/pyproject.toml", ""),
            ("packages/a/src/a.py", ""),
        ]);
        assert_eq!(found, ["", "packages/a/src", "packages/a"]);
        let by_path = "[tool.uv.sources]\nb = {path = \"libs/b\"}\n";
        assert_eq!(folders(&[("pyproject.toml", by_path), ("libs/b/setup.py", "")]), ["", "libs/b"]);
    }
}
