//! Evaluates `<< >>` expressions and determines the names available to them.
//!
//! Expressions are evaluated before `{{ }}` placeholders. Deployment fields are evaluated before the steps run, except
//! for strings that depend on step outputs. Step inputs are evaluated immediately before the step runs. Pull steps are
//! evaluated after all other steps.

use std::collections::BTreeSet;

use crate::{
    deployment::{DeployContext, DeploymentSpec, ResolvedDeployment},
    diagnostics::{Code, Diagnostic},
    flow::{Entrypoint, Flow},
    git,
    pointer::Pointer,
    project::{Fields, Findings, Key},
    python,
    resolve::{inspection::Inspection, outputs::KnownOutputs},
    template::{
        self, ResolveError, Resolver,
        expression::{self, BUILT_IN, Checked, ENVIRONMENT, ExpressionError, ExpressionProblem, Scope, Use},
        pending,
    },
    value::{Mapping, Value},
};

/// Names with the same value for all deployments: `env`, `environment`, `git` and `variables`. Only values used by
/// expressions are looked up.
pub(crate) struct Names {
    scope: Scope,
    /// Names without a value on this machine.
    later: BTreeSet<String>,
    /// Whether the command runs without a server. If so, another machine with different environment variables may run
    /// the deploy.
    is_offline: bool,
}

impl Names {
    /// Looks up the values of all names used by expressions in `templates`.
    pub(crate) async fn used_in(
        templates: impl Iterator<Item = &Value>,
        ctx: &DeployContext<'_>,
        resolver: &Resolver<'_>,
    ) -> Result<Self, ResolveError> {
        let built_in = BUILT_IN.map(str::to_owned).into_iter().collect();
        let uses: Vec<_> =
            templates.flat_map(|template| expression::check(template, &built_in).uses).collect();
        let mut names = Self {
            scope: Scope::new(ctx.environment).with(ENVIRONMENT, &environment(ctx)),
            later: BTreeSet::new(),
            is_offline: resolver.is_offline(),
        };
        let git: Vec<Option<&str>> = keys_used(&uses, "git").collect();
        if !git.is_empty() {
            let is_used = |key: &str| git.iter().any(|used| used.is_none_or(|used| used == key));
            names.scope = names.scope.with("git", &git_facts(ctx, is_used).into());
        }
        if names.is_offline {
            names.later.insert("variables".to_owned());
        } else {
            let wanted: BTreeSet<&str> = keys_used(&uses, "variables").flatten().collect();
            let mut variables = Mapping::new();
            for name in wanted {
                if let Some(value) = resolver.variable(name).await? {
                    variables.insert(name.into(), value);
                }
            }
            names.scope = names.scope.with("variables", &variables.into());
        }
        Ok(names)
    }

    /// Returns the names available to a deployment's expressions in addition to step outputs.
    pub(crate) fn for_deployment(&self, fields: &Fields, flow: Option<&Flow>) -> Scope {
        let mut scope = self.scope.clone();
        if let Some(flow) = flow {
            scope = scope.with("flow", &flow_facts(flow, fields).into());
        }
        scope.with("deployment", &deployment_facts(fields).into())
    }
}

/// Returns the name of the selected environment, or null.
fn environment(ctx: &DeployContext<'_>) -> Value {
    ctx.options.environment_name().map_or(Value::Null, |name| name.as_str().into())
}

/// Returns the first key of each use of a name. A use without a key yields `None`.
fn keys_used<'a>(uses: &'a [Use], root: &'a str) -> impl Iterator<Item = Option<&'a str>> {
    uses.iter().filter(move |used| used.root == root).map(|used| used.keys.first().map(String::as_str))
}

/// Returns metadata of the Git repository. Includes metadata that is slow to collect only if an expression uses it.
/// Returns an empty mapping outside a repository.
fn git_facts(ctx: &DeployContext<'_>, uses: impl Fn(&str) -> bool) -> Mapping {
    let Some(facts) = git::discover(ctx.directory) else { return Mapping::new() };
    let mut values = Mapping::from_iter([
        ("sha".into(), facts.sha.as_str().into()),
        ("short_sha".into(), facts.short_sha().into()),
        ("branch".into(), optional(facts.branch.clone())),
        ("remote".into(), optional(facts.remote.as_deref().map(git::without_credentials))),
    ]);
    if uses("tag") {
        values.insert("tag".into(), optional(facts.tag()));
    }
    if uses("dirty")
        && let Ok(is_dirty) = facts.is_dirty()
    {
        values.insert("dirty".into(), is_dirty.into());
    }
    values
}

fn optional(text: Option<String>) -> Value {
    text.map_or(Value::Null, Value::String)
}

