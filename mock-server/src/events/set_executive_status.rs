//! `set_executive_status {executive_id, status, customer_type}`: an agent comes or goes.
//!
//! Whoever goes leaves their active chats to those who are still there; where nobody is, they keep them. The same is
//! done for `POST /api/executives/status`.

use serde_json::{Value, json};

use super::reassign_chat::reassign;
use super::request::{optional_text, text};
use super::{Backend, Refusal, Reply, Request};
use crate::chats::{Chat, Status};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let object = request.object()?;
    let (executive_id, status) = set(backend, object)?;
    // In the request's own spelling, which older pages compare it with.
    Ok(Reply::Now(json!({"status": 1, "executive_id": executive_id, "new_status": status})))
}

/// Does what the request says; gives whose status is now which. Without an id it is whoever can log in.
pub(crate) fn set(
    backend: &mut Backend,
    request: &serde_json::Map<String, Value>,
) -> Result<(String, String), Refusal> {
    let status = text(request, "status")?;
    let online =
        is_online(status).ok_or_else(|| Refusal::unknown("status", status, ["online", "offline"].into_iter()))?;
    let id = optional_text(request, "executive_id")?.unwrap_or(&backend.login.admin_id).to_owned();
    let Some(executive) = backend.desk.set_online(&id, online) else {
        return Err(Refusal::unknown("executive_id", &id, backend.desk.ids()));
    };
    let told = json!({
        "executive_id": id,
        "executive_name": executive.name,
        "status": if online { "online" } else { "offline" },
        "customer_type": optional_text(request, "customer_type")?,
    });
    backend.announce("executive_status", told);
    if !online {
        hand_over(backend, &id);
    }
    Ok((id, status.to_owned()))
}

/// What a status says, in any case.
pub(super) fn is_online(status: &str) -> Option<bool> {
    let status = status.to_ascii_lowercase();
    ["offline", "online"].iter().position(|known| *known == status).map(|position| position == 1)
}

/// Gives an agent's active chats to others, one by one, so that they are shared out.
fn hand_over(backend: &mut Backend, id: &str) {
    let is_own = |chat: &&Chat| chat.status == Status::Active && chat.executive_id() == Some(id);
    let mut chats: Vec<(String, String)> =
        backend.chats.all().filter(is_own).map(|chat| (chat.id.clone(), chat.customer_type.clone())).collect();
    chats.sort();
    for (chat_id, customer_type) in chats {
        if let Some(other) = backend.desk.choose(&customer_type, &backend.chats).cloned() {
            reassign(backend, &chat_id, &other);
        }
    }
}
