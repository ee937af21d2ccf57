//! `fetch_chats_by_user {chat_id, sender}`: a chat's messages, which `sender` has then read.
//!
//! The first page has the newest messages; within a page they are in the order in which they were written.

use serde_json::{Value, json};

use super::request::page;
use super::{Backend, Refusal, Reply, Request};

const PAGE_SIZE: u64 = 20;

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let chat_id = request.text("chat_id")?;
    request.text("sender")?;
    let page = page(request.object()?, PAGE_SIZE)?;
    let chat = backend.chats.get(chat_id).ok_or_else(|| Refusal::no_such_chat(chat_id))?;
    let total = chat.messages().len();
    let newest_first = chat.messages().iter().rev().skip(page.start()).take(page.size);
    let mut messages: Vec<Value> = newest_first.map(|message| message.to_json(chat_id)).collect();
    messages.reverse();
    backend.chats.read(chat_id);
    Ok(Reply::Now(json!({
        "status": 1,
        "messages": messages,
        "pagination": {
            "page": page.number,
            "page_size": page.size,
            "total": total,
            "total_pages": page.total_pages(total),
        },
    })))
}
