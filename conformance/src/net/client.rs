//! A plain HTTP/1.1 client with a small pool of idle connections.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{Answer, Budget, Connection, Endpoint, HttpError, Progress, Request};

/// Enough for a burst of webhooks; what is above it is closed after use.
const MAX_IDLE: usize = 64;

/// Sends requests to one endpoint. Clones share the idle connections.
#[derive(Clone)]
pub struct HttpClient {
    endpoint: Endpoint,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl HttpClient {
    /// A client without connections; they are opened as they are needed.
    pub fn new(endpoint: Endpoint) -> Self {
        Self { endpoint, idle: Arc::default() }
    }

    /// Where it sends to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a request and reads the whole answer; connecting and answering share the deadline.
    ///
    /// A kept connection may be closed by the server just when it is used again. Then the request is sent once more on
    /// a new one, provided that it had not gone out, or that repeating it is harmless (`GET` and the other idempotent
    /// methods). A `POST` that may have arrived is never repeated.
    ///
    /// # Errors
    /// When there is no complete HTTP answer in time. An error status is an answer.
    pub async fn send(&self, request: Request, deadline: Duration) -> Result<Answer, HttpError> {
        let budget = Budget::new(deadline);
        let mut connection = self.checkout(budget).await?;
        let mut result = connection.exchange(&request, budget).await;
        if connection.reused() && result.as_ref().is_err_and(|error| may_repeat(&request, error)) {
            connection = Connection::open(&self.endpoint, budget).await?;
            result = connection.exchange(&request, budget).await;
        }
        let answer = result?;
        self.give_back(connection).await;
        Ok(answer)
    }

    /// A connection for one exchange: an idle one that is fit, or else a new one.
    pub(crate) async fn checkout(&self, budget: Budget) -> Result<Connection, HttpError> {
        let kept = {
            let mut idle = self.idle();
            std::iter::from_fn(|| idle.pop()).find(Connection::usable)
        };
        match kept {
            Some(connection) => Ok(connection),
            None => Connection::open(&self.endpoint, budget).await,
        }
    }

    /// Keeps a connection, after a successful exchange, for the next one.
    pub(crate) async fn give_back(&self, mut connection: Connection) {
        if connection.settle().await {
            let mut idle = self.idle();
            idle.retain(Connection::usable);
            if idle.len() < MAX_IDLE {
                idle.push(connection);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn may_repeat(request: &Request, error: &HttpError) -> bool {
    match error {
        HttpError::Closed { progress: Progress::Unsent, .. } => true,
        HttpError::Closed { progress: Progress::Sent, .. } => request.method.is_idempotent(),
        _ => false,
    }
}
