//! `add_note {chat_id, text or content, author?}`: notes something for other agents. So does `POST …/notes`.

use serde_json::{Map, Value, json};

use super::request::optional_text;
use super::{Backend, Refusal, Reply, Request};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    add(backend, request.text("chat_id")?, request.object()?)?;
    Ok(Reply::Now(json!({"status": 1})))
}

/// Adds the note to the chat, tells everybody, and gives it. An author is an agent's id, or any name.
pub(crate) fn add(backend: &mut Backend, chat_id: &str, note: &Map<String, Value>) -> Result<Value, Refusal> {
    let content = optional_text(note, "content")?.or(optional_text(note, "text")?);
    let content = content.ok_or_else(|| Refusal::new("missing content: expected a text"))?;
    let id = optional_text(note, "author_id")?.or(optional_text(note, "author")?);
    let known = id.and_then(|id| backend.desk.executive(id)).map(|executive| executive.name.clone());
    let name = optional_text(note, "author_name")?.or(known.as_deref()).or(id);
    let now = backend.now();
    let note = backend.chats.add_note(chat_id, content, (id, name), now);
    let note = note.ok_or_else(|| Refusal::no_such_chat(chat_id))?.to_json(chat_id);
    backend.announce("note_added", note.clone());
    Ok(note)
}
