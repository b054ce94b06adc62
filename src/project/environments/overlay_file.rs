//! Names and detection of overlay files next to a project file.

use std::path::{Path, PathBuf};

use super::{EnvironmentName, JOB_VARIABLES, NAME_SUFFIX, WORK_POOL};
use crate::{
    project::load::read,
    source::Span,
    yaml::{self, Document, Node, NodeKind},
};

/// Returns the path of an environment's overlay file, such as `prefect.prod.yaml` for `prefect.yaml`.
pub(crate) fn overlay_path(path: &Path, name: &EnvironmentName) -> PathBuf {
    match path.extension() {
        Some(extension) => path.with_extension(name.as_str()).with_added_extension(extension),
        None => path.with_added_extension(name.as_str()),
    }
}

/// Returns the environments that have an overlay file next to the project file.
pub(super) fn overlay_names(path: &Path, directory: &Path) -> Vec<EnvironmentName> {
    let file = directory.join(path);
    let Some(entries) = file.parent().and_then(|folder| std::fs::read_dir(folder).ok()) else {
        return Vec::new();
    };
    let files = entries.flatten().filter(|entry| entry.path().is_file());
    let files = files.filter_map(|entry| entry.file_name().into_string().ok());
    let name = |file_name: &str| {
        let stem = path.file_stem()?.to_str()?;
        let rest = file_name.strip_prefix(stem)?.strip_prefix('.')?;
        let name = match path.extension().and_then(|extension| extension.to_str()) {
            Some(extension) => rest.strip_suffix(extension)?.strip_suffix('.')?,
            None => rest,
        };
        name.parse().ok()
    };
    let mut names: Vec<EnvironmentName> = files.filter_map(|file| name(&file)).collect();
    names.sort_unstable();
    names
}

/// Returns the project file and environment for an overlay file name, such as `prefect.yaml` and `prod` for
/// `prefect.prod.yaml`. Returns `None` for other names.
pub(crate) fn base(path: &Path) -> Option<(PathBuf, EnvironmentName)> {
    let extension = path.extension()?;
    let stem = Path::new(path.file_stem()?);
    let name = stem.extension()?.to_str()?.parse().ok()?;
    let base = Path::new(stem.file_stem()?).with_added_extension(extension);
    Some((path.with_file_name(base), name))
}

/// Returns whether an overlay file could be a separate project file.
pub(crate) fn is_standalone(path: &Path, directory: &Path) -> bool {
    let source = read(path, directory).ok();
    source.and_then(|source| yaml::load_overlay(&source).ok()).is_some_and(|overlay| is_complete(&overlay))
}

/// Returns whether an overlay file could be a separate project file: all its deployments have an entrypoint, and it
/// uses no overlay features.
pub(super) fn is_complete(overlay: &Document) -> bool {
    let deployments = overlay.root.get("deployments").and_then(Node::as_sequence).unwrap_or_default();
    let has_entrypoint = |item: &Node| item.get("entrypoint").is_some();
    let has_special_key =
        [NAME_SUFFIX, WORK_POOL, JOB_VARIABLES].iter().any(|key| overlay.root.get(key).is_some());
    !deployments.is_empty()
        && deployments.iter().all(has_entrypoint)
        && !has_special_key
        && !overlay.has_appended_lists()
}

/// Returns the position of a value that is only meaningful in an overlay file, such as a deployment without
/// an entrypoint. Returns `None` if all values are also meaningful in a project file.
pub(super) fn overlay_value(document: &Document) -> Option<Span> {
    let mapping = document.root.as_mapping()?;
    let keys = [NAME_SUFFIX, WORK_POOL, JOB_VARIABLES].iter().filter_map(|key| mapping.entry(key));
    let keys = keys.map(|entry| entry.key.span);
    let deployments = mapping.entry("deployments").map(|entry| &entry.value);
    let merged = deployments.filter(|value| matches!(value.kind, NodeKind::Mapping(_)));
    let items = deployments.and_then(Node::as_sequence).unwrap_or_default();
    let incomplete =
        items.iter().filter(|item| item.as_mapping().is_some() && item.get("entrypoint").is_none());
    let values = keys.chain(merged.map(|value| value.span)).chain(incomplete.map(|item| item.span));
    let first = values.min_by_key(|span| span.start);
    first.or_else(|| document.has_appended_lists().then_some(document.root.span))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlay_files_are_named_like_their_project_files() {
        for (path, expected) in [
            ("prefect.prod.yaml", Some(("prefect.yaml", "prod"))),
            ("a.b/orders.eu-1.yml", Some(("a.b/orders.yml", "eu-1"))),
            ("prefect.a.b.yaml", Some(("prefect.a.yaml", "b"))),
            ("prefect.yaml", None),
            ("prefect.b c.yaml", None),
            (".prefect.yaml", None),
            ("a.b/prefect", None),
            ("-", None),
        ] {
            let found = base(Path::new(path));
            let shown = found.as_ref().map(|(base, name)| (base.to_str().unwrap(), name.as_str()));
            assert_eq!(shown, expected, "{path}");
            if let Some((base, name)) = &found {
                assert_eq!(overlay_path(base, name), Path::new(path));
            }
        }
    }

    #[test]
    fn recognizes_values_of_overlays() {
        for (text, expected) in [
            ("deployments: [{name: a, entrypoint: b}]\n", None),
            ("pull: []\n", None),
            ("- a\n", None),
            ("tags: []\nname_suffix: -prod\n", Some("name_suffix")),
            ("deployments: {a: {}}\n", Some("{a: {}}")),
            ("deployments: [{name: a, entrypoint: b}, {name: c}]\n", Some("{name: c}")),
        ] {
            let document =
                yaml::load_overlay(&crate::source::Source::new("prefect.prod.yaml", text)).unwrap();
            let found = overlay_value(&document).map(|span| &text[span.range()]);
            assert_eq!(found, expected, "{text}");
        }
    }
}
