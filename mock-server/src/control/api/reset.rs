//! Beginning again, between two tests.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::connections::end;
use super::{Body, Control, Refusal};
use crate::control::log::{Happening, Kind};
use crate::outgoing::Dropping;
use crate::rest::Problem;

/// What becomes of those who are connected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Connections {
    /// They stay connected, and in their rooms.
    #[default]
    Keep,
    /// Their connections are cut.
    Drop,
}

/// How to begin again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Reset {
    connections: Connections,
}

/// What it is from now on.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Begun {
    /// The number of the log's newest entry: what happens from now on is `after` it.
    newest: u64,
}

/// Makes everything what it was at the start: chats, faults, flow, no scenario. Empties the log, forgets receipts.
#[utoipa::path(post, path = "/__mock/api/reset", tag = "mock", request_body = Reset, responses(
    (status = 200, body = Begun),
    (status = 400, body = Refusal),
))]
pub(super) async fn reset(
    State(control): State<Arc<Control>>,
    Body(Reset { connections }): Body<Reset>,
) -> Result<Json<Begun>, Problem> {
    control.player.stop();
    let shared = Arc::clone(&control);
    let done = control.queue.ask(move |backend| {
        if connections == Connections::Drop {
            end(backend, Dropping::Cut, |_| true);
        }
        shared.faults.set(&shared.first_faults);
        shared.ticks.clear();
        backend.reset();
        shared.log.clear();
        shared.log.record(Happening::new(Kind::Control).event("reset"));
    });
    done.await.ok_or_else(Problem::ending)?;
    Ok(Json(Begun { newest: control.log.newest() }))
}
