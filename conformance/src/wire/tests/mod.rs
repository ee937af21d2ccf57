//! Sessions against servers that misbehave as no real one can be made to.

mod opening;
mod polling;
mod upgrading;
mod websocket;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    net::TcpStream,
    sync::{mpsc, watch},
};

use super::{Direction, Frame, OpenError, Session, SessionOptions, Signal, Transport};
use crate::net::{Endpoint, fake};

const OPEN: &str = r#"0{"sid":"x","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":40}"#;
const DEADLINE: Duration = Duration::from_secs(5);
/// For what is meant to take too long.
const SHORT: Duration = Duration::from_millis(300);

fn options(endpoint: &Endpoint, transport: Transport) -> SessionOptions {
    SessionOptions {
        query: vec![("token".to_owned(), "a.secret.token".to_owned())],
        deadline: DEADLINE,
        ..SessionOptions::new(endpoint.clone(), "/ws", transport)
    }
}

/// What a session told, in words: `polling in 4hello`, `opened`, `upgraded`, `closed: …`.
#[derive(Clone)]
struct Told(watch::Sender<Vec<String>>);

impl Told {
    fn all(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// Waits until something was told.
    async fn wait_for(&self, line: &str) {
        let mut told = self.0.subscribe();
        let waiting = told.wait_for(|told| told.iter().any(|told| told == line));
        let found = tokio::time::timeout(DEADLINE, waiting).await.map(|found| found.is_ok());
        assert_eq!(found, Ok(true), "{line} was not told, but {:#?}", self.all());
    }
}

async fn open(options: SessionOptions) -> (Result<Session, OpenError>, Told) {
    let told = Told(watch::channel(Vec::new()).0);
    let observer = told.clone();
    let session =
        Session::open(options, Arc::new(move |_, signal| observer.0.send_modify(|told| told.push(in_words(signal)))));
    (session.await, told)
}

fn in_words(signal: Signal) -> String {
    match signal {
        Signal::Frame { direction, transport, frame, .. } => {
            let way = if direction == Direction::In { "in" } else { "out" };
            match frame {
                Frame::Text(text) => format!("{transport} {way} {text}"),
                Frame::Binary(bytes) => format!("{transport} {way} {bytes:?}"),
            }
        }
        Signal::Opened { .. } => "opened".to_owned(),
        Signal::Upgraded => "upgraded".to_owned(),
        Signal::Closed { reason } => format!("closed: {reason}"),
    }
}

/// Plays a server: hands out payloads, one to a `GET`, keeps the bodies of `POST`s, and answers a probe.
#[derive(Clone)]
struct PollingServer {
    /// What the `GET`s are answered with, as whole HTTP answers; while there is none, they wait.
    polls: mpsc::UnboundedSender<String>,
    waiting: Arc<tokio::sync::Mutex<mpsc::UnboundedReceiver<String>>>,
    posts: Arc<Mutex<Vec<String>>>,
    /// Whether `POST`s are answered.
    answering: watch::Sender<bool>,
    /// What the outstanding `GET` is answered with once the probe was; without it, it keeps waiting.
    after_probe: Arc<Mutex<Option<String>>>,
}

impl PollingServer {
    async fn start(polls: impl IntoIterator<Item = String>) -> (Self, Endpoint) {
        let (sender, receiver) = mpsc::unbounded_channel();
        for poll in polls {
            sender.send(poll).unwrap();
        }
        let server = Self {
            polls: sender,
            waiting: Arc::new(receiver.into()),
            posts: Arc::default(),
            answering: watch::channel(true).0,
            after_probe: Arc::default(),
        };
        let shared = server.clone();
        let endpoint = fake::serve(move |_, stream| shared.clone().serve(stream)).await;
        (server, endpoint)
    }

    async fn serve(self, mut stream: TcpStream) {
        while let Some(request) = fake::read_request(&mut stream).await {
            if request.head.contains("upgrade: websocket") {
                return websocket::accept(&request.head, stream, |socket| self.upgrade(socket)).await;
            }
            let answer = if request.head.starts_with("POST") {
                self.posts.lock().unwrap().push(request.body);
                let _ = self.answering.subscribe().wait_for(|answering| *answering).await;
                fake::http("200 OK", "text/html", "ok")
            } else {
                self.waiting.lock().await.recv().await.unwrap()
            };
            fake::say(&mut stream, &answer).await;
        }
    }

    /// Answers the probe; behind the upgrade packet it sends a frame by WebSocket.
    async fn upgrade(self, mut socket: websocket::Peer) {
        assert_eq!(websocket::read(&mut socket).await.as_deref(), Some("2probe"));
        websocket::write(&mut socket, "3probe").await;
        if let Some(poll) = self.after_probe.lock().unwrap().take() {
            self.polls.send(poll).unwrap();
        }
        while let Some(frame) = websocket::read(&mut socket).await {
            if frame == "5" {
                websocket::write(&mut socket, "4by websocket").await;
            }
        }
    }
}

/// A poll's answer.
fn payload(payload: &str) -> String {
    fake::http("200 OK", "text/plain; charset=UTF-8", payload)
}
