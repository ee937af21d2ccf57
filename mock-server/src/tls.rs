//! HTTPS: the certificate that the server shows, made on the spot or read from files. How a connection is encrypted by it
//! is for `transport`.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{InconsistentKeys, ServerConfig};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

/// What a server needs to be spoken to by HTTPS. Plain HTTP is answered on the same port all the same.
#[derive(Debug, Clone)]
pub struct Tls {
    config: Arc<ServerConfig>,
    key_pin: String,
    made_for: Option<Vec<String>>,
}

/// Why there is no certificate to show.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {file}: {source}; expected {expected}")]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What should be in it.
        expected: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A file holds something else.
    #[error("{file}: {reason}; expected {expected}")]
    Unusable {
        /// The file.
        file: PathBuf,
        /// What should be in it.
        expected: &'static str,
        /// What is there.
        reason: String,
    },
    /// The two files do not belong together.
    #[error("the key in {key} is not the one of the certificate in {certificate}: give the key that it was made with")]
    OfAnotherKey {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// A certificate cannot be made.
    #[error(
        "cannot make a certificate for {names}: {reason}; expected host names such as api.example.com, or addresses"
    )]
    NotMade {
        /// For whom.
        names: String,
        /// Why not.
        reason: String,
    },
}

const CERTIFICATE: &str = "a certificate in PEM, which begins with -----BEGIN CERTIFICATE-----";
const KEY: &str = "its private key in PEM, not encrypted, which begins with -----BEGIN PRIVATE KEY-----";

impl Tls {
    /// With a certificate that is made now, for these host names and addresses, and signed by nobody but itself. A name
    /// may begin with `*.`.
    ///
    /// # Errors
    /// [`TlsError::NotMade`] where a name is none.
    pub fn self_signed(names: &[String]) -> Result<Self, TlsError> {
        let not_made = |reason: String| TlsError::NotMade { names: names.join(", "), reason };
        let make = || {
            let mut params = CertificateParams::new(names)?;
            params.distinguished_name.push(DnType::CommonName, "mock-server");
            let key = KeyPair::generate()?;
            Ok((params.self_signed(&key)?, key))
        };
        let (certificate, key) = make().map_err(|error: rcgen::Error| not_made(error.to_string()))?;
        let tls = Self::new(vec![certificate.into()], key.into()).map_err(|error| not_made(error.to_string()))?;
        Ok(Self { made_for: Some(names.to_vec()), ..tls })
    }

    /// With the certificate in one file, those of its issuers behind it, and its key in the other (PEM, RFC 7468).
    ///
    /// # Errors
    /// The others of [`TlsError`].
    pub fn from_files(certificate: &Path, key: &Path) -> Result<Self, TlsError> {
        let chain = CertificateDer::pem_file_iter(certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| unusable(certificate, CERTIFICATE, error))?;
        if chain.is_empty() {
            return Err(unusable(certificate, CERTIFICATE, pem::Error::NoItemsFound));
        }
        let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(key, KEY, error))?;
        Self::new(chain, private).map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::OfAnotherKey { certificate: certificate.to_owned(), key: key.to_owned() }
            }
            rustls::Error::InvalidCertificate(_) => {
                TlsError::Unusable { file: certificate.to_owned(), expected: CERTIFICATE, reason: error.to_string() }
            }
            _ => TlsError::Unusable { file: key.to_owned(), expected: KEY, reason: error.to_string() },
        })
    }

    fn new(chain: Vec<CertificateDer<'static>>, key: PrivateKeyDer<'static>) -> Result<Self, rustls::Error> {
        let provider = Arc::new(ring::default_provider());
        let certified = CertifiedKey::from_der(chain, key, &provider)?;
        let public = certified.key.public_key().map(|key| Sha256::digest(&key)).unwrap_or_default();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { config: Arc::new(config), key_pin: BASE64_STANDARD.encode(public), made_for: None })
    }

    /// What tells the key from others: SHA-256 of the certificate's public key (its `SubjectPublicKeyInfo`), in base64, as
    /// in RFC 7469.
    pub fn key_pin(&self) -> &str {
        &self.key_pin
    }

    /// For whom the certificate was made, where it was made on the spot.
    pub fn made_for(&self) -> Option<&[String]> {
        self.made_for.as_deref()
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.config))
    }
}

fn unusable(file: &Path, expected: &'static str, error: pem::Error) -> TlsError {
    let file = file.to_owned();
    match error {
        pem::Error::Io(source) => TlsError::Unreadable { file, expected, source },
        pem::Error::NoItemsFound => {
            TlsError::Unusable { file, expected, reason: "there is no such thing in it".to_owned() }
        }
        error => TlsError::Unusable { file, expected, reason: error.to_string() },
    }
}
