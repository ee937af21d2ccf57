//! Faults that show only when there is much to do, or after a restart.

use super::{Act, Area, Door, Fault};
use crate::auth::TokenError;
use crate::rooms::{Change, Room};

/// The area.
pub(super) const AREA: Area = Area {
    title: "Resilience",
    about: "Many members, much coming and going, restarts.",
    faults: &[&LARGE_ROOM_CUT_SHORT, &MEMBERSHIPS_IN_256_PLACES, &TOKENS_END_WITH_THE_SERVER],
};

const LARGE_ROOM_CUT_SHORT: Fault = Fault {
    id: "large-room-cut-short",
    about: "A broadcast reaches the first 256 members: the store gives out members in pages, and nobody asks for \
            the second.",
    violates: &["resilience.large-room"],
    side_effects: &[],
    acts: &[Act::Broadcast(|broadcasts, _| {
        for broadcast in broadcasts {
            broadcast.reaches = |index, _| index < 256;
        }
    })],
};

const MEMBERSHIPS_IN_256_PLACES: Fault = Fault {
    id: "memberships-in-256-places",
    about: "Memberships are kept in 256 places that are used in turn: the next one overwrites the oldest, in use \
            or not.",
    violates: &["resilience.churn", "resilience.large-room"],
    side_effects: &[],
    acts: &[Act::Membership(|rooms, client, change| {
        if let Change::Enter(room @ Room::Route(_)) = change {
            rooms.take_one_of(256, client, room);
        }
        true
    })],
};

const TOKENS_END_WITH_THE_SERVER: Fault = Fault {
    id: "tokens-end-with-the-server",
    about: "The secret that signs tokens is made up at each start: after a restart every page that is open is \
            refused.",
    violates: &["resilience.restart"],
    side_effects: &[],
    acts: &[Act::Token(|presented| match presented.verdict {
        Ok(()) if presented.door == Door::Socket && !presented.is_own => Err(TokenError::Invalid),
        verdict => verdict,
    })],
};
