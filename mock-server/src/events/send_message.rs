//! `send_message {chat_id, sender, type, message, media_type?, media_url?}`: an agent's reply, or an in-app customer's
//! message.
//!
//! A reply goes where the customer wrote last: into the app, or to WhatsApp, which takes none once 24 hours have passed
//! since then.

use serde_json::json;

use super::request::optional_text;
use super::{Backend, Refusal, Reply, Request};
use crate::chats::{Author, Channel, Chat, Written};
use crate::provider::{Form, Outbound};

pub(super) fn handle(backend: &mut Backend, request: &Request<'_>) -> Result<Reply, Refusal> {
    let (chat_id, sender) = (request.text("chat_id")?, request.text("sender")?);
    let author = author(request.text("type")?)?;
    let object = request.object()?;
    let (media_type, media_url) = (optional_text(object, "media_type")?, optional_text(object, "media_url")?);
    // A medium needs no words, and then has its kind for a text, as those of customers have.
    let text = match (optional_text(object, "message")?, media_url) {
        (Some(text), _) => text.to_owned(),
        (None, Some(_)) => format!("[{}]", media_type.unwrap_or("document")),
        (None, None) => return Err(Refusal::new("missing message: expected a text")),
    };
    let chat = backend.chats.get(chat_id).ok_or_else(|| Refusal::no_such_chat(chat_id))?;
    let channel = channel(chat, author, backend)?;
    if author == Author::Executive && channel == Channel::Whatsapp && backend.provider.is_some() {
        // Shown only once it is on its way: an agent must not take for sent what was not.
        return Ok(Reply::AfterDelivery(Outbound {
            chat_id: chat_id.to_owned(),
            number: chat.number.clone(),
            sender: sender.to_owned(),
            text,
            form: media_url.map_or(Form::Text, |url| Form::Medium {
                kind: media_type.map(ToOwned::to_owned),
                url: url.to_owned(),
            }),
        }));
    }
    let (media_type, media_url) = (media_type.map(ToOwned::to_owned), media_url.map(ToOwned::to_owned));
    let written = Written { author, sender: sender.to_owned(), text, channel, media_type, media_url };
    let message = backend.write(chat_id, written).ok_or_else(|| Refusal::no_such_chat(chat_id))?;
    Ok(Reply::Now(json!({"status": 1, "message_id": message.id})))
}

fn author(kind: &str) -> Result<Author, Refusal> {
    match kind.to_ascii_lowercase().as_str() {
        "agent" | "executive" => Ok(Author::Executive),
        "customer" => Ok(Author::Customer),
        _ => Err(Refusal::unknown("type", kind, ["Agent", "Customer"].into_iter())),
    }
}

/// How a message travels, if it can.
fn channel(chat: &Chat, author: Author, backend: &Backend) -> Result<Channel, Refusal> {
    match author {
        Author::Customer => Ok(Channel::InApp),
        Author::Executive if chat.reply_channel() == Channel::InApp => Ok(Channel::InApp),
        Author::Executive if chat.is_window_open(backend.now()) => Ok(Channel::Whatsapp),
        Author::Executive => Err(Refusal::new(
            "not sent: the customer last wrote more than 24 hours ago; send a template, or wait until they write",
        )),
    }
}
