//! The line between browser and backend: a TCP relay on a free port, which can drop every connection and take none, as a
//! server does that goes away. It understands nothing of what it carries, save that it can put TLS in front of a backend
//! that speaks none, for pages that were built for https.

use std::io;
use std::sync::Arc;

use rcgen::generate_simple_self_signed;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Why there is no line.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// No port.
    #[error("cannot listen on a port of this machine: {0}")]
    Listen(#[from] io::Error),
    /// No certificate.
    #[error("cannot make a certificate for {hosts}: {reason}")]
    Certificate {
        /// For which hosts.
        hosts: String,
        /// What the library said.
        reason: String,
    },
}

/// A relay; it ends with this value.
#[derive(Debug)]
pub struct Line {
    port: u16,
    whole: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Line {
    /// A line to `to` (`127.0.0.1:5000`). With hosts, it answers TLS under their names with a certificate of its own.
    ///
    /// # Errors
    /// [`LineError`].
    pub async fn open(to: String, tls_for: &[String]) -> Result<Self, LineError> {
        let acceptor = if tls_for.is_empty() { None } else { Some(acceptor(tls_for)?) };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (whole, state) = watch::channel(true);
        let task = tokio::spawn(accept(listener, to, acceptor, state));
        Ok(Self { port, whole, task })
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Drops every connection, and each that comes until it is mended.
    pub fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Carries again.
    pub fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn accept(listener: TcpListener, to: String, acceptor: Option<TlsAcceptor>, state: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    while let Ok((browser, _)) = listener.accept().await {
        let mut state = state.clone();
        let (to, acceptor) = (to.clone(), acceptor.clone());
        connections.spawn(async move {
            let is_cut = async {
                // An error means that the line itself is gone.
                let _gone = state.wait_for(|whole| !whole).await;
            };
            tokio::select! {
                biased;
                () = is_cut => {}
                _ended = carry(browser, &to, acceptor) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(browser: TcpStream, to: &str, acceptor: Option<TlsAcceptor>) -> io::Result<()> {
    browser.set_nodelay(true)?;
    match acceptor {
        Some(acceptor) => relay(acceptor.accept(browser).await?, to).await,
        None => relay(browser, to).await,
    }
}

async fn relay(mut browser: impl AsyncRead + AsyncWrite + Unpin, to: &str) -> io::Result<()> {
    let mut backend = TcpStream::connect(to).await?;
    backend.set_nodelay(true)?;
    copy_bidirectional(&mut browser, &mut backend).await.map(drop)
}

fn acceptor(hosts: &[String]) -> Result<TlsAcceptor, LineError> {
    let refused = |reason: String| LineError::Certificate { hosts: hosts.join(", "), reason };
    let made = generate_simple_self_signed(hosts).map_err(|error| refused(error.to_string()))?;
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
        .map_err(|error| refused(error.to_string()))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
