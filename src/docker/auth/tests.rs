use super::*;

fn config(text: &str) -> Config {
    serde_json::from_str(text).unwrap()
}

fn password(username: &str, password: &str) -> Credentials {
    Credentials::Password { username: username.to_owned(), password: Secret::new(password) }
}

async fn get(config: &Config, registry: &str) -> Option<Credentials> {
    let environment = Environment::default();
    CredentialStore { config, environment: &environment }.get(registry).await.unwrap()
}

#[test]
fn recognizes_registries_by_their_host() {
    for (registry, expected) in [
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io/", "ghcr.io"),
        ("http://127.0.0.1:5000/v2/", "127.0.0.1:5000"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("index.docker.io", "docker.io"),
        ("docker.io", "docker.io"),
        ("", "docker.io"),
    ] {
        assert_eq!(registry_host(registry), expected, "{registry}");
    }
    assert_eq!(key("docker.io"), "https://index.docker.io/v1/");
    assert_eq!(key("https://ghcr.io/v1/"), "ghcr.io");
}

#[tokio::test]
async fn reads_credentials_from_the_configuration() {
    // Encoded credentials: `me:pass:word`, and `you:secret` followed by a NUL character.
    let config = config(
        r#"{"auths": {
            "https://index.docker.io/v1/": {"auth": "bWU6cGFzczp3b3Jk"},
            "ghcr.io": {"auth": "eW91OnNlY3JldAA="},
            "r1.example": {"identitytoken": "token", "auth": "bWU6"},
            "r2.example": {"registrytoken": "bearer"},
            "r3.example": {},
            "r4.example": {"username": "u", "password": "p"}
        }}"#,
    );
    assert_eq!(get(&config, "docker.io").await, Some(password("me", "pass:word")));
    assert_eq!(get(&config, "ghcr.io").await, Some(password("you", "secret")));
    assert_eq!(get(&config, "r1.example").await, Some(Credentials::IdentityToken(Secret::new("token"))));
    assert_eq!(get(&config, "r2.example").await, Some(Credentials::RegistryToken(Secret::new("bearer"))));
    assert_eq!(get(&config, "r3.example").await, None);
    assert_eq!(get(&config, "r4.example").await, Some(password("u", "p")));
    assert_eq!(get(&config, "elsewhere.example").await, None);
}

#[tokio::test]
async fn errors_name_the_registry_but_not_the_credentials() {
    let config = config(r#"{"auths": {"ghcr.io": {"auth": "!!!secret"}}}"#);
    let environment = Environment::default();
    let store = CredentialStore { config: &config, environment: &environment };
    let error = store.get("ghcr.io").await.unwrap_err().to_string();
    assert_eq!(error, "the Docker configuration has no valid credentials for 'ghcr.io'");
    let (found, errors) = store.all().await;
    assert!(found.is_empty());
    assert_eq!(errors.len(), 1);
}

#[test]
fn converts_credentials_for_the_engine() {
    let sent = password("me", "pw").for_engine("docker.io");
    assert_eq!(sent.username.as_deref(), Some("me"));
    assert_eq!(sent.password.as_deref(), Some("pw"));
    assert_eq!(sent.serveraddress.as_deref(), Some("https://index.docker.io/v1/"));
    assert_eq!(sent.identitytoken, None);
    assert_eq!(format!("{:?}", password("me", "pw")).matches("pw").count(), 0);
}

/// Tests with credential helpers that are implemented as shell scripts.
#[cfg(unix)]
mod helpers {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// Credential helper that has credentials for `known.example` and Docker Hub and fails for
    /// `broken.example`. The helper has no credentials for other registries.
    const SCRIPT: &str = r#"#!/bin/sh
case "$1" in
list) echo '{"known.example": "someone", "https://index.docker.io/v1/": "<token>"}'; exit ;;
esac
read -r registry
case "$registry" in
known.example) echo '{"ServerURL": "known.example", "Username": "someone", "Secret": "pw"}' ;;
https://index.docker.io/v1/) echo '{"Username": "<token>", "Secret": "identity"}' ;;
broken.example) echo 'the keychain is locked'; exit 1 ;;
*) echo 'credentials not found in native keychain'; exit 1 ;;
esac
"#;

    fn environment() -> (tempfile::TempDir, Environment) {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker-credential-test");
        std::fs::write(&program, SCRIPT).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:/usr/bin:/bin", folder.path().display());
        (folder, [("PATH", path)].into_iter().collect())
    }

    #[tokio::test]
    async fn uses_the_helper_of_a_registry_or_the_default_helper() {
        let (_folder, environment) = environment();
        let config = config(
            r#"{"credsStore": "test", "credHelpers": {"other.example": "absent"},
                "auths": {"fallback.example": {"username": "u", "password": "p"}}}"#,
        );
        let store = CredentialStore { config: &config, environment: &environment };
        assert_eq!(store.get("known.example").await.unwrap(), Some(password("someone", "pw")));
        let identity = Credentials::IdentityToken(Secret::new("identity"));
        assert_eq!(store.get("docker.io").await.unwrap(), Some(identity));
        assert_eq!(store.get("fallback.example").await.unwrap(), Some(password("u", "p")));
        assert_eq!(store.get("unknown.example").await.unwrap(), None);

        let error = store.get("broken.example").await.unwrap_err().to_string();
        assert_eq!(error, "the credential helper docker-credential-test failed: the keychain is locked");
        let error = store.get("other.example").await.unwrap_err().to_string();
        assert!(error.starts_with("the credential helper docker-credential-absent failed: "), "{error}");
    }

    #[tokio::test]
    async fn returns_all_credentials_despite_errors() {
        let (_folder, environment) = environment();
        let config = config(
            r#"{"credsStore": "test", "credHelpers": {"other.example": "absent"},
                "auths": {"fallback.example": {"username": "u", "password": "p"}, "known.example": {}}}"#,
        );
        let (found, errors) = CredentialStore { config: &config, environment: &environment }.all().await;
        let mut registries: Vec<&str> = found.keys().map(String::as_str).collect();
        registries.sort_unstable();
        assert_eq!(registries, ["docker.io", "fallback.example", "known.example"]);
        assert_eq!(errors.len(), 1);
    }
}
