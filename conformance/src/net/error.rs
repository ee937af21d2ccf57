//! Why a request has no answer.

use std::{fmt, time::Duration};

use thiserror::Error;

use super::DialError;

/// Why a request has no answer. An answer with an error status is an answer, and not among these.
///
/// `request` is the method and the URL, secrets hidden. `local_port` is ours, as the server's log shows it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HttpError {
    /// No connection came about.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The request was connected, but the answer was not complete in time.
    #[error(
        "{request}: no complete answer within {after:?} (local port {local_port}); see what the backend's log says"
    )]
    TimedOut {
        /// Method and URL.
        request: String,
        /// The deadline that passed.
        after: Duration,
        /// Our port.
        local_port: u16,
    },
    /// The server closed the connection.
    #[error(
        "{request}: the connection was closed {progress} ({reason}; local port {local_port}); \
         see what the backend's log says, and whether the port speaks TLS"
    )]
    Closed {
        /// Method and URL.
        request: String,
        /// How much had come by then.
        progress: Progress,
        /// The HTTP library's or the system's words.
        reason: String,
        /// Our port.
        local_port: u16,
    },
    /// What answered does not speak HTTP/1.1.
    #[error("{request}: the answer is not HTTP ({reason}); is this the right port, and should it be `https://`?")]
    NotHttp {
        /// Method and URL.
        request: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The body is longer than we are willing to keep.
    #[error("{request}: the answer is longer than {limit} bytes; is this the right URL?")]
    TooLarge {
        /// Method and URL.
        request: String,
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// The request cannot be expressed in HTTP: a mistake on our side, not the server's.
    #[error("{request}: cannot be sent: {reason}")]
    Invalid {
        /// Method and URL.
        request: String,
        /// Which part, and why.
        reason: String,
    },
}

/// How far an answer had come when the connection was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The request could not even be handed over.
    Unsent,
    /// The request was on its way; of the answer's head nothing, or not all, had come.
    Sent,
    /// Status and headers had come, the body was not complete.
    MidAnswer,
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unsent => "before the request was sent",
            Self::Sent => "before an answer came",
            Self::MidAnswer => "in the middle of the answer",
        })
    }
}
