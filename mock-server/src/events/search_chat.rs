//! `search_chat {customer}`: one chat by the customer's number; without a `customer_type` the one last written to.

use serde_json::json;

use super::request::optional_type;
use super::{Backend, Refusal, Reply, Request};
use crate::chats::Place;

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let number = request.text("customer")?;
    let customer_type = optional_type(request.object()?, &backend.contract)?;
    let chat = backend.chats.find(number, customer_type).ok_or_else(|| Refusal::no_chat_of(number))?;
    Ok(Reply::Now(json!({"status": 1, "chat": backend.summary(chat, Place::List)})))
}
