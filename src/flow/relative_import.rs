//! Detects relative imports that fail when a worker loads the flow.

use std::path::Path;

use super::{
    entrypoint::{Entrypoint, Location},
    program::{Module, syntax::Bound},
};
use crate::diagnostics::{Code, Diagnostic};

/// Returns a warning if an entrypoint's file has an import such as `from ..x import y` that leaves the file's
/// directory.
///
/// Prefect loads the file of a path entrypoint as a top-level module. Such a module has no parent package, so
/// the import fails. Imports with a single dot work.
pub(super) fn warning(module: &Module, entrypoint: &Entrypoint, directory: &Path) -> Option<Diagnostic> {
    let Location::File(path) = &entrypoint.location else { return None };
    let beyond =
        module.body().bindings.iter().filter(|binding| binding.branch.is_none()).find_map(|binding| {
            let Bound::Import(import) = &binding.bound else { return None };
            (import.level > 1).then_some((import, binding.at))
        });
    let (import, at) = beyond?;
    let dots = ".".repeat(usize::try_from(import.level).unwrap_or_default());
    let message = format!(
        "flow '{}' fails on workers: '{}' is loaded as a file, so `from {dots}{} import` cannot leave its directory",
        entrypoint.object_path(),
        path.display(),
        import.module
    );
    let text = module.file.source.text();
    let length = text[at..].lines().next().map_or(0, str::len);
    let place = module.file.place(crate::source::Span::new(at, at + length));
    let warning = Diagnostic::warning(Code::FLOW_IMPORT, message).at(Some(place));
    let help = module_name(&module.file.path, directory)
        .map(|name| format!("use the module entrypoint '{name}.{}'", entrypoint.object_path()));
    Some(Diagnostic { help, ..warning })
}

/// Returns the dotted module name of a file in `directory` or a subdirectory, or `None` if the path is not a valid
/// module name.
fn module_name(path: &Path, directory: &Path) -> Option<String> {
    let relative = path.strip_prefix(directory).ok()?.with_extension("");
    let parts: Vec<_> = relative.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    let is_name = |part: &&str| part.chars().all(|c| c.is_alphanumeric() || c == '_');
    parts.iter().all(is_name).then(|| parts.join("."))
}
