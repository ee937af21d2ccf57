//! Faults of leaving rooms: nothing happens, or too much.

use super::{Act, Area, Fault, Flow};
use crate::rooms::{Change, Room};

/// The area.
pub(super) const AREA: Area = Area {
    title: "Leaving",
    about: "`leave_room`: who is still in which room then.",
    faults: &[
        &LEAVE_WITHOUT_LEAVING,
        &LEAVE_LEAVES_ALL,
        &STRAY_LEAVE_ENDS_CONNECTION,
        &STRAY_LEAVE_LOCKS_OUT,
        &REJOIN_IGNORED,
        &REJOIN_DOUBLES,
    ],
};

const LEAVE_WITHOUT_LEAVING: Fault = Fault {
    id: "leave-without-leaving",
    about: "Leaving is confirmed and not done, as when `leave_room` is a coroutine that is not awaited.",
    violates: &["leave.effective"],
    side_effects: &["broadcast.only-room"],
    acts: &[Act::Membership(|_, _, change| !matches!(change, Change::Leave(Room::Route(_))))],
};

const LEAVE_LEAVES_ALL: Fault = Fault {
    id: "leave-leaves-all",
    about: "Leaving one room leaves all of them: the socket's list is emptied in place of one entry removed.",
    violates: &["leave.effective"],
    side_effects: &[],
    acts: &[Act::Membership(|rooms, client, change| {
        if matches!(change, Change::Leave(Room::Route(_))) {
            rooms.leave_routes(client);
        }
        true
    })],
};

const STRAY_LEAVE_ENDS_CONNECTION: Fault = Fault {
    id: "stray-leave-ends-connection",
    about: "Leaving a room that does not exist ends the connection: the look-up throws, and nobody catches.",
    violates: &["leave.harmless"],
    side_effects: &[],
    acts: &[Act::Request(|asked, _, contract| {
        let strange = asked.room().is_none_or(|room| contract.route_of_room(room).is_none());
        if asked.is_one(contract.leave.as_ref()) && strange { Flow::CutOff } else { Flow::On }
    })],
};

const STRAY_LEAVE_LOCKS_OUT: Fault = Fault {
    id: "stray-leave-locks-out",
    about: "Leaving a room that one is not in leaves a mark, and whoever has it hears nothing of that room after \
            joining.",
    violates: &["leave.harmless"],
    side_effects: &[],
    acts: &[Act::Membership(|rooms, client, change| match change {
        Change::Leave(room @ Room::Route(_)) if rooms.copies(client, room).is_none() => {
            rooms.apply(client, Change::Enter(room.clone()));
            rooms.set_copies(client, room, 0);
            false
        }
        _ => true,
    })],
};

const REJOIN_IGNORED: Fault = Fault {
    id: "rejoin-ignored",
    about: "A socket that has left counts as known: joining again is acknowledged, and changes nothing.",
    violates: &["leave.rejoin"],
    side_effects: &[],
    acts: &[Act::Membership(|rooms, client, change| match change {
        Change::Leave(room @ Room::Route(_)) if rooms.copies(client, room).is_some() => {
            rooms.set_copies(client, room, 0);
            false
        }
        _ => true,
    })],
};

const REJOIN_DOUBLES: Fault = Fault {
    id: "rejoin-doubles",
    about: "Leaving only mutes a membership, and joining again adds a second one to it: everything is heard twice.",
    violates: &["leave.rejoin"],
    side_effects: &[],
    acts: &[Act::Membership(|rooms, client, change| match change {
        Change::Leave(room @ Room::Route(_)) if rooms.copies(client, room).is_some() => {
            rooms.set_copies(client, room, 0);
            false
        }
        Change::Enter(room) if rooms.copies(client, room) == Some(0) => {
            rooms.set_copies(client, room, 2);
            false
        }
        _ => true,
    })],
};
