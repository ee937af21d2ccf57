//! Faults of telling: too late, out of order, too early, or not for every message.

use std::time::Duration;

use fixtures::Role;

use super::{ANYTHING_HEARD, Act, Area, Fault, Scene};
use crate::chats::{Author, Chat};
use crate::rooms::Room;

/// The area.
pub(super) const AREA: Area = Area {
    title: "Broadcasting",
    about: "When a message is told, in which order, and whether at all.",
    faults: &[
        &BROADCAST_LATE,
        &ONE_TYPE_LATE,
        &MESSAGES_OVERTAKE,
        &BURST_THROTTLED,
        &LOST_WHEN_TYPES_MEET,
        &LOST_BETWEEN_TYPES,
        &CROSSED_WHEN_TYPES_MEET,
        &NEW_CHAT_UNTOLD,
        &NEW_CHAT_WITHOUT_ID,
        &BROADCAST_BEFORE_SAVE,
        &SLOW_MEMBER_AWAITED,
        &RESOLVED_STAYS_RESOLVED,
        &AGENT_REPLY_UNTOLD,
        &AGENT_REPLY_AS_THE_CUSTOMERS,
    ],
};

const BROADCAST_LATE: Fault = Fault {
    id: "broadcast-late",
    about: "Broadcasts leave every five seconds in one go, or whenever a poller comes round: later than the \
            deadline.",
    violates: &["broadcast.delivered"],
    side_effects: &[
        "join.effective",
        "broadcast.slow-member",
        "resilience.churn",
        "resilience.large-room",
        "transport.polling-equal",
    ],
    acts: &[Act::Broadcast(|broadcasts, _| {
        for broadcast in broadcasts {
            broadcast.delay = Duration::from_secs(5);
        }
    })],
};

const ONE_TYPE_LATE: Fault = Fault {
    id: "one-type-late",
    about: "One type's broadcasts go through a queue that is worked on every five seconds; the others' leave at \
            once.",
    violates: &["broadcast.delivered", "broadcast.independent"],
    side_effects: &["broadcast.slow-member", "resilience.churn"],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        for broadcast in broadcasts.iter_mut().filter(|_| scene.is_row(3)) {
            broadcast.delay = Duration::from_secs(5);
        }
    })],
};

const MESSAGES_OVERTAKE: Fault = Fault {
    id: "messages-overtake",
    about: "Each message is handled in a task of its own, and every other one takes longer: later ones arrive first.",
    violates: &["broadcast.order"],
    side_effects: &["broadcast.burst"],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        for broadcast in broadcasts.iter_mut().filter(|_| scene.chat.messages().len() % 2 == 1) {
            broadcast.delay = Duration::from_millis(100);
        }
    })],
};

const BURST_THROTTLED: Fault = Fault {
    id: "burst-throttled",
    about: "A chat is told at most six times in 200 ms: of many messages that come at once the first are told, and the \
            last is not.",
    violates: &["broadcast.burst"],
    // Wherever many messages of one customer follow each other.
    side_effects: &[
        "transport.malformed",
        "transport.max-payload",
        "broadcast.kinds",
        "payload.text",
        "resilience.churn",
    ],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        let before = scene.chat.messages().iter().rev().nth(6);
        let since = before.map(|before| scene.chat.last().time.duration_since(before.time).unsigned_abs());
        if since.is_some_and(|since| since < Duration::from_millis(200)) {
            broadcasts.clear();
        }
    })],
};

const LOST_WHEN_TYPES_MEET: Fault = Fault {
    id: "lost-when-types-meet",
    about: "When there is much to do, one worker in five is shared by the types, variables included: of two that \
            arrive at the same moment the second one's broadcast is lost.",
    violates: &["broadcast.concurrent"],
    side_effects: ANYTHING_HEARD,
    acts: &[Act::Broadcast(|broadcasts, scene| {
        if met(scene).is_some() {
            broadcasts.clear();
        }
    })],
};

const LOST_BETWEEN_TYPES: Fault = Fault {
    id: "lost-between-types",
    about: "All types share one worker, variables included: whenever messages of two types arrive at the same moment, the \
            second one's broadcast is lost.",
    violates: &["broadcast.concurrent"],
    side_effects: ANYTHING_HEARD,
    acts: &[Act::Broadcast(|broadcasts, scene| {
        if of_another_type_within(scene, Duration::from_millis(2)).is_some() {
            broadcasts.clear();
        }
    })],
};

const CROSSED_WHEN_TYPES_MEET: Fault = Fault {
    id: "crossed-when-types-meet",
    about: "When there is much to do, one worker in five is shared by the types, variables included: of two that \
            arrive at the same moment the second one's broadcast goes to the first one's room.",
    violates: &["broadcast.concurrent"],
    side_effects: ANYTHING_HEARD,
    acts: &[Act::Broadcast(|broadcasts, scene| {
        let other = met(scene).and_then(|other| scene.contract.route(&other.customer_type));
        for (broadcast, other) in broadcasts.iter_mut().zip(other) {
            broadcast.room = Room::Route(other.room.clone());
        }
    })],
};

