//! A connection by rust_socketio, a client that we did not write: so that our own codec is not the only witness of what was
//! heard. It speaks WebSocket alone, tells neither sid nor handshake, and does not tell when the server hangs up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fixtures::Exchange;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, ready};
use rust_socketio::asynchronous::{Client, ClientBuilder};
use rust_socketio::{Event, Payload, TransportType};
use serde_json::{Value, json};

use super::Opening;
use crate::recording::{Direction, Peer, TokenPlace, What};
use crate::stage::log::ScenarioLog;
use crate::target::Redactor;

/// A live connection.
pub(super) struct Witness {
    client: Client,
    shared: Arc<Shared>,
    deadline: Duration,
}

/// What the client's callbacks need to write down what they hear.
struct Shared {
    log: Arc<ScenarioLog>,
    peer: Peer,
    redactor: Redactor,
    join: Exchange,
    asked: Mutex<Asked>,
}

/// Requests to join on their way, by what asked: their answers come in their order.
#[derive(Default)]
struct Asked {
    /// How many fences there were.
    fences: u32,
    /// A fence's number, or none where a scenario asked.
    waiting: VecDeque<Option<u32>>,
}

impl Witness {
    /// Opens and connects; what happened stands in the log. None where no session came about.
    pub async fn open(
        opening: Opening,
        peer: Peer,
        log: &Arc<ScenarioLog>,
        redactor: &Redactor,
        join: &Exchange,
    ) -> Option<Self> {
        let Opening { transport, token, place, token_text, options, namespace } = opening;
        log.write(Some(&peer), What::Opening { transport, token, place });
        let shared = Arc::new(Shared {
            log: Arc::clone(log),
            peer: peer.clone(),
            redactor: redactor.clone(),
            join: join.clone(),
            asked: Mutex::default(),
        });
        let mut url = options.endpoint.base().clone();
        url.set_path(&format!("{}/", options.endpoint.request_target(&options.path)));
        if let (TokenPlace::Query, Some(token)) = (place, &token_text) {
            url.query_pairs_mut().append_pair("token", token);
        }
        let mut builder = ClientBuilder::new(url)
            .namespace(namespace)
            .transport_type(TransportType::Websocket)
            .reconnect(false)
            .on(Event::Connect, Shared::told(&shared, |shared, _| shared.write(What::Connected)))
            .on(Event::Error, Shared::told(&shared, Shared::trouble))
            .on_any(Shared::told_any(&shared));
        if let (TokenPlace::Auth, Some(token)) = (place, &token_text) {
            builder = builder.auth(json!({ "token": token }));
        }
        let from = log.position();
        let until = Instant::now() + options.deadline;
        let client = match tokio::time::timeout(options.deadline, builder.connect()).await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => {
                shared
                    .write(What::OpenFailed { reason: redactor.redact(&error.to_string()).into_owned(), status: None });
                return None;
            }
            Err(_) => {
                shared
                    .write(What::OpenFailed { reason: "rust_socketio did not open in time".to_owned(), status: None });
                return None;
            }
        };
        // `connect` returns before CONNECT is answered.
        let answered = log.wait(from, until, |entry| {
            let ours = entry.peer.as_ref() == Some(&peer);
            (ours && matches!(entry.what, What::Connected | What::ConnectError { .. })).then_some(())
        });
        if answered.await.is_none() {
            shared.write(What::ConnectTimedOut);
        }
        Some(Self { client, shared, deadline: options.deadline })
    }

    /// Emits an event; `written` are the arguments as they are to stand in the recording.
    pub async fn emit(&self, event: &str, args: &[Value], written: Vec<Value>) {
        if event == self.shared.join.request {
            self.shared.asked().waiting.push_back(None);
        }
        self.shared.write(What::Event { dir: Direction::Out, event: event.to_owned(), args: written });
        self.send(event, args.to_vec()).await;
    }

    /// Sends a fence: a request to join a room that does not exist. This client cannot ask for a namespace.
    pub async fn fence(&self) -> u32 {
        let fence = {
            let mut asked = self.shared.asked();
            let fence = asked.fences;
            asked.fences += 1;
            asked.waiting.push_back(Some(fence));
            fence
        };
        self.shared.write(What::FenceSent { fence });
        self.send(&self.shared.join.request, vec![json!({ "room": format!("conformance-fence-{fence}") })]).await;
        fence
    }

    /// Ends the connection as a good client does. Its end is written down here: the client does not tell it.
    pub async fn close(&self) {
        let _either_way_it_is_over = tokio::time::timeout(self.deadline, self.client.disconnect()).await;
        self.shared.write(What::Closed { by_us: true, detail: "closed by us".to_owned() });
    }

    async fn send(&self, event: &str, args: Vec<Value>) {
        match tokio::time::timeout(self.deadline, self.client.emit(event, args)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => self.shared.trouble(Payload::from(error.to_string())),
            Err(_) => self.shared.trouble(Payload::from("nothing more is taken in".to_owned())),
        }
    }
}

impl Shared {
    fn write(&self, what: What) {
        self.log.write(Some(&self.peer), what);
    }

    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A callback that does something at once: callbacks are awaited one after the other, so their order is what came.
    fn told(
        shared: &Arc<Self>,
        act: impl Fn(&Self, Payload) + Send + Sync + 'static,
    ) -> impl FnMut(Payload, Client) -> BoxFuture<'static, ()> + Send + Sync + 'static {
        let shared = Arc::clone(shared);
        move |payload, _| {
            act(&shared, payload);
            ready(()).boxed()
        }
    }

    fn told_any(
        shared: &Arc<Self>,
    ) -> impl FnMut(Event, Payload, Client) -> BoxFuture<'static, ()> + Send + Sync + 'static {
        let shared = Arc::clone(shared);
        move |event, payload, _| {
            if let Payload::Text(args) = payload {
                shared.heard(event.as_str(), args);
            }
            ready(()).boxed()
        }
    }

    fn heard(&self, event: &str, args: Vec<Value>) {
        let is_answer = self.join.answer.as_deref() == Some(event);
        let asked = if is_answer { self.asked().waiting.pop_front().flatten() } else { None };
        self.write(match asked {
            Some(fence) => What::FenceBack { fence },
            None => What::Event { dir: Direction::In, event: event.to_owned(), args },
        });
    }

    /// What the client calls an error: CONNECT's refusal, as text, or something that went wrong later.
    fn trouble(&self, payload: Payload) {
        let text = match payload {
            Payload::Text(values) => {
                values.first().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
            }
            _ => None,
        };
        let text = self.redactor.redact(&text.unwrap_or_default()).into_owned();
        self.write(match text.strip_prefix("Received an ConnectError frame: ") {
            Some(data) => What::ConnectError { data: serde_json::from_str(data).unwrap_or_else(|_| Value::from(data)) },
            None => What::Frame { dir: Direction::In, text },
        });
    }
}
