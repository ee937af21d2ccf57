//! `new_chat {sender, customer_type}`: an in-app customer opens a chat, which an agent is given.
//!
//! A customer who has one already gets that one.

use serde_json::json;

use super::request::required_type;
use super::{Backend, Refusal, Reply, Request};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let number = request.text("sender")?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Refusal::new("sender: expected a number of digits, such as 15550100001"));
    }
    let customer_type = required_type(request.object()?, &backend.contract)?;
    let now = backend.now();
    let (chat_id, is_new) = backend.chats.open(number, customer_type, now);
    let nobody = backend.chats.get(&chat_id).is_some_and(|chat| chat.executive.is_none());
    let executive = backend.desk.choose(customer_type, &backend.chats).filter(|_| nobody).cloned();
    if let Some(executive) = executive {
        backend.chats.assign(&chat_id, (&executive.id, &executive.name), now);
    }
    let chat = backend.chats.get(&chat_id).ok_or_else(|| Refusal::no_such_chat(&chat_id))?;
    let assigned_to = chat.executive.clone();
    if is_new {
        let (id, name) = assigned_to.clone().unzip();
        let told = json!({
            "chat_id": chat_id,
            "customer": number,
            "customer_type": customer_type,
            "assigned_executive_id": id,
            "assigned_executive_name": name,
        });
        backend.announce("chat_assigned", told);
    }
    let assigned_to = assigned_to.map(|(id, _)| id);
    Ok(Reply::Now(json!({"status": 1, "chat_id": chat_id, "is_new": is_new, "assigned_to": assigned_to})))
}
