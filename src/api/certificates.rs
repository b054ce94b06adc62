//! TLS configuration that trusts only the certificates in a file.

use std::{path::Path, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
    server::ParsedCertificate,
};

use crate::fs;

/// Creates a TLS configuration that trusts only the certificates in a PEM file.
///
/// # Errors
///
/// Returns the reason as a string if the file cannot be read or contains no valid certificate.
pub(super) fn trusting(path: &Path, provider: Arc<CryptoProvider>) -> Result<ClientConfig, String> {
    let pem = fs::read_bytes(path).map_err(|error| error.source.to_string())?;
    let trusted: Vec<_> = CertificateDer::pem_slice_iter(&pem)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("invalid PEM: {error}"))?;
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(trusted.iter().cloned());
    if usable == 0 {
        return Err("the file does not contain a certificate".to_owned());
    }
    let chains = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
    let chains = chains.build().map_err(|error| error.to_string())?;
    let mut tls = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(FileVerifier { trusted, chains }))
        .with_no_client_auth();
    tls.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(tls)
}

/// Certificate verifier that also accepts a server certificate listed in the trusted file itself.
///
/// Standard verification rejects server certificates that are marked as certificate authorities. `openssl req
/// -x509` creates such certificates by default, and Prefect's Python client accepts them.
#[derive(Debug)]
struct FileVerifier {
    trusted: Vec<CertificateDer<'static>>,
    chains: Arc<WebPkiServerVerifier>,
}

impl FileVerifier {
    /// Checks whether the trusted file contains exactly this certificate.
    fn is_pinned(&self, certificate: &CertificateDer<'_>) -> bool {
        self.trusted.iter().any(|trusted| trusted == certificate)
    }
}

/// Checks whether the certificate was rejected only because it has no subject alternative names.
fn is_nameless(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. })
            if presented.is_empty()
    )
}

/// Checks whether the common name of a certificate matches the server name.
///
/// Many tutorials create certificates without subject alternative names. The verifier accepts these certificates only
/// if the trusted file contains them.
fn has_common_name(certificate: &CertificateDer<'_>, server_name: &ServerName<'_>) -> bool {
    // DER encoding of the object identifier 2.5.4.3 (common name). The name's type, length and bytes follow.
    const COMMON_NAME: [u8; 5] = [0x06, 0x03, 0x55, 0x04, 0x03];
    let host = server_name.to_str();
    certificate.windows(COMMON_NAME.len()).enumerate().filter(|(_, bytes)| *bytes == COMMON_NAME).any(
        |(at, _)| {
            let rest = &certificate[at + COMMON_NAME.len()..];
            let Some([_, length]) = rest.get(..2) else { return false };
            rest.get(2..2 + usize::from(*length))
                .is_some_and(|name| name.eq_ignore_ascii_case(host.as_bytes()))
        },
    )
}

impl ServerCertVerifier for FileVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The wrapped verifier has already checked the validity period.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if self.is_pinned(end_entity) => {
                match verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name) {
                    Err(error) if !is_nameless(&error) || !has_common_name(end_entity, server_name) => {
                        Err(error)
                    }
                    _ => Ok(ServerCertVerified::assertion()),
                }
            }
            Err(error)
                if is_nameless(&error)
                    && self.is_pinned(end_entity)
                    && has_common_name(end_entity, server_name) =>
            {
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::TcpListener,
        path::PathBuf,
    };

    use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivateKeyDer};

    use crate::api::{ApiError, ClientOptions, testing};

    use super::*;

    fn data(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls").join(name)
    }

    /// Starts a TLS server with a self-signed certificate that responds to every request with a flow. Returns
    /// the server's port.
    fn secure_server() -> u16 {
        let certificate = CertificateDer::from_pem_file(data("certificate.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(data("key.pem")).unwrap();
        let tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let tls = Arc::new(tls);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&tls)).unwrap();
                let mut stream = StreamOwned::new(connection, stream.unwrap());
                // A client that rejects the certificate closes the connection at this point.
                if stream.read(&mut [0; 4096]).is_ok() {
                    let flow = r#"{"id": "00000000-0000-0000-0000-000000000000", "name": "f"}"#;
                    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close";
                    let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{flow}", flow.len());
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                }
            }
        });
        port
    }

    /// Returns the protocol that a client negotiates with a server that offers HTTP/2 and HTTP/1.1.
    async fn protocol(http2: bool) -> Option<Vec<u8>> {
        let certificate = CertificateDer::from_pem_file(data("certificate.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(data("key.pem")).unwrap();
        let mut tls = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let connection = ServerConnection::new(Arc::new(tls)).unwrap();
            let mut stream = StreamOwned::new(connection, listener.accept().unwrap().0);
            let _ = stream.read(&mut [0; 4096]);
            stream.conn.alpn_protocol().map(<[u8]>::to_vec)
        });
        let mut options = with_certificates(&url, Some("certificate.pem"));
        options.transport.http2 = http2;
        options.retry.max_retries = 0;
        // The server closes the connection without a response.
        testing::client(options).0.flow_by_name("f").await.unwrap_err();
        server.join().unwrap()
    }

    #[tokio::test]
    async fn uses_http_2_only_if_enabled() {
        assert_eq!(protocol(false).await.as_deref(), Some(&b"http/1.1"[..]));
        assert_eq!(protocol(true).await.as_deref(), Some(&b"h2"[..]));
    }

    fn with_certificates(url: &str, file: Option<&str>) -> ClientOptions {
        let mut options = testing::options(url);
        options.transport.certificates = file.map(data);
        options
    }

    #[tokio::test]
    async fn trusts_only_certificates_of_the_file_and_only_for_their_names() {
        let port = secure_server();
        let (trusting, _) =
            testing::client(with_certificates(&format!("https://127.0.0.1:{port}"), Some("certificate.pem")));
        assert_eq!(trusting.flow_by_name("f").await.unwrap().unwrap().name, "f");

        for (host, file) in [("127.0.0.1", None), ("localhost", Some("certificate.pem"))] {
            let (client, notices) =
                testing::client(with_certificates(&format!("https://{host}:{port}"), file));
            let error = client.flow_by_name("f").await.unwrap_err();
            assert!(matches!(error, ApiError::Untrusted { .. }), "{error:?}");
            assert!(notices.lock().unwrap().is_empty(), "certificate errors must not be retried");
        }
    }

    #[tokio::test]
    async fn follows_redirects_from_http_to_https() {
        let target = format!("https://127.0.0.1:{}/flows/", secure_server());
        let plain = wiremock::MockServer::start().await;
        let redirect = wiremock::ResponseTemplate::new(301).insert_header("location", target.as_str());
        wiremock::Mock::given(wiremock::matchers::any()).respond_with(redirect).mount(&plain).await;
        let (client, _) = testing::client(with_certificates(&plain.uri(), Some("certificate.pem")));
        assert_eq!(client.create_flow("f").await.unwrap().name, "f");
    }
}
