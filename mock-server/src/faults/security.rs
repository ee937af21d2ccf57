//! Faults that let in, or let through, what should not be.

use fixtures::Role;
use serde_json::{Value, json};

use super::{Act, Area, Fault, Flow};
use crate::outgoing::Broadcast;
use crate::rooms::{Change, Room};

/// The area.
pub(super) const AREA: Area = Area {
    title: "Security",
    about: "Hearing without having joined, speaking in the server's name, and text that does something.",
    faults: &[
        &LIST_SUBSCRIBES,
        &CHAT_REQUESTS_ENTER_ANY_ROOM,
        &CLIENT_EVENTS_RELAYED,
        &TEMPLATES_EVALUATED,
        &TEXT_ENDS_AT_NUL,
        &QUOTE_IN_NAME_LOSES_MESSAGE,
    ],
};

const LIST_SUBSCRIBES: Fault = Fault {
    id: "list-subscribes",
    about: "Who asks for a type's list is put into its room on the way, unasked and unanswered.",
    violates: &["security.isolation"],
    side_effects: &[],
    acts: &[Act::Request(|asked, outgoing, contract| {
        let wanted = asked.payload.as_ref().and_then(|request| request["customer_type"].as_str());
        let wanted = wanted.filter(|_| asked.is_one(contract.list.as_ref()));
        if let Some(route) = wanted.and_then(|wanted| contract.route(wanted)) {
            outgoing.change(&asked.client, Change::Enter(Room::Route(route.room.clone())));
        }
        Flow::On
    })],
};

const CHAT_REQUESTS_ENTER_ANY_ROOM: Fault = Fault {
    id: "chat-requests-enter-any-room",
    about: "`join_chat` enters whatever room it is given, a type's room too: one handler serves both, without a \
            look at the name.",
    violates: &["security.isolation"],
    side_effects: &[],
    acts: &[Act::Request(|asked, outgoing, contract| {
        let key = contract.key(Role::Identity).unwrap_or_default();
        let wanted = asked.payload.as_ref().and_then(|request| request[key].as_str());
        let wanted = wanted.filter(|_| asked.is_one(contract.join_chat.as_ref()));
        if let Some(route) = wanted.and_then(|wanted| contract.route_of_room(wanted)) {
            outgoing.change(&asked.client, Change::Enter(Room::Route(route.room.clone())));
        }
        Flow::On
    })],
};

const CLIENT_EVENTS_RELAYED: Fault = Fault {
    id: "client-events-relayed",
    about: "An event that a client emits under a room's event name is passed on to the room: any page can speak as \
            the server.",
    violates: &["security.isolation"],
    side_effects: &[],
    acts: &[Act::Request(|asked, outgoing, contract| {
        if let Some(route) = contract.routes.iter().find(|route| route.event == asked.event)
            && let Some(payload) = &asked.payload
        {
            let room = Room::Route(route.room.clone());
            outgoing.broadcast(&Broadcast::new(room, &route.event, payload.clone()));
        }
        Flow::On
    })],
};

const TEMPLATES_EVALUATED: Fault = Fault {
    id: "templates-evaluated",
    about: "Texts go through a template engine: `{{7*7}}` arrives as `49`.",
    violates: &["security.input"],
    side_effects: &[],
    acts: &[Act::Arrival(|arrival| arrival.message.text = arrival.message.text.replace("{{7*7}}", "49"))],
};

const TEXT_ENDS_AT_NUL: Fault = Fault {
    id: "text-ends-at-nul",
    about: "Texts end at the first NUL, where a C library took them over.",
    violates: &["security.input"],
    side_effects: &[],
    acts: &[Act::Arrival(|arrival| {
        if let Some(end) = arrival.message.text.find('\0') {
            arrival.message.text.truncate(end);
        }
    })],
};

const QUOTE_IN_NAME_LOSES_MESSAGE: Fault = Fault {
    id: "quote-in-name-loses-message",
    about: "A name with an apostrophe ends the SQL statement that it is pasted into: the message is lost.",
    violates: &["security.input"],
    side_effects: &[],
    acts: &[Act::Webhook(|body| {
        let contacts =
            body.pointer("/entry/0/changes/0/value/contacts").and_then(Value::as_array).into_iter().flatten();
        if contacts.filter_map(|contact| contact["profile"]["name"].as_str()).any(|name| name.contains('\'')) {
            body["entry"] = json!([]);
        }
    })],
};
