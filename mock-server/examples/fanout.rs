//! A load for a backend of the contract: so many pages in one room, so many messages at once, and what came of it as JSON.
//! `ci/bench-broadcasts` runs it on the mock and on the example backends.
//!
//! It is one thread, so that it leaves a core to the backend, and reads frames by itself: it counts, and judges nothing.

#![allow(clippy::expect_used, clippy::panic, reason = "a load that cannot go on ends")]

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{Method, Request};
use clap::Parser;
use fixtures::webhooks::{Inbound, MessageKind, messages};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::task::{JoinSet, LocalSet, spawn_local};
use tokio::time::timeout;

/// How long nothing at all may come before what is missing counts as lost.
const PATIENCE: Duration = Duration::from_secs(20);

/// How many messages warm the backend up.
const WARM_UP: usize = 32;

#[derive(Parser)]
struct Arguments {
    /// The backend's address
    address: String,
    /// Its process, whose memory is looked at
    #[arg(long)]
    pid: u32,
    /// How many pages join the room
    #[arg(long, default_value_t = 1_000)]
    members: usize,
    /// How many messages are on their way at a time, one measurement each
    #[arg(long, value_delimiter = ',', default_value = "1,16")]
    outstanding: Vec<usize>,
    /// How long each measurement takes, in seconds
    #[arg(long, default_value_t = 4)]
    seconds: u64,
    /// How many messages are sent all at once in the end
    #[arg(long, default_value_t = 512)]
    burst: usize,
    /// Send nothing, but have the mock play its busy scenario again and again for so many minutes, and print every ten seconds
    /// how much memory it has and what was heard
    #[arg(long)]
    soak: Option<u64>,
    /// How many times as fast as its file says that is
    #[arg(long, default_value_t = 10.0)]
    speed: f64,
}

/// What the pages have heard.
#[derive(Default)]
struct Heard {
    /// When each message was sent that not everybody has heard yet, and how many have not.
    waiting: HashMap<u64, (Instant, usize, Rc<Notify>)>,
    latencies: Vec<Duration>,
    /// How many broadcasts each page has heard.
    pages: Vec<u64>,
    closed: usize,
}

impl Heard {
    fn deliveries(&self) -> u64 {
        self.pages.iter().sum()
    }

    /// What some page has heard and another has not, all in all.
    fn missing(&self) -> u64 {
        let most = self.pages.iter().max().copied().unwrap_or_default();
        self.pages.iter().map(|heard| most - heard).sum()
    }
}

type Shared = Rc<RefCell<Heard>>;

struct Load {
    address: String,
    http: Client<HttpConnector, Full<Bytes>>,
    heard: Shared,
    members: usize,
    sent: RefCell<u64>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let arguments = Arguments::parse();
    println!("{}", LocalSet::new().block_on(&runtime, run(arguments)));
}

async fn run(arguments: Arguments) -> Value {
    // Uvicorn closes what was idle for five seconds.
    let http = Client::builder(TokioExecutor::new()).pool_idle_timeout(Duration::from_secs(2)).build_http();
    let Arguments { address, members, pid, .. } = arguments;
    let load = Rc::new(Load { address, http, heard: Shared::default(), members, sent: RefCell::default() });
    let before = resident(pid);
    load.join().await;
    let joined = resident(pid);
    if let Some(minutes) = arguments.soak {
        return load.soak(pid, Duration::from_secs(60 * minutes), arguments.speed).await;
    }
    load.burst(WARM_UP).await;
    let mut rates = Vec::new();
    for outstanding in arguments.outstanding {
        rates.push(load.measure(outstanding, Duration::from_secs(arguments.seconds)).await);
    }
    let lost = load.burst(arguments.burst).await;
    let each = |resident: u64| resident.saturating_sub(before) / members as u64;
    json!({"rates": rates, "burst": arguments.burst, "lost": lost, "closed": load.heard.borrow().closed,
        "bytes_joined": each(joined), "bytes_after": each(resident(pid))})
}

