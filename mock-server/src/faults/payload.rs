//! Faults of the chat summary: keys that are missing, renamed, of another type, or of another meaning.

use fixtures::Role;
use jiff::SignedDuration;
use serde_json::json;

use super::{Act, Area, Fault};
use crate::chats::{Author, Place};

/// The area.
pub(super) const AREA: Area = Area {
    title: "Payload",
    about: "What the chat summary says, beside the text of the message.",
    faults: &[
        &NAME_MISSING,
        &UNREAD_MISSING,
        &PAYLOAD_AS_TEXT,
        &PAYLOAD_WRAPPED,
        &CHAT_ID_AS_OBJECT,
        &CHAT_ID_NOT_THE_LISTS,
        &ONE_CHAT_ID_FOR_ALL,
        &TYPE_LOWER_CASED,
        &TYPE_OF_ANOTHER,
        &KEY_RENAMED_FOR_ONE_TYPE,
        &KEY_MISSING_FOR_ONE_TYPE,
        &TIME_AS_NUMBER,
        &TIME_FOR_PEOPLE,
        &TIME_LOCAL,
        &CLOCK_BEHIND,
        &TIME_GOING_BACK,
        &UNREAD_IS_A_FLAG,
        &UNREAD_AS_TEXT,
        &UNREAD_COUNTS_TWICE,
        &UNREAD_NEVER_CLEARED,
    ],
};

const NAME_MISSING: Fault = Fault {
    id: "name-missing",
    about: "The customer's name is left out where the summary is put together by hand.",
    violates: &["payload.schema"],
    side_effects: &[],
    acts: &[Act::Summary(|summary, shown| {
        summary.shift_remove(shown.key(Role::Name));
    })],
};

const UNREAD_MISSING: Fault = Fault {
    id: "unread-missing",
    about: "The summary has no unread counter: the page shows no badge on a new chat.",
    violates: &["payload.schema", "payload.unread"],
    side_effects: &["broadcast.redelivery", "list.shape"],
    acts: &[Act::Summary(|summary, shown| {
        for key in shown.contract.keys(Role::Unread) {
            summary.shift_remove(key);
        }
    })],
};

const PAYLOAD_AS_TEXT: Fault = Fault {
    id: "payload-as-text",
    about: "The summary is turned into JSON before it is emitted, which does so again: pages get a text, not an \
            object.",
    violates: &[
        "payload.schema",
        "payload.identity",
        "payload.type",
        "payload.text",
        "payload.time",
        "payload.unread",
        "payload.parity",
    ],
    side_effects: &[
        "broadcast.kinds",
        "broadcast.new-chat",
        "broadcast.not-status",
        "broadcast.redelivery",
        "broadcast.reopened",
        "broadcast.agent-reply",
        "list.consistent",
    ],
    acts: &[Act::Broadcast(|broadcasts, _| {
        for broadcast in broadcasts {
            broadcast.payload = broadcast.payload.to_string().into();
        }
    })],
};

const PAYLOAD_WRAPPED: Fault = Fault {
    id: "payload-wrapped",
    about: "The summary stands under `data`, in the envelope of the REST routes.",
    violates: &["payload.schema", "payload.identity", "payload.type", "payload.text", "payload.time", "payload.unread"],
    side_effects: &[
        "broadcast.kinds",
        "broadcast.new-chat",
        "broadcast.not-status",
        "broadcast.redelivery",
        "broadcast.reopened",
        "broadcast.agent-reply",
        "list.consistent",
    ],
    acts: &[Act::Broadcast(|broadcasts, _| {
        for broadcast in broadcasts {
            broadcast.payload = json!({"status": 1, "data": broadcast.payload.take()});
        }
    })],
};

const CHAT_ID_AS_OBJECT: Fault = Fault {
    id: "chat-id-as-object",
    about: "The chat's id is the database's own object, `{\"$oid\": …}`: no page compares that with a text.",
    violates: &["payload.identity", "payload.schema"],
    side_effects: &["broadcast.kinds", "broadcast.new-chat", "list.consistent"],
    acts: &[Act::Summary(|summary, shown| shown.set(summary, Role::Identity, json!({"$oid": shown.chat.id})))],
};

const CHAT_ID_NOT_THE_LISTS: Fault = Fault {
    id: "chat-id-not-the-lists",
    about: "Broadcasts carry another id than the list, the document's and not the chat's: pages add a second row.",
    violates: &["payload.identity"],
    side_effects: &["list.consistent"],
    acts: &[Act::Summary(|summary, shown| {
        if shown.place == Place::List {
            shown.set(summary, Role::Identity, format!("chat-{}", shown.chat.id));
        }
    })],
};

const ONE_CHAT_ID_FOR_ALL: Fault = Fault {
    id: "one-chat-id-for-all",
    about: "All chats of a type have the id of the agent they belong to: pages show one row, whoever writes.",
    violates: &["payload.identity"],
    side_effects: &[
        "broadcast.kinds",
        "broadcast.not-status",
        "list.consistent",
        "payload.unread",
        "broadcast.agent-reply",
        "list.filter",
        "provider.reply-sent",
        "provider.refused",
        "provider.failing",
        "provider.timeout",
        "security.input",
    ],
    acts: &[Act::Summary(|summary, shown| shown.set(summary, Role::Identity, "executive-1"))],
};

