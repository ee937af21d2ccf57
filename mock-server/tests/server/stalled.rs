//! Clients that stop reading: they are cut off, delay nobody, and do not hold up the end.

use std::time::{Duration, Instant};

use fixtures::webhooks;
use mock_server::Options;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::{DEADLINE, PARTNER, Page, Server, inbound, options};

/// A WebSocket that joins a room and from then on is not read.
struct Stalled {
    stream: TcpStream,
}

impl Stalled {
    async fn join(server: &Server, room: &str) -> Self {
        let (token, _) = server.log_in().await;
        let socket = TcpSocket::new_v4().unwrap();
        // The less the kernel takes for it, the sooner it stalls.
        socket.set_recv_buffer_size(4_096).unwrap();
        let mut stream = socket.connect(server.address).await.unwrap();
        let handshake = format!(
            "GET /ws/?EIO=4&transport=websocket&token={token} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        stream.write_all(handshake.as_bytes()).await.unwrap();
        let mut stalled = Self { stream };
        stalled.read_until("\"sid\"").await;
        stalled.send("40").await;
        stalled.read_until("40{").await;
        stalled.send(&format!("42{}", json!(["join_room", {"room": room}]))).await;
        stalled.read_until("join_room_response").await;
        stalled
    }

    /// One text frame, masked with zeros (RFC 6455, section 5.2).
    async fn send(&mut self, text: &str) {
        let length = u8::try_from(text.len()).ok().filter(|length| *length < 126).unwrap();
        self.stream.write_all(&[0x81, 0x80 | length, 0, 0, 0, 0]).await.unwrap();
        self.stream.write_all(text.as_bytes()).await.unwrap();
    }

    async fn read_until(&mut self, text: &str) {
        let mut read = Vec::new();
        while !String::from_utf8_lossy(&read).contains(text) {
            let count = timeout(DEADLINE, self.stream.read_buf(&mut read)).await.expect(text).unwrap();
            assert_ne!(count, 0, "closed before {text}");
        }
    }

    /// Waits until the server has dropped the connection, without reading: who reads is not stalled any more. What is
    /// written (an unsolicited pong, RFC 6455, section 5.5.3) fails once nobody is there to take it.
    async fn gets_dropped(mut self) {
        let dropped = async {
            while self.stream.write_all(&[0x8a, 0x80, 0, 0, 0, 0]).await.is_ok() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(DEADLINE, dropped).await.expect("the server drops it");
    }
}

/// So many messages of 3 KB.
fn flood(count: usize) -> String {
    let text = "x".repeat(3_000);
    let messages: Vec<_> = (0..count).map(|_| inbound("15550100001", &text)).collect();
    webhooks::messages(PARTNER, &messages).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_stops_reading_is_cut_off_and_delays_nobody() {
    let server = Server::start(options());
    let stalled = Stalled::join(&server, "PartnerApp").await;
    let mut forgetful = server.page().await;
    forgetful.join("PartnerApp").await;
    let mut member = server.page().await;
    member.join("PartnerApp").await;
    // More than fits: 4,096 packets, and what the kernel takes.
    for _ in 0..40 {
        server.deliver(PARTNER, flood(200)).await;
        let heard = member.all_heard().await;
        assert_eq!(heard.len(), 200);
    }
    stalled.gets_dropped().await;
    let (status, _) = server.request(axum::http::Method::GET, &forgetful.session, &[], "").await;
    assert_eq!(status, 400, "what it missed is not kept from it: it must connect anew");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_nothing_for_as_long_as_a_heartbeat_gets_dropped() {
    let beat = Duration::from_millis(150);
    let server = Server::start(Options { ping_interval: beat, ping_timeout: beat, ..options() });
    let stalled = Stalled::join(&server, "PartnerApp").await;
    // Fewer than would fill its buffer, more than the kernel takes.
    for _ in 0..10 {
        server.deliver(PARTNER, flood(200)).await;
    }
    stalled.gets_dropped().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_ends_promptly_although_clients_do_not_read_and_others_wait_for_a_poll() {
    let server = Server::start(options());
    let stalled = Stalled::join(&server, "PartnerApp").await;
    let page = server.page().await;
    for _ in 0..10 {
        server.deliver(PARTNER, flood(200)).await;
    }
    let (token, _) = server.log_in().await;
    drop(Page::connect(&server, "", &json!({"token": token})).await.unwrap());
    drop(page);
    let started = Instant::now();
    server.stop().await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    stalled.gets_dropped().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_while_the_server_ends_opens_no_session() {
    let server = Server::start(options());
    // The end takes its time with this one.
    let stalled = Stalled::join(&server, "PartnerApp").await;
    for _ in 0..10 {
        server.deliver(PARTNER, flood(200)).await;
    }
    let mut told = Stalled::join(&server, "VendorApp").await;
    // Requests that the server knows the beginning of: what ends lets them come to their end.
    let mut late = Vec::new();
    for _ in 0..8 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        stream.write_all(b"GET /ws/?EIO=4&transport=polling HTTP/1.1\r\nHost: localhost\r\n").await.unwrap();
        late.push(stream);
    }
    server.get_as("/api/health", "any").await;
    let ended = tokio::spawn(server.stop());
    // A frame of one character: the packet that ends a session.
    told.read_until("\u{1}1").await;
    let mut answers = Vec::new();
    for mut stream in late {
        let _may_be_cut_already = stream.write_all(b"\r\n").await;
        let _how_it_ends = timeout(DEADLINE, stream.read_to_end(&mut answers)).await.expect("an end");
    }
    let answers = String::from_utf8_lossy(&answers);
    assert!(answers.contains("503 Service Unavailable") && !answers.contains("\"sid\""), "{answers}");
    ended.await.unwrap();
    stalled.gets_dropped().await;
}
