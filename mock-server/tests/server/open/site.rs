//! A page's own server, on another origin than the mock.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::ring;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The browser client that the `socket.io` package brings along.
const CLIENT: &str = "../fixtures/backends/node/node_modules/socket.io/client-dist/socket.io.js";

pub struct Site {
    pub url: String,
    pub address: SocketAddr,
}

impl Site {
    /// One of plain HTTP.
    pub async fn plain() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(axum::serve(listener, app()).into_future());
        Self { url: format!("http://localhost:{}/", address.port()), address }
    }

    /// One of HTTPS, with a certificate that is the backend's, too; gives what makes a mock show the same one.
    pub async fn encrypted(test: &str) -> (Self, [String; 4]) {
        let names = ["localhost", "api.example.com"].map(ToOwned::to_owned);
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed(names).unwrap();
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
        std::fs::create_dir_all(&folder).unwrap();
        let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
        std::fs::write(&certificate, cert.pem()).unwrap();
        std::fs::write(&key, signing_key.serialize_pem()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.into()], signing_key.into())
            .unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let listener = Encrypted { listener, acceptor: TlsAcceptor::from(Arc::new(config)) };
        tokio::spawn(axum::serve(listener, app()).into_future());
        let file = |path: &Path| path.display().to_string();
        let site = Self { url: format!("https://localhost:{}/", address.port()), address };
        (site, ["--tls-cert".to_owned(), file(&certificate), "--tls-key".to_owned(), file(&key)])
    }
}

/// The page, and the client at `/socket.io.js`.
fn app() -> Router {
    let script = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(CLIENT))
        .unwrap_or_else(|error| panic!("{CLIENT}: {error}; run ci/setup first"));
    Router::new()
        .route("/", get(|| async { Html(include_str!("page.html")) }))
        .route("/socket.io.js", get(move || async { ([("content-type", "text/javascript")], script) }))
}

struct Encrypted {
    listener: TcpListener,
    acceptor: TlsAcceptor,
}

impl axum::serve::Listener for Encrypted {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, SocketAddr) {
        loop {
            let (stream, address) = self.listener.accept().await.unwrap();
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}
