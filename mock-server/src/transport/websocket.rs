//! Opening a session by WebSocket: the handshake, and what is kept of the request.
//!
//! The library would do the same, but for two things: it keeps the whole request as long as the session lives, and its
//! first ping comes too early (`heartbeat`).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::engine::Engine;
use super::heartbeat::LaterPing;
use super::session::Session;

/// Answers the handshake (RFC 6455, section 4.2.2), and begins the session when the connection is free for it.
pub(super) fn open(engine: impl Engine, request: Request, session: &Arc<Session>) -> Response {
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    let accept = derive_accept_key(key);
    let kept = kept(&request, session);
    tokio::spawn(async move {
        match hyper::upgrade::on(request).await {
            Ok(upgraded) => engine.begin(LaterPing::new(TokioIo::new(upgraded)), kept),
            Err(error) => tracing::debug!(%error, "a WebSocket's connection ended before it was opened"),
        }
    });
    let headers = [
        (header::CONNECTION, "Upgrade"),
        (header::UPGRADE, "websocket"),
        (header::SEC_WEBSOCKET_ACCEPT, accept.as_str()),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response()
}

/// What is kept of a request as long as its session lives: the URI, for the token in it. Everything of the request itself
/// shares the buffer that it was read into, 16 KB of it, and would keep that.
pub(super) fn kept(request: &Request, session: &Arc<Session>) -> axum::http::Request<()> {
    let mut kept = axum::http::Request::new(());
    *kept.method_mut() = request.method().clone();
    // As good as the one that it is copied from.
    *kept.uri_mut() = request.uri().to_string().parse().unwrap_or_default();
    kept.extensions_mut().insert(Arc::clone(session));
    kept
}
