//! The places where a fault can act, and what it gets hold of there.
//!
//! Each place stands in the code that it belongs to, as one call of a [`super::FaultSet`] method; without faults such a
//! call is a glance at a flag. Faults are switched on and off while the server runs, except for those of `OpenPacket`.

use std::pin::Pin;
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use fixtures::{Contract, Role, Route};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::auth::TokenError;
use crate::chats::{Chat, Chats, Incoming, Place};
use crate::client::Client;
use crate::events::Asked;
use crate::login_service::LoginFailure;
use crate::outgoing::{Answer, Broadcast, Outgoing};
use crate::provider::{DeliveryError, Outbound};
use crate::rooms::{Change, Rooms};

/// What a fault does, by the place where it does it.
pub(crate) enum Act {
    /// Around everything that comes by HTTP: polling, handshakes, REST and webhook, CORS included.
    Http(fn(Request, Next) -> HttpFuture),
    /// What the open packet says, and what is really done.
    OpenPacket(fn(&mut OpenPacket)),
    /// Where a client's token is looked for.
    Credentials(fn(&mut Credentials)),
    /// What is thought of a token: gives the verdict that counts.
    Token(fn(&Presented<'_>) -> Result<(), TokenError>),
    /// What a client asks for, before anybody looks at it.
    Request(fn(&mut Asked, &mut Outgoing, &Contract) -> Flow),
    /// Who enters and leaves which room. Gives whether the change is made, after whatever the fault did itself.
    Membership(fn(&mut Rooms, &Client, &Change) -> bool),
    /// What a client is answered: one answer, of which it may make none or several.
    Answer(fn(&mut Vec<Answer>, &Asked, &Contract)),
    /// What a room is told of a message: one broadcast, of which it may make none or several.
    Broadcast(fn(&mut Vec<Broadcast>, &Scene<'_>)),
    /// What is shown of a chat, in broadcasts and in lists.
    Summary(fn(&mut Map<String, Value>, &Shown<'_>)),
    /// What is thought of a webhook's signature: gives the verdict that counts.
    Signature(fn(&Signed<'_>) -> bool),
    /// A webhook's body, once it is JSON.
    Webhook(fn(&mut Value)),
    /// A customer's message, before it is stored.
    Arrival(fn(&mut Arrival)),
    /// A chat that a customer's message was just stored in.
    Stored(fn(&mut Chat, &Stored)),
    /// A message is told first, and stored so much later.
    StoreLate(Duration),
    /// An agent's message on its way to the provider: one, of which it may make none or several.
    Sending(fn(&mut Vec<Outbound>)),
    /// What is thought of the provider's answer to an agent's message, and what is done about it.
    Sent(fn(&mut Sent)),
    /// How long the provider may take.
    Patience(Duration),
    /// Everything waits until the provider has answered.
    HoldUpForProvider,
    /// What is thought of a login that the login service did not let in; with none it is let in all the same.
    LoginFailure(fn(LoginFailure) -> Option<LoginFailure>),
}

/// The answer to come.
pub(crate) type HttpFuture = Pin<Box<dyn Future<Output = Response> + Send>>;

/// How sessions are kept. Clients are told what the options say, whatever is done here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OpenPacket {
    /// How often clients are pinged.
    pub ping_interval: Duration,
    /// How long they may take to answer.
    pub ping_timeout: Duration,
    /// The largest message that is taken, in bytes.
    pub max_payload: u32,
    /// A key to be written otherwise, and how: in as many letters.
    pub renamed: Option<(&'static str, &'static str)>,
}

/// What a client sent to be admitted.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Credentials {
    /// The `token` of the CONNECT payload, whatever it is.
    pub auth: Option<Value>,
    /// The `token` of the query string.
    pub query: Option<String>,
}

/// Where a token was shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// To connect to the namespace.
    Socket,
    /// To make a protected HTTP call.
    Rest,
}

/// An access token that was shown, and what is thought of it.
#[derive(Debug)]
pub(crate) struct Presented<'a> {
    /// Where.
    pub door: Door,
    /// The token, if there is one.
    pub token: Option<&'a str>,
    /// What is rightly thought of it.
    pub verdict: Result<(), TokenError>,
    /// Whether this very process made it.
    pub is_own: bool,
}

/// What becomes of a client's request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It is worked on.
    On,
    /// It is dropped without a word.
    Drop,
    /// Its sender's connection is ended.
    CutOff,
}

/// What a broadcast is about.
pub(crate) struct Scene<'a> {
    /// The chat, as it is now.
    pub chat: &'a Chat,
    /// All chats.
    pub chats: &'a Chats,
    /// The row of the routing table.
    pub route: &'a Route,
    /// The whole table, and the names of everything.
    pub contract: &'a Contract,
    /// The exit, to see who is in which room.
    pub outgoing: &'a Outgoing,
}

impl Scene<'_> {
    /// Whether this is the routing table's row of this number, from 0, where shorter tables are begun again.
    pub(crate) fn is_row(&self, number: usize) -> bool {
        is_row(self.contract, self.route, number)
    }
}

fn is_row(contract: &Contract, route: &Route, number: usize) -> bool {
    contract.routes.get(number % contract.routes.len().max(1)) == Some(route)
}

/// What a summary shows.
pub(crate) struct Shown<'a> {
    /// The chat.
    pub chat: &'a Chat,
    /// Where it is shown.
    pub place: Place,
    /// The names of the keys.
    pub contract: &'a Contract,
}

impl Shown<'_> {
    /// The first key of this meaning.
    pub(crate) fn key(&self, role: Role) -> &str {
        self.contract.key(role).unwrap_or_default()
    }

    /// Puts a value under every key of this meaning that the summary has.
    pub(crate) fn set(&self, summary: &mut Map<String, Value>, role: Role, value: impl Into<Value>) {
        let value = value.into();
        for key in self.contract.keys(role) {
            if let Some(own) = summary.get_mut(key) {
                *own = value.clone();
            }
        }
    }

    /// Whether the chat's type is the routing table's row of this number, from 0, where shorter tables are begun again.
    pub(crate) fn is_row(&self, number: usize) -> bool {
        self.contract.route(&self.chat.customer_type).is_some_and(|route| is_row(self.contract, route, number))
    }
}

/// What the provider said to an agent's message.
#[derive(Debug)]
pub(crate) struct Sent {
    /// What the agent is told.
    pub result: Result<(), DeliveryError>,
    /// Whether the message is sent once more after that, and when: never, rightly.
    pub again: Option<Duration>,
}

/// A webhook's body and its signature.
pub(crate) struct Signed<'a> {
    /// The app secret.
    pub secret: &'a str,
    /// The signature's header.
    pub header: Option<&'a [u8]>,
    /// The body, as it came.
    pub body: &'a [u8],
    /// What is rightly thought of it.
    pub is_right: bool,
}

/// A customer's message on its way into the state.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    /// The message.
    pub message: Incoming,
    /// When it is said to have come.
    pub time: Timestamp,
}

/// What a chat was before a message was stored in it.
#[derive(Debug, Default)]
pub(crate) struct Stored {
    /// The chat, if there was one.
    pub before: Option<Chat>,
}