fn flow_facts(flow: &Flow, fields: &Fields) -> Mapping {
    let entrypoint = fields.entrypoint().unresolved().and_then(|text| Entrypoint::parse(text).ok());
    let (function, file) =
        entrypoint.map(|entrypoint| (entrypoint.object_path(), entrypoint.location_text())).unzip();
    Mapping::from_iter([
        ("name".into(), flow.name.as_str().into()),
        ("function".into(), optional(function)),
        ("file".into(), optional(file)),
    ])
}

fn deployment_facts(fields: &Fields) -> Mapping {
    Mapping::from_iter([("name".into(), fields.get(Key::Name).cloned().unwrap_or_default())])
}

/// A deployment's fields before its steps run. Their expressions are evaluated unless they depend on step outputs.
#[derive(Debug)]
pub(crate) struct Early {
    pub(crate) fields: Fields,
    /// Locations of strings that depend on step outputs.
    pub(crate) pending: Vec<Pointer>,
}

/// Evaluates the expressions in a deployment's fields. Adds errors to `findings` and leaves invalid fields unchanged.
pub(crate) async fn before_steps(
    inspection: &Inspection<'_>,
    names: &Names,
    spec: &DeploymentSpec,
    known: &KnownOutputs,
    findings: &mut Findings<'_>,
) -> Early {
    if !any_expressions(&spec.fields) {
        return Early { fields: spec.fields.clone(), pending: Vec::new() };
    }
    let (template, sections) = spec.fields.without_steps();
    let template = Value::Mapping(template);
    let mut stage = Stage::new(names, names.scope.clone(), known);
    let checked = expression::check(&template, &stage.known());
    if checked.uses.iter().any(|used| matches!(used.root.as_str(), "flow" | "deployment")) {
        stage.add_flow_and_deployment(inspection, &spec.fields).await;
    }
    let (value, errors) = stage.evaluate(&template, checked);
    for error in errors {
        findings.at_value(&spec.declared.pointer().join_all(&error.path), names.diagnostic(&error));
    }
    let pending = expression::check(&value, &stage.known()).uses.into_iter().map(|used| used.path);
    let mut pending: Vec<Pointer> = pending.collect();
    pending.dedup();
    let Value::Mapping(mut fields) = value else {
        return Early { fields: spec.fields.clone(), pending };
    };
    fields.extend(sections);
    Early { fields: fields.into(), pending }
}

/// Returns whether any field might contain expressions. Ignores step sections.
pub(crate) fn any_expressions(fields: &Fields) -> bool {
    fields.values_without_steps().any(expression::may_have_expressions)
}

/// Evaluates a deployment's strings that depend on step outputs.
pub(crate) fn after_steps(
    deployment: &ResolvedDeployment,
    outputs: &Mapping,
) -> Result<Fields, Vec<ExpressionError>> {
    if deployment.pending.is_empty() {
        return Ok(deployment.fields.clone());
    }
    let mut fields = deployment.fields.to_template();
    let mut scope = deployment.scope.clone().with_outputs(outputs);
    let mut errors = Vec::new();
    let name = Pointer::root().join(Key::Name);
    // The name is evaluated first because other fields may refer to it.
    let (first, others): (Vec<_>, Vec<_>) = deployment.pending.iter().partition(|path| **path == name);
    for path in first.into_iter().chain(others) {
        let Some(text) = template::value_at(&mut fields, path) else { continue };
        match expression::evaluate(text, &scope, &BTreeSet::new()) {
            Ok(value) => *text = value,
            Err(failed) => errors.extend(
                failed.into_iter().map(|error| ExpressionError { path: path.join_all(&error.path), ..error }),
            ),
        }
        if *path == name
            && let Some(fields) = fields.as_mapping()
        {
            let fields = fields.clone().into();
            scope = scope.with("deployment", &deployment_facts(&fields).into());
        }
    }
    match fields {
        Value::Mapping(fields) if errors.is_empty() => Ok(fields.into()),
        _ => Err(errors),
    }
}

/// Returns a deployment's fields with markers in place of strings that depend on step outputs.
pub(crate) fn before_outputs(deployment: &ResolvedDeployment) -> Fields {
    if deployment.pending.is_empty() {
        return deployment.fields.clone();
    }
    let mut fields = deployment.fields.to_template();
    for path in &deployment.pending {
        if let Some(place) = template::value_at(&mut fields, path) {
            *place = pending::marker(&python::to_text(place));
        }
    }
    if let Value::Mapping(fields) = fields { fields.into() } else { Fields::default() }
}

