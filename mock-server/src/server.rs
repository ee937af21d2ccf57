//! Putting a server together, and ending it.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::future::join_all;
use socketioxide::SocketIo;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinError, JoinSet};
use tower::ServiceExt;
use tower_http::cors::{AllowHeaders, AllowMethods, AllowOrigin, CorsLayer, ExposeHeaders};

use crate::auth::Tokens;
use crate::backend::{Backend, Queue};
use crate::control::log::Log;
use crate::control::player::{self, Player};
use crate::control::{self, Control, Guard, Ticks};
use crate::echo::Echo;
use crate::faults::FaultSet;
use crate::login_service::LoginService;
use crate::options::{Auth, Options};
use crate::page::page_first;
use crate::provider::Provider;
use crate::rate::RateLimit;
use crate::reload::{self, Watch};
use crate::rest::{self, App};
use crate::scenario::Scenario;
use crate::state::{StateError, StateFile};
use crate::tls::Tls;
use crate::transport::{self, Connections, Engine, Listener, Misprints, OnConnection, Transport, namespace};
use crate::upstream::Upstream;

/// How many connections may wait to be accepted: the usual 128 make simultaneous connects wait a second.
const BACKLOG: u32 = 4_096;

/// How long clients are given to hear that the server ends, and then their connections to close.
const FAREWELL: Duration = Duration::from_millis(250);

