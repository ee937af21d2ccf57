//! The built-in scenarios, built from the contract: the same conversations for any routing table.
//!
//! Every scenario brings its own sockets, numbers and nonces, so that all of them can run at once in the same rooms.

mod auth;
mod broadcast;
mod heartbeat;
mod ingress;
mod join;
mod list;
mod malformed;
mod page;
mod provider;
mod refusals;
mod resilience;
mod security;
mod transport;

use std::sync::Arc;

use fixtures::{Contract, Role, Route};
use serde_json::{Value, json};

pub use auth::{AUTH_LOGOUT, AUTH_REST, AUTH_TOKENS, LOGIN_SERVICE};
pub use broadcast::{
    AGENT_REPLY, BATCH, BURST, CONCURRENT, CONVERSATION, KINDS, LIST_ON_RECEIPT, NAMELESS, ONE_MESSAGE_PER_TYPE,
    RECEIPTS, REDELIVERY, REOPENED, SETTLING, SLOW, SLOW_MEMBER, SUMMARIES, TEXTS,
};
pub use heartbeat::HEARTBEAT;
pub use ingress::{CHALLENGE, MALFORMED_WEBHOOKS, SIGNATURES, VERIFY};
pub(crate) use join::malformed;
pub use join::{JOIN_MALFORMED, JOIN_UNKNOWN, MEMBERSHIP};
pub use list::CHAT_LIST;
pub use malformed::{MALFORMED, MAX_PAYLOAD};
pub use page::{
    BURST_SIZE, BUSY, DROPPED, EXPIRED, LOADING, MARKUP, MARKUP_SHOWN, PAGE_BURST, PAGE_LIVE, PAGE_RECONNECT,
    PAGE_SESSION, PAGE_SLOW, PAGE_SWITCH, PAGE_TABS, SLOW_PAGE, TABS, TEXTS as PAGE_TEXTS, TOUR, burst_label, page_of,
};
pub use provider::{FAILING, MEANWHILE, PROVIDER_TROUBLE, REFUSED, REPLIES, SILENT};
pub use refusals::{CORS, REFUSALS, accepted_by};
pub use resilience::{CHURN, CHURNING, CROWD, LARGE_ROOM, RESTART, to_all};
pub use security::{FORGED, HOSTILE_TEXT, INTRUDER, ISOLATION, SHOWS_A_TOKEN, guest};
pub use transport::UPGRADE;

use crate::recording::{TokenUse, Transport};
use crate::scenario::{Actor, Message, Scenario, Step};
use crate::target::Capability;

/// A scenario that takes its rooms, events and types from a contract.
#[derive(Debug)]
pub struct Blueprint {
    /// Its name, unique in the catalogue.
    pub name: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// What the target must be able to do, or it is left out.
    pub needs: &'static [Capability],
    /// When it is performed.
    pub phase: Phase,
    /// Its steps.
    pub steps: fn(&Plan<'_>) -> Vec<Step>,
}

/// When a scenario is performed, as far as the suite's own traffic is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Before all others, with nothing beside it: its latencies are the target's own.
    First,
    /// Together with others.
    Together,
    /// Beside all others and the phases after theirs, however few are performed at a time: it does next to nothing, for long.
    Beside,
    /// After all others, with nothing beside it: what it looks at must stand still, or it is a burden to everything else.
    Last,
    /// At the very end: the target is not what it was before.
    End,
}

/// What a blueprint's steps depend on.
#[derive(Debug, Clone, Copy)]
pub struct Plan<'a> {
    /// The contract.
    pub contract: &'a Contract,
    /// Capabilities that the target lacks.
    pub lacks: &'a [Capability],
}

impl Plan<'_> {
    /// Whether the target is able to do this.
    #[must_use]
    pub fn can(&self, capability: Capability) -> bool {
        !self.lacks.contains(&capability)
    }

    /// The transports that the target offers.
    pub(crate) fn transports(&self) -> Vec<Transport> {
        let all = [
            (Transport::Websocket, Capability::Websocket),
            (Transport::Polling, Capability::Polling),
            (Transport::Upgrade, Capability::Upgrade),
        ];
        all.into_iter().filter(|(_, capability)| self.can(*capability)).map(|(transport, _)| transport).collect()
    }

    /// The transports that a session can be opened by.
    fn doors(&self) -> Vec<Transport> {
        let mut transports = self.transports();
        transports.retain(|transport| *transport != Transport::Upgrade);
        transports
    }
}

