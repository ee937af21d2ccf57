//! TLS: the client's configuration, and what a failed handshake means for the person who started the run.

use std::{io, sync::Arc};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, InvalidMessage, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use thiserror::Error;
use url::Url;

use super::{EndpointError, TlsOptions};

/// Makes the configuration that all connections of an endpoint share. Only HTTP/1.1 is offered by ALPN, since
/// WebSocket over HTTP/2 is something else.
pub(super) fn client_config(url: &Url, options: &TlsOptions) -> Result<Arc<ClientConfig>, EndpointError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| EndpointError::Tls { url: url.to_string(), reason: error.to_string() })?;
    let mut config = if options.insecure {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider))).with_no_client_auth()
    } else {
        builder.with_root_certificates(authorities(url, options)?).with_no_client_auth()
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

fn authorities(url: &Url, options: &TlsOptions) -> Result<RootCertStore, EndpointError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &options.ca_file {
        let unusable = |reason: String| EndpointError::CaFile { path: path.clone(), reason };
        let certificates = CertificateDer::pem_file_iter(path).map_err(|error| unusable(error.to_string()))?;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
            roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
        }
        if roots.is_empty() {
            return Err(unusable("no certificate in it".to_owned()));
        }
    }
    let native = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(native.certs);
    if roots.is_empty() {
        let reasons: Vec<_> = native.errors.iter().map(ToString::to_string).collect();
        let reason = if reasons.is_empty() { "none found".to_owned() } else { reasons.join(", ") };
        return Err(EndpointError::NoAuthorities { url: url.to_string(), reason });
    }
    Ok(roots)
}

/// What went wrong in a TLS handshake, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TlsFault {
    /// The certificate is its own issuer.
    #[error("its certificate is self-signed; use `--insecure` to accept it")]
    SelfSigned,
    /// Nobody that this machine trusts has signed the certificate.
    #[error(
        "its certificate is self-signed or comes from an authority that is not trusted here; \
         name that authority's CA file, or use `--insecure`"
    )]
    UnknownIssuer,
    /// The certificate is for somebody else.
    #[error("its certificate is for {names}; use that name in the target's URL, or `--insecure`")]
    WrongHost {
        /// Whom it is for.
        names: String,
    },
    /// The certificate is no longer valid.
    #[error("its certificate has expired; renew it, or use `--insecure`")]
    Expired,
    /// The certificate is not valid yet.
    #[error("its certificate is not valid yet; check the clocks of both machines, or use `--insecure`")]
    NotYetValid,
    /// The other side does not speak TLS.
    #[error("it does not speak TLS; does it speak plain HTTP? then use `http://`")]
    NotTls,
    /// The other side hung up during the handshake.
    #[error("it hung up during the handshake; does it speak plain HTTP? then use `http://`")]
    HungUp,
    /// Anything else, in the words of the TLS library.
    #[error("{0}; `--insecure` skips all checks of the certificate")]
    Other(String),
}

impl TlsFault {
    /// Reads the reason out of what `tokio_rustls` gives, which is an I/O error around the real one.
    pub(super) fn from_io(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(fault)) => Self::from_certificate(fault),
            Some(rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType)) => Self::NotTls,
            Some(other) => Self::Other(other.to_string()),
            None => match error.kind() {
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                    Self::HungUp
                }
                _ => Self::Other(error.to_string()),
            },
        }
    }

    fn from_certificate(fault: &CertificateError) -> Self {
        match fault {
            CertificateError::UnknownIssuer => Self::UnknownIssuer,
            CertificateError::NotValidForName => Self::WrongHost { names: "another host".to_owned() },
            CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
                Self::WrongHost { names: "no host at all".to_owned() }
            }
            CertificateError::NotValidForNameContext { presented, .. } => {
                Self::WrongHost { names: presented.join(", ") }
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Self::NotYetValid,
            // What `openssl req -x509` makes is a certificate authority that is used as a server's certificate.
            CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => Self::SelfSigned,
            other => Self::Other(other.to_string()),
        }
    }
}

/// Accepts any certificate (`--insecure`). Signatures are still verified: the peer holds the key that it shows.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
