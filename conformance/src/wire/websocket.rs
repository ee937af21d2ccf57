//! One WebSocket connection, as something that frames come from and go to.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_util::{Sink, StreamExt};
use http::HeaderMap;
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        error::ProtocolError,
        handshake::{client::generate_key, derive_accept_key},
        protocol::{Role, WebSocketConfig},
    },
};

use super::{Frame, OpenError, ServerClose, SessionOptions, Transport};
use crate::net::{self, Budget, Request, Stream, Upgrade};

/// Each connection allocates this at once, and a room of a thousand members is a thousand connections.
const READ_BUFFER: usize = 8 << 10;

/// An open WebSocket.
pub(super) struct Socket {
    inner: Box<WebSocketStream<Stream>>,
    local_port: u16,
}

/// What comes out of a WebSocket.
pub(super) enum Incoming {
    Frame(Frame),
    /// The server's close frame. Our answer to it is queued, and goes out with the next flush.
    Closed(ServerClose),
    /// The end, in words.
    Lost(String),
}

impl Socket {
    /// Opens a WebSocket; with a session's id to upgrade that session.
    pub(super) async fn connect(
        options: &SessionOptions,
        sid: Option<&str>,
        budget: Budget,
    ) -> Result<Self, OpenError> {
        let target = options.path_and_query(Transport::WebSocket, sid);
        let url = options.endpoint.shown_url(&target);
        let key = generate_key();
        let request = Request::get(target)
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", &key);
        match net::upgrade(&options.endpoint, &options.with_headers(request), budget).await? {
            Upgrade::Refused(answer) => Err(OpenError::refused(url, &answer)),
            Upgrade::Switched { stream, leftover, headers, local_port } => {
                check_switch(&headers, &key).map_err(|problem| OpenError::NotWebSocket { url, problem })?;
                Ok(Self::over(stream, leftover, local_port).await)
            }
        }
    }

    async fn over(stream: Stream, leftover: Bytes, local_port: u16) -> Self {
        let config = WebSocketConfig::default().read_buffer_size(READ_BUFFER);
        let inner = WebSocketStream::from_partially_read(stream, leftover.into(), Role::Client, Some(config)).await;
        Self { inner: Box::new(inner), local_port }
    }

    pub(super) fn local_port(&self) -> u16 {
        self.local_port
    }

    pub(super) async fn receive(&mut self) -> Incoming {
        poll_fn(|cx| self.poll_receive(cx)).await
    }

    /// The next frame, or the end. WebSocket's own pings are answered underneath and are no frames.
    pub(super) fn poll_receive(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            return Poll::Ready(match ready!(self.inner.poll_next_unpin(cx)) {
                // Copied out of the read buffer, which so stays small.
                Some(Ok(Message::Text(text))) => Incoming::Frame(Frame::from(text.as_str())),
                Some(Ok(Message::Binary(bytes))) => Incoming::Frame(Frame::Binary(bytes)),
                Some(Ok(Message::Close(close))) => Incoming::Closed(ServerClose::WebSocket {
                    code: close.as_ref().map(|close| close.code.into()),
                    reason: close.map(|close| close.reason.to_string()).unwrap_or_default(),
                }),
                Some(Ok(_)) => continue,
                Some(Err(error)) => Incoming::Lost(in_words(&error)),
                None => Incoming::Lost("the connection was closed".to_owned()),
            });
        }
    }

    /// Takes a frame for sending, however much is still unsent; the next flush sends it.
    pub(super) fn queue(&mut self, frame: Frame) -> Result<(), String> {
        self.start_send(match frame {
            Frame::Text(text) => Message::text(text),
            Frame::Binary(bytes) => Message::Binary(bytes),
        })
    }

    /// Takes a WebSocket close frame for sending.
    pub(super) fn queue_close(&mut self) -> Result<(), String> {
        self.start_send(Message::Close(None))
    }

    pub(super) async fn flush(&mut self) -> Result<(), String> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        Pin::new(&mut *self.inner).poll_flush(cx).map_err(|error| in_words(&error))
    }

    /// Needs no `poll_ready`: the write buffer has no limit, so that a message is always accepted.
    fn start_send(&mut self, message: Message) -> Result<(), String> {
        Pin::new(&mut *self.inner).start_send(message).map_err(|error| in_words(&error))
    }
}

/// RFC 6455, section 4.1: what the client must see in the answer before it trusts it.
fn check_switch(headers: &HeaderMap, key: &str) -> Result<(), String> {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    if !header("upgrade").is_some_and(|value| value.eq_ignore_ascii_case("websocket")) {
        return Err("the answer has no header `upgrade: websocket`".to_owned());
    }
    if header("sec-websocket-accept") != Some(derive_accept_key(key.as_bytes()).as_str()) {
        return Err("`sec-websocket-accept` does not fit the key that was sent".to_owned());
    }
    Ok(())
}

fn in_words(error: &Error) -> String {
    match error {
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => {
            "the server closed the connection without a WebSocket close frame".to_owned()
        }
        other => other.to_string(),
    }
}
