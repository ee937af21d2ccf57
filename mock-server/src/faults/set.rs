//! The faults that are active, as the places where they act see them.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use fixtures::Contract;
use serde_json::{Map, Value};
use socketioxide::socket::Sid;

use super::switches::{Active, Switches};
use super::{
    Act, Arrival, Credentials, Fault, Flow, OpenPacket, Presented, Scene, Sent, Shown, Signed, Stored, around,
};
use crate::auth::TokenError;
use crate::chats::Chat;
use crate::client::Client;
use crate::events::Asked;
use crate::login_service::LoginFailure;
use crate::outgoing::{Answer, Broadcast, Outgoing};
use crate::provider::Outbound;
use crate::rooms::{Change, Rooms};

/// The active faults: none, unless asked for. Several that act at one place act one after the other. Clones are the same
/// set: what is switched on in one is on in all.
#[derive(Debug, Clone, Default)]
pub(crate) struct FaultSet(Arc<Switches>);

/// Calls each active act of one place. One that is on for so many times is counted when `$state` is another afterwards.
macro_rules! each {
    ($set:expr, $place:ident($act:ident), $state:expr => $call:expr) => {
        for active in $set.0.active().iter().flat_map(|active| active.iter()) {
            for act in active.fault.acts {
                if let Act::$place($act) = act
                    && active.is_on()
                {
                    let before = active.is_counted().then(|| $state);
                    $call;
                    if before.is_some_and(|before| before != $state) {
                        active.count();
                    }
                }
            }
        }
    };
}

