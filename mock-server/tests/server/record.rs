//! A backend recorded, and the recording served back: what a page hears of either is the same.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::{Method, StatusCode};
use fixtures::recording::{Direction, Recording, What};
use fixtures::{Contract, webhooks};
use futures_util::{SinkExt, StreamExt};
use mock_server::{Record, Replay, Upstream, record, replay};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::support::{DEADLINE, PARTNER, Page, Server, inbound, options};

/// A file in memory.
#[derive(Clone, Default)]
struct Paper(Arc<Mutex<Vec<u8>>>);

impl Paper {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Write::write(&mut *self.0.lock().unwrap(), bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A recorder in front of a backend.
fn recorder(upstream: &str, paper: &Paper) -> Server {
    let upstream: Upstream = upstream.parse().unwrap();
    let options = Record { upstream, contract: Contract::room_updates(), tls: None, out: Box::new(paper.clone()) };
    Server::serving(|listener, shutdown| record(listener, options, shutdown))
}

fn replayed(paper: &Paper) -> Server {
    replaying(Recording::read(paper.text().as_bytes()).unwrap())
}

fn replaying(recording: Recording) -> Server {
    Server::serving(|listener, shutdown| replay(listener, Replay { recording, speed: 1.0, tls: None }, shutdown))
}

/// What a page is told in a short conversation by long-polling, with the times and tokens of a run left out.
async fn polled(server: &Server) -> Vec<Value> {
    let mut page = server.page().await;
    page.join("PartnerApp").await;
    server.write(PARTNER, "15550100001", "Where is my driver?").await;
    let mut told = vec![json!(page.event().await)];
    told.push(page.ask("fetch_all_chats", &json!({"customer_type": "Partner"})).await);
    told.push(page.ask("join_room", &json!({"room": "NoSuchRoom"})).await);
    let (status, health) = server.get_as("/api/health", "any").await;
    told.extend([json!(status.as_u16()), health]);
    told
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn packet(socket: &mut Socket) -> String {
    loop {
        let message = timeout(DEADLINE, socket.next()).await.expect("a packet").unwrap().unwrap();
        match message.to_text().unwrap() {
            "2" => socket.send(Message::text("3")).await.unwrap(),
            text => return text.to_owned(),
        }
    }
}

/// The same by WebSocket.
async fn spoken(server: &Server) -> Vec<String> {
    let (token, _) = server.log_in().await;
    let url = format!("ws://{}/ws/?EIO=4&transport=websocket&token={token}", server.address);
    let stream = MaybeTlsStream::Plain(TcpStream::connect(server.address).await.unwrap());
    let (mut socket, _) = tokio_tungstenite::client_async(url, stream).await.unwrap();
    assert!(packet(&mut socket).await.starts_with('0'));
    socket.send(Message::text("40")).await.unwrap();
    assert!(packet(&mut socket).await.starts_with("40"));
    socket.send(Message::text(r#"42["join_room",{"room":"PartnerApp"}]"#)).await.unwrap();
    let mut told = vec![packet(&mut socket).await];
    server.write(PARTNER, "15550100002", "By WebSocket 🚕").await;
    told.push(packet(&mut socket).await);
    // An acknowledgement comes beside the answering event.
    socket.send(Message::text(r#"427["search_chat",{"customer":"15550100002"}]"#)).await.unwrap();
    told.extend([packet(&mut socket).await, packet(&mut socket).await]);
    socket.close(None).await.unwrap();
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_page_heard_of_a_backend_it_hears_of_the_recording() {
    let backend = Server::start(options());
    let paper = Paper::default();
    let between = recorder(&format!("http://{}", backend.address), &paper);
    let (polled_then, spoken_then) = (polled(&between).await, spoken(&between).await);
    between.stop().await;
    backend.stop().await;

    let again = replayed(&paper);
    assert_eq!(polled(&again).await, polled_then);
    assert_eq!(spoken(&again).await, spoken_then);
    let (status, answer) = again.post("/api/no-such-call?token=secret", "").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(
        answer["message"],
        "mock-server replay: the recording has no answer to POST /api/no-such-call?token=(hidden)"
    );
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_replayed_with_all_its_arguments() {
    let backend = Server::start(options());
    let paper = Paper::default();
    let between = recorder(&format!("http://{}", backend.address), &paper);
    spoken(&between).await;
    between.stop().await;
    backend.stop().await;

    let mut recording = Recording::read(paper.text().as_bytes()).unwrap();
    for entry in &mut recording.entries {
        if let What::Event { dir: Direction::In, event, args } = &mut Arc::make_mut(entry).what
            && event == "room_update"
        {
            args.push(json!("and more"));
        }
    }
    let again = replaying(recording);
    let told = &spoken(&again).await[1];
    assert!(told.starts_with(r#"42["room_update",{"#) && told.ends_with(r#"},"and more"]"#), "{told}");
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_heard_at_once_is_replayed_in_its_order() {
    let backend = Server::start(options());
    let paper = Paper::default();
    let between = recorder(&format!("http://{}", backend.address), &paper);
    let told = spoken(&between).await;
    between.stop().await;
    backend.stop().await;

    let mut recording = Recording::read(paper.text().as_bytes()).unwrap();
    for entry in &mut recording.entries {
        Arc::make_mut(entry).at = Duration::ZERO;
    }
    let again = replaying(recording);
    for _ in 0..20 {
        assert_eq!(spoken(&again).await, told);
    }
    again.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recording_tells_what_was_said_and_no_secrets() {
    let backend = Server::start(options());
    let paper = Paper::default();
    let between = recorder(&format!("http://{}", backend.address), &paper);
    let (token, refresh) = between.log_in().await;
    let mut page = Page::connect(&between, &format!("&token={token}"), &json!({})).await.unwrap();
    let sid = page.session.split("sid=").nth(1).unwrap().to_owned();
    page.join("PartnerApp").await;
    page.ask("join_room", &json!({"room": sid, "token": token})).await;
    between.get_as(&format!("/api/chats/tags?token={token}"), &token).await;
    let twice = webhooks::messages(PARTNER, &[inbound("15550100001", "Hello")]).to_string();
    between.deliver(PARTNER, twice.clone()).await;
    page.event().await;
    between.deliver(PARTNER, twice).await;
    between.deliver(PARTNER, "{").await;
    assert!(Page::connect(&between, "", &json!({"token": "garbage"})).await.is_err());
    drop(page);
    between.stop().await;
    backend.stop().await;

    let text = paper.text();
    for secret in [&token, &refresh, &sid, "agent-password"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert!(text.contains(r#""token":"(hidden)""#) && text.contains("/api/chats/tags?token=(hidden)"), "{text}");
    let recording = Recording::read(text.as_bytes()).unwrap();
    let whats: Vec<&What> = recording.entries.iter().map(|entry| &entry.what).collect();
    assert!(matches!((whats[0], whats.last().unwrap()), (What::Began, What::Ended { error: None })));
    let sent: Vec<_> = whats
        .iter()
        .filter_map(|it| if let What::Sending { messages, .. } = it { Some(messages) } else { None })
        .collect();
    assert_eq!(sent.len(), 1, "a redelivery and what is no message cause nothing");
    assert_eq!((sent[0][0].customer_type.as_str(), sent[0][0].text.as_deref()), ("Partner", Some("Hello")));
    let heard = |name: &str| {
        whats.iter().filter(|it| matches!(it, What::Event { dir: Direction::In, event, .. } if event == name)).count()
    };
    assert_eq!((heard("join_room_response"), heard("room_update")), (2, 1));
    let refused = |it: &&&What| matches!(it, What::ConnectError { data } if data["message"].is_string());
    assert_eq!(whats.iter().filter(refused).count(), 1);
    assert!(recording.entries.is_sorted_by_key(|entry| entry.at));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_goes_away_while_it_polls_has_ended_from_then_on() {
    let backend = Server::start(options());
    let paper = Paper::default();
    let between = recorder(&format!("http://{}", backend.address), &paper);
    let page = between.page().await;
    let poll = format!("GET {} HTTP/1.1\r\nhost: {}\r\n\r\n", page.session, between.address);
    let gone = || paper.text().lines().any(|line| line.contains("the page went away while it polled"));
    let goes = async {
        while !gone() {
            // The backend's first ping answers a poll at once; one of the next waits.
            let mut stream = TcpStream::connect(between.address).await.unwrap();
            stream.write_all(poll.as_bytes()).await.unwrap();
            timeout(Duration::from_millis(200), stream.read_u8()).await.ok();
        }
    };
    timeout(DEADLINE, goes).await.expect("its going is noted");
    between.stop().await;
    backend.stop().await;
}

#[tokio::test]
async fn a_backend_that_is_not_there_is_told_of() {
    let paper = Paper::default();
    let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let between = recorder(&format!("http://{gone}"), &paper);
    let (status, body) = between.request(Method::GET, "/api/health", &[], "").await;
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(status, StatusCode::BAD_GATEWAY);
    let message = body["message"].as_str().unwrap();
    assert!(message.starts_with(&format!("mock-server record: http://{gone} cannot be reached: ")), "{message}");
    assert_eq!(between.get("/ws/?EIO=4&transport=polling").await, StatusCode::BAD_GATEWAY);
    between.stop().await;
    let failed = |entry: &Value| entry["kind"] == "rest-failed" || entry["kind"] == "open-failed";
    let entries: Vec<Value> = paper.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(entries.iter().filter(|entry| failed(entry)).count(), 2);
}
