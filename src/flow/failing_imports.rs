//! Detects imports that fail when a worker loads the flow.

use std::path::Path;

use super::{
    entrypoint::{Entrypoint, Location},
    program::{
        Module,
        syntax::{Bound, Import},
    },
};
use crate::{
    diagnostics::{Code, Diagnostic},
    source::Span,
};

/// A module, or names in a module, that earlier releases of Prefect have and Prefect 3 does not.
struct Removed {
    module: &'static str,
    /// The removed names. Empty if the module and its submodules were removed.
    names: &'static [&'static str],
    instead: &'static str,
}

const fn removed(module: &'static str, names: &'static [&'static str], instead: &'static str) -> Removed {
    Removed { module, names, instead }
}

const NO_DEPLOYMENT: &str = "declare the deployment in prefect.yaml";
const NO_INFRASTRUCTURE: &str = "use a work pool instead of an infrastructure block";

const REMOVED: &[Removed] = &[
    removed("prefect", &["Parameter"], "declare parameters in the signature of the flow function"),
    removed("prefect.agent", &["PrefectAgent"], "use a worker"),
    removed("prefect.blocks.kubernetes", &[], "use `prefect_kubernetes.credentials`"),
    removed("prefect.blocks.system", &["DateTime", "JSON", "String"], "use `prefect.variables.Variable`"),
    removed("prefect.client.orion", &[], "use `prefect.client.orchestration`"),
    removed("prefect.deployments", &["Deployment", "DeploymentSpec", "FlowScript"], NO_DEPLOYMENT),
    removed("prefect.deployments.deployments", &["Deployment"], NO_DEPLOYMENT),
    removed("prefect.filesystems", &["Azure"], "use `prefect_azure.AzureBlobStorageContainer`"),
    removed("prefect.filesystems", &["GCS"], "use `prefect_gcp.GcsBucket`"),
    removed("prefect.filesystems", &["GitHub"], "use `prefect_github.GitHubRepository`"),
    removed("prefect.filesystems", &["S3"], "use `prefect_aws.S3Bucket`"),
    removed("prefect.flow_runners", &[], NO_INFRASTRUCTURE),
    removed(
        "prefect.infrastructure",
        &["DockerContainer", "DockerRegistry", "KubernetesJob", "Process"],
        NO_INFRASTRUCTURE,
    ),
    removed("prefect.infrastructure.container", &[], NO_INFRASTRUCTURE),
    removed("prefect.infrastructure.docker", &[], NO_INFRASTRUCTURE),
    removed("prefect.infrastructure.kubernetes", &[], NO_INFRASTRUCTURE),
    removed("prefect.infrastructure.process", &[], NO_INFRASTRUCTURE),
    removed("prefect.orion", &[], "use `prefect.server` or `prefect.client.schemas`"),
    removed("prefect.packaging", &[], NO_DEPLOYMENT),
    removed(
        "prefect.task_runners",
        &["SequentialTaskRunner"],
        "use `prefect.task_runners.ThreadPoolTaskRunner(max_workers=1)`",
    ),
];

/// Returns a warning for each unconditional import that fails on workers.
pub(super) fn warnings(module: &Module, entrypoint: &Entrypoint, directory: &Path) -> Vec<Diagnostic> {
    let imports = module.body().bindings.iter().filter(|binding| binding.branch.is_none());
    let imports = imports.filter_map(|binding| match &binding.bound {
        Bound::Import(import) => Some((import, binding.at)),
        _ => None,
    });
    let imports: Vec<(&Import, usize)> = imports.collect();
    let relative = relative(module, &imports, entrypoint, directory);
    let removed = imports.iter().filter_map(|(import, at)| {
        let (name, instead) = removed_from_prefect(import)?;
        let message = format!("workers cannot import the flow: Prefect 3 has no `{name}`");
        Some(warning(module, *at, message).help(instead))
    });
    relative.into_iter().chain(removed).collect()
}

/// Returns the name that an import statement requests if Prefect 3 has removed it, and its replacement.
fn removed_from_prefect(import: &Import) -> Option<(String, &'static str)> {
    if import.level > 0 {
        return None;
    }
    let name = match &import.attribute {
        Some(attribute) => format!("{}.{attribute}", import.module),
        None => import.module.clone(),
    };
    let is_in =
        |module: &str| name.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    let found = REMOVED.iter().find(|removed| match (removed.names, import.attribute.as_deref()) {
        ([], _) => is_in(removed.module),
        (names, Some(attribute)) => import.module == removed.module && names.contains(&attribute),
        (_, None) => false,
    })?;
    Some((name, found.instead))
}

/// Returns a warning if an entrypoint's file has an import such as `from ..x import y` that leaves the file's
/// directory.
///
/// Prefect loads the file of a path entrypoint as a top-level module. Such a module has no parent package, so
/// the import fails. Imports with a single dot work.
fn relative(
    module: &Module,
    imports: &[(&Import, usize)],
    entrypoint: &Entrypoint,
    directory: &Path,
) -> Option<Diagnostic> {
    let Location::File(path) = &entrypoint.location else { return None };
    let (import, at) = imports.iter().find(|(import, _)| import.level > 1)?;
    let dots = ".".repeat(usize::try_from(import.level).unwrap_or_default());
    let message = format!(
        "flow '{}' fails on workers: '{}' is loaded as a file, so `from {dots}{} import` cannot leave its directory",
        entrypoint.object_path(),
        path.display(),
        import.module
    );
    let help = module_name(&module.file.path, directory)
        .map(|name| format!("use the module entrypoint '{name}.{}'", entrypoint.object_path()));
    Some(Diagnostic { help, ..warning(module, *at, message) })
}

/// Creates a warning about the line at an offset.
fn warning(module: &Module, at: usize, message: String) -> Diagnostic {
    let line = module.file.source.text()[at..].lines().next().map_or(0, str::len);
    let place = module.file.place(Span::new(at, at + line));
    Diagnostic::warning(Code::FLOW_IMPORT, message).at(Some(place))
}

/// Returns the dotted module name of a file in `directory` or a subdirectory, or `None` if the path is not a valid
/// module name.
fn module_name(path: &Path, directory: &Path) -> Option<String> {
    let relative = path.strip_prefix(directory).ok()?.with_extension("");
    let parts: Vec<_> = relative.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
    let is_name = |part: &&str| part.chars().all(|c| c.is_alphanumeric() || c == '_');
    parts.iter().all(is_name).then(|| parts.join("."))
}
