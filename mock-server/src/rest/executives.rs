//! The agents: who is there, and coming and going without a socket.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use serde_json::{Value, json};

use super::{App, Authorized, OfType, Problem, ask, object};
use crate::desk::load;
use crate::events::set_executive_status;

/// `POST /api/executives/status {executive_id, status}`: does what `set_executive_status` does.
pub(super) async fn set_status(
    _: Authorized,
    State(app): State<Arc<App>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let body = object(&body)?;
    let (id, status) = ask(&app, move |backend| set_executive_status::set(backend, &body)).await?;
    Ok(Json(json!({"status": 1, "message": format!("{id} is {status}")})))
}

/// `GET /api/executives/online?customer_type=`: who is there for customers of this type.
pub(super) async fn online(
    _: Authorized,
    State(app): State<Arc<App>>,
    Query(of_type): Query<OfType>,
) -> Result<Json<Value>, Problem> {
    let customer_type = of_type.get();
    let executives: Vec<Value> = ask(&app, move |backend| {
        let online = backend.desk.with_status(true, customer_type.as_deref());
        let shown = online.map(|executive| {
            json!({
                "executive_id": executive.id,
                "executive_name": executive.name,
                "customer_types": executive.customer_types,
                "status": "online",
                "active_chats": load(&executive.id, &backend.chats),
            })
        });
        Ok(shown.collect())
    })
    .await?;
    Ok(Json(json!({"status": 1, "executives": executives})))
}
