//! The figures at the top of the dashboard.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::Value;

use super::{App, Authorized, Problem};

/// `GET /api/dashboard/stats`.
pub(super) async fn stats(_: Authorized, State(app): State<Arc<App>>) -> Result<Json<Value>, Problem> {
    app.queue.ask(|backend| backend.stats()).await.map(Json).ok_or_else(Problem::ending)
}
