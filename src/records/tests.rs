//! Tests for records on a server.

use futures_util::future::join_all;
use serde_json::Value as Json;

use super::*;
use crate::{api::testing::VariableServer, resource::ResourceKind};

fn deployments(ids: impl IntoIterator<Item = Uuid>, file: Option<&str>) -> Registered {
    let deployments = ids.into_iter().map(|id| (id, file.map(str::to_owned))).collect();
    Registered { deployments, resources: Vec::new() }
}

async fn read(client: &Client, project: &ProjectId) -> Registrations {
    Registrations::read(client, Some(project)).await.unwrap()
}

#[tokio::test]
async fn records_thousands_of_deployments() {
    let project = ProjectId::new(&"x".repeat(80)).unwrap();
    for count in [500, 5000] {
        let variables = VariableServer::default();
        let (_server, client) = variables.start().await;
        let all: BTreeSet<Uuid> = (0..count).map(|_| Uuid::new_v4()).collect();
        let update = async |registered: &BTreeSet<Uuid>, removed: &BTreeSet<Uuid>| {
            let registered = deployments(registered.iter().copied(), None);
            let removed = Removed { deployments: removed.clone(), ..Removed::default() };
            read(&client, &project).await.update(&client, &project, &registered, &removed).await.unwrap();
        };
        let recorded = async || -> BTreeSet<Uuid> {
            read(&client, &project).await.deployments.undeclared(&BTreeSet::new(), |_| true)
        };
        update(&all, &BTreeSet::new()).await;
        assert_eq!(recorded().await, all);
        let before = variables.values();
        assert!((count / 115..=count / 100).contains(&before.len()), "{}", before.len());
        // The other items stay in their variables.
        let mut changed = all.clone();
        let removed = BTreeSet::from_iter(changed.pop_first());
        changed.insert(Uuid::new_v4());
        update(&changed, &removed).await;
        assert_eq!(recorded().await, changed);
        let after = variables.values();
        assert!(before.iter().filter(|(name, value)| after.get(*name) != Some(value)).count() <= 2);
        update(&BTreeSet::new(), &changed).await;
        assert!(variables.values().is_empty());
    }
}

/// Runs eight concurrent deploys with file names returned by `file`. Returns the server's variables.
///
/// The server responds slowly, so all deploys read the records before any deploy writes.
async fn deploy_at_once(file: impl Fn(u128) -> String) -> BTreeMap<String, Json> {
    let variables = VariableServer::with_slow_reads();
    let (_server, client) = variables.start().await;
    let project = ProjectId::new("a").unwrap();
    let resource = |number: u128| OwnedResource {
        key: ResourceKey::new(ResourceKind::Variable, number.to_string()),
        id: Uuid::from_u128(number),
        file: Some(file(number)),
        directory: None,
    };
    let deploys = (0..8).map(|number| {
        let (client, project, resource) = (&client, &project, resource(number));
        let registered = deployments([resource.id], resource.file.as_deref());
        let registered = Registered { resources: vec![resource], ..registered };
        async move {
            let registrations = read(client, project).await;
            registrations.update(client, project, &registered, &Removed::default()).await.unwrap();
        }
    });
    join_all(deploys).await;
    let Registrations { deployments, resources } = read(&client, &project).await;
    for OwnedResource { key, id, .. } in (0..8).map(resource) {
        assert!(deployments.is_registered(id) && resources.is_registered(&key, id), "{key}");
    }
    variables.values()
}

#[tokio::test]
async fn records_all_deploys_at_the_same_time() {
    let variables = deploy_at_once(|number| format!("{number}/prefect.yaml")).await;
    assert_eq!(variables.len(), 16, "each file has its own variables: {variables:?}");
    deploy_at_once(|_| "prefect.yaml".to_owned()).await;
}
