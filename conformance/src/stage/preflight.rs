//! Before the run: does anything answer at the target, does it speak Engine.IO there, does it take our token?
//!
//! What fails here would fail every check for the same reason, and mostly means that the address, the path or the
//! credentials are wrong. It is said once, instead of in fifty verdicts.

use std::sync::Arc;
use std::time::{Duration, Instant};

use fixtures::webhooks::{Inbound, MessageKind};
use fixtures::{Contract, Route};

use super::ground::Ground;
use super::log::Recorder;
use super::socket::{Opening, Socket};
use crate::config::{Capability, ConfigError};
use crate::net::{DialError, HttpError};
use crate::recording::{Peer, TokenPlace, TokenUse, Transport, What};
use crate::target::{Batch, LoginError, Target, Token, TokenError, TriggerError};
use crate::wire::{self, OpenError, Session, SessionOptions};

/// How long to wait before trying again a target that is not up yet.
const RETRY: Duration = Duration::from_millis(100);

/// Why there will be no run.
#[derive(Debug, thiserror::Error)]
pub enum PreflightError {
    /// No session by any transport.
    #[error("{0}")]
    Open(OpenError),
    /// No session, however long was waited for one.
    #[error("not up within {waited:?} (--wait-for): {error}")]
    NeverUp {
        /// What the last try came to.
        error: OpenError,
        /// How long was waited.
        waited: Duration,
    },
    /// A stand-in cannot listen.
    #[error("{0}")]
    StandIn(#[from] ConfigError),
    /// No token.
    #[error("{0}")]
    Login(#[from] LoginError),
    /// The bad tokens cannot be made.
    #[error("{0}")]
    BadTokens(#[from] TokenError),
    /// The token was refused wherever it was shown.
    #[error(
        "{target} refuses our token, in the CONNECT payload and in the query string: {answer}; check [auth] in the configuration: \
         is the token still good, and is it for this backend?"
    )]
    TokenRefused {
        /// The target's URL.
        target: String,
        /// What it answered.
        answer: String,
    },
    /// The trigger was refused for every customer type.
    #[error("{target}: {error}; so it is for every customer type, and without messages there is nothing to check")]
    TriggerRefused {
        /// The target's URL.
        target: String,
        /// How the first one was refused.
        error: TriggerError,
    },
    /// There is no token to show, and the target wants one.
    #[error(
        "{target} lets nobody in without a token: {answer}; give a login or a token under [auth] in the configuration \
         (`conformance init` writes one to start from)"
    )]
    TokenWanted {
        /// The target's URL.
        target: String,
        /// What it answered.
        answer: String,
    },
}

impl PreflightError {
    /// Whether the target is away or failing, which may pass, rather than the configuration wrong.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::NeverUp { .. } => true,
            Self::Open(error) => is_away(error),
            Self::StandIn(_) | Self::TokenRefused { .. } | Self::TokenWanted { .. } => false,
            Self::TriggerRefused { .. } | Self::BadTokens(_) => false,
            Self::Login(LoginError::Unreachable(HttpError::NotHttp { .. })) => false,
            Self::Login(LoginError::Unreachable(_) | LoginError::Failed { .. } | LoginError::Throttled { .. }) => true,
            Self::Login(_) => false,
        }
    }
}

pub(crate) fn is_away(error: &OpenError) -> bool {
    match error {
        OpenError::Dial(_) | OpenError::Http(_) | OpenError::ClosedEarly { .. } | OpenError::TimedOut { .. } => true,
        OpenError::Refused { status, .. } => *status == 429 || *status >= 500,
        _ => false,
    }
}

/// Whether waiting may help: nobody gets another certificate, or another protocol, by starting up.
fn may_pass(error: &OpenError) -> bool {
    is_away(error)
        && !matches!(error, OpenError::Dial(DialError::Tls { .. }) | OpenError::Http(HttpError::NotHttp { .. }))
}

/// Reaches the target and prepares the ground; a target that is away is tried again until `wait_for` is over.
///
/// # Errors
/// [`PreflightError`] for what stands in the way of a run.
pub async fn preflight(target: Target, contract: Contract, wait_for: Duration) -> Result<Ground, PreflightError> {
    let give_up = Instant::now() + wait_for;
    while let Err(error) = reach(&target).await {
        if wait_for.is_zero() || !may_pass(&error) {
            return Err(PreflightError::Open(error));
        }
        if Instant::now() + RETRY >= give_up {
            return Err(PreflightError::NeverUp { error, waited: wait_for });
        }
        tokio::time::sleep(RETRY).await; // nobody tells us when a server comes up
    }
    let ground = Ground::prepare(target, contract).await?;
    greet(&ground).await?;
    Ok(ground)
}

