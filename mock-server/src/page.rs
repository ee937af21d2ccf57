//! The reference page, at `/` and at the path of each of the contract's routes.
//!
//! It is for everybody and needs no token: what it shows it asks for by the same doors as any other page. It is no part of
//! the API, so that neither faults nor the log know of it; what it does not have is for the API to answer.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use fixtures::Contract;
use fixtures::page;
use tokio::sync::watch;

/// It may call any backend, which `?backend=` names, and asks nobody else for anything.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' http: \
                      https: ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers with a file of the page, where one is asked for.
pub(crate) async fn page_first(
    State(contract): State<watch::Receiver<Arc<Contract>>>,
    request: Request,
    next: Next,
) -> Response {
    let contract = Arc::clone(&contract.borrow());
    let path = request.uri().path();
    // A contract may put its sockets anywhere, even here.
    if !matches!(*request.method(), Method::GET | Method::HEAD) || path.trim_end_matches('/') == contract.path {
        return next.run(request).await;
    }
    if path == page::CONTRACT_PATH {
        return file("application/json", page::contract(&contract).to_string());
    }
    match page::find(path, &contract) {
        Some(found) => file(found.content_type, found.text),
        None => next.run(request).await,
    }
}

fn file(content_type: &'static str, text: impl IntoResponse) -> Response {
    let headers = [
        (header::CONTENT_TYPE, content_type),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Another version of the command may serve another page.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}
