//! `reassign_chat {chat_id, executive_id}`: gives a chat to another agent.

use fixtures::data::Executive;
use serde_json::json;

use super::{Backend, Refusal, Reply, Request};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let (chat_id, executive_id) = (request.text("chat_id")?, request.text("executive_id")?);
    backend.chats.get(chat_id).ok_or_else(|| Refusal::no_such_chat(chat_id))?;
    let executive = backend.desk.executive(executive_id).cloned();
    let executive = executive.ok_or_else(|| Refusal::unknown("executive_id", executive_id, backend.desk.ids()))?;
    reassign(backend, chat_id, &executive);
    Ok(Reply::Now(json!({"status": 1})))
}

/// Gives a chat to an agent, and tells everybody.
pub(super) fn reassign(backend: &mut Backend, chat_id: &str, to: &Executive) {
    let now = backend.now();
    let Some(from) = backend.chats.assign(chat_id, (&to.id, &to.name), now) else { return };
    let told = json!({
        "chat_id": chat_id,
        "from_executive_id": from,
        "to_executive_id": to.id,
        "assigned_executive_name": to.name,
    });
    backend.announce("chat_reassigned", told);
}
