//! The way to the API: proxies, and what is left out on the way to others.

use anyhow::Result;

use crate::support::{FaultServer, Sandbox};

#[test]
fn requests_go_through_the_proxy_of_the_environment() -> Result<()> {
    let proxy = FaultServer::start()?;
    let proxy_url = proxy.url();
    let proxy_url = proxy_url.trim_end_matches("/api");
    let sandbox = Sandbox::new()?
        .variable("PREFECT_API_URL", "http://prefect.invalid/api")
        .variable("PREFECT_CLIENT_MAX_RETRIES", "0")
        .variable("HTTP_PROXY", proxy_url);
    sandbox.run("work-pool ls")?.success()?;
    assert_eq!(proxy.requests(), ["POST http://prefect.invalid/api/work_pools/filter"]);

    let past_it = sandbox.variable("NO_PROXY", "prefect.invalid").run("work-pool ls")?;
    assert_eq!(past_it.code, 6, "{past_it}");
    assert_eq!(proxy.requests().len(), 1);
    Ok(())
}

#[test]
fn certificates_that_are_not_checked_are_told() -> Result<()> {
    let sandbox = Sandbox::new()?
        .variable("PREFECT_API_URL", "https://127.0.0.1:1/api")
        .variable("PREFECT_CLIENT_MAX_RETRIES", "0")
        .variable("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "true");
    let output = sandbox.run("work-pool ls")?;
    assert_eq!(output.code, 6);
    assert!(output.stderr.contains("certificates are not checked"), "{output}");
    let plain = sandbox.variable("PREFECT_API_URL", "http://127.0.0.1:1/api").run("work-pool ls")?;
    assert!(!plain.stderr.contains("certificates"), "{plain}");
    Ok(())
}
