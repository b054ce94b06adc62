//! Builds the specs of the selected deployments.

use super::{
    FlowNames, TargetError,
    item_options::{self, ItemKind, ItemOptionError},
    narrowing::{self, Selectable},
    option_paths::option_paths,
    overrides::{self, OptionError},
    select,
};
use crate::{
    deployment::{DeployContext, DeploymentSpec, PreviewName, Selection, desired},
    diagnostics::{Code, Diagnostic},
    flow::Inspector,
    fs,
    project::{Declared, Findings, Key, Project},
    source::Source,
    yaml,
};

/// Applies the options to the selected deployments.
///
/// If multiple deployments are selected, unnamed deployments are skipped. Deployments without a work pool use
/// the default work pool.
pub(crate) fn specs(
    selection: Selection,
    ctx: &DeployContext<'_>,
    findings: &mut Findings<'_>,
) -> Result<Vec<DeploymentSpec>, OptionError> {
    let options = ctx.options;
    let single = selection.single;
    let mut reasons = selection.reasons;
    let mut specs = Vec::new();
    for declared in selection.picked {
        let pointer = declared.pointer();
        let spec = if single {
            for (path, option) in option_paths(options, &declared.fields, selection.name.as_deref()) {
                findings.add_override(pointer.join_all(&path), option);
            }
            overrides::with_options(declared, options, selection.name.as_deref())
        } else if declared.name().is_none() {
            let message = "Discovered unnamed deployment. Skipping...";
            findings.at_value(&pointer, Diagnostic::warning(Code::UNNAMED_DEPLOYMENT, message));
            continue;
        } else {
            overrides::plain(declared)
        };
        if let Err(OptionError::ScheduleAndSchedules(error)) = &spec {
            let diagnostic = Diagnostic::error(Code::SCHEDULE_KEYS, error.to_string());
            findings.at_key(&pointer.join(Key::Schedule), diagnostic);
            continue;
        }
        let mut spec = spec?;
        spec.reasons = spec.declared.index.and_then(|index| reasons.remove(&index)).unwrap_or_default();
        spec.default_work_pool(ctx.default_work_pool);
        if single {
            items_of_options(&mut spec, ctx)?;
        }
        if let Some(preview) = &options.preview {
            turn_into_copy(&mut spec, preview);
        }
        specs.push(spec);
    }
    Ok(specs)
}

/// Turns a deployment into a preview copy: the name becomes the copy's name, and triggers and SLAs are removed, so that
/// they are not validated.
/// [`DesiredDeployment::restrict_to_preview`](crate::deployment::DesiredDeployment::restrict_to_preview) changes the
/// other fields, which may be templates.
fn turn_into_copy(spec: &mut DeploymentSpec, preview: &PreviewName) {
    if let Some(name) = spec.fields.name().unresolved() {
        let name = preview.of_deployment(&desired::api_name(name));
        spec.fields.set(Key::Name, name);
    }
    spec.fields.remove(Key::Triggers);
    spec.fields.remove(Key::Sla);
}

/// Replaces a deployment's triggers and SLAs with the values from the command line.
fn items_of_options(spec: &mut DeploymentSpec, ctx: &DeployContext<'_>) -> Result<(), ItemOptionError> {
    let read =
        |path: &str| fs::read_text_or_pipe(&ctx.directory.join(path)).map_err(|error| error.to_string());
    let parse = |text: &str| {
        let root = yaml::load(&Source::new("options", text)).and_then(|document| document.root.to_value());
        root.map_err(|error| error.to_string())
    };
    if !ctx.options.triggers.is_empty() {
        let items = item_options::from_options(ItemKind::Trigger, &ctx.options.triggers, read, parse)?;
        spec.fields.set(Key::Triggers, items);
    }
    if let Some(slas) = &ctx.options.slas {
        spec.fields.set(Key::Sla, item_options::from_options(ItemKind::Sla, slas, read, parse)?);
    }
    Ok(())
}

/// Selects deployments based on the options, unless they have been selected before, and then applies the options.
pub(crate) fn selected(
    project: &Project,
    ctx: &DeployContext<'_>,
    inspector: &Inspector,
    findings: &mut Findings<'_>,
) -> Result<Vec<DeploymentSpec>, TargetError> {
    let names = FlowNames { inspector, directory: ctx.directory, environment: ctx.environment };
    let flow_name = |declared: &Declared| names.of(declared.entrypoint()?);
    let mut selection = match ctx.selection {
        Some(selection) => selection.clone(),
        None if ctx.options.selectors.is_empty() => select(project, ctx.options, flow_name)?,
        None => {
            let project = Selectable { project, names, default_work_pool: ctx.default_work_pool };
            narrowing::selections(&[project], ctx)?.pop().unwrap_or_default()
        }
    };
    // The top-level list also applies to a deployment that only the command line describes.
    for declared in selection.picked.iter_mut().filter(|declared| declared.index.is_none()) {
        declared.ignored.clone_from(&project.ignore_changes);
    }
    for warning in std::mem::take(&mut selection.warnings) {
        findings.push(warning);
    }
    let is_ignored = !selection.single && !selection.picked.is_empty();
    if is_ignored && ctx.options.describe_a_deployment() {
        let message = "You have passed options to the deploy command, but you are creating or updating multiple \
                       deployments. These options will be ignored.";
        findings.push(Diagnostic::warning(Code::IGNORED_OPTIONS, message));
    }
    Ok(specs(selection, ctx, findings)?)
}
