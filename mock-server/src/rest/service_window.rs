//! Customers whom a free text no longer reaches by WhatsApp, and those whose ride is about to begin.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde_json::{Value, json};

use super::{App, Authorized, OfType, Problem, ask};
use crate::chats::{Chat, iso};

/// `GET /api/service-window/closed?customer_type=`: whose 24 hours are over, the latest first.
pub(super) async fn closed(
    _: Authorized,
    State(app): State<Arc<App>>,
    Query(of_type): Query<OfType>,
) -> Result<Json<Value>, Problem> {
    let customer_type = of_type.get();
    let customers: Vec<Value> = ask(&app, move |backend| {
        let closed = backend.chats.closed_windows(customer_type.as_deref(), backend.now());
        Ok(closed.into_iter().map(|chat| shown(chat, "closed_at", chat.window_closes().map(iso))).collect())
    })
    .await?;
    Ok(Json(json!({"status": 1, "count": customers.len(), "customers": customers})))
}

/// `GET /api/service-window/upcoming-rides?customer_type=`: who has booked a ride, the next one first.
pub(super) async fn upcoming_rides(
    _: Authorized,
    State(app): State<Arc<App>>,
    Query(of_type): Query<OfType>,
) -> Result<Json<Value>, Problem> {
    let customer_type = of_type.get();
    let customers: Vec<Value> = ask(&app, move |backend| {
        let now = backend.now();
        let of_type = |chat: &&Chat| customer_type.as_ref().is_none_or(|wanted| chat.customer_type == *wanted);
        let mut rides: Vec<_> = backend
            .chats
            .all()
            .filter(of_type)
            .filter_map(|chat| backend.desk.next_ride(&chat.number, now).map(|time| (time, chat)))
            .collect();
        rides.sort_by(|(time, chat), (other_time, other)| (time, &chat.id).cmp(&(other_time, &other.id)));
        Ok(rides.into_iter().map(|(time, chat)| shown(chat, "pickup_time", Some(iso(time)))).collect())
    })
    .await?;
    Ok(Json(json!({"status": 1, "count": customers.len(), "customers": customers})))
}

/// A customer of these lists, with the time that the list is about.
fn shown(chat: &Chat, key: &str, time: Option<String>) -> Value {
    json!({
        "chat_id": chat.id,
        "customer": chat.number,
        "customer_name": chat.name,
        "customer_type": chat.customer_type,
        "last_incoming_whatsapp_message": chat.last_incoming_whatsapp.map(iso),
        key: time,
    })
}
