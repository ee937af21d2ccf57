//! Named defects: each a few lines that make the mock go wrong in one way in which real backends do.
//!
//! A fault acts at one of the places that [`act::Act`] lists, and nothing but that place knows that there are faults:
//! the code beside it is the correct one. One is added by writing it into its area's file and that file's list; the
//! command's list and `FAULTS.md` follow (`listing`).
//!
//! A fault violates what it declares, as far as can be seen from outside. Where one defect cannot be had without
//! touching another requirement, that one is declared as a side effect.

mod act;
mod around;
mod auth;
mod broadcast;
mod cors;
mod http;
mod inbound;
mod ingress;
mod join;
mod leave;
mod list;
mod listing;
mod payload;
mod provider;
mod refusals;
mod resilience;
mod routing;
mod security;
mod set;
mod switches;
#[cfg(test)]
mod tests;
mod text;
mod transport;

use std::fmt;

pub(crate) use act::{
    Act, Arrival, Credentials, Door, Flow, HttpFuture, OpenPacket, Presented, Scene, Sent, Shown, Signed, Stored,
};
pub use listing::{UnknownFault, markdown, table};
pub(crate) use set::FaultSet;

/// One named defect.
pub struct Fault {
    /// Its name in kebab-case, unique.
    pub id: &'static str,
    /// What it breaks, and how real backends come to do that.
    pub about: &'static str,
    /// The requirements that it violates, whoever looks.
    pub violates: &'static [&'static str],
    /// The requirements that are violated along with them, or may be, depending on what else happens at the time.
    pub side_effects: &'static [&'static str],
    /// What it does, and where. Nearly always one place.
    pub(crate) acts: &'static [Act],
}

impl Fault {
    /// Whether it must be there when the server starts: it changes settings that cannot be changed later.
    pub(crate) fn is_from_start_only(&self) -> bool {
        self.acts.iter().any(|act| matches!(act, Act::OpenPacket(_) | Act::Patience(_)))
    }
}

/// Without what it does, which has no text.
impl fmt::Debug for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Fault").field(&self.id).finish()
    }
}

/// The faults of one area of the requirements.
#[derive(Debug)]
pub struct Area {
    /// A heading.
    pub title: &'static str,
    /// What is said below it, in a sentence.
    pub about: &'static str,
    /// Its faults.
    pub faults: &'static [&'static Fault],
}

/// Side effects of what makes members miss broadcasts at moments that nobody chose: whatever is listened to then, and
/// whatever is only to be judged by what was heard.
const ANYTHING_HEARD: &[&str] = &[
    "transport.malformed",
    "transport.max-payload",
    "transport.upgrade",
    "transport.polling-equal",
    "auth.reject",
    "join.effective",
    "join.unknown-room",
    "join.idempotent",
    "join.several",
    "join.not-inherited",
    "leave.effective",
    "leave.harmless",
    "leave.rejoin",
    "broadcast.delivered",
    "broadcast.only-room",
    "broadcast.independent",
    "broadcast.order",
    "broadcast.burst",
    "broadcast.concurrent",
    "broadcast.new-chat",
    "broadcast.same-chat",
    "broadcast.saved-first",
    "broadcast.kinds",
    "broadcast.not-status",
    "broadcast.batch",
    "broadcast.redelivery",
    "broadcast.slow-member",
    "broadcast.reopened",
    "broadcast.agent-reply",
    "payload.text",
    "payload.time",
    "payload.unread",
    "ingress.malformed",
    "ingress.signature",
    "list.filter",
    "list.consistent",
    "provider.reply-sent",
    "provider.refused",
    "provider.failing",
    "provider.timeout",
    "resilience.churn",
    "resilience.restart",
    "resilience.large-room",
    "security.isolation",
    "security.input",
];

/// Every area, in the order of the requirements.
pub const AREAS: [Area; 16] = [
    transport::AREA,
    cors::AREA,
    auth::AREA,
    join::AREA,
    refusals::AREA,
    leave::AREA,
    routing::AREA,
    broadcast::AREA,
    inbound::AREA,
    payload::AREA,
    text::AREA,
    ingress::AREA,
    list::AREA,
    provider::AREA,
    resilience::AREA,
    security::AREA,
];

/// MUST requirements, outside `page` and `cluster`, that no fault violates, each with the reason why none can.
pub const EXCLUDED: &[(&str, &str)] = &[];

/// Every fault, area by area.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    AREAS.iter().flat_map(|area| area.faults.iter().copied())
}

/// The fault of this name.
///
/// # Errors
/// [`UnknownFault`], which says what may have been meant.
pub fn find(id: &str) -> Result<&'static Fault, UnknownFault> {
    all().find(|fault| fault.id == id).ok_or_else(|| UnknownFault::new(id))
}
