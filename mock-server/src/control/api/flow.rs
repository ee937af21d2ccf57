//! Pausing, slowing and reordering what is sent to pages.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Body, Control, Refusal};
use crate::control::log::{Happening, Kind};
use crate::rest::Problem;
use crate::valve::{LONGEST_MS, Setting};

/// How things flow now.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Flow {
    paused: bool,
    delay_ms: u64,
    reorder_ms: u64,
    /// How many events are held back at the moment; the most is 10,000, then the oldest go out.
    held: usize,
}

impl Flow {
    fn new((Setting { paused, delay_ms, reorder_ms }, held): (Setting, usize)) -> Json<Self> {
        Json(Self { paused, delay_ms, reorder_ms, held })
    }
}

/// How what is sent to pages flows.
#[utoipa::path(get, path = "/__mock/api/flow", tag = "flow", responses((status = 200, body = Flow)))]
pub(super) async fn read(State(control): State<Arc<Control>>) -> Result<Json<Flow>, Problem> {
    control.queue.ask(|backend| backend.outgoing.flow()).await.map(Flow::new).ok_or_else(Problem::ending)
}

/// Lets it flow otherwise: what is left out is as usual, so that `{}` lets everything through again.
#[utoipa::path(put, path = "/__mock/api/flow", tag = "flow", request_body = Setting, responses(
    (status = 200, body = Flow),
    (status = 400, body = Refusal),
))]
pub(super) async fn change(
    State(control): State<Arc<Control>>,
    Body(setting): Body<Setting>,
) -> Result<Json<Flow>, Problem> {
    if setting.delay_ms.max(setting.reorder_ms) > LONGEST_MS {
        let message = format!("expected a delay_ms and a reorder_ms of at most {LONGEST_MS}, ten minutes");
        return Err(Problem::new(StatusCode::BAD_REQUEST, message));
    }
    let_flow(&control, setting).await.map(Flow::new)
}

/// Lets it flow otherwise, and says so in the log; gives how it flows now.
pub(in crate::control) async fn let_flow(control: &Control, setting: Setting) -> Result<(Setting, usize), Problem> {
    let flow = control.queue.ask(move |backend| {
        backend.outgoing.set_flow(setting);
        backend.log.record(Happening::new(Kind::Control).event("flow").detail(described(setting)));
        backend.outgoing.flow()
    });
    flow.await.ok_or_else(Problem::ending)
}

fn described(Setting { paused, delay_ms, reorder_ms }: Setting) -> String {
    let parts = [
        paused.then(|| "paused".to_owned()),
        (delay_ms > 0).then(|| format!("{delay_ms} ms later")),
        (reorder_ms > 0).then(|| format!("out of order within {reorder_ms} ms")),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    if parts.is_empty() { "as usual".to_owned() } else { parts.join(", ") }
}
