//! TCP connections that can be cut off from outside, and that do not wait for ever on a peer that stopped reading.
//!
//! socketioxide offers no way to drop a client whose buffer is full: the request to disconnect would go through that
//! very buffer, and its writer waits until TCP gives up, which a peer that keeps its window shut can put off for ever.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use futures_util::task::AtomicWaker;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpListener;
use tokio::time::Sleep;
use tokio_rustls::TlsAcceptor;

use super::open_packet::Misprints;
use super::wire::Wire;

/// A handle to one connection.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    cut: AtomicBool,
    stalled: AtomicBool,
    /// Whose WebSocket it is, as logs call them; 0 while it is nobody's.
    client: AtomicU64,
    reader: AtomicWaker,
    writer: AtomicWaker,
}

impl Connection {
    /// Makes every read and write fail from now on, those that wait included.
    pub(crate) fn cut(&self) {
        self.cut.store(true, Ordering::SeqCst);
        self.reader.wake();
        self.writer.wake();
    }

    /// Says whose WebSocket it is.
    pub(super) fn belongs_to(&self, client: u64) {
        self.client.store(client, Ordering::Relaxed);
    }

    /// Whether a write waits for the peer to read.
    pub(crate) fn is_stalled(&self) -> bool {
        self.stalled.load(Ordering::Relaxed)
    }

    /// Registers before it looks, so that a cut in between is not missed.
    fn check(&self, waker: &AtomicWaker, context: &Context<'_>) -> io::Result<()> {
        waker.register(context.waker());
        if self.cut.load(Ordering::SeqCst) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "cut off by the server"));
        }
        Ok(())
    }
}

/// Every connection that is open.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    open: Mutex<HashMap<usize, Weak<Connection>>>,
}

impl Connections {
    /// Cuts them all.
    pub(crate) fn cut_all(&self) {
        let open = std::mem::take(&mut *self.open.lock().unwrap_or_else(PoisonError::into_inner));
        open.values().filter_map(Weak::upgrade).for_each(|connection| connection.cut());
    }

    fn add(&self, connection: &Arc<Connection>) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.insert(Arc::as_ptr(connection).addr(), Arc::downgrade(connection));
    }

    fn remove(&self, connection: &Arc<Connection>) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&Arc::as_ptr(connection).addr());
    }
}

/// Accepts connections that can be cut.
pub(crate) struct Listener {
    /// Where connections come from.
    pub listener: TcpListener,
    /// Encrypts those that begin with TLS, where there is a certificate to show.
    pub tls: Option<TlsAcceptor>,
    /// Where they are listed.
    pub connections: Arc<Connections>,
    /// How long a peer may take to read anything at all while something is to be written.
    pub patience: Duration,
    /// What is written otherwise than it was meant; nothing, unless a fault says so.
    pub misprints: Misprints,
}

impl axum::serve::Listener for Listener {
    type Io = Stream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
        // Broadcasts are small: without this they wait up to 40 ms for one another.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        let connection = Arc::new(Connection::default());
        self.connections.add(&connection);
        let connections = Arc::clone(&self.connections);
        let misprints = self.misprints.clone();
        let wire = Wire::new(stream, self.tls.as_ref());
        (Stream { wire, connection, connections, patience: self.patience, misprints, stalled: None }, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}

/// One connection's bytes.
pub(crate) struct Stream {
    wire: Wire,
    connection: Arc<Connection>,
    connections: Arc<Connections>,
    patience: Duration,
    misprints: Misprints,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.connections.remove(&self.connection);
    }
}

impl Stream {
    fn guard_write<T>(
        &mut self,
        context: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut Wire>, &mut Context<'_>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.connection.check(&self.connection.writer, context)?;
        let written = write(Pin::new(&mut self.wire), context);
        self.connection.stalled.store(written.is_pending(), Ordering::Relaxed);
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        let client = self.connection.client.load(Ordering::Relaxed);
        tracing::warn!(client, ?patience, reason = "it has read nothing for so long", "client cut off");
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the peer has stopped reading")))
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.connection.check(&self.connection.reader, context)?;
        Pin::new(&mut self.wire).poll_read(context, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let bytes = self.misprints.print(bytes);
        self.guard_write(context, |wire, context| wire.poll_write(context, &bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if !self.misprints.is_empty() {
            let first = bytes.iter().find(|bytes| !bytes.is_empty()).map_or(&[][..], |bytes| bytes);
            return self.poll_write(context, first);
        }
        self.guard_write(context, |wire, context| wire.poll_write_vectored(context, bytes))
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.guard_write(context, |wire, context| wire.poll_flush(context))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.guard_write(context, |wire, context| wire.poll_shutdown(context))
    }
}

/// What requests carry of their connection.
#[derive(Debug, Clone)]
pub(crate) struct OnConnection {
    /// The way to cut it.
    pub connection: Arc<Connection>,
    /// Who is at its other end.
    pub peer: SocketAddr,
}

impl OnConnection {
    /// No connection at all: what the mock asks of itself.
    pub(crate) fn own() -> Self {
        Self { connection: Arc::default(), peer: ([127, 0, 0, 1], 0).into() }
    }
}

impl Connected<IncomingStream<'_, Listener>> for OnConnection {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        Self { connection: Arc::clone(&stream.io().connection), peer: *stream.remote_addr() }
    }
}
