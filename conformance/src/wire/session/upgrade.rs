//! The way from polling to WebSocket (Engine.IO protocol, section "Upgrade"), as seen from the polling side.
//!
//! While the probe runs, polling goes on as before. Once the server has answered it, no new `GET` or `POST` starts;
//! when the outstanding ones are answered, nothing is left on the old transport, and the upgrade packet is sent. So
//! nothing is lost, doubled, or overtaken.

use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::oneshot;

use super::{
    super::{
        Direction, EnginePacket, SessionOptions, Signal, Transport, UpgradeError,
        open::shown,
        websocket::{Incoming, Socket},
    },
    core::{Core, Reply},
};
use crate::net::Budget;

/// How far an upgrade is.
pub(super) enum Upgrade {
    /// The WebSocket is being opened and probed.
    Probing {
        probe: BoxFuture<'static, Result<Socket, UpgradeError>>,
        reply: Reply<(), UpgradeError>,
        hold: Hold,
        budget: Budget,
    },
    /// The probe was answered; the outstanding requests are being waited for, and whoever holds up the last step.
    Pausing { socket: Socket, reply: Reply<(), UpgradeError>, held: Option<oneshot::Receiver<()>>, budget: Budget },
}

/// Holds up the last step of an upgrade.
pub(super) struct Hold {
    /// Told when the probe is answered.
    pub begun: oneshot::Sender<()>,
    /// Resolves when the last step may be made.
    pub over: oneshot::Receiver<()>,
}

impl Upgrade {
    pub(super) fn start(core: &Core, reply: Reply<(), UpgradeError>, hold: Hold) -> Self {
        let budget = Budget::new(core.options.deadline);
        Self::Probing { probe: probe(core, budget).boxed(), reply, hold, budget }
    }
}

/// Opens a WebSocket for the session and has it answer `2probe` with `3probe`.
fn probe(core: &Core, budget: Budget) -> impl Future<Output = Result<Socket, UpgradeError>> + Send + 'static {
    let (options, handshake, witness) = (core.options.clone(), core.handshake.clone(), core.witness.clone());
    async move {
        let mut socket = Socket::connect(&options, Some(&handshake.sid), budget).await?;
        let url = || shown_url(&options);
        let wrong = |found: String| UpgradeError::Probe { url: url(), found };
        let ping = EnginePacket::Ping("probe").encode();
        witness.frame(Direction::Out, Transport::WebSocket, socket.local_port(), ping.clone());
        socket.queue(ping).map_err(wrong)?;
        let exchange = async {
            match socket.flush().await {
                Ok(()) => socket.receive().await,
                Err(error) => Incoming::Lost(error),
            }
        };
        match budget.bound(exchange).await.map_err(|_| timed_out(url(), "answer to the probe", budget))? {
            Incoming::Frame(frame) => {
                let probed = EnginePacket::decode(&frame) == Ok(EnginePacket::Pong("probe"));
                let found = shown(&frame);
                witness.frame(Direction::In, Transport::WebSocket, socket.local_port(), frame);
                if probed { Ok(socket) } else { Err(wrong(found)) }
            }
            Incoming::Closed(detail) => Err(wrong(detail.to_string())),
            Incoming::Lost(error) => Err(wrong(format!("the end of the connection ({error})"))),
        }
    }
}

/// The last step, when nothing is outstanding by polling: from here on the server sends by WebSocket.
pub(super) fn switch(core: &Core, socket: &mut Socket) -> Result<(), UpgradeError> {
    let upgrade = EnginePacket::Upgrade.encode();
    core.witness.frame(Direction::Out, Transport::WebSocket, socket.local_port(), upgrade.clone());
    socket.queue(upgrade).map_err(|found| UpgradeError::Probe { url: shown_url(&core.options), found })?;
    core.witness.tell(Signal::Upgraded);
    Ok(())
}

pub(super) fn pause_timed_out(core: &Core, budget: Budget) -> UpgradeError {
    timed_out(shown_url(&core.options), "answer to the outstanding poll", budget)
}

fn timed_out(url: String, missing: &'static str, budget: Budget) -> UpgradeError {
    UpgradeError::TimedOut { url, missing, after: budget.limit() }
}

fn shown_url(options: &SessionOptions) -> String {
    options.endpoint.shown_url(&options.path_and_query(Transport::WebSocket, None))
}
