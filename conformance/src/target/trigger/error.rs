//! Why a trigger did not cause its messages.

use std::time::Duration;

use fixtures::webhooks::MessageKind;
use http::StatusCode;

use crate::net::HttpError;
use crate::target::auth::LoginError;

/// Why a trigger did not cause its messages. What cannot be triggered cannot be tested; whose fault it is differs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TriggerError {
    /// Nothing answered.
    #[error("the trigger got no answer: {0}")]
    Unreachable(#[from] HttpError),
    /// The target did not accept it.
    #[error("the trigger was refused: {request} answered {status}: {body}; {}", next_step(*status))]
    Refused {
        /// Method and URL.
        request: String,
        /// The status.
        status: StatusCode,
        /// The start of the body.
        body: String,
    },
    /// Rate limits ask for more patience than a run has.
    #[error(
        "the trigger is rate-limited: {request} answered 429 and asks for a wait of {asked:.0?}, after {waited:.0?}; \
         raise the limit for the run, or run fewer checks (--run)"
    )]
    Throttled {
        /// Method and URL.
        request: String,
        /// How long was waited already.
        waited: Duration,
        /// The further wait, which is longer than a run should take.
        asked: Duration,
    },
    /// A template cannot be filled in.
    #[error("[trigger]: {0}")]
    Template(String),
    /// The socket trigger's payload is no JSON.
    #[error(
        "[trigger] payload gives no JSON ({reason}): {rendered}; write {{{{ text | tojson }}}} for text within JSON"
    )]
    NotJson {
        /// What is wrong with it.
        reason: String,
        /// The start of the payload.
        rendered: String,
    },
    /// The program could not be started.
    #[error("cannot run {program}: {reason}; check [trigger] program, and that the file is executable")]
    NotStarted {
        /// The program.
        program: String,
        /// What the system said.
        reason: String,
    },
    /// The program failed.
    #[error("{program} ended with {outcome}: {stderr}; expected exit code 0")]
    CommandFailed {
        /// The program.
        program: String,
        /// `exit code 3`, or the signal that ended it.
        outcome: String,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// The program did not end in time, and was killed.
    #[error(
        "{program} did not end within {after:?} and was killed: {stderr}; see `timeout` in its section of the configuration"
    )]
    CommandTimedOut {
        /// The program.
        program: String,
        /// The time it had.
        after: Duration,
        /// The end of what it wrote to standard error.
        stderr: String,
    },
    /// The socket trigger's own connection did not come about, or was lost while it was used.
    #[error("the trigger's own connection failed: {0}")]
    Connection(String),
    /// The socket trigger has no token to connect with.
    #[error("the trigger cannot connect: {0}")]
    Login(#[from] LoginError),
    /// This kind of trigger carries texts only.
    #[error("this trigger cannot cause a message of kind {0:?}; only [trigger] kind = \"whatsapp\" can")]
    Unsupported(MessageKind),
    /// There is no such customer type: a mistake in a scenario.
    #[error("there is no customer type `{0}`; the scenario and the contract do not fit together")]
    UnknownType(String),
    /// A batch without messages: a mistake in a scenario.
    #[error("the scenario triggers no message at all")]
    Empty,
}

fn next_step(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "check [trigger] secret",
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => {
            "check [trigger] path or url, and `channel` of the customer type"
        }
        status if status.is_redirection() => "redirects are not followed; set the address that it leads to",
        status if status.is_server_error() => "see what the backend's log says",
        _ => "check [trigger], and see what the backend's log says",
    }
}
