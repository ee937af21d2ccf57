//! Waiting until something has happened, in place of sleeping and hoping.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};
use utoipa::ToSchema;

use super::{Body, Control, Refusal};
use crate::control::log::{ConnectionId, Direction, Entry, Filter};
use crate::rest::Problem;

/// The longest that anybody may wait, in milliseconds.
const LONGEST_MS: u64 = 600_000;

/// How many other entries are told of when what was waited for did not come.
const MOST_SEEN: usize = 20;

/// What to wait for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Wait {
    /// The event's name.
    #[schema(example = "room_update")]
    event: String,
    /// Whether it is sent to pages or emitted by them.
    #[serde(default)]
    direction: Direction,
    /// The page that it is sent to, or that emits it; any, if left out.
    #[schema(value_type = Option<String>, example = "c12")]
    connection: Option<ConnectionId>,
    /// The room that it is broadcast to. Whether somebody was in it is for `members` to say, or for `connection` to ask.
    #[schema(example = "PartnerApp")]
    room: Option<String>,
    /// What its payload has at least, e.g. `{"last_message": "Hello"}`: objects may have more keys.
    payload: Option<Value>,
    /// Only what comes after this entry of the log; by default anything since the last reset counts.
    #[serde(default)]
    after: u64,
    /// How long to wait, in milliseconds.
    #[serde(default = "usual")]
    #[schema(default = 5000, maximum = 600_000)]
    within_ms: u64,
}

fn usual() -> u64 {
    5_000
}

/// What was waited for.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Found {
    #[schema(value_type = Entry)]
    entry: Arc<Entry>,
}

/// It did not come.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Missed {
    /// Always 0.
    status: u8,
    /// What did not come.
    message: String,
    /// What came instead in that direction: the last 20 entries, oldest first.
    #[schema(value_type = Vec<Entry>)]
    seen: Vec<Arc<Entry>>,
}

/// Waits until an event was sent to a page or a room, or emitted by a page.
///
/// What has happened already counts, too: since the last reset, or after the entry that was named.
#[utoipa::path(post, path = "/__mock/api/wait", tag = "log", request_body = Wait, responses(
    (status = 200, body = Found),
    (status = 400, body = Refusal),
    (status = 408, body = Missed, description = "It did not come in time"),
))]
pub(super) async fn wait(State(control): State<Arc<Control>>, Body(wait): Body<Wait>) -> Result<Response, Problem> {
    if wait.within_ms > LONGEST_MS {
        let message = format!("within_ms: expected at most {LONGEST_MS}, ten minutes");
        return Err(Problem::new(StatusCode::BAD_REQUEST, message));
    }
    let filter = wait.filter();
    let deadline = Instant::now() + Duration::from_millis(wait.within_ms);
    let mut newer = control.log.watch();
    let mut seen = wait.after;
    loop {
        newer.borrow_and_update();
        let (found, last) = control.log.next(seen, &filter, 1);
        if let Some(entry) = found.into_iter().next() {
            return Ok(Json(Found { entry }).into_response());
        }
        seen = last;
        match timeout_at(deadline, newer.changed()).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Problem::ending()),
            Err(_) => return Ok((StatusCode::REQUEST_TIMEOUT, Json(wait.missed(&control))).into_response()),
        }
    }
}

impl Wait {
    fn filter(&self) -> Filter {
        Filter {
            event: Some(self.event.clone()),
            direction: Some(self.direction),
            connection: self.connection,
            room: self.room.clone(),
            payload: self.payload.clone(),
            ..Filter::default()
        }
    }

    fn missed(&self, control: &Control) -> Missed {
        let all = Filter { direction: Some(self.direction), ..Filter::default() };
        let mut message = self.event.clone();
        if let Some(room) = &self.room {
            message += &format!(" to room {room}");
        }
        match (self.direction, self.connection) {
            (Direction::Sent, None) => message += " was not sent",
            (Direction::Sent, Some(connection)) => message += &format!(" was not sent to {connection}"),
            (Direction::Emitted, None) => message += " was not emitted",
            (Direction::Emitted, Some(connection)) => message += &format!(" was not emitted by {connection}"),
        }
        if let Some(payload) = &self.payload {
            message += &format!(" with {payload}");
        }
        message += &format!(" within {} ms", self.within_ms);
        Missed { status: 0, message, seen: control.log.after(self.after, &all, MOST_SEEN) }
    }
}
