//! Customers: what they write goes in by the provider's webhook, as a real message would, and what agents answer is read
//! from the chat.

use std::sync::Arc;

use axum::Json;
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::http::StatusCode;
use fixtures::webhooks::{self, Inbound, MessageKind};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::{IntoParams, ToSchema};

use super::{Body, Control, Refusal};
use crate::chats::{Author, Chat, Filter, Message, Page};
use crate::control::ticks::Tick;
use crate::rest::Problem;
use crate::transport::OnConnection;

/// How many customers are listed.
const MOST_LISTED: usize = 100;

/// The kinds of messages, for the document.
pub(super) fn kinds() -> ObjectBuilder {
    let names = MessageKind::ALL.map(|kind| serde_json::to_value(kind).unwrap_or_default());
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(names))
}

/// Which customers.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Wanted {
    /// Only those of this type.
    customer_type: Option<String>,
    /// Only those whose number or name contains this.
    search: Option<String>,
}

/// A customer who has written.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Phone {
    customer_type: String,
    /// Digits.
    number: String,
    name: Option<String>,
    chat_id: String,
    /// What was said last, by either side.
    last_message: String,
    #[schema(value_type = String, format = DateTime)]
    last_message_time: Timestamp,
    /// How many of the customer's messages no agent has read.
    unread: u64,
}

impl From<&Chat> for Phone {
    fn from(chat: &Chat) -> Self {
        Self {
            customer_type: chat.customer_type.clone(),
            number: chat.number.clone(),
            name: chat.name.clone(),
            chat_id: chat.id.clone(),
            last_message: chat.last().text.clone(),
            last_message_time: chat.last().time,
            unread: chat.unread,
        }
    }
}

/// One message, as the customer's phone shows it.
#[derive(Debug, Serialize, ToSchema)]
struct Line {
    message_id: String,
    /// Whether the customer wrote it; otherwise an agent did.
    own: bool,
    /// The number of whoever wrote it.
    sender: String,
    text: String,
    /// `image`, `video` and so on; none for text.
    media_type: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    time: Timestamp,
    /// How far an agent's message has come.
    tick: Option<Tick>,
}

/// What a customer's phone shows.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Screen {
    /// Who it is, if anything was written yet.
    phone: Option<Phone>,
    /// Oldest first.
    messages: Vec<Line>,
}

/// What a customer writes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    /// What kind of message; a text by default.
    #[serde(default = "text")]
    #[schema(schema_with = kinds)]
    kind: MessageKind,
    /// The text, the caption, the title of the chosen reply. Kinds that have none ignore it; where it must be and is left
    /// out, it is a sample's.
    text: Option<String>,
    /// The customer's name; the one that is known, by default.
    name: Option<String>,
    /// The message's id. The same one again is a redelivery. A new one, by default.
    message_id: Option<String>,
}

fn text() -> MessageKind {
    MessageKind::Text
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Sent {
    message_id: String,
    /// The chat that it is in, if it is in one.
    chat_id: Option<String>,
    /// The number of the log's newest entry before it: what it causes is `after` that.
    after: u64,
}

/// A receipt of the customer's phone.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Receipt {
    status: Tick,
    /// For which message of the agents'; for all that have not come so far yet, by default.
    message_id: Option<String>,
}

/// What was acknowledged.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Acknowledged {
    message_ids: Vec<String>,
}

/// The customers who have written, last one first; at most 100.
#[utoipa::path(get, path = "/__mock/api/phones", tag = "phones", params(Wanted), responses(
    (status = 200, body = Vec<Phone>),
))]
pub(super) async fn list(
    State(control): State<Arc<Control>>,
    Query(Wanted { customer_type, search }): Query<Wanted>,
) -> Result<Json<Vec<Phone>>, Problem> {
    let listed = control.queue.ask(move |backend| {
        let filter = Filter { customer_type: customer_type.as_deref(), search: search.as_deref(), ..Filter::default() };
        let page = Page { number: 1, size: MOST_LISTED };
        backend.chats.list(&filter, page).chats.into_iter().map(Phone::from).collect()
    });
    listed.await.map(Json).ok_or_else(Problem::ending)
}

