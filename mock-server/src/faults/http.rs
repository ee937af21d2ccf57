//! What several faults that act around HTTP have in common.

use axum::extract::Request;
use axum::http::{HeaderName, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// The value of a parameter of the query string, as it stands there.
pub(super) fn parameter<'r>(request: &'r Request, name: &str) -> Option<&'r str> {
    let mut pairs = request.uri().query()?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// Whether it is for the Socket.IO endpoint, whatever its path.
pub(super) fn is_socket(request: &Request) -> bool {
    parameter(request, "transport").is_some()
}

/// Whether it delivers to the webhook, whatever its path.
pub(super) fn is_webhook(request: &Request) -> bool {
    request.method() == Method::POST && !is_socket(request) && !request.uri().path().starts_with("/api/auth/")
}

/// Puts other values into the query string.
pub(super) fn rewrite_query(request: &mut Request, other: for<'a> fn(&'a str, &'a str) -> &'a str) {
    let query = request.uri().query().unwrap_or_default();
    let pair = |pair: &str| match pair.split_once('=') {
        Some((name, value)) => format!("{name}={}", other(name, value)),
        None => pair.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(pair).collect();
    if let Ok(uri) = format!("{}?{}", request.uri().path(), query.join("&")).parse::<Uri>() {
        *request.uri_mut() = uri;
    }
}

/// An answer in place of the right one.
pub(super) fn refuse(code: StatusCode, message: &str) -> Response {
    (code, axum::Json(json!({"status": 0, "message": message}))).into_response()
}

/// Takes away what lets browsers show an answer to pages of other origins.
pub(super) fn forbid(response: &mut Response) {
    let cors = |name: &&HeaderName| name.as_str().starts_with("access-control-");
    let names: Vec<HeaderName> = response.headers().keys().filter(cors).cloned().collect();
    for name in names {
        response.headers_mut().remove(name);
    }
}
