//! Faults of what browsers ask before they show an answer to pages of other origins.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};

use super::http::{forbid, is_socket, parameter, refuse};
use super::{Act, Area, Fault};

/// The area.
pub(super) const AREA: Area = Area {
    title: "Cross-origin calls",
    about: "Browsers on other origins, by both transports and by REST.",
    faults: &[
        &CORS_WITHOUT_AUTHORIZATION,
        &CORS_FOR_REST_ONLY,
        &CORS_FOR_ONE_ORIGIN,
        &PREFLIGHT_NEEDS_TOKEN,
        &WEBSOCKET_OF_OTHER_ORIGINS_REFUSED,
    ],
};

const CORS_WITHOUT_AUTHORIZATION: Fault = Fault {
    id: "cors-without-authorization",
    about: "The preflight allows any header by `*`, which does not stand for `Authorization` (Fetch, CORS \
            non-wildcard request-header name): every protected call fails in browsers.",
    violates: &["transport.cors"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let mut response = next.run(request).await;
            if let Some(allowed) = response.headers_mut().get_mut(header::ACCESS_CONTROL_ALLOW_HEADERS) {
                *allowed = HeaderValue::from_static("*");
            }
            response
        })
    })],
};

const CORS_FOR_REST_ONLY: Fault = Fault {
    id: "cors-for-rest-only",
    about: "The CORS layer was put around the REST routes, not around the Socket.IO endpoint: browsers cannot poll.",
    violates: &["transport.cors"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let of_socket = is_socket(&request);
            let mut response = next.run(request).await;
            if of_socket {
                forbid(&mut response);
            }
            response
        })
    })],
};

const CORS_FOR_ONE_ORIGIN: Fault = Fault {
    id: "cors-for-one-origin",
    about: "One origin is allowed, the production page's: a page that is served from anywhere else cannot call.",
    violates: &["transport.cors"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let mut response = next.run(request).await;
            if let Some(allowed) = response.headers_mut().get_mut(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
                *allowed = HeaderValue::from_static("https://dashboard.example.com");
            }
            response
        })
    })],
};

const PREFLIGHT_NEEDS_TOKEN: Fault = Fault {
    id: "preflight-needs-token",
    about: "Preflights are asked for a token, which browsers never send with them: the check stands before the \
            CORS layer.",
    violates: &["transport.cors"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            match request.method() {
                &Method::OPTIONS => refuse(StatusCode::UNAUTHORIZED, "missing token"),
                _ => next.run(request).await,
            }
        })
    })],
};

const WEBSOCKET_OF_OTHER_ORIGINS_REFUSED: Fault = Fault {
    id: "websocket-of-other-origins-refused",
    about: "A WebSocket handshake with the `Origin` of another site is refused: WebSockets know no CORS, but the \
            library checks by itself.",
    violates: &["transport.cors"],
    side_effects: &[],
    acts: &[Act::Http(|request, next| {
        Box::pin(async move {
            let foreign = parameter(&request, "transport") == Some("websocket") && is_foreign(&request);
            if foreign { refuse(StatusCode::FORBIDDEN, "origin not allowed") } else { next.run(request).await }
        })
    })],
};

fn is_foreign(request: &Request) -> bool {
    let origin = request.headers().get(header::ORIGIN).and_then(|origin| origin.to_str().ok());
    let origin = origin.and_then(|origin| origin.parse::<Uri>().ok());
    let host = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    origin.is_some_and(|origin| origin.authority().map(|authority| authority.as_str()) != host)
}
