//! The faults that are active, as the places where they act see them.

use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn;
use fixtures::Contract;
use serde_json::{Map, Value};

use super::{Act, Arrival, Credentials, Fault, Flow, OpenPacket, Presented, Scene, Sent, Shown, Signed, Stored};
use crate::auth::TokenError;
use crate::chats::Chat;
use crate::client::Client;
use crate::events::Asked;
use crate::login_service::LoginFailure;
use crate::outgoing::{Answer, Broadcast, Outgoing};
use crate::provider::Outbound;
use crate::rooms::{Change, Rooms};

/// The active faults: none, unless asked for. Several that act at one place act one after the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct FaultSet(Vec<&'static Fault>);

/// Calls each active act of one place.
macro_rules! each {
    ($set:expr, $place:ident($act:ident) => $call:expr) => {
        for act in $set.acts() {
            if let Act::$place($act) = act {
                $call;
            }
        }
    };
}

impl FaultSet {
    /// These faults.
    pub(crate) fn new(faults: &[&'static Fault]) -> Self {
        Self(faults.to_vec())
    }

    fn acts(&self) -> impl Iterator<Item = &'static Act> {
        self.0.iter().flat_map(|fault| fault.acts)
    }

    /// See [`Act::Http`].
    pub(crate) fn http(&self, mut router: Router) -> Router {
        each!(self, Http(act) => router = router.layer(from_fn(act)));
        router
    }

    /// See [`Act::OpenPacket`].
    pub(crate) fn open_packet(&self, packet: &mut OpenPacket) {
        each!(self, OpenPacket(act) => act(packet));
    }

    /// See [`Act::Credentials`].
    pub(crate) fn credentials(&self, credentials: &mut Credentials) {
        each!(self, Credentials(act) => act(credentials));
    }

    /// See [`Act::Token`].
    pub(crate) fn token(&self, mut presented: Presented<'_>) -> Result<(), TokenError> {
        each!(self, Token(act) => presented.verdict = act(&presented));
        presented.verdict
    }

    /// See [`Act::Request`].
    pub(crate) fn request(&self, asked: &mut Asked, outgoing: &mut Outgoing, contract: &Contract) -> Flow {
        each!(self, Request(act) => match act(asked, outgoing, contract) {
            Flow::On => {}
            other => return other,
        });
        Flow::On
    }

    /// See [`Act::Membership`].
    pub(crate) fn membership(&self, rooms: &mut Rooms, client: &Client, change: &Change) -> bool {
        let mut goes_on = true;
        each!(self, Membership(act) => goes_on &= act(rooms, client, change));
        goes_on
    }

    /// See [`Act::Answer`].
    pub(crate) fn answer(&self, answers: &mut Vec<Answer>, asked: &Asked, contract: &Contract) {
        each!(self, Answer(act) => act(answers, asked, contract));
    }

    /// See [`Act::Broadcast`].
    pub(crate) fn broadcast(&self, broadcasts: &mut Vec<Broadcast>, scene: &Scene<'_>) {
        each!(self, Broadcast(act) => act(broadcasts, scene));
    }

    /// See [`Act::Summary`].
    pub(crate) fn summary(&self, summary: &mut Map<String, Value>, shown: &Shown<'_>) {
        each!(self, Summary(act) => act(summary, shown));
    }

    /// See [`Act::Signature`].
    pub(crate) fn signature(&self, mut signed: Signed<'_>) -> bool {
        each!(self, Signature(act) => signed.is_right = act(&signed));
        signed.is_right
    }

    /// See [`Act::Webhook`].
    pub(crate) fn webhook(&self, body: &mut Value) {
        each!(self, Webhook(act) => act(body));
    }

    /// See [`Act::Arrival`].
    pub(crate) fn arrival(&self, arrival: &mut Arrival) {
        each!(self, Arrival(act) => act(arrival));
    }

    /// See [`Act::Stored`].
    pub(crate) fn stored(&self, chat: &mut Chat, stored: &Stored) {
        each!(self, Stored(act) => act(chat, stored));
    }

    /// Whether [`Act::Stored`] will want to know what was before.
    pub(crate) fn compares_what_is_stored(&self) -> bool {
        self.acts().any(|act| matches!(act, Act::Stored(_)))
    }

    /// See [`Act::StoreLate`].
    pub(crate) fn store_late(&self) -> Option<Duration> {
        self.acts().find_map(|act| match act {
            Act::StoreLate(delay) => Some(*delay),
            _ => None,
        })
    }

    /// See [`Act::Sending`].
    pub(crate) fn sending(&self, outgoing: &mut Vec<Outbound>) {
        each!(self, Sending(act) => act(outgoing));
    }

    /// See [`Act::Sent`].
    pub(crate) fn sent(&self, sent: &mut Sent) {
        each!(self, Sent(act) => act(sent));
    }

    /// See [`Act::Patience`].
    pub(crate) fn patience(&self) -> Option<Duration> {
        self.acts().find_map(|act| match act {
            Act::Patience(patience) => Some(*patience),
            _ => None,
        })
    }

    /// See [`Act::HoldUpForProvider`].
    pub(crate) fn holds_up_for_provider(&self) -> bool {
        self.acts().any(|act| matches!(act, Act::HoldUpForProvider))
    }

    /// See [`Act::LoginFailure`].
    pub(crate) fn login_failure(&self, failure: LoginFailure) -> Option<LoginFailure> {
        let mut failure = Some(failure);
        each!(self, LoginFailure(act) => failure = failure.and_then(act));
        failure
    }
}
