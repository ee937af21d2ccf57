//! Faults of entering rooms: wrong answers, and right ones with nothing behind them.

use fixtures::Contract;
use serde_json::json;

use super::{ANYTHING_HEARD, Act, Area, Fault, Flow};
use crate::events::Asked;
use crate::outgoing::Answer;
use crate::rooms::{Change, Room};

/// The area.
pub(super) const AREA: Area = Area {
    title: "Joining",
    about: "`join_room`: what is answered, to whom, and who is in the room then.",
    faults: &[
        &NO_JOIN_HANDLER,
        &JOIN_NAMES_ANOTHER_ROOM,
        &JOIN_STATUS_AS_TEXT,
        &JOIN_ANSWERED_BY_ACK_ONLY,
        &JOIN_OF_ONE_TYPE_REFUSED,
        &JOIN_ANSWERED_TO_EVERYBODY,
        &JOIN_ANSWERED_TWICE,
        &JOIN_WITHOUT_ENTERING,
        &ROOM_HOLDS_ONE_MEMBER,
        &SECOND_JOIN_DOUBLES,
        &SECOND_ROOM_REPLACES_FIRST,
        &FIRST_ROOM_ONLY,
        &ROOMS_KEPT_FOR_THE_AGENT,
    ],
};

const NO_JOIN_HANDLER: Fault = Fault {
    id: "no-join-handler",
    about: "Nobody listens to `join_room`: no answer, no membership, no error.",
    violates: &["join.acknowledged"],
    side_effects: &["join.unknown-room", "join.malformed", "security.input"],
    acts: &[Act::Request(|asked, _, contract| if asked.is(&contract.join) { Flow::Drop } else { Flow::On })],
};

const JOIN_NAMES_ANOTHER_ROOM: Fault = Fault {
    id: "join-names-another-room",
    about: "The acknowledgement names the room as it is called inside, in lower case: the page takes it for \
            another room's.",
    violates: &["join.acknowledged"],
    side_effects: &["join.malformed"],
    acts: &[Act::Answer(|answers, asked, contract| {
        for answer in joined(answers, asked, contract) {
            let lower = answer.payload["room"].as_str().map(str::to_lowercase);
            answer.payload["room"] = lower.into();
        }
    })],
};

const JOIN_STATUS_AS_TEXT: Fault = Fault {
    id: "join-status-as-text",
    about: "The acknowledgement has `status: \"1\"`, a text: `response.status === 1` is false for ever.",
    violates: &["join.acknowledged"],
    side_effects: &["join.malformed"],
    acts: &[Act::Answer(|answers, asked, contract| {
        for answer in joined(answers, asked, contract) {
            answer.payload["status"] = "1".into();
        }
    })],
};

const JOIN_ANSWERED_BY_ACK_ONLY: Fault = Fault {
    id: "join-answered-by-ack-only",
    about: "The handler returns its answer, which makes it a Socket.IO acknowledgement: `join_room_response` is \
            never emitted.",
    violates: &["join.acknowledged"],
    side_effects: &["join.unknown-room", "join.malformed", "security.input"],
    acts: &[Act::Answer(|answers, asked, contract| {
        for answer in answers.iter_mut().filter(|_| asked.is(&contract.join)) {
            answer.event = None;
        }
    })],
};

const JOIN_OF_ONE_TYPE_REFUSED: Fault = Fault {
    id: "join-of-one-type-refused",
    about: "The last row of the routing table is missing from the list of rooms that may be joined.",
    violates: &["join.acknowledged"],
    side_effects: &[],
    acts: &[Act::Request(|asked, _, contract| {
        let last = contract.routes.last().map(|route| route.room.as_str());
        if asked.is(&contract.join) && asked.room() == last {
            asked.payload = Some(json!({"room": "unlisted"}));
        }
        Flow::On
    })],
};

const JOIN_ANSWERED_TO_EVERYBODY: Fault = Fault {
    id: "join-answered-to-everybody",
    about: "The answer is emitted without an addressee (`to=sid` is missing): every page hears of every join.",
    violates: &["join.private-answer"],
    side_effects: &["join.acknowledged", "join.unknown-room", "join.malformed", "security.input"],
    acts: &[Act::Answer(|answers, asked, contract| {
        for answer in joined(answers, asked, contract) {
            answer.to_everybody = true;
        }
    })],
};

