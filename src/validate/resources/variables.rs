//! Renders the declared variables.

use crate::{
    deployment::DeployContext,
    diagnostics::{Code, Diagnostic},
    pointer::Pointer,
    project::Findings,
    resolve,
    resource::{
        ResourceKind,
        order::{DependencyOrder, describe_cycle},
    },
    template::{ResolveError, Resolver},
    value::{Mapping, Value},
};

/// Renders the declared variables, each after the variables it refers to, and adds them to the resolver. A
/// variable that refers to itself is an error.
pub(super) async fn rendered(
    variables: &Mapping,
    pointer: &Pointer,
    ctx: &DeployContext<'_>,
    resolver: &Resolver<'_>,
    findings: &mut Findings<'_>,
) -> Result<Value, ResolveError> {
    let entries: Vec<(&Value, &Value)> = variables.iter().collect();
    let position = |name: &str| entries.iter().position(|(key, _)| key.as_str() == Some(name));
    let dependencies = entries.iter().map(|(_, value)| {
        let names = resolve::resources::variables_used(value);
        names.iter().filter_map(|name| position(name)).collect()
    });
    let DependencyOrder { ordered, unordered, cycles } =
        DependencyOrder::new(&dependencies.collect::<Vec<_>>());
    let mut rendered = Mapping::new();
    for index in ordered {
        let (key, value) = entries[index];
        let pointer = pointer.join(crate::python::to_text(key));
        let value = resolve::resources::rendered(value, &pointer, ctx, resolver, findings).await?;
        key.as_str().into_iter().for_each(|name| resolver.declare_variable(name, value.clone()));
        rendered.insert(key.clone(), value);
    }
    rendered.extend(unordered.into_iter().map(|index| (entries[index].0.clone(), entries[index].1.clone())));
    for cycle in cycles {
        let names: Vec<&str> = cycle.iter().filter_map(|index| entries[*index].0.as_str()).collect();
        let Some((first, others)) = names.split_first() else { continue };
        let message = describe_cycle(ResourceKind::Variable, first, others);
        let diagnostic = Diagnostic::error(Code::RESOURCE_VALUE, message);
        findings.at_value(&pointer.join(*first), diagnostic.help("remove one of the references"));
    }
    Ok(Value::Mapping(rendered))
}
