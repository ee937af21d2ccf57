//! What is known about chats beyond the socket events.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{App, Authorized, Problem};

/// The parameters of [`tags`].
#[derive(Debug, Deserialize)]
pub(super) struct TagsOf {
    customer_type: Option<String>,
}

/// `GET /api/chats/tags?customer_type=`: the labels in use.
pub(super) async fn tags(
    _: Authorized,
    State(app): State<Arc<App>>,
    Query(TagsOf { customer_type }): Query<TagsOf>,
) -> Result<Json<Value>, Problem> {
    let customer_type = customer_type.filter(|customer_type| !customer_type.is_empty());
    let tags = app.queue.ask(move |backend| backend.chats.tags(customer_type.as_deref())).await;
    tags.map(|tags| Json(json!({"status": 1, "tags": tags}))).ok_or_else(Problem::ending)
}
