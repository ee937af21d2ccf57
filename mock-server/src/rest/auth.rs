//! Logging in, refreshing and logging out.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Map, Value, json};

use super::{App, Problem, bearer, object};
use crate::auth::TokenType;
use crate::login_service::LoginFailure;
use crate::options::Login;

/// `POST /api/auth/login {username, password, login_from?}`.
pub(super) async fn login(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Problem> {
    app.login_limit.take().map_err(Problem::too_many)?;
    let body = object(&body)?;
    let (username, password) = (text(&body, "username")?, text(&body, "password")?);
    let agent = match &app.login_service {
        Some(service) => service.agent(username, password, &app.login).await?,
        None if app.login.admits(username, password) => app.login.clone(),
        None => return Err(LoginFailure::Wrong.into()),
    };
    let (access, refresh) = issue(&app, &agent, body.get("login_from").and_then(Value::as_str))?;
    Ok(Json(json!({
        "status": 1,
        "accessToken": access,
        "refreshToken": refresh,
        "agentNumber": agent.agent_number,
        "adminid": agent.admin_id,
        "name": agent.name,
    })))
}

/// `POST /api/auth/refresh {refreshToken}`.
pub(super) async fn refresh(State(app): State<Arc<App>>, body: Bytes) -> Result<Json<Value>, Problem> {
    let body = object(&body)?;
    let claims = app.tokens.check(text(&body, "refreshToken")?, TokenType::Refresh)?;
    let (access, refresh) = issue(&app, &claims.agent(&app.login), None)?;
    Ok(Json(json!({"status": 1, "accessToken": access, "refreshToken": refresh})))
}

/// `POST /api/auth/logout {token}`, or with the token in the header.
pub(super) async fn logout(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let body = if body.is_empty() { Map::new() } else { object(&body)? };
    let token =
        body.get("token").and_then(Value::as_str).or_else(|| bearer(&headers)).filter(|token| !token.is_empty());
    let missing = "missing token: expected it in the body or in the Authorization header";
    app.tokens.log_out(token.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, missing))?)?;
    Ok(Json(json!({"status": 1, "message": "logged out"})))
}

fn issue(app: &App, agent: &Login, login_from: Option<&str>) -> Result<(String, String), Problem> {
    app.tokens.issue(agent, login_from).map_err(|error| {
        tracing::error!(%error, "a token could not be signed");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the token could not be signed")
    })
}

fn text<'b>(body: &'b Map<String, Value>, key: &str) -> Result<&'b str, Problem> {
    let text = body.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Problem::new(StatusCode::BAD_REQUEST, format!("missing {key}: expected a text")))
}