/// Evaluates the expressions in pull steps.
pub(crate) fn pull_steps(
    steps: &[Value],
    deployment: &ResolvedDeployment,
    outputs: &Mapping,
) -> Result<Value, Vec<ExpressionError>> {
    let scope = deployment.scope.clone().with_outputs(outputs);
    expression::evaluate(&Value::Sequence(steps.to_vec()), &scope, &BTreeSet::new())
}

impl Names {
    /// Evaluates a template outside any deployment. Returns the result and all errors. Strings that cannot be evaluated
    /// without a server are unchanged.
    pub(crate) fn evaluate(&self, template: &Value) -> (Value, Vec<ExpressionError>) {
        let known = KnownOutputs::default();
        let stage = Stage::new(self, self.scope.clone(), &known);
        stage.evaluate(template, expression::check(template, &stage.known()))
    }

    /// Converts an error to a diagnostic. If no server is used, an unset environment variable is only a warning because
    /// it may be set on the deploying machine.
    pub(crate) fn diagnostic(&self, error: &ExpressionError) -> Diagnostic {
        let diagnostic = match &error.problem {
            ExpressionProblem::Undefined { name, .. } if self.is_offline && name.starts_with("env.") => {
                Diagnostic::warning(Code::UNSET_ENVIRONMENT, error.to_string())
            }
            _ => Diagnostic::error(Code::EXPRESSION, error.to_string()),
        };
        diagnostic.help(error.problem.help())
    }
}

/// Names available to expressions at a location.
pub(crate) struct Stage<'a> {
    scope: Scope,
    known: &'a KnownOutputs,
    /// Names whose value is not known yet.
    pub(crate) later: BTreeSet<String>,
}

impl<'a> Stage<'a> {
    pub(crate) fn new(names: &Names, scope: Scope, known: &'a KnownOutputs) -> Self {
        let outputs = known.names().into_iter().filter(|name| !BUILT_IN.contains(&name.as_str()));
        Self { scope, known, later: outputs.chain(names.later.iter().cloned()).collect() }
    }

    /// Returns all available names, including names whose values are not known yet.
    pub(crate) fn known(&self) -> BTreeSet<String> {
        let built_in = BUILT_IN.into_iter().chain([ENVIRONMENT]).map(str::to_owned);
        self.later.iter().cloned().chain(built_in).collect()
    }

    /// Defines the names `flow` and `deployment`. Resolves their underlying fields first.
    async fn add_flow_and_deployment(&mut self, inspection: &Inspection<'_>, fields: &Fields) {
        self.later.extend(["flow", "deployment"].map(str::to_owned));
        let entrypoint = inspection.fill(self.field(fields, Key::Entrypoint)).await;
        if let Some(flow) = inspection.peek(&entrypoint) {
            self.define("flow", flow_facts(&flow, &entrypoint));
        }
        let name = inspection.fill(self.field(fields, Key::Name)).await;
        if name.name().literal().is_some() {
            self.define("deployment", deployment_facts(&name));
        }
    }

    fn define(&mut self, name: &str, value: Mapping) {
        self.later.remove(name);
        self.scope = self.scope.clone().with(name, &value.into());
    }

    /// Returns a mapping with a single field. Evaluates the field if its expressions are valid.
    fn field(&self, fields: &Fields, key: Key) -> Fields {
        let mut field = Fields::default();
        if let Some(value) = fields.get(key) {
            let evaluated = expression::evaluate(value, &self.scope, &self.later);
            field.set(key, evaluated.unwrap_or_else(|_| value.clone()));
        }
        field
    }

    /// Evaluates a template where possible. Returns the result and all errors.
    pub(crate) fn evaluate(&self, template: &Value, checked: Checked) -> (Value, Vec<ExpressionError>) {
        let is_certain = |error: &ExpressionError| {
            !(self.known.is_open() && matches!(error.problem, ExpressionProblem::Undefined { .. }))
        };
        let mut later = self.later.clone();
        if self.known.is_open() {
            let unknown = checked.uses.iter().map(|used| used.root.clone());
            later.extend(unknown.filter(|root| !BUILT_IN.contains(&root.as_str())));
        }
        let mut errors: Vec<ExpressionError> = checked.errors.into_iter().filter(is_certain).collect();
        match expression::evaluate(template, &self.scope, &later) {
            Ok(value) => (value, errors),
            Err(failed) => {
                // Both checks report undefined names.
                let place = |error: &ExpressionError| (error.path.to_string(), error.range.start);
                let known: BTreeSet<_> = errors.iter().map(place).collect();
                errors.extend(failed.into_iter().filter(|error| !known.contains(&place(error))));
                (template.clone(), errors)
            }
        }
    }
}

#[cfg(test)]
mod tests;