/// Why a server could not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// An option has no sense.
    #[error("{option}: expected {expected}, found {found:?}")]
    Option {
        /// Its name.
        option: &'static str,
        /// What is wanted.
        expected: &'static str,
        /// What was given.
        found: String,
    },
    /// The state file cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// The listener failed.
    #[error("the listener failed: {0}")]
    Listener(#[from] io::Error),
    /// The recording cannot be written.
    #[error("cannot write the recording: {0}")]
    Recording(io::Error),
    /// The worker ended, which it never should: a defect of the mock's.
    #[error("the worker failed: {0}; please report this")]
    Worker(#[from] JoinError),
}

/// Listens at an address with a backlog that does not slow down many clients that connect at once. Port 0 is any free
/// one.
///
/// # Errors
/// What the system says, e.g. that the port is taken.
pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // A restart must not wait for the last connections of the server before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves until `shutdown` is done, then tells the clients, ends their connections and returns: within half a second,
/// however many of them do not listen.
///
/// # Errors
/// [`ServeError::Option`] and [`ServeError::State`] before anything is served; the others when it cannot go on.
pub async fn serve(
    listener: TcpListener,
    options: Options,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let origins = origins(&options)?;
    if options.jwt_secret.is_empty() {
        return Err(ServeError::Option { option: "jwt_secret", expected: "a text", found: String::new() });
    }
    if !Scenario::SPEEDS.contains(&options.speed) {
        let found = options.speed.to_string();
        return Err(ServeError::Option { option: "speed", expected: "a number from 0.001 to 100000", found });
    }
    let contract = Arc::new(options.contract.clone());
    let (queue, waiting) = Queue::new();
    let faults = FaultSet::new(&options.faults);
    let log = Arc::new(Log::new(options.clock));
    let ticks = Arc::new(Ticks::default());
    let tokens = Arc::new(Tokens::new(&options, faults.clone()));
    let (transport, io, misprints) = transport::open(&options);
    let sessions = transport.sessions();
    let echo = options.echo.then(|| Echo::new(&options));
    let needs_token = options.auth == Auth::Jwt;
    let upstream = |option, url: &Option<String>, path, patience| {
        url.as_deref().map(|url| Upstream::new(option, url, path, patience)).transpose()
    };
    let patience = faults.patience().unwrap_or(options.upstream_timeout);
    let provider = upstream("provider_url", &options.provider_url, "/messages", patience)?;
    let provider = provider.map(|messages| Provider::new(messages, queue.clone(), faults.clone()));
    let login_service = upstream("login_url", &options.login_url, "/login", options.upstream_timeout)?;
    let checked = needs_token.then(|| Arc::clone(&tokens));
    namespace::open(&io, &contract.namespace, checked, queue.clone(), faults.clone(), Arc::clone(&log));
    // Ends with this function, however that ends; so do the connections.
    let mut worker = JoinSet::new();
    let file = options.state.as_ref().map(StateFile::open).transpose()?;
    let stored = file.as_ref().map(StateFile::read).transpose()?.flatten();
    let writer = file.map(StateFile::writer).transpose()?;
    let (own, noted) = (Arc::clone(&contract), Arc::clone(&log));
    let backend = Backend::new(&options, own, provider, queue.clone(), stored, faults.clone(), noted);
    worker.spawn(match &writer {
        Some(writer) => backend.keep_in(writer.batches()).run(waiting),
        None => backend.run(waiting),
    });
    let connections = CutOnDrop::default();
    let patience = options.ping_interval + options.ping_timeout;
    let tls = options.tls.as_ref().map(Tls::acceptor);
    let listener = Listener { listener, tls, connections: Arc::clone(&connections.0), patience, misprints };
    let (in_force, contract) = watch::channel(contract);
    let built_in = Scenario::built_in(&options.contract);
    let player = Arc::new(Player::new(built_in, options.scenario, options.speed));
    if options.watch != Watch::default() {
        worker.spawn(reload::look(options.watch.clone(), in_force, queue.clone(), Arc::clone(&player)));
    }
    let app = App {
        contract: contract.clone(),
        queue: queue.clone(),
        tokens,
        needs_token,
        login: options.login,
        login_service: login_service.map(|login| LoginService::new(login, faults.clone())),
        login_limit: RateLimit::new(options.login_limit),
        webhook_secret: options.webhook_secret.clone(),
        webhook_limit: RateLimit::new(options.webhook_limit),
        verify_token: options.verify_token,
        faults: faults.clone(),
        log: Arc::clone(&log),
        ticks: Arc::clone(&ticks),
    };
    let mut router = rest::router(Arc::new(app)).layer(from_fn_with_state(transport, sockets_first));
    let mut ios = vec![io];
    if let Some(echo) = echo {
        router = router
            .layer(from_fn_with_state(echo.engine_io, sockets_first))
            .layer(from_fn_with_state(echo.socket_io, sockets_first));
        ios.push(echo.io);
    }
    let router = router.layer(cors(origins));
    let front = Router::new().fallback(front).with_state((faults.clone(), router));
    let page = from_fn_with_state(contract.clone(), page_first);
    let control = Arc::new(Control {
        contract,
        log,
        queue,
        faults,
        first_faults: options.faults,
        front: front.clone(),
        webhook_secret: options.webhook_secret,
        ticks,
        clock: options.clock,
        player,
        written: AtomicU64::new(0),
    });
    worker.spawn(player::run(Arc::clone(&control)));
    let router =
        control::router(control, Guard { anywhere: options.console_anywhere }).fallback_service(front.layer(page));
    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(listener, router.into_make_service_with_connect_info::<OnConnection>())
        .with_graceful_shutdown(async {
            stopped.await.ok();
        });
    let mut server = std::pin::pin!(server.into_future());
    let is_up = tokio::select! {
        // It ends by itself with the runtime, too.
        ended = &mut server => {
            ended?;
            false
        }
        Some(ended) = worker.join_next() => {
            ended?;
            true
        }
        () = shutdown => {
            sessions.end();
            stop.send(()).ok();
            // Waits for clients that do not read, some of them for ever.
            tokio::time::timeout(FAREWELL, join_all(ios.iter().map(SocketIo::close))).await.ok();
            true
        }
    };
    drop(connections);
    if is_up {
        tokio::time::timeout(FAREWELL, server).await.ok();
    }
    worker.shutdown().await;
    if let Some(writer) = writer {
        writer.finish().await;
    }
    Ok(())
}

/// Serves no more than this until `shutdown` is done, and ends the connections.
pub(crate) async fn serve_simply(
    listener: TcpListener,
    tls: Option<Tls>,
    misprints: Misprints,
    router: Router,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let connections = CutOnDrop::default();
    let Options { ping_interval, ping_timeout, .. } = Options::default();
    let listener = Listener {
        listener,
        tls: tls.as_ref().map(Tls::acceptor),
        connections: Arc::clone(&connections.0),
        patience: ping_interval + ping_timeout,
        misprints,
    };
    let server = axum::serve(listener, router.into_make_service_with_connect_info::<OnConnection>());
    tokio::select! {
        failed = server.into_future() => failed?,
        () = shutdown => {}
    }
    Ok(())
}

/// Cuts all connections when it is dropped.
#[derive(Default)]
struct CutOnDrop(Arc<Connections>);

impl Drop for CutOnDrop {
    fn drop(&mut self) {
        self.0.cut_all();
    }
}

/// What clients meet first: whatever goes wrong around HTTP at the moment, then the correct server.
async fn front(State((faults, server)): State<(FaultSet, Router)>, request: Request) -> Response {
    let Ok(response) = faults.http(server).oneshot(request).await;
    response
}

/// The Socket.IO path goes before the router's, so that a contract may put it anywhere.
pub(crate) async fn sockets_first<E: Engine>(
    State(transport): State<Transport<E>>,
    connection: ConnectInfo<OnConnection>,
    request: Request,
    next: Next,
) -> Response {
    if transport.is_for(&request) { transport.answer(connection, request).await } else { next.run(request).await }
}

fn origins(options: &Options) -> Result<Vec<HeaderValue>, ServeError> {
    let parse = |origin: &String| {
        let value = HeaderValue::from_str(origin).ok().filter(|_| origin.contains("://") && !origin.ends_with('/'));
        value.ok_or_else(|| ServeError::Option {
            option: "cors_origins",
            expected: "an origin such as http://localhost:4200, without a path",
            found: origin.clone(),
        })
    };
    options.cors_origins.iter().map(parse).collect()
}

/// Pages of other origins may call; where none are listed, all may, with whatever they send along.
pub(crate) fn cors(origins: Vec<HeaderValue>) -> CorsLayer {
    let origin = if origins.is_empty() { AllowOrigin::mirror_request() } else { AllowOrigin::list(origins) };
    CorsLayer::new()
        .allow_origin(origin)
        .allow_methods(AllowMethods::mirror_request())
        .allow_headers(AllowHeaders::mirror_request())
        .allow_credentials(true)
        .expose_headers(ExposeHeaders::list([header::RETRY_AFTER]))
        .max_age(Duration::from_hours(1))
}
