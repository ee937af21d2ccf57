//! What a protocol library behind the door has to be able to do: Socket.IO's, and Engine.IO's alone.

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use engineioxide::handler::EngineIoHandler;
use engineioxide::service::EngineIoService;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use socketioxide::service::SocketIoService;
use tower::{Service, ServiceExt};

use super::heartbeat::LaterPing;

/// An opened WebSocket's bytes.
pub(crate) type WebSocket = LaterPing<TokioIo<Upgraded>>;

/// A protocol library.
pub(crate) trait Engine: Clone + Send + Sync + 'static {
    /// Answers a request for its path.
    fn answer(self, request: Request) -> impl Future<Output = Response> + Send;

    /// Begins a session on a WebSocket, which was opened by this request.
    fn begin(self, socket: WebSocket, request: axum::http::Request<()>);
}

impl Engine for SocketIoService<Router> {
    async fn answer(self, request: Request) -> Response {
        let Ok(response) = self.oneshot(request).await;
        response.map(Body::new)
    }

    fn begin(mut self, socket: WebSocket, request: axum::http::Request<()>) {
        // It has spawned what it does, or found no query, which the door has looked at.
        drop(self.call((socket, request)));
    }
}

impl<H: EngineIoHandler> Engine for EngineIoService<H, Router> {
    async fn answer(self, request: Request) -> Response {
        let Ok(response) = self.oneshot(request).await;
        response.map(Body::new)
    }

    fn begin(mut self, socket: WebSocket, request: axum::http::Request<()>) {
        drop(self.call((socket, request)));
    }
}
