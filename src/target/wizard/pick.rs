//! Asks which deployments to deploy.

use crate::{
    deployment::{Options, Selection, is_pattern},
    diagnostics::similar_name,
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
        let declared = row
            .and_then(|row| of.get(row))
            .map_or_else(Declared::undeclared, |deployment| (*deployment).clone());
        Self { selection: single(declared), was_asked: true }
    }
}

impl From<Selection> for Picked {
    fn from(selection: Selection) -> Self {
        Self { selection, was_asked: false }
    }
}

impl<A: Ask, W: ServerLookup> Wizard<'_, A, W> {
    /// Selects deployments based on the options. If the options are ambiguous, prompts the user to choose.
    pub(super) async fn pick(&self, options: &Options) -> Result<Picked, TargetError> {
        let declared = &self.project.deployments;
        let named: Vec<&Declared> =
            declared.iter().filter(|deployment| deployment.name().is_some()).collect();
        match options.names.as_slice() {
            [] if !options.all && !named.is_empty() => self.existing(&named, options).await,
            [] if !options.all && declared.len() > 1 => Ok(single(Declared::undeclared()).into()),
            [name] if !options.all && !is_pattern(name) && !declared.is_empty() => {
                self.one_of_a_name(name, options).await
            }
            _ => self.with_names(self.select(options)?.into()).await,
        }
    }

    /// Asks which deployment to use. The user can select a declared deployment, all declared deployments or a new
    /// deployment. If an environment is selected, the user cannot select a new deployment, because environments have no
    /// effect on new deployments.
    async fn existing(&self, named: &[&Declared], options: &Options) -> Result<Picked, TargetError> {
        const ALL: &str = "All of them";
        let mut rows = rows(named);
        if named.len() > 1 {
            rows.push(vec![ALL.to_owned()]);
        }
        let question = "Would you like to use an existing deployment configuration?";
        let mut select = Select::new(question, rows);
        if options.environment.is_none() {
            select = select.or("No, configure a new deployment");
        }
        let row = self.ask.select(select).await?;
        if row != Some(named.len()) {
            return Ok(Picked::chosen(row, named));
        }
        let picked = self.project.deployments.clone();
        let selection = Selection { picked, ..Selection::default() };
        self.with_names(Picked { selection, was_asked: true }).await
    }

    /// Prompts for the names of unnamed deployments when multiple deployments are selected. Removes deployments that
    /// remain unnamed.
    async fn with_names(&self, mut picked: Picked) -> Result<Picked, TargetError> {
        if picked.selection.single {
            return Ok(picked);
        }
        let mut named = Vec::new();
        for deployment in std::mem::take(&mut picked.selection.picked) {
            if deployment.name().is_some() {
                named.push(deployment);
                continue;
            }
            picked.was_asked = true;
            named.extend(self.give_name(deployment).await?);
        }
        picked.selection.picked = named;
        Ok(picked)
    }

    fn select(&self, options: &Options) -> Result<Selection, TargetError> {
        let flow_name = |declared: &Declared| self.local.flow_name(declared.entrypoint()?);
        Ok(target::select(self.project, options, flow_name)?)
    }

    /// Selects the deployment with the given name. If multiple deployments match, prompts the user to choose one. If
    /// none matches and no environment is selected, asks whether to create a new deployment.
    async fn one_of_a_name(&self, name: &str, options: &Options) -> Result<Picked, TargetError> {
        let flow_name = |declared: &Declared| self.local.flow_name(declared.entrypoint()?);
        let wanted = NamePattern::new(name);
        let deployments = self.project.deployments.iter();
        let found: Vec<&Declared> =
            deployments.filter(|deployment| wanted.matches(deployment, flow_name)).collect();
        if found.is_empty() && options.environment.is_none() {
            self.confirm_new(name, options).await?;
            let name = name.rsplit('/').next().map(str::to_owned);
            return Ok(Selection { name, ..single(Declared::undeclared()) }.into());
        }
        if found.len() <= 1 {
            return Ok(self.select(options)?.into());
        }
        let question = format!(
            "Found multiple deployment configurations with the name {name}. Please select the one you would like \
             to deploy:"
        );
        Ok(Picked::chosen(self.ask.select(Select::new(question, rows(&found))).await?, &found))
    }

    /// Reports that no deployment has this name, and asks whether to create a new deployment. Does not ask if the
    /// options specify the entrypoint of the new deployment.
    ///
    /// # Errors
    ///
    /// Fails if the user declines.
    async fn confirm_new(&self, name: &str, options: &Options) -> Result<(), TargetError> {
        let known: Vec<String> =
            self.project.deployments.iter().filter_map(|declared| self.full_name(declared)).collect();
        let last = |name: &str| name.rsplit('/').next().unwrap_or_default().to_owned();
        let names: Vec<String> = known.iter().map(|name| last(name)).collect();
        let similar = similar_name(name, known.iter().map(String::as_str)).or_else(|| {
            let similar = similar_name(&last(name), names.iter().map(String::as_str))?;
            known.iter().find(|name| last(name) == similar).map(String::as_str)
        });
        let advice = match similar {
            Some(similar) => format!("; did you mean `{similar}`?"),
            None => format!("; the deployments are {}", first_of(&known, SHOWN)),
        };
        self.ask.print_line(&format!("No deployment is named '{name}'{advice}"));
        let question = format!("Would you like to create a new deployment named '{name}'?");
        if options.entrypoint.is_some() || self.ask.confirm(&question, false).await? {
            return Ok(());
        }
        Err(TargetError::Declined {
            message: "no deployment was selected",
            help: "select a deployment with -n, or deploy all deployments with --all",
        })
    }

    /// Returns a declared deployment's name, preceded by the flow's name, if known.
    fn full_name(&self, declared: &Declared) -> Option<String> {
        let name = declared.name()?;
        let flow = declared.entrypoint().and_then(|entrypoint| self.local.flow_name(entrypoint));
        Some(flow.map_or_else(|| name.to_owned(), |flow| format!("{flow}/{name}")))
    }

    /// Asks for the name of an unnamed deployment. Returns `None` if the deployment is skipped.
    async fn give_name(&self, declared: Declared) -> Result<Option<Declared>, TargetError> {
        self.ask.print_line("Discovered unnamed deployment.");
        self.ask.print_line(&format!("{:#}", value::to_json(&declared.fields.to_template())));
        let question = "Would you like to give this deployment a name and deploy it?";
        if !self.ask.confirm(question, true).await? {
            self.ask.print_line("Skipping unnamed deployment.");
            return Ok(None);
        }
        let mut declared = declared;
        declared.fields.set(Key::Name, self.deployment_name().await?);
        Ok(Some(declared))
    }
}

fn single(declared: Declared) -> Selection {
    Selection { picked: vec![declared], single: true, ..Selection::default() }
}

/// Returns a row with the name, entrypoint and description of each deployment.
fn rows(declared: &[&Declared]) -> Vec<Vec<String>> {
    let text = |deployment: &Declared, key: Key| {
        deployment.fields.text(key).unresolved().unwrap_or_default().to_owned()
    };
    let columns = [Key::Name, Key::Entrypoint, Key::Description];
    declared.iter().map(|deployment| columns.map(|key| text(deployment, key)).into()).collect()
}
