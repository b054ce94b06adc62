//! Secrets in settings of every source, with connections that fail.

use serde_json::json;

use super::super::{Proof, Scene, Shape, Source, source};
use crate::support::{Fault, FaultPlan};

const LIST: &str = "work-pool ls";
const DEPLOY: &str = "deploy --all";
const DEPLOY_JSON: &str = "deploy --all --output json";
const VIEW: &str = "config view";
const VIEW_ALL: &str = "config view --show-defaults --output json";
const PROFILES: &str = "../prefect/profiles.toml";

/// Makes the server reject requests with an error that repeats the request.
fn echoing(scene: Scene) -> Scene {
    scene.server.fail(Some(FaultPlan { fault: Fault::Echo, at: 0, lasting: true }));
    scene
}

/// Returns profiles with the active profile `mine`, and a setting in the named profile.
fn profile(name: &str, setting: &str, value: &str) -> String {
    let other = if name == "mine" { "" } else { "[profiles.mine]\n" };
    format!("active = \"mine\"\n{other}[profiles.{name}]\n{setting} = {}\n", json!(value))
}

fn header(secret: &str) -> String {
    json!({"X-Gate": secret}).to_string()
}

pub(super) const SOURCES: &[Source] = &[
    source(
        "the API key of the environment",
        (Shape::Plain, Proof::Sent),
        &[LIST, DEPLOY, DEPLOY_JSON, VIEW, VIEW_ALL, "doctor", "doctor --output json", "config validate"],
        |scene, secret| Ok(scene.variable("PREFECT_API_KEY", secret)),
    ),
    source(
        "the auth string of the environment",
        (Shape::Odd, Proof::Sent),
        &[LIST, DEPLOY, DEPLOY_JSON, VIEW, VIEW_ALL, "doctor"],
        |scene, secret| Ok(scene.variable("PREFECT_API_AUTH_STRING", &format!("me:{secret}"))),
    ),
    source(
        "a custom header of the environment",
        (Shape::Plain, Proof::Sent),
        &[LIST, DEPLOY, VIEW, VIEW_ALL],
        |scene, secret| Ok(scene.variable("PREFECT_CLIENT_CUSTOM_HEADERS", &header(secret))),
    ),
    source(
        "the API key of the profile",
        (Shape::Plain, Proof::Sent),
        &[LIST, VIEW, VIEW_ALL, "profile inspect", "profile inspect --output json", "profile ls"],
        |scene, secret| scene.file(PROFILES, &profile("mine", "PREFECT_API_KEY", secret)),
    ),
    source(
        "the auth string of the profile",
        (Shape::Odd, Proof::Sent),
        &[LIST, VIEW, VIEW_ALL, "profile inspect mine"],
        |scene, secret| {
            scene.file(PROFILES, &profile("mine", "PREFECT_API_AUTH_STRING", &format!("me:{secret}")))
        },
    ),
    source(
        "a custom header of the profile",
        (Shape::Plain, Proof::Sent),
        &[LIST, VIEW, VIEW_ALL, "profile inspect mine"],
        |scene, secret| {
            scene.file(PROFILES, &profile("mine", "PREFECT_CLIENT_CUSTOM_HEADERS", &header(secret)))
        },
    ),
    source(
        "the key of another profile",
        (Shape::Odd, Proof::Kept),
        &[LIST, VIEW, "profile ls", "profile inspect other", "profile create third --from other"],
        |scene, secret| scene.file(PROFILES, &profile("other", "PREFECT_API_KEY", secret)),
    ),
    source(
        "an unknown setting of the profile",
        (Shape::Plain, Proof::Kept),
        &[LIST, VIEW, "profile inspect"],
        |scene, secret| scene.file(PROFILES, &profile("mine", "PREFECT_TEAM_PASSPHRASE", secret)),
    ),
    source(
        "the key in .env",
        (Shape::Plain, Proof::Sent),
        &[LIST, VIEW, VIEW_ALL, DEPLOY],
        |scene, secret| scene.file(".env", &format!("PREFECT_API_KEY={secret}\n")),
    ),
    source(
        "the key in prefect.toml",
        (Shape::Plain, Proof::Sent),
        &[LIST, VIEW, VIEW_ALL, DEPLOY],
        |scene, secret| scene.file("prefect.toml", &format!("[api]\nkey = \"{secret}\"\n")),
    ),
    source(
        "the key in pyproject.toml",
        (Shape::Plain, Proof::Sent),
        &[LIST, VIEW, VIEW_ALL, DEPLOY],
        |scene, secret| scene.file("pyproject.toml", &format!("[tool.prefect.api]\nkey = \"{secret}\"\n")),
    ),
    source("broken TOML beside the key", (Shape::Plain, Proof::Refused), &[VIEW, LIST], |scene, secret| {
        scene.file("prefect.toml", &format!("[api]\nkey = \"{secret}\n"))
    }),
    source(
        "the password of the server's database",
        (Shape::Odd, Proof::Kept),
        &[LIST, VIEW, VIEW_ALL],
        |scene, secret| Ok(scene.variable("PREFECT_SERVER_DATABASE_PASSWORD", secret)),
    ),
    source(
        "the address of the server's database",
        (Shape::Plain, Proof::Kept),
        &[LIST, "profile inspect", VIEW],
        |scene, secret| {
            let url = format!("postgresql+asyncpg://prefect:{secret}@db/prefect");
            scene.file(PROFILES, &profile("mine", "PREFECT_API_DATABASE_CONNECTION_URL", &url))
        },
    ),
    source(
        "a login in the API URL",
        (Shape::Plain, Proof::Sent),
        &[LIST, DEPLOY, DEPLOY_JSON, VIEW, VIEW_ALL, "doctor", "doctor --output json"],
        |scene, secret| {
            let url = scene.server.url().replace("://", &format!("://me:{secret}@"));
            Ok(scene.variable("PREFECT_API_URL", &url))
        },
    ),
    source(
        "a login in the URL of an API that is not there",
        (Shape::Plain, Proof::Refused),
        &[VIEW, DEPLOY, "doctor", LIST],
        |scene, secret| Ok(scene.variable("PREFECT_API_URL", &format!("http://me:{secret}@127.0.0.1:1/api"))),
    ),
    source(
        "a login in an API URL that cannot be used",
        (Shape::Plain, Proof::Refused),
        &[VIEW, DEPLOY, "doctor", LIST],
        |scene, secret| Ok(scene.variable("PREFECT_API_URL", &format!("me:{secret}@127.0.0.1:1/api"))),
    ),
    source(
        "a key that no header can carry",
        (Shape::Plain, Proof::Refused),
        &[VIEW, LIST],
        |scene, secret| Ok(scene.variable("PREFECT_API_KEY", &format!("{secret}\nx"))),
    ),
    source(
        "custom headers that cannot be read",
        (Shape::Plain, Proof::Refused),
        &[VIEW, LIST],
        |scene, secret| {
            Ok(scene.variable("PREFECT_CLIENT_CUSTOM_HEADERS", &format!("{{\"X-Gate\": {secret}}}")))
        },
    ),
    source(
        "a key that is set",
        (Shape::Plain, Proof::Sent),
        &["config set PREFECT_API_KEY=CANARY", VIEW, "profile inspect", LIST],
        |scene, _| scene.file(PROFILES, ""),
    ),
    source(
        "an auth string that is set and unset",
        (Shape::Plain, Proof::Kept),
        &["config set PREFECT_API_AUTH_STRING=me:CANARY", VIEW, "config unset PREFECT_API_AUTH_STRING"],
        |scene, _| scene.file(PROFILES, ""),
    ),
    source(
        "a key that Cloud refuses",
        (Shape::Plain, Proof::Refused),
        &["cloud login --key pnu_CANARY --workspace a/b"],
        |scene, _| {
            let scene = echoing(scene);
            let url = scene.server.url();
            Ok(scene.variable("PREFECT_CLOUD_API_URL", &url))
        },
    ),
    source(
        "the password of a proxy that is not there",
        (Shape::Plain, Proof::Refused),
        &["doctor", LIST],
        |scene, secret| {
            let proxy = format!("http://me:{secret}@127.0.0.1:1");
            Ok(scene.variable("HTTP_PROXY", &proxy).variable("PREFECT_API_URL", "http://prefect.invalid/api"))
        },
    ),
    source(
        "a key that the server repeats",
        (Shape::Plain, Proof::Refused),
        &[DEPLOY, DEPLOY_JSON, "doctor", LIST],
        |scene, secret| Ok(echoing(scene).variable("PREFECT_API_KEY", secret)),
    ),
    source(
        "an auth string that the server repeats",
        (Shape::Odd, Proof::Refused),
        &[DEPLOY, DEPLOY_JSON, "doctor", LIST],
        |scene, secret| Ok(echoing(scene).variable("PREFECT_API_AUTH_STRING", &format!("me:{secret}"))),
    ),
];
