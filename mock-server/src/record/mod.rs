//! Recording: standing between pages and a real backend, passing everything on as it is, and writing down what was said
//! in the suite's format, for `conformance judge` and for `replay`.
//!
//! HTTP calls, long-polling and WebSockets pass, the provider's webhook too where it is pointed here: that is how it is
//! known what was to be broadcast. Secrets are hidden before anything is written. Nothing is judged or changed here.

mod http;
mod session;
mod tape;
mod upstream;
mod websocket;

use std::collections::HashMap;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use fixtures::Contract;
use tokio::net::TcpListener;

use crate::server::ServeError;
use crate::tls::Tls;
use crate::transport::Misprints;
use crate::webhook::Address;
use session::Session;
use tape::Tape;
pub use upstream::Upstream;

/// What to record.
pub struct Record {
    /// The backend.
    pub upstream: Upstream,
    /// What it is to be judged by: where its sockets and its webhook are.
    pub contract: Contract,
    /// What pages are spoken to by HTTPS with, if they are to be.
    pub tls: Option<Tls>,
    /// Where the recording goes, a line at a time.
    pub out: Box<dyn Write + Send>,
}

/// What the requests share.
struct Recorder {
    upstream: Upstream,
    contract: Arc<Contract>,
    webhook: Option<Address>,
    tape: Arc<Tape>,
    /// By their sids.
    sessions: Mutex<HashMap<String, Arc<Session>>>,
}

/// Records until `shutdown` is done; then the recording is whole.
///
/// # Errors
/// [`ServeError::Recording`] where not even its first line can be written, [`ServeError::Listener`] when it cannot go on.
pub async fn record(
    listener: TcpListener,
    options: Record,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let contract = Arc::new(options.contract);
    let tape = Tape::begin(options.out, &contract, &options.upstream.to_string()).map_err(ServeError::Recording)?;
    let recorder = Arc::new(Recorder {
        upstream: options.upstream,
        webhook: contract.webhook.as_deref().map(Address::new),
        contract,
        tape: Arc::new(tape),
        sessions: Mutex::default(),
    });
    let router = Router::new().fallback(pass).with_state(Arc::clone(&recorder));
    let served = crate::server::serve_simply(listener, options.tls, Misprints::default(), router, shutdown).await;
    for session in recorder.sessions().values() {
        session.closed(true, "the recording ends here");
    }
    recorder.tape.end();
    served
}

impl Recorder {
    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Arc<Session>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session with this sid.
    fn session(&self, sid: &str) -> Option<Arc<Session>> {
        self.sessions().get(sid).cloned()
    }

    /// Remembers a session by its sid, and forgets those that have ended.
    fn remember(&self, sid: String, session: Arc<Session>) {
        let mut sessions = self.sessions();
        sessions.retain(|_, session| !session.is_closed());
        sessions.insert(sid, session);
    }

    fn is_socket(&self, path: &str) -> bool {
        path.trim_end_matches('/') == self.contract.path.trim_end_matches('/')
    }
}

async fn pass(State(recorder): State<Arc<Recorder>>, request: Request) -> Response {
    let passed = match recorder.is_socket(request.uri().path()) {
        true if websocket::is_asked_for(&request) => websocket::pass(recorder, request).await,
        true => http::poll(&recorder, request).await,
        false => http::call(&recorder, request).await,
    };
    passed.unwrap_or_else(IntoResponse::into_response)
}

/// The value of a parameter in a query.
fn parameter<'q>(query: Option<&'q str>, name: &str) -> Option<&'q str> {
    let pairs = query?.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| value)
}