impl Load {
    /// Lets all pages join the room.
    async fn join(self: &Rc<Self>) {
        let login = json!({"username": "agent", "password": "agent-password", "login_from": "customercare"});
        let answer = self.post("/api/auth/login", &login).await;
        let token = answer["accessToken"].as_str().expect("a token").to_owned();
        let mut joining = JoinSet::new();
        for _ in 0..self.members {
            // As many at a time as any server takes.
            if joining.len() >= 50 {
                joining.join_next().await;
            }
            let (address, token, heard) = (self.address.clone(), token.clone(), Rc::clone(&self.heard));
            joining.spawn_local(async move {
                let page = timeout(PATIENCE, Page::join(&address, &token)).await.expect("a page joins in time");
                spawn_local(page.listen(heard));
            });
        }
        joining.join_all().await;
    }

    /// Sends one message and waits until every page has heard it. Whether all did.
    async fn send(&self, from: usize) -> bool {
        let number = self.sent.replace_with(|sent| *sent + 1);
        let body = messages(
            "15550100101",
            &[Inbound {
                kind: MessageKind::Text,
                from: format!("1555010{:04}", 1_000 + from),
                name: "Load".to_owned(),
                id: format!("wamid.load{number}"),
                timestamp: 1_771_929_000,
                text: Some(format!("load-{number:08}")),
            }],
        );
        let done = Rc::new(Notify::new());
        self.heard.borrow_mut().waiting.insert(number, (Instant::now(), self.members, Rc::clone(&done)));
        self.post("/api/chats/whatsapp_chat/15550100101", &body).await;
        loop {
            let before = self.heard.borrow().deliveries();
            match timeout(PATIENCE, done.notified()).await {
                Ok(()) => return true,
                Err(_) if self.heard.borrow().deliveries() == before => return false,
                Err(_) => {}
            }
        }
    }

    /// Keeps so many messages on their way for so long.
    async fn measure(self: &Rc<Self>, outstanding: usize, period: Duration) -> Value {
        self.heard.borrow_mut().latencies.clear();
        let (before, started) = (self.heard.borrow().deliveries(), Instant::now());
        let mut senders = JoinSet::new();
        for from in 0..outstanding {
            let load = Rc::clone(self);
            senders.spawn_local(async move { while started.elapsed() < period && load.send(from).await {} });
        }
        senders.join_all().await;
        let mut heard = self.heard.borrow_mut();
        let rate = (heard.deliveries() - before) as f64 / started.elapsed().as_secs_f64();
        heard.latencies.sort_unstable();
        let p99 = heard.latencies.get(heard.latencies.len() * 99 / 100).copied().unwrap_or_default();
        json!({"outstanding": outstanding, "deliveries_a_second": rate.round(), "p99_ms": p99.as_secs_f64() * 1_000.0})
    }

    /// Sends so many at once; gives how many deliveries never came.
    async fn burst(self: &Rc<Self>, count: usize) -> usize {
        let mut senders = JoinSet::new();
        for from in 0..count {
            let load = Rc::clone(self);
            senders.spawn_local(async move { load.send(from % 16).await });
        }
        senders.join_all().await;
        self.heard.borrow_mut().waiting.drain().map(|(_, (_, missing, _))| missing).sum()
    }

    /// Only listens, while the mock plays.
    async fn soak(&self, pid: u32, period: Duration, speed: f64) -> Value {
        let started = Instant::now();
        let mut played = 0;
        while started.elapsed() < period {
            if self.call(Method::GET, "/__mock/api/player", &Value::Null).await["playing"] != true {
                let play = json!({"scenario": "busy-morning", "speed": speed});
                self.call(Method::PUT, "/__mock/api/player", &play).await;
                played += 1;
            }
            tokio::time::sleep(Duration::from_secs(10)).await;
            let heard = self.heard.borrow();
            let (seconds, megabytes) = (started.elapsed().as_secs(), resident(pid) as f64 / 1e6);
            let (deliveries, closed) = (heard.deliveries(), heard.closed);
            println!("{seconds:5} s  {megabytes:7.1} MB  {deliveries} deliveries  {closed} cut off");
        }
        self.call(Method::DELETE, "/__mock/api/player", &Value::Null).await;
        let ended = Instant::now();
        while self.heard.borrow().missing() > 0 && ended.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let heard = self.heard.borrow();
        json!({"played": played, "deliveries": heard.deliveries(), "lost": heard.missing(), "closed": heard.closed})
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.call(Method::POST, path, body).await
    }

