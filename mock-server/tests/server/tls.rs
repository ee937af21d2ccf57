//! HTTPS, as a client that looks at the certificate meets it.

use std::path::PathBuf;
use std::sync::Arc;

use axum::http::{Method, StatusCode};
use mock_server::{Options, Tls, TlsError};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{DEADLINE, Server, options};

/// A folder with a certificate for `api.example.com` and its key.
struct Files {
    folder: PathBuf,
    certificate: CertificateDer<'static>,
}

impl Files {
    fn new(test: &str) -> Self {
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
        std::fs::create_dir_all(&folder).unwrap();
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["api.example.com".to_owned()]).unwrap();
        std::fs::write(folder.join("cert.pem"), cert.pem()).unwrap();
        std::fs::write(folder.join("key.pem"), signing_key.serialize_pem()).unwrap();
        Self { folder, certificate: cert.into() }
    }

    fn tls(&self, certificate: &str, key: &str) -> Result<Tls, TlsError> {
        Tls::from_files(&self.folder.join(certificate), &self.folder.join(key))
    }

    /// A connection by a client that trusts this certificate and no other.
    async fn connect(&self, server: &Server) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let stream = TcpStream::connect(server.address).await.unwrap();
        let name = ServerName::try_from("api.example.com").unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_port_speaks_https_and_http_and_a_slow_handshake_delays_nobody() {
    let files = Files::new("one_port");
    let tls = Some(files.tls("cert.pem", "key.pem").unwrap());
    let server = Server::start(Options { tls, ..options() });
    let silent = TcpStream::connect(server.address).await.unwrap();
    let mut encrypted = files.connect(&server).await;
    encrypted
        .write_all(b"GET /api/health HTTP/1.1\r\nhost: api.example.com\r\nconnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    timeout(DEADLINE, encrypted.read_to_string(&mut answer)).await.expect("an answer").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains(r#""status":1"#), "{answer}");
    let (status, _) = server.request(Method::GET, "/api/health", &[], "").await;
    assert_eq!(status, StatusCode::OK, "in the clear");
    drop(silent);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_websocket_within_tls_hears_and_is_heard() {
    let files = Files::new("websocket");
    let tls = Some(files.tls("cert.pem", "key.pem").unwrap());
    let server = Server::start(Options { tls, auth: mock_server::Auth::None, ..options() });
    let mut socket = files.connect(&server).await;
    let handshake = "GET /ws/?EIO=4&transport=websocket HTTP/1.1\r\nhost: api.example.com\r\nconnection: upgrade\r\n\
                     upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    socket.write_all(handshake.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    for (sent, expected) in
        [("40", "40{"), (r#"42["join_room",{"room":"PartnerApp"}]"#, r#"{"status":1,"room":"PartnerApp"}"#)]
    {
        let length = u8::try_from(sent.len()).unwrap();
        // One text frame, masked with zeros (RFC 6455, section 5.2).
        socket.write_all(&[0x81, 0x80 | length, 0, 0, 0, 0]).await.unwrap();
        socket.write_all(sent.as_bytes()).await.unwrap();
        while !String::from_utf8_lossy(&read).contains(expected) {
            assert_ne!(timeout(DEADLINE, socket.read_buf(&mut read)).await.expect(expected).unwrap(), 0);
        }
    }
    server.stop().await;
}

#[test]
fn what_is_no_certificate_or_not_its_key_is_named_with_what_was_expected() {
    let files = Files::new("unusable");
    std::fs::write(files.folder.join("other.pem"), KeyPair::generate().unwrap().serialize_pem()).unwrap();
    std::fs::write(files.folder.join("note.txt"), "not yet").unwrap();
    std::fs::write(files.folder.join("cut.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n").unwrap();
    for (certificate, key, expected) in [
        ("none.pem", "key.pem", vec!["none.pem", "BEGIN CERTIFICATE"]),
        ("note.txt", "key.pem", vec!["note.txt", "BEGIN CERTIFICATE"]),
        ("cut.pem", "key.pem", vec!["cut.pem", "BEGIN CERTIFICATE"]),
        ("key.pem", "key.pem", vec!["key.pem", "BEGIN CERTIFICATE"]),
        ("cert.pem", "none.pem", vec!["none.pem", "BEGIN PRIVATE KEY"]),
        ("cert.pem", "cert.pem", vec!["cert.pem", "BEGIN PRIVATE KEY"]),
        ("cert.pem", "other.pem", vec!["other.pem", "cert.pem", "key that it was made with"]),
    ] {
        let said = files.tls(certificate, key).unwrap_err().to_string();
        assert!(expected.iter().all(|part| said.contains(part)), "{certificate} {key}: {said}");
    }
    let said = Tls::self_signed(&["exämple.com".to_owned()]).unwrap_err().to_string();
    assert!(said.contains("exämple.com") && said.contains("api.example.com"), "{said}");
}

#[test]
fn each_certificate_that_is_made_has_a_key_of_its_own() {
    let made = || Tls::self_signed(&["localhost".to_owned()]).unwrap();
    let (one, other) = (made(), made());
    assert_ne!(one.key_pin(), other.key_pin());
    assert_eq!(one.made_for(), Some(["localhost".to_owned()].as_slice()));
}
