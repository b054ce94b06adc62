//! Warnings about changed objects that other projects have also registered.

use uuid::Uuid;

use crate::{
    deployment::ProjectId,
    diagnostics::{Code, Diagnostic, Place},
    plan::{Action, Change, ComparedDeployment, ComparedResource, PlannedDeployment, ResourceChange},
};

/// An object on the server that differs from its declaration.
#[derive(Debug)]
pub(crate) struct ChangedObject {
    /// Kind and name, such as `variable 'region'`.
    title: String,
    pub(super) id: Uuid,
    /// Names of the fields that differ.
    fields: Vec<String>,
    place: Option<Place>,
}

impl ChangedObject {
    /// Returns the changes that a plan contains for a deployment, or `None` if the deploy does not update the
    /// deployment or the changes depend on step outputs.
    pub(super) fn planned(planned: &PlannedDeployment) -> Option<Self> {
        let known = planned.changes.iter().filter(|change| !change.known_after_build);
        let fields: Vec<String> = known.map(|change| change.field.clone()).collect();
        let id = planned.id.filter(|_| planned.action == Action::Update && !fields.is_empty())?;
        Some(Self { title: title(&planned.name), id, fields, place: None })
    }

    /// Returns the changes to a deployment, or `None` if the deploy does not update the deployment.
    pub(crate) fn deployment(compared: &ComparedDeployment<'_>) -> Option<Self> {
        let Change::Update { live, changes } = &compared.change else { return None };
        let fields = changes.names().into_iter().map(str::to_owned).collect();
        Some(Self { title: title(&compared.desired.full_name()), id: live.id, fields, place: None })
    }

    /// Returns the changes to a resource, or `None` if the deploy does not update the resource.
    pub(crate) fn resource(ComparedResource { desired, change }: &ComparedResource) -> Option<Self> {
        let ResourceChange::Update { live, .. } = change else { return None };
        let (title, place) = (desired.key.to_string(), desired.place.clone());
        Some(Self { title, id: live.id, fields: change.names(), place })
    }

    /// Returns the warning about an object registered by the given projects.
    pub(super) fn warning(&self, owners: &[&str]) -> Diagnostic {
        let owners: Vec<String> = owners.iter().map(|owner| ProjectId::describe(owner)).collect();
        let fields: Vec<String> = self.fields.iter().map(|field| format!("`{field}`")).collect();
        let verb = if fields.len() == 1 { "differs" } else { "differ" };
        let message = format!(
            "{} is also registered by {}, but {} {verb} from this file",
            self.title,
            owners.join(" and "),
            fields.join(", ")
        );
        let help = "declare it in only one of the projects, or with the same values in both";
        Diagnostic::warning(Code::REGISTERED_ELSEWHERE, message).at(self.place.clone()).help(help)
    }
}

fn title(full_name: &str) -> String {
    format!("deployment '{full_name}'")
}
