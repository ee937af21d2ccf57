//! What mock this is: the names that the other calls are made with.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use fixtures::Route;
use fixtures::webhooks::MessageKind;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::ArrayBuilder;

use super::Control;
use super::phones::kinds;

/// What is served.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct About {
    /// The contract's title.
    title: String,
    /// The contract's version.
    version: String,
    /// The Socket.IO path.
    path: String,
    /// The customer types, with their rooms and events.
    routes: Vec<Row>,
    /// What a customer can send.
    #[schema(schema_with = list_of_kinds)]
    kinds: [MessageKind; 10],
    /// The number of the log's newest entry.
    newest: u64,
}

fn list_of_kinds() -> ArrayBuilder {
    ArrayBuilder::new().items(kinds())
}

/// A row of the routing table.
#[derive(Debug, Serialize, ToSchema)]
struct Row {
    customer_type: String,
    /// What its pages join.
    room: String,
    /// What they then hear.
    event: String,
    /// The business number that its customers write to. Without one nothing can be written from here.
    channel: Option<String>,
}

impl From<&Route> for Row {
    fn from(route: &Route) -> Self {
        let Route { customer_type, room, event, channel, .. } = route.clone();
        Self { customer_type, room, event, channel }
    }
}

/// What mock this is: customer types, rooms, events and kinds of messages.
#[utoipa::path(get, path = "/__mock/api/about", tag = "mock", responses((status = 200, body = About)))]
pub(super) async fn about(State(control): State<Arc<Control>>) -> Json<About> {
    let contract = control.contract();
    Json(About {
        title: contract.title.clone(),
        version: contract.version.clone(),
        path: contract.path.clone(),
        routes: contract.routes.iter().map(Row::from).collect(),
        kinds: MessageKind::ALL,
        newest: control.log.newest(),
    })
}
