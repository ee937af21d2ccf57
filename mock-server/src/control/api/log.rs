//! Reading the log: what there is, what comes, and what pages have emitted.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures_util::stream::{Stream, unfold};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{Control, Refusal};
use crate::control::log::{Direction, Entry, Filter};
use crate::rest::Problem;

/// How many entries one answer has, unless asked for otherwise.
const USUAL_LIMIT: usize = 200;

/// How many entries one message of the stream has at most.
const BATCH: usize = 200;

/// Which part of the log.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Part {
    /// Only entries after this number: the `newest` of an earlier answer.
    #[serde(default)]
    after: u64,
    /// How many entries, the newest ones; 200 by default.
    #[param(value_type = Option<usize>)]
    limit: Option<usize>,
}

/// A part of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Entries {
    /// Oldest first.
    #[schema(value_type = Vec<Entry>)]
    entries: Vec<Arc<Entry>>,
    /// The number of the log's newest entry, whether it is listed or not: what to go on `after`.
    newest: u64,
}

type Asked = (Result<Query<Filter>, QueryRejection>, Result<Query<Part>, QueryRejection>);

fn part(control: &Control, (filter, part): Asked, direction: Option<Direction>) -> Result<Json<Entries>, Problem> {
    let Query(filter) = filter.map_err(unusable)?;
    let Query(Part { after, limit }) = part.map_err(unusable)?;
    let newest = control.log.newest();
    let entries = control.log.after(after, &Filter { direction, ..filter }, limit.unwrap_or(USUAL_LIMIT));
    Ok(Json(Entries { entries, newest }))
}

fn unusable(rejection: QueryRejection) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, rejection.body_text())
}

/// The last entries of the log.
#[utoipa::path(get, path = "/__mock/api/log", tag = "log", params(Filter, Part), responses(
    (status = 200, body = Entries),
    (status = 400, body = Refusal),
))]
pub(super) async fn list(
    State(control): State<Arc<Control>>,
    filter: Result<Query<Filter>, QueryRejection>,
    range: Result<Query<Part>, QueryRejection>,
) -> Result<Json<Entries>, Problem> {
    part(&control, (filter, range), None)
}

/// What pages have emitted: the log's entries of that kind.
#[utoipa::path(get, path = "/__mock/api/emitted", tag = "log", params(Filter, Part), responses(
    (status = 200, body = Entries),
    (status = 400, body = Refusal),
))]
pub(super) async fn emitted(
    State(control): State<Arc<Control>>,
    filter: Result<Query<Filter>, QueryRejection>,
    range: Result<Query<Part>, QueryRejection>,
) -> Result<Json<Entries>, Problem> {
    part(&control, (filter, range), Some(Direction::Emitted))
}

/// New entries of the log as they come, by server-sent events.
///
/// Each has a list of entries as its data, and the number of the last one as its id. Whoever reads more slowly than things happen misses entries, and can tell by their numbers.
#[utoipa::path(get, path = "/__mock/api/log/live", tag = "log", params(Filter, Part), responses(
    (status = 200, description = "Each message's data is a list of entries", body = Vec<Entry>, content_type = "text/event-stream"),
    (status = 400, body = Refusal),
))]
pub(super) async fn live(
    State(control): State<Arc<Control>>,
    headers: HeaderMap,
    filter: Result<Query<Filter>, QueryRejection>,
    range: Result<Query<Part>, QueryRejection>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let Query(filter) = filter.map_err(unusable)?;
    let Query(Part { after, .. }) = range.map_err(unusable)?;
    // What a browser sends when it comes back by itself.
    let resumed = headers.get("last-event-id").and_then(|id| id.to_str().ok()?.parse().ok());
    let seen = resumed.unwrap_or(after);
    let log = Arc::clone(&control.log);
    let newer = log.watch();
    let stream = unfold((log, newer, seen), move |(log, mut newer, seen)| {
        let filter = filter.clone();
        async move {
            let mut seen = seen;
            loop {
                newer.borrow_and_update();
                let (entries, last) = log.next(seen, &filter, BATCH);
                seen = last;
                if !entries.is_empty() {
                    let event = Event::default().id(last.to_string()).json_data(&entries).ok()?;
                    return Some((Ok(event), (log, newer, seen)));
                }
                newer.changed().await.ok()?;
            }
        }
    });
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
