//! `typing {chat_id, sender, is_typing}`: shows the others in a chat that somebody writes. Nobody is answered.

use serde_json::{Value, json};

use super::{Backend, Refusal, Reply, Request};
use crate::outgoing::Broadcast;
use crate::rooms::Room;

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let (chat_id, sender) = (request.text("chat_id")?, request.text("sender")?);
    let is_typing = request.object()?.get("is_typing").and_then(Value::as_bool);
    let is_typing = is_typing.ok_or_else(|| Refusal::new("missing is_typing: expected true or false"))?;
    backend.chats.get(chat_id).ok_or_else(|| Refusal::no_such_chat(chat_id))?;
    let told = json!({"chat_id": chat_id, "sender": sender, "is_typing": is_typing});
    let broadcast = Broadcast::new(Room::Chat(chat_id.to_owned()), "user_typing", told);
    backend.outgoing.broadcast(&broadcast.except(request.client));
    Ok(Reply::Now(json!({"status": 1})))
}
