//! Templates: the messages that reach a customer at any time.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{App, Authorized, Problem, ask};
use crate::backend::Backend;
use crate::events::Refusal;
use crate::provider::{Form, Outbound, Told};

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

/// `GET /api/chats/send_whatsapp_template?to&name`: sends the template to the customer, as the agent who can log in, and
/// writes it into their chat. Of several chats it is the one of `customer_type`, else that of the template's type, else
/// the one last written to.
pub(super) async fn send(
    _: Authorized,
    State(app): State<Arc<App>>,
    Query(sending): Query<Sending>,
) -> Result<Json<Value>, Problem> {
    let sender = app.login.agent_number.clone();
    let (told, sent) = oneshot::channel();
    ask(&app, move |backend| {
        let message = message(backend, &sending, sender)?;
        let told: Told = Box::new(|_, sent| drop(told.send(sent)));
        match &mut backend.provider {
            Some(provider) => provider.deliver(message, told),
            None => {
                let sent = message.store(backend);
                told(backend, sent);
            }
        }
        Ok(())
    })
    .await?;
    let sent = sent.await.map_err(|_| Problem::ending())?;
    let id = sent.map_err(|refusal| Problem::new(StatusCode::BAD_GATEWAY, refusal.message))?;
    Ok(Json(json!({"status": 1, "message": "sent", "message_id": id})))
}

/// The template as a message to the customer.
fn message(backend: &Backend, sending: &Sending, sender: String) -> Result<Outbound, Refusal> {
    let Sending { to, name, customer_type } = sending;
    let unknown = || Refusal::unknown("template", name, backend.desk.template_names());
    let template = backend.desk.template(name).ok_or_else(unknown)?;
    let customer_type = customer_type.as_deref().filter(|it| !it.is_empty()).or(template.stakeholder.as_deref());
    let chat = backend.chats.find(to, customer_type).ok_or_else(|| Refusal::no_chat_of(to))?;
    let form = Form::Template { name: template.name.clone(), language: template.language.clone() };
    let (chat_id, number, text) = (chat.id.clone(), chat.number.clone(), template.content.clone());
    Ok(Outbound { chat_id, number, sender, text, form })
}
