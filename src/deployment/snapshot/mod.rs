//! The server's state before a deploy, which is read in batches.

mod deployment;
mod foreign;

pub(crate) use deployment::{LiveDeployment, SharedValues};
pub(crate) use foreign::{is_record_name, record_survivors};

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use crate::api::{ApiError, Automation, Capabilities, Client, DeploymentName, DeploymentSchedule, Feature};

/// Flows, deployments and automations on the server before a deploy.
#[derive(Debug)]
pub(crate) struct Snapshot {
    capabilities: Capabilities,
    flows: HashMap<String, Uuid>,
    deployments: HashMap<(Uuid, String), LiveDeployment>,
    automations: HashMap<Uuid, Vec<Automation>>,
    excluded_automations: BTreeSet<String>,
    /// Automations that run a deployment without belonging to the deployment.
    foreign_automations: BTreeSet<Uuid>,
}

impl Snapshot {
    /// Reads the deployments with the given `(flow, deployment)` names, their flows, and the automations that run them.
    /// Excludes automations that are recorded as foreign.
    pub(crate) async fn observe(client: &Client, names: &BTreeSet<DeploymentName>) -> Result<Self, ApiError> {
        // Automations are read concurrently, because most deploys find at least one deployment.
        let (live, automations) =
            tokio::join!(Self::observe_deployments(client, names), client.automations());
        let mut live = live?;
        if !live.deployments.is_empty() {
            live.automations = by_deployment(automations?);
        }
        let is_run = |deployment: &LiveDeployment| live.automations.contains_key(&deployment.id);
        if live.deployments.values().any(is_run) {
            // A command may lack permission to read variables. All automations are then compared.
            live.foreign_automations = match foreign::read(client).await {
                Err(ApiError::Forbidden { .. } | ApiError::Unauthorized { .. }) => BTreeSet::new(),
                found => found?,
            };
            let foreign = &live.foreign_automations;
            for automations in live.automations.values_mut() {
                automations.retain(|automation| !foreign.contains(&automation.id));
            }
        }
        Ok(live)
    }

    /// Excludes the automations with the given names. The project files declare these automations, and they belong to
    /// no deployment.
    #[must_use]
    pub(crate) fn excluding(mut self, names: BTreeSet<String>) -> Self {
        for automations in self.automations.values_mut() {
            automations.retain(|automation| !names.contains(&automation.name));
        }
        Self { excluded_automations: names, ..self }
    }

    /// Returns whether an automation is known not to belong to the deployment that it runs.
    pub(crate) fn is_foreign(&self, automation: Uuid) -> bool {
        self.foreign_automations.contains(&automation)
    }

    /// Returns the names of the ignored automations.
    pub(crate) fn excluded_automations(&self) -> &BTreeSet<String> {
        &self.excluded_automations
    }

    /// Reads flows and deployments like [`Self::observe`], but does not read automations.
    pub(crate) async fn observe_deployments(
        client: &Client,
        names: &BTreeSet<DeploymentName>,
    ) -> Result<Self, ApiError> {
        let flows: BTreeSet<&String> = names.iter().map(|name| &name.flow).collect();
        let flows: Vec<String> = flows.into_iter().cloned().collect();
        let shared = SharedValues::default();
        let deployments =
            client.deployments_named(names, |deployment| LiveDeployment::new(deployment, &shared));
        let (flows, deployments, capabilities) =
            tokio::try_join!(client.flows_by_name(&flows), deployments, client.capabilities())?;
        Ok(Self {
            capabilities: capabilities.clone(),
            flows: flows.into_iter().map(|flow| (flow.name, flow.id)).collect(),
            deployments: deployments
                .into_iter()
                .map(|deployment| ((deployment.flow_id, deployment.name.clone()), deployment))
                .collect(),
            automations: HashMap::new(),
            excluded_automations: BTreeSet::new(),
            foreign_automations: BTreeSet::new(),
        })
    }

    /// Returns a snapshot that contains a single deployment.
    #[cfg(test)]
    pub(crate) fn of(flow: &str, deployment: LiveDeployment, automations: Vec<Automation>) -> Self {
        Self {
            capabilities: Capabilities::new(None),
            flows: [(flow.to_owned(), deployment.flow_id)].into(),
            automations: [(deployment.id, automations)].into(),
            deployments: [((deployment.flow_id, deployment.name.clone()), deployment)].into(),
            excluded_automations: BTreeSet::new(),
            foreign_automations: BTreeSet::new(),
        }
    }

    /// Returns whether an update with an empty mapping removes all job variables. Older servers ignore an
    /// empty mapping and keep the variables.
    pub(crate) fn clears_job_variables(&self) -> bool {
        self.capabilities.supports(Feature::EmptyJobVariables)
    }

    /// Replaces the server's capabilities.
    #[cfg(test)]
    pub(crate) fn with_version(self, version: &str) -> Self {
        Self { capabilities: Capabilities::new(Some(version.to_owned())), ..self }
    }

    pub(crate) fn flow(&self, name: &str) -> Option<Uuid> {
        self.flows.get(name).copied()
    }

    pub(crate) fn deployment(&self, name: &DeploymentName) -> Option<&LiveDeployment> {
        self.deployments.get(&(self.flow(&name.flow)?, name.deployment.clone()))
    }

    /// Returns the schedules of a deployment.
    pub(crate) fn schedules(&self, deployment: Uuid) -> impl Iterator<Item = &DeploymentSchedule> {
        let found = self.deployments.values().find(move |live| live.id == deployment);
        found.into_iter().flat_map(|live| &live.schedules)
    }

    /// Returns the automations that run a deployment.
    pub(crate) fn automations(&self, deployment: Uuid) -> &[Automation] {
        self.automations.get(&deployment).map_or(&[], Vec::as_slice)
    }
}

/// Groups automations by the deployment that they run.
pub(crate) fn by_deployment(automations: Vec<Automation>) -> HashMap<Uuid, Vec<Automation>> {
    let mut grouped: HashMap<Uuid, Vec<Automation>> = HashMap::new();
    for automation in automations {
        let actions = automation.raw.get("actions").and_then(serde_json::Value::as_array);
        let deployments: BTreeSet<Uuid> = actions
            .into_iter()
            .flatten()
            .filter_map(|action| action.get("deployment_id")?.as_str()?.parse().ok())
            .collect();
        for deployment in deployments {
            grouped.entry(deployment).or_default().push(automation.clone());
        }
    }
    grouped
}
