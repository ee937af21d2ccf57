//! `update_chat_status {customer_number, update_by_number, status}`: resolves a chat, or makes it active again.
//!
//! A number may have a chat of each customer type: `customer_type` says which one, else the one last written to.

use serde_json::json;

use super::fetch_all_chats::status;
use super::get_dashboard_stats::ANSWER;
use super::request::optional_type;
use super::{Backend, Refusal, Reply, Request};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let number = request.text("customer_number")?;
    request.text("update_by_number")?;
    let new = status(request.text("status")?)?;
    let customer_type = optional_type(request.object()?, &backend.contract)?;
    let chat = backend.chats.find(number, customer_type).ok_or_else(|| Refusal::no_chat_of(number))?;
    let chat_id = chat.id.clone();
    let now = backend.now();
    let old = backend.chats.set_status(&chat_id, new, now).ok_or_else(|| Refusal::no_such_chat(&chat_id))?;
    let stats = backend.stats();
    backend.announce(ANSWER, stats);
    Ok(Reply::Now(json!({"status": 1, "old_status": old.as_str(), "new_status": new.as_str()})))
}
