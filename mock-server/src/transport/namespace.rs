//! The namespace: who may connect to it, and putting what clients emit into the queue, in their order.
//!
//! Handlers are registered while a client is still being admitted, since later is too late for a client that emits at
//! once. They are not async, and do nothing but enqueue: async ones are spawned, and overtake one another.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use axum::extract::Query;
use axum::http::Uri;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{AckSender, Event, SocketRef, TryData};
use socketioxide::handler::{ConnectHandler, FromMessageParts, Value as Packet};
use socketioxide::socket::{DisconnectReason, Socket};

use crate::auth::{TokenError, Tokens};
use crate::backend::{Job, Queue};
use crate::client::Client;
use crate::control::log::{Happening, Kind, Log};
use crate::events::{Asked, Emitted};
use crate::faults::{Credentials, Door, FaultSet};

/// Opens the namespace to clients; without `tokens` to everybody.
pub(crate) fn open(
    io: &SocketIo,
    path: &str,
    tokens: Option<Arc<Tokens>>,
    queue: Queue,
    faults: FaultSet,
    log: Arc<Log>,
) {
    let admit = {
        let queue = queue.clone();
        move |socket: SocketRef, TryData(payload): TryData<Value>| {
            let uri = &socket.req_parts().uri;
            let client = Client::new(socket.clone());
            let admitted = tokens.as_deref().map_or(Ok(None), |tokens| {
                let mut credentials = credentials(payload.ok().as_ref(), uri);
                faults.credentials(&mut credentials);
                check(tokens, credentials)
            });
            ready(match admitted {
                Ok(agent) => {
                    client.admitted_as(agent);
                    listen(&socket, &queue);
                    Ok(())
                }
                Err(reason) => {
                    tracing::debug!(%reason, "client refused");
                    log.record(Happening::new(Kind::Refused).of(client.connection()).detail(reason.to_string()));
                    Err(reason)
                }
            })
        }
    };
    let connected = move |socket: SocketRef| {
        let client = Client::new(socket);
        tracing::debug!(client = client.number(), "client connected");
        queue.offer(&client, Job::Connected);
        ready(())
    };
    io.ns(path.to_owned(), connected.with(admit));
}

/// What a client sent to be admitted.
fn credentials(payload: Option<&Value>, uri: &Uri) -> Credentials {
    let parameters = Query::<HashMap<String, String>>::try_from_uri(uri).ok();
    Credentials {
        auth: payload.and_then(|payload| payload.get("token")).filter(|token| !token.is_null()).cloned(),
        query: parameters.and_then(|Query(mut parameters)| parameters.remove("token")),
    }
}

/// Takes the token from the CONNECT payload, or else from the query: what the payload says wins.
fn check(tokens: &Tokens, credentials: Credentials) -> Result<Option<String>, TokenError> {
    let token = match credentials.auth {
        Some(Value::String(token)) => Some(token),
        None => credentials.query,
        Some(_) => return Err(TokenError::Invalid),
    };
    tokens.admit(Door::Socket, token.as_deref())
}

/// Enqueues all that the client emits, whatever its name and shape, so that malformed requests are answered too.
fn listen(socket: &SocketRef, queue: &Queue) {
    socket.on_fallback({
        let queue = queue.clone();
        move |socket: SocketRef, Event(event): Event, FirstArgument(payload): FirstArgument, ack: AckSender| {
            let client = Client::new(socket);
            match client.wait_for_turn() {
                Some(waiting) => {
                    queue.offer(&client, |client| {
                        Job::Emitted(Emitted { asked: Asked { client, event, payload }, ack, waiting })
                    });
                }
                None => client.cut_off("it emits faster than it can be answered"),
            }
            ready(())
        }
    });
    socket.on_disconnect({
        let queue = queue.clone();
        move |socket: SocketRef, reason: DisconnectReason| async move {
            let client = Client::new(socket);
            tracing::debug!(client = client.number(), %reason, "client disconnected");
            queue.push(Job::Disconnected(client, reason)).await;
        }
    });
}

/// The first argument of an event, or null where there is none; any more are ignored. `None` where it is not JSON alone.
///
/// The library's own reader takes an object whose first key is written with an escape for no JSON.
struct FirstArgument(Option<Value>);

impl<A: Adapter> FromMessageParts<A> for FirstArgument {
    type Error = Infallible;

    fn from_message_parts(_: &Arc<Socket<A>>, packet: &mut Packet, _: &Option<i64>) -> Result<Self, Infallible> {
        Ok(Self(match packet {
            Packet::Str(text, None) => serde_json::from_str::<Vec<Value>>(text).ok().map(|all| {
                // The event's name comes first.
                all.into_iter().nth(1).unwrap_or_default()
            }),
            _ => None,
        }))
    }
}
