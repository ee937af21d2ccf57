//! `apply_tag {chat_id, tag, action}`: adds a label to a chat, or takes it away.

use serde_json::json;

use super::{Backend, Refusal, Reply, Request};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let (chat_id, tag) = (request.text("chat_id")?, request.text("tag")?);
    let action = request.text("action")?;
    let add = match action {
        "add" => true,
        "remove" => false,
        other => return Err(Refusal::unknown("action", other, ["add", "remove"].into_iter())),
    };
    let now = backend.now();
    let chat = backend.chats.apply_tag(chat_id, tag, add, now).ok_or_else(|| Refusal::no_such_chat(chat_id))?;
    let told = json!({"chat_id": chat_id, "tag": tag, "action": action, "tags": chat.tags});
    backend.announce("tag_updated", told);
    Ok(Reply::Now(json!({"status": 1})))
}
