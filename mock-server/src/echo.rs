//! `--echo`: what the official test suites of the two protocols expect of a server, on the paths that they ask for. The
//! contract has no part in it; the door (`transport`) is the same, so that what the suites find holds for the contract too.
//!
//! Engine.IO, at `/engine.io`: every message comes back. Socket.IO, at `/socket.io`: whoever connects to `/` or `/custom`
//! hears `auth` with what they connected by, `message` comes back as `message-back`, and `message-with-ack` as its
//! acknowledgement.

use std::collections::BTreeMap;
use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use engineioxide::config::EngineIoConfig;
use engineioxide::handler::EngineIoHandler;
use engineioxide::service::EngineIoService;
use engineioxide::{DisconnectReason, Socket, Str};
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::ser::{SerializeTuple, Serializer};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, SocketRef, TryData};
use socketioxide::service::SocketIoService;

use crate::options::Options;
use crate::transport::{Transport, open_packet};

/// How long `auth` comes after the answer to CONNECT: the suites' client listens for one message at a time, and does not
/// hear the second of two that it reads at once.
const APART: Duration = Duration::from_millis(50);

/// The two endpoints, and the handle to the sockets of the second.
pub(crate) struct Echo {
    /// Engine.IO's.
    pub engine_io: Transport<EngineIoService<Messages, Router>>,
    /// Socket.IO's.
    pub socket_io: Transport<SocketIoService<Router>>,
    /// To close Socket.IO's sockets by.
    pub io: SocketIo,
}

impl Echo {
    /// With the options' heartbeat and largest message.
    pub(crate) fn new(options: &Options) -> Self {
        let packet = open_packet::of(options);
        let max_payload = packet.max_payload as usize;
        let config = EngineIoConfig::builder()
            .req_path("/engine.io")
            .ping_interval(packet.ping_interval)
            .ping_timeout(packet.ping_timeout)
            .max_payload(u64::from(packet.max_payload))
            .ws_max_message_size(max_payload)
            .ws_max_frame_size(max_payload)
            .build();
        let engine = EngineIoService::with_config_inner(Router::new(), Arc::new(Messages), config);
        let (socket_io, io) = Transport::of_socket_io("/socket.io", &packet);
        for namespace in ["/", "/custom"] {
            io.ns(namespace, listen);
        }
        Self { engine_io: Transport::new("/engine.io", engine, &packet), socket_io, io }
    }
}

/// Engine.IO's messages, which go back to whoever sent them.
#[derive(Debug)]
pub(crate) struct Messages;

/// Whoever does not read what comes back loses it: there is nobody to tell.
impl EngineIoHandler for Messages {
    type Data = ();

    fn on_connect(self: Arc<Self>, _: Arc<Socket<()>>) {}

    fn on_disconnect(&self, _: Arc<Socket<()>>, _: DisconnectReason) {}

    fn on_message(self: &Arc<Self>, text: Str, socket: Arc<Socket<()>>) {
        socket.emit(text).ok();
    }

    fn on_binary(self: &Arc<Self>, bytes: Bytes, socket: Arc<Socket<()>>) {
        socket.emit_binary(bytes).ok();
    }
}

/// An argument of an event: JSON, with bytes anywhere in it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Argument {
    Json(Value),
    List(Vec<Argument>),
    Object(BTreeMap<String, Argument>),
    Binary(Bytes),
}

/// All arguments of an event. Only what is read and written as a tuple is not taken for the first one alone.
struct Arguments(Vec<Argument>);

impl<'de> Deserialize<'de> for Arguments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;

        impl<'de> Visitor<'de> for All {
            type Value = Arguments;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an event's arguments")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Arguments, A::Error> {
                let mut arguments = Vec::new();
                while let Some(argument) = sequence.next_element()? {
                    arguments.push(argument);
                }
                Ok(Arguments(arguments))
            }
        }

        deserializer.deserialize_tuple(usize::MAX, All)
    }
}

impl Serialize for Arguments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for argument in &self.0 {
            tuple.serialize_element(argument)?;
        }
        tuple.end()
    }
}

/// Not async, so that what comes back is in order: async handlers overtake one another.
fn listen(socket: SocketRef, TryData(payload): TryData<Value>) -> Ready<()> {
    socket.on("message", |socket: SocketRef, TryData(arguments): TryData<Arguments>| {
        if let Ok(arguments) = arguments {
            socket.emit("message-back", &arguments).ok();
        }
        ready(())
    });
    socket.on("message-with-ack", |TryData(arguments): TryData<Arguments>, ack: AckSender| {
        if let Ok(arguments) = arguments {
            ack.send(&arguments).ok();
        }
        ready(())
    });
    tokio::spawn(async move {
        tokio::time::sleep(APART).await;
        socket.emit("auth", &payload.unwrap_or_else(|_| json!({}))).ok();
    });
    ready(())
}
