//! Tests of the connection to the API: proxies and certificates.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::Arc,
    thread,
};

use anyhow::Result;
use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::support::{FaultServer, Sandbox};

#[test]
fn uses_the_proxy_from_the_environment() -> Result<()> {
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
fn warns_about_unchecked_certificates() -> Result<()> {
    let sandbox = Sandbox::new()?
        .variable("PREFECT_API_URL", "https://127.0.0.1:1/api")
        .variable("PREFECT_CLIENT_MAX_RETRIES", "0")
        .variable("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "true");
    let output = sandbox.run("work-pool ls")?;
    assert_eq!(output.code, 6);
    assert!(output.stderr.contains("certificates are not verified"), "{output}");
    let plain = sandbox.variable("PREFECT_API_URL", "http://127.0.0.1:1/api").run("work-pool ls")?;
    assert!(!plain.stderr.contains("certificates"), "{plain}");
    Ok(())
}

#[test]
fn no_proxy_exempts_hosts_in_every_form() -> Result<()> {
    let server = FaultServer::start()?;
    let url = server.url();
    let port = url.trim_end_matches("/api").rsplit(':').next().unwrap_or_default().to_owned();
    for no_proxy in ["*", "127.0.0.1", &format!("127.0.0.1:{port}"), "10.0.0.0/8, 127.0.0.0/8"] {
        let sandbox = Sandbox::new()?
            .variable("PREFECT_API_URL", server.url())
            .variable("PREFECT_CLIENT_MAX_RETRIES", "0")
            .variable("HTTP_PROXY", "http://127.0.0.1:9")
            .variable("NO_PROXY", no_proxy);
        sandbox.run("work-pool ls")?.success()?;
    }
    Ok(())
}

#[test]
fn proxy_errors_name_the_proxy() -> Result<()> {
    let sandbox = Sandbox::new()?
        .variable("PREFECT_API_URL", "http://127.0.0.1:1/api")
        .variable("PREFECT_CLIENT_MAX_RETRIES", "0")
        .variable("HTTP_PROXY", "http://user:hunter2@127.0.0.1:9");
    let output = sandbox.run("work-pool ls")?;
    assert_eq!(output.code, 6, "{output}");
    assert!(output.stderr.contains("cannot reach the proxy http://127.0.0.1:9 (HTTP_PROXY)"), "{output}");
    assert!(!output.stderr.contains("hunter2"), "{output}");
    Ok(())
}

#[test]
fn accepts_a_certificate_without_alternative_names_only_if_pinned() -> Result<()> {
    let server = PrivateServer::self_signed("localhost")?;
    let pinned = server.sandbox()?.variable("PREFECT_API_SSL_CERT_FILE", "authority.pem");
    pinned.run("work-pool ls")?.success()?;

    let other = PrivateServer::self_signed("other.example")?;
    let other_name = other.sandbox()?.variable("PREFECT_API_SSL_CERT_FILE", "authority.pem");
    let output = other_name.run("work-pool ls")?;
    assert_eq!(output.code, 6, "{output}");
    assert!(output.stderr.contains("-addext \"subjectAltName=DNS:localhost\""), "{output}");
    Ok(())
}

/// An unknown certificate authority, and a server with a certificate from this authority. The server has no work pools.
struct PrivateServer {
    port: u16,
    /// The authority's certificate, in PEM format.
    authority: String,
}

impl PrivateServer {
    /// Starts a server with a self-signed certificate that has a common name and no subject alternative names.
    fn self_signed(common_name: &str) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.distinguished_name.push(DnType::CommonName, common_name);
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        Self::serve(&certificate, &key, certificate.pem())
    }

    fn start(name: &str) -> Result<Self> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let key = KeyPair::generate()?;
        let certificate = CertificateParams::new(vec![name.to_owned()])?.signed_by(&key, &authority)?;
        Self::serve(&certificate, &key, authority.pem())
    }

    fn serve(certificate: &Certificate, key: &KeyPair, authority: String) -> Result<Self> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let config = Arc::new(config);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Ok(connection) = ServerConnection::new(Arc::clone(&config)) else { return };
                let mut stream = StreamOwned::new(connection, stream);
                // A client that does not trust the certificate closes the connection.
                if stream.read(&mut [0; 4096]).is_ok() {
                    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\
                                  connection: close\r\n\r\n[]";
                    let _ = stream.write_all(answer.as_bytes());
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        Ok(Self { port, authority })
    }

    fn sandbox(&self) -> Result<Sandbox> {
        let sandbox = Sandbox::new()?
            .variable("PREFECT_API_URL", format!("https://localhost:{}/api", self.port))
            .variable("PREFECT_CLIENT_MAX_RETRIES", "0");
        sandbox.file("authority.pem", &self.authority)?;
        Ok(sandbox)
    }
}

#[test]
fn trusts_a_private_certificate_authority_only_if_configured() -> Result<()> {
    let server = PrivateServer::start("localhost")?;
    let unknown = server.sandbox()?.run("work-pool ls")?;
    assert_eq!(unknown.code, 6, "{unknown}");
    assert!(unknown.stderr.contains("PREFECT_API_SSL_CERT_FILE"), "{unknown}");
    let doctor = server.sandbox()?.run("doctor")?;
    assert!(doctor.code == 6 && doctor.stdout.contains("PREFECT_API_SSL_CERT_FILE"), "{doctor}");

    for setting in ["PREFECT_API_SSL_CERT_FILE", "SSL_CERT_FILE"] {
        let trusted = server.sandbox()?.variable(setting, "authority.pem").run("work-pool ls")?.success()?;
        assert!(trusted.stdout.contains("No work pools found."), "{setting}: {trusted}");
    }
    let skipped = server.sandbox()?.variable("PREFECT_API_TLS_INSECURE_SKIP_VERIFY", "true");
    let skipped = skipped.run("work-pool ls")?.success()?;
    assert!(skipped.stderr.contains("certificates are not verified"), "{skipped}");

    let another = PrivateServer::start("localhost")?;
    let other = server.sandbox()?;
    other.file("authority.pem", &another.authority)?;
    let other = other.variable("PREFECT_API_SSL_CERT_FILE", "authority.pem").run("work-pool ls")?;
    assert_eq!(other.code, 6, "{other}");

    let elsewhere = PrivateServer::start("prefect.invalid")?.sandbox()?;
    let elsewhere = elsewhere.variable("PREFECT_API_SSL_CERT_FILE", "authority.pem").run("work-pool ls")?;
    assert_eq!(elsewhere.code, 6, "{elsewhere}");
    Ok(())
}
