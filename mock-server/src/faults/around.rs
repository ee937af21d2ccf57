//! Faults that act around HTTP, put around a request while it is answered; and whether one of them changed anything, for
//! those that are counted.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::Response;

use super::HttpFuture;
use super::switches::Active;

/// An answer that comes so much later than it was ready was held back.
const HELD_BACK: Duration = Duration::from_millis(500);

/// Puts a fault around what answers correctly.
pub(super) fn put(router: Router, active: &Active, act: fn(Request, Next) -> HttpFuture) -> Router {
    if !active.is_counted() {
        return router.layer(from_fn(act));
    }
    let (inside, active) = (Inside::default(), active.clone());
    let spy = inside.clone();
    let inner = router.layer(from_fn(move |request, next| spy.clone().note(request, next)));
    inner.layer(from_fn(act)).layer(from_fn(move |request: Request, next: Next| {
        let (inside, active, uri) = (inside.clone(), active.clone(), request.uri().clone());
        async move {
            let response = next.run(request).await;
            if !inside.is_same(&uri, &response) {
                active.count();
            }
            response
        }
    }))
}

/// What was asked and answered inside of the fault; nothing, where it let nothing through.
#[derive(Debug, Clone, Default)]
struct Inside(Arc<Mutex<Option<Noted>>>);

#[derive(Debug)]
struct Noted {
    uri: Uri,
    status: StatusCode,
    headers: HeaderMap,
    /// When the answer was ready.
    ready: Instant,
}

impl Inside {
    async fn note(self, request: Request, next: Next) -> Response {
        let uri = request.uri().clone();
        let response = next.run(request).await;
        let noted =
            Noted { uri, status: response.status(), headers: response.headers().clone(), ready: Instant::now() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(noted);
        response
    }

    /// Whether the same was asked and answered outside.
    fn is_same(&self, asked: &Uri, answered: &Response) -> bool {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.as_ref().is_some_and(|Noted { uri, status, headers, ready }| {
            uri == asked && *status == answered.status() && headers == answered.headers() && ready.elapsed() < HELD_BACK
        })
    }
}
