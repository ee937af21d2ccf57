//! The line between browser and backend: a TCP relay on a free port, which can drop every connection and take none, as a
//! server does that goes away, or carry slowly, as a bad network does. It understands nothing of what it carries, save that
//! it can put TLS in front of a backend that speaks none, for pages that were built for https.
//!
//! (What browsers' own tools slow down depends on the browser, and WebSockets are mostly left out.)

use std::io;
use std::sync::Arc;
use std::time::Duration;

use rcgen::generate_simple_self_signed;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsAcceptor;

/// A network over which people still work: round trips of 400 ms, 50 kB/s.
const SLOW_LATENCY: Duration = Duration::from_millis(200);
const SLOW_BYTES_PER_SECOND: u32 = 50_000;

/// How much is read at a time, in bytes, and how often before what was read has arrived.
const CHUNK: usize = 16 << 10;
const CHUNKS_UNDER_WAY: usize = 64;

/// How a line carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carries {
    AtOnce,
    Slowly,
    Nothing,
}

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
    carries: watch::Sender<Carries>,
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
        let (carries, state) = watch::channel(Carries::AtOnce);
        let task = tokio::spawn(accept(listener, to, acceptor, state));
        Ok(Self { port, carries, task })
    }

    /// Its port on the loopback interface.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Drops every connection, and each that comes until it is mended.
    pub fn cut(&self) {
        self.carries.send_replace(Carries::Nothing);
    }

    /// Carries slowly what comes from now on, until it is mended.
    pub fn slow_down(&self) {
        self.carries.send_replace(Carries::Slowly);
    }

    /// Carries again, and at once.
    pub fn mend(&self) {
        self.carries.send_replace(Carries::AtOnce);
    }
}

async fn accept(listener: TcpListener, to: String, acceptor: Option<TlsAcceptor>, state: watch::Receiver<Carries>) {
    let mut connections = JoinSet::new();
    while let Ok((browser, _)) = listener.accept().await {
        let (to, acceptor, carries) = (to.clone(), acceptor.clone(), state.clone());
        let mut state = state.clone();
        connections.spawn(async move {
            let is_cut = async {
                // An error means that the line itself is gone.
                let _gone = state.wait_for(|carries| *carries == Carries::Nothing).await;
            };
            tokio::select! {
                biased;
                () = is_cut => {}
                _ended = carry(browser, &to, acceptor, carries) => {}
            }
        });
        while connections.try_join_next().is_some() {}
    }
}

async fn carry(
    browser: TcpStream,
    to: &str,
    acceptor: Option<TlsAcceptor>,
    carries: watch::Receiver<Carries>,
) -> io::Result<()> {
    browser.set_nodelay(true)?;
    match acceptor {
        Some(acceptor) => relay(acceptor.accept(browser).await?, to, carries).await,
        None => relay(browser, to, carries).await,
    }
}

async fn relay(
    browser: impl AsyncRead + AsyncWrite + Unpin,
    to: &str,
    carries: watch::Receiver<Carries>,
) -> io::Result<()> {
    let backend = TcpStream::connect(to).await?;
    backend.set_nodelay(true)?;
    let ((from_browser, to_browser), (from_backend, to_backend)) = (split(browser), split(backend));
    let up = one_way(from_browser, to_backend, carries.clone());
    let down = one_way(from_backend, to_browser, carries);
    tokio::try_join!(up, down).map(drop)
}

/// Carries what is read to where it is written, each chunk when it is due there, and the end behind the last.
async fn one_way(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    carries: watch::Receiver<Carries>,
) -> io::Result<()> {
    let (sender, mut under_way) = mpsc::channel::<(Instant, Vec<u8>)>(CHUNKS_UNDER_WAY);
    let read = async move {
        let mut chunk = vec![0; CHUNK];
        // When the network has taken in all that was read so far.
        let mut taken_in = Instant::now();
        loop {
            let length = from.read(&mut chunk).await?;
            if length == 0 {
                return Ok(());
            }
            let now = Instant::now();
            let due = match *carries.borrow() {
                Carries::Slowly => {
                    let takes =
                        Duration::from_secs(1) * u32::try_from(length).unwrap_or(u32::MAX) / SLOW_BYTES_PER_SECOND;
                    taken_in = taken_in.max(now) + takes;
                    taken_in + SLOW_LATENCY
                }
                Carries::AtOnce | Carries::Nothing => now,
            };
            if sender.send((due, chunk[..length].to_vec())).await.is_err() {
                return Ok(()); // nobody takes it any more
            }
        }
    };
    let write = async move {
        while let Some((due, chunk)) = under_way.recv().await {
            sleep_until(due).await;
            to.write_all(&chunk).await?;
            to.flush().await?;
        }
        to.shutdown().await
    };
    tokio::try_join!(read, write).map(drop)
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
