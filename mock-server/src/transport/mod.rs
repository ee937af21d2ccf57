//! The door for sockets: Engine.IO v4 on the contract's path, by polling, WebSocket and upgrade from one to the other.
//!
//! The protocol itself is socketioxide's. Here stands what it leaves open: refusing at once what it would accept and
//! drop later, being able to cut a client off, pinging at the right time, noticing a client that gives up its poll, and
//! doing what it sends on several connections in its order. What clients say is for `namespace`.

mod connection;
mod engine;
mod heartbeat;
pub(crate) mod namespace;
pub(crate) mod open_packet;
mod polling;
mod session;
mod websocket;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use socketioxide::service::SocketIoService;
use socketioxide::{ParserConfig, SocketIo};

pub(crate) use connection::{Connections, Listener, OnConnection};
pub(crate) use engine::Engine;
pub(crate) use open_packet::Misprints;
pub(crate) use session::{Session, Sessions, Waiting};

use crate::faults::OpenPacket;
use crate::options::Options;

/// How many packets may wait for one client; whoever is further behind is cut off.
const MOST_BEHIND: usize = 4_096;

/// How much of a WebSocket is read at once: each keeps such a buffer, and what pages emit is small.
const READ_BUFFER: usize = 512;

/// The Engine.IO endpoint.
#[derive(Clone)]
pub(crate) struct Transport<E> {
    path: String,
    engine: E,
    sessions: Arc<Sessions>,
    /// How long a client may be silent: a ping's interval and its timeout.
    patience: Duration,
}

/// Why a request was refused, in the words and numbers of the reference implementation (engine.io's `Server.errors`).
#[derive(Debug, Clone, Copy)]
enum Refused {
    UnknownTransport,
    UnknownSid,
    BadMethod,
    BadRequest,
    UnsupportedVersion,
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (code, message) = match self {
            Self::UnknownTransport => (0, "Transport unknown"),
            Self::UnknownSid => (1, "Session ID unknown"),
            Self::BadMethod => (2, "Bad handshake method"),
            Self::BadRequest => (3, "Bad request"),
            Self::UnsupportedVersion => (5, "Unsupported protocol version"),
        };
        (StatusCode::BAD_REQUEST, axum::Json(json!({"code": code, "message": message}))).into_response()
    }
}

/// What a request asks for.
enum Asked {
    /// To open a session by polling.
    OpenPolling,
    /// To open a session by WebSocket.
    OpenWebSocket,
    /// To go on polling.
    Poll(Arc<Session>),
    /// To go on by WebSocket.
    Upgrade(Arc<Session>),
}

/// The contract's endpoint, the handle to the sockets behind it, and what has to be written otherwise on connections.
pub(crate) fn open(options: &Options) -> (Transport<SocketIoService<Router>>, SocketIo, Misprints) {
    let packet = open_packet::of(options);
    let (transport, io) = Transport::of_socket_io(&options.contract.path, &packet);
    (transport, io, Misprints::of(&packet, options))
}

impl Transport<SocketIoService<Router>> {
    /// One on this path that keeps sessions as the open packet says, and the handle to the sockets behind it.
    pub(crate) fn of_socket_io(path: &str, packet: &OpenPacket) -> (Self, SocketIo) {
        let path = path.trim_end_matches('/').to_owned();
        let max_payload = packet.max_payload as usize;
        let (engine, io) = SocketIo::builder()
            .req_path(if path.is_empty() { "/".to_owned() } else { path.clone() })
            .ping_interval(packet.ping_interval)
            .ping_timeout(packet.ping_timeout)
            .max_buffer_size(MOST_BEHIND)
            .ws_read_buffer_size(READ_BUFFER)
            // Three limits for one rule: HTTP bodies, WebSocket messages and their frames, attachments.
            .max_payload(u64::from(packet.max_payload))
            .ws_max_message_size(max_payload)
            .ws_max_frame_size(max_payload)
            .with_parser(ParserConfig::common().max_incoming_binary_buf_size(max_payload))
            .build_with_inner_svc(Router::new());
        (Self::new(path, engine, packet), io)
    }
}

