//! Templates: the messages that reach a customer at any time.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{App, Authorized, Problem, ask};
use crate::backend::Backend;
use crate::chats::Written;
use crate::events::Refusal;

/// The parameters of [`list`].
#[derive(Debug, Deserialize)]
pub(super) struct ListOf {
    stakeholder: Option<String>,
}

/// The parameters of [`send`].
#[derive(Debug, Deserialize)]
pub(super) struct Sending {
    to: String,
    name: String,
    customer_type: Option<String>,
}

/// `GET /api/templates?stakeholder=`: those for a customer type, and those for every type.
pub(super) async fn list(
    _: Authorized,
    State(app): State<Arc<App>>,
    Query(ListOf { stakeholder }): Query<ListOf>,
) -> Result<Json<Value>, Problem> {
    let stakeholder = stakeholder.filter(|stakeholder| !stakeholder.is_empty());
    let templates = ask(&app, move |backend| Ok(backend.desk.templates(stakeholder.as_deref()))).await?;
    Ok(Json(json!({"status": 1, "templates": templates})))
}

/// `GET /api/chats/send_whatsapp_template?to&name`: writes the template into the customer's chat, as the agent who can log
/// in. Of several chats it is the one of `customer_type`, else that of the template's type, else the one last written to.
pub(super) async fn send(
    _: Authorized,
    State(app): State<Arc<App>>,
    Query(sending): Query<Sending>,
) -> Result<Json<Value>, Problem> {
    let sender = app.login.agent_number.clone();
    let message_id = ask(&app, move |backend| write(backend, &sending, sender)).await?;
    Ok(Json(json!({"status": 1, "message": "sent", "message_id": message_id})))
}

fn write(backend: &mut Backend, sending: &Sending, sender: String) -> Result<String, Refusal> {
    let Sending { to, name, customer_type } = sending;
    let template =
        backend.desk.template(name).ok_or_else(|| Refusal::unknown("template", name, backend.desk.template_names()))?;
    let customer_type = customer_type.as_deref().filter(|it| !it.is_empty()).or(template.stakeholder.as_deref());
    let chat = backend.chats.find(to, customer_type).ok_or_else(|| Refusal::no_chat_of(to))?;
    let (chat_id, written) = (chat.id.clone(), Written::by_whatsapp(sender, template.content.clone()));
    let message = backend.write(&chat_id, written).ok_or_else(|| Refusal::no_such_chat(&chat_id))?;
    Ok(message.id)
}