/// What a customer's phone shows: the messages of both sides, and how far the agents' have come.
#[utoipa::path(
    get, path = "/__mock/api/phones/{customer_type}/{number}", tag = "phones",
    params(("customer_type" = String, Path), ("number" = String, Path, description = "Digits")),
    responses(
        (status = 200, body = Screen),
        (status = 404, body = Refusal, description = "No such customer type"),
    ),
)]
pub(super) async fn read(
    State(control): State<Arc<Control>>,
    Path((customer_type, number)): Path<(String, String)>,
) -> Result<Json<Screen>, Problem> {
    control.route(&customer_type)?;
    let ticks = Arc::clone(&control.ticks);
    let screen = control.queue.ask(move |backend| {
        let chat = backend.chats.find(&number, Some(&customer_type));
        let line = |message: &Message| {
            let own = message.author == Author::Customer;
            Line {
                message_id: message.id.clone(),
                own,
                sender: message.sender.clone(),
                text: message.text.clone(),
                media_type: message.media_type.clone(),
                time: message.time,
                tick: (!own).then(|| ticks.of(&message.id)),
            }
        };
        let messages = chat.map(|chat| chat.messages().iter().map(line).collect()).unwrap_or_default();
        Screen { phone: chat.map(Phone::from), messages }
    });
    screen.await.map(Json).ok_or_else(Problem::ending)
}

/// Writes as a customer: the message goes in by the provider's webhook, signed where a secret is set.
#[utoipa::path(
    post, path = "/__mock/api/phones/{customer_type}/{number}/messages", tag = "phones", request_body = Written,
    params(("customer_type" = String, Path), ("number" = String, Path, description = "Digits; anybody's")),
    responses(
        (status = 200, body = Sent),
        (status = 400, body = Refusal),
        (status = 404, body = Refusal, description = "No such customer type"),
        (status = 502, body = Refusal, description = "The webhook did not take it: a fault, or a limit"),
    ),
)]
pub(super) async fn write(
    State(control): State<Arc<Control>>,
    ConnectInfo(connection): ConnectInfo<OnConnection>,
    Path((customer_type, number)): Path<(String, String)>,
    Body(written): Body<Written>,
) -> Result<Json<Sent>, Problem> {
    let webhook = control.webhook(&customer_type)?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, format!("expected a number of digits, found {number:?}")));
    }
    let now = (control.clock)();
    let message_id = written.message_id.unwrap_or_else(|| control.message_id(now));
    let name = match written.name {
        Some(name) => name,
        None => control.name_of(&customer_type, &number).await?,
    };
    let inbound = Inbound {
        kind: written.kind,
        from: number.clone(),
        name,
        id: message_id.clone(),
        timestamp: now.as_second(),
        text: written.text,
    };
    let after = control.log.newest();
    control.deliver(connection, &webhook, &webhooks::messages(&webhook.channel, &[inbound])).await?;
    // Asked after it: the worker has done what there was to do.
    let chat_id = control.queue.ask(move |backend| Some(backend.chats.find(&number, Some(&customer_type))?.id.clone()));
    let chat_id = chat_id.await.ok_or_else(Problem::ending)?;
    Ok(Json(Sent { message_id, chat_id, after }))
}

/// Has a customer's phone say how far the agents' messages have come, by the provider's webhook.
#[utoipa::path(
    post, path = "/__mock/api/phones/{customer_type}/{number}/receipts", tag = "phones", request_body = Receipt,
    params(("customer_type" = String, Path), ("number" = String, Path, description = "Digits")),
    responses(
        (status = 200, body = Acknowledged),
        (status = 400, body = Refusal),
        (status = 404, body = Refusal, description = "No such customer type, or message of an agent's"),
        (status = 502, body = Refusal, description = "The webhook did not take it: a fault, or a limit"),
    ),
)]
pub(super) async fn acknowledge(
    State(control): State<Arc<Control>>,
    ConnectInfo(connection): ConnectInfo<OnConnection>,
    Path((customer_type, number)): Path<(String, String)>,
    Body(Receipt { status, message_id }): Body<Receipt>,
) -> Result<Json<Acknowledged>, Problem> {
    let webhook = control.webhook(&customer_type)?;
    let of = number.clone();
    let agents: Vec<String> = control
        .queue
        .ask(move |backend| {
            let chat = backend.chats.find(&of, Some(&customer_type));
            let messages = chat.into_iter().flat_map(|chat| chat.messages());
            messages.filter(|it| it.author == Author::Executive).map(|message| message.id.clone()).collect()
        })
        .await
        .ok_or_else(Problem::ending)?;
    let message_ids: Vec<String> = match message_id {
        Some(id) if agents.contains(&id) => vec![id],
        Some(id) => {
            return Err(Problem::new(StatusCode::NOT_FOUND, format!("no agent's message {id:?} to {number}")));
        }
        None => agents.into_iter().filter(|id| control.ticks.of(id) < status).collect(),
    };
    for id in &message_ids {
        let body = webhooks::receipt(&webhook.channel, id, status.into(), &number, (control.clock)().as_second());
        control.deliver(connection.clone(), &webhook, &body).await?;
    }
    Ok(Json(Acknowledged { message_ids }))
}
