//! `broadcast.*`: one inbound message of a type goes to every member of the type's room, once, and to nobody else.

mod chat;
mod provider;
mod reach;
mod stream;

use fixtures::{Role, Route};
use serde_json::Value;

use super::{Check, Judge};
use crate::conversation::{Connection, Conversation, Delivery, Message, evidence};
use crate::scenarios::{
    AGENT_REPLY, BATCH, BURST, CONCURRENT, CONVERSATION, KINDS, LIST_ON_RECEIPT, ONE_MESSAGE_PER_TYPE, RECEIPTS,
    REDELIVERY, REOPENED, SLOW_MEMBER,
};
use crate::target::Capability;
use crate::verdict::Failure;

pub(super) use reach::{once, silent};

/// The area's checks.
pub const CHECKS: &[Check] = &[
    Check {
        id: "broadcast.delivered",
        needs: &[],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::PerRoute(reach::delivered),
    },
    Check {
        id: "broadcast.exactly-once",
        needs: &[],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::PerRoute(reach::exactly_once),
    },
    Check {
        id: "broadcast.only-room",
        needs: &[],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::PerRoute(reach::only_room),
    },
    Check {
        id: "broadcast.one-name",
        needs: &[],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::PerRoute(reach::one_name),
    },
    Check {
        id: "broadcast.independent",
        needs: &[],
        scenario: &ONE_MESSAGE_PER_TYPE,
        judge: Judge::Whole(reach::independent),
    },
    Check { id: "broadcast.order", needs: &[], scenario: &CONVERSATION, judge: Judge::PerRoute(stream::order) },
    Check { id: "broadcast.burst", needs: &[], scenario: &BURST, judge: Judge::PerRoute(stream::burst) },
    Check { id: "broadcast.concurrent", needs: &[], scenario: &CONCURRENT, judge: Judge::PerRoute(stream::concurrent) },
    Check { id: "broadcast.new-chat", needs: &[], scenario: &CONVERSATION, judge: Judge::PerRoute(chat::new_chat) },
    Check { id: "broadcast.same-chat", needs: &[], scenario: &CONVERSATION, judge: Judge::PerRoute(chat::same_chat) },
    Check {
        id: "broadcast.saved-first",
        needs: &[Capability::List],
        scenario: &LIST_ON_RECEIPT,
        judge: Judge::PerRoute(chat::saved_first),
    },
    Check {
        id: "broadcast.kinds",
        needs: &[Capability::Webhook],
        scenario: &KINDS,
        judge: Judge::PerRoute(provider::kinds),
    },
    Check {
        id: "broadcast.not-status",
        needs: &[Capability::Webhook],
        scenario: &RECEIPTS,
        judge: Judge::PerRoute(provider::not_status),
    },
    Check {
        id: "broadcast.batch",
        needs: &[Capability::Webhook],
        scenario: &BATCH,
        judge: Judge::PerRoute(provider::batch),
    },
    Check {
        id: "broadcast.redelivery",
        needs: &[Capability::Webhook],
        scenario: &REDELIVERY,
        judge: Judge::PerRoute(provider::redelivery),
    },
    Check { id: "broadcast.slow-member", needs: &[], scenario: &SLOW_MEMBER, judge: Judge::Whole(stream::slow_member) },
    Check {
        id: "broadcast.reopened",
        needs: &[Capability::UpdateStatus],
        scenario: &REOPENED,
        judge: Judge::PerRoute(chat::reopened),
    },
    Check {
        id: "broadcast.agent-reply",
        needs: &[Capability::Send],
        scenario: &AGENT_REPLY,
        judge: Judge::PerRoute(chat::agent_reply),
    },
];

/// The only member of the route in scenarios that have one per type.
pub(super) fn observer<'c, 'a>(
    conversation: &'c Conversation<'a>,
    route: &Route,
) -> Result<&'c Connection<'a>, Failure> {
    joined(conversation, &crate::scenarios::member(route), route)
}

/// The socket of this name, which got into the route's room.
fn joined<'c, 'a>(
    conversation: &'c Conversation<'a>,
    name: &str,
    route: &Route,
) -> Result<&'c Connection<'a>, Failure> {
    let connection = conversation.actor(name)?;
    if connection.memberships.iter().all(|(_, stay)| stay.from.is_none()) {
        return Err(Failure::NotTested {
            reason: format!("{} did not get into {}", connection.peer, route.room),
            because: Some("join.acknowledged"),
        });
    }
    Ok(connection)
}

/// What the route's observer, a plain member, heard of a message: once. The yardstick for sockets with another history
/// and for messages of another kind: where even this is lost or doubled, that is another requirement's matter.
pub(super) fn plainly<'a>(
    conversation: &Conversation<'a>,
    route: &Route,
    message: &Message<'_>,
) -> Result<Delivery<'a>, Failure> {
    let observer = observer(conversation, route)?;
    let heard = conversation.delivered(observer, message, route)?;
    if heard.len() > 1 {
        return Err(Failure::NotTested {
            reason: format!("{} heard the message `{}` {} times", observer.peer, message.sent.label, heard.len()),
            because: Some("broadcast.exactly-once"),
        });
    }
    Ok(*heard[0])
}

/// The first deliveries of the messages to the route's observer, one per message, in the order of arrival.
fn arrivals<'a>(conversation: &Conversation<'a>, route: &Route) -> Result<Vec<Delivery<'a>>, Failure> {
    let observer = observer(conversation, route)?;
    let mut arrivals = Vec::new();
    for message in conversation.messages_to(route)? {
        arrivals.push(*conversation.delivered(observer, message, route)?[0]);
    }
    arrivals.sort_by_key(|delivery| delivery.at);
    Ok(arrivals)
}

/// The chat's id in a delivery.
fn chat_id<'a>(conversation: &Conversation<'a>, delivery: &Delivery<'a>) -> Option<&'a Value> {
    delivery.payload()?.get(conversation.contract().key(Role::Identity)?)
}

fn brief(value: Option<&Value>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| evidence::brief(value, 80))
}
