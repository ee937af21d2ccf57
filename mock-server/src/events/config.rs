//! `config {sender, customer_type?, chat_id?}`: what a page needs to know before it opens a customer's chat.
//!
//! `sender` is the customer's number; a `chat_id` goes before it. A number that has no chat yet is no error.

use serde_json::json;

use super::request::{optional_text, optional_type};
use super::{Backend, Refusal, Reply, Request};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let object = request.object()?;
    let customer_type = optional_type(object, &backend.contract)?;
    let chat = match optional_text(object, "chat_id")? {
        Some(chat_id) => Some(backend.chats.get(chat_id).ok_or_else(|| Refusal::no_such_chat(chat_id))?),
        None => backend.chats.find(request.text("sender")?, customer_type),
    };
    let number = match chat {
        Some(chat) => &chat.number,
        None => request.text("sender")?,
    };
    let known = backend.desk.customer(number);
    Ok(Reply::Now(json!({
        "status": 1,
        "chat_id": chat.map(|chat| &chat.id),
        "isFreshChat": chat.is_none_or(|chat| chat.messages().is_empty()),
        "isWhatsappChatOpen": chat.is_some_and(|chat| chat.is_window_open(backend.now())),
        "isChatInitiated": chat.is_some_and(|chat| chat.last_outgoing.is_some()),
        "config": {
            "customer": number,
            "name": chat.and_then(|chat| chat.name.as_ref()),
            "email": known.and_then(|known| known.email.as_ref()),
            "city": known.and_then(|known| known.city.as_ref()),
        },
    })))
}