impl<E: Engine> Transport<E> {
    /// One on this path, which begins with a slash and does not end with one; its engine keeps sessions as the open packet
    /// says.
    pub(crate) fn new(path: impl Into<String>, engine: E, packet: &OpenPacket) -> Self {
        let patience = packet.ping_interval.saturating_add(packet.ping_timeout);
        Self { path: path.into(), engine, sessions: Arc::default(), patience }
    }

    /// The sessions.
    pub(crate) fn sessions(&self) -> Arc<Sessions> {
        Arc::clone(&self.sessions)
    }

    /// Whether the request is for this endpoint: the contract's path, with or without a slash behind it.
    pub(crate) fn is_for(&self, request: &Request) -> bool {
        request.uri().path().strip_prefix(&self.path).is_some_and(|rest| matches!(rest, "" | "/"))
    }

    /// Answers a request for this endpoint.
    pub(crate) async fn answer(
        self,
        ConnectInfo(OnConnection { connection, .. }): ConnectInfo<OnConnection>,
        request: Request,
    ) -> Response {
        match self.asked(&request) {
            Ok(Asked::OpenPolling | Asked::OpenWebSocket) if self.sessions.have_ended() => {
                StatusCode::SERVICE_UNAVAILABLE.into_response()
            }
            Ok(Asked::OpenPolling) => self.open_polling(request).await,
            Ok(Asked::OpenWebSocket) => {
                let session = self.sessions.open();
                session.runs_over(&connection);
                websocket::open(self.engine, request, &session)
            }
            Ok(Asked::Poll(session)) => self.poll(&session, request).await,
            Ok(Asked::Upgrade(session)) => {
                session.asks_to_upgrade();
                session.runs_over(&connection);
                self.engine.answer(request).await
            }
            Err(refused) => refused.into_response(),
        }
    }

    fn asked(&self, request: &Request) -> Result<Asked, Refused> {
        let query = request.uri().query().unwrap_or_default();
        let value = |name: &str| {
            query
                .split('&')
                .filter_map(|pair| pair.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        if value("EIO") != Some("4") {
            return Err(Refused::UnsupportedVersion);
        }
        let by_websocket = match value("transport") {
            Some("websocket") => true,
            Some("polling") => false,
            _ => return Err(Refused::UnknownTransport),
        };
        // A session that was opened by WebSocket cannot be polled, so its sid is as unknown as any.
        let session = value("sid").map(|sid| self.sessions.find(sid).ok_or(Refused::UnknownSid)).transpose()?;
        if session.as_ref().is_some_and(|session| session.is_cut_off()) {
            return Err(Refused::UnknownSid);
        }
        match (by_websocket, session, request.method()) {
            (true, session, &Method::GET) if is_upgrade(request.headers()) => {
                Ok(session.map_or(Asked::OpenWebSocket, Asked::Upgrade))
            }
            (true, _, &Method::GET) => Err(Refused::BadRequest),
            (false, Some(session), &Method::GET | &Method::POST) => Ok(Asked::Poll(session)),
            (false, None, &Method::GET) => Ok(Asked::OpenPolling),
            (_, None, _) => Err(Refused::BadMethod),
            (_, Some(_), _) => Err(Refused::BadRequest),
        }
    }
}

/// Whether the request asks for a WebSocket (RFC 6455, section 4.2.1).
fn is_upgrade(headers: &HeaderMap) -> bool {
    let has = |name, wanted: &str| {
        headers.get(name).is_some_and(|value| value.to_str().is_ok_and(|value| value.eq_ignore_ascii_case(wanted)))
    };
    has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13")
        && headers.contains_key(header::SEC_WEBSOCKET_KEY)
}
