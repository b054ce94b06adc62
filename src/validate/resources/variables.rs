//! Renders the declared variables.

use std::{
    collections::{BTreeMap, BTreeSet},
    iter,
};

use crate::{
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    project::{Project, resources},
    python, resolve,
    resource::{
        ResourceKind,
        order::{DependencyOrder, describe_cycle},
    },
    template::Resolver,
    validate::{PreparationError, PreparedProject},
    value::{Mapping, Value},
};

/// Key of the section that declares variables.
pub(super) const VARIABLES: &str = "variables";

/// A declared variable.
#[derive(Clone, Copy)]
struct Declaration<'a> {
    /// Index of the project that declares the variable.
    project: usize,
    name: &'a Value,
    value: &'a Value,
}

impl Declaration<'_> {
    fn pointer(&self) -> Pointer {
        resources::pointer().join(VARIABLES).join(python::to_text(self.name))
    }
}

/// Renders the declared variables of all projects in dependency order and adds them to the resolver. Returns the
/// variables by project.
///
/// Reports cycles. Variables that depend on a cycle are returned without being rendered.
pub(super) async fn rendered(
    projects: &mut [PreparedProject<'_>],
    resolver: &Resolver<'_>,
) -> Result<Vec<Mapping>, PreparationError> {
    let files: Vec<&Project> = projects.iter().map(|prepared| prepared.project).collect();
    let declarations = declarations(&files);
    let DependencyOrder { ordered, unordered, cycles } = DependencyOrder::new(&dependencies(&declarations));
    let mut rendered = vec![Mapping::new(); projects.len()];
    for index in ordered {
        let declaration = declarations[index];
        let PreparedProject { project, ctx, findings, .. } = &mut projects[declaration.project];
        let pointer = declaration.pointer();
        let value = resolve::resources::rendered(declaration.value, &pointer, ctx, resolver, findings)
            .await
            .map_err(|error| PreparationError::resolve(error, project.place(&pointer)))?;
        if let Some(name) = declaration.name.as_str() {
            resolver.declare_variable(name, value.clone());
        }
        rendered[declaration.project].insert(declaration.name.clone(), value);
    }
    for Declaration { project, name, value } in unordered.into_iter().map(|index| declarations[index]) {
        rendered[project].insert(name.clone(), value.clone());
    }
    for cycle in cycles {
        let cycle: Vec<Declaration<'_>> = cycle.into_iter().map(|index| declarations[index]).collect();
        report_cycle(&cycle, projects);
    }
    Ok(rendered)
}

/// Returns the variables that the projects declare.
fn declarations<'a>(projects: &[&'a Project]) -> Vec<Declaration<'a>> {
    let variables = |project: &'a Project| project.resources.as_ref()?.get(VARIABLES)?.as_mapping();
    let declarations = projects.iter().copied().enumerate().flat_map(|(index, project)| {
        let variables = variables(project).into_iter().flatten();
        variables.map(move |(name, value)| Declaration { project: index, name, value })
    });
    declarations.collect()
}

/// Returns, for each variable, the indexes of the variables that it refers to. If multiple projects declare a variable,
/// which is an error, the declaration in the same project takes precedence.
fn dependencies(declarations: &[Declaration<'_>]) -> Vec<BTreeSet<usize>> {
    let mut by_name: BTreeMap<&str, BTreeMap<usize, usize>> = BTreeMap::new();
    for (index, Declaration { project, name, .. }) in declarations.iter().enumerate() {
        if let Some(name) = name.as_str() {
            by_name.entry(name).or_default().insert(*project, index);
        }
    }
    let dependencies = declarations.iter().map(|declaration| {
        let names = resolve::resources::variables_used(declaration.value);
        let found = names.iter().filter_map(|name| {
            let declared = by_name.get(name.as_str())?;
            declared.get(&declaration.project).or_else(|| declared.values().next()).copied()
        });
        found.collect()
    });
    dependencies.collect()
}

/// Reports variables that refer to each other. The error is at the first variable.
fn report_cycle(cycle: &[Declaration<'_>], projects: &mut [PreparedProject<'_>]) {
    let Some((first, others)) = cycle.split_first() else { return };
    let name = |declaration: &Declaration<'_>| python::to_text(declaration.name);
    let names: Vec<String> = others.iter().map(name).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let elsewhere = others.iter().filter(|other| other.project != first.project).filter_map(|other| {
        let file = projects[other.project].file?;
        Some(format!("'{}' is declared in {file}", name(other)))
    });
    let help: Vec<String> = iter::once("remove one of the references".to_owned()).chain(elsewhere).collect();
    let message = describe_cycle(ResourceKind::Variable, &name(first), &names);
    let diagnostic = Diagnostic::error(Code::RESOURCE_VALUE, message).help(help.join("; "));
    projects[first.project].findings.at_value(&first.pointer(), diagnostic);
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use crate::{
        deployment::{Options, TestContext},
        project::ProjectFiles,
        validate::checking::findings,
    };

    /// Validates two project files together. Returns the findings.
    async fn check(first: &str, second: &str) -> Vec<String> {
        let directory = tempfile::tempdir().unwrap();
        let paths = ["a.yaml", "b.yaml"].map(PathBuf::from);
        for (path, text) in paths.iter().zip([first, second]) {
            std::fs::write(directory.path().join(path), format!("prefectl:\n  {text}\n")).unwrap();
        }
        let files = ProjectFiles::from_arguments(&paths);
        let options = Options { all: true, resources: true, files, ..Options::default() };
        let context = TestContext::new(options, &[]);
        let found = findings(&context.in_directory(directory.path())).await;
        let diagnostics = found.unwrap().into_iter().flat_map(|found| found.diagnostics);
        let shown = diagnostics.map(|found| {
            let place = found.place.as_ref().map(|place| {
                let start = place.start();
                format!("{}:{}:{}: ", place.source.name(), start.line, start.column)
            });
            format!("{}{} ({})", place.unwrap_or_default(), found.message, found.help.unwrap_or_default())
        });
        shown.collect()
    }

    #[tokio::test]
    async fn variables_of_several_files_may_use_each_other_without_cycles() {
        let cycle = "a.yaml:2:18: variable 'a' refers to itself through 'b' (remove one of the references; 'b' is \
                     declared in b.yaml)";
        for (first, second, expected) in [
            (
                "variables: {a: '{{ prefect.variables.b }}', c: 1}",
                "variables: {b: 2, d: '{{ prefect.variables.c }}'}",
                None,
            ),
            (
                "variables: {a: '{{ prefect.variables.b }}'}",
                "variables: {b: ['<< variables.a >>']}",
                Some(cycle),
            ),
            (
                "variables: {a: '{{ prefect.variables.c }}', c: 1}",
                "variables: {b: '{{ prefect.variables.b }}'}",
                Some("b.yaml:2:18: variable 'b' refers to itself (remove one of the references)"),
            ),
        ] {
            assert_eq!(check(first, second).await, Vec::from_iter(expected), "{first} {second}");
        }
    }
}
