use super::*;
use crate::{environment::Environment, progress::Silent, steps::testing::TestContext};

fn step(yaml: &str) -> Result<PushDockerImage, StepError> {
    Inputs::parse(serde_yaml::from_str(yaml).unwrap()).map(|inputs| PushDockerImage { inputs })
}

async fn credentials(yaml: &str, config: &str) -> Result<Option<Credentials>, StepError> {
    let step = step(yaml)?;
    let test = TestContext { environment: Environment::default(), ..TestContext::new("/", &Silent) };
    let name = ImageName::parse(&step.inputs.image_name, None).unwrap();
    step.credentials(&test.context(), &serde_json::from_str(config).unwrap(), &name).await
}

fn password(username: &str, password: &str) -> Credentials {
    Credentials::Password { username: username.to_owned(), password: Secret::new(password) }
}

#[tokio::test]
async fn uses_credentials_only_for_their_registry() {
    let config = r#"{"auths": {"ghcr.io": {"username": "file", "password": "f"}}}"#;
    let cases = [
        ("{image_name: ghcr.io/t/i}", Some(password("file", "f"))),
        ("{image_name: t/i}", None),
        (
            "{image_name: ghcr.io/t/i, credentials: {username: u, password: p, registry_url: 'https://ghcr.io'}}",
            Some(password("u", "p")),
        ),
        // An image without a registry in its name is pushed to Docker Hub.
        (
            "{image_name: t/i, credentials: {username: u, password: p, reauth: true}}",
            Some(password("u", "p")),
        ),
        ("{image_name: ghcr.io/t/i, credentials: {username: u, password: p}}", Some(password("file", "f"))),
    ];
    for (yaml, expected) in cases {
        assert_eq!(credentials(yaml, config).await.unwrap(), expected, "{yaml}");
    }
    let error = credentials("{image_name: t/i, credentials: {username: u}}", config).await.unwrap_err();
    assert!(matches!(error, StepError::Input { key: Some(key), .. } if key == "credentials"));
}

#[test]
fn returns_prefects_outputs_and_the_digest() {
    let step = step("{image_name: r/i, tag: 7, additional_tags: [latest]}").unwrap();
    let name = ImageName::parse("r/i", None).unwrap();
    let tag = Tag::of(step.inputs.tag.as_ref());
    let outputs = step.outputs(&name, tag.as_ref(), Some("sha256:1".to_owned()), false);
    let expected = "{image_name: r/i, tag: 7, image: 'r/i:7', additional_tags: [latest], digest: 'sha256:1',
                     image_by_digest: 'r/i@sha256:1', reused: false}";
    assert_eq!(outputs, serde_yaml::from_str::<Mapping>(expected).unwrap());
    let keys: Vec<&str> = outputs.keys().filter_map(Value::as_str).collect();
    assert_eq!(keys, ENTRY.outputs);
}

#[test]
fn accepts_a_tag_in_the_name() {
    let inputs = step("{image_name: 'localhost:5000/i:v1'}").unwrap().inputs;
    assert_eq!((inputs.image_name.as_str(), inputs.tag), ("localhost:5000/i", Some("v1".into())));
    assert!(step("{image_name: 'r/i:v1', tag: v2}").is_err());
    assert!(step("{image_name: r/i, tag: 'a b'}").is_err());
}
