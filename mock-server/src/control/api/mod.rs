//! The control API: one file per area. Answers are JSON; a refusal is `{status: 0, message}` with a fitting code.

mod about;
mod connections;
mod faults;
mod flow;
mod front_door;
mod log;
mod phones;
mod reset;
mod scenarios;
mod wait;

use std::sync::{Arc, LazyLock};

use axum::body::{Bytes, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::StatusCode;
use axum::{Json, Router};
use serde::de::DeserializeOwned;
use utoipa::openapi::OpenApi;
use utoipa::{OpenApi as _, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Control;
use crate::rest::Problem;
pub(super) use connections::end_all as end_connections;
pub(super) use faults::{switch_off, switch_on};
pub(super) use flow::let_flow;

/// The largest body of a call, in bytes.
const LARGEST_BODY: usize = 1 << 20;

/// The document without its calls.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Control API of the mock backend",
        description = "Everything that the console at /__mock/ does, for tests: see what happened, write as a customer, \
                       make things go wrong, begin again. For this machine only, unless --console-anywhere was given.",
    ),
    tags(
        (name = "log", description = "What came in and went out"),
        (name = "connections", description = "The pages that are connected"),
        (name = "phones", description = "Customers: what they write, and what they are answered"),
        (name = "faults", description = "What goes wrong"),
        (name = "flow", description = "How what is sent to pages flows"),
        (name = "scenarios", description = "Timelines of messages and faults, and the one that is played"),
        (name = "mock", description = "The mock as a whole"),
    ),
    components(schemas(Refusal)),
)]
struct Document;

/// Why a call was refused.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it is described here and written by Problem")]
struct Refusal {
    /// Always 0.
    status: u8,
    /// What was expected, and what to do.
    message: String,
}

/// The calls, and the document about them: what is in one is in the other.
fn calls() -> OpenApiRouter<Arc<Control>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(about::about))
        .routes(routes!(document))
        .routes(routes!(log::list))
        .routes(routes!(log::live))
        .routes(routes!(log::emitted))
        .routes(routes!(wait::wait))
        .routes(routes!(connections::list))
        .routes(routes!(connections::drop_all))
        .routes(routes!(connections::drop_one))
        .routes(routes!(phones::list))
        .routes(routes!(phones::read))
        .routes(routes!(phones::write))
        .routes(routes!(phones::acknowledge))
        .routes(routes!(faults::list, faults::all_off))
        .routes(routes!(faults::on, faults::off))
        .routes(routes!(flow::read, flow::change))
        .routes(routes!(scenarios::list))
        .routes(routes!(scenarios::playing, scenarios::play, scenarios::change, scenarios::stop))
        .routes(routes!(reset::reset))
}

static DOCUMENT: LazyLock<OpenApi> = LazyLock::new(|| calls().into_openapi());

/// The API.
pub(super) fn router(control: Arc<Control>) -> Router {
    let nothing = async || Problem::new(StatusCode::NOT_FOUND, "no such call: see /__mock/api/openapi.json");
    let wrong =
        async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed: see /__mock/api/openapi.json");
    let (calls, _) = calls().split_for_parts();
    calls.route("/__mock/{*rest}", axum::routing::any(nothing)).method_not_allowed_fallback(wrong).with_state(control)
}

/// This document.
#[utoipa::path(get, path = "/__mock/api/openapi.json", tag = "mock", responses(
    (status = 200, description = "OpenAPI 3.1", body = serde_json::Value),
))]
async fn document() -> Json<&'static OpenApi> {
    Json(&DOCUMENT)
}

/// A call's JSON, whatever type it says it is of; nothing at all counts as `{}`.
struct Body<T>(T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let bad = |error: String| Problem::new(StatusCode::BAD_REQUEST, error);
        let body = to_bytes(request.into_body(), LARGEST_BODY).await;
        let body = body.map_err(|_| bad(format!("expected a body of at most {LARGEST_BODY} bytes")))?;
        let body = if body.is_empty() { Bytes::from_static(b"{}") } else { body };
        let parsed = serde_json::from_slice(&body);
        parsed.map(Self).map_err(|error| bad(format!("cannot use the body: {error}; see /__mock/api/openapi.json")))
    }
}
