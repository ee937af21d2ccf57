//! What passes by WebSocket: every message of both sides, as it is.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use fixtures::recording::{Direction, Transport};
use futures_util::{SinkExt, StreamExt};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async_with_config};

use super::session::Session;
use super::upstream::{LARGEST_BODY, Stream};
use super::{Recorder, parameter};
use crate::rest::Problem;

/// What of a page's request the backend is told. The rest is this connection's own: keys, extensions.
const PASSED_ON: [header::HeaderName; 6] = [
    header::ORIGIN,
    header::COOKIE,
    header::AUTHORIZATION,
    header::USER_AGENT,
    header::SEC_WEBSOCKET_PROTOCOL,
    header::ACCEPT_LANGUAGE,
];

/// How long either side is given to take leave.
const FAREWELL: Duration = Duration::from_secs(1);

/// Whether a request asks for a WebSocket.
pub(super) fn is_asked_for(request: &Request) -> bool {
    let upgrade = request.headers().get(header::UPGRADE).and_then(|value| value.to_str().ok());
    upgrade.is_some_and(|value| value.eq_ignore_ascii_case("websocket"))
        && request.headers().contains_key(header::SEC_WEBSOCKET_KEY)
}

/// Opens one to the backend, and if that works, one to the page; what comes by either goes to the other.
pub(super) async fn pass(recorder: Arc<Recorder>, mut request: Request) -> Result<Response, Problem> {
    let query = request.uri().query().map(ToOwned::to_owned);
    let sid = parameter(query.as_deref(), "sid");
    let known = sid.and_then(|sid| recorder.session(sid));
    let opens = sid.is_none();
    let session = known.unwrap_or_else(|| {
        Session::opening(&recorder.tape, &recorder.contract.namespace, Transport::Websocket, query.as_deref())
    });
    let (backend, answer) = match dial(&recorder, request.uri(), request.headers()).await {
        Ok(open) => open,
        Err(refusal) => {
            if opens {
                session.refused(refusal.reason, Some(refusal.response.status().as_u16()));
            }
            return Ok(refusal.response);
        }
    };
    let key = request.headers().get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes).unwrap_or_default();
    let accept = derive_accept_key(key);
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let page = match upgraded.await {
            Ok(page) => WebSocketStream::from_raw_socket(TokioIo::new(page), Role::Server, Some(limits())).await,
            Err(error) => return session.closed(true, &error.to_string()),
        };
        let (by_page, detail) = pump(&recorder, &session, page, backend).await;
        session.closed(by_page, &detail);
    });
    let mut response = StatusCode::SWITCHING_PROTOCOLS.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::from_str(&accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(protocol) = answer.get(header::SEC_WEBSOCKET_PROTOCOL) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, protocol.clone());
    }
    Ok(response)
}

fn limits() -> WebSocketConfig {
    WebSocketConfig::default().max_message_size(Some(LARGEST_BODY)).max_frame_size(Some(LARGEST_BODY))
}

type Backend = WebSocketStream<Box<dyn Stream>>;

/// What the page is answered where the backend opens no WebSocket.
struct Refusal {
    reason: String,
    response: Response,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self { reason: problem.message().to_owned(), response: problem.into_response() }
    }
}

async fn dial(recorder: &Recorder, uri: &Uri, asked: &HeaderMap) -> Result<(Backend, HeaderMap), Refusal> {
    let mut request = Request::new(());
    *request.uri_mut() = uri.clone();
    recorder.upstream.address(&mut request)?;
    // The client wants a whole address, and takes the name from the header.
    let path = request.uri().to_string();
    *request.uri_mut() =
        format!("ws://upstream{path}").parse().map_err(|error| recorder.upstream.unreachable(&error))?;
    let headers = request.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    let key = HeaderValue::from_str(&generate_key()).map_err(|error| recorder.upstream.unreachable(&error))?;
    headers.insert(header::SEC_WEBSOCKET_KEY, key);
    for name in PASSED_ON {
        headers.extend(asked.get_all(&name).iter().map(|value| (name.clone(), value.clone())));
    }
    let stream = recorder.upstream.dial().await?;
    match client_async_with_config(request, stream, Some(limits())).await {
        Ok((backend, answer)) => Ok((backend, answer.into_parts().0.headers)),
        Err(Error::Http(answer)) => {
            let (head, body) = answer.into_parts();
            let body = body.unwrap_or_default();
            let reason = format!("{}: {}", head.status, recorder.tape.hidden_text(&String::from_utf8_lossy(&body)));
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = head.status;
            if let Some(kind) = head.headers.get(header::CONTENT_TYPE) {
                response.headers_mut().insert(header::CONTENT_TYPE, kind.clone());
            }
            Err(Refusal { reason, response })
        }
        Err(error) => Err(recorder.upstream.unreachable(&error).into()),
    }
}

/// Passes messages until one side ends; tells whether that was the page, and how.
async fn pump(
    recorder: &Recorder,
    session: &Arc<Session>,
    page: WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>,
    backend: Backend,
) -> (bool, String) {
    let (mut to_page, mut from_page) = page.split();
    let (mut to_backend, mut from_backend) = backend.split();
    let outwards = async {
        while let Some(Ok(message)) = from_page.next().await {
            note(recorder, session, Direction::Out, &message);
            let ends = message.is_close();
            if to_backend.send(message).await.is_err() || ends {
                break;
            }
        }
    };
    let inwards = async {
        while let Some(Ok(message)) = from_backend.next().await {
            note(recorder, session, Direction::In, &message);
            let ends = message.is_close();
            if to_page.send(message).await.is_err() || ends {
                break;
            }
        }
    };
    let by_page = tokio::select! {
        () = outwards => true,
        () = inwards => false,
    };
    // Whoever has said goodbye is answered, and whoever has not is told.
    let farewell = async { tokio::join!(to_page.close(), to_backend.close()) };
    tokio::time::timeout(FAREWELL, farewell).await.ok();
    (by_page, format!("{} has closed the connection", if by_page { "the page" } else { "the backend" }))
}

fn note(recorder: &Recorder, session: &Arc<Session>, direction: Direction, message: &Message) {
    if let Message::Text(text) = message
        && let Some(sid) = session.packet(direction, text)
    {
        recorder.remember(sid, Arc::clone(session));
    }
}
