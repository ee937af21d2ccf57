//! What can go wrong with a session, each with what came instead and what to do about it.

use std::time::Duration;

use thiserror::Error;

use super::{Closed, HandshakeError, signal::ServerClose};
use crate::net::{Answer, DialError, HttpError, Progress};

/// Why no session came about. URLs are shown with their secrets hidden.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// No connection.
    #[error(transparent)]
    Dial(DialError),
    /// A connection, but no proper HTTP on it.
    #[error(transparent)]
    Http(HttpError),
    /// The server answered, and not with a session: an HTTP status other than the one that the transport needs.
    #[error("{url}: {found}; {advice}")]
    Refused {
        /// The URL.
        url: String,
        /// The status.
        status: u16,
        /// Status, content type and the start of the body, in words.
        found: String,
        /// What this usually means here, and what to do.
        advice: String,
    },
    /// The server answered with the right status, and what it says is not Engine.IO.
    #[error(
        "{url}: {found}, expected an Engine.IO open packet (`0{{\"sid\":…}}`); does the socket path lead to Engine.IO?"
    )]
    NotEngineIo {
        /// The URL.
        url: String,
        /// What came.
        found: String,
    },
    /// The switch to WebSocket was accepted in a way that cannot be trusted.
    #[error("{url}: 101, but {problem}; is a proxy in between that answers for the backend?")]
    NotWebSocket {
        /// The URL.
        url: String,
        /// What is wrong.
        problem: String,
    },
    /// The open packet is not as it must be.
    #[error("{url}: the Engine.IO handshake is wrong: {error}; got `{json}`")]
    Handshake {
        /// The URL.
        url: String,
        /// Which field, and what is wrong with it.
        error: HandshakeError,
        /// The start of the open packet's JSON.
        json: String,
    },
    /// The connection ended before the open packet.
    #[error(
        "{url}: {how} before the Engine.IO open packet came; \
         check the socket path (some servers hang up on one that they do not know), and what the backend's log says"
    )]
    ClosedEarly {
        /// The URL.
        url: String,
        /// What happened.
        how: String,
    },
    /// It took too long.
    #[error("{url}: no {missing} within {after:?}; is the backend overloaded, or a proxy holding the answer back?")]
    TimedOut {
        /// The URL.
        url: String,
        /// What was waited for.
        missing: &'static str,
        /// The deadline that passed.
        after: Duration,
    },
}

impl OpenError {
    /// The HTTP status that came instead of a session, where one did.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    pub(super) fn refused(url: String, answer: &Answer) -> Self {
        Self::Refused { url, status: answer.status.as_u16(), found: described(answer), advice: advice(answer) }
    }

    pub(super) fn closed_early(url: String, detail: &ServerClose) -> Self {
        Self::ClosedEarly { url, how: detail.to_string() }
    }
}

impl From<HttpError> for OpenError {
    fn from(error: HttpError) -> Self {
        match error {
            HttpError::Dial(error) => Self::Dial(error),
            HttpError::Closed { request, progress: Progress::Sent, .. } => {
                Self::ClosedEarly { url: request, how: "the connection was closed without an answer".to_owned() }
            }
            HttpError::TimedOut { request, after, .. } => Self::TimedOut { url: request, missing: "answer", after },
            other => Self::Http(other),
        }
    }
}

/// An answer in a message.
pub(super) fn described(answer: &Answer) -> String {
    let status = answer.status.as_u16();
    let kind = answer.header("content-type").unwrap_or("no content type");
    match answer.body.is_empty() {
        true => format!("HTTP {status} with an empty body"),
        false => format!("HTTP {status} ({kind}) with `{}`", answer.body_start(BODY_SHOWN)),
    }
}

/// How many characters of an unexpected body a message shows.
pub(super) const BODY_SHOWN: usize = 120;

/// What an answer that is no session usually means.
fn advice(answer: &Answer) -> String {
    if let Some((code, message)) = engine_refusal(answer) {
        // Engine.IO's own errors, as the official server numbers them.
        return match code {
            0 => format!("Engine.IO refused: {message}; is this transport switched off in the backend?"),
            1 => format!(
                "Engine.IO refused: {message}; with several nodes, does the load balancer keep a session on one node?"
            ),
            4 => format!("Engine.IO refused: {message}; check the token, and the backend's CORS origins"),
            5 => format!("Engine.IO refused: {message}; the backend must speak Engine.IO 4 (Socket.IO 3 or newer)"),
            _ => format!("Engine.IO refused: {message}"),
        };
    }
    match answer.status.as_u16() {
        // Without the query: servers repeat ours there, and the token in it.
        300..=399 => match answer.header("location").and_then(|location| location.split('?').next()) {
            Some(location) => format!("redirects are not followed: use the URL that it leads to, {location}"),
            None => "redirects are not followed".to_owned(),
        },
        401 | 403 => "check the token, and whether the backend accepts this Origin".to_owned(),
        404 | 405 => {
            "nothing speaks Engine.IO here: check the socket path, with and without a slash at its end".to_owned()
        }
        426 => "the backend wants another protocol: check the transports it allows".to_owned(),
        429 => "the backend limits connections: try again later, or raise its limit".to_owned(),
        502..=504 => "a proxy answers for a backend that is away: is the backend running?".to_owned(),
        500..=599 => "the backend failed: see its log".to_owned(),
        200..=299 => "not a WebSocket: check the socket path, and that no proxy drops the `Upgrade` header".to_owned(),
        _ => "check the socket path, and what the backend's log says".to_owned(),
    }
}

/// The body by which Engine.IO refuses: `{"code":0,"message":"Transport unknown"}`; some write the code as text.
fn engine_refusal(answer: &Answer) -> Option<(u64, String)> {
    let body: serde_json::Value = serde_json::from_slice(&answer.body).ok()?;
    let code = body.get("code")?;
    let code = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    Some((code, body.get("message")?.as_str()?.to_owned()))
}

/// Why a frame was not sent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SendError {
    /// The session is over.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// The server refused the `POST`. Whether the session lives on is for the next poll to show.
    #[error("the POST was answered with HTTP {status}: {body}")]
    Refused {
        /// The status.
        status: u16,
        /// The start of the body.
        body: String,
    },
    /// The `POST` has no answer. Whether the session lives on is for the next poll to show.
    #[error(transparent)]
    Failed(HttpError),
    /// A raw `POST` was asked for, and the session is on WebSocket.
    #[error("a raw POST body needs a polling session, and this one is on WebSocket")]
    NotPolling,
}

/// Why a session was not upgraded. Unless it is over, it goes on by polling.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UpgradeError {
    /// The session is over.
    #[error(transparent)]
    Closed(#[from] Closed),
    /// It is on WebSocket already.
    #[error("only a polling session can be upgraded, and this one is on WebSocket")]
    NotPolling,
    /// Another upgrade of this session is under way.
    #[error("this session is being upgraded already")]
    InProgress,
    /// The WebSocket could not be opened.
    #[error("the WebSocket for the upgrade cannot be opened: {0}")]
    Open(#[from] OpenError),
    /// The probe was not answered as it must be.
    #[error("{url}: the probe `2probe` was answered with {found}, expected `3probe`")]
    Probe {
        /// The URL of the WebSocket.
        url: String,
        /// What came instead.
        found: String,
    },
    /// It took too long.
    #[error("{url}: the upgrade hangs: no {missing} within {after:?}")]
    TimedOut {
        /// The URL of the WebSocket.
        url: String,
        /// What was waited for.
        missing: &'static str,
        /// The deadline that passed.
        after: Duration,
    },
}
