//! A page of the test's own with the real client in it, on another origin than the backend.

use std::net::SocketAddr;
use std::path::Path;

use axum::Router;
use axum::response::Html;
use axum::routing::get;

/// The browser client that the `socket.io` package brings along.
const CLIENT: &str = "../fixtures/backends/node/node_modules/socket.io/client-dist/socket.io.js";

/// Any free port of this machine's own.
pub fn loopback() -> SocketAddr {
    ([127, 0, 0, 1], 0).into()
}

/// Serves the page, with the client at `/socket.io.js`; gives its address.
pub async fn serve(page: &'static str) -> String {
    let script = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(CLIENT))
        .unwrap_or_else(|error| panic!("{CLIENT}: {error}; run ci/setup first"));
    let app = Router::new()
        .route("/", get(move || async move { Html(page) }))
        .route("/socket.io.js", get(move || async { ([("content-type", "text/javascript")], script) }));
    let listener = tokio::net::TcpListener::bind(loopback()).await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}
