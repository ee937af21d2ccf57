//! WebDriver BiDi: commands and events over one WebSocket (W3C, "WebDriver BiDi"). It knows no page.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// How long a command may take that waits for nothing in a page.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Why a command had no result.
#[derive(Debug, Clone, thiserror::Error)]
pub enum BidiError {
    /// There is no connection.
    #[error("cannot reach the browser at {url}: {reason}")]
    Connect {
        /// Where.
        url: String,
        /// What came instead.
        reason: String,
    },
    /// The browser refused the command.
    #[error("{method}: {error}: {message}")]
    Refused {
        /// The command.
        method: String,
        /// The error's code.
        error: String,
        /// The browser's words.
        message: String,
    },
    /// The connection ended.
    #[error("{method}: the browser is gone")]
    Gone {
        /// The command.
        method: String,
    },
    /// No answer within the time.
    #[error("{method}: no answer within {PATIENCE:?}")]
    TimedOut {
        /// The command.
        method: String,
    },
}

/// Who waits for which answer.
type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// A connection to a browser's session.
#[derive(Debug)]
pub struct Bidi {
    outgoing: mpsc::UnboundedSender<String>,
    waiting: Waiting,
    next: AtomicU64,
    reader: JoinHandle<()>,
}

impl Drop for Bidi {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Bidi {
    /// Connects; `on_event` is called with each event's method and parameters, in the order of arrival.
    ///
    /// # Errors
    /// [`BidiError::Connect`].
    pub async fn connect(url: &str, on_event: impl Fn(&str, &Value) + Send + 'static) -> Result<Self, BidiError> {
        let unreachable = |reason: String| BidiError::Connect { url: url.to_owned(), reason };
        let address = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).unwrap_or_default();
        let stream = TcpStream::connect(address).await.map_err(|error| unreachable(error.to_string()))?;
        let (socket, _) =
            tokio_tungstenite::client_async(url, stream).await.map_err(|error| unreachable(error.to_string()))?;
        let (outgoing, queued) = mpsc::unbounded_channel();
        let waiting = Waiting::default();
        let reader = tokio::spawn(run(socket, queued, Arc::clone(&waiting), on_event));
        Ok(Self { outgoing, waiting, next: AtomicU64::new(1), reader })
    }

    /// Sends a command and gives its result.
    ///
    /// # Errors
    /// [`BidiError`] that names the command.
    pub async fn command(&self, method: &str, params: Value) -> Result<Value, BidiError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let (answer, answered) = oneshot::channel();
        lock(&self.waiting).insert(id, answer);
        let gone = || BidiError::Gone { method: method.to_owned() };
        self.outgoing.send(json!({"id": id, "method": method, "params": params}).to_string()).map_err(|_| gone())?;
        let Ok(answered) = tokio::time::timeout(PATIENCE, answered).await else {
            lock(&self.waiting).remove(&id);
            return Err(BidiError::TimedOut { method: method.to_owned() });
        };
        let mut answer = answered.map_err(|_| gone())?;
        let text = |key: &str| answer.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        match text("type").as_str() {
            "error" => {
                Err(BidiError::Refused { method: method.to_owned(), error: text("error"), message: text("message") })
            }
            _ => Ok(answer.get_mut("result").map(Value::take).unwrap_or_default()),
        }
    }
}

/// Hands commands out, answers to who waits for them, and events on.
async fn run(
    socket: WebSocketStream<TcpStream>,
    mut queued: mpsc::UnboundedReceiver<String>,
    waiting: Waiting,
    on_event: impl Fn(&str, &Value),
) {
    let (mut sink, mut stream) = socket.split();
    loop {
        tokio::select! {
            Some(text) = queued.recv() => {
                if sink.send(Message::text(text)).await.is_err() {
                    break;
                }
            }
            message = stream.next() => {
                let Some(Ok(message)) = message else { break };
                let Ok(value) = message.to_text().map_or(Ok(Value::Null), serde_json::from_str::<Value>) else { continue };
                if let Some(id) = value.get("id").and_then(Value::as_u64) {
                    if let Some(answer) = lock(&waiting).remove(&id) {
                        let _nobody_waits_any_more = answer.send(value);
                    }
                } else if let Some(method) = value.get("method").and_then(Value::as_str) {
                    on_event(method, value.get("params").unwrap_or(&Value::Null));
                }
            }
        }
    }
    lock(&waiting).clear(); // whoever waits hears that nothing will come
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