impl FaultSet {
    /// These faults.
    pub(crate) fn new(faults: &[&'static Fault]) -> Self {
        let set = Self::default();
        set.set(faults);
        set
    }

    /// From now on these faults, for ever, and no others.
    pub(crate) fn set(&self, faults: &[&'static Fault]) {
        self.0.set(faults);
    }

    /// Switches a fault on, for so many times or for ever.
    pub(crate) fn switch_on(&self, fault: &'static Fault, count: Option<u64>) {
        self.0.switch_on(fault, count);
    }

    /// Switches a fault off.
    pub(crate) fn switch_off(&self, fault: &'static Fault) {
        self.0.switch_off(fault);
    }

    /// Whether a fault is on, and how many times it still acts: for ever, if that is `None`.
    pub(crate) fn switched(&self, fault: &Fault) -> Option<Option<u64>> {
        self.0.switched(fault)
    }

    /// See [`Act::Http`].
    pub(crate) fn http(&self, mut router: Router) -> Router {
        for active in self.0.active().iter().flat_map(|active| active.iter()).filter(|active| active.is_on()) {
            for act in active.fault.acts {
                if let Act::Http(act) = act {
                    router = around::put(router, active, *act);
                }
            }
        }
        router
    }

    /// See [`Act::OpenPacket`].
    pub(crate) fn open_packet(&self, packet: &mut OpenPacket) {
        each!(self, OpenPacket(act), *packet => act(packet));
    }

    /// See [`Act::Credentials`].
    pub(crate) fn credentials(&self, credentials: &mut Credentials) {
        each!(self, Credentials(act), credentials.clone() => act(credentials));
    }

    /// See [`Act::Token`].
    pub(crate) fn token(&self, mut presented: Presented<'_>) -> Result<(), TokenError> {
        each!(self, Token(act), presented.verdict => presented.verdict = act(&presented));
        presented.verdict
    }

    /// See [`Act::Request`].
    pub(crate) fn request(&self, asked: &mut Asked, outgoing: &mut Outgoing, contract: &Contract) -> Flow {
        let mut flow = Flow::On;
        each!(self, Request(act), (flow, asked.event.clone(), asked.payload.clone(), outgoing.trace()) => {
            if flow == Flow::On {
                flow = act(asked, outgoing, contract);
            }
        });
        flow
    }

    /// See [`Act::Membership`].
    pub(crate) fn membership(&self, rooms: &mut Rooms, client: &Client, change: &Change) -> bool {
        let mut goes_on = true;
        each!(self, Membership(act), (goes_on, rooms.trace()) => goes_on &= act(rooms, client, change));
        goes_on
    }

    /// See [`Act::Answer`].
    pub(crate) fn answer(&self, answers: &mut Vec<Answer>, asked: &Asked, contract: &Contract) {
        each!(self, Answer(act), answers.clone() => act(answers, asked, contract));
    }

    /// See [`Act::Broadcast`].
    pub(crate) fn broadcast(&self, broadcasts: &mut Vec<Broadcast>, scene: &Scene<'_>) {
        each!(self, Broadcast(act), heard(broadcasts, scene.outgoing) => act(broadcasts, scene));
    }

    /// See [`Act::Summary`].
    pub(crate) fn summary(&self, summary: &mut Map<String, Value>, shown: &Shown<'_>) {
        each!(self, Summary(act), summary.clone() => act(summary, shown));
    }

    /// See [`Act::Signature`].
    pub(crate) fn signature(&self, mut signed: Signed<'_>) -> bool {
        each!(self, Signature(act), signed.is_right => signed.is_right = act(&signed));
        signed.is_right
    }

    /// See [`Act::Webhook`].
    pub(crate) fn webhook(&self, body: &mut Value) {
        each!(self, Webhook(act), body.clone() => act(body));
    }

    /// See [`Act::Arrival`].
    pub(crate) fn arrival(&self, arrival: &mut Arrival) {
        each!(self, Arrival(act), format!("{arrival:?}") => act(arrival));
    }

    /// See [`Act::Stored`].
    pub(crate) fn stored(&self, chat: &mut Chat, stored: &Stored) {
        each!(self, Stored(act), format!("{chat:?}") => act(chat, stored));
    }

    /// Whether [`Act::Stored`] will want to know what was before.
    pub(crate) fn compares_what_is_stored(&self) -> bool {
        self.has(|act| matches!(act, Act::Stored(_)))
    }

    /// See [`Act::StoreLate`].
    pub(crate) fn store_late(&self) -> Option<Duration> {
        let mut late = None;
        each!(self, StoreLate(delay), late => late = Some(*delay));
        late
    }

    /// See [`Act::Sending`].
    pub(crate) fn sending(&self, outgoing: &mut Vec<Outbound>) {
        each!(self, Sending(act), format!("{outgoing:?}") => act(outgoing));
    }

    /// See [`Act::Sent`].
    pub(crate) fn sent(&self, sent: &mut Sent) {
        each!(self, Sent(act), format!("{sent:?}") => act(sent));
    }

    /// See [`Act::Patience`].
    pub(crate) fn patience(&self) -> Option<Duration> {
        let mut patience = None;
        each!(self, Patience(shorter), patience => patience = Some(*shorter));
        patience
    }

    /// See [`Act::HoldUpForProvider`].
    pub(crate) fn holds_up_for_provider(&self) -> bool {
        self.has(|act| matches!(act, Act::HoldUpForProvider))
    }

    /// See [`Act::LoginFailure`].
    pub(crate) fn login_failure(&self, failure: LoginFailure) -> Option<LoginFailure> {
        let mut failure = Some(failure);
        each!(self, LoginFailure(act), format!("{failure:?}") => failure = failure.and_then(act));
        failure
    }

    fn has(&self, wanted: impl Fn(&Act) -> bool) -> bool {
        let acts = |active: &Active| active.is_on() && active.fault.acts.iter().any(&wanted);
        self.0.active().is_some_and(|active| active.iter().any(acts))
    }
}

/// What would be heard of broadcasts, and by whom.
fn heard(broadcasts: &[Broadcast], outgoing: &Outgoing) -> Vec<(String, String, Value, Duration, Vec<Sid>)> {
    let of = |broadcast: &Broadcast| {
        let Broadcast { room, event, payload, reaches, delay, .. } = broadcast;
        let members = outgoing.members(room).enumerate().filter(|(index, client)| reaches(*index, client));
        let hearers = members.map(|(_, client)| client.id()).collect();
        (room.name().to_owned(), event.clone(), payload.clone(), *delay, hearers)
    };
    broadcasts.iter().map(of).collect()
}
