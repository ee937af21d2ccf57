//! `leave_chat {chat_id}`: leaves the room of one open chat, and tells the others there. Harmless where the client is not
//! in it.

use serde_json::json;

use super::{Backend, Refusal, Reply, Request};
use crate::client::Client;
use crate::outgoing::Broadcast;
use crate::rooms::{Change, Room};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let chat_id = request.text("chat_id")?;
    backend.chats.get(chat_id).ok_or_else(|| Refusal::no_such_chat(chat_id))?;
    let room = Room::Chat(chat_id.to_owned());
    let was_there = backend.outgoing.rooms_of(request.client).any(|own| *own == room);
    backend.outgoing.change(request.client, Change::Leave(room));
    if was_there {
        tell_left(backend, request.client, chat_id);
    }
    Ok(Reply::Now(json!({"status": 1, "chat_id": chat_id})))
}

/// Tells those in a chat that somebody has gone from there.
pub(crate) fn tell_left(backend: &mut Backend, client: &Client, chat_id: &str) {
    let told = json!({"chat_id": chat_id, "connection_id": client.connection()});
    backend.outgoing.broadcast(&Broadcast::new(Room::Chat(chat_id.to_owned()), "user_left", told));
}
