//! Tests of pagination.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use uuid::Uuid;
use wiremock::{Mock, Request, matchers::path};

use super::{answer, in_turn, server};
use crate::api::{DeploymentFilter, DeploymentName, JsonObject, flows::Flow};

/// Reads all deployments while `change` modifies the list after the first page. Returns the IDs and the
/// request bodies.
async fn read_while(change: fn(&mut Vec<u128>)) -> (Vec<u128>, Vec<Value>) {
    let (server, client, _) = server().await;
    let list = std::sync::Mutex::new((0..400).collect::<Vec<u128>>());
    let page = move |request: &Request| {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let [offset, limit] =
            ["offset", "limit"].map(|key| usize::try_from(body[key].as_u64().unwrap()).unwrap());
        let mut list = list.lock().unwrap();
        let page: Vec<Value> = (list.iter().skip(offset).take(limit))
            .map(|n| json!({"id": Uuid::from_u128(*n), "name": "d", "flow_id": Uuid::nil(), "paused": false}))
            .collect();
        if offset == 0 && list.len() == 400 {
            change(&mut list);
        }
        answer(200, page.into())
    };
    Mock::given(path("/api/deployments/filter")).respond_with(page).mount(&server).await;
    let filter = DeploymentFilter { flow_names: vec!["hello".into()], ..DeploymentFilter::default() };
    let found =
        client.deployments(&filter).await.unwrap().iter().map(|deployment| deployment.id.as_u128()).collect();
    let requests = server.received_requests().await.unwrap();
    (found, requests.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect())
}

#[tokio::test]
async fn reads_every_object_once_while_the_list_changes() {
    let all: Vec<u128> = (0..400).collect();
    let (found, bodies) = read_while(|_| {}).await;
    assert_eq!((found, bodies.len()), (all.clone(), 3));
    assert_eq!(
        bodies[1],
        json!({"flows": {"name": {"any_": ["hello"]}}, "sort": "CREATED_DESC", "limit": 200, "offset": 199})
    );
    // The first case inserts two objects at the front. The second case deletes three objects on the first page.
    let (found, _) = read_while(|list| drop(list.splice(0..0, [1000, 1001]))).await;
    assert_eq!(found, all);
    let (mut found, _) = read_while(|list| drop(list.drain(50..53))).await;
    found.sort_unstable();
    assert_eq!(found, all, "objects deleted during the read are still returned");
    let (mut found, _) = read_while(|list| list.truncate(100)).await;
    found.sort_unstable();
    assert_eq!(found, all[..200]);
}

#[tokio::test]
async fn endless_pages_are_an_error() {
    let (server, client, _) = server().await;
    let page = |_: &Request| {
        let flow = |_| json!({"id": Uuid::new_v4(), "name": "f"});
        answer(200, (0..200).map(flow).collect())
    };
    Mock::given(path("/api/flows/filter")).respond_with(page).mount(&server).await;
    let read = |left| client.filter_within::<Flow>(&["flows", "filter"], JsonObject::new(), usize::MAX, left);
    let error = read(1 << 20).await.unwrap_err().to_string();
    assert_eq!(error, "invalid response to flows/filter: the server returned too many objects");
    assert_eq!(server.received_requests().await.unwrap().len(), 6);
}

#[tokio::test]
async fn splits_many_names_into_several_requests() {
    let (server, client, _) = server().await;
    let found = json!([{"id": Uuid::from_u128(1), "name": "d0", "flow_id": Uuid::nil()}]);
    Mock::given(path("/api/deployments/filter")).respond_with(answer(200, found)).mount(&server).await;
    let names = (0..1000).map(|n| DeploymentName::new(format!("flow-{}", n % 7), format!("d{n}"))).collect();
    assert_eq!(
        client.deployments_named(&names, |deployment| deployment).await.unwrap().len(),
        1,
        "nothing appears twice"
    );
    let mut asked = BTreeSet::new();
    for request in server.received_requests().await.unwrap() {
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let names = body["deployments"]["name"]["any_"].as_array().unwrap();
        assert!(names.len() <= 150 && body["flows"]["name"]["any_"].as_array().unwrap().len() <= 7);
        asked.extend(names.iter().map(|name| name.as_str().unwrap().to_owned()));
    }
    assert_eq!(asked.len(), 1000);
}

#[tokio::test]
async fn follows_the_page_limit_of_the_server() {
    let (server, client, _) = server().await;
    let refusal = answer(422, json!({"detail": "Invalid limit: must be less than or equal to 1."}));
    let page = |n: u128| answer(200, json!([{"id": Uuid::from_u128(n), "name": "f"}]));
    let answers = in_turn([refusal, page(1), page(2), answer(200, json!([]))]);
    Mock::given(path("/api/flows/filter")).respond_with(answers).mount(&server).await;
    assert_eq!(client.flows_by_name(&["f".into()]).await.unwrap().len(), 2);
}
