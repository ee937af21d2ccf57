//! The HTTP API: one file per area. Answers are `{status: 1, …}` or `{status: 0, message}` with a fitting code.

mod auth;
mod chats;
mod dashboard;
mod executives;
mod health;
mod media;
mod service_window;
mod templates;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use fixtures::Contract;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use crate::auth::{TokenError, Tokens};
use crate::backend::{Backend, Queue};
use crate::chats::MEDIA;
use crate::control::Ticks;
use crate::control::log::{Happening, Kind, Log};
use crate::events::Refusal;
use crate::faults::{Door, FaultSet};
use crate::login_service::{LoginFailure, LoginService};
use crate::options::Login;
use crate::rate::RateLimit;
use crate::webhook;

/// What calls share.
pub(crate) struct App {
    /// The names of everything, as they are now.
    pub contract: watch::Receiver<Arc<Contract>>,
    /// The way to the worker.
    pub queue: Queue,
    /// Makes and checks tokens.
    pub tokens: Arc<Tokens>,
    /// Whether protected calls need one.
    pub needs_token: bool,
    /// Who may log in.
    pub login: Login,
    /// Whom to ask instead, if there is such a service.
    pub login_service: Option<LoginService>,
    /// How often.
    pub login_limit: RateLimit,
    /// What bodies are signed with.
    pub webhook_secret: Option<String>,
    /// How often they may come.
    pub webhook_limit: RateLimit,
    /// What the provider must show to subscribe.
    pub verify_token: String,
    /// What goes wrong.
    pub faults: FaultSet,
    /// What has happened.
    pub log: Arc<Log>,
    /// How far agents' messages have come.
    pub ticks: Arc<Ticks>,
}

/// All calls.
pub(crate) fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/api/health", get(health::alive))
        .route("/api/health/ready", get(health::ready))
        .route("/api/auth/login", post(auth::login))
        .route("/api/auth/refresh", post(auth::refresh))
        .route("/api/auth/logout", post(auth::logout))
        .route("/api/dashboard/stats", get(dashboard::stats))
        .route("/api/chats/tags", get(chats::tags))
        .route("/api/chats/{id}/rate", post(chats::rate))
        .route("/api/chats/{id}/notes", get(chats::notes).post(chats::add_note))
        .route("/api/chats/{id}/context-history", get(chats::context))
        .route("/api/chats/{id}/rides", get(chats::rides))
        .route("/api/chats/send_whatsapp_template", get(templates::send))
        .route("/api/templates", get(templates::list))
        .route(&format!("{MEDIA}{{id}}"), get(media::download))
        .route("/api/executives/status", post(executives::set_status))
        .route("/api/executives/online", get(executives::online))
        .route("/api/service-window/closed", get(service_window::closed))
        .route("/api/service-window/upcoming-rides", get(service_window::upcoming_rides))
        .route("/api/webhook/verify", get(webhook::verify))
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed"))
        .fallback(webhook_or_nothing)
        .layer(from_fn_with_state(Arc::clone(&app), note))
        .with_state(app)
}

/// Notes a call in the log: not what it carried, which may be a password, nor its query, which may be a token.
async fn note(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let call = format!("{} {}", request.method(), request.uri().path());
    let response = next.run(request).await;
    if response.extensions().get::<Noted>().is_none() {
        app.log.record(Happening::new(Kind::Http).event(call).status(response.status().as_u16()));
    }
    response
}

/// On an answer whose call the log has already.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Noted;

/// The webhook's address is the contract's: it may be anything, so it is looked for where nothing else was found.
async fn webhook_or_nothing(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let contract = Arc::clone(&app.contract.borrow());
    let address = contract.webhook.as_deref().map(webhook::Address::new);
    let path = request.uri().path().to_owned();
    let channel = address.as_ref().and_then(|address| address.channel(&path));
    match (channel, request.method()) {
        (Some(channel), &Method::POST) => webhook::deliver(&app, &contract, channel, request).await,
        (Some(_), _) => Err(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method not allowed: expected POST")),
        (None, _) => Err(Problem::new(StatusCode::NOT_FOUND, "nothing is found at this address")),
    }
}

/// A call that went wrong: a status code and what is told about it.
#[derive(Debug)]
pub(crate) struct Problem {
    code: StatusCode,
    message: String,
    retry_after: Option<Duration>,
}

impl Problem {
    /// With this code, for this reason.
    pub(crate) fn new(code: StatusCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    /// Too many calls: come back later.
    pub(crate) fn too_many(retry_after: Duration) -> Self {
        let message = "too many calls: wait as long as Retry-After says, in seconds";
        Self { retry_after: Some(retry_after), ..Self::new(StatusCode::TOO_MANY_REQUESTS, message) }
    }

    /// What is wrong.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The worker is gone.
    pub(crate) fn ending() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "the server is ending")
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, error.to_string())
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = if refusal.is_unknown { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
        Self::new(code, refusal.message)
    }
}

/// Has the worker do something that it may refuse.
async fn ask<T: Send + 'static>(
    app: &App,
    question: impl FnOnce(&mut Backend) -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Problem> {
    Ok(app.queue.ask(question).await.ok_or_else(Problem::ending)??)
}

/// A body that must be a JSON object.
fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    serde_json::from_slice(body).map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "expected a JSON object"))
}

/// `?customer_type=`: one of the contract's, or left out.
#[derive(Debug, Deserialize)]
struct OfType {
    customer_type: Option<String>,
}

impl OfType {
    /// The customer type; an empty one counts as left out.
    fn get(self) -> Option<String> {
        self.customer_type.filter(|customer_type| !customer_type.is_empty())
    }
}

impl From<LoginFailure> for Problem {
    fn from(failure: LoginFailure) -> Self {
        let code = match failure {
            LoginFailure::Wrong => StatusCode::UNAUTHORIZED,
            LoginFailure::Unanswered(_) | LoginFailure::Failed(_) => StatusCode::BAD_GATEWAY,
        };
        Self::new(code, failure.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = axum::Json(json!({"status": 0, "message": self.message}));
        let mut response = (self.code, body).into_response();
        if let Some(wait) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, (wait.as_secs() + 1).into());
        }
        response
    }
}

/// Proof that a protected call carries a good access token, where one is needed.
pub(crate) struct Authorized;

impl FromRequestParts<Arc<App>> for Authorized {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        if app.needs_token {
            app.tokens.admit(Door::Rest, bearer(&parts.headers))?;
        }
        Ok(Self)
    }
}

/// The token of an `Authorization: Bearer` header.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
