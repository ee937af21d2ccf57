//! The console page: a handful of files without a build step, compiled in.
//!
//! It asks nobody but this server, and its policy holds it to that.

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PICTURE: &str = "image/svg+xml";

/// Where it stands, its type and its text.
const FILES: [(&str, &str, &str); 13] = [
    ("/__mock/", HTML, include_str!("../../console/index.html")),
    ("/__mock/console.css", CSS, include_str!("../../console/console.css")),
    ("/__mock/icon.svg", PICTURE, include_str!("../../console/icon.svg")),
    ("/__mock/main.js", SCRIPT, include_str!("../../console/main.js")),
    ("/__mock/api.js", SCRIPT, include_str!("../../console/api.js")),
    ("/__mock/dom.js", SCRIPT, include_str!("../../console/dom.js")),
    ("/__mock/gist.js", SCRIPT, include_str!("../../console/gist.js")),
    ("/__mock/log.js", SCRIPT, include_str!("../../console/log.js")),
    ("/__mock/connections.js", SCRIPT, include_str!("../../console/connections.js")),
    ("/__mock/phone.js", SCRIPT, include_str!("../../console/phone.js")),
    ("/__mock/faults.js", SCRIPT, include_str!("../../console/faults.js")),
    ("/__mock/flow.js", SCRIPT, include_str!("../../console/flow.js")),
    ("/__mock/player.js", SCRIPT, include_str!("../../console/player.js")),
];

/// The page's files.
pub(super) fn router() -> Router {
    let page = Router::new().route("/__mock", get(async || Redirect::permanent("/__mock/")));
    FILES.into_iter().fold(page, |page, (path, kind, text)| page.route(path, get(async move || file(kind, text))))
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Another version of the command may serve another page.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}
