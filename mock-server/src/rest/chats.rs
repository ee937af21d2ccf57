//! What is known about chats beyond the socket events: labels, notes, ratings, and the customer behind them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use serde_json::{Value, json};

use super::{App, Authorized, OfType, Problem, ask, object};
use crate::events::{Refusal, add_note};

/// `GET /api/chats/tags?customer_type=`: the labels in use.
pub(super) async fn tags(
    _: Authorized,
    State(app): State<Arc<App>>,
    Query(of_type): Query<OfType>,
) -> Result<Json<Value>, Problem> {
    let customer_type = of_type.get();
    let tags = ask(&app, move |backend| Ok(backend.chats.tags(customer_type.as_deref()))).await?;
    Ok(Json(json!({"status": 1, "tags": tags})))
}

/// `POST /api/chats/{chat_id}/rate {executive_id, rating}`: what the customer thought of the agent, from 1 to 5.
pub(super) async fn rate(
    _: Authorized,
    State(app): State<Arc<App>>,
    Path(chat_id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let body = object(&body)?;
    ask(&app, move |backend| {
        let rating = body.get("rating").and_then(Value::as_u64).filter(|rating| (1..=5).contains(rating));
        let rating = rating.ok_or_else(|| Refusal::new("rating: expected a whole number from 1 to 5"))?;
        let id = body.get("executive_id").and_then(Value::as_str).unwrap_or_default();
        if backend.desk.executive(id).is_none() {
            return Err(Refusal::unknown("executive_id", id, backend.desk.ids()));
        }
        let now = backend.now();
        backend.chats.rate(&chat_id, id, rating, now).ok_or_else(|| Refusal::no_such_chat(&chat_id))
    })
    .await?;
    Ok(Json(json!({"status": 1, "message": "rated"})))
}

/// `GET /api/chats/{chat_id}/notes`: oldest first.
pub(super) async fn notes(
    _: Authorized,
    State(app): State<Arc<App>>,
    Path(chat_id): Path<String>,
) -> Result<Json<Value>, Problem> {
    let notes = ask(&app, move |backend| {
        let chat = backend.chats.get(&chat_id).ok_or_else(|| Refusal::no_such_chat(&chat_id))?;
        Ok(chat.notes())
    });
    Ok(Json(json!({"status": 1, "notes": notes.await?})))
}

/// `POST /api/chats/{chat_id}/notes {content, author_id?, author_name?}`: gives all notes, as they are then.
pub(super) async fn add_note(
    _: Authorized,
    State(app): State<Arc<App>>,
    Path(chat_id): Path<String>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let body = object(&body)?;
    let notes = ask(&app, move |backend| {
        add_note::add(backend, &chat_id, &body)?;
        let chat = backend.chats.get(&chat_id).ok_or_else(|| Refusal::no_such_chat(&chat_id))?;
        Ok(chat.notes())
    });
    Ok(Json(json!({"status": 1, "notes": notes.await?})))
}

/// `GET /api/chats/{customer}/context-history`: what was done to the customer's chats, newest first.
pub(super) async fn context(
    _: Authorized,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
) -> Result<Json<Value>, Problem> {
    let items = ask(&app, move |backend| backend.chats.context(&number).ok_or_else(|| Refusal::no_chat_of(&number)));
    Ok(Json(json!({"status": 1, "items": items.await?})))
}

/// `GET /api/chats/{customer}/rides`: none, of a customer of whom none are known.
pub(super) async fn rides(
    _: Authorized,
    State(app): State<Arc<App>>,
    Path(number): Path<String>,
) -> Result<Json<Value>, Problem> {
    let (rides, searches) = ask(&app, move |backend| Ok(backend.desk.rides(&number))).await?;
    Ok(Json(json!({"status": 1, "rides": rides, "searchHistory": searches})))
}
