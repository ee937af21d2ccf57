//! The trigger by an event that a client of the suite's own emits, for backends that can be made to act that way.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use super::{Accepted, Parts, TriggerError};
use crate::config::{Capability, SocketConfig, Values};
use crate::net::Endpoint;
use crate::recording::TokenPlace;
use crate::target::auth::Auth;
use crate::target::redact::Redactor;
use crate::wire::{Direction, EnginePacket, Frame, Session, SessionOptions, Signal, SocketPacket, Transport};

/// How much of a payload or an answer is quoted, in characters.
const QUOTED: usize = 200;

/// Emits the event on a connection of its own, which is kept, and opened again when it is lost.
pub(super) struct SocketTrigger {
    config: SocketConfig,
    endpoint: Endpoint,
    path: String,
    namespace: String,
    transport: Transport,
    /// How long connecting may take, and how long being let into the namespace.
    connect: Duration,
    /// How long it may take to hand the event over.
    timeout: Duration,
    auth: Arc<Auth>,
    redactor: Redactor,
    /// Locked while an event is sent, so that events go out in the order of the calls.
    connection: Mutex<Option<Connection>>,
}

struct Connection {
    session: Session,
    local_port: u16,
}

impl SocketTrigger {
    pub fn new(config: SocketConfig, parts: &Parts<'_>) -> Self {
        let polls = parts.config.lacks.contains(&Capability::Websocket);
        Self {
            config,
            endpoint: parts.http.endpoint().clone(),
            path: parts.socket_path.to_owned(),
            namespace: parts.namespace.to_owned(),
            transport: if polls { Transport::Polling } else { Transport::WebSocket },
            connect: parts.config.deadlines.connect,
            timeout: parts.config.trigger.timeout,
            auth: Arc::clone(parts.auth),
            redactor: parts.redactor.clone(),
            connection: Mutex::new(None),
        }
    }

    pub async fn send(&self, values: &Values<'_>) -> Result<Accepted, TriggerError> {
        let payload = self.payload(values)?;
        let args = vec![Value::from(self.config.event.as_str()), payload];
        let frame = SocketPacket::Event { namespace: self.namespace.clone(), id: None, args }.frame();
        let mut kept = self.connection.lock().await;
        // Taken out: whatever goes wrong from here on, the next message begins with a new connection.
        let connection = match kept.take() {
            Some(connection) if connection.session.close_reason().is_none() => connection,
            _ => self.connect().await?,
        };
        let began = Instant::now();
        timeout(self.timeout, connection.session.send(frame))
            .await
            .map_err(|_| TriggerError::Connection(format!("the event was not taken within {:?}", self.timeout)))?
            .map_err(|error| TriggerError::Connection(error.to_string()))?;
        let local_port = connection.local_port;
        *kept = Some(connection);
        Ok(Accepted {
            status: None,
            detail: "handed over; an event has no answer of its own".to_owned(),
            took: began.elapsed(),
            local_port: Some(local_port),
            request: format!("emit {}", self.config.event),
            throttled: Duration::ZERO,
        })
    }

    fn payload(&self, values: &Values<'_>) -> Result<Value, TriggerError> {
        let rendered = self.config.payload.render(values).map_err(TriggerError::Template)?;
        serde_json::from_str(&rendered).map_err(|error| TriggerError::NotJson {
            reason: error.to_string(),
            rendered: self.redactor.redact(&rendered).chars().take(QUOTED).collect(),
        })
    }

    /// Opens a session and enters the namespace with a good token.
    async fn connect(&self) -> Result<Connection, TriggerError> {
        let token = self.auth.shared_token().await?;
        let token = token.as_ref().map(|token| token.expose().to_owned());
        let mut options = SessionOptions::new(self.endpoint.clone(), self.path.as_str(), self.transport);
        options.deadline = self.connect;
        let data = match (token, self.auth.place()) {
            (Some(token), TokenPlace::Auth | TokenPlace::Both) => Some(json!({"token": token})),
            (Some(token), TokenPlace::Query) => {
                options.query.push(("token".to_owned(), token));
                None
            }
            (None, _) => None,
        };
        let (tell, mut told) = mpsc::unbounded_channel();
        // The receiver is gone once the namespace has been entered; from then on nobody needs to know.
        let observer = Arc::new(move |_, signal| drop(tell.send(signal)));
        let session = Session::open(options, observer)
            .await
            .map_err(|error| TriggerError::Connection(self.redactor.redact(&error.to_string()).into_owned()))?;
        let packet = SocketPacket::Connect { namespace: self.namespace.clone(), data };
        session.send(packet.frame()).await.map_err(|error| TriggerError::Connection(error.to_string()))?;
        let entered = timeout(self.connect, self.entered(&mut told)).await;
        let failed = |reason| Err(TriggerError::Connection(reason));
        match entered {
            Ok(Ok(local_port)) => Ok(Connection { session, local_port }),
            Ok(Err(reason)) => failed(reason),
            Err(_) => failed(format!("CONNECT to {} was not answered within {:?}", self.namespace, self.connect)),
        }
    }

    /// Waits until CONNECT is answered; gives our port, or in words why we were not let in.
    async fn entered(&self, told: &mut mpsc::UnboundedReceiver<Signal>) -> Result<u16, String> {
        let mut port = 0;
        while let Some(signal) = told.recv().await {
            match signal {
                Signal::Opened { local_port, .. } => port = local_port,
                Signal::Frame { direction: Direction::In, frame, .. } => match socket_packet(&frame) {
                    Some(SocketPacket::Connect { namespace, .. }) if namespace == self.namespace => return Ok(port),
                    Some(SocketPacket::ConnectError { namespace, data }) if namespace == self.namespace => {
                        let data = data.unwrap_or_default().to_string();
                        let why: String = self.redactor.redact(&data).chars().take(QUOTED).collect();
                        return Err(format!("CONNECT to {namespace} was refused: {why}; check [auth]"));
                    }
                    _ => {}
                },
                Signal::Closed { reason } => return Err(format!("it ended before CONNECT was answered: {reason}")),
                Signal::Frame { .. } | Signal::Upgraded => {}
            }
        }
        Err("it ended before CONNECT was answered".to_owned())
    }
}

fn socket_packet(frame: &Frame) -> Option<SocketPacket> {
    match EnginePacket::decode(frame) {
        Ok(EnginePacket::Message(text)) => SocketPacket::decode(text).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
