//! Whether the server is there, and whether it works.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::App;

/// How long the worker may take to come round to a question before it counts as down.
const PATIENCE: Duration = Duration::from_secs(1);

/// `GET /api/health`: the process answers.
pub(super) async fn alive() -> Json<Value> {
    Json(json!({"status": 1, "message": "alive", "version": env!("CARGO_PKG_VERSION")}))
}

/// `GET /api/health/ready`: the worker answers too. It holds what a real backend has in two databases, so that both
/// are up or down with it.
pub(super) async fn ready(State(app): State<Arc<App>>) -> (StatusCode, Json<Value>) {
    let answered = tokio::time::timeout(PATIENCE, app.queue.ask(|_| ())).await;
    let (code, status, message, check) = match answered {
        Ok(Some(())) => (StatusCode::OK, 1, "ready", "up"),
        _ => (StatusCode::SERVICE_UNAVAILABLE, 0, "the worker does not answer", "down"),
    };
    (code, Json(json!({"status": status, "message": message, "checks": {"mongodb": check, "redis": check}})))
}