const JOIN_ANSWERED_TWICE: Fault = Fault {
    id: "join-answered-twice",
    about: "The answer is emitted by the handler and once more by the layer around it.",
    violates: &["join.private-answer"],
    side_effects: &[],
    acts: &[Act::Answer(|answers, asked, contract| {
        let again: Vec<Answer> = joined(answers, asked, contract).map(|answer| answer.clone()).collect();
        answers.extend(again);
    })],
};

const JOIN_WITHOUT_ENTERING: Fault = Fault {
    id: "join-without-entering",
    about: "The join is acknowledged but nobody enters the room, as when `enter_room` is a coroutine that is not \
            awaited.",
    violates: &["join.effective"],
    side_effects: &["broadcast.delivered"],
    acts: &[Act::Membership(|_, _, change| !matches!(change, Change::Enter(Room::Route(_))))],
};

const ROOM_HOLDS_ONE_MEMBER: Fault = Fault {
    id: "room-holds-one-member",
    about: "Members are kept in a map from room to socket: each join is acknowledged, and throws out whoever \
            joined before.",
    violates: &["join.effective", "broadcast.delivered"],
    side_effects: ANYTHING_HEARD,
    acts: &[Act::Membership(|rooms, _, change| {
        if let Change::Enter(room @ Room::Route(_)) = change {
            rooms.empty(room);
        }
        true
    })],
};

const SECOND_JOIN_DOUBLES: Fault = Fault {
    id: "second-join-doubles",
    about: "Members are kept in a list: whoever joins twice stands there twice, and hears everything twice.",
    violates: &["join.idempotent"],
    side_effects: &[],
    acts: &[Act::Membership(|rooms, client, change| {
        if let Change::Enter(room @ Room::Route(_)) = change
            && let Some(copies) = rooms.copies(client, room)
        {
            rooms.set_copies(client, room, copies + 1);
        }
        true
    })],
};

const SECOND_ROOM_REPLACES_FIRST: Fault = Fault {
    id: "second-room-replaces-first",
    about: "A socket has one current room: joining another leaves the first without a word.",
    violates: &["join.several"],
    side_effects: &["leave.effective"],
    acts: &[Act::Membership(|rooms, client, change| {
        if matches!(change, Change::Enter(Room::Route(_))) {
            rooms.leave_routes(client);
        }
        true
    })],
};

const FIRST_ROOM_ONLY: Fault = Fault {
    id: "first-room-only",
    about: "A socket that is in a room is taken to be done with joining: further joins are acknowledged and \
            forgotten.",
    violates: &["join.several"],
    side_effects: &["leave.effective"],
    acts: &[Act::Membership(|rooms, client, change| match change {
        Change::Enter(room @ Room::Route(_)) => rooms.copies(client, room).is_some() || !rooms.is_in_a_route(client),
        _ => true,
    })],
};

const ROOMS_KEPT_FOR_THE_AGENT: Fault = Fault {
    id: "rooms-kept-for-the-agent",
    about: "Memberships are kept by agent, not by connection: a new connection hears what an earlier one had joined.",
    violates: &["join.not-inherited"],
    side_effects: &[
        "join.unknown-room",
        "broadcast.only-room",
        "broadcast.concurrent",
        "leave.effective",
        "security.isolation",
    ],
    acts: &[Act::Membership(|rooms, client, change| {
        match change {
            Change::Connect => rooms.inherit(client),
            Change::Disconnect(_) => rooms.keep(client),
            _ => {}
        }
        true
    })],
};

/// The answers that acknowledge a join.
fn joined<'a>(answers: &'a mut [Answer], asked: &Asked, contract: &Contract) -> impl Iterator<Item = &'a mut Answer> {
    let is_join = asked.is(&contract.join);
    answers.iter_mut().filter(move |answer| is_join && !answer.is_refusal())
}
