//! A server of the test's own, and a page that talks to it by HTTP long-polling: Engine.IO v4 in a few plain requests,
//! without a client library, so that nothing but the protocol stands between the test and the server.

pub mod api;
pub mod schema;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use fixtures::webhooks::{self, Inbound, MessageKind};
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use mock_server::{Options, ServeError, bind, serve};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// How long anything may take; only a failing test waits for it.
pub const DEADLINE: Duration = Duration::from_secs(10);

pub const PARTNER: &str = "15550100101";
pub const VENDOR: &str = "15550100103";

/// The default options, without chats.
pub fn options() -> Options {
    Options { sample_chats: Vec::new(), ..Options::default() }
}

pub struct Server {
    pub address: SocketAddr,
    http: Client<HttpConnector, Full<Bytes>>,
    shutdown: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), ServeError>>,
}

impl Server {
    pub fn start(options: Options) -> Self {
        Self::serving(|listener, shutdown| serve(listener, options, shutdown))
    }

    /// Anything that serves until it is told to end.
    pub fn serving<S>(serve: impl FnOnce(TcpListener, BoxFuture<'static, ()>) -> S) -> Self
    where
        S: Future<Output = Result<(), ServeError>> + Send + 'static,
    {
        let listener = bind(([127, 0, 0, 1], 0).into()).unwrap();
        let address = listener.local_addr().unwrap();
        let (shutdown, asked) = oneshot::channel();
        let shut_down = async {
            asked.await.ok();
        };
        let ended = tokio::spawn(serve(listener, Box::pin(shut_down)));
        Self { address, http: Client::builder(TokioExecutor::new()).build_http(), shutdown, ended }
    }

    /// Ends it, and waits until it has.
    pub async fn stop(self) {
        self.shutdown.send(()).unwrap();
        timeout(DEADLINE, self.ended).await.expect("it must end").unwrap().unwrap();
    }

    pub async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> (StatusCode, Bytes) {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.http.request(request.body(Full::new(body.into())).unwrap());
        let response = timeout(DEADLINE, response).await.expect("an answer").unwrap();
        (response.status(), response.into_body().collect().await.unwrap().to_bytes())
    }

    /// The headers of the answer.
    pub async fn headers(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> HeaderMap {
        let mut request = Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.http.request(request.body(Full::default()).unwrap());
        timeout(DEADLINE, response).await.expect("an answer").unwrap().headers().clone()
    }

    /// The first piece of an answer that does not end.
    pub async fn first_piece(&self, path: &str, headers: &[(&str, &str)]) -> String {
        let mut request = Request::get(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.http.request(request.body(Full::default()).unwrap());
        let mut body = timeout(DEADLINE, response).await.expect("an answer").unwrap().into_body();
        let piece = timeout(DEADLINE, body.frame()).await.expect("a piece").unwrap().unwrap();
        String::from_utf8(piece.into_data().unwrap().to_vec()).unwrap()
    }

    pub async fn get(&self, path: &str) -> StatusCode {
        self.request(Method::GET, path, &[], "").await.0
    }

    /// A call with a token and a JSON body.
    pub async fn post_as(&self, path: &str, token: &str, body: &Value) -> (StatusCode, Value) {
        let headers = [("authorization", &*format!("Bearer {token}")), ("content-type", "application/json")];
        let (status, body) = self.request(Method::POST, path, &headers, body.to_string()).await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    pub async fn get_as(&self, path: &str, token: &str) -> (StatusCode, Value) {
        let authorization = format!("Bearer {token}");
        let (status, body) = self.request(Method::GET, path, &[("authorization", &authorization)], "").await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    pub async fn post(&self, path: &str, body: impl Into<Bytes>) -> (StatusCode, Value) {
        let (status, body) = self.request(Method::POST, path, &[("content-type", "application/json")], body).await;
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    /// An access token and a refresh token of the login.
    pub async fn log_in(&self) -> (String, String) {
        let credentials = json!({"username": "agent", "password": "agent-password", "login_from": "test"});
        let (status, answer) = self.post("/api/auth/login", credentials.to_string()).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        let token = |key: &str| answer[key].as_str().unwrap().to_owned();
        (token("accessToken"), token("refreshToken"))
    }

    /// A page that has logged in and connected.
    pub async fn page(&self) -> Page<'_> {
        let (token, _) = self.log_in().await;
        Page::connect(self, "", &json!({"token": token})).await.expect("a good token")
    }

    /// Delivers a body to a channel as the provider does.
    pub async fn deliver(&self, channel: &str, body: impl Into<Bytes>) -> StatusCode {
        self.post(&format!("/api/chats/whatsapp_chat/{channel}"), body).await.0
    }

    /// A customer writes a text.
    pub async fn write(&self, channel: &str, number: &str, text: &str) {
        let body = webhooks::messages(channel, &[inbound(number, text)]);
        assert_eq!(self.deliver(channel, body.to_string()).await, StatusCode::OK);
    }
}

/// A text message of a customer, with an id of its own.
pub fn inbound(number: &str, text: &str) -> Inbound {
    static SENT: AtomicU64 = AtomicU64::new(0);
    Inbound {
        kind: MessageKind::Text,
        from: number.to_owned(),
        name: "Vivek".to_owned(),
        id: format!("wamid.{}", SENT.fetch_add(1, Ordering::Relaxed)),
        timestamp: 1_771_929_000,
        text: Some(text.to_owned()),
    }
}

/// One Socket.IO client.
pub struct Page<'a> {
    server: &'a Server,
    /// Where its session is polled.
    pub session: String,
    packets: VecDeque<String>,
    /// Events that came while another was waited for.
    heard: VecDeque<(String, Value)>,
}

impl<'a> Page<'a> {
    /// Opens a session and connects to the namespace; the message of the refusal where it is refused.
    pub async fn connect(server: &'a Server, query: &str, auth: &Value) -> Result<Self, String> {
        Self::connect_at(server, "/ws/", query, auth).await
    }

    pub async fn connect_at(server: &'a Server, path: &str, query: &str, auth: &Value) -> Result<Self, String> {
        let open = format!("{path}?EIO=4&transport=polling{query}");
        let (status, body) = server.request(Method::GET, &open, &[], "").await;
        assert_eq!(status, StatusCode::OK);
        let handshake: Value = serde_json::from_slice(&body[1..]).unwrap();
        let session = format!("{open}&sid={}", handshake["sid"].as_str().unwrap());
        let mut page = Self { server, session, packets: VecDeque::new(), heard: VecDeque::new() };
        page.send(&format!("40{auth}")).await;
        loop {
            let packet = page.packet().await;
            if let Some(error) = packet.strip_prefix("44") {
                let error: Value = serde_json::from_str(error).unwrap();
                return Err(error["message"].as_str().unwrap().to_owned());
            }
            if packet.starts_with("40") {
                return Ok(page);
            }
        }
    }

    /// Posts one Engine.IO packet, whatever it says.
    pub async fn send(&self, packet: &str) {
        let (status, _) = self.server.request(Method::POST, &self.session, &[], packet.to_owned()).await;
        assert_eq!(status, StatusCode::OK, "{packet}");
    }

    /// Emits an event with one argument.
    pub async fn emit(&self, event: &str, payload: &Value) {
        self.send(&format!("42{}", json!([event, payload]))).await;
    }

    /// The next packet that is no heartbeat.
    pub async fn packet(&mut self) -> String {
        loop {
            match self.packets.pop_front() {
                Some(ping) if ping == "2" => self.send("3").await,
                Some(packet) => return packet,
                None => {
                    let (status, body) = self.server.request(Method::GET, &self.session, &[], "").await;
                    assert_eq!(status, StatusCode::OK);
                    let body = String::from_utf8(body.to_vec()).unwrap();
                    self.packets.extend(body.split('\x1e').map(ToOwned::to_owned));
                }
            }
        }
    }

    /// The next event: its name and first argument.
    pub async fn event(&mut self) -> (String, Value) {
        if let Some(heard) = self.heard.pop_front() {
            return heard;
        }
        let packet = self.packet().await;
        let arguments = packet.strip_prefix("42").unwrap_or_else(|| panic!("an event, not {packet}"));
        let (event, payload): (String, Value) = serde_json::from_str(arguments).unwrap();
        (event, payload)
    }

    /// Waits for this answer; what else comes meanwhile is kept.
    pub async fn answer(&mut self, event: &str) -> Value {
        let mut kept = VecDeque::new();
        let answer = loop {
            match self.event().await {
                (name, payload) if name == event => break payload,
                other => kept.push_back(other),
            }
        };
        self.heard.extend(kept);
        answer
    }

    /// Emits a request and waits for `<event>_response`.
    pub async fn ask(&mut self, event: &str, payload: &Value) -> Value {
        self.emit(event, payload).await;
        self.answer(&format!("{event}_response")).await
    }

    pub async fn join(&mut self, room: &str) {
        assert_eq!(self.ask("join_room", &json!({"room": room})).await, json!({"status": 1, "room": room}));
    }

    /// All events so far that nobody waited for. Everything goes through one ordered queue, so what was caused before
    /// this is in, or will never come.
    pub async fn all_heard(&mut self) -> Vec<(String, Value)> {
        self.ask("search_chat", &json!({"customer": "nobody"})).await;
        self.heard.drain(..).collect()
    }
}
