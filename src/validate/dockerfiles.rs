//! Checks that the Dockerfiles of build steps exist.

use std::path::Path;

use crate::{
    deployment::StepSections,
    diagnostics::{Code, Diagnostic},
    project::Findings,
    steps::dockerfile_path,
};

/// Reports build steps whose Dockerfile does not exist. A step is not reported if an earlier build step may
/// create the file.
pub(crate) fn dockerfiles(sections: &StepSections, directory: &Path, findings: &mut Findings<'_>) {
    for listed in &sections.build {
        let Some(item) = listed.item() else { return };
        if item.entry().is_none_or(|entry| entry.short_name() != "build_docker_image") {
            return;
        }
        let inputs = item.all_inputs;
        let Some(path) = dockerfile_path(inputs).filter(|path| !directory.join(path).exists()) else {
            continue;
        };
        let pointer = listed.pointer.join(item.name);
        let message = format!("the Dockerfile '{}' does not exist", path.display());
        let help = "create the file, correct the path, or set `dockerfile: auto` to generate a Dockerfile";
        let diagnostic = Diagnostic::error(Code::NO_DOCKERFILE, message).help(help);
        if inputs.contains_key("dockerfile") {
            findings.at_value(&pointer.join("dockerfile"), diagnostic);
        } else {
            findings.at_key(&pointer, diagnostic);
        }
    }
}
