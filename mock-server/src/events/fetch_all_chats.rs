//! `fetch_all_chats`: the chat list, newest first, filtered and in pages. What a page falls back to.
//!
//! `user_status` is that of the agent who has a chat: `online` or `offline`. `sender` is who asks: every agent sees every
//! chat, so it restricts nothing.

use serde_json::{Map, Value, json};

use super::request::{optional_text, optional_type, page};
use super::set_executive_status::is_online;
use super::{Backend, Refusal, Reply, Request};
use crate::chats::{Filter, Place, Status};

const PAGE_SIZE: u64 = 10;

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let nothing = Map::new();
    let object = request.optional_object()?.unwrap_or(&nothing);
    let filter = Filter {
        customer_type: optional_type(object, &backend.contract)?,
        status: optional_text(object, "status")?.map(status).transpose()?,
        search: optional_text(object, "search")?,
        tag: optional_text(object, "tag")?,
        executive_id: optional_text(object, "assigned_executive_id")?,
        executives: optional_text(object, "user_status")?.map(|status| executives(backend, status)).transpose()?,
    };
    optional_text(object, "sender")?;
    let page = page(object, PAGE_SIZE)?;
    let list = backend.chats.list(&filter, page);
    let chats: Vec<Value> = list.chats.iter().map(|chat| backend.summary(chat, Place::List)).collect();
    Ok(Reply::Now(json!({
        "status": 1,
        "chats": chats,
        "pagination": {
            "page": page.number,
            "page_size": page.size,
            "total": list.total,
            "total_chats": list.total,
            "total_pages": page.total_pages(list.total),
            "total_active": list.active,
            "total_pending": list.pending,
        },
    })))
}

/// The agents who are there, or those who are not.
fn executives<'a>(backend: &'a Backend, status: &str) -> Result<Vec<&'a str>, Refusal> {
    let online =
        is_online(status).ok_or_else(|| Refusal::unknown("user_status", status, ["online", "offline"].into_iter()))?;
    Ok(backend.desk.with_status(online, None).map(|executive| executive.id.as_str()).collect())
}

/// The status of this name.
pub(super) fn status(name: &str) -> Result<Status, Refusal> {
    Status::parse(name).ok_or_else(|| Refusal::unknown("status", name, ["active", "resolved"].into_iter()))
}