const NEW_CHAT_UNTOLD: Fault = Fault {
    id: "new-chat-untold",
    about: "The first message of a number makes a chat in another branch than the next ones, and that branch tells \
            nobody.",
    violates: &["broadcast.new-chat", "broadcast.delivered"],
    side_effects: &["join.effective"],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        if scene.chat.messages().len() == 1 {
            broadcasts.clear();
        }
    })],
};

const NEW_CHAT_WITHOUT_ID: Fault = Fault {
    id: "new-chat-without-id",
    about: "The first broadcast of a chat is built before the database has given it an id: `chat_id` is empty.",
    violates: &["broadcast.new-chat", "payload.identity"],
    side_effects: &[
        "payload.schema",
        "broadcast.kinds",
        "broadcast.not-status",
        "broadcast.same-chat",
        "list.consistent",
    ],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        let key = scene.contract.key(Role::Identity).unwrap_or_default();
        for broadcast in broadcasts.iter_mut().filter(|_| scene.chat.messages().len() == 1) {
            broadcast.payload[key] = "".into();
        }
    })],
};

const BROADCAST_BEFORE_SAVE: Fault = Fault {
    id: "broadcast-before-save",
    about: "The message is told first and saved 15 ms later: who asks for the list on receipt does not find it \
            there.",
    violates: &["broadcast.saved-first"],
    side_effects: &[
        "payload.unread",
        "payload.identity",
        "broadcast.burst",
        "broadcast.redelivery",
        "broadcast.reopened",
        "broadcast.agent-reply",
        "provider.reply-sent",
        "provider.refused",
        "provider.failing",
        "provider.timeout",
        "list.filter",
        "list.consistent",
    ],
    acts: &[Act::StoreLate(Duration::from_millis(15))],
};

const SLOW_MEMBER_AWAITED: Fault = Fault {
    id: "slow-member-awaited",
    about: "The broadcast awaits each member's connection in turn: one that takes no more bytes holds up the others.",
    violates: &["broadcast.slow-member"],
    side_effects: &[],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        for broadcast in broadcasts {
            if scene.outgoing.members(&broadcast.room).any(|member| member.is_stalled()) {
                broadcast.delay = Duration::from_secs(10);
            }
        }
    })],
};

const RESOLVED_STAYS_RESOLVED: Fault = Fault {
    id: "resolved-stays-resolved",
    about: "A message in a resolved chat is told, and leaves it resolved: on the page it stays where nobody looks.",
    violates: &["broadcast.reopened"],
    side_effects: &[],
    acts: &[Act::Stored(|chat, stored| {
        if let Some(before) = &stored.before {
            chat.status = before.status;
        }
    })],
};

const AGENT_REPLY_UNTOLD: Fault = Fault {
    id: "agent-reply-untold",
    about: "An agent's reply is told to those who have the chat open, and not to the list.",
    violates: &["broadcast.agent-reply"],
    side_effects: &[],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        if scene.chat.last().author == Author::Executive {
            broadcasts.clear();
        }
    })],
};

const AGENT_REPLY_AS_THE_CUSTOMERS: Fault = Fault {
    id: "agent-reply-as-the-customers",
    about: "An agent's reply is told as if the customer had written it: nobody looks at who did.",
    violates: &["broadcast.agent-reply"],
    side_effects: &[],
    acts: &[Act::Summary(|summary, shown| shown.set(summary, Role::LastBy, Author::Customer.as_str()))],
};

/// How many new chats in a minute are much to do.
const MUCH: usize = 16;

/// A chat of another type that was written to at the same moment, where the chat's worker is the shared one.
fn met<'a>(scene: &Scene<'a>) -> Option<&'a Chat> {
    let now = scene.chat.last().time;
    let is_recent = |chat: &&Chat| now.duration_since(chat.created).unsigned_abs() < Duration::from_mins(1);
    let is_shared = scene.chats.all().filter(is_recent).count() > MUCH && scene.chat.number.ends_with(['2', '7']);
    of_another_type_within(scene, Duration::from_millis(5)).filter(|_| is_shared)
}

/// A chat of another type that was written to at the same moment, give or take so much.
fn of_another_type_within<'a>(scene: &Scene<'a>, moment: Duration) -> Option<&'a Chat> {
    let now = scene.chat.last().time;
    scene.chats.all().find(|other| {
        let apart = now.duration_since(other.last().time).unsigned_abs();
        other.customer_type != scene.chat.customer_type && apart < moment
    })
}
