//! Faults of the routing table: the right message by the wrong way.

use super::{ANYTHING_HEARD, Act, Area, Fault};
use crate::outgoing::Broadcast;
use crate::rooms::Room;

/// The area.
pub(super) const AREA: Area = Area {
    title: "Routing",
    about: "Which event goes to which room, and who hears it how often.",
    faults: &[
        &MISSING_BRANCH,
        &WRONG_ROOM,
        &BROADCAST_TO_EVERYBODY,
        &BROADCAST_TO_ALL_ROOMS,
        &SUFFIXED_EVENT,
        &BOTH_SPELLINGS,
        &EVERY_EVENT_NAME,
        &BROADCAST_TWICE,
        &ONE_MEMBER_MISSED,
    ],
};

const MISSING_BRANCH: Fault = Fault {
    id: "missing-branch",
    about: "The routing table's first type is missing from the conditional around the broadcast: saved, \
            acknowledged, never told.",
    violates: &["broadcast.delivered", "broadcast.independent"],
    side_effects: &[],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        if scene.is_row(0) {
            broadcasts.clear();
        }
    })],
};

const WRONG_ROOM: Fault = Fault {
    id: "wrong-room",
    about: "One type's event goes to the next type's room: the line was copied, and one of the two names changed.",
    violates: &["broadcast.delivered", "broadcast.only-room", "broadcast.independent"],
    side_effects: &["broadcast.concurrent"],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        let next = scene.contract.routes.iter().cycle().skip_while(|route| *route != scene.route).nth(1);
        for (broadcast, next) in broadcasts.iter_mut().zip(next).filter(|_| scene.is_row(2)) {
            broadcast.room = Room::Route(next.room.clone());
        }
    })],
};

const BROADCAST_TO_EVERYBODY: Fault = Fault {
    id: "broadcast-to-everybody",
    about: "The event is emitted without a room (`room=` is missing): everybody who is connected hears every type.",
    violates: &["broadcast.only-room", "security.isolation"],
    side_effects: &["broadcast.concurrent", "join.not-inherited", "join.unknown-room", "leave.effective"],
    acts: &[Act::Broadcast(|broadcasts, _| {
        for broadcast in broadcasts {
            broadcast.room = Room::Dashboard;
        }
    })],
};

const BROADCAST_TO_ALL_ROOMS: Fault = Fault {
    id: "broadcast-to-all-rooms",
    about: "The event goes to all rooms of the table: every page hears every type, and shows other teams' chats.",
    violates: &["broadcast.only-room"],
    side_effects: &[
        "broadcast.concurrent",
        "broadcast.exactly-once",
        "join.several",
        "leave.effective",
        "security.isolation",
    ],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        let other = |broadcast: &Broadcast| {
            let rooms = scene.contract.routes.iter().filter(|route| *route != scene.route);
            rooms.map(|route| Broadcast { room: Room::Route(route.room.clone()), ..broadcast.clone() }).collect()
        };
        let others: Vec<Broadcast> = broadcasts.first().map(other).unwrap_or_default();
        broadcasts.extend(others);
    })],
};

const SUFFIXED_EVENT: Fault = Fault {
    id: "suffixed-event",
    about: "One type's event has a suffix that no page listens to, such as `room_update_partner`.",
    violates: &["broadcast.one-name", "broadcast.delivered", "broadcast.independent"],
    side_effects: &[],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        for broadcast in broadcasts.iter_mut().filter(|_| scene.is_row(0)) {
            broadcast.event = format!("{}_{}", scene.route.event, scene.route.customer_type.to_lowercase());
        }
    })],
};

const BOTH_SPELLINGS: Fault = Fault {
    id: "both-spellings",
    about: "Each event is sent once more under a suffixed name, so that old and new pages are content: new ones \
            count twice.",
    violates: &["broadcast.one-name"],
    side_effects: &[],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        let event = format!("{}_{}", scene.route.event, scene.route.customer_type.to_lowercase());
        let second: Vec<Broadcast> =
            broadcasts.iter().map(|it| Broadcast { event: event.clone(), ..it.clone() }).collect();
        broadcasts.extend(second);
    })],
};

const EVERY_EVENT_NAME: Fault = Fault {
    id: "every-event-name",
    about: "Every event of the table is sent for every message, each to the right room: no branch was written at \
            all.",
    violates: &["broadcast.one-name"],
    side_effects: &[],
    acts: &[Act::Broadcast(|broadcasts, scene| {
        let other = |broadcast: &Broadcast| {
            let routes = scene.contract.routes.iter().filter(|route| *route != scene.route);
            routes.map(|route| Broadcast { event: route.event.clone(), ..broadcast.clone() }).collect()
        };
        let others: Vec<Broadcast> = broadcasts.first().map(other).unwrap_or_default();
        broadcasts.extend(others);
    })],
};

const BROADCAST_TWICE: Fault = Fault {
    id: "broadcast-twice",
    about: "Every broadcast is sent twice, as a retry without deduplication would.",
    violates: &["broadcast.exactly-once"],
    side_effects: &[
        "broadcast.batch",
        "broadcast.burst",
        "broadcast.concurrent",
        "broadcast.not-status",
        "broadcast.redelivery",
        "join.idempotent",
        "join.several",
        "leave.rejoin",
        "transport.upgrade",
        "resilience.churn",
        "resilience.large-room",
        "resilience.restart",
    ],
    acts: &[Act::Broadcast(|broadcasts, _| broadcasts.extend_from_within(..))],
};

const ONE_MEMBER_MISSED: Fault = Fault {
    id: "one-member-missed",
    about: "The loop over the members starts at 1: one of them never hears anything.",
    violates: &["broadcast.delivered", "join.effective"],
    side_effects: ANYTHING_HEARD,
    acts: &[Act::Broadcast(|broadcasts, _| {
        for broadcast in broadcasts {
            broadcast.reaches = |index, _| index > 0;
        }
    })],
};
