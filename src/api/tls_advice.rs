//! Explains TLS failures and suggests a fix for the certificate.

use std::error::Error as _;

use rustls::{AlertDescription, CertificateError, Error};

/// The reason for a TLS failure, and a suggested fix.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TlsAdvice {
    pub(super) reason: String,
    pub(super) fix: String,
}

/// Explains the TLS error of a connection to `host`.
pub(super) fn advice(error: &Error, host: &str) -> TlsAdvice {
    let name = format!("-addext \"subjectAltName={}\"", alternative_name(host));
    let (reason, fix) = match error {
        Error::InvalidCertificate(certificate) => return certificate_advice(certificate, error, host, &name),
        Error::AlertReceived(AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity)
        | Error::PeerIncompatible(_) => (
            "the server and prefectl do not share a TLS version, cipher suite or signature algorithm"
                .to_owned(),
            "enable TLS 1.2 or later on the server, and use an RSA, P-256 or P-384 key instead of P-521: \
             `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 ...`"
                .to_owned(),
        ),
        Error::InvalidMessage(_) => (
            "the server does not use TLS on this port".to_owned(),
            "check the port, or use http:// in PREFECT_API_URL".to_owned(),
        ),
        other => (other.to_string(), "check the TLS configuration of the server".to_owned()),
    };
    TlsAdvice { reason, fix }
}

fn certificate_advice(certificate: &CertificateError, error: &Error, host: &str, name: &str) -> TlsAdvice {
    let other = match certificate {
        CertificateError::Other(other) => other.source().map(ToString::to_string).unwrap_or_default(),
        _ => String::new(),
    };
    let (reason, fix) = match certificate {
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => (
            "the server's certificate has no subjectAltName extension, so it is not valid for any host".to_owned(),
            format!("create a new certificate with `openssl req ... {name}`"),
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            format!("the server's certificate is not valid for the host '{host}' ({error})"),
            format!("connect with a host name that the certificate lists, or create a new certificate with `openssl req ... {name}`"),
        ),
        CertificateError::UnknownIssuer => (
            "the server's certificate is not signed by a trusted authority".to_owned(),
            "set PREFECT_API_SSL_CERT_FILE to a file that contains the certificate of the signing authority".to_owned(),
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            "the server's certificate has expired".to_owned(),
            "renew the certificate, for example with `openssl x509 ... -days 365`".to_owned(),
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            "the server's certificate is not valid yet".to_owned(),
            "check the clocks of the server and of this machine".to_owned(),
        ),
        CertificateError::BadSignature
        | CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
            format!(
                "the signature of the server's certificate is invalid or uses an unsupported algorithm ({error})"
            ),
            "create a new certificate with `openssl req ... -sha256` and a key of type RSA, P-256 or P-384".to_owned(),
        ),
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => (
            "the server's certificate does not permit server authentication".to_owned(),
            "create a new certificate with `openssl req ... -addext \"extendedKeyUsage=serverAuth\"`".to_owned(),
        ),
        _ if other.contains("UnsupportedCertVersion") => (
            "the server's certificate uses X.509 version 1, which cannot list host names".to_owned(),
            format!(
                "sign a new certificate with `openssl x509 -req ... -copy_extensions copy`, from a signing request created with `{name}`"
            ),
        ),
        _ if other.contains("CaUsedAsEndEntity") => (
            "the server's certificate belongs to a certificate authority, not to a server".to_owned(),
            "create a new certificate with `openssl req ... -addext \"basicConstraints=critical,CA:FALSE\"`".to_owned(),
        ),
        _ if other.contains("EndEntityUsedAsCa") => (
            "the server's certificate is signed by a certificate that is not a certificate authority".to_owned(),
            "create a new authority certificate with `openssl req -x509 ... -addext \"basicConstraints=critical,CA:TRUE\"`"
                .to_owned(),
        ),
        _ => {
            (error.to_string(), "check the server's certificate with `openssl s_client -connect`".to_owned())
        }
    };
    TlsAdvice { reason, fix }
}

/// Returns the `subjectAltName` entry for a host, such as `DNS:example.com` or `IP:10.0.0.1`.
fn alternative_name(host: &str) -> String {
    let address = host.trim_matches(['[', ']']);
    match address.parse::<std::net::IpAddr>() {
        Ok(_) => format!("IP:{address}"),
        Err(_) => format!("DNS:{host}"),
    }
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::ServerName;

    use super::*;

    #[test]
    fn names_the_openssl_option() {
        let certificate = |error| Error::InvalidCertificate(error);
        let nameless = CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("localhost").unwrap(),
            presented: Vec::new(),
        };
        for (error, host, expected) in [
            (certificate(nameless.clone()), "localhost", "subjectAltName=DNS:localhost"),
            (certificate(nameless), "127.0.0.1", "subjectAltName=IP:127.0.0.1"),
            (certificate(CertificateError::UnknownIssuer), "h", "PREFECT_API_SSL_CERT_FILE"),
            (certificate(CertificateError::Expired), "h", "-days"),
            (certificate(CertificateError::InvalidPurpose), "h", "extendedKeyUsage=serverAuth"),
            (Error::AlertReceived(AlertDescription::HandshakeFailure), "h", "prime256v1"),
        ] {
            let TlsAdvice { reason, fix } = advice(&error, host);
            assert!(fix.contains(expected), "{reason}: {fix}");
        }
    }
}