impl Blueprint {
    /// The scenario for a contract; none where the target lacks what it needs.
    #[must_use]
    pub fn scenario(&self, plan: &Plan<'_>) -> Option<Scenario> {
        self.needs.iter().all(|need| plan.can(*need)).then(|| Scenario {
            name: Arc::from(self.name),
            needs: self.needs.to_vec(),
            steps: (self.steps)(plan),
        })
    }
}

/// The name of the route's observer: in most scenarios the one socket that has joined the route's room.
#[must_use]
pub fn member(route: &Route) -> String {
    format!("member/{}", route.customer_type)
}

/// Steps for each route, all routes at the same time.
fn for_each_route(plan: &Plan<'_>, steps: impl Fn(&Route) -> Vec<Step>) -> Step {
    Step::Together { branches: plan.contract.routes.iter().map(steps).collect() }
}

/// Opens a connection as any client would.
fn open(actor: &str) -> Step {
    Step::Open { actor: Actor::from(actor), transport: None, token: TokenUse::Good, place: None, receive_buffer: None }
}

fn open_by(actor: &str, transport: Transport) -> Step {
    Step::Open {
        actor: Actor::from(actor),
        transport: Some(transport),
        token: TokenUse::Good,
        place: None,
        receive_buffer: None,
    }
}

fn join(actor: &str, room: &str) -> Step {
    Step::Join { actor: Actor::from(actor), room: room.to_owned() }
}

fn leave(actor: &str, room: &str) -> Step {
    Step::Leave { actor: Actor::from(actor), room: room.to_owned() }
}

/// Opens the route's observer and lets it join the route's room.
fn observer(route: &Route) -> Vec<Step> {
    let member = member(route);
    vec![open(&member), join(&member, &route.room)]
}

/// Sends one text message of a new customer's (or of an earlier one's, by the same name).
fn send(route: &Route, label: &str, from: &str, text: &str) -> Step {
    Step::Send { messages: vec![Message::text(label_of(route, label), &route.customer_type, from, text)] }
}

/// Labels are unique within a scenario: `Partner/first`.
#[must_use]
pub fn label_of(route: &Route, label: &str) -> String {
    format!("{}/{label}", route.customer_type)
}

fn heard(actors: &[&str], messages: &[&str]) -> Step {
    Step::Heard {
        actors: actors.iter().map(|actor| Actor::from(*actor)).collect(),
        messages: messages.iter().map(|label| Arc::from(*label)).collect(),
        or_stop: false,
    }
}

/// Waits until the route's observer has heard these messages of the route; what follows needs them.
fn observer_heard(route: &Route, labels: &[&str]) -> Step {
    Step::Heard {
        actors: vec![Actor::from(member(route))],
        messages: labels.iter().map(|label| Arc::from(label_of(route, label))).collect(),
        or_stop: true,
    }
}

/// Fences everybody and watches for a quiet window.
fn settle() -> Step {
    Step::Settle { actors: Vec::new() }
}

/// Asks for the chat list of a route's type; nothing where the contract has none.
fn list(plan: &Plan<'_>, actor: &str, route: &Route, page: u32, page_size: u32) -> Vec<Step> {
    let Some(list) = plan.contract.list.as_ref().filter(|_| plan.can(Capability::List)) else { return Vec::new() };
    vec![Step::Ask {
        actor: Actor::from(actor),
        request: list.request.clone(),
        args: vec![
            json!({"sender": "$agent", "customer_type": route.customer_type, "page": page, "page_size": page_size}),
        ],
        answer: list.answer.clone().unwrap_or_default(),
    }]
}

/// An exchange of the contract's as a step.
pub(crate) fn ask(actor: &str, exchange: &fixtures::Exchange, argument: Value) -> Step {
    Step::Ask {
        actor: Actor::from(actor),
        request: exchange.request.clone(),
        args: vec![argument],
        answer: exchange.answer.clone().unwrap_or_default(),
    }
}

/// The contract's key for the chat's id, as clients must send it back.
pub(crate) fn identity_key<'a>(plan: &Plan<'a>) -> &'a str {
    plan.contract.key(Role::Identity).unwrap_or("chat_id")
}
