//! `leave_chat {chat_id}`: leaves the room of one open chat. Harmless where the client is not in it.

use serde_json::json;

use super::{Backend, Refusal, Reply, Request};
use crate::rooms::{Change, Room};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let chat_id = request.text("chat_id")?;
    backend.chats.get(chat_id).ok_or_else(|| Refusal::no_such_chat(chat_id))?;
    backend.outgoing.change(request.client, Change::Leave(Room::Chat(chat_id.to_owned())));
    Ok(Reply::Now(json!({"status": 1, "chat_id": chat_id})))
}
