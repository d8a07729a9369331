//! TLS: whom the client trusts, and what a refused certificate means.

use std::sync::Arc;

use catchment_core::{Error, ErrorKind, Result};
use reqwest::Url;

/// Why the certificate of a server is refused. No retry: another attempt would meet the same certificate.
pub(super) fn certificate_refused(url: &Url, reason: &rustls::CertificateError) -> Error {
    use rustls::CertificateError as Reason;
    let why = match reason {
        Reason::Expired | Reason::ExpiredContext { .. } => "it has expired".to_owned(),
        Reason::NotValidYet | Reason::NotValidYetContext { .. } => {
            "it is not valid yet; is the clock of this machine right?".to_owned()
        }
        Reason::UnknownIssuer => {
            "this machine does not trust its issuer; if that is an authority of yours, name its certificates with the \
             environment variable SSL_CERT_FILE"
                .to_owned()
        }
        Reason::NotValidForName | Reason::NotValidForNameContext { .. } => {
            "it is for another name; use the name that it is for".to_owned()
        }
        Reason::Revoked => "it has been revoked".to_owned(),
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "it is that of an authority, and no server's; have the server use one that an authority has signed for its name"
                .to_owned()
        }
        Reason::Other(_) => {
            "it cannot be verified; have the server use one that an authority has signed for its name".to_owned()
        }
        other => format!("{other}; have the server use one that an authority has signed for its name"),
    };
    let host = url.host_str().unwrap_or_default();
    Error::config("certificate_refused", format!("the certificate of {host} is refused: {why}"))
}

/// The TLS configuration of the client: roots are the system's (and those that `SSL_CERT_FILE` names); the cryptography
/// is ring's.
pub(super) fn client_config() -> Result<rustls::ClientConfig> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |error: rustls::Error| {
        Error::new(ErrorKind::System, "tls", format!("setting up TLS: {error}")).with_source(error)
    };
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(BuilderVerifierExt::with_platform_verifier)
        .map_err(failed)?;
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
