//! Who is connected, and ending that.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Body, Control, Refusal};
use crate::backend::Backend;
use crate::client::Client;
use crate::control::log::{ConnectionId, Happening, Kind};
use crate::outgoing::Dropping;
use crate::rest::Problem;
use crate::rooms::Room;

/// A page that is connected.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Connection {
    /// What it is called here and in the log.
    #[schema(value_type = String, example = "c12")]
    id: ConnectionId,
    transport: Transport,
    /// Whose token it connected with.
    agent: Option<String>,
    /// The rooms it is in: those of the routing table by name, those of open chats by id. Sorted.
    rooms: Vec<String>,
}

/// What a connection runs over.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Transport {
    /// HTTP requests that are held until there is something to say.
    Polling,
    /// A WebSocket, from the start or by upgrade.
    Websocket,
}

/// How connections are to end.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Drop {
    how: Dropping,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Dropped {
    /// Those that were ended.
    #[schema(value_type = Vec<String>)]
    dropped: Vec<ConnectionId>,
}

/// The pages that are connected, oldest first.
#[utoipa::path(get, path = "/__mock/api/connections", tag = "connections", responses(
    (status = 200, body = Vec<Connection>),
))]
pub(super) async fn list(State(control): State<Arc<Control>>) -> Result<Json<Vec<Connection>>, Problem> {
    control.queue.ask(|backend| connected(backend)).await.map(Json).ok_or_else(Problem::ending)
}

fn connected(backend: &Backend) -> Vec<Connection> {
    let mut connections: Vec<Connection> = backend
        .outgoing
        .members(&Room::Dashboard)
        .map(|client| Connection {
            id: client.connection(),
            transport: if client.polls() { Transport::Polling } else { Transport::Websocket },
            agent: client.agent().map(ToOwned::to_owned),
            rooms: rooms(backend, client),
        })
        .collect();
    connections.sort_unstable_by_key(|connection| connection.id.0);
    connections
}

fn rooms(backend: &Backend, client: &Client) -> Vec<String> {
    let own = backend.outgoing.rooms_of(client).filter(|room| **room != Room::Dashboard);
    let mut names: Vec<String> = own.map(|room| room.name().to_owned()).collect();
    names.sort_unstable();
    names
}

/// Ends all connections.
#[utoipa::path(post, path = "/__mock/api/connections/drop", tag = "connections", request_body = Drop, responses(
    (status = 200, body = Dropped),
    (status = 400, body = Refusal),
))]
pub(super) async fn drop_all(
    State(control): State<Arc<Control>>,
    Body(Drop { how }): Body<Drop>,
) -> Result<Json<Dropped>, Problem> {
    end_all(&control, how).await.map(|dropped| Json(Dropped { dropped }))
}

/// Ends all connections; gives which.
pub(in crate::control) async fn end_all(control: &Control, how: Dropping) -> Result<Vec<ConnectionId>, Problem> {
    control.queue.ask(move |backend| end(backend, how, |_| true)).await.ok_or_else(Problem::ending)
}

/// Ends one connection.
#[utoipa::path(
    post, path = "/__mock/api/connections/{id}/drop", tag = "connections", request_body = Drop,
    params(("id" = String, Path, description = "E.g. c12")),
    responses(
        (status = 200, body = Dropped),
        (status = 400, body = Refusal),
        (status = 404, body = Refusal, description = "Nobody is connected by this name"),
    ),
)]
pub(super) async fn drop_one(
    State(control): State<Arc<Control>>,
    Path(id): Path<String>,
    Body(Drop { how }): Body<Drop>,
) -> Result<Json<Dropped>, Problem> {
    let wanted: ConnectionId = id.parse().map_err(|error: String| Problem::new(StatusCode::BAD_REQUEST, error))?;
    let dropped = control.queue.ask(move |backend| end(backend, how, |client| client.connection() == wanted)).await;
    match dropped.ok_or_else(Problem::ending)? {
        none if none.is_empty() => {
            Err(Problem::new(StatusCode::NOT_FOUND, format!("{wanted} is not connected: see /__mock/api/connections")))
        }
        dropped => Ok(Json(Dropped { dropped })),
    }
}

/// Ends the connections of the wanted ones.
pub(super) fn end(backend: &mut Backend, how: Dropping, wanted: impl Fn(&Client) -> bool) -> Vec<ConnectionId> {
    let clients: Vec<Client> =
        backend.outgoing.members(&Room::Dashboard).filter(|client| wanted(client)).cloned().collect();
    for client in &clients {
        backend.outgoing.drop_client(client, how);
        let what = Happening::new(Kind::Control).of(client.connection()).event("drop");
        backend.log.record(match how {
            Dropping::Cut => what.detail("connection cut"),
            Dropping::Disconnect => what.detail("disconnected by the server"),
        });
    }
    let mut ids: Vec<_> = clients.iter().map(Client::connection).collect();
    ids.sort_unstable_by_key(|id| id.0);
    ids
}
