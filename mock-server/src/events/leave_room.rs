//! `leave_room {room}`: leaves a room. Harmless where the client is not in it.

use serde_json::json;

use super::join_room::known_room;
use super::{Backend, Refusal, Reply, Request};
use crate::rooms::{Change, Room};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let room = known_room(backend, request)?;
    backend.outgoing.change(request.client, Change::Leave(Room::Route(room.to_owned())));
    Ok(Reply::Now(json!({"status": 1, "room": room})))
}
