//! One HTTP/1.1 connection, by hyper: for one exchange after the other, or to be handed over as a WebSocket's.

use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    body::Incoming,
    client::conn::http1::{self, SendRequest},
};
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;

use super::{Answer, Budget, Dialled, Endpoint, HttpError, Progress, Request, Stream};

/// No answer of a backend under test is near this, and a run must not be drowned by one that is.
const BODY_LIMIT: usize = 16 << 20;

/// How long a connection may lie idle and still be used. Servers hang up after 2 s and more: at one second, a request
/// does not cross a server's goodbye on the wire.
const FRESH: Duration = Duration::from_secs(1);

/// How long the server may take, after its answer, to be ready for the next request: it has to read the last one's
/// body, which one that refused it early may never do.
const SETTLE: Duration = Duration::from_millis(100);

/// An open connection with nothing outstanding.
pub(crate) struct Connection {
    endpoint: Endpoint,
    sender: SendRequest<Full<Bytes>>,
    _task: AbortOnDrop,
    local_port: u16,
    idle_since: Instant,
    reused: bool,
}

/// What a server made of a request to change the protocol.
pub(crate) enum Upgrade {
    /// 101: the connection is ours.
    Switched {
        stream: Stream,
        /// What came right behind the answer's head and already belongs to the new protocol.
        leftover: Bytes,
        headers: HeaderMap,
        local_port: u16,
    },
    /// An ordinary answer.
    Refused(Answer),
}

impl Connection {
    pub(crate) async fn open(endpoint: &Endpoint, budget: Budget) -> Result<Self, HttpError> {
        let Dialled { stream, local_port } = endpoint.dial_within(budget).await?;
        let (sender, driver) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| HttpError::Closed {
            request: endpoint.base().to_string(),
            progress: Progress::Unsent,
            reason: reason(&error),
            local_port,
        })?;
        // Its result comes out of the exchange that it disturbs.
        let task = tokio::spawn(async move { drop(driver.with_upgrades().await) });
        let _task = AbortOnDrop(task.abort_handle());
        Ok(Self { endpoint: endpoint.clone(), sender, _task, local_port, idle_since: Instant::now(), reused: false })
    }

    pub(crate) fn local_port(&self) -> u16 {
        self.local_port
    }

    /// Whether it carried an exchange before, so that the server may have grown tired of it.
    pub(super) fn reused(&self) -> bool {
        self.reused
    }

    pub(super) fn usable(&self) -> bool {
        self.sender.is_ready() && !self.sender.is_closed() && self.idle_since.elapsed() < FRESH
    }

    /// Sends one request and reads its whole answer. After an error the connection is of no use.
    pub(crate) async fn exchange(&mut self, request: &Request, budget: Budget) -> Result<Answer, HttpError> {
        let message = request.to_http(&self.endpoint)?;
        let started = Instant::now();
        let answering = async {
            let response = self.head(message, request).await?;
            self.read(response, request, started).await
        };
        budget.bound(answering).await.unwrap_or_else(|_| Err(self.timed_out(request, budget)))
    }

    /// Whether the connection can be kept for another exchange; waits, briefly, for the server to be done with the
    /// last.
    pub(super) async fn settle(&mut self) -> bool {
        self.reused = true;
        let settled = tokio::time::timeout(SETTLE, self.sender.ready()).await;
        self.idle_since = Instant::now();
        matches!(settled, Ok(Ok(())))
    }

    async fn head(
        &mut self,
        message: http::Request<Full<Bytes>>,
        request: &Request,
    ) -> Result<Response<Incoming>, HttpError> {
        self.sender.try_send_request(message).await.map_err(|mut failure| {
            let progress = if failure.take_message().is_some() { Progress::Unsent } else { Progress::Sent };
            self.failed(failure.error(), request, progress)
        })
    }

    async fn read(
        &self,
        response: Response<Incoming>,
        request: &Request,
        started: Instant,
    ) -> Result<Answer, HttpError> {
        let (head, body) = response.into_parts();
        let body = Limited::new(body, BODY_LIMIT).collect().await.map_err(|error| {
            match error.downcast_ref::<hyper::Error>() {
                Some(error) => self.failed(error, request, Progress::MidAnswer),
                None if error.is::<LengthLimitError>() => {
                    HttpError::TooLarge { request: request.shown(&self.endpoint), limit: BODY_LIMIT }
                }
                None => self.closed(request, Progress::MidAnswer, error.to_string()),
            }
        })?;
        Ok(Answer {
            status: head.status,
            headers: head.headers,
            body: body.to_bytes(),
            local_port: self.local_port,
            took: started.elapsed(),
        })
    }

    fn failed(&self, error: &hyper::Error, request: &Request, progress: Progress) -> HttpError {
        if error.is_parse() {
            return HttpError::NotHttp { request: request.shown(&self.endpoint), reason: reason(error) };
        }
        self.closed(request, progress, reason(error))
    }

    fn closed(&self, request: &Request, progress: Progress, reason: String) -> HttpError {
        HttpError::Closed { request: request.shown(&self.endpoint), progress, reason, local_port: self.local_port }
    }

    fn timed_out(&self, request: &Request, budget: Budget) -> HttpError {
        let request = request.shown(&self.endpoint);
        HttpError::TimedOut { request, after: budget.limit(), local_port: self.local_port }
    }
}

/// Opens a connection of its own, and asks to change the protocol on it.
pub(crate) async fn upgrade(endpoint: &Endpoint, request: &Request, budget: Budget) -> Result<Upgrade, HttpError> {
    let mut connection = Connection::open(endpoint, budget).await?;
    let message = request.to_http(endpoint)?;
    let started = Instant::now();
    let switching = async {
        let response = connection.head(message, request).await?;
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return connection.read(response, request, started).await.map(Upgrade::Refused);
        }
        let headers = response.headers().clone();
        let upgraded = hyper::upgrade::on(response)
            .await
            .map_err(|error| connection.failed(&error, request, Progress::MidAnswer))?;
        let parts = upgraded.downcast::<TokioIo<Stream>>().map_err(|_| {
            connection.closed(request, Progress::MidAnswer, "the connection was not handed over".to_owned())
        })?;
        Ok(Upgrade::Switched {
            stream: parts.io.into_inner(),
            leftover: parts.read_buf,
            headers,
            local_port: connection.local_port,
        })
    };
    let switched = budget.bound(switching).await;
    switched.unwrap_or_else(|_| Err(connection.timed_out(request, budget)))
}

/// Hyper names the kind of an error; what the system said stands behind it.
fn reason(error: &hyper::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Ends a connection's task, and with it the connection, when nobody holds it any more.
struct AbortOnDrop(AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
