//! A client for the real server that tests share.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::{Output, Sandbox, required_env};

/// A minimal API client. Tests use it to inspect the server after a command.
pub(crate) struct Api {
    url: String,
    client: reqwest::Client,
    runtime: Runtime,
}

impl Api {
    /// Connects to the server at `PREFECTL_TEST_API_URL`.
    pub(crate) fn from_env() -> Result<Self> {
        let url = required_env("PREFECTL_TEST_API_URL")?;
        // Another test in this process may already have installed the provider.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { url, client, runtime })
    }

    /// Creates a sandbox with the prefect.yaml `project`, and the process work pool `pool-UNIQUE`.
    pub(crate) fn sandbox(&self, project: &str) -> Result<Sandbox> {
        let sandbox = Sandbox::for_project(&self.url, project)?;
        sandbox.run("work-pool create pool-UNIQUE --type process").and_then(Output::success)?;
        Ok(sandbox)
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    fn send(&self, method: &Method, path: &str, body: Option<&Value>) -> Result<Option<Value>> {
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        let (status, text) = self.runtime.block_on(send_with_retries(&request))?;
        if status == 404 {
            return Ok(None);
        }
        ensure!(status.is_success(), "{method} {path} was answered with {status}: {text}");
        Ok(Some(if text.is_empty() { Value::Null } else { serde_json::from_str(&text)? }))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.send(&Method::POST, path, Some(body))?.with_context(|| format!("{path} is not there"))
    }

    /// Returns the JSON at a path, or `None` if the server responds with 404.
    pub(crate) fn get(&self, path: &str) -> Result<Option<Value>> {
        self.send(&Method::GET, path, None)
    }

    pub(crate) fn patch(&self, path: &str, body: &Value) -> Result<()> {
        self.send(&Method::PATCH, path, Some(body))?;
        Ok(())
    }

    pub(crate) fn delete(&self, path: &str) -> Result<()> {
        self.send(&Method::DELETE, path, None)?;
        Ok(())
    }

    /// Returns the deployment `flow/name`, or `None` if it does not exist.
    pub(crate) fn deployment(&self, sandbox: &Sandbox, name: &str) -> Result<Option<Value>> {
        self.send(&Method::GET, &format!("/deployments/name/{}", sandbox.unique(name)), None)
    }

    /// Returns the deployment `flow/name`. Fails if it does not exist.
    pub(crate) fn existing(&self, sandbox: &Sandbox, name: &str) -> Result<Value> {
        self.deployment(sandbox, name)?.with_context(|| format!("there is no deployment {name}"))
    }

    /// Returns the names of the sandbox's flows and deployments on the server.
    pub(crate) fn registered(&self, sandbox: &Sandbox) -> Result<Vec<String>> {
        let unique = sandbox.unique("UNIQUE");
        let mut names = Vec::new();
        let like = json!({"flows": {"name": {"like_": unique}}});
        for (path, body) in [("/flows/filter", &like), ("/deployments/filter", &like)] {
            let found = self.post(path, body)?;
            names.extend(found.as_array().context("a list")?.iter().map(|item| item["name"].clone()));
        }
        names.iter().map(|name| Ok(name.as_str().context("a name")?.replace(&unique, "UNIQUE"))).collect()
    }

    /// Returns the automations that belong to a deployment, sorted by name.
    pub(crate) fn automations(&self, deployment: &Value) -> Result<Vec<Value>> {
        let id = deployment["id"].as_str().context("an id")?;
        let path = format!("/automations/related-to/prefect.deployment.{id}");
        let found = self.send(&Method::GET, &path, None)?.context("no automations API")?;
        let mut automations = found.as_array().context("a list")?.clone();
        automations.sort_by_key(|item| item["name"].as_str().unwrap_or_default().to_owned());
        Ok(automations)
    }
}

/// Sends a request. Retries while the server responds with 503, as a busy server on SQLite does.
async fn send_with_retries(request: &RequestBuilder) -> Result<(StatusCode, String)> {
    for _ in 0..20 {
        let response = request.try_clone().context("the body is in memory")?.send().await?;
        if response.status() != StatusCode::SERVICE_UNAVAILABLE {
            return Ok((response.status(), response.text().await?));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    bail!("the server stays busy")
}
