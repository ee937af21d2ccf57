//! `join_room {room}`: enters one of the contract's rooms. No other room can be entered this way.

use serde_json::json;

use super::{Backend, Refusal, Reply, Request};
use crate::rooms::{Change, Room};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let room = known_room(backend, request)?;
    // Entered before it is answered: from the acknowledgement on, nothing may be missed.
    backend.outgoing.change(request.client, Change::Enter(Room::Route(room.to_owned())));
    Ok(Reply::Now(json!({"status": 1, "room": room})))
}

/// The room that a request names, if it is one of the contract's.
pub(super) fn known_room<'a>(backend: &Backend, request: &'a Request<'_>) -> Result<&'a str, Refusal> {
    let room = request.text("room")?;
    if backend.contract.route_of_room(room).is_none() {
        let known = backend.contract.routes.iter().map(|route| route.room.as_str());
        return Err(Refusal::unknown("room", room, known));
    }
    Ok(room)
}