/// Opens a session by any transport that the target is said to have.
///
/// # Errors
/// [`OpenError`] of the last transport where none answers.
pub(crate) async fn reach(target: &Target) -> Result<(), OpenError> {
    let mut refusal = None;
    for (transport, capability) in
        [(wire::Transport::WebSocket, Capability::Websocket), (wire::Transport::Polling, Capability::Polling)]
    {
        if target.lacks(capability).is_some() {
            continue;
        }
        match Session::open(options(target, transport), Arc::new(|_, _| {})).await {
            Ok(session) => {
                session.close().await;
                return Ok(());
            }
            Err(error) => refusal = Some(error),
        }
    }
    refusal.map_or(Ok(()), Err)
}

fn options(target: &Target, transport: wire::Transport) -> SessionOptions {
    let mut options = SessionOptions::new(target.endpoint.clone(), target.socket_path.clone(), transport);
    options.deadline = target.deadlines.connect;
    options
}

/// Causes one message, which nobody listens to, before conversations depend on it. A trigger that is refused for one
/// customer type is for checks to tell; one that is refused for all is set up wrongly.
///
/// # Errors
/// [`PreflightError::TriggerRefused`] with the first refusal. Whatever else goes wrong may be the backend's fault.
pub async fn try_trigger(ground: &Ground) -> Result<(), PreflightError> {
    let Ground { target, contract, .. } = ground;
    let mut refusal = None;
    for route in &contract.routes {
        let Ok(from) = target.numbers.fresh(&route.customer_type) else { return Ok(()) };
        match target.trigger.send(&before_the_run(route, from, &super::nonce())).await {
            Err(error @ TriggerError::Refused { status, .. }) if !status.is_server_error() => {
                refusal = refusal.or(Some(error));
            }
            _ => return Ok(()),
        }
    }
    let refused = |error| PreflightError::TriggerRefused { target: target.endpoint.shown_url(""), error };
    refusal.map_or(Ok(()), |error| Err(refused(error)))
}

/// Causes one message of this type from a number of its own, and gives the nonce in its text; none where it is not taken.
pub async fn greeting(ground: &Ground, route: &Route) -> Option<String> {
    let from = ground.target.numbers.fresh(&route.customer_type).ok()?;
    let nonce = super::nonce();
    ground.target.trigger.send(&before_the_run(route, from, &nonce)).await.ok()?;
    Some(nonce)
}

fn before_the_run(route: &Route, from: String, nonce: &str) -> Batch {
    let message = Inbound {
        kind: MessageKind::Text,
        from,
        name: "Conformance Check".to_owned(),
        id: format!("wamid.CONFORMANCE{}", nonce.trim_start_matches('~')),
        timestamp: jiff::Timestamp::now().as_second(),
        text: Some(format!("{nonce} before the run")),
    };
    Batch { customer_type: route.customer_type.clone(), messages: vec![message] }
}

/// Connects with the good token, in its ordinary place or else in the other one; without any where tokens are not used.
/// Which of the two places work is for checks to say; that neither does is most likely a wrong token.
async fn greet(ground: &Ground) -> Result<(), PreflightError> {
    let Ok(token) = ground.token(TokenUse::Good) else { return Ok(()) };
    let ordinary = ground.target.auth.place();
    let other = if ordinary == TokenPlace::Auth { TokenPlace::Query } else { TokenPlace::Auth };
    let Some(answer) = refusal(ground, token.as_ref(), ordinary).await else { return Ok(()) };
    let target = ground.target.endpoint.shown_url("");
    match token {
        None => Err(PreflightError::TokenWanted { target, answer }),
        Some(token) => match refusal(ground, Some(&token), other).await {
            Some(_) => Err(PreflightError::TokenRefused { target, answer }),
            None => Ok(()),
        },
    }
}

/// How a connection with this token in this place is refused; none where it is not.
async fn refusal(ground: &Ground, token: Option<&Token>, place: TokenPlace) -> Option<String> {
    let target = &ground.target;
    let websocket = target.lacks(Capability::Websocket).is_none();
    let log = Recorder::start().scenario(Arc::from("preflight"));
    let opening = Opening {
        transport: if websocket { Transport::Websocket } else { Transport::Polling },
        token: TokenUse::Good,
        place,
        token_text: token.map(|token| token.expose().to_owned()),
        options: options(target, wire::Transport::WebSocket),
        namespace: ground.contract.namespace.clone(),
    };
    let peer = Peer { actor: Arc::from("preflight"), connection: 1 };
    let socket = Socket::open(opening, peer, &log, &target.redactor).await;
    if let Some(socket) = socket {
        socket.close().await;
    }
    log.find(|entry| match &entry.what {
        What::ConnectError { data } => Some(format!("CONNECT_ERROR {data}")),
        What::OpenFailed { reason, status: Some(401 | 403) } => Some(reason.clone()),
        _ => None,
    })
}
