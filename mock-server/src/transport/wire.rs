//! The bytes of a connection: in the clear, or within TLS where the client begins with that. What they say is not for this
//! to know.
//!
//! The handshake is done by whoever reads first, so that accepting the next connection never waits for it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

/// The first byte of a TLS connection: the content type `handshake` (RFC 8446, section 5.1). No HTTP method begins so.
const HANDSHAKE: u8 = 22;

/// One connection's bytes.
pub(super) enum Wire {
    /// In the clear.
    Plain(TcpStream),
    /// Nothing has come yet: it may be either.
    Unknown(TcpStream, TlsAcceptor),
    /// In the middle of the handshake.
    Greeting(Box<Accept<TcpStream>>),
    /// Within TLS.
    Tls(Box<TlsStream<TcpStream>>),
    /// The handshake came to nothing.
    Failed,
}

impl Wire {
    /// One that may be either, if there is a certificate to show.
    pub(super) fn new(stream: TcpStream, acceptor: Option<&TlsAcceptor>) -> Self {
        match acceptor {
            Some(acceptor) => Self::Unknown(stream, acceptor.clone()),
            None => Self::Plain(stream),
        }
    }

    /// Ready when it is known what the bytes are: `Plain` or `Tls` from then on.
    fn poll_known(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            *self = match self {
                Self::Plain(_) | Self::Tls(_) => return Poll::Ready(Ok(())),
                Self::Unknown(stream, _) => {
                    let mut first = [0];
                    ready!(stream.poll_peek(context, &mut ReadBuf::new(&mut first)))?;
                    match std::mem::replace(self, Self::Failed) {
                        Self::Unknown(stream, acceptor) if first == [HANDSHAKE] => {
                            Self::Greeting(Box::new(acceptor.accept(stream)))
                        }
                        Self::Unknown(stream, _) => Self::Plain(stream),
                        other => other,
                    }
                }
                Self::Greeting(accept) => match ready!(Pin::new(accept).poll(context)) {
                    Ok(stream) => Self::Tls(Box::new(stream)),
                    Err(error) => {
                        tracing::warn!(%error, "a TLS handshake failed: does the client accept this certificate?");
                        *self = Self::Failed;
                        return Poll::Ready(Err(error));
                    }
                },
                Self::Failed => return Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
            };
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_known(context))?;
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, into),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, into),
            _ => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }
}

/// A server's first byte answers a request, so that it is known by then what the bytes are.
impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
            _ => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(context, bytes),
            _ => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
            _ => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut *self {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
            // Dropping it closes it.
            _ => Poll::Ready(Ok(())),
        }
    }
}
