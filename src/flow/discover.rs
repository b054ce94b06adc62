//! Finding flows in a directory by the spelling of their decorators.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use ignore::{WalkBuilder, WalkState};

use super::{file::decode, syntax};
use crate::source::Source;

/// A function decorated with `@flow`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FoundFlow {
    pub(crate) path: PathBuf,
    pub(crate) function: String,
    pub(crate) line: usize,
    /// The name its decorator gives as text, else the function's.
    pub(crate) name: String,
}

/// Every flow in the Python files under `directory`, by path and function. What Git ignores, hidden directories
/// and installed packages are passed over, and so are files that are not Python.
pub(crate) fn discover(directory: &Path) -> Vec<FoundFlow> {
    let found = Mutex::new(Vec::new());
    let walker = WalkBuilder::new(directory)
        .require_git(false)
        .filter_entry(|entry| {
            !matches!(entry.file_name().to_str(), Some("site-packages" | "node_modules" | "__pycache__"))
        })
        .build_parallel();
    walker.run(|| {
        Box::new(|entry| {
            if let Ok(entry) = entry
                && entry.path().extension().is_some_and(|extension| extension == "py")
            {
                let flows = flows_of(entry.path());
                found.lock().unwrap_or_else(PoisonError::into_inner).extend(flows);
            }
            WalkState::Continue
        })
    });
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort();
    found
}

fn flows_of(path: &Path) -> Vec<FoundFlow> {
    let Some(text) = std::fs::read(path).ok().as_deref().and_then(decode) else { return Vec::new() };
    // Most files have no flow: spare them the parsing.
    if !text.contains("flow") {
        return Vec::new();
    }
    let source = Source::new(path.display().to_string(), text);
    let flow = |found: syntax::Decorated| FoundFlow {
        path: path.to_owned(),
        line: source.position(found.at).line,
        name: found.name.unwrap_or_else(|| found.function.clone()),
        function: found.function,
    };
    syntax::decorated_flows(source.text()).into_iter().map(flow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flows_are_found_at_any_depth_and_sorted() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("b.py", "import prefect\n@prefect.flow(name='B flow')\ndef b(): ...\n");
        write(
            "a/a.py",
            "@flow\ndef z(): ...\nclass A:\n    @other\n    @flow(retries=1)\n    def a(self): ...\n",
        );
        write("a/broken.py", "@flow\ndef x(:\n");
        write("a/none.py", "@task\ndef flow(): ...\n");
        write("lib/site-packages/c.py", "@flow\ndef c(): ...\n");
        let found = discover(directory.path());
        let found: Vec<_> = found
            .iter()
            .map(|flow| {
                let path = flow.path.strip_prefix(directory.path()).unwrap();
                (path.to_str().unwrap(), flow.line, flow.function.as_str(), flow.name.as_str())
            })
            .collect();
        assert_eq!(found, [("a/a.py", 6, "a", "a"), ("a/a.py", 2, "z", "z"), ("b.py", 3, "b", "B flow")]);
    }
}