    async fn call(&self, method: Method, path: &str, body: &Value) -> Value {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address))
            .header("content-type", "application/json")
            .body(if body.is_null() { Full::default() } else { Full::from(body.to_string()) })
            .expect("a request");
        let answer = self.http.request(request).await.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let answer = answer.into_body().collect().await.expect("an answer").to_bytes();
        serde_json::from_slice(&answer).unwrap_or_default()
    }
}

/// One page: a WebSocket, and what has been read of it.
struct Page {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Page {
    async fn join(address: &str, token: &str) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).ok();
        let mut page = Self { stream, read: Vec::with_capacity(2_048) };
        let handshake = format!(
            "GET /ws/?EIO=4&transport=websocket&token={token} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        page.stream.write_all(handshake.as_bytes()).await.expect("a request");
        let head = loop {
            if let Some(end) = page.read.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            page.more().await;
        };
        page.read.drain(..head);
        let join = [("40".to_owned(), "40"), (format!("42{}", json!(["join_room", {"room": "PartnerApp"}])), "42")];
        for (packet, answer) in join {
            page.send(packet.as_bytes()).await;
            while !page.frame().await.starts_with(answer.as_bytes()) {}
        }
        page
    }

    /// Counts what it hears until it is closed.
    async fn listen(mut self, heard: Shared) {
        let page = heard.borrow().pages.len();
        heard.borrow_mut().pages.push(0);
        loop {
            let frame = self.frame().await;
            if frame.is_empty() {
                heard.borrow_mut().closed += 1;
                return;
            }
            if !frame.starts_with(b"42[\"room_update\"") {
                continue;
            }
            let heard = &mut *heard.borrow_mut();
            heard.pages[page] += 1;
            let Some(at) = frame.windows(5).position(|window| window == b"load-") else { continue };
            let number = std::str::from_utf8(&frame[at + 5..at + 13]).ok().and_then(|number| number.parse().ok());
            let Some((sent, missing, done)) = number.and_then(|number: u64| heard.waiting.get_mut(&number)) else {
                continue;
            };
            heard.latencies.push(sent.elapsed());
            *missing -= 1;
            if *missing == 0 {
                done.notify_one();
                number.and_then(|number| heard.waiting.remove(&number));
            }
        }
    }

    /// The next text, answering pings; empty when it is closed.
    async fn frame(&mut self) -> Vec<u8> {
        loop {
            let (start, length) = match self.read.get(1).map(|length| length & 0x7f) {
                Some(126) if self.read.len() >= 4 => (4, u16::from_be_bytes([self.read[2], self.read[3]]).into()),
                Some(length) if length < 126 => (2, usize::from(length)),
                _ => (2, usize::MAX - 2),
            };
            if self.read.len() < start + length {
                if !self.more().await {
                    return Vec::new();
                }
                continue;
            }
            let frame: Vec<u8> = self.read.drain(..start + length).skip(start).collect();
            if frame != b"2" {
                return frame;
            }
            self.send(b"3").await;
        }
    }

    async fn more(&mut self) -> bool {
        self.stream.read_buf(&mut self.read).await.is_ok_and(|read| read > 0)
    }

    /// One text frame, masked with zeros (RFC 6455, section 5.2).
    async fn send(&mut self, text: &[u8]) {
        let length = u8::try_from(text.len()).ok().filter(|length| *length < 126).expect("a short packet");
        let frame = [&[0x81, 0x80 | length, 0, 0, 0, 0], text].concat();
        // One that is closed is noticed by reading.
        self.stream.write_all(&frame).await.ok();
    }
}

/// How much memory a process has, in bytes (Linux; elsewhere nothing).
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() * 1_024
}
