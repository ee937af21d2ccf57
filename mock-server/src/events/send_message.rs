//! `send_message {chat_id, sender, type, message}`: an agent's reply, or an in-app customer's message.

use serde_json::json;

use super::{Backend, Refusal, Reply, Request};
use crate::chats::Author;
use crate::provider::Outbound;

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let (chat_id, sender, text) = (request.text("chat_id")?, request.text("sender")?, request.text("message")?);
    let author = match request.text("type")? {
        "Agent" => Author::Executive,
        "Customer" => Author::Customer,
        other => return Err(Refusal::unknown("type", other, ["Agent", "Customer"].into_iter())),
    };
    let chat = backend.chats.get(chat_id).ok_or_else(|| Refusal::no_such_chat(chat_id))?;
    if author == Author::Executive && backend.provider.is_some() {
        // Shown only once it is on its way: an agent must not take for sent what was not.
        return Ok(Reply::AfterDelivery(Outbound {
            chat_id: chat_id.to_owned(),
            number: chat.number.clone(),
            sender: sender.to_owned(),
            text: text.to_owned(),
        }));
    }
    let message = backend.write(chat_id, author, sender, text).ok_or_else(|| Refusal::no_such_chat(chat_id))?;
    Ok(Reply::Now(json!({"status": 1, "message_id": message.id})))
}
