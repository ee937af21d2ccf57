//! Faults of refusing joins: what names no room is let in, cut off, or left without an answer.

use fixtures::Contract;
use serde_json::json;

use super::{Act, Area, Fault, Flow};
use crate::events::Asked;

/// The area.
pub(super) const AREA: Area = Area {
    title: "Refused joins",
    about: "`join_room` with names of no room, and with what is no name at all.",
    faults: &[
        &UNKNOWN_ROOM_ACKNOWLEDGED,
        &UNKNOWN_ROOM_UNANSWERED,
        &ROOM_CASE_IGNORED,
        &ROOM_NAME_TRIMMED,
        &ROOM_PREFIX_ACCEPTED,
        &MALFORMED_JOIN_UNANSWERED,
        &MALFORMED_JOIN_ENDS_CONNECTION,
        &MALFORMED_JOIN_ACKNOWLEDGED,
        &REFUSED_JOIN_WITHOUT_MESSAGE,
    ],
};

const UNKNOWN_ROOM_ACKNOWLEDGED: Fault = Fault {
    id: "unknown-room-acknowledged",
    about: "Any name is acknowledged, as `socket.join(room)` takes any: a page with a slip of the pen in it waits \
            for ever.",
    violates: &["join.unknown-room"],
    side_effects: &["join.malformed", "security.input"],
    acts: &[Act::Answer(|answers, asked, contract| {
        let Some(room) = asked.room().map(str::to_owned).filter(|_| asked.is(&contract.join)) else { return };
        for answer in answers.iter_mut().filter(|answer| answer.is_refusal()) {
            answer.payload = json!({"status": 1, "room": room});
        }
    })],
};

const UNKNOWN_ROOM_UNANSWERED: Fault = Fault {
    id: "unknown-room-unanswered",
    about: "A name that is no room's gets no answer: the handler returns early.",
    violates: &["join.unknown-room"],
    side_effects: &["join.malformed", "security.input"],
    acts: &[Act::Answer(|answers, asked, contract| {
        if asked.is(&contract.join) && asked.room().is_some() {
            answers.retain(|answer| !answer.is_refusal());
        }
    })],
};

const ROOM_CASE_IGNORED: Fault = Fault {
    id: "room-case-ignored",
    about: "Names of rooms are compared without their case: `partnerapp` joins `PartnerApp`.",
    violates: &["join.unknown-room"],
    side_effects: &[],
    acts: &[Act::Request(|asked, _, contract| {
        correct(asked, contract, |given, room| given.eq_ignore_ascii_case(room))
    })],
};

const ROOM_NAME_TRIMMED: Fault = Fault {
    id: "room-name-trimmed",
    about: "Blanks around the name of a room are overlooked.",
    violates: &["join.unknown-room"],
    side_effects: &[],
    acts: &[Act::Request(|asked, _, contract| correct(asked, contract, |given, room| given.trim() == room))],
};

const ROOM_PREFIX_ACCEPTED: Fault = Fault {
    id: "room-prefix-accepted",
    about: "A name that begins with a room's joins that room: it is looked for with `startsWith`.",
    violates: &["join.unknown-room"],
    side_effects: &[],
    acts: &[Act::Request(|asked, _, contract| correct(asked, contract, |given, room| given.starts_with(room)))],
};

const MALFORMED_JOIN_UNANSWERED: Fault = Fault {
    id: "malformed-join-unanswered",
    about: "A request to join that has no `room` of text gets no answer: the handler throws, and the library logs \
            it.",
    violates: &["join.malformed"],
    side_effects: &[],
    acts: &[Act::Request(
        |asked, _, contract| {
            if asked.is(&contract.join) && asked.room().is_none() { Flow::Drop } else { Flow::On }
        },
    )],
};

const MALFORMED_JOIN_ENDS_CONNECTION: Fault = Fault {
    id: "malformed-join-ends-connection",
    about: "A request to join that has no `room` of text ends the connection: what the handler throws reaches the \
            transport.",
    violates: &["join.malformed"],
    side_effects: &[],
    acts: &[Act::Request(
        |asked, _, contract| {
            if asked.is(&contract.join) && asked.room().is_none() { Flow::CutOff } else { Flow::On }
        },
    )],
};

const MALFORMED_JOIN_ACKNOWLEDGED: Fault = Fault {
    id: "malformed-join-acknowledged",
    about: "A request to join that has no `room` of text is answered with success, and `room: null`.",
    violates: &["join.malformed"],
    side_effects: &[],
    acts: &[Act::Answer(|answers, asked, contract| {
        for answer in answers.iter_mut().filter(|_| asked.is(&contract.join) && asked.room().is_none()) {
            answer.payload = json!({"status": 1, "room": null});
        }
    })],
};

const REFUSED_JOIN_WITHOUT_MESSAGE: Fault = Fault {
    id: "refused-join-without-message",
    about: "A refused join is answered `{status: 0}` without a message: nobody can see what was wrong.",
    violates: &["join.unknown-room", "join.malformed"],
    side_effects: &["security.input"],
    acts: &[Act::Answer(|answers, asked, contract| {
        for answer in answers.iter_mut().filter(|answer| asked.is(&contract.join) && answer.is_refusal()) {
            answer.payload = json!({"status": 0});
        }
    })],
};

/// Takes a room's name for another's that is near enough.
fn correct(asked: &mut Asked, contract: &Contract, is_near: fn(&str, &str) -> bool) -> Flow {
    if asked.is(&contract.join)
        && let Some(given) = asked.room()
        && let Some(route) = contract.routes.iter().find(|route| is_near(given, &route.room))
    {
        asked.payload = Some(json!({"room": route.room}));
    }
    Flow::On
}
