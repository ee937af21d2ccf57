//! Engine.IO: sessions, messages, heartbeat, upgrade.

use std::time::Instant;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;

use super::socket::Socket;
use super::{INTERVAL, TIMEOUT, http, poll, polling, post, server};
use crate::support::{DEADLINE, Server, options};

const ENDPOINTS: [&str; 2] = ["/engine.io/", "/socket.io/"];
const ENDPOINT: &str = ENDPOINTS[0];

#[tokio::test]
async fn the_open_packet_says_how_the_session_is_kept() {
    let server = server();
    for endpoint in ENDPOINTS {
        let (_, by_polling) = http(&server, Method::GET, &format!("{endpoint}?EIO=4&transport=polling"), "").await;
        let mut socket = Socket::open(&server, &format!("{endpoint}?EIO=4&transport=websocket")).await.ok().unwrap();
        for (packet, upgrades) in [(by_polling, json!(["websocket"])), (socket.text().await, json!([]))] {
            let mut open: Value = serde_json::from_str(packet.strip_prefix('0').unwrap()).unwrap();
            assert!(open.as_object_mut().unwrap().remove("sid").unwrap().is_string());
            let said = json!({"upgrades": upgrades, "pingInterval": 300, "pingTimeout": 200, "maxPayload": 1_000_000});
            assert_eq!(open, said);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn what_opens_no_session_is_refused() {
    let server = server();
    for endpoint in ENDPOINTS {
        for query in ["transport=polling", "EIO=abc&transport=polling", "EIO=4", "EIO=4&transport=abc"] {
            assert_eq!(http(&server, Method::GET, &format!("{endpoint}?{query}"), "").await.0, 400, "{query}");
            let query = query.replace("polling", "websocket");
            assert_eq!(Socket::open(&server, &format!("{endpoint}?{query}")).await.err(), Some(400), "{query}");
        }
        for method in [Method::POST, Method::PUT] {
            let open = format!("{endpoint}?EIO=4&transport=polling");
            assert_eq!(http(&server, method, &open, "").await.0, 400);
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_posted_comes_back_to_the_next_poll_and_no_ping_with_it() {
    let server = server();
    for payload in ["4hello", "4test1\x1e4test2\x1e4test3", "4hello\x1ebAQIDBA=="] {
        let session = polling(&server, ENDPOINT).await;
        assert_eq!(post(&server, &session, payload).await, (200, "ok".to_owned()));
        assert_eq!(poll(&server, &session).await, (200, payload.to_owned()));
    }
    let session = polling(&server, ENDPOINT).await;
    assert_eq!(post(&server, &session, "abc").await.0, 400);
    assert_eq!(poll(&server, &session).await.0, 400, "what is no packet ends its session");
    server.stop().await;
}

#[tokio::test]
async fn what_is_sent_by_websocket_comes_back() {
    let server = server();
    let mut socket = Socket::begin(&server, ENDPOINT).await;
    socket.send("4hello").await;
    assert_eq!(socket.packet().await, "4hello");
    socket.send_binary(&[1, 2, 3, 4]).await;
    assert_eq!(socket.binary().await, [1, 2, 3, 4]);
    for ends in ["abc", "1"] {
        let mut socket = Socket::begin(&server, ENDPOINT).await;
        socket.send(ends).await;
        assert!(!socket.closed().await.contains(&Message::text("4")), "{ends}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_second_poll_beside_one_that_waits_ends_the_session() {
    let server = server();
    let session = polling(&server, ENDPOINT).await;
    let second = format!("{session}&t=burst");
    let (first, second) = tokio::join!(poll(&server, &session), async {
        // The first must be waiting by then: it is sent first, on a connection of its own.
        tokio::task::yield_now().await;
        poll(&server, &second).await
    });
    let mut answers = [first, second];
    answers.sort();
    assert_eq!((&answers[0], answers[1].0), (&(200, "1".to_owned()), 400));
    assert_eq!(poll(&server, &session).await.0, 400);
    server.stop().await;
}

#[tokio::test]
async fn a_close_packet_ends_the_session_and_the_poll_that_waits() {
    let server = server();
    let session = polling(&server, ENDPOINT).await;
    let (polled, posted) = tokio::join!(poll(&server, &session), post(&server, &session, "1"));
    assert_eq!((polled, posted.0), ((200, "6".to_owned()), 200));
    assert_eq!(poll(&server, &session).await.0, 400);
    server.stop().await;
}

#[tokio::test]
async fn a_close_packet_may_overtake_the_poll_that_it_ends() {
    let server = server();
    let session = polling(&server, ENDPOINT).await;
    let (posted, polled) = tokio::join!(post(&server, &session, "1"), poll(&server, &session));
    assert_eq!((polled, posted.0), ((200, "6".to_owned()), 200));
    assert_eq!(poll(&server, &session).await.0, 400);
    server.stop().await;
}

/// By the heartbeat it would end after 45 seconds.
#[tokio::test]
async fn a_poll_that_is_given_up_ends_its_session_at_once() {
    let server = Server::start(options());
    let page = server.page().await;
    let mut poll = TcpStream::connect(server.address).await.unwrap();
    let request = format!("GET {} HTTP/1.1\r\nhost: localhost\r\n\r\n", page.session);
    poll.write_all(request.as_bytes()).await.unwrap();
    drop(poll);
    let gone = async {
        loop {
            let (_, connections) = server.request(Method::GET, "/__mock/api/connections", &[], "").await;
            if connections == "[]" {
                return;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.expect("the session ends");
    assert_eq!(http(&server, Method::GET, &page.session, "").await.0, 400);
    server.stop().await;
}

#[tokio::test]
async fn every_ping_comes_an_interval_after_the_one_before() {
    let server = server();
    let (opened, session) = (Instant::now(), polling(&server, ENDPOINT).await);
    let mut socket = Socket::begin(&server, ENDPOINT).await;
    for pings in 1..=3 {
        assert_eq!(poll(&server, &session).await, (200, "2".to_owned()));
        assert!(opened.elapsed() >= INTERVAL * pings, "{:?}", opened.elapsed());
        post(&server, &session, "3").await;
        assert_eq!(socket.text().await, "2");
        socket.send("3").await;
    }
    server.stop().await;
}

#[tokio::test]
async fn who_does_not_answer_a_ping_is_dropped() {
    let server = server();
    let (opened, session) = (Instant::now(), polling(&server, ENDPOINT).await);
    let socket = Socket::begin(&server, ENDPOINT).await;
    assert_eq!(socket.closed().await.first(), Some(&Message::text("2")));
    assert!(opened.elapsed() >= INTERVAL + TIMEOUT, "{:?}", opened.elapsed());
    assert_eq!(poll(&server, &session).await.0, 400, "at once, however late the library's timers are");
    server.stop().await;
}

#[tokio::test]
async fn polling_goes_on_by_websocket_and_no_longer_by_polling() {
    let server = server();
    let session = polling(&server, ENDPOINT).await;
    let upgrade = session.replace("transport=polling", "transport=websocket");
    let mut socket = Socket::open(&server, &upgrade).await.ok().unwrap();
    socket.send("2probe").await;
    assert_eq!(socket.text().await, "3probe");
    assert_eq!(poll(&server, &session).await, (200, "6".to_owned()));
    socket.send("5").await;
    socket.send("4hello").await;
    assert_eq!(socket.packet().await, "4hello");
    assert_eq!(poll(&server, &session).await.0, 400);
    if let Ok(second) = Socket::open(&server, &upgrade).await {
        assert_eq!(second.closed().await, []);
    }
    socket.send("4again").await;
    assert_eq!(socket.packet().await, "4again");
    server.stop().await;
}

#[tokio::test]
async fn a_poll_does_not_overtake_the_end_of_polling() {
    let server = server();
    let session = polling(&server, ENDPOINT).await;
    let upgrade = session.replace("transport=polling", "transport=websocket");
    let mut socket = Socket::open(&server, &upgrade).await.ok().unwrap();
    socket.send("2probe").await;
    socket.send("5").await;
    assert_eq!(poll(&server, &session).await.0, 400);
    server.stop().await;
}
