//! Reports image builds that overwrite the images of other builds.

use std::collections::HashMap;

use super::{PreparedDeployment, PreparedProject};
use crate::{
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    steps::BuiltImages,
    template::has_template,
    value::Value,
};

/// The first build step that writes an image.
struct First {
    images: BuiltImages,
    /// Index of the project, and the location of the step.
    project: usize,
    pointer: Pointer,
    /// Location of the first step in the list that contains the step.
    list: Pointer,
    /// Location as shown to the user.
    place: String,
}

/// Reports steps that build a different image under the same name as a step in another list. Otherwise, deployments
/// would use an image that was built for another deployment. Each error is at the later step and contains the location
/// of the first step.
///
/// Builds in the same list run sequentially, so they may write the same name.
pub(crate) fn image_conflicts(projects: &mut [PreparedProject<'_>]) {
    let mut builds: Vec<First> = Vec::new();
    let mut writers: HashMap<String, usize> = HashMap::new();
    for (index, prepared) in projects.iter_mut().enumerate() {
        let PreparedProject { project, ctx, deployments, findings, .. } = prepared;
        if ctx.options.images.skips_builds() {
            return;
        }
        for PreparedDeployment { resolved: deployment, sections } in deployments.iter() {
            let mut directory = ctx.directory.to_owned();
            for listed in &sections.build {
                let (Some(item), Some(list)) = (listed.item(), sections.build.first()) else { continue };
                if let Some(to) = item.working_directory() {
                    if has_template(&Value::from(to)) {
                        break;
                    }
                    directory = directory.join(to);
                }
                let images = BuiltImages::of(item, &deployment.scope, &directory, ctx.docker_namespace);
                let Some(images) = images else { continue };
                let place = project.place(&listed.pointer.join(item.name));
                let place = place.map_or_else(String::new, |place| {
                    format!("{}:{}", place.source.name(), place.start().line)
                });
                for reference in &images.references {
                    let first = &builds[*writers.entry(reference.clone()).or_insert(builds.len())..];
                    let Some(first) = first.first() else { continue };
                    let same_list = first.project == index && first.list == list.pointer;
                    let is_later = same_list && first.pointer != listed.pointer;
                    if !is_later && !first.images.have_equal_contents(&images) {
                        let message = format!(
                            "image '{reference}' is already built from other inputs in {}",
                            first.place
                        );
                        let diagnostic = Diagnostic::error(Code::IMAGE_CONFLICT, message).help(
                            "use a different `image_name` or `tag`, so that the builds do not overwrite \
                             each other",
                        );
                        findings.at_key(&listed.pointer.join(item.name), diagnostic);
                    }
                }
                builds.push(First {
                    images,
                    project: index,
                    pointer: listed.pointer.clone(),
                    list: list.pointer.clone(),
                    place,
                });
            }
        }
    }
}