const TYPE_LOWER_CASED: Fault = Fault {
    id: "type-lower-cased",
    about: "`customer_type` comes as the database spells it, in lower case: the page's filter drops it.",
    violates: &["payload.type"],
    side_effects: &["list.filter"],
    acts: &[Act::Summary(|summary, shown| shown.set(summary, Role::Type, shown.chat.customer_type.to_lowercase()))],
};

const TYPE_OF_ANOTHER: Fault = Fault {
    id: "type-of-another",
    about: "One type's summaries name another type: the builder was copied, constant included.",
    violates: &["payload.type"],
    side_effects: &["list.filter"],
    acts: &[Act::Summary(|summary, shown| {
        let other = shown.contract.routes.first().filter(|_| shown.is_row(2));
        other.into_iter().for_each(|other| shown.set(summary, Role::Type, other.customer_type.clone()));
    })],
};

const KEY_RENAMED_FOR_ONE_TYPE: Fault = Fault {
    id: "key-renamed-for-one-type",
    about: "One type's summaries have `lastMessage` in place of `last_message`: its builder is newer than the \
            others'.",
    violates: &["payload.schema", "payload.parity"],
    side_effects: &["payload.text", "broadcast.agent-reply", "list.shape"],
    acts: &[Act::Summary(|summary, shown| {
        if shown.is_row(2)
            && let Some(text) = summary.shift_remove(shown.key(Role::Text))
        {
            summary.insert("lastMessage".to_owned(), text);
        }
    })],
};

const KEY_MISSING_FOR_ONE_TYPE: Fault = Fault {
    id: "key-missing-for-one-type",
    about: "One type's summaries have no status, which the others have: its builder is older.",
    violates: &["payload.parity"],
    side_effects: &["broadcast.reopened"],
    acts: &[Act::Summary(|summary, shown| {
        if shown.is_row(2) {
            summary.shift_remove(shown.key(Role::Status));
        }
    })],
};

const TIME_AS_NUMBER: Fault = Fault {
    id: "time-as-number",
    about: "`last_message_time` is a number of seconds, as the provider sends it: pages show 1970.",
    violates: &["payload.time", "payload.schema"],
    side_effects: &["list.consistent"],
    acts: &[Act::Summary(|summary, shown| shown.set(summary, Role::Time, shown.chat.last().time.as_second()))],
};

const TIME_FOR_PEOPLE: Fault = Fault {
    id: "time-for-people",
    about: "`last_message_time` is written for people, `24/02/2026 10:30`: no page can sort by that.",
    violates: &["payload.time"],
    side_effects: &["list.consistent"],
    acts: &[Act::Summary(|summary, shown| {
        shown.set(summary, Role::Time, shown.chat.last().time.strftime("%d/%m/%Y %H:%M").to_string());
    })],
};

const TIME_LOCAL: Fault = Fault {
    id: "time-local",
    about: "Local time (UTC+5:30) without an offset, which everybody reads as UTC: every message comes from the \
            future.",
    violates: &["payload.time"],
    side_effects: &[],
    acts: &[Act::Arrival(|arrival| arrival.time += SignedDuration::from_mins(5 * 60 + 30))],
};

const CLOCK_BEHIND: Fault = Fault {
    id: "clock-behind",
    about: "The server's clock is an hour behind: a new message sorts below old ones.",
    violates: &["payload.time"],
    side_effects: &[],
    acts: &[Act::Arrival(|arrival| arrival.time -= SignedDuration::from_hours(1))],
};

const TIME_GOING_BACK: Fault = Fault {
    id: "time-going-back",
    about: "Two servers take turns, and the clock of one is five seconds behind: within a chat time goes back.",
    violates: &["payload.time"],
    side_effects: &["list.consistent", "list.sorted"],
    acts: &[Act::Summary(|summary, shown| {
        if shown.chat.messages().len() % 2 == 0 {
            let behind = shown.chat.last().time - SignedDuration::from_secs(5);
            shown.set(summary, Role::Time, format!("{behind:.3}"));
        }
    })],
};

const UNREAD_IS_A_FLAG: Fault = Fault {
    id: "unread-is-a-flag",
    about: "The unread counter is 1 as long as anything is unread: the badge never says how much.",
    violates: &["payload.unread"],
    side_effects: &["broadcast.redelivery"],
    acts: &[Act::Summary(|summary, shown| shown.set(summary, Role::Unread, shown.chat.unread.min(1)))],
};

const UNREAD_AS_TEXT: Fault = Fault {
    id: "unread-as-text",
    about: "The unread counter is a text, as the cache stores it: `\"1\" + 1` is `\"11\"` on the page.",
    violates: &["payload.unread", "payload.schema"],
    side_effects: &["broadcast.redelivery"],
    acts: &[Act::Summary(|summary, shown| shown.set(summary, Role::Unread, shown.chat.unread.to_string()))],
};

const UNREAD_COUNTS_TWICE: Fault = Fault {
    id: "unread-counts-twice",
    about: "The unread counter is raised by the webhook and by the store: by two for each message.",
    violates: &["payload.unread"],
    side_effects: &["broadcast.redelivery"],
    acts: &[Act::Stored(|chat, _| chat.unread += 1)],
};

const UNREAD_NEVER_CLEARED: Fault = Fault {
    id: "unread-never-cleared",
    about: "Reading a chat does not clear its unread counter: all messages that ever came are counted.",
    violates: &["payload.unread"],
    side_effects: &[],
    acts: &[Act::Summary(|summary, shown| {
        let of_customer = shown.chat.messages().iter().filter(|message| message.author == Author::Customer).count();
        shown.set(summary, Role::Unread, of_customer);
    })],
};
