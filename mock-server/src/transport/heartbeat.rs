//! The first ping after an interval, and not at once.
//!
//! engineioxide pings as soon as a session is open. By the protocol's text and tests a server waits for `pingInterval`
//! first (Engine.IO protocol, revision 4, "Heartbeat"), so what it sends at once is taken away and answered here, before
//! the client has a say: from then on its clock is the right one.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Engine.IO's `2` in a server's text frame (RFC 6455, section 5.2).
const PING: [u8; 3] = [0x81, 1, b'2'];

/// Engine.IO's `3` in a client's text frame, masked with zeros.
const PONG: [u8; 7] = [0x81, 0x80 | 1, 0, 0, 0, 0, b'3'];

/// A WebSocket whose first ping is answered here. Nothing is read of it before that, so that nothing of the server's but
/// the open packet comes before the ping, and nothing of the client's before the pong.
#[derive(Debug)]
pub(crate) struct LaterPing<S> {
    stream: S,
    until: Until,
}

/// How far it has come.
#[derive(Debug)]
enum Until {
    /// The ping is still to come; whoever wants to read waits for it.
    Ping(Option<Waker>),
    /// So many bytes of the pong have been read.
    Pong(usize),
    /// From now on all bytes are what they are.
    Over,
}

impl<S> LaterPing<S> {
    /// For a WebSocket whose session is about to be opened.
    pub(super) fn new(stream: S) -> Self {
        Self { stream, until: Until::Ping(None) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for LaterPing<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.until {
            Until::Ping(reader) => {
                *reader = Some(context.waker().clone());
                Poll::Pending
            }
            Until::Pong(read) => {
                let rest = &PONG[*read..];
                let rest = &rest[..rest.len().min(into.remaining())];
                into.put_slice(rest);
                *read += rest.len();
                if *read == PONG.len() {
                    self.until = Until::Over;
                }
                Poll::Ready(Ok(()))
            }
            Until::Over => Pin::new(&mut self.stream).poll_read(context, into),
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for LaterPing<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Until::Ping(reader) = &mut self.until
            && bytes.starts_with(&PING)
        {
            reader.take().into_iter().for_each(Waker::wake);
            self.until = Until::Pong(0);
            return Poll::Ready(Ok(PING.len()));
        }
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
