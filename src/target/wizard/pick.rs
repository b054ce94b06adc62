//! Asks which deployments to deploy.

use crate::{
    deployment::{Options, Selection, is_pattern},
    diagnostics::did_you_mean,
    names::{SHOWN, first_of},
    project::{Declared, Key},
    questions::{Ask, Select},
    target::{
        self, NamePattern, TargetError,
        wizard::{ServerLookup, Wizard},
    },
    value,
};

/// Selected deployments.
pub(super) struct Picked {
    pub(super) selection: Selection,
    /// Whether a question was asked.
    pub(super) was_asked: bool,
}

impl Picked {
    /// Selects the deployment in the given row. If `row` is `None`, a new deployment is selected.
    fn chosen(row: Option<usize>, of: &[&Declared]) -> Self {
        let declared =
            row.and_then(|row| of.get(row)).map_or_else(target::none, |deployment| (*deployment).clone());
        Self { selection: single(declared), was_asked: true }
    }
}

impl From<Selection> for Picked {
    fn from(selection: Selection) -> Self {
        Self { selection, was_asked: false }
    }
}

impl<A: Ask, W: ServerLookup> Wizard<'_, A, W> {
    /// Selects deployments based on the options. Asks the user if the options are ambiguous.
    pub(super) async fn pick(&self, options: &Options) -> Result<Picked, TargetError> {
        let declared = &self.project.deployments;
        let named: Vec<&Declared> =
            declared.iter().filter(|deployment| deployment.name().is_some()).collect();
        match options.names.as_slice() {
            [] if !options.all && !named.is_empty() => {
                let question = "Would you like to use an existing deployment configuration?";
                let select = Select::new(question, rows(&named)).or("No, configure a new deployment");
                Ok(Picked::chosen(self.ask.select(select).await?, &named))
            }
            [] if !options.all && declared.len() > 1 => Ok(single(target::none()).into()),
            [name] if !options.all && !is_pattern(name) && declared.len() > 1 => {
                self.one_of_a_name(name, options).await
            }
            _ => {
                let mut picked = Picked::from(self.select(options)?);
                if !picked.selection.single {
                    for deployment in &mut picked.selection.picked {
                        picked.was_asked |= self.give_name(deployment).await?;
                    }
                }
                Ok(picked)
            }
        }
    }

    fn select(&self, options: &Options) -> Result<Selection, TargetError> {
        let flow_name = |declared: &Declared| self.local.flow_name(declared.entrypoint()?);
        Ok(target::select(self.project, options, flow_name)?)
    }

    /// Selects the deployment with the given name. Asks the user if several deployments have this name.
    async fn one_of_a_name(&self, name: &str, options: &Options) -> Result<Picked, TargetError> {
        let flow_name = |declared: &Declared| self.local.flow_name(declared.entrypoint()?);
        let wanted = NamePattern::new(name);
        let deployments = self.project.deployments.iter();
        let found: Vec<&Declared> =
            deployments.filter(|deployment| wanted.matches(deployment, flow_name)).collect();
        if found.is_empty() {
            self.confirm_new(name).await?;
            // The warning about the unknown name is not repeated.
            let selection = self.select(options)?;
            return Ok(Selection { warnings: Vec::new(), ..selection }.into());
        }
        if found.len() == 1 {
            return Ok(self.select(options)?.into());
        }
        let question = format!(
            "Found multiple deployment configurations with the name {name}. Please select the one you would like \
             to deploy:"
        );
        Ok(Picked::chosen(self.ask.select(Select::new(question, rows(&found))).await?, &found))
    }

    /// Reports that no deployment has this name, and asks whether to create a new deployment.
    ///
    /// # Errors
    ///
    /// Fails if the user declines.
    async fn confirm_new(&self, name: &str) -> Result<(), TargetError> {
        let names: Vec<&str> = self.project.deployments.iter().filter_map(Declared::name).collect();
        let known = did_you_mean(name.rsplit('/').next().unwrap_or(name), names.iter().copied());
        let known = known.map_or_else(
            || {
                let names: Vec<String> = names.iter().map(ToString::to_string).collect();
                format!("The deployments are: {}", first_of(&names, SHOWN))
            },
            |known| format!("Did you mean '{known}'?"),
        );
        self.ask.tell(&format!("No deployment is named '{name}'. {known}"));
        let question = format!("Would you like to create a new deployment named '{name}'?");
        if self.ask.confirm(&question, Some(false)).await? {
            return Ok(());
        }
        Err(TargetError::Declined {
            message: "no deployment was selected",
            help: "select a deployment with -n, or deploy all with --all",
        })
    }

    /// Asks for the name of an unnamed deployment. Returns `false` if the deployment already has a name.
    async fn give_name(&self, declared: &mut Declared) -> Result<bool, TargetError> {
        if declared.name().is_some() {
            return Ok(false);
        }
        self.ask.tell("Discovered unnamed deployment.");
        self.ask.tell(&format!("{:#}", value::to_json(&declared.fields.to_template())));
        let question = "Would you like to give this deployment a name and deploy it?";
        if self.ask.confirm(question, Some(true)).await? {
            declared.fields.set(Key::Name, self.deployment_name().await?);
        }
        Ok(true)
    }
}

fn single(declared: Declared) -> Selection {
    Selection { picked: vec![declared], single: true, name: None, warnings: Vec::new() }
}

/// Returns a row with the name, entrypoint and description of each deployment.
fn rows(declared: &[&Declared]) -> Vec<Vec<String>> {
    let text = |deployment: &Declared, key: Key| {
        deployment.fields.text(key).unresolved().unwrap_or_default().to_owned()
    };
    let columns = [Key::Name, Key::Entrypoint, Key::Description];
    declared.iter().map(|deployment| columns.map(|key| text(deployment, key)).into()).collect()
}
